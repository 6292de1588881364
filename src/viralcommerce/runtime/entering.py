"""Entering: how an entry is delivered, as the command of the campaign it leads into.

A generator of errands, like the relay it is a part of::

    prepare   the command is stamped, its campaign's stage of life is learned
    decide    it is run like any other, under the award's own id as its key
    recall    whether it was delivered before, where it is refused for good
    find      where its campaign is not of this shop: what gave it, and then its rules
    reverse   take the award back

A refusal for good reverses the award, and so does one that still stands when the relay's patience
is over. A campaign that is not open yet, paused, or in shadow is waited for, however long.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct

from viralcommerce.errors import KeyReused
from viralcommerce.messages import Accepted, Command, Refused
from viralcommerce.program import Program
from viralcommerce.refusals import NothingToEnd, NotYetOpen, Paused
from viralcommerce.runtime.entries import entry_command
from viralcommerce.runtime.life import ALIVE
from viralcommerce.runtime.outbox import Pending, leads_into
from viralcommerce.runtime.ports import Cell, Line
from viralcommerce.runtime.programs import Programs, thaw_decision
from viralcommerce.runtime.request import Outcome, Request
from viralcommerce.runtime.reversing import named, reversal
from viralcommerce.runtime.ticking import Pin


class Prepare(Struct, frozen=True, gc=False):
    """Make a request of a command; the answer is the request, or `Failed`."""

    campaign: str
    command: Command


class Decide(Struct, frozen=True, gc=False):
    """Run a request; the answer is its outcome, or `Failed`."""

    request: Request


class Reverse(Struct, frozen=True, gc=False):
    """Run a request that reverses an award; the answer is its outcome, or `Failed`."""

    request: Request


class Recall(Struct, frozen=True, gc=False):
    """Read the journal of an instance; the answer is its lines, or `Failed`."""

    campaign: str
    instance: str


class Find(Struct, frozen=True, gc=False):
    """Read an instance; the answer is its cell, nothing, or `Failed`."""

    campaign: str
    instance: str


class Failed(Struct, frozen=True, gc=False):
    """What went wrong with an errand: the answer in place of an exception."""

    error: str


class Awaits(Struct, frozen=True, gc=False):
    """It cannot be done yet, through nobody's fault: that it was tried does not count.

    Args:
        error: what it waits for.
        until: when that is, where it is known.
    """

    error: str
    until: datetime | None = None


class Reversed(Struct, frozen=True, gc=False):
    """The award was taken back."""


Ending = Failed | Awaits | Reversed | None
"""What became of an entry; nothing more to say where it was delivered."""
Entering = Generator[Prepare | Decide | Recall | Find | Pin | Reverse, Any, Ending]


def entering(programs: Programs, one: Pending, now: datetime, *, is_last: bool) -> Entering:
    """Deliver one entry.

    Args:
        programs: of the shop.
        one: the entry of the outbox.
        now: the moment, in UTC.
        is_last: whether a refusal that may pass is taken for good.
    """
    award = one.award
    name = leads_into(award)
    target = programs.newest.get(name)
    command = None if target is None else entry_command(target, award.to, award.id, now)
    if target is None or command is None:
        what = "is no campaign of this shop" if target is None else "cannot be entered"
        return Failed(f"entry: {name!r} {what}; deliver where it is and can be")
    request: Request | Failed = yield Prepare(name, command)
    if isinstance(request, Failed):
        return request
    if request.program.shadow:
        return Awaits(f"entry: {name} is in shadow")
    outcome: Outcome | Failed = yield Decide(request)
    if isinstance(outcome, Failed):
        return outcome
    if isinstance(outcome, KeyReused):
        return Failed(f"KeyReused: {outcome.message}")
    if isinstance(outcome, Accepted):
        return None
    refusal = outcome.refusal
    if isinstance(refusal, NotYetOpen | Paused):
        until = refusal.opens if isinstance(refusal, NotYetOpen) else None
        return Awaits(f"entry: {name}: {refusal}", until)
    if not refusal.terminal and not is_last:
        return Failed(f"entry: {name}: {refusal}")
    lines = yield Recall(name, request.instance)
    if isinstance(lines, Failed):
        return lines
    if any(one.command.key == command.key for one in _accepted(target, lines)):
        return None  # it was delivered long ago, and its key has been forgotten since
    return (yield from reversing(programs, one, now, refusal.code))


def reversing(programs: Programs, one: Pending, now: datetime, why: str) -> Entering:
    """Take back what was to be delivered.

    Args:
        programs: of the shop.
        one: the entry of the outbox.
        now: the moment, in UTC.
        why: the code of a refusal.
    """
    award = named(one.campaign, one.award.id)
    program = programs.newest.get(one.campaign)
    if program is None:
        cell: Cell | Failed | None = yield Find(one.campaign, award.instance)
        if cell is None:
            return Failed(f"reverse: {award.instance} is not known; restore it from a copy")
        pinned = cell if isinstance(cell, Failed) else (yield Pin(one.campaign, cell.rules))
        if isinstance(pinned, Failed):
            return pinned
        program = pinned
    command = reversal(award, now, why)
    outcome: Outcome | Failed = yield Reverse(Request(program, command, award.instance, ALIVE))
    if isinstance(outcome, Failed):
        return outcome
    done = isinstance(outcome, Accepted) or (
        isinstance(outcome, Refused) and isinstance(outcome.refusal, NothingToEnd)
    )
    return Reversed() if done else Failed(f"reverse: {outcome}")


def _accepted(program: Program, lines: Iterable[Line]) -> list[Accepted[Any, Any]]:
    found = (thaw_decision(program, line.decision) for line in lines)
    return [one for one in found if isinstance(one, Accepted)]
