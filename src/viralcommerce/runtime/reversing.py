"""Reversing: an award taken back by an entry of the ledger that names it. Pure.

What still stands of it goes back to where it came from, with what it cost; and the limits that it
counted on are worked out anew from the decision that gave it, by the rules it was given by, and
given back. The situation of the instance stays as it is: what happened has happened. It is a
decision like any other, in the journal, under the one key it can have.

Laws:
    Once: an award is reversed at most once.
    As if never: a quota has what it would have without the award, and so has every account.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct

from viralcommerce.adjusting import BACK, Standing, award_id
from viralcommerce.decider import Reached
from viralcommerce.errors import StoreCorrupt
from viralcommerce.messages import (
    BY_CLOCK,
    Accepted,
    Adjustment,
    AwardReversed,
    ReverseAward,
)
from viralcommerce.pricing import Pricing
from viralcommerce.program import Option, Program, QuotaKey
from viralcommerce.runtime.repricing import Repricing
from viralcommerce.runtime.request import CLOCK_KEYS
from viralcommerce.values.money import Money


class Named(Struct, frozen=True):
    """Where an award stands, as its id says it."""

    campaign: str
    instance: str
    version: int
    row: int


def named(campaign: str, award: str) -> Named:
    """What the id of an award says."""
    instance, version, row = award.removeprefix(f"{campaign}/").rsplit("/", 2)
    return Named(campaign, instance, int(version), int(row))


def reversal(award: Named, at: datetime, why: str) -> ReverseAward:
    """The command that takes an award back, with the one key it can have.

    Args:
        award: which.
        at: when.
        why: a stable code.
    """
    key = f"{CLOCK_KEYS}{award.instance}/reverse/{award.version}/{award.row}"
    return ReverseAward(by=BY_CLOCK, at=at, key=key, version=award.version, row=award.row, why=why)


class Reversal:
    """What taking an award back comes to.

    Args:
        pricing: of the command, nothing priced yet: its program, place and version, and what it
            may know.
        history: what was accepted about the instance so far, in order.
        command: that takes it back.

    Attributes:
        stands: what was left of it; where that is nothing, there is nothing to reverse.
        adjustments: what is taken back, and what of that the shop bears.
        events: the one event.
        counted: the change of each quota.

    Raises:
        StoreCorrupt: no such award was given.
    """

    def __init__(
        self, pricing: Pricing, history: Iterable[Accepted[Any, Any]], command: ReverseAward
    ) -> None:
        program, place = pricing.program, (pricing.program.name, pricing.instance)
        ident = award_id(*place, command.version, command.row)
        standing = Standing()
        original: Accepted[Any, Any] | None = None
        for decision in history:
            standing.note(decision)
            if decision.version == command.version:
                original = decision
        award = standing.awards.get(ident)
        if award is None or original is None:
            raise StoreCorrupt(f"{'/'.join(place)}: gave no award {ident}, so none is reversed")
        self.stands = standing.stands[ident]
        back = Adjustment(
            award=ident, to=award.to, asset=award.asset, amount=self.stands, way=BACK
        )
        self.adjustments = pricing.adjust([back], standing) if self.stands else ()
        self.counted = {**pricing.hot, **pricing.used}
        cost = -self.counted.get(program.budget_key, 0)
        for key, count in _OneByOne(program, original).limited.get(ident, {}).items():
            self.counted[key] = self.counted.get(key, 0) - count
        self.events = (
            AwardReversed(
                at=command.at,
                version=command.version,
                row=command.row,
                grant=award.grant,
                to=award.to,
                role=award.role,
                reward=award.reward,
                asset=award.asset,
                amount=self.stands,
                cost=Money(cost, program.currency) if cost > 0 else None,
                why=command.why,
            ),
        )


class _OneByOne(Repricing):
    """A decision priced again, with the limits that each of its awards counted on."""

    __slots__ = ("limited",)

    def __init__(self, program: Program, decision: Accepted[Any, Any]) -> None:
        self.limited: dict[str, dict[QuotaKey, int]] = {}
        super().__init__(program, decision, Standing(), {})

    def _option(self, option: Option, reached: Reached, room: int | None) -> int:
        before, awards = dict(self.used), len(self.awards)
        drew = super()._option(option, reached, room)
        if len(self.awards) > awards:
            award = self.awards[-1]
            balance = self.program.balance_key(award.to)
            self.limited[award.id] = {
                key: count - before.get(key, 0)
                for key, count in self.used.items()
                if count != before.get(key, 0) and key != balance
            }
        return drew
