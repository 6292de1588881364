"""Who brought whom, read from a file of any length: CSV or JSON lines, one member a line.

::

    id,parent,time,root
    ann,,2025-11-11T08:00:00+08:00,ann
    bob,ann,2025-11-11T08:20:00+08:00,ann

Children may stand before their parents. Only ids, parents and times are kept, never a line.
"""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from viralcommerce.cli.layouts import UNITS, Layout, places, told
from viralcommerce.cli.lines import Damage, LogFile, Text
from viralcommerce.errors import InvalidMessage, InvalidValue
from viralcommerce.lab.forest import Forest
from viralcommerce.lab.order import NOBODY, astray, circle, parents_first, renumbered
from viralcommerce.values.ids import check_id

if TYPE_CHECKING:
    from viralcommerce.lab.order import Ints, Places

_UNKNOWN: Final = -2
"""The parent of one whose parent has not been read yet."""
_SEPARATOR: Final = "\x1f"
"""Between a cascade's name and an id in it; no id has it, for it cannot be seen."""
_LISTED: Final = 100
_EVERY: Final = 20_000


Fields = tuple[str, str, str, str]
"""Of one line: the id, the parent, the cascade and the time."""


class BadLine(Struct, frozen=True):
    """A line that was left out, and why."""

    line: int
    what: str


class Links(Struct, frozen=True, kw_only=True):
    """What a file says of who brought whom.

    Args:
        forest: of its members.
        ids: of each member.
        cascades: the name of each tree: its cascade's, or else its root's id.
        times: for each member when it came, in seconds; not a number where that is unknown.
        dated: whether these are seconds since 1970, rather than since some moment of the file's.
        bad: how many lines were left out.
        bad_lines: the first of them.
    """

    forest: Forest
    ids: Sequence[str]
    cascades: Sequence[str]
    times: npt.NDArray[np.float64]
    dated: bool
    bad: int
    bad_lines: Sequence[BadLine]


class LinkReader:
    """Reads one file.

    Args:
        log: the file.
        layout: which columns say what; told by its first line unless said.
        skips_bad: whether lines that cannot be are left out and listed; otherwise they end it.
    """

    def __init__(self, log: LogFile, layout: Layout | None, *, skips_bad: bool) -> None:
        self._log, self._layout, self._skips_bad = log, layout, skips_bad
        self._places: dict[str, int] = {}
        self._ids: list[str] = []
        self._roots: dict[str, int] = {}
        self._parents = array("i")
        self._times = array("d")
        self._lines = array("q")
        self._waiting: dict[int, str] = {}
        self._dated: bool | None = None
        self._bad: list[BadLine] = []
        self.progress: Callable[[int], None] | None = None

    @property
    def layout(self) -> Layout:
        """Which columns say what; known once the first line was read."""
        assert self._layout is not None
        return self._layout

    def read(self) -> Links:
        """All that the file says.

        Raises:
            InvalidMessage: a line that cannot be, unless these are skipped; or nothing in it.
        """
        for line, fields in self._rows():
            try:
                self._take(line, *fields)
            except InvalidValue as error:
                self._refuse(line, error.message)
            if self.progress is not None and not line % _EVERY:
                self.progress(len(self._ids))
        if not self._ids:
            raise InvalidMessage(f"{self._log.name}: no member in it; give one a line")
        parent = self._resolved()
        return self._sorted(parent, self._kept(parent))

    def _rows(self) -> Iterator[tuple[int, Fields]]:
        """Line by line: the id, the parent, the cascade and the time, as text."""
        read: Callable[[Text, str], Fields] | None = None
        for one in self._log:
            if isinstance(one, Damage):
                self._refuse(one.number, one.what)
                continue
            try:
                text = _decoded(one)
                if read is not None:
                    yield one.number, read(one, text)
                elif text.startswith("{"):
                    read = self._begin_objects(text, f"{self._log.name}:{one.number}")
                    yield one.number, read(one, text)
                else:
                    read = self._begin_table(text, f"{self._log.name}:{one.number}")
            except InvalidValue as error:
                self._refuse(one.number, error.message)

    def _begin_table(self, text: str, where: str) -> Callable[[Text, str], Fields]:
        """How to read the lines below that first one."""
        apart = next((each for each in ",;\t" if each in text), ",")
        columns = [each.strip() for each in _cells(text, apart)]
        self._layout = layout = self._layout or told(columns, where)
        at, width = places(layout, columns, where), len(columns)

        def read(line: Text, text: str) -> Fields:
            cells = _cells(text, apart)
            if len(cells) != width:
                cut = "" if line.ended else "; the line has no end, was the file cut off?"
                raise InvalidValue(f"{len(cells)} fields where the first line has {width}{cut}")
            return _named([cells[each] for each in at], layout)

        return read

    def _begin_objects(self, text: str, where: str) -> Callable[[Text, str], Fields]:
        """How to read lines of JSON; a root's line need not say that it has no parent."""
        columns = dict.fromkeys([*_object(text), "parent", "root"])
        if not columns.keys() & UNITS.keys():
            columns["time"] = None
        self._layout = layout = self._layout or told(list(columns), where)

        def read(_: Text, text: str) -> Fields:
            found = _object(text)
            if layout.id not in found:
                raise InvalidValue(f"the field {layout.id!r} is missing; say who was brought")
            return _named([_text(found.get(each), each) for each in layout.columns], layout)

        return read

    def _take(self, line: int, identity: str, parent: str, cascade: str, time: str) -> None:
        """One member, placed."""
        check_id(identity, "id")
        scope = f"{cascade}{_SEPARATOR}" if cascade else ""
        key = scope + identity
        before = self._places.get(key)
        if before is not None:
            raise InvalidValue(
                f"{identity!r} came before, in line {self._lines[before]}; "
                "a member is brought once, by one"
            )
        if parent == identity:
            raise InvalidValue(
                f"{identity!r} brought themselves; leave the parent of a root empty"
            )
        when = self._seconds(time)
        here = len(self._ids)
        above = NOBODY
        if parent:
            above = self._places.get(scope + parent, _UNKNOWN)
            if above == _UNKNOWN:
                check_id(parent, "parent")
                self._waiting[here] = scope + parent
        elif cascade:
            first = self._roots.setdefault(cascade, here)
            if first != here:
                raise InvalidValue(
                    f"{identity!r} has no parent, and {self._ids[first]!r} in line "
                    f"{self._lines[first]} is the root of {cascade!r}; a cascade has one"
                )
        self._places[key] = here
        self._ids.append(identity)
        self._parents.append(above)
        self._times.append(when)
        self._lines.append(line)

    def _seconds(self, text: str) -> float:
        if not text:
            return math.nan
        unit = self._layout.unit if self._layout else "time"
        try:
            number = float(text)
        except ValueError:
            if unit != "time":
                raise InvalidValue(
                    f"{unit}: {text!r:.60} is no number; write it like 1.5"
                ) from None
            number = _moment(text)
            is_date = True
        else:
            if not math.isfinite(number) or "_" in text:
                raise InvalidValue(f"{unit}: {text!r:.60} is no number of {unit}; leave it empty")
            number *= UNITS[unit]
            is_date = False
        if self._dated is None:
            self._dated = is_date
        elif self._dated != is_date:
            kinds = ("a date", "a number") if is_date else ("a number", "a date")
            raise InvalidValue(
                f"time: {text!r:.60} is {kinds[0]} where lines above have {kinds[1]}; "
                "write all times alike"
            )
        return number

    def _resolved(self) -> Ints:
        """Everybody's parent, those that came later included; unknown ones stay so."""
        for here, key in self._waiting.items():
            self._parents[here] = self._places.get(key, _UNKNOWN)
        return np.frombuffer(self._parents, np.int32)

    def _kept(self, parent: Ints) -> npt.NDArray[np.bool_]:
        """Who is left when those without a way to a root are left out."""
        lost = astray(parent)
        if not lost.any():
            return ~lost
        up = parent.astype(np.intp)
        causes = np.flatnonzero(parent == _UNKNOWN).tolist() or circle(up, int(np.argmax(lost)))
        for at in [*causes, *(set(np.flatnonzero(lost).tolist()) - set(causes))]:
            listed = len(self._bad) < _LISTED
            self._refuse(self._lines[at], self._why_lost(up, at) if listed else "")
        if lost.all():
            raise InvalidMessage(f"{self._log.name}: no member has a way to a root; check parents")
        return ~lost

    def _why_lost(self, up: Places, at: int) -> str:
        identity = self._ids[at]
        if up[at] == _UNKNOWN:
            cascade, _, name = self._waiting[at].rpartition(_SEPARATOR)
            within = f" in {cascade!r}" if cascade else ""
            return f"nobody{within} is called {name!r}, who brought {identity!r}; give their line"
        found = circle(up, at)
        if at in found:
            names = ", ".join(repr(self._ids[each]) for each in found)
            return f"{names} brought each other in a circle; one of them came otherwise"
        return f"{identity!r} was brought by one whose line was left out"

    def _sorted(self, parent: Ints, kept: npt.NDArray[np.bool_]) -> Links:
        """The forest of those who are left, parents first."""
        origin = np.arange(len(parent))
        if not kept.all():
            origin = np.flatnonzero(kept)
            parent = renumbered(parent, origin)
        order = parents_first(parent, self._ids)
        if order is not None:
            parent, origin = renumbered(parent, order), origin[order]
        forest = Forest(parent)
        names: dict[int, str] = {at: name for name, at in self._roots.items()}
        ids = [self._ids[at] for at in origin.tolist()]
        return Links(
            forest=forest,
            ids=ids,
            cascades=[names.get(at) or self._ids[at] for at in origin[forest.roots].tolist()],
            times=np.frombuffer(self._times, np.float64)[origin],
            dated=bool(self._dated),
            bad=len(self._bad),
            bad_lines=sorted(self._bad[:_LISTED], key=lambda one: one.line),
        )

    def _refuse(self, line: int, what: str) -> None:
        if not self._skips_bad:
            raise InvalidMessage(
                f"{self._log.name}:{line}: {what} (--skip-bad leaves bad lines out)"
            )
        self._bad.append(BadLine(line, what))


def _decoded(line: Text) -> str:
    try:
        text = line.data.decode()
    except UnicodeDecodeError as error:
        raise InvalidValue(f"not UTF-8 at byte {error.start}; save it as UTF-8") from None
    if "\x00" in text:
        raise InvalidValue("it has NUL bytes; the file is damaged, fetch it again")
    return text


def _cells(text: str, apart: str) -> list[str]:
    """The fields of a line of CSV."""
    if '"' not in text:
        return text.split(apart)
    try:
        found = next(csv.reader([text], strict=True, delimiter=apart))
    except csv.Error as error:
        raise InvalidValue(f"not CSV ({error}); check the quotes") from None
    return found


def _object(text: str) -> dict[str, object]:
    try:
        found = msgspec.json.decode(text.encode())
    except msgspec.DecodeError as error:
        raise InvalidValue(f"not JSON ({error})") from None
    except RecursionError:
        raise InvalidValue("nested too deeply") from None
    if not isinstance(found, dict):
        raise InvalidValue(f"expected an object, not {text[:40]!r}")
    return found


def _text(value: object, field: str) -> str:
    match value:
        case None:
            return ""
        case bool() | dict() | list():
            raise InvalidValue(f"{field}: expected text or a number, not {value!r:.60}")
        case _:
            return str(value)


def _named(found: list[str], layout: Layout) -> tuple[str, str, str, str]:
    scope = len(layout.cascade)
    cascade = "/".join(found[2 : 2 + scope]) if scope else ""
    return found[0], found[1], cascade, found[2 + scope] if layout.time else ""


def _moment(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue(
            f"time: cannot read {text!r:.60}; write 2025-11-11T08:00:00+08:00, or seconds"
        ) from None
    if at.utcoffset() is None:
        raise InvalidValue(f"time: {text} has no zone; say which, as in {at.isoformat()}+08:00")
    return at.timestamp()
