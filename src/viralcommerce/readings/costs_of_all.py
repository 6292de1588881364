"""What all awards of a line cost together, over all instances of a campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from viralcommerce.campaign import Campaign
from viralcommerce.readings.costs import NONE, LineCost, Mean, Share
from viralcommerce.rules.grants import Grant, Line
from viralcommerce.rules.limits import (
    CAMPAIGN,
    FOREVER,
    MEMBER,
    PAIR,
    UNLIMITED,
    Cap,
    Limit,
    Unlimited,
)
from viralcommerce.values.money import Money

Many = int | Unlimited
"""A number of things, or of minor units."""


@dataclass(frozen=True, slots=True)
class InAll:
    """What a line costs in all, and each of its grants by name: on average, and at worst."""

    mean: Mean | Unlimited
    worst: Many
    grants: Mapping[str, tuple[Mean | Unlimited, Many]]


def line_in_all(
    campaign: Campaign, line: Line, lives: Sequence[LineCost], count: Many, members: Many
) -> InAll:
    """What all awards of a line cost.

    Args:
        campaign: of the line.
        line: a grant, or several that compete.
        lives: what it costs in each life of one instance, the most complete first.
        count: how many instances there are.
        members: how many take part.
    """
    grants: dict[str, tuple[Mean | Unlimited, Many]] = {}
    mean: Mean | Unlimited = Mean()
    worst: Many = 0
    runs_out = False
    for grant in line.options:
        shares = [life.grants[grant.name] for life in lives]
        grants[grant.name] = _all_of(campaign, grant, shares, count, members)
        mean = both(mean, grants[grant.name][0])
        worst = added(worst, grants[grant.name][1])
        runs_out = runs_out or _runs_out(campaign, grant, shares[0], count)
    worst = fewer(worst, times(max(life.worst for life in lives), count))
    if runs_out and len(line.options) > 1:  # what is gone leaves its turn to the others
        sure = min(life.least for life in lives) * (count if isinstance(count, int) else 0)
        low = (
            sure if isinstance(mean, Unlimited) else max(Fraction(sure), mean.value - mean.within)
        )
        mean = _between(Fraction(low), worst)
        grants = {name: (_between(NONE, most), most) for name, (_, most) in grants.items()}
    return InAll(mean, worst, grants)


def both(left: Mean | Unlimited, right: Mean | Unlimited) -> Mean | Unlimited:
    """One mean and another."""
    if isinstance(left, Unlimited) or isinstance(right, Unlimited):
        return UNLIMITED
    return left + right


def added(left: Many, right: Many) -> Many:
    """One number and another."""
    if isinstance(left, Unlimited) or isinstance(right, Unlimited):
        return UNLIMITED
    return left + right


def _between(low: Fraction, high: Many) -> Mean | Unlimited:
    if isinstance(high, Unlimited):
        return UNLIMITED
    low = min(low, Fraction(high))
    return Mean((low + high) / 2, (high - low) / 2)


def _runs_out(campaign: Campaign, grant: Grant, share: Share, count: Many) -> bool:
    """Whether more awards are expected than the stock or the limits of the campaign allow."""
    bound = fewer(_awards_in_all(campaign, grant), grant.give.supply)
    if isinstance(bound, Unlimited) or not share.awards.value:
        return False
    return isinstance(count, Unlimited) or share.awards.value * count > bound


def _all_of(
    campaign: Campaign, grant: Grant, lives: Sequence[Share], count: Many, members: Many
) -> tuple[Mean | Unlimited, Many]:
    """The mean and the worst cost of all awards of a grant, were it alone."""
    sure = _awards_in_all(campaign, grant)
    bound = fewer(sure, _awards_of(campaign, grant, members))
    stock: Many = grant.give.supply
    beyond = 0 if grant.instead is None else _price(grant.instead.price)
    each = max(share.each for share in lives)
    first = _price(grant.give.price)
    worst = times(max(share.worst for share in lives), count)
    worst = fewer(worst, times(each, bound))
    if not isinstance(stock, Unlimited) and beyond <= first and _is_priced(grant):
        most = fewer(times(max(share.most for share in lives), count), bound)
        rest = UNLIMITED if isinstance(most, Unlimited) else max(0, most - stock)
        after = times(beyond, rest)
        if not isinstance(after, Unlimited):
            worst = fewer(worst, stock * first + after)
    mean = _mean(lives[0], count, sure, stock, beyond)
    if isinstance(worst, Unlimited):
        return mean, worst
    if isinstance(mean, Unlimited) or mean.value > worst:  # who comes how often decides
        mean = _between(NONE, worst)
    return mean, worst


def times(amount: int, count: Many) -> Many:
    """So many times an amount; nothing, however often, is nothing."""
    if isinstance(count, Unlimited):
        return UNLIMITED if amount else 0
    return amount * count


def fewer(left: Many, right: Many) -> Many:
    """The smaller of two."""
    if isinstance(left, Unlimited):
        return right
    return left if isinstance(right, Unlimited) else min(left, right)


def _mean(share: Share, count: Many, bound: Many, stock: Many, beyond: int) -> Mean | Unlimited:
    wanted = share.awards.value
    if not wanted:
        return Mean()
    awards = bound if isinstance(count, Unlimited) else _least(wanted * count, bound)
    if isinstance(awards, Unlimited):
        awards = _least(UNLIMITED, stock) if not beyond else UNLIMITED
    if isinstance(awards, Unlimited):
        return UNLIMITED if share.mean.value else Mean()
    first = _least(Fraction(awards), stock)
    assert isinstance(first, Fraction)
    return share.mean.times(first / wanted) + Mean(beyond * (awards - first))


def _least(left: Fraction | Unlimited, right: Many) -> Fraction | Unlimited:
    if isinstance(right, Unlimited):
        return left
    return Fraction(right) if isinstance(left, Unlimited) else min(left, Fraction(right))


def _awards_in_all(campaign: Campaign, grant: Grant) -> Many:
    """How many awards a grant makes in the whole campaign at most, its stock apart."""
    most: Many = UNLIMITED
    for limit in grant.limits:
        if limit.subject == CAMPAIGN and limit.period == FOREVER:
            most = fewer(most, limit.at_most)
    for cap in campaign.limits:
        if cap.on == grant.on and cap.subject == CAMPAIGN and cap.period == FOREVER:
            most = fewer(most, cap.at_most)
    return most


def _awards_of(campaign: Campaign, grant: Grant, members: Many) -> Many:
    """How many awards a grant makes to so many members at most."""
    most: Many = UNLIMITED
    roles = campaign.mechanic.milestones[grant.on].roles
    bounds: list[Limit | Cap] = [*grant.limits]
    bounds += (cap for cap in campaign.limits if cap.on == grant.on)
    for bound in bounds:
        if bound.period == FOREVER:
            most = fewer(most, times(bound.at_most, counted(bound.subject, len(roles), members)))
    return most


def counted(subject: str, roles: int, members: Many) -> Many:
    """How many subjects of a bound there are among so many members; a pair may be one twice."""
    if subject == MEMBER:
        return members
    if subject == PAIR and roles <= 2 and not isinstance(members, Unlimited):
        return members * members
    return UNLIMITED


def _is_priced(grant: Grant) -> bool:
    """Whether neither its reward nor its substitute depends on what is carried."""
    return grant.give.share is None and (grant.instead is None or grant.instead.share is None)


def _price(price: Money | None) -> int:
    return 0 if price is None else price.minor
