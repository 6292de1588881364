"""Adjusting: what an instance gave for an amount, given anew for what is left of that amount.

An order is refunded after its commission was paid: what is owed now is ``f(net now)``, what was
owed is ``f(net before)``, and the difference goes back, whatever the order of the refunds. A
dispute that is won lets the net rise, and gives again what was taken back. Nothing is ever
deleted: each change is a ledger row that names the award it corrects.

Laws:
    To the unit: after any adjustments an award stands at what its rate gives of what is left, or
        at what was given, where that was less.
    Never more: an award never stands above what was given, nor below nothing.
    Any way there: the last net alone decides where an award stands.
    Reversed for good: an award that was reversed is never given again, nor taken back once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from viralcommerce.decider import BUDGET, Adjusted
from viralcommerce.messages import (
    Accepted,
    Adjustment,
    Award,
    AwardReversed,
    Command,
    Event,
    Transfer,
)
from viralcommerce.program import COST, Program, QuotaKey
from viralcommerce.values.percent import Percent
from viralcommerce.values.rounding import divide

BACK: Final = "back"
AGAIN: Final = "again"
BORNE: Final = "borne"
REPAID: Final = "repaid"
"""What was taken back is the shop's loss; and is no more, for the award stands again."""

AnyAccepted = Accepted[Command, Event]


def award_id(campaign: str, instance: str, version: int, row: int) -> str:
    """The id of an award, by where it was given; see `reversing.named` for the way back."""
    return f"{campaign}/{instance}/{version}/{row}"


class Standing:
    """What an instance has given, and what of each award still stands.

    Attributes:
        awards: by id, in the order they were given.
        stands: of each, in its asset's smallest unit.
        borne: of each, what was taken back and is the shop's loss.
        reversed: the ids of those that were taken back for good, whatever comes of the amount.
    """

    def __init__(self) -> None:
        self.awards: dict[str, Award] = {}
        self.stands: dict[str, int] = {}
        self.borne: dict[str, int] = {}
        self.reversed: set[str] = set()

    def note(self, decision: AnyAccepted) -> None:
        """Take note of what a decision gave, took back and gave again."""
        for award in decision.awards:
            self.awards[award.id] = award
            self.stands[award.id] = award.amount
        for one in decision.adjustments:
            column = self.stands if one.way in (BACK, AGAIN) else self.borne
            change = one.amount if one.way in (AGAIN, BORNE) else -one.amount
            column[one.award] = column.get(one.award, 0) + change
        for event in decision.events:
            if isinstance(event, AwardReversed):
                place = (decision.campaign, decision.instance)
                self.reversed.add(award_id(*place, event.version, event.row))


def adjustments(
    program: Program, standing: Standing, changes: Iterable[Adjusted]
) -> tuple[Adjustment, ...]:
    """What to take back, or give again, so that every award stands where it must."""
    nets = {change.milestone: change.net for change in changes}
    found: list[Adjustment] = []
    for award in standing.awards.values():
        milestone, _ = program.options.get(award.grant, ("", None))
        if milestone not in nets or award.id in standing.reversed:
            continue
        net = nets[milestone]
        target = 0 if net is None else _owed(program, award, net.minor)
        now = standing.stands[award.id]
        if target != now:
            found.append(
                Adjustment(
                    award=award.id,
                    to=award.to,
                    asset=award.asset,
                    amount=abs(target - now),
                    way=BACK if target < now else AGAIN,
                )
            )
    return tuple(found)


def rows(
    program: Program, prefix: str, first: int, found: Iterable[Adjustment], standing: Standing
) -> tuple[list[Transfer], dict[QuotaKey, int]]:
    """The ledger rows of adjustments, and how they change what is used of budget and stocks.

    What is given again is not taken from the budget here: that may fall short.

    Args:
        program: that the instance is pinned to.
        prefix: of the ids of the command's rows.
        first: the number of the first of these.
        found: from `adjustments`.
        standing: what the instance has given.
    """
    transfers: list[Transfer] = []
    hot: dict[QuotaKey, int] = {}

    def move(source: str, target: str, asset: str, amount: int, award: str) -> None:
        ident = f"{prefix}{first + len(transfers)}"
        transfers.append(Transfer(ident, source, target, asset, amount, reverses=award))

    for one in found:
        award = standing.awards[one.award]
        if one.way in (BORNE, REPAID):
            source, target = BUDGET, f"member/{one.to}"
            if one.way == REPAID:
                source, target = target, source
            move(source, target, one.asset, one.amount, one.award)
            change = one.amount if one.way == BORNE else -one.amount
            hot[program.budget_key] = hot.get(program.budget_key, 0) + change
            continue
        _, option = program.options[award.grant]
        ends = (f"member/{one.to}", option.source)
        source, target = ends if one.way == BACK else ends[::-1]
        move(source, target, one.asset, one.amount, one.award)
        sign = -1 if one.way == BACK else 1
        whole = one.amount == award.amount
        if option.stock is not None and whole:
            hot[option.stock_key] = hot.get(option.stock_key, 0) + sign
        if award.cost is None:
            continue
        cost = one.amount if not option.asset else award.cost.minor if whole else 0
        if cost and one.way == BACK:
            hot[program.budget_key] = hot.get(program.budget_key, 0) - cost
        if cost and option.asset:
            pair = (COST, BUDGET) if one.way == BACK else (BUDGET, COST)
            move(*pair, award.cost.currency, cost, one.award)
    return transfers, hot


def _owed(program: Program, award: Award, net: int) -> int:
    """What an award is of what is left; a fixed one is whole while its milestone holds."""
    if not award.rate:
        return award.amount
    part, whole = Percent.parse(award.rate).share.as_integer_ratio()
    return min(award.amount, divide(net * part, whole, program.rounding))
