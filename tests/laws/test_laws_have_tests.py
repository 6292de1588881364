"""A law without a test is a wish, and a test without a law has no sentence to defend."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "viralcommerce"
LAWFUL = {
    path.stem: path
    for path in (
        *sorted((PACKAGE / "values").glob("*.py")),
        *sorted((PACKAGE / "mechanics").glob("[!_]*")),
        *sorted((PACKAGE / "spread").glob("[!_]*.py")),
        PACKAGE / "rules" / "screening.py",
        PACKAGE / "campaign.py",
        PACKAGE / "pricing.py",
        PACKAGE / "adjusting.py",
        PACKAGE / "balances.py",
        PACKAGE / "runtime" / "kinship.py",
        PACKAGE / "plain.py",
        PACKAGE / "runtime" / "flow.py",
        PACKAGE / "runtime" / "forms.py",
        PACKAGE / "runtime" / "plainly.py",
        PACKAGE / "runtime" / "straight.py",
        PACKAGE / "runtime" / "gathering.py",
        PACKAGE / "runtime" / "rewriting.py",
        PACKAGE / "runtime" / "relay.py",
        PACKAGE / "runtime" / "ticking.py",
        PACKAGE / "runtime" / "reversing.py",
        *(PACKAGE / "lab" / f"{name}.py" for name in ("forest", "measures", "running")),
    )
    if path.stem != "__pycache__"
}
"""What states laws, by the name its tests have; a game is a folder."""
LAW = re.compile(r"^([A-Z][a-z ]+): ", re.MULTILINE)


def laws(module: Path) -> set[str]:
    """The named laws in the docstrings of a module or folder, as test functions are called."""
    found: set[str] = set()
    if module.is_dir():
        return found.union(*(laws(file) for file in module.glob("*.py")))
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            _, _, section = (ast.get_docstring(node) or "").partition("Laws:\n")
            lines = re.split(r"\n(?=\S|\n)", section, maxsplit=1)[0]
            indented = re.sub(r"^ {4}", "", lines, flags=re.MULTILINE)
            found |= {f"test_{name.lower().replace(' ', '_')}" for name in LAW.findall(indented)}
    return found


def proofs(file: Path) -> set[str]:
    """The test functions of a file."""
    functions = [
        node
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    ]
    return {node.name for node in functions if node.name.startswith("test_")}


@pytest.mark.parametrize("module", LAWFUL.values(), ids=LAWFUL.keys())
def test_every_law_has_its_test(module: Path) -> None:
    said = laws(module)
    places = [
        ROOT / "tests" / "laws" / f"test_{module.stem}.py",
        ROOT / "tests" / "values" / f"test_{module.stem}.py",
    ]
    proved = set().union(*(proofs(place) for place in places if place.exists()))
    assert said <= proved, f"{module.name}: laws without a test: {sorted(said - proved)}"


@pytest.mark.parametrize(
    "file",
    [
        path
        for path in sorted(Path(__file__).parent.glob("test_*.py"))
        if path.stem.removeprefix("test_") in LAWFUL
    ],
    ids=lambda path: path.stem,
)
def test_every_test_of_a_law_has_its_sentence(file: Path) -> None:
    proved = proofs(file)
    said = laws(LAWFUL[file.stem.removeprefix("test_")])
    assert proved <= said, f"{file.name}: tests without a law: {sorted(proved - said)}"
