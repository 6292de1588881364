"""Commission schemes: what share of an order goes to whom above the buyer.

*Level* counts from the buyer, whose direct inviter is level 1. The upline is as it is when the
order is placed, and what is due is kept with the order: whoever is rebound, disabled or demoted
afterwards changes nothing that is owed.

Amounts are rounded down, so that nobody is owed more than the printed rate: each level's for
itself (``cut="each"``), or the sum of all first and then the parts of it (``cut="pool"``), which
leaves the shop less than one minor unit an order and may give one level the unit that another's
fraction lacks, a forfeited one's too. What is due depends on the base and nothing
else, so a refund takes back ``f(net before) - f(net now)``, in whatever order refunds come.

=================  =================================  ====================================
scheme             rate of level l                    the cheapest trick
=================  =================================  ====================================
`FixedLevels`      as listed                          buy through a fake friend of one's own
`GeometricLevels`  first × ratio to the l - 1         the same, with a chain of them
`HeadcountTiers`   level 1, by which friend it is     the same, with fake friends before
=================  =================================  ====================================

`viralcommerce.lab.falsify` finds the cheapest trick on any scheme, with its profit.

Laws:
    Within the base: what is due sums to no more than the total rate of the order, in which a
        level that is forfeited counts.
    Vacant levels: nobody is due for an empty seat; the house is due exactly what it would have
        been, a roll-up pays the next who is there, and a forfeit leaves the others what they had.
    Refund order: partial refunds in any order come to what is due for the part that was kept.
    Deeper is said: a scheme that pays a third level is refused unless the call says so.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Annotated, Final, Literal

from pydantic import Field

from viralcommerce.errors import InexactNumber, InvalidRule, InvalidValue
from viralcommerce.rules.base import OneOf, Rule, rule
from viralcommerce.rules.fields import Count, PercentField
from viralcommerce.spread.upline import HOUSE, Due, Seat
from viralcommerce.values.money import Money
from viralcommerce.values.percent import WHOLE, Percent, percent

MORE_THAN_TWO: Final = "more_than_two"
"""What a scheme says that pays a third level or more: ``deeper=MORE_THAN_TWO``."""
MOST_LEVELS: Final = 20
"""The most levels a scheme has."""

Vacant = Literal["house", "roll_up", "forfeit"]
"""Who is due for a level where nobody sits: the shop, the next above who is there, or nobody."""
Cut = Literal["each", "pool"]
Deeper = Literal["", "more_than_two"]

_SILENT: Final = 2


class Levels(Rule):
    """A commission scheme. Subclasses are declared ``@rule(kind)``.

    Args:
        vacant: who is due for a level where nobody sits, or that the tree does not reach.
        cut: whether each level is rounded down, or the sum of all.
    """

    vacant: Vacant
    cut: Cut

    @property
    @abstractmethod
    def depth(self) -> int:
        """How many levels are paid."""

    @abstractmethod
    def rate(self, level: int, friend: int) -> Percent:
        """What a level is due.

        Args:
            level: 1 to `depth`.
            friend: which friend the one below is, from 1 on; see `Seat`.

        Raises:
            InvalidValue: a level that is not paid, or a friend before the first.
        """

    @abstractmethod
    def phrase_en(self) -> str:
        """What a member reads, in English."""

    @abstractmethod
    def phrase_zh(self) -> str:
        """What a member reads, in Chinese."""

    def due(self, base: Money, upline: Sequence[Seat]) -> tuple[Due, ...]:
        """What an order comes to for those above its buyer, level by level.

        Args:
            base: what the rates are of; the order's name for it (list, net) is the caller's.
            upline: from level 1 upward, as far as the tree goes or the scheme asks.
        """
        rows = [(level, to, self.rate(level, friend)) for level, to, friend in self._who(upline)]
        if self.cut == "each":
            minors = [_floor(base, rate.share) for _, _, rate in rows]
        else:
            upto = list(accumulate(rate.share for _, _, rate in rows))
            reached = [_floor(base, share) for share in upto]
            minors = [now - before for before, now in pairwise([0, *reached])]
        return tuple(
            Due(level, to, rate, Money(minor, base.currency))
            for (level, to, rate), minor in zip(rows, minors, strict=True)
            if to
        )

    def _check(self, level: int, friend: int) -> None:
        """Refuse to say the rate of a seat that there is not."""
        if type(level) is not int or not 1 <= level <= self.depth:
            raise InvalidValue(
                f"{self.kind}: no rate of level {level!r:.40}; choose 1 to {self.depth}"
            )
        if type(friend) is not int or friend < 1:
            raise InvalidValue(f"{self.kind}: friend {friend!r:.40}; the first friend is 1")

    def _who(self, upline: Sequence[Seat]) -> Iterator[tuple[int, str, int]]:
        """Level, whoever is due for it if anybody is, and which friend counts."""
        if self.vacant == "roll_up":
            there = [seat for seat in upline if seat.member][: self.depth]
            for level, seat in enumerate(there, 1):
                yield level, seat.member, seat.friend
            return
        for level in range(1, self.depth + 1):
            seat = upline[level - 1] if level <= len(upline) else Seat()
            nobody = HOUSE if self.vacant == "house" else ""
            yield level, seat.member or nobody, seat.friend


def _floor(base: Money, share: Fraction) -> int:
    return base.minor * share.numerator // share.denominator


class _Rated(Levels):
    """A scheme whose levels have one rate each."""

    _rates: tuple[Percent, ...]

    def _settle(self, rates: Sequence[Percent], deeper: str) -> None:
        total = sum((rate.share for rate in rates), Fraction(0))
        if total > WHOLE.share:
            raise InvalidRule(
                f"rates: {', '.join(map(str, rates))} are more than the whole order; lower them"
            )
        for level, rate in enumerate(rates, 1):
            if not rate:
                raise InvalidRule(f"rates: level {level} has 0%; leave it out, or say more")
        if (len(rates) > _SILENT) != (deeper == MORE_THAN_TWO):
            said = "leave `deeper` out" if deeper else "say deeper=MORE_THAN_TWO if it is meant"
            raise InvalidRule(
                f"deeper: {len(rates)} paid levels; where promoters are counted too, two are one"
                f" more than some platforms and laws allow: {said}"
            )
        object.__setattr__(self, "_rates", tuple(rates))

    @property
    def depth(self) -> int:
        return len(self._rates)

    def rate(self, level: int, friend: int) -> Percent:
        self._check(level, friend)
        return self._rates[level - 1]

    def expected_share(self, k: int | Fraction) -> Fraction:
        """The share of revenue that commission comes to on a tree that dies out.

        The headline, the sum of the rates, is what an order costs whose upline is full. With `k`
        new buyers for each, most have a short one: level l is paid on ``k ** l`` of the orders.

        Args:
            k: friends who buy for each who does, 0 or more and below 1.

        Raises:
            InvalidValue: a tree that does not die out has no such mean.
            InexactNumber: a float.

        Example:
            >>> scheme = FixedLevels((percent(10), percent(5)))
            >>> scheme.expected_share(Fraction(1, 2))
            Fraction(1, 16)
        """
        if not isinstance(k, int | Fraction):
            raise InexactNumber(f"levels: k of {k!r:.40} is not exact; give a Fraction")
        if not 0 <= k < 1:
            raise InvalidValue(f"levels: k of {k}; give 0 or more, and less than 1")
        each = (rate.share * k**level for level, rate in enumerate(self._rates, 1))
        return sum(each, Fraction(0))

    def phrase_en(self) -> str:
        return "of a friend's order " + ", ".join(
            f"{rate} to {'their inviter' if level == 1 else f'level {level}'}"
            for level, rate in enumerate(self._rates, 1)
        )

    def phrase_zh(self) -> str:
        return "好友下单，" + "，".join(
            f"{'邀请人' if level == 1 else f'第{level}级'}得{rate}"
            for level, rate in enumerate(self._rates, 1)
        )


@rule("fixed_levels")
class FixedLevels(_Rated):
    """A rate for each level, as listed.

    Args:
        rates: level 1 first; each above 0 %, together at most the whole.
        vacant: who is due where nobody sits; see `Vacant`.
        cut: whether each level is rounded down, or the sum of all.
        deeper: `MORE_THAN_TWO`, to be said for a third level and more.

    Raises:
        InvalidRule: no rate, a rate of nothing, more than the whole, or a third level unsaid.

    Example:
        >>> from viralcommerce.values.money import CNY
        >>> scheme = FixedLevels((percent(10), percent(5)))
        >>> upline = [Seat("ann"), Seat("cat")]
        >>> [f"{due.to} {due.amount}" for due in scheme.due(CNY("99.99"), upline)]
        ['ann CNY 9.99', 'cat CNY 4.99']
    """

    rates: Annotated[tuple[PercentField, ...], Field(min_length=1, max_length=MOST_LEVELS)]
    vacant: Vacant = Field(default="forfeit", kw_only=True)
    cut: Cut = Field(default="each", kw_only=True)
    deeper: Deeper = Field(default="", kw_only=True)

    def __post_init__(self) -> None:
        self._settle(self.rates, self.deeper)


@rule("geometric_levels")
class GeometricLevels(_Rated):
    """A rate that falls by the same ratio from level to level.

    Args:
        first: the rate of level 1.
        ratio: of each level's rate to the one below; above 0 %, below 100 %.
        levels: how many are paid.
        vacant: who is due where nobody sits; see `Vacant`.
        cut: whether each level is rounded down, or the sum of all.
        deeper: `MORE_THAN_TWO`, to be said for a third level and more.

    Raises:
        InvalidRule: a ratio out of bounds, more than the whole, or a third level unsaid.

    Example:
        >>> scheme = GeometricLevels(percent(8), ratio=percent(50), levels=4, deeper=MORE_THAN_TWO)
        >>> [str(scheme.rate(level, 1)) for level in (1, 2, 3, 4)]
        ['8%', '4%', '2%', '1%']
    """

    first: PercentField
    ratio: PercentField = Field(kw_only=True)
    levels: Annotated[int, Field(strict=True, ge=1, le=MOST_LEVELS)] = Field(kw_only=True)
    vacant: Vacant = Field(default="forfeit", kw_only=True)
    cut: Cut = Field(default="each", kw_only=True)
    deeper: Deeper = Field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if not 0 < self.ratio.share < 1:
            raise InvalidRule(f"ratio: {self.ratio}; give more than 0% and less than 100%")
        exact = [self.first.share * self.ratio.share**level for level in range(self.levels)]
        self._settle([percent(share * 100) for share in exact], self.deeper)


@rule("tier")
class Tier(Rule):
    """From which friend on which rate is paid.

    Args:
        at_least: the first friend who counts for it.
        rate: of that friend's orders.
    """

    at_least: Count
    rate: PercentField


@rule("headcount_tiers")
class HeadcountTiers(Levels):
    """One level whose rate depends on the friend: the tenth earns their inviter more.

    Args:
        tiers: in order; the first begins at 1.
        vacant: who is due where nobody sits; see `Vacant`.
        cut: as everywhere; with one level both are the same.

    Raises:
        InvalidRule: tiers out of order, not from 1 on, or a rate above the whole.

    Example:
        >>> scheme = HeadcountTiers((Tier(1, percent(5)), Tier(10, percent(8))))
        >>> str(scheme.rate(1, 9)), str(scheme.rate(1, 10))
        ('5%', '8%')
    """

    tiers: Annotated[
        tuple[Annotated[Tier, OneOf()], ...], Field(min_length=1, max_length=MOST_LEVELS)
    ]
    vacant: Vacant = Field(default="forfeit", kw_only=True)
    cut: Cut = Field(default="each", kw_only=True)

    def __post_init__(self) -> None:
        begins = [tier.at_least for tier in self.tiers]
        if begins[0] != 1 or any(now <= before for before, now in pairwise(begins)):
            raise InvalidRule(
                f"tiers: they begin at {', '.join(map(str, begins))}; begin at 1 and go up"
            )
        for place, tier in enumerate(self.tiers):
            if tier.rate > WHOLE:
                raise InvalidRule(f"tiers[{place}]: {tier.rate} is more than the whole order")

    @property
    def depth(self) -> int:
        return 1

    def rate(self, level: int, friend: int) -> Percent:
        self._check(level, friend)
        return next(tier.rate for tier in reversed(self.tiers) if tier.at_least <= friend)

    def phrase_en(self) -> str:
        return "of a friend's order " + ", ".join(
            f"{tier.rate} from friend {tier.at_least} on" for tier in self.tiers
        )

    def phrase_zh(self) -> str:
        return "好友下单，" + "，".join(
            f"自第{tier.at_least}位好友起得{tier.rate}" for tier in self.tiers
        )


LEVELS: Final[tuple[type[Rule], ...]] = (FixedLevels, GeometricLevels, HeadcountTiers, Tier)
"""Every commission scheme that ships with the library, and what they are made of."""
