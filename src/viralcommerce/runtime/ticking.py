"""Time served: what is to be done about deadlines that have come, as errands for either shell.

An idle tick is one errand, and that is one indexed statement. A busy one finds what is due, reads
the cells of all of it at once, and ends them many in one commit.

Laws:
    Once: whatever others end meanwhile, nobody ends anything twice, or counts what others ended.
    Earliest first: whatever is found to be ended already makes room for what is due next.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from viralcommerce.messages import Accepted
from viralcommerce.runtime.counts import whole
from viralcommerce.runtime.effects import Look
from viralcommerce.runtime.ports import Due, Entropy, Found, Place, Record
from viralcommerce.runtime.programs import SHADOW, Programs, thaw_state
from viralcommerce.runtime.request import Request
from viralcommerce.runtime.situations import ending
from viralcommerce.runtime.stamping import with_dice

TICKED_AT_ONCE: Final = 500
"""How many deadlines share one commit."""


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


class Act(Struct, frozen=True, gc=False):
    """Run the clock's commands in one commit; answer with the records of what was decided anew."""

    requests: tuple[Request, ...]


Errand = WhatIsDue | Look | Pin | LifeOf | Act
"""What a tick needs done."""


def endings(
    programs: Programs, entropy: Entropy, at: datetime, limit: int
) -> Generator[Errand, Any, list[Request]]:
    """The clock's commands for every deadline that has come, the earliest first.

    Args:
        programs: of the shop.
        entropy: stamps dice, where a game draws at its end.
        at: deadlines at or before this moment.
        limit: how many at most.

    Raises:
        InvalidValue: a limit that is no count.
    """
    whole(limit, "tick: limit")
    names = [*programs.newest, *(SHADOW + name for name in programs.newest)]
    requests: list[Request] = []
    known: set[Place] = set()
    while True:
        due: Sequence[Due] = yield WhatIsDue(at, limit, names)
        places = [place for one in due if (place := (one.campaign, one.instance)) not in known]
        if not places:
            return requests
        known.update(places)
        found: Found = yield Look(cells=tuple(sorted(places)))
        ended_meanwhile = False
        for place in places:
            cell = found.cells.get(place)
            if cell is None or cell.deadline is None or cell.deadline > at:
                ended_meanwhile = True
                continue
            pinned = yield Pin(place[0], cell.rules)
            named = programs.spaced(place[0])
            life = yield LifeOf(named.campaign.name)
            state = thaw_state(pinned, cell.state)
            ended = ending(named, place[1], life, pinned, state, cell.version)
            requests.append(with_dice(ended, entropy))
        if not ended_meanwhile or len(requests) >= limit:
            return requests[:limit]


def ticking(
    programs: Programs, entropy: Entropy, at: datetime, limit: int
) -> Generator[Errand, Any, int]:
    """Act on every deadline that has come; how many were acted on, not counting what others did.

    Args:
        programs: of the shop.
        entropy: as for `endings`.
        at: deadlines at or before this moment.
        limit: how many at most.
    """
    waiting = iter((yield from endings(programs, entropy, at, limit)))
    acted = 0
    while chunk := tuple(itertools.islice(waiting, TICKED_AT_ONCE)):
        records: Sequence[Record] = yield Act(chunk)
        acted += sum(isinstance(record.decision, Accepted) for record in records)
    return acted
