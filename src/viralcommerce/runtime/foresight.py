"""Foresight: whom a batch will be about, so that the host is asked once, and before any lock."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from datetime import datetime
from typing import Any

from viralcommerce.messages import BY_CLOCK, GONE, Event, Refusal, ReverseAward
from viralcommerce.runtime.effects import Lock
from viralcommerce.runtime.kinship import Kin, Unread, named_by, together
from viralcommerce.runtime.ports import Asked, Found, Place, Wanted
from viralcommerce.runtime.request import Context, Request
from viralcommerce.runtime.situations import (
    Situations,
    as_it_stands,
    come_upon,
    evolved,
    overdue,
    parted,
)

ToAsk = dict[tuple[str, datetime], frozenset[str]]
"""The facts to ask for, by member and moment."""


class Foresight(Situations):
    """A batch tried on what was looked at, as if everything were granted, to learn its casts.

    It may be wrong, where a command is refused after all or somebody else comes between; then the
    flow begins again and asks for what was not foreseen, too.
    """

    __slots__ = ("changed", "parents", "told_of")

    def __init__(self, context: Context, found: Found, wanted: Wanted) -> None:
        super().__init__(context, found, wanted)
        self.parents: dict[Place, Place] = {}
        """For each cell that may be hung under another, that other."""
        self.changed: set[Place] = set()
        """The other cells that commands may change."""
        self.told_of: set[str] = set()
        """Whom commands are told of, or name."""

    def asks(self, requests: Sequence[Request]) -> ToAsk:
        """What to ask the host for all that the conditions of a batch need."""
        wanted: ToAsk = {}
        for request in requests:
            if (request.program.name, request.command.key) not in self.found.decisions:
                try:
                    self._one(request, wanted, goes_on=request is not requests[-1])
                except Unread:  # the batch ends here, or begins again with more
                    break
        return wanted

    def _one(self, request: Request, wanted: ToAsk, *, goes_on: bool) -> None:
        cell, program, state = self.situation(request)
        command = request.command
        if type(command) is ReverseAward:  # it asks nobody, and changes no situation
            return
        if cell is not None and overdue(command, cell):
            named, instance, life = request.program, request.instance, request.life
            ended = come_upon(command, named, instance, life, program, state, cell.version)
            self._one(ended, wanted, goes_on=True)
            cell, program, state = self.situation(request)
        if program.mechanic.looks:
            if command.by == BY_CLOCK:
                command = as_it_stands(command, program, request.instance, state)
            command = self.informed(program, command, request.program.name)
            self.told_of.update(named_by(command))
            above = program.mechanic.binds(command)
            if above:
                name = request.program.name
                self.parents[name, request.instance] = (name, above)
        facts = program.asked[type(command)]
        if facts:
            note(wanted, program.mechanic.cast(command, state).values(), command.at, facts)
        mechanic = program.mechanic
        events = mechanic.decide(command, state) if goes_on or mechanic.looks else ()
        if not isinstance(events, Refusal):
            own: Sequence[Event] = events
            if mechanic.looks:
                own, others = parted(program, events)
                self.changed.update((request.program.name, instance) for instance in others)
            if goes_on:
                version = 1 if cell is None else cell.version + 1
                self.put(request, program, version, evolved(program, state, own), 0)


def note(wanted: ToAsk, members: Iterable[str], at: datetime, facts: frozenset[str]) -> None:
    """Want facts of members, as of a moment."""
    for member in members:
        wanted[(member, at)] = wanted.get((member, at), frozenset()) | facts


def questions(wanted: ToAsk) -> tuple[Asked, ...]:
    """What is wanted, put as questions; of who was forgotten nothing is known, nor asked."""
    return tuple(
        Asked(member, facts, at)
        for (member, at), facts in sorted(wanted.items())
        if not member.startswith(GONE)
    )


def locked_further(
    context: Context, requests: Sequence[Request], kin: Kin, locking: Lock, found: Found
) -> Generator[Lock, Any, tuple[Found, Lock]]:
    """Lock what commands about others turned out to need, where one lock is for everything.

    Args:
        context: of the shop.
        requests: in the order in which they happened.
        kin: what is known of what they need.
        locking: what is locked.
        found: what was found there.

    Returns:
        What was found in all, and what is locked.
    """
    foresight = Foresight(context, found, locking)
    foresight.asks(requests)
    kin.foresee(foresight.parents, foresight.changed, foresight.told_of)
    further = kin.further(locking)
    if further is not None:
        more: Found = yield further
        found = together(found, more)
    return found, kin.locks(locking)
