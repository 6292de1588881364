"""Splits: how an amount is cut among those who open it, one after the other.

A split is asked for one share at a time, so that only what has happened is stored: how much is
left, and how many shares are gone. Whatever the split, and whoever comes when:

Laws:
    Conserves: the shares of all parts add up to the total, to the last minor unit.
    None below least: every share is at least ``least``, and that is at least one minor unit.
    None above most: no share exceeds ``most()``, and some outcome has one that reaches it.
    Share draws its chances: ``share`` answers every share just as often as ``chances`` says.
    Same dice same share: a share depends on the rule, what is left, and the dice; nothing else.

============= ==================================================== ===========================
split         the shares                                           chance
============= ==================================================== ===========================
EqualSplit    as equal as whole minor units allow, the odd ones    none
              to the first
LuckySplit    at random, none below ``least``                      one draw a share, last none
LadderSplit   as listed                                            none
WeightedSplit in proportion, by largest remainder                  none
============= ==================================================== ===========================
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, groupby
from math import comb
from typing import Annotated, Final, Literal

from pydantic import Field

from viralcommerce.errors import InvalidRule
from viralcommerce.rules import split_odds
from viralcommerce.rules.base import rule
from viralcommerce.rules.extent import Amount
from viralcommerce.rules.fields import Count, MoneyField
from viralcommerce.rules.split_family import (
    MOST_PARTS,
    Split,
    check_room,
    impossible,
    parts_en,
)
from viralcommerce.rules.split_odds import Chances, Moments
from viralcommerce.rules.wording import in_chinese
from viralcommerce.values.allocate import allocate
from viralcommerce.values.dice import Dice
from viralcommerce.values.money import CNY, Money

__all__ = [
    "MOST_PARTS",
    "SPLITS",
    "EqualSplit",
    "LadderSplit",
    "LuckySplit",
    "Split",
    "WeightedSplit",
]

Parts = Annotated[int, Field(strict=True, ge=1, le=MOST_PARTS)]
Shares = Annotated[tuple[MoneyField, ...], Field(min_length=1, max_length=MOST_PARTS)]
Weights = Annotated[tuple[Count, ...], Field(min_length=1, max_length=MOST_PARTS)]

_MOST_WORK: Final = 400_000
_UNSAID: Final = CNY.zero  # known by identity: no currency has a smallest amount of zero


class _FixedSplit(Split):
    """A split whose shares are known beforehand, in the order of opening."""

    draws = False
    _row: tuple[int, ...]
    _rest: tuple[int, ...]

    def _fix(self, row: Sequence[int], currency: str) -> None:
        settle = object.__setattr__
        settle(self, "_row", tuple(row))
        settle(self, "_rest", tuple(accumulate(reversed(row)))[::-1])
        settle(self, "least", Money(min(row), currency))

    def share(self, left: int, taken: int, dice: Dice) -> int:
        """The next share in the row; the dice are not asked."""
        if not 0 <= taken < self.parts or left != self._rest[taken]:
            raise impossible(self, left, taken)
        return self._row[taken]

    def chances(self, left: int, taken: int) -> Chances:
        """The next share in the row, for certain."""
        if not 0 <= taken < self.parts or left != self._rest[taken]:
            raise impossible(self, left, taken)
        return {self._row[taken]: Fraction(1)}

    def most(self) -> int:
        """The greatest share of the row, in minor units."""
        return max(self._row)

    def ways(self) -> int:
        """One row of shares and no other."""
        return 1

    def moments(self) -> Moments:
        """The row itself, which never varies."""
        means = tuple(Fraction(share) for share in self._row)
        return Moments(means, (Fraction(0),) * self.parts, Fraction(0))

    def _listed_en(self) -> str:
        runs = [(len(list(run)), share) for share, run in groupby(self._row)]
        code = self.total.currency
        return ", then ".join(
            Money(share, code).shown()
            if times == 1
            else f"{times} of {Money(share, code).shown()}"
            for times, share in runs
        )

    def _listed_zh(self) -> str:
        runs = [(len(list(run)), share) for share, run in groupby(self._row)]
        code = self.total.currency
        return "、".join(
            in_chinese(Money(share, code)) + ("" if times == 1 else f"（{times}份）")
            for times, share in runs
        )


@rule("equal_split")
class EqualSplit(_FixedSplit):
    """The total in parts as equal as whole minor units allow; the first get the odd units.

    Raises:
        InvalidRule: when there is not a minor unit for every part.

    Example:
        >>> from viralcommerce.values.money import CNY
        >>> split = EqualSplit(CNY(10), parts=3)
        >>> [int(mean) for mean in split.means()]
        [334, 333, 333]
        >>> split.phrase_en()
        '¥10 cut evenly into 3 parts: ¥3.34, then 2 of ¥3.33'
    """

    total: MoneyField
    parts: Parts

    def __post_init__(self) -> None:
        check_room(self.total, self.parts, Money(1, self.total.currency))
        each, odd = divmod(self.total.minor, self.parts)
        row = (each + 1,) * odd + (each,) * (self.parts - odd)
        self._fix(row, self.total.currency)

    def phrase_en(self) -> str:
        """What a member reads, in English."""
        total, least = self.total.shown(), self.least.shown()
        if self.most() == self.least.minor:
            return f"{total} cut into {parts_en(self.parts)} of {least} each"
        return f"{total} cut evenly into {self.parts} parts: {self._listed_en()}"

    def phrase_zh(self) -> str:
        """What a member reads, in Chinese."""
        head = f"{in_chinese(self.total)}平均分成{self.parts}份"
        if self.most() == self.least.minor:
            return f"{head}，每份{in_chinese(self.least)}"
        return f"{head}，按领取先后依次为{self._listed_zh()}"


@rule("ladder_split")
class LadderSplit(_FixedSplit):
    """Shares listed one by one, in the order of opening: the early bird gets the larger.

    Raises:
        InvalidRule: no share, too many, one of nothing, or two currencies.

    Example:
        >>> from viralcommerce.values.money import CNY
        >>> split = LadderSplit((CNY(15), CNY(10), CNY(5)))
        >>> str(split.total), split.most()
        ('CNY 30.00', 1500)
    """

    shares: Shares

    def __post_init__(self) -> None:
        first = self.shares[0]
        for position, share in enumerate(self.shares):
            if share.currency != first.currency:
                raise InvalidRule(
                    f"shares[{position}]: {share} is not in {first.currency} as shares[0] is; "
                    "give all shares in one currency"
                )
            if not share.minor:
                raise InvalidRule(f"shares[{position}]: {share} is nothing; leave it out")
        settle = object.__setattr__
        settle(self, "total", sum(self.shares[1:], start=first))
        settle(self, "parts", len(self.shares))
        self._fix([share.minor for share in self.shares], first.currency)

    def phrase_en(self) -> str:
        """What a member reads, in English."""
        head = f"{self.total.shown()} in {parts_en(self.parts)}"
        return f"{head}, in the order of opening: {self._listed_en()}"

    def phrase_zh(self) -> str:
        """What a member reads, in Chinese."""
        return f"{in_chinese(self.total)}，共{self.parts}份，按领取先后依次为{self._listed_zh()}"


@rule("weighted_split")
class WeightedSplit(_FixedSplit):
    """The total in proportion to whole weights, in the order of opening, by largest remainder.

    Raises:
        InvalidRule: no weight, too many, one below 1, or one too light for a minor unit.

    Example:
        >>> from viralcommerce.values.money import CNY
        >>> [int(mean) for mean in WeightedSplit(CNY(1), weights=(3, 2, 1)).means()]
        [50, 33, 17]
    """

    total: MoneyField
    weights: Weights

    def __post_init__(self) -> None:
        parts = len(self.weights)
        object.__setattr__(self, "parts", parts)
        check_room(self.total, parts, Money(1, self.total.currency))
        row = allocate(self.total.minor, self.weights)
        if not min(row):
            position = row.index(0)
            raise InvalidRule(
                f"weights[{position}]: {self.weights[position]} of {sum(self.weights)} is too "
                f"light for a share of {self.total}; raise it, or cut more"
            )
        self._fix(row, self.total.currency)

    def phrase_en(self) -> str:
        """What a member reads, in English."""
        weights = ":".join(map(str, self.weights))
        return (
            f"{self.total.shown()} in {parts_en(self.parts)} weighted {weights}, "
            f"in the order of opening: {self._listed_en()}"
        )

    def phrase_zh(self) -> str:
        """What a member reads, in Chinese."""
        weights = ":".join(map(str, self.weights))
        return (
            f"{in_chinese(self.total)}按{weights}分成{self.parts}份，"
            f"按领取先后依次为{self._listed_zh()}"
        )


@rule("lucky_split")
class LuckySplit(Split):
    """The total at random, none below `least`: the red packet.

    Args:
        total: what is cut.
        parts: how many shares, 1 to `MOST_PARTS`.
        least: what no share is below; one minor unit unless said.
        how: ``"double_mean"``, the rule WeChat's packets are known for: each share is uniform
            between `least` and twice the mean of what is left, so every position has the same
            mean, and later ones vary more. ``"uniform"``: all ways to cut are equally likely, so
            every position has the same law, and shares vary more. See `split_odds`.

    Raises:
        InvalidRule: when the total does not hold `least` for every part, or in another currency.

    Example:
        >>> from viralcommerce.values.dice import ScriptedDice
        >>> from viralcommerce.values.money import CNY
        >>> split = LuckySplit(CNY(60), parts=10, least=CNY(3))
        >>> split.share(left=6000, taken=0, dice=ScriptedDice([741]))
        741
        >>> split.phrase_en()
        '¥60 cut at random into 10 parts, none below ¥3 (the double-mean rule)'
        >>> split.phrase_zh()
        '60元拼手气红包，共10份，每份不低于3元（二倍均值法）'
    """

    draws = True

    total: MoneyField
    parts: Parts = Field(kw_only=True)
    least: MoneyField = Field(default_factory=lambda: _UNSAID, kw_only=True)
    how: Literal["double_mean", "uniform"] = Field(default="double_mean", kw_only=True)

    def __post_init__(self) -> None:
        total, least = self.total, self.least
        if least is _UNSAID:
            least = Money(1, total.currency)
            object.__setattr__(self, "least", least)
        if least.currency != total.currency:
            raise InvalidRule(
                f"least: {least} is not in the currency of the total, {total}; "
                f"give it in {total.currency}"
            )
        if not least.minor:
            raise InvalidRule(
                f"least: {least} is no share; give at least {Money(1, total.currency)}"
            )
        check_room(total, self.parts, least)

    def share(self, left: int, taken: int, dice: Dice) -> int:
        """The next share, in minor units; with scripted dice, the value of the script."""
        people = self.parts - taken
        least = self.least.minor
        spare = left - people * (least - 1)  # what to cut, were the least one unit
        if not 1 <= people <= spare:
            raise impossible(self, left, taken)
        if people == 1:
            return left
        if self.how == "double_mean":
            return dice.between(least, least + 2 * spare // people - 2)
        return dice.least_of(people - 1, least, least + spare - 2)

    def chances(self, left: int, taken: int) -> Chances:
        """How likely each next share is, in minor units, exactly."""
        people = self.parts - taken
        shift = self.least.minor - 1
        spare = left - people * shift
        if not 1 <= people <= spare:
            raise impossible(self, left, taken)
        if self.how == "double_mean":
            law = split_odds.double_mean_chances(spare, people)
        else:
            law = split_odds.uniform_chances(spare, people)
        return {share + shift: chance for share, chance in law.items()}

    def most(self) -> int:
        """What one gets when all others get the least, in minor units."""
        return self.total.minor - (self.parts - 1) * self.least.minor

    def ways(self) -> int:
        """All ways to cut; the double-mean rule does not reach every one of them."""
        return comb(self._spare() - 1, self.parts - 1)

    def moments(self) -> Moments:
        """Means and variances by position, and how exact they are.

        Uniform is always exact; of the double-mean rule `split_odds.double_mean_moments` tells.
        """
        if self.how == "double_mean":
            moments = split_odds.double_mean_moments(self._spare(), self.parts)
        else:
            moments = split_odds.uniform_moments(self._spare(), self.parts)
        shift = self.least.minor - 1
        return moments._replace(means=tuple(mean + shift for mean in moments.means))

    def amounts(self) -> tuple[Amount, ...]:
        """What is known of each share; its whole law where that is small enough."""
        return tuple(
            dataclasses.replace(amount, law=functools.partial(self._law, position))
            for position, amount in enumerate(super().amounts())
        )

    def greatest(self) -> Amount:
        """What is known of the greatest share; exact for uniform packets of everyday size."""
        if self.how == "double_mean" or self._spare() * self.parts > _MOST_WORK:
            return super().greatest()
        mean = split_odds.uniform_greatest(self._spare(), self.parts) + self.least.minor - 1
        return Amount(-(-self.total.minor // self.parts), self.most(), mean)

    def phrase_en(self) -> str:
        """What a member reads, in English."""
        way = "the double-mean rule" if self.how == "double_mean" else "all cuts equally likely"
        return (
            f"{self.total.shown()} cut at random into {parts_en(self.parts)}, "
            f"none below {self.least.shown()} ({way})"
        )

    def phrase_zh(self) -> str:
        """What a member reads, in Chinese."""
        way = "二倍均值法" if self.how == "double_mean" else "各种分法机会均等"
        return (
            f"{in_chinese(self.total)}拼手气红包，共{self.parts}份，"
            f"每份不低于{in_chinese(self.least)}（{way}）"
        )

    def _law(self, position: int) -> Chances | None:
        spare = self._spare()
        if spare * self.parts > _MOST_WORK:
            return None
        if self.how == "uniform" or position == 0:
            return self.chances(self.total.minor, 0)
        if not split_odds.is_small(spare, self.parts):
            return None
        law = split_odds.double_mean_shares(spare, self.parts, position)
        return {share + self.least.minor - 1: chance for share, chance in law.items()}

    def _spare(self) -> int:
        return self.total.minor - self.parts * (self.least.minor - 1)


SPLITS: Final[tuple[type[Split], ...]] = (EqualSplit, LuckySplit, LadderSplit, WeightedSplit)
"""Every kind of split that ships with the library."""
