"""Liability: what a campaign can cost, at least, on average and at worst; exact, without a float.

Laws:
    Whatever happens in an instance, it costs no less than the least and no more than the worst.
    The expected cost is the mean over everything that can be drawn, to within what it says.
    The whole campaign never costs more than its budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from viralcommerce.campaign import Campaign
from viralcommerce.errors import InexactNumber, InvalidRule, InvalidValue
from viralcommerce.readings.boundless import Endless, bounded, endless
from viralcommerce.readings.costs import NONE, LineCost, Mean, bounded_by_caps, line_cost
from viralcommerce.readings.costs_of_all import (
    Many,
    added,
    both,
    counted,
    fewer,
    line_in_all,
    times,
)
from viralcommerce.rules.extent import Life
from viralcommerce.rules.limits import CAMPAIGN, FOREVER, UNLIMITED, Unlimited
from viralcommerce.rules.wording import Words
from viralcommerce.values.money import Money
from viralcommerce.values.rounding import Rounding


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost to the budget.

    Args:
        least: whatever happens.
        expected: on average, in minor units; see `Liability.assumes`.
        within: how far the true mean may be from `expected`; 0 is exact.
        worst: whatever happens; `UNLIMITED` where nothing bounds it.
    """

    least: Money
    expected: Fraction | Unlimited
    within: Fraction
    worst: Money | Unlimited


@dataclass(frozen=True, slots=True)
class Liability:
    """What a campaign can cost.

    Args:
        whole: all instances together, under the budget.
        one: one instance.
        grants: all awards of each grant together, by name; the worst cases of several need not
            happen together.
        one_of: the awards of each grant in one instance, by name.
        instances: how many instances were asked about, as far as caps let them begin.
        assumes: what is taken for granted, in English and in Chinese.
    """

    whole: Cost
    one: Cost
    grants: Mapping[str, Cost]
    one_of: Mapping[str, Cost]
    instances: int | Unlimited
    assumes: tuple[Words, ...]

    @property
    def least(self) -> Money:
        """Of the whole campaign."""
        return self.whole.least

    @property
    def expected(self) -> Fraction | Unlimited:
        """Of the whole campaign, in minor units."""
        return self.whole.expected

    @property
    def worst(self) -> Money | Unlimited:
        """Of the whole campaign."""
        return self.whole.worst


ASSUMES: tuple[Words, ...] = (
    Words(
        "the least and the expected cost count instances that are begun; without a number of "
        "instances the least is nothing",
        "最低成本与期望成本按实际发起的次数计算；未给定发起次数时，最低成本为零",
    ),
    Words(
        "expected: every instance goes its most complete way (all parts taken, the goal reached "
        "with no like more than needed), and every condition is met",
        "期望成本假定每个活动实例都完整进行（全部领完、恰好集满），且条件均满足",
    ),
    Words(
        "limits per member and per pair lower the worst cost where the number of members is "
        "given, and those of the one whose instance it is within it; limits per day, week or "
        "month do not: days are not bounded",
        "给定用户数时，按用户与按两人的限额会降低最高成本，实例所属用户在其实例内的限额亦然；按天、周或月的限额不降低最高成本，因为天数没有上限",
    ),
    Words(
        "a percentage whose whole law is not known, or grants that compete by chance and limits "
        "together, make the expected cost inexact by what is said",
        "按比例计算且分布未知的金额，或同时受随机与限额影响的择优奖励，其期望成本的误差以所注为限",
    ),
    Words(
        "a percentage of orders has no bound but the budget, unless it is said what an order "
        "comes to at most; the expected order is then half of that, to within that half",
        "按订单金额比例发放的奖励，除预算外没有上限，除非给定单笔订单的最高金额；此时期望订单金额取其一半，误差不超过该一半",
    ),
)


def liability(
    campaign: Campaign,
    *,
    instances: int | Unlimited = UNLIMITED,
    members: int | Unlimited = UNLIMITED,
    largest: Money | Unlimited = UNLIMITED,
) -> Liability:
    """What a campaign can cost its budget.

    Args:
        campaign: what is costed.
        instances: how many packs, asks or orders are begun.
        members: how many people take part at most, in whatever roles.
        largest: what an order comes to at most, where a percentage of orders is given: no rule
            bounds that, so without it only the budget bounds what they cost.

    Raises:
        InvalidRule: it gives nothing that costs money, or its mechanic does not say how its
            instances can go.
        InvalidValue: fewer than no instances, or no members.
        CurrencyMismatch: `largest` in another currency than the campaign's.

    Example:
        >>> from viralcommerce import CNY, WHOLE, days
        >>> from viralcommerce import Campaign, Coupon, Grant, Limit, LuckySplit
        >>> from viralcommerce.mechanics import coupon_pack as pack
        >>> rain = Campaign(
        ...     "rain-pack",
        ...     pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
        ...     grants=(
        ...         Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
        ...         Grant(Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED,
        ...               at_most=Limit(5, per=pack.PACK)),
        ...     ),
        ...     budget=CNY(200_000),
        ... )
        >>> cost = liability(rain, instances=100)
        >>> str(cost.one.worst), int(cost.one.expected), str(cost.worst)
        ('CNY 70.00', 7000, 'CNY 7000.00')
        >>> str(liability(rain).worst)
        'CNY 200000.00'
    """
    lives = [(bounded(campaign, life, largest), whole) for life, whole in _lives(campaign)]
    count = _instances(campaign, [life for life, _ in lives], instances, members)
    code = campaign.currency
    costed = [
        [line_cost(campaign, line, life, complete=complete) for line in campaign.lines]
        for life, complete in lives
    ]
    budget = None if isinstance(campaign.budget, Unlimited) else campaign.budget.minor
    least = min(_least(campaign, lines) for lines in costed)
    worst = max(_worst(campaign, lines) for lines in costed)
    mean = sum((line.mean for line in costed[0]), Mean())
    begun = count if isinstance(count, int) else 0
    one_of: dict[str, Cost] = {}
    grants: dict[str, Cost] = {}
    every_mean: Mean | Unlimited = Mean()
    every_worst: Many = 0
    ends: list[Endless] = []
    for index, line in enumerate(campaign.lines):
        ways = [lines[index] for lines in costed]
        sure = min(way.least for way in ways) if len(line.options) == 1 else 0
        in_all = line_in_all(campaign, line, ways, count, members)
        end = endless(campaign, line, largest)
        if end is not None:
            ends.append(end)
            in_all = in_all if count == 0 else end.in_all(in_all)
        every_mean = both(every_mean, in_all.mean)
        every_worst = added(every_worst, in_all.worst)
        for name, (whole_mean, whole_worst) in in_all.grants.items():
            shares = [way.grants[name] for way in ways]
            most = max(share.worst for share in shares)
            one_of[name] = (
                _cost(code, sure, shares[0].mean, most, budget)
                if end is None
                else _cost(code, sure, end.mean, UNLIMITED, budget)
            )
            grants[name] = _cost(code, sure * begun, whole_mean, whole_worst, budget)
    if not ends:
        every_worst = fewer(every_worst, times(worst, count))
    whole = _cost(code, least * begun, every_mean, every_worst, budget)
    one_mean: Mean | Unlimited = mean
    for end in ends:
        one_mean = both(one_mean, end.mean)
    return Liability(
        whole=whole,
        one=_cost(code, least, one_mean, UNLIMITED if ends else worst, budget),
        grants=grants,
        one_of=one_of,
        instances=count,
        assumes=ASSUMES,
    )


def _lives(campaign: Campaign) -> list[tuple[Life, bool]]:
    """The lives that caps leave possible, each with whether it is the most complete of all."""
    if not campaign.currency:
        raise InvalidRule(
            f"{campaign.name}: gives nothing that costs money; give worth= to what has a cost"
        )
    lives = campaign.mechanic.lives()
    if not lives:
        raise InvalidRule(
            f"{campaign.name}: {campaign.mechanic.kind} does not say how its instances can go; "
            "implement lives()"
        )
    possible = [
        (life, n == 0)
        for n, life in enumerate(lives)
        if all(bounded_by_caps(campaign, on, t.at_most) >= t.at_least for on, t in life.items())
    ]
    if not possible:
        raise InvalidRule(f"{campaign.name}: its limits leave no instance a way to go; raise them")
    return possible


def _instances(campaign: Campaign, lives: Sequence[Life], asked: Many, members: Many) -> Many:
    """How many instances can begin: each reaches some milestones for certain, which caps count."""
    for name, said in (("instances", asked), ("members", members)):
        if isinstance(said, bool) or not isinstance(said, int | Unlimited):
            raise InexactNumber(f"liability: {name}={said!r}: give a whole number, or UNLIMITED")
        if isinstance(said, int) and said < 0:
            raise InvalidValue(f"liability: {name}={said}: give 0 or more, or UNLIMITED")
    count: Many = asked
    for cap in campaign.limits:
        certain = min((life[cap.on].at_least if cap.on in life else 0) for life in lives)
        if not certain or cap.period != FOREVER:
            continue
        roles = len(campaign.mechanic.milestones[cap.on].roles)
        each = 1 if cap.subject == CAMPAIGN else counted(cap.subject, roles, members)
        if not isinstance(each, Unlimited):
            count = fewer(count, cap.at_most * each // certain)
    return count


def _least(campaign: Campaign, lines: Sequence[LineCost]) -> int:
    """The least of all lines; what is rounded up after another share may find no room left."""
    down = campaign.rounding in (Rounding.DOWN, Rounding.FLOOR)
    held = 0
    least = 0
    for line in lines:
        if line.held:
            held += 1
        if not line.held or held == 1 or down:
            least += line.least
    return least


def _worst(campaign: Campaign, lines: Sequence[LineCost]) -> int:
    """The worst of all lines; those paid out of the hold are at most what it holds."""
    held = sum(line.worst for line in lines if line.held)
    total = campaign.mechanic.total()
    if total is not None:
        held = min(held, total.minor)
    return held + sum(line.worst for line in lines if not line.held)


def _cost(code: str, least: int, mean: Mean | Unlimited, worst: Many, budget: int | None) -> Cost:
    """A cost as it is told, under the budget."""
    if budget is not None:
        least, worst = min(least, budget), fewer(worst, budget)
        if isinstance(mean, Unlimited) or mean.value - mean.within > budget:
            mean = Mean(Fraction(budget))
        elif mean.value + mean.within > budget:
            low = mean.value - mean.within
            mean = Mean((low + budget) / 2, (budget - low) / 2)
    return Cost(
        Money(least, code),
        UNLIMITED if isinstance(mean, Unlimited) else mean.value,
        NONE if isinstance(mean, Unlimited) else mean.within,
        UNLIMITED if isinstance(worst, Unlimited) else Money(worst, code),
    )
