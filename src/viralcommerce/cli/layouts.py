"""Which columns of a file say who brought whom, and when.

A layout is told by a file's first line, or said with ``--columns``. Names of fields in JSON lines
are columns too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from viralcommerce.errors import InvalidMessage

UNITS: Final = {"time": 1.0, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}
"""How many seconds one of a column's units has; ``time`` may hold dates as well."""


class Layout(Struct, frozen=True, kw_only=True):
    """The columns that are read; any others are passed over.

    Args:
        id: of who was brought.
        parent: by whom; empty where they came by themselves.
        cascade: which cascade they belong to, in several columns where one does not tell; ids need
            only be distinct within it. None where ids are distinct in the whole file.
        time: when they came, or none.
        unit: what that is in: one of `UNITS`.
    """

    id: str
    parent: str
    cascade: tuple[str, ...] = ()
    time: str = ""
    unit: str = "time"

    @property
    def columns(self) -> tuple[str, ...]:
        """All that it names."""
        return (self.id, self.parent, *self.cascade, *([self.time] if self.time else []))

    def __str__(self) -> str:
        named = {"id": self.id, "parent": self.parent, "root": "+".join(self.cascade)}
        named[self.unit] = self.time
        return ",".join(f"{key}={column}" for key, column in named.items() if column)


WEIBO: Final = Layout(
    id="node", parent="parent", cascade=("cascade_id",), time="dt_s", unit="seconds"
)
PHEME: Final = Layout(
    id="tweet", parent="parent", cascade=("event", "rumour"), time="hours", unit="hours"
)
KNOWN: Final = (WEIBO, PHEME)
"""Of published data sets, told by all their columns being there."""


def told(columns: Sequence[str], where: str) -> Layout:
    """The layout that a first line tells.

    Args:
        columns: their names.
        where: the file and line, for the message.

    Raises:
        InvalidMessage: no layout has these columns, or one is there twice.
    """
    there = set(columns)
    for layout in KNOWN:
        if there.issuperset(layout.columns):
            return layout
    if {"id", "parent"} <= there:
        _refuse_twice(columns, where)
        unit = next((each for each in UNITS if each in there), "")
        return Layout(
            id="id",
            parent="parent",
            cascade=("root",) if "root" in there else (),
            time=unit,
            unit=unit or "time",
        )
    said = ", ".join(columns)[:200]
    raise InvalidMessage(
        f"{where}: the columns are {said}; begin with id,parent,time or say which is which, "
        "as in --columns id=member,parent=inviter"
    )


def said(text: str) -> Layout:
    """The layout in an option: ``id=node,parent=parent,root=event+rumour,hours=age``.

    Raises:
        InvalidMessage: a key that is none, one that is missing or there twice.

    Example:
        >>> said("id=member,parent=inviter,days=age").columns
        ('member', 'inviter', 'age')
    """
    found: dict[str, str] = {}
    for each in text.split(","):
        key, sign, column = each.partition("=")
        if not sign or not column or key not in {"id", "parent", "root", *UNITS}:
            choices = ", ".join(sorted({"id", "parent", "root", *UNITS}))
            raise InvalidMessage(
                f"--columns: {each!r} is no key=column; choose keys from: {choices}"
            )
        if key in found:
            raise InvalidMessage(f"--columns: {key} is there twice; keep one")
        found[key] = column
    times = [key for key in found if key in UNITS]
    if len(times) > 1:
        raise InvalidMessage(f"--columns: {' and '.join(times)}; one column says when")
    for key in ("id", "parent"):
        if key not in found:
            raise InvalidMessage(f"--columns: {key} is missing; say which column it is")
    return Layout(
        id=found["id"],
        parent=found["parent"],
        cascade=tuple(found["root"].split("+")) if "root" in found else (),
        time=found[times[0]] if times else "",
        unit=times[0] if times else "time",
    )


def places(layout: Layout, columns: Sequence[str], where: str) -> tuple[int, ...]:
    """Where a layout's columns stand in a file, in the order of `Layout.columns`.

    Raises:
        InvalidMessage: one is not there; says which are.
    """
    _refuse_twice(columns, where)
    for each in layout.columns:
        if each not in columns:
            raise InvalidMessage(
                f"{where}: no column {each!r}; choose from: {', '.join(sorted(columns))[:200]}"
            )
    return tuple(columns.index(each) for each in layout.columns)


def _refuse_twice(columns: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for each in columns:
        if each in seen:
            raise InvalidMessage(f"{where}: the column {each!r} is there twice; name each once")
        seen.add(each)
