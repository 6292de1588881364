"""Corrections: earlier awards of an instance, once a command has changed its amount."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from viralcommerce.adjusting import BACK, Standing, adjustments
from viralcommerce.messages import Accepted, Event
from viralcommerce.pricing import Pricing
from viralcommerce.program import Program
from viralcommerce.runtime.ports import Found, Place, Record
from viralcommerce.runtime.programs import thaw_decision
from viralcommerce.runtime.request import Request


def correct(
    found: Found,
    records: Sequence[Record],
    request: Request,
    program: Program,
    events: Sequence[Event],
    priced: Pricing,
) -> None:
    """Take back, or give again, what must be: it is added to what is priced.

    Args:
        found: what was read under lock, the history of the instance with it.
        records: what earlier commands of the commit have decided.
        request: whose command is being decided.
        program: that the instance is pinned to.
        events: of the command.
        priced: what it gives.

    What cannot be given again, because the budget is spent, is withheld.
    """
    changes = [one for event in events for one in program.mechanic.adjusted(event)]
    if not changes:
        return
    place = (request.program.name, request.instance)
    standing = Standing()
    for decision in accepted_of(place, program, found, records):
        standing.note(decision)
    what = tuple(
        one
        for one in adjustments(program, standing, changes)
        if one.way == BACK or priced.gives_again(standing.awards[one.award], one.amount)
    )
    priced.adjustments = priced.adjust(what, standing)


def accepted_of(
    place: Place, program: Program, found: Found, records: Sequence[Record]
) -> Iterator[Accepted[Any, Any]]:
    """What was accepted about an instance: in the store, then in this commit."""
    for line in found.histories.get(place, ()):
        decision = thaw_decision(program, line)
        if isinstance(decision, Accepted):
            yield decision
    for record in records:
        decision = record.decision
        if isinstance(decision, Accepted) and (decision.campaign, decision.instance) == place:
            yield decision
