"""The house stays in shape: floors, what the core may not ask, what may not be written.

Read from the source, so that code that no test runs is looked at too. The order of the floors is
said once, in pyproject.toml, where import-linter reads it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "viralcommerce"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MODULES = sorted(PACKAGE.rglob("*.py"))

LEAVES = {"cli", "hosts", "lab", "testing", "__main__"}
SHELLS = {*LEAVES, "runtime"}
EXACT = {"values", "rules", "mechanics", "checkout"}
BOUNDARY = {"rules/base.py", "rules/fields.py"}
CODEC = {"codec.py", "readings/codec.py"}
PURE_IN_RUNTIME = {"runtime/flow.py"}

ASKS = {
    "asyncio", "concurrent", "getpass", "http", "locale", "logging", "multiprocessing", "os",
    "pathlib", "platform", "random", "secrets", "select", "shutil", "signal", "socket", "sqlite3",
    "ssl", "subprocess", "tempfile", "time", "urllib",
}  # fmt: skip
ASKING_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "urandom", "getenv"}
ASKING_NAMES = {"open", "input", "print", "breakpoint", "eval", "__import__"}


def name(path: Path) -> str:
    """A file as people name it, from the package down."""
    return path.relative_to(PACKAGE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """The syntax of a file, read once."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def floor(module: str) -> str:
    """The part of a dotted name, or of a path, that says the floor."""
    parts = module.removesuffix(".py").replace("/", ".").split(".")
    if parts[0] == "viralcommerce":
        parts = parts[1:]
    return parts[0] if parts else "__init__"


@cache
def floors() -> dict[str, int]:
    """How high each floor lies; 0 is the ground. Those beside each other lie equally high."""
    contract = next(
        each for each in PROJECT["tool"]["importlinter"]["contracts"] if each["id"] == "floors"
    )
    heights = {}
    for height, layer in enumerate(reversed(contract["layers"])):
        for each in layer.replace("|", ":").split(":"):
            heights[each.strip().strip("()")] = height
    return heights


def imports(path: Path, *, at_top: bool = False) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, with the line; what it imports from a package too."""
    nodes = tree(path).body if at_top else ast.walk(tree(path))
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import; name the module"
            assert node.module is not None
            if node.module in {"viralcommerce", "viralcommerce.mechanics"}:
                for alias in node.names:
                    yield node.lineno, f"{node.module}.{alias.name}"
            else:
                yield node.lineno, node.module


def core() -> list[Path]:
    """What decides: everything below the shells, and the flow, which has effects but no I/O."""
    return [
        path
        for path in MODULES
        if floor(name(path)) not in SHELLS or name(path) in PURE_IN_RUNTIME
    ]


def none(found: list[str], rule: str) -> None:
    """Fail with every place that breaks a rule."""
    assert not found, f"{rule}:\n  " + "\n  ".join(found)


def test_every_module_lies_on_a_floor() -> None:
    known = {*floors(), "__init__", "__main__"}
    lost = [name(path) for path in MODULES if floor(name(path)) not in known]
    none(lost, "add these to the layers in pyproject.toml")


def test_imports_point_down_only() -> None:
    found = []
    for path in MODULES:
        here = floor(name(path))
        if here not in floors():
            continue
        for line, module in imports(path):
            there = floor(module)
            if module.split(".")[0] != "viralcommerce" or here == there or there == "__init__":
                continue
            if there in floors() and floors()[there] > floors()[here]:
                found.append(f"{name(path)}:{line} imports {module}")
    none(found, "imports point down only")


def test_no_mechanic_knows_another() -> None:
    found = []
    for path in MODULES:
        inside = name(path).removesuffix(".py").split("/")
        if inside[0] != "mechanics" or inside[1] == "__init__":
            continue
        own = f"viralcommerce.mechanics.{inside[1]}"
        found += [
            f"{name(path)}:{line} imports {module}"
            for line, module in imports(path)
            if module.startswith("viralcommerce.mechanics")
            and not f"{module}.".startswith(f"{own}.")
        ]
    none(found, "mechanics never import each other")


def test_nothing_that_decides_asks_the_clock_the_dice_the_machine_or_a_database() -> None:
    found = []
    for path in core():
        found += [
            f"{name(path)}:{line} imports {module}"
            for line, module in imports(path)
            if module.split(".")[0] in ASKS
        ]
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Attribute) and called.attr in ASKING_CALLS:
                found.append(f"{name(path)}:{node.lineno} calls .{called.attr}()")
            if isinstance(called, ast.Name) and called.id in ASKING_NAMES:
                found.append(f"{name(path)}:{node.lineno} calls {called.id}()")
    none(found, "time, chance and the world arrive in the command or through a port")


def test_only_the_codec_joins_pydantic_and_msgspec() -> None:
    found = []
    for path in MODULES:
        used = {module.split(".")[0] for _, module in imports(path)}
        used = {{"pydantic_core": "pydantic"}.get(each, each) for each in used}
        if {"pydantic", "msgspec"} <= used and name(path) not in CODEC:
            found.append(name(path))
    none(found, "rules are pydantic, messages are msgspec, no module imports both")


def test_the_core_needs_only_what_everybody_installs() -> None:
    extras = {"typer", "click", "rich", "jinja2", "plotly", "numpy", "pytest", "hypothesis"}
    found = [
        f"{name(path)}:{line} imports {module}"
        for path in MODULES
        if floor(name(path)) not in LEAVES
        for line, module in imports(path)
        if module.split(".")[0] in extras
    ]
    none(found, "an extra is imported by leaves only")


def test_the_pytest_plugin_imports_nothing_of_ours_until_used() -> None:
    plugin = SOURCE / "_viralcommerce_pytestplugin.py"
    light = {"__future__", "collections", "typing", "pytest"}
    none(
        [
            f"line {line} imports {module}"
            for line, module in imports(plugin, at_top=True)
            if module.split(".")[0] not in light
        ],
        "the plugin is loaded by every project that has us installed",
    )


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ["networkx", "dateutil", "sqlite3", "typer", "rich", "jinja2", "plotly", "numpy"]
    heavy += ["psycopg", "psycopg2", "asyncpg", "sqlalchemy", "django", "alembic"]
    code = (
        "import sys, pydantic, msgspec; before = set(sys.modules); import viralcommerce;"
        f"print(sorted((set(sys.modules) - before) & set({heavy!r})))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_file_is_about_one_thing(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 400, f"{name(path)} has {lines} lines; is there a seam?"


def exact() -> list[Path]:
    """Where types are exact: no way around the checker, but for the boundary with pydantic."""
    return [path for path in MODULES if floor(name(path)) in EXACT and name(path) not in BOUNDARY]


def test_nothing_exact_silences_the_type_checker() -> None:
    found = []
    for path in exact():
        with path.open("rb") as opened:
            found += [
                f"{name(path)}:{token.start[0]} {token.string}"
                for token in tokenize.tokenize(opened.readline)
                if token.type == tokenize.COMMENT
                and ("type: ignore" in token.string or "pyright: ignore" in token.string)
            ]
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                called = node.func
                word = called.attr if isinstance(called, ast.Attribute) else ""
                word = called.id if isinstance(called, ast.Name) else word
                if word == "cast":
                    found.append(f"{name(path)}:{node.lineno} casts")
    none(found, "no cast and no `type: ignore` here; say the type")


def signatures(path: Path) -> Iterator[tuple[int, str, ast.expr]]:
    """The annotations that a user of a module meets: public functions, methods and fields."""
    constructors = {"__init__", "__new__", "__call__"}

    def of(body: list[ast.stmt], within: str) -> Iterator[tuple[int, str, ast.expr]]:
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from of(node.body, f"{node.name}.")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if node.name.startswith("_") and node.name not in constructors:
                    continue
                takes = node.args
                named = [*takes.posonlyargs, *takes.args, *takes.kwonlyargs]
                named += [each for each in (takes.vararg, takes.kwarg) if each is not None]
                for each in [*(argument.annotation for argument in named), node.returns]:
                    if each is not None:
                        yield node.lineno, within + node.name, each
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                if not node.target.id.startswith("_"):
                    yield node.lineno, within + node.target.id, node.annotation

    return of(tree(path).body, "")


def test_no_public_signature_of_what_is_exact_says_any() -> None:
    found = []
    for path in exact():
        for line, where, annotation in signatures(path):
            for node in ast.walk(annotation):
                word = node.id if isinstance(node, ast.Name) else ""
                word = node.attr if isinstance(node, ast.Attribute) else word
                if word == "Any":
                    found.append(f"{name(path)}:{line} {where}")
    none(found, "no Any in a public signature")


def test_nothing_is_left_unfinished() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")
    found = [
        f"{name(path)}:{number} {line.strip()}"
        for path in MODULES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if any(word in line for word in words)
    ]
    none(found, "finish it, or leave it out")
