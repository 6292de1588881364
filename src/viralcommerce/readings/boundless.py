"""Costs of what no rule bounds: a part of an order, which may come to anything."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from viralcommerce.campaign import Campaign
from viralcommerce.errors import CurrencyMismatch
from viralcommerce.readings.costs import NONE, Mean
from viralcommerce.readings.costs_of_all import InAll
from viralcommerce.rules.extent import Amount, Life, Times
from viralcommerce.rules.grants import Line
from viralcommerce.rules.limits import UNLIMITED, Unlimited
from viralcommerce.values.money import Money


@dataclass(frozen=True, slots=True)
class Endless:
    """A line that may cost anything; under a budget, anything up to that.

    Args:
        mean: what it costs on average: the middle of the budget, to within that half.
    """

    mean: Mean | Unlimited

    def in_all(self, line: InAll) -> InAll:
        """The line over all instances, of which there is at least one."""
        return InAll(self.mean, UNLIMITED, dict.fromkeys(line.grants, (self.mean, UNLIMITED)))


def bounded(campaign: Campaign, life: Life, largest: Money | Unlimited) -> Life:
    """A life in which no order comes to more than the largest; to nothing where none is said.

    Raises:
        CurrencyMismatch: the largest in another currency than the campaign's.
    """
    if not isinstance(largest, Unlimited) and largest.currency != campaign.currency:
        raise CurrencyMismatch(
            f"liability: largest={largest} is not in {campaign.currency}; give it in that currency"
        )
    most = 0 if isinstance(largest, Unlimited) else largest.minor
    amount = Amount(0, most, Fraction(most, 2), Fraction(most, 2))
    milestones = campaign.mechanic.milestones
    return {
        on: Times(each.at_least, each.at_most, (amount,) * each.at_most)
        if milestones[on].boundless
        else each
        for on, each in life.items()
    }


def endless(campaign: Campaign, line: Line, largest: Money | Unlimited) -> Endless | None:
    """How a line is costed that gives a part of what nothing bounds; nothing for any other."""
    on = line.options[0].on
    if not isinstance(largest, Unlimited) or not campaign.mechanic.milestones[on].boundless:
        return None
    rewards = [reward for grant in line.options for reward in (grant.give, grant.instead)]
    if all(reward is None or reward.share is None for reward in rewards):
        return None
    if isinstance(campaign.budget, Unlimited):
        return Endless(UNLIMITED)
    half = Fraction(campaign.budget.minor, 2)
    return Endless(Mean(half, half) if half else Mean(NONE))
