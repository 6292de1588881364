"""What one instance costs, line by line: bounds that hold, and a mean that says how exact it is.

All amounts are minor units. An *award* here is what a grant makes each time its milestone is
reached, as far as its limits, its stock and its substitute let it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from viralcommerce.campaign import Campaign
from viralcommerce.readings import clauses
from viralcommerce.rules.extent import Life, Times
from viralcommerce.rules.grants import Grant, Line
from viralcommerce.rules.limits import CAMPAIGN, FOREVER, MEMBER, PAIR, Cap, Limit, Unlimited
from viralcommerce.rules.rewards import Reward
from viralcommerce.rules.split_odds import Chances
from viralcommerce.values.rounding import Rounding, divide

NONE: Final = Fraction(0)
NEVER: Final = Times(0, 0)


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean, and how far the true one may be from it."""

    value: Fraction = NONE
    within: Fraction = NONE

    def __add__(self, other: Mean) -> Mean:
        return Mean(self.value + other.value, self.within + other.within)

    def times(self, factor: Fraction | int) -> Mean:
        """So many of it."""
        return Mean(self.value * factor, self.within * factor)


@dataclass(frozen=True, slots=True)
class Share:
    """What a grant is of a line: how often it is awarded and what that costs.

    Args:
        awards: how many there are on average.
        mean: what they cost.
        most: how many there are at most.
        worst: what they cost at most.
        each: what one costs at most.
    """

    awards: Mean
    mean: Mean
    most: int
    worst: int
    each: int


@dataclass(frozen=True, slots=True)
class LineCost:
    """What one line costs in one instance.

    Args:
        least: whatever happens, once the instance has begun.
        mean: when it goes its most complete way.
        worst: whatever happens.
        held: whether it is paid out of what the instance held from its beginning.
        grants: what its grants are of it, by name.
    """

    least: int
    mean: Mean
    worst: int
    held: bool = False
    grants: Mapping[str, Share] = field(default_factory=dict[str, Share])


def line_cost(campaign: Campaign, line: Line, life: Life, *, complete: bool) -> LineCost:
    """What a line costs in one life of an instance.

    Args:
        campaign: of the line.
        line: a grant, or several that compete.
        life: how often milestones are reached.
        complete: whether it is the first life, which ends with no more than it needs.
    """
    on = line.options[0].on
    times = life.get(on, NEVER)
    most = bounded_by_caps(campaign, on, times.at_most)
    usual = min(times.at_least if complete else times.at_most, most)
    options = [Priced(campaign, grant, times) for grant in line.options]
    if len(options) > 1:
        return _best(options, usual, most)
    return _single(options[0], times, usual, most)


def bounded_by_caps(campaign: Campaign, milestone: str, times: int) -> int:
    """How often a milestone is reached in one instance, as far as caps let it."""
    bounds = [
        cap.at_most
        for cap in campaign.limits
        if cap.on == milestone and binds_instance(campaign, cap, str(cap.of))
    ]
    return min([times, *bounds])


def binds_instance(campaign: Campaign, bound: Limit | Cap, who: str) -> bool:
    """Whether a bound holds for one instance, whatever else happens in the campaign."""
    if bound.period != FOREVER:
        return False
    if bound.subject == MEMBER:
        return who == campaign.mechanic.owner
    return bound.subject in (CAMPAIGN, campaign.mechanic.scope)


class Priced:
    """One grant on its milestone in one life.

    Args:
        campaign: of the grant.
        grant: whose awards are costed.
        times: how often its milestone is reached, and what that carries.
    """

    def __init__(self, campaign: Campaign, grant: Grant, times: Times) -> None:
        self.campaign = campaign
        self.grant = grant
        self.times = times
        self.from_hold = clauses.from_hold(campaign, grant, grant.give)
        self.can_run_short = clauses.short_of_budget(campaign, grant) or clauses.short_of_stock(
            grant
        )
        bounds = [
            limit.at_most
            for limit in grant.limits
            if binds_instance(campaign, limit, str(grant.to))
        ]
        self.limit = min(bounds, default=None)
        self.stock = None if isinstance(grant.give.supply, Unlimited) else grant.give.supply

    def cost_of(self, reward: Reward, amount: int) -> int:
        """What one costs when its milestone carries an amount."""
        if reward.share is not None:
            part, whole = reward.share.share.as_integer_ratio()
            return divide(amount * part, whole, self.campaign.rounding)
        return 0 if reward.price is None else reward.price.minor

    def cost(self, amount: int) -> int:
        """What one award costs when its milestone carries an amount."""
        return self.cost_of(self.grant.give, amount)

    def dearest(self, amount: int) -> int:
        """What one award costs at most, the substitute included."""
        instead = self.grant.instead
        if instead is None or not self.can_run_short:
            return self.cost(amount)
        return max(self.cost(amount), self.cost_of(instead, amount))

    def beyond_stock(self, most: int) -> int:
        """What one award costs at most when the stock is gone."""
        instead = self.grant.instead
        if instead is None:
            return 0
        return max((self.cost_of(instead, each) for each in self.most_carried(most)), default=0)

    def most_carried(self, most: int) -> list[int]:
        """The greatest amounts that so many awards can carry, each taken by itself."""
        carried = [amount.most for amount in self.times.amounts[: self.times.at_most]]
        return sorted(carried, reverse=True)[:most] if carried else [0] * most

    def within_limits(self, times: int) -> int:
        """How many of so many awards its limits let through, in one instance."""
        return times if self.limit is None else min(times, self.limit)

    def at_most(self, times: int) -> int:
        """How many of so many awards there can be, in one instance, its stock included."""
        bounds = [self.limit, self.stock if self.grant.instead is None else None]
        return min([times, *(bound for bound in bounds if bound is not None)])

    def is_certain(self) -> bool:
        """Whether nothing but the instance itself can withhold it."""
        others = any(limit.subject in (MEMBER, PAIR, CAMPAIGN) for limit in self.grant.limits)
        return self.grant.given is None and not others and not self.can_run_short

    def worst(self, most: int) -> int:
        """What up to so many awards cost at most."""
        each = [self.dearest(amount) for amount in self.most_carried(most)]
        worst = sum(each)
        if self.stock is not None and len(each) > self.stock:
            beyond = self.beyond_stock(len(each))
            if beyond <= self.cost(0):  # the stock may be gone already, but then it costs less
                worst = self.stock * self.cost(0) + (len(each) - self.stock) * beyond
        tied = self._together_at_most(len(each))
        return worst if tied is None or self._substitutes() else min(worst, tied)

    def least(self, certain: int) -> int:
        """What that many awards, which nothing can withhold, cost at least."""
        carried = [amount.least for amount in self.times.amounts[:certain]]
        least = sum(self.cost(amount) for amount in carried or [0] * certain)
        tied = self._together_at_least(certain)
        return least if tied is None else max(least, tied)

    def mean(self, position: int) -> Mean:
        """What the award for reaching the milestone that time costs on average."""
        if self.grant.give.share is None:
            return Mean(Fraction(self.cost(0)))
        amount = self.times.amounts[position]
        share = self.grant.give.share.share
        if share.denominator == 1:
            return Mean(amount.mean * share, amount.within * share)
        law = amount.law()
        if law is not None:
            costs = (self.cost(value) * chance for value, chance in law.items())
            return Mean(sum(costs, NONE))
        return Mean(amount.mean * share, amount.within * share + 1)

    def mean_of(self, awards: int) -> Mean:
        """What the first so many awards cost on average; exact where they share out a total."""
        share, together = self.grant.give.share, self.times.together
        if share is not None and together is not None and awards == len(self.times.amounts):
            if share.share.denominator == 1 and together[0] == together[1]:
                return Mean(together[0] * share.share)
        return sum((self.mean(position) for position in range(awards)), Mean())

    def _substitutes(self) -> bool:
        return self.grant.instead is not None and self.can_run_short

    def _together_at_most(self, awards: int) -> int | None:
        share, together = self.grant.give.share, self.times.together
        if share is None or together is None:
            return None
        others = sorted(amount.least for amount in self.times.amounts)
        carried = together[1] - sum(others[: max(0, len(others) - awards)])
        up, _ = _off(self.campaign.rounding, share.share)
        tied = int(carried * share.share + awards * up)
        return min(tied, carried) if self.from_hold else tied

    def _together_at_least(self, awards: int) -> int | None:
        share, together = self.grant.give.share, self.times.together
        if share is None or together is None or awards < len(self.times.amounts):
            return None
        _, down = _off(self.campaign.rounding, share.share)
        return max(0, -int(-(together[0] * share.share - awards * down) // 1))


def _off(rounding: Rounding, share: Fraction) -> tuple[Fraction, Fraction]:
    """How far above and below the exact share one rounded share can be."""
    all_but_one = Fraction(share.denominator - 1, share.denominator)
    if rounding in (Rounding.DOWN, Rounding.FLOOR):
        return NONE, all_but_one
    if rounding in (Rounding.UP, Rounding.CEILING):
        return all_but_one, NONE
    half = min(all_but_one, Fraction(1, 2))
    return half, half


def _single(option: Priced, times: Times, usual: int, most: int) -> LineCost:
    awards = option.within_limits(most)
    worst = option.worst(awards)
    certain = option.within_limits(min(times.at_least, most)) if option.is_certain() else 0
    expected = option.within_limits(usual)
    if option.stock is not None:
        expected = min(expected, option.stock)
    mean = option.mean_of(expected)
    each = max(map(option.dearest, option.most_carried(awards)), default=0)
    share = Share(Mean(Fraction(expected)), mean, awards, worst, each)
    return LineCost(
        option.least(certain), mean, worst, option.from_hold, {option.grant.name: share}
    )


def _best(options: Sequence[Priced], usual: int, most: int) -> LineCost:
    """Of grants that compete, each time the one that costs most of those that can be made."""
    worst, left = 0, most
    ranked = sorted(
        options, key=lambda option: -max(map(option.dearest, option.most_carried(most)), default=0)
    )
    for option in ranked:
        awards = option.at_most(left)
        worst += sum(map(option.dearest, option.most_carried(awards)))
        left -= awards
    least = 0
    for option in options:
        certain = min(option.times.at_least, most) if option.is_certain() else 0
        least = max(least, option.least(option.within_limits(certain)))
    means = _means_of_best(options, usual)
    if means is None:  # chance and limits together decide who wins: between the bounds
        middle = Fraction(worst, 2)
        mean = Mean(middle, middle)
        means = {option.grant.name: (mean, mean) for option in options}
    else:
        mean = sum((cost for _, cost in means.values()), Mean())
    shares: dict[str, Share] = {}
    for option in options:
        awards = option.at_most(most)
        each = max(map(option.dearest, option.most_carried(awards)), default=0)
        name = option.grant.name
        shares[name] = Share(*means[name], awards, option.worst(awards), each)
    held = any(option.from_hold for option in options)
    return LineCost(least, mean, worst, held, shares)


def _means_of_best(options: Sequence[Priced], usual: int) -> dict[str, tuple[Mean, Mean]] | None:
    """How often each wins, and what that costs; None where that cannot be told exactly."""
    left = [option.at_most(usual) for option in options]
    drawn = any(option.grant.give.share is not None for option in options)
    if drawn and min(left) < usual:
        return None
    found = {option.grant.name: (Mean(), Mean()) for option in options}
    for position in range(usual):
        law = _law(options, position) if drawn else {0: Fraction(1)}
        if law is None:
            return None
        for amount, chance in law.items():
            costs = [option.cost(amount) if left[n] else -1 for n, option in enumerate(options)]
            winner = costs.index(max(costs))
            if costs[winner] < 0:
                continue
            name = options[winner].grant.name
            awards, cost = found[name]
            won = Mean(costs[winner] * chance)
            found[name] = (awards + Mean(chance), cost + won)
            if not drawn:
                left[winner] -= 1
    return found


def _law(options: Sequence[Priced], position: int) -> Chances | None:
    """How likely each amount is, as far as it matters to who wins."""
    amount = options[0].times.amounts[position]
    for option in options:
        others = (each for each in options if each is not option)
        fixed = option.grant.give.share is None
        if fixed and all(each.cost(amount.most) < option.cost(0) for each in others):
            return {amount.least: Fraction(1)}  # it wins whatever is drawn
    return amount.law()
