"""What a user imports: these names and no others, each with a sentence about it."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

import viralcommerce
from viralcommerce.mechanics import collect, coupon_pack
from viralcommerce.values.money import Currency

ROOT = Path(__file__).parents[1]
NAMES = [
    "ALWAYS", "Accepted", "AccountAge", "Award", "BestOf", "CAMPAIGN", "CNY", "Campaign",
    "Cap", "Cash", "Codec", "Coupon", "Credit", "DAY", "DistinctFingerprints", "During",
    "DuringRecurring", "EUR", "Entry", "EqualSplit", "FlagIs", "Grant", "HasTag", "JPY",
    "KINDS", "LadderSplit", "Limit", "LuckySplit", "MEMBER", "MONTH", "MomentIs", "Money",
    "NewMember", "NumberIs", "PAIR", "PaidOrders", "Percent", "Points", "Product", "Refused",
    "Region", "Right", "SameDevice", "SameHousehold", "Shop", "Spent", "TextIs", "Title",
    "UNLIMITED", "USD", "Velocity", "ViralCommerceError", "WEEK", "WHOLE", "WeightedSplit",
    "Window", "currency", "days", "hours", "minutes", "percent",
]  # fmt: skip
"""A name that leaves this list breaks somebody's program; one that joins it is there to stay."""


def public(module: ModuleType) -> dict[str, object]:
    """The names of a module that do not begin with a dash, modules apart."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }


def test_the_public_names_are_these() -> None:
    assert sorted(NAMES) == NAMES, "keep the list sorted"
    assert sorted(public(viralcommerce)) == NAMES


def test_every_name_is_exported_on_purpose() -> None:
    """``from x import y as y``: what checkers take for public is what is meant to be."""
    tree = ast.parse(Path(viralcommerce.__file__).read_text("utf-8"))
    exported = [
        alias.asname
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    ]
    assert sorted(filter(None, exported)) == NAMES


@functools.cache
def explained() -> str:
    """The manual, and every sentence that stands beside code."""
    pages = [path.read_text("utf-8") for path in (ROOT / "docs").rglob("*.md")]
    pages.append((ROOT / "README.md").read_text("utf-8"))
    for path in (ROOT / "src").rglob("*.py"):
        body = ast.parse(path.read_text("utf-8"))
        pages += [
            str(node.value.value)
            for node in ast.walk(body)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ]
        pages += [  # a constant with a sentence below it
            node.target.id
            for node, after in pairwise(body.body)
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        ]
    return "\n".join(pages)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_its_sentence(name: str) -> None:
    value = public(viralcommerce)[name]
    if isinstance(value, Currency):  # a value of a class that has its sentence
        value = type(value)
    if isinstance(value, type) or inspect.isfunction(value):
        said = inspect.getdoc(value) or ""
        first = said.split("\n\n")[0]
        assert first.endswith((".", ":")), f"{name}: {first!r}"
        assert first[0].isupper() or first[0] in "`~", f"{name}: {first!r}"
        return
    written = explained()
    assert re.search(rf"\b{name}\b", written), f"{name} is nowhere explained"


@pytest.mark.parametrize("game", [coupon_pack, collect], ids=lambda game: game.__name__[23:])
def test_a_game_shows_its_words_its_messages_and_its_rule(game: ModuleType) -> None:
    names = public(game)
    for union in ("Commands", "Events", "Refusals", "States"):
        for kind in names[union].__args__:  # type: ignore[attr-defined]
            assert names[kind.__name__] is kind
            assert (inspect.getdoc(kind) or "").endswith("."), f"{kind.__name__} says nothing"
    words = {name: value for name, value in names.items() if name.isupper()}
    rule = next(
        value
        for value in names.values()
        if isinstance(value, type) and hasattr(value, "milestones")
    )
    for milestone, carries in rule.milestones.items():  # type: ignore[attr-defined]
        assert words[str(milestone).upper()] == milestone
        for role in carries.roles:
            assert words[str(role).upper()] == role


HEAVY = [
    "asyncio", "concurrent", "dateutil", "ctypes", "email", "http", "hypothesis",
    "itsdangerous", "jinja2", "logging", "multiprocessing", "networkx", "numpy", "pandas",
    "plotly", "psycopg", "pytest", "rich", "socket", "sqlite3", "ssl", "subprocess",
    "tempfile", "typer", "unittest", "xml",
]  # fmt: skip


def test_importing_it_imports_nothing_heavy() -> None:
    """Beyond pydantic and msgspec, which rules and messages are made of."""
    code = (
        "import sys, msgspec; from pydantic import BaseModel; before = set(sys.modules)\n"
        "import viralcommerce\n"
        "from viralcommerce.mechanics import collect, coupon_pack\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        f"print(*sorted(loaded & set({HEAVY!r})))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""


def test_a_shop_in_memory_needs_no_database() -> None:
    code = (
        "import sys\n"
        "from viralcommerce import *\n"
        "from viralcommerce import Shop\n"
        "Shop.open('memory:').close()\n"
        "print(*sorted({'sqlite3', 'psycopg', 'asyncio'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""
