"""Books: the ledger of a campaign, row by row, held against what follows from its journal."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from viralcommerce.codec import encode
from viralcommerce.decider import BUDGET
from viralcommerce.messages import Accepted, Transfer
from viralcommerce.runtime.contents import Contents
from viralcommerce.runtime.findings import Problem
from viralcommerce.runtime.sealing import Sealed
from viralcommerce.runtime.waiting import Waiting
from viralcommerce.values.money import Money


class Books:
    """The rows that a ledger must have, each once, and what they moved.

    Args:
        name: the store's name of the campaign.

    Attributes:
        holds: what each instance holds, by the ledger.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._expected: dict[str, int] = {}
        self._left_budget = 0
        self.holds: Tally[str] = Tally()

    def note(self, decision: Accepted[Any, Any], transfers: Sequence[Transfer]) -> None:
        """Take note of the rows that follow from a decision."""
        for row in transfers:
            self._expected[row.id] = _print(decision.instance, decision.command.at, row)

    def spent(self, currency: str) -> Money:
        """What left the budget for good, or is held."""
        return Money(max(self._left_budget, 0), currency)

    def check(self, store: Contents, waiting: Waiting | None, sealed: Sealed) -> Iterator[Problem]:
        """What is wrong with the ledger of a store, once the whole journal was noted.

        Args:
            store: that has it.
            waiting: what of it waits in the outbox, if that could be read.
            sealed: takes the rows whose journal lines are gone.
        """
        seen: set[str] = set()
        for posting in store.postings(self._name):
            moved = posting.transfer
            noun = "ledger" if moved.award is None else "award"
            if moved.id in seen:
                yield self._problem(f"ledger {moved.id}", "the row is there twice")
            seen.add(moved.id)
            if moved.amount < 1:
                yield self._problem(f"ledger {moved.id}", f"moves {moved.amount}")
            expected = self._expected.pop(moved.id, None)
            if expected is None and not sealed.takes(posting):
                said = "is in the ledger and not in the journal"
                yield self._problem(f"{noun} {moved.id}", said)
            elif expected not in (None, _print(posting.instance, posting.at, moved)):
                yield self._problem(f"{noun} {moved.id}", f"is {moved!r}, not what was journaled")
            if waiting is not None:
                yield from waiting.seen(posting)
            self._move(moved.source, -moved.amount)
            self._move(moved.target, moved.amount)
        for ident in self._expected:
            yield self._problem(f"ledger {ident}", "is in the journal and not in the ledger")

    def _move(self, account: str, amount: int) -> None:
        if account == BUDGET:
            self._left_budget -= amount
        elif account.startswith("hold/"):
            self.holds[account.removeprefix("hold/")] += amount

    def _problem(self, where: str, what: str) -> Problem:
        return Problem(self._name, where, what)


def _print(instance: str, at: datetime, row: Transfer) -> int:
    """A ledger row as one number, which another row has once in a lifetime."""
    return hash((instance, at, encode(row)))
