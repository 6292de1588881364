"""What SQL stores say alike: scripts of plain statements for all of them, with no I/O."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar

T = TypeVar("T")
PAGE: Final = 200
"""How many rows are read, or written, in one trip."""


class Said(NamedTuple):
    """A statement, with ``%s`` for each value and ``{s}`` before the name of a table."""

    sql: str
    values: Sequence[object] = ()


Rows = list[tuple[Any, ...]]
Script = Generator[list[Said], list[Rows], T]
"""Yields statements that may run in one trip, is sent the rows of each."""


def by_trips(items: Iterable[T]) -> Iterator[list[T]]:
    """So many at a time as go into one trip."""
    waiting = iter(items)
    while some := list(islice(waiting, PAGE)):
        yield some
