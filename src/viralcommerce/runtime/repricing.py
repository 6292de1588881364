"""Repricing: a recorded decision priced again, for the audit.

What a decision gave is taken from it, because facts are not journaled and what was short then is
not short now. All else follows from the rules and is made anew: who may get what for which
milestone, how much, what it cost, which quotas it counted on, and every ledger row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from viralcommerce.adjusting import BACK, Standing, adjustments
from viralcommerce.decider import Reached
from viralcommerce.known import Facts
from viralcommerce.messages import BY_CLOCK, Accepted, Award
from viralcommerce.pricing import Pricing
from viralcommerce.program import Counter, Option, Program, QuotaKey
from viralcommerce.rules.limits import CLIP
from viralcommerce.values.money import Money

_NONE: Final[Mapping[QuotaKey, int]] = MappingProxyType({})


class Before:
    """What repricing may know beyond the decision: what was counted before it."""

    facts: Facts = MappingProxyType({})
    used = hot = short = _NONE
    all_counted = True

    def __init__(self, counted: Mapping[QuotaKey, int]) -> None:
        self.counted = counted


class Repricing(Pricing):
    """One accepted decision, priced again.

    Args:
        program: the compiled campaign the instance is pinned to.
        decision: as it was journaled.
        standing: what its instance had given before.
        counted: every quota as the decisions before this one left it.

    Attributes:
        adjustments: what was taken back of that, or given again.
        caps: the bound of each quota that was counted on, the budget apart.
        lost: the grants that were neither given nor withheld, with who should have got them.
    """

    __slots__ = ("caps", "decision", "given", "lost")

    def __init__(
        self,
        program: Program,
        decision: Accepted[Any, Any],
        standing: Standing,
        counted: Mapping[QuotaKey, int],
    ) -> None:
        super().__init__(
            program,
            None,
            decision.command.at,
            decision.instance,
            decision.version,
            Before(counted),
            clock=decision.command.by == BY_CLOCK,
        )
        self.decision = decision
        self.given = 0
        self.caps: dict[QuotaKey, int] = {}
        self.lost: list[tuple[str, str]] = []
        mechanic = program.mechanic
        promises = [mechanic.promised(event) for event in decision.events]
        self.price(
            [one for event in decision.events for one in mechanic.reached(event)],
            sum(_minor(promise.held) for promise in promises),
            sum(_minor(promise.released) for promise in promises),
            [move for event in decision.events for move in mechanic.moves(event)],
        )
        changes = [one for event in decision.events for one in mechanic.adjusted(event)]
        self.adjustments = self.adjust(
            [
                one
                for one in adjustments(program, standing, changes)
                if one.way == BACK or self._gave_again(standing.awards[one.award], one.amount)
            ],
            standing,
        )

    def _gave_again(self, award: Award, amount: int) -> bool:
        withheld = ((one.grant, one.to, one.code) for one in self.decision.withheld)
        if (award.grant, award.to, "out_of_budget") in withheld:
            return False
        return self.gives_again(award, amount)

    def counted(self) -> dict[QuotaKey, int]:
        """Every change of a quota that follows from the decision."""
        counted = dict(self.used)
        for key, change in self.hot.items():
            counted[key] = counted.get(key, 0) + change
        return counted

    def _take(self, key: QuotaKey, amount: int, cap: int | None) -> bool:
        self.hot[key] = self.hot.get(key, 0) + amount
        return True

    def _count_cap(self, cap: Counter, reached: Reached) -> None:
        self._note(cap, reached, reached.cast.get(cap.of, ""))

    def _note(self, counter: Counter, reached: Reached, who: str) -> None:
        key = counter.key(self.program, reached.cast, who, self.instance, self.at)
        self.used[key] = self.used.get(key, 0) + 1
        self.caps[key] = counter.at_most

    def _best(self, line: tuple[Option, ...], reached: Reached, room: int | None) -> int:
        for option in line:
            if self._given(option, reached):
                return self._option(option, reached, room)
        if not any(self._withheld(option, reached) for option in line):
            self.lost.append((line[0].name, reached.cast.get(line[0].to, "")))
        return 0

    def _option(self, option: Option, reached: Reached, room: int | None) -> int:
        who = reached.cast.get(option.to)
        if not who:
            return 0
        made = self._given(option, reached)
        if made is None:
            if not self._withheld(option, reached):
                self.lost.append((option.name, who))
            return 0
        option, award = made
        self.given += 1
        amount, cost = self._amounts(option, reached)
        from_hold = room is not None and option.share is not None
        if room is not None and from_hold:
            amount = min(amount, room)
            cost = Money(amount, self.program.currency)
        elif option.if_short == CLIP and 0 < award.amount < amount:
            amount, cost = award.amount, Money(award.amount, self.program.currency)
        for limit in option.limits:
            self._note(limit, reached, who)
        if option.stock is not None:
            self._take(option.stock_key, 1, None)
            self.caps[option.stock_key] = option.stock
        if cost is not None and not from_hold:
            self._take(self.budget_key, cost.minor, None)
        self._award(option, who, amount, cost, reached.amount, from_hold=from_hold)
        return amount if from_hold else 0

    def _given(self, option: Option, reached: Reached) -> tuple[Option, Award] | None:
        """The next award of the decision, where it is this option's or its substitute's."""
        awards: Sequence[Award] = self.decision.awards
        if self.given == len(awards):
            return None
        award = awards[self.given]
        found: Option | None = option
        while found is not None:
            if award.grant == found.name and award.to == reached.cast.get(found.to):
                return found, award
            found = found.instead
        return None

    def _withheld(self, option: Option, reached: Reached) -> bool:
        who = reached.cast.get(option.to)
        names = {option.name} if option.instead is None else {option.name, option.instead.name}
        return not who or any(
            one.to == who and one.grant in names for one in self.decision.withheld
        )


def _minor(money: Money | None) -> int:
    return 0 if money is None else money.minor
