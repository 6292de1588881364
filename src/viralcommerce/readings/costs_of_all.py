"""What all awards of one grant cost together, over all instances of a campaign."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from viralcommerce.campaign import Campaign
from viralcommerce.readings.costs import Mean, Share
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import CAMPAIGN, FOREVER, UNLIMITED, Unlimited
from viralcommerce.values.money import Money

Many = int | Unlimited
"""A number of things, or of minor units."""


def all_of(
    campaign: Campaign, grant: Grant, lives: Sequence[Share], count: Many
) -> tuple[Mean | Unlimited, Many]:
    """The mean and the worst cost of all awards of a grant.

    Args:
        campaign: of the grant.
        grant: whose awards are costed.
        lives: what it is of its line in each life of an instance, the most complete first.
        count: how many instances there are.
    """
    bound = _awards_in_all(campaign, grant)
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
    return _mean(lives[0], count, bound, stock, beyond), worst


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
    for limit in grant.at_most:
        if limit.subject == CAMPAIGN and limit.period == FOREVER:
            most = fewer(most, limit.at_most)
    for cap in campaign.limits:
        if cap.on == grant.on and cap.subject == CAMPAIGN and cap.period == FOREVER:
            most = fewer(most, cap.at_most)
    return most


def _is_priced(grant: Grant) -> bool:
    """Whether neither its reward nor its substitute depends on what is carried."""
    return grant.give.share is None and (grant.instead is None or grant.instead.share is None)


def _price(price: Money | None) -> int:
    return 0 if price is None else price.minor
