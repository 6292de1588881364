"""What every split is, and the words splits share; the kinds are in `splits`."""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from typing import ClassVar, Final

from viralcommerce.errors import InvalidRule, InvalidValue
from viralcommerce.rules.base import Rule
from viralcommerce.rules.extent import Amount, certain
from viralcommerce.rules.split_odds import MOST_OUTCOMES, Chances, Moments, outcomes
from viralcommerce.rules.wording import Words, in_chinese
from viralcommerce.values.dice import Dice
from viralcommerce.values.money import GREATEST, Money
from viralcommerce.values.rounding import Rounding, divide

MOST_PARTS: Final = 100
"""The most parts one amount is cut into, as in WeChat's packets."""


class Split(Rule):
    """How a total is cut into parts. Subclasses are declared ``@rule(kind)``.

    Args:
        total: what is cut.
        parts: how many shares, 1 to `MOST_PARTS`.
        least: what no share is below.
    """

    total: Money
    parts: int
    least: Money
    draws: ClassVar[bool]
    """Whether a share depends on the dice."""

    @abstractmethod
    def share(self, left: int, taken: int, dice: Dice) -> int:
        """The next share, in minor units.

        Args:
            left: minor units that remain before it.
            taken: how many shares are gone already.
            dice: asked at most once, and never for the last share, which is all that remains.

        Raises:
            InvalidValue: when `left` cannot remain after `taken` shares of this split.
        """

    @abstractmethod
    def chances(self, left: int, taken: int) -> Chances:
        """How likely each next share is, in minor units, exactly; raises as `share` does."""

    @abstractmethod
    def most(self) -> int:
        """The greatest share anybody can get, in minor units."""

    @abstractmethod
    def ways(self) -> int:
        """How many different rows of shares there are, at most."""

    @abstractmethod
    def moments(self) -> Moments:
        """Means and variances by position, and how exact they are."""

    def means(self) -> tuple[Fraction, ...]:
        """The mean share of each position, in minor units; see `moments` for how exact."""
        return self.moments().means

    def variances(self) -> tuple[Fraction, ...]:
        """The variance of each position's share, in minor units squared; see `moments`."""
        return self.moments().variances

    def amounts(self) -> tuple[Amount, ...]:
        """What is known of each share, in the order of opening."""
        moments = self.moments()
        if not self.draws:
            return tuple(certain(int(mean)) for mean in moments.means)
        return tuple(
            Amount(self.least.minor, self.most(), mean, moments.within) for mean in moments.means
        )

    def greatest(self) -> Amount:
        """What is known of the greatest share; exact where all outcomes can be listed."""
        least, most = -(-self.total.minor // self.parts), self.most()
        if self.ways() > MOST_OUTCOMES:
            middle = Fraction(least + most, 2)
            return Amount(least, most, middle, most - middle)
        law: dict[int, Fraction] = {}
        for shares, chance in outcomes(self):
            law[max(shares)] = law.get(max(shares), Fraction(0)) + chance
        mean = sum((share * chance for share, chance in law.items()), Fraction(0))
        return Amount(least, most, mean, law=lambda: law)

    @abstractmethod
    def phrase_en(self) -> str:
        """What a member reads, in English."""

    @abstractmethod
    def phrase_zh(self) -> str:
        """What a member reads, in Chinese."""

    def odds(self) -> Words:
        """The bounds and the mean of a share, as a member reads them.

        Example:
            >>> from viralcommerce.rules.splits import LuckySplit
            >>> from viralcommerce.values.money import CNY
            >>> LuckySplit(CNY(60), parts=10, least=CNY(3), how="uniform").odds().en
            'a share is at least ¥3 and at most ¥33, on average ¥6'
        """
        code = self.total.currency
        most = Money(self.most(), code)
        exact = not self.total.minor % self.parts
        mean = Money(divide(self.total.minor, self.parts, Rounding.HALF_EVEN), code)
        means = [divide(*each.as_integer_ratio(), Rounding.HALF_EVEN) for each in self.means()]
        low, high = Money(min(means), code), Money(max(means), code)
        en = f"a share is at least {self.least.shown()} and at most {most.shown()}, on average "
        en += mean.shown() if exact else f"about {mean.shown()}"
        zh = f"每份最低{in_chinese(self.least)}，最高{in_chinese(most)}，平均"
        zh += in_chinese(mean) if exact else f"约{in_chinese(mean)}"
        if high.minor - low.minor > 1:
            en += f"; by the order of opening, {low.shown()} to {high.shown()} on average"
            zh += f"；按领取先后，各份平均在{in_chinese(low)}至{in_chinese(high)}之间"
        return Words(en, zh)


def parts_en(parts: int) -> str:
    """``"1 part"``, ``"10 parts"``."""
    return "1 part" if parts == 1 else f"{parts} parts"


def check_room(total: Money, parts: int, least: Money) -> None:
    """A total that does not hold `least` for every part cannot be; say what would fit."""
    needed = parts * least.minor
    if total.minor >= needed:
        return
    fits: list[str] = []
    if needed <= GREATEST:
        fits.append(f"cut at least {Money(needed, total.currency)}")
    if total.minor >= parts:
        fits.append(f"lower least to {Money(total.minor // parts, total.currency)}")
    if total.minor >= least.minor:
        fits.append(f"cut into at most {parts_en(total.minor // least.minor)}")
    raise InvalidRule(
        f"total: {total} does not hold {parts_en(parts)} of at least {least}; {', or '.join(fits)}"
    )


def impossible(split: Split, left: int, taken: int) -> InvalidValue:
    """What is left does not belong to this split: it was cut by another rule, or miscounted."""
    return InvalidValue(
        f"{split.kind}: {left} minor units cannot be left of {split.total} after {taken} of "
        f"{parts_en(split.parts)}; pass what the shares drawn so far have left",
        left=left,
        taken=taken,
    )
