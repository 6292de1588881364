"""Time served: what is to be done about deadlines that have come, as errands for either shell.

An idle tick is one errand, and that is one indexed statement. A busy one finds what is due, reads
the cells of all of it at once, and ends them many in one commit. Where that fails for something in
it, the halves of it are tried, and what fails alone is left out: who called is told at the end.

Laws:
    Once: whatever others end meanwhile, nobody ends anything twice, or counts what others ended.
    Earliest first: whatever is found to be ended already makes room for what is due next.
    Spared: what cannot be read or decided keeps nothing else from its end.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from msgspec import Struct

from viralcommerce.errors import (
    LeftOut,
    MembersFailed,
    NotLive,
    StoreCorrupt,
    StoreError,
    ViralCommerceError,
)
from viralcommerce.messages import Accepted
from viralcommerce.program import Program
from viralcommerce.runtime.counts import whole
from viralcommerce.runtime.effects import Look
from viralcommerce.runtime.ports import Cell, Due, Entropy, Found, Place, Record
from viralcommerce.runtime.programs import SHADOW, Programs, thaw_state
from viralcommerce.runtime.request import Request
from viralcommerce.runtime.situations import ending
from viralcommerce.runtime.stamping import with_dice

T = TypeVar("T")
TICKED_AT_ONCE: Final = 500
"""How many deadlines share one commit."""
MOST_LEFT_OUT: Final = 10_000
"""How many a tick leaves out before it looks no further."""
MOST_RAISED: Final = 100
"""How often in a row the host may raise before it is taken to be away, not to stumble."""
MOST_ROWS: Final = 2**63 - 1
"""What a store can be asked for at most."""


class WhatIsDue(Struct, frozen=True, gc=False):
    """Find instances of these campaigns whose deadline is at or before a moment."""

    at: datetime
    limit: int
    campaigns: Sequence[str]


class Pin(Struct, frozen=True, gc=False):
    """Compile the version of a campaign that an instance is pinned to."""

    campaign: str
    digest: str


class LifeOf(Struct, frozen=True, gc=False):
    """Know the stage of life of a campaign."""

    campaign: str


class Act(Struct, frozen=True):
    """Run the clock's commands in as few commits as can be.

    Args:
        requests: to run.
        records: gets those of what was decided anew, also where it is raised later.
    """

    requests: tuple[Request, ...]
    records: list[Record]


Errand = WhatIsDue | Look | Pin | LifeOf | Act
"""What a tick needs done."""


class Seen:
    """What a tick came upon: every instance once, and what it left out.

    Attributes:
        known: the instances.
        left: how many were left out.
        raised: how often in a row the host raised.
        unread: versions that cannot be compiled, and why.
    """

    __slots__ = ("_first", "known", "left", "raised", "unread")

    def __init__(self) -> None:
        self.known: set[Place] = set()
        self.left = self.raised = 0
        self.unread: dict[Pin, ViralCommerceError] = {}
        self._first: tuple[Place, ViralCommerceError] | None = None

    def leave(self, places: Sequence[Place], error: ViralCommerceError) -> None:
        """Leave instances out."""
        self.left += len(places)
        if self._first is None:
            self._first = places[0], error

    @property
    def is_over(self) -> bool:
        """Whether so much was left out that nobody should look further."""
        return self.left >= MOST_LEFT_OUT

    def tell(self, verb: str, acted: int) -> None:
        """Tell what was left out, if anything was.

        Args:
            verb: that left it out.
            acted: how many it acted on.

        Raises:
            LeftOut: because of what failed first.
        """
        if self._first is None:
            return
        (campaign, instance), error = self._first
        others = f" and {self.left - 1:,} more" if self.left > 1 else ""
        raise LeftOut(
            f"{verb}: {campaign}/{instance}{others} could not be ended: {error.message}; "
            "nothing else was kept waiting; put that right, then tick again",
            campaign=campaign,
            instance=instance,
            left=self.left,
            acted=acted,
        ) from error


def endings(
    programs: Programs, entropy: Entropy, at: datetime, limit: int, seen: Seen
) -> Generator[Errand, Any, list[Request]]:
    """The clock's commands for every deadline that has come, the earliest first.

    Args:
        programs: of the shop.
        entropy: stamps dice, where a game draws at its end.
        at: deadlines at or before this moment.
        limit: how many at most.
        seen: what was come upon before, which is passed over; gets what is now.

    Raises:
        InvalidValue: a limit that is no count.
    """
    whole(limit, "tick: limit")
    names = [*programs.newest, *(SHADOW + name for name in programs.newest)]
    requests: list[Request] = []
    while True:
        room = limit - len(requests)
        rows = min(room + len(seen.known), MOST_ROWS)
        due: Sequence[Due] = yield WhatIsDue(at, rows, names)
        places = [
            place for one in due if (place := (one.campaign, one.instance)) not in seen.known
        ][:room]
        if not places:
            return requests
        seen.known.update(places)
        cells = yield from _cells(tuple(places), seen)
        for place in places:
            cell = cells.get(place)
            if cell is None or cell.deadline is None or cell.deadline > at:
                continue  # others ended it meanwhile, or it was left out
            try:
                named = programs.spaced(place[0])
                pinned = yield from _pinned(Pin(place[0], cell.rules), seen)
                life = yield LifeOf(named.campaign.name)
                state = thaw_state(pinned, cell.state)
                ended = ending(named, place[1], life, pinned, state, cell.version)
                requests.append(with_dice(ended, entropy))
            except ViralCommerceError as error:
                _raise_unless_of_one(error)
                seen.leave((place,), error)
        if len(requests) >= limit or len(due) < rows or seen.is_over:
            return requests


def ticking(
    programs: Programs, entropy: Entropy, at: datetime, limit: int
) -> Generator[Errand, Any, int]:
    """Act on every deadline that has come; how many were acted on, not counting what others did.

    Args:
        programs: of the shop.
        entropy: as for `endings`.
        at: deadlines at or before this moment.
        limit: how many at most.

    Raises:
        LeftOut: some could not be read or decided; all else was acted on.
    """
    seen = Seen()
    acted = 0
    while True:
        requests = yield from endings(programs, entropy, at, limit, seen)
        left = seen.left
        waiting = iter(requests)
        while chunk := tuple(itertools.islice(waiting, TICKED_AT_ONCE)):
            records: list[Record] = []
            yield from _act(chunk, records, seen)
            acted += sum(isinstance(record.decision, Accepted) for record in records)
        spoiled = seen.left - left
        limit -= len(requests) - spoiled
        if not spoiled or limit <= 0 or seen.is_over:
            break
    seen.tell("tick", acted)
    return acted


def _cells(places: tuple[Place, ...], seen: Seen) -> Generator[Errand, Any, dict[Place, Cell]]:
    """The cells of instances; which cannot be read is left out."""
    cells: dict[Place, Cell] = {}
    waiting = [places]
    while waiting:
        group = waiting.pop()
        try:
            found: Found = yield Look(cells=tuple(sorted(group)))
        except ViralCommerceError as error:
            _raise_unless_of_one(error)
            if len(group) == 1:
                seen.leave(group, error)
            else:
                waiting += _halves(group)
        else:
            cells.update(found.cells)
    return cells


def _pinned(pin: Pin, seen: Seen) -> Generator[Errand, Any, Program]:
    """A version; one that cannot be compiled is tried once a tick."""
    if pin in seen.unread:
        raise seen.unread[pin]
    try:
        program: Program = yield pin
    except ViralCommerceError as error:
        seen.unread[pin] = error
        raise
    return program


def _act(
    chunk: tuple[Request, ...], records: list[Record], seen: Seen
) -> Generator[Errand, Any, None]:
    """Run the clock's commands; which cannot be decided is left out, in few tries."""
    waiting = [chunk]
    while waiting:
        group = waiting.pop()
        asking = tuple(one for one in group if one.program.asks)
        try:
            yield Act(group, records)
        except ViralCommerceError as error:
            _raise_unless_of_one(error)
            if isinstance(error, MembersFailed) and error.__cause__ is not None:
                seen.raised += 1
            is_hopeless = seen.raised >= MOST_RAISED and len(asking) == len(group)
            if len(group) == 1 or is_hopeless:
                seen.leave([(one.program.name, one.instance) for one in group], error)
            elif 0 < len(asking) < len(group):
                waiting += [asking, tuple(one for one in group if not one.program.asks)]
            else:
                waiting += _halves(group)
        else:
            if asking:
                seen.raised = 0


def _halves(group: tuple[T, ...]) -> list[tuple[T, ...]]:
    """What is to be tried of what failed; the first half is last, as it is taken first."""
    middle = len(group) // 2
    return [group[middle:], group[:middle]]


def _raise_unless_of_one(error: ViralCommerceError) -> None:
    """Raise what no other instance would be spared: the store is away or busy, or it is closed."""
    if isinstance(error, NotLive) or (
        isinstance(error, StoreError) and not isinstance(error, StoreCorrupt)
    ):
        raise error
