"""Corrections: earlier awards of an instance, once a command has changed its amount."""

from __future__ import annotations

from collections.abc import Sequence

from viralcommerce.adjusting import BACK, Standing, adjustments
from viralcommerce.messages import Accepted, Event
from viralcommerce.pricing import Pricing
from viralcommerce.program import Program
from viralcommerce.runtime.ports import Found, Record
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
    for line in found.histories.get(place, ()):
        decision = thaw_decision(program, line)
        if isinstance(decision, Accepted):
            standing.note(decision)
    for record in records:
        decision = record.decision
        if isinstance(decision, Accepted) and (decision.campaign, decision.instance) == place:
            standing.note(decision)
    what = tuple(
        one
        for one in adjustments(program, standing, changes)
        if one.way == BACK or priced.gives_again(standing.awards[one.award], one.amount)
    )
    priced.adjustments = priced.adjust(what, standing)
