"""What every test shares: how much Hypothesis tries, what is slow, and that the manual runs.

Python blocks of README.md and docs/ and the examples in docstrings are tests (by Sybil).
"""

from __future__ import annotations

import doctest
import io
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from sybil import Document, Example, Region, Sybil
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser
from sybil.sybil import SybilCollection

ROOT = Path(__file__).resolve().parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

# A slow machine does not make a test wrong. Continuous integration tries the same examples every
# time, elsewhere Hypothesis looks for new ones.
settings.register_profile(
    "everyday", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
settings.register_profile("quick", settings.get_profile("everyday"), max_examples=20)
settings.register_profile("thorough", settings.get_profile("everyday"), max_examples=2_000)
settings.load_profile("everyday")


def go_elsewhere(namespace: dict[str, Any]) -> None:
    """Run a page in an empty folder that has the examples, so that what it writes goes away."""
    home = TemporaryDirectory()
    namespace["_elsewhere"] = (home, Path.cwd())
    if (ROOT / "examples").is_dir():
        (Path(home.name) / "examples").symlink_to(ROOT / "examples")
    os.chdir(home.name)


def come_back(namespace: dict[str, Any]) -> None:
    """Leave that folder, and remove it."""
    home, before = namespace.pop("_elsewhere")
    os.chdir(before)
    home.cleanup()


def one_docstring(document: Document) -> Iterable[Region]:
    """A docstring with examples is one test; its names are its own, beside its module's."""
    if doctest.DocTestParser().get_examples(document.text):
        yield Region(0, len(document.text), parsed=document.text, evaluator=run_docstring)


def run_docstring(example: Example) -> str:
    """What was wrong with the examples of a docstring; empty where they hold."""
    names = dict(example.namespace)
    path = str(example.path)
    test = doctest.DocTestParser().get_doctest(example.parsed, names, path, path, example.line - 1)
    said = io.StringIO()
    doctest.DocTestRunner(verbose=False, optionflags=FLAGS).run(test, out=said.write)
    return said.getvalue()


blocks = [PythonCodeBlockParser(doctest_optionflags=FLAGS), SkipParser()]
around = {"setup": go_elsewhere, "teardown": come_back}
pytest_collect_file = SybilCollection(
    [
        Sybil(blocks, path="docs", pattern="*.md", **around),
        Sybil(blocks, filenames={"README.md"}, **around),
        Sybil([one_docstring], path="src", pattern="*.py"),
    ]
).pytest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What reads the real data sets takes its time."""
    for item in items:
        if ROOT / "tests" / "realdata" in item.path.parents:
            item.add_marker("realdata")
            item.add_marker("slow")
