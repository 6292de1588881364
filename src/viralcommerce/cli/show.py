"""How things are shown in a terminal: tables for people, JSON for machines, progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from viralcommerce.values.iso4217 import EXPONENTS
from viralcommerce.values.money import Money
from viralcommerce.values.zones import zone

_PIPED: Final = 110
"""How wide a table is where nobody says how wide the screen is."""


def console() -> Console:
    """Where results go; ids and reasons are shown as they are, whatever they look like."""
    out = Console(markup=False, highlight=False, emoji=False)
    return (
        out
        if out.is_terminal
        else Console(markup=False, highlight=False, emoji=False, width=_PIPED)
    )


def bar(*, total: bool = True) -> Progress:
    """A progress bar on stderr; silent where stderr is not a terminal.

    Args:
        total: whether it is known how much there is to do.
    """
    screen = Console(stderr=True, markup=False, highlight=False, emoji=False)
    columns = (
        [BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn()]
        if total
        else [SpinnerColumn(), TimeElapsedColumn()]
    )
    return Progress(
        TextColumn("{task.description}", markup=False),
        *columns,
        TextColumn("{task.fields[said]}", markup=False),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )


def table(title: str, *columns: str, rows: Iterable[tuple[object, ...]]) -> Table:
    """A table; columns whose name ends in ``#`` hold numbers and stand to the right."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        min_width=len(title) + 2,
    )
    for column in columns:
        is_number = column.endswith("#")
        made.add_column(
            column.rstrip("#"), justify="right" if is_number else "left", no_wrap=is_number
        )
    for row in rows:
        made.add_row(*(Text(shown(cell)) for cell in row))
    return made


def pairs(title: str, rows: Iterable[tuple[str, object]]) -> Table:
    """A table of names and values, without heads."""
    made = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE, show_header=False
    )
    made.add_column(style="dim")
    made.add_column(justify="right", no_wrap=True)
    for name, value in rows:
        made.add_row(Text(name), Text(shown(value)))
    return made


def shown(value: object) -> str:
    """A value as a table has it."""
    match value:
        case None:
            return ""
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case Money():
            return value.shown()
        case _:
            return str(value)


def amount(units: int, asset: str) -> str:
    """So much of an asset: ``¥7.41``, ``100 points``, ``3 × teapot``.

    Example:
        >>> amount(741, "CNY"), amount(100, "points"), amount(3, "product/teapot")
        ('¥7.41', '100 points', '3 × teapot')
    """
    if asset in EXPONENTS:
        return Money(units, asset).shown()
    kind, _, thing = asset.partition("/")
    return f"{units:,} × {thing}" if thing else f"{units:,} {kind}"


def local(at: datetime, name: str) -> str:
    """A moment as a clock in that zone shows it, to the minute."""
    return zone(name).wall(at).strftime("%Y-%m-%d %H:%M")


def print_json(value: object) -> None:
    """Print anything of ours as JSON, indented."""
    text = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2)
    sys.stdout.write(f"{text.decode()}\n")
