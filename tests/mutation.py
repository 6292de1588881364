"""Mutation testing, a piece at a time: what may be changed in the code without any test failing.

    python3 dev.py mutate src/viralcommerce/mechanics/collect [--tests tests/mechanics ...]

mutmut changes one thing after the other in a copy of the tree and runs the tests that come by.
Survivors are held against `tests/survivors.toml`, which says of each why no test can or need kill
it. Exit code 1: one survived, or was met by no test, that nobody has explained.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXPLAINED = ROOT / "tests" / "survivors.toml"
TESTS = ("tests/values", "tests/rules", "tests/mechanics", "tests/laws", "tests/readings")
TESTS_MORE = ("tests/test_campaign.py", "tests/test_pricing.py", "tests/test_golden.py")
LEFT_OUT = ("tests/laws/test_flow.py", "tests/laws/test_laws_have_tests.py")
"""Laws of the runtime and of the tree of tests itself: slow, and about other code."""
CONFIGURATION = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = {paths}
also_copy = ["tests", "conftest.py", "pyproject.toml", "examples"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-q", "-x", "--hypothesis-profile", "quick"]
pytest_add_cli_args_test_selection = {tests}
"""
_NAME = re.compile(r"(?P<module>[\w.]+)\.x(?:ǁ(?P<cls>\w+)ǁ|_)(?P<function>\w+)__mutmut_\d+")


@dataclass(frozen=True)
class Mutant:
    """One change that no test minded.

    Args:
        where: module and function.
        was: the lines taken out.
        becomes: the lines put in.
    """

    where: str
    was: str
    becomes: str


@dataclass(frozen=True)
class Reason:
    """Why no test kills mutants of a kind; patterns are searched, an empty one fits all."""

    where: re.Pattern[str]
    was: re.Pattern[str]
    becomes: re.Pattern[str]
    why: str

    def fits(self, mutant: Mutant) -> bool:
        return bool(
            self.where.search(mutant.where)
            and self.was.search(mutant.was)
            and self.becomes.search(mutant.becomes)
        )


def reasons(path: Path = EXPLAINED) -> list[Reason]:
    """The reasons in a file."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))["survivor"]
    return [
        Reason(
            *(re.compile(one.get(name, ""), re.DOTALL) for name in ("where", "was", "becomes")),
            why=one["why"],
        )
        for one in found
    ]


def patterns(paths: Sequence[str]) -> list[str]:
    """What mutmut is told to mutate: files as they are, folders as all that is in them."""
    found: list[str] = []
    for path in paths:
        whole = ROOT / path
        if not whole.exists():
            raise SystemExit(f"mutate: {path}: no such file or folder; name one under src/")
        inside = whole.resolve().relative_to(ROOT).as_posix()
        found.append(f"{inside}/*" if whole.is_dir() else inside)
    return found


def prepared(folder: Path, paths: Sequence[str], tests: Sequence[str]) -> None:
    """A copy of the tree with mutmut's configuration."""
    for name in ("src", "tests", "examples"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.db")
        )
    shutil.copy(ROOT / "conftest.py", folder)
    configuration = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    told = CONFIGURATION.format(paths=json.dumps(patterns(paths)), tests=json.dumps(list(tests)))
    (folder / "pyproject.toml").write_text(configuration + told, encoding="utf-8")


def mutmut(folder: Path, *words: str) -> str:
    """What mutmut says."""
    python_path = os.pathsep.join(("src", os.environ.get("PYTHONPATH", "")))
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *words],
        cwd=folder,
        env={**os.environ, "CI": "1", "PYTHONPATH": python_path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
        raise SystemExit(f"mutmut {words[0]} failed with {done.returncode}:\n{said}")
    return done.stdout


def mutant(name: str, diff: str) -> Mutant:
    """A mutant from what mutmut shows of it."""
    found = _NAME.fullmatch(name)
    assert found is not None, name
    place = ".".join(part for part in (found["cls"], found["function"]) if part)
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    was = "\n".join(line[1:].strip() for line in lines if line.startswith("-"))
    becomes = "\n".join(line[1:].strip() for line in lines if line.startswith("+"))
    return Mutant(f"{found['module']} {place}", was, becomes)


def alive(folder: Path) -> Iterator[tuple[str, Mutant]]:
    """What became of each mutant that was not killed, and the mutant."""
    for line in mutmut(folder, "results").splitlines():
        name, _, status = line.strip().partition(": ")
        if status in ("survived", "no tests", "suspicious"):
            yield status, mutant(name, mutmut(folder, "show", name))


def main(given: Sequence[str] | None = None) -> int:
    """Mutate, and say what nobody has explained."""
    asked = argparse.ArgumentParser(prog="mutate", description=(__doc__ or "").split("\n")[0])
    asked.add_argument("paths", nargs="+", help="files or folders under src/")
    asked.add_argument("--tests", nargs="+", default=None, help="the tests that may kill them")
    asked.add_argument("--children", type=int, default=os.cpu_count() or 1)
    said = asked.parse_args(given)
    tests = said.tests
    if tests is None:
        tests = [*TESTS, *TESTS_MORE, *(f"--deselect={path}" for path in LEFT_OUT)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        prepared(folder, said.paths, tests)
        mutmut(folder, "run", "--max-children", str(said.children))
        mutmut(folder, "export-cicd-stats")
        counts = json.loads((folder / "mutants" / "mutmut-cicd-stats.json").read_text())
        known = reasons()
        explained = 0
        unexplained: list[tuple[str, Mutant]] = []
        for status, one in alive(folder):
            if any(reason.fits(one) for reason in known):
                explained += 1
            else:
                unexplained.append((status, one))
    for status, one in unexplained:
        print(f"\n{one.where}: {status}")
        print("\n".join(f"  - {line}" for line in one.was.splitlines()))
        print("\n".join(f"  + {line}" for line in one.becomes.splitlines()))
    total, killed = counts["total"], counts["killed"] + counts["timeout"]
    print(
        f"\n{total} mutants: {killed} killed, {explained} explained, "
        f"{len(unexplained)} neither ({' '.join(said.paths)})"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
