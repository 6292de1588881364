"""Reversed awards, held against what their instances had given: for the audit."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from typing import Any

from viralcommerce.messages import Accepted, ReverseAward
from viralcommerce.pricing import Pricing
from viralcommerce.program import Program, QuotaKey
from viralcommerce.runtime.books import Books
from viralcommerce.runtime.findings import Problem
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.programs import thaw_decision
from viralcommerce.runtime.repricing import Before
from viralcommerce.runtime.reversing import Reversal


class ReversedAwards:
    """The awards of a campaign that were taken back.

    Args:
        store: that knows what their instances had given.
        name: its name of the campaign.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name

    def check(
        self,
        where: str,
        program: Program,
        decision: Accepted[Any, Any],
        books: Books,
        used: Tally[QuotaKey],
    ) -> Iterator[Problem]:
        """What is wrong with a reversal; what follows from it is noted.

        Args:
            where: it was found.
            program: the rules its instance was begun under.
            decision: the reversal.
            books: get the rows of the ledger that it must have.
            used: every quota as the decisions before it left it; it is changed.

        Raises:
            StoreCorrupt: no such award was given before it.
        """
        command = decision.command
        assert isinstance(command, ReverseAward)
        at, instance, version = command.at, decision.instance, decision.version
        pricing = Pricing(program, None, at, instance, version, Before(used), clock=True)
        back = Reversal(pricing, self._before(program, decision), command)
        if not back.stands:
            yield Problem(self._name, where, "takes back what does not stand any more")
        made = (back.events, (), (), back.adjustments)
        there = (decision.events, decision.awards, decision.withheld, decision.adjustments)
        if made != there:
            yield Problem(self._name, where, f"it must take back {made!r}, it took {there!r}")
        books.note(decision, pricing.transfers)
        for key, change in back.counted.items():
            used[key] += change

    def _before(
        self, program: Program, decision: Accepted[Any, Any]
    ) -> Iterator[Accepted[Any, Any]]:
        for line in self._store.history(self._name, decision.instance):
            found = thaw_decision(program, line.decision)
            if isinstance(found, Accepted) and found.version < decision.version:
                yield found
