"""What every split is, and the words splits share; the kinds are in `splits`."""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from typing import ClassVar, Final

from viralcommerce.errors import InvalidRule, InvalidValue
from viralcommerce.rules.base import Rule
from viralcommerce.rules.split_odds import Chances, Moments
from viralcommerce.values.dice import Dice
from viralcommerce.values.money import GREATEST, Money

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

    @abstractmethod
    def phrase_en(self) -> str:
        """What a member reads, in English."""

    @abstractmethod
    def phrase_zh(self) -> str:
        """What a member reads, in Chinese."""


_ZH_UNITS: Final = {
    "CNY": "元",
    "HKD": "港元",
    "MOP": "澳门元",
    "TWD": "新台币",
    "USD": "美元",
    "EUR": "欧元",
    "GBP": "英镑",
    "JPY": "日元",
    "KRW": "韩元",
    "SGD": "新加坡元",
    "THB": "泰铢",
    "MYR": "林吉特",
}


def in_chinese(amount: Money) -> str:
    """An amount as a Chinese sentence has it; whole amounts without decimals.

    Example:
        >>> from viralcommerce.values.money import CNY
        >>> in_chinese(CNY(60)), in_chinese(CNY("3.50"))
        ('60元', '3.50元')
    """
    unit = _ZH_UNITS.get(amount.currency)
    if unit is None:
        return str(amount)
    whole = amount.major.to_integral_value()
    return f"{whole if whole == amount.major else amount.major}{unit}"


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
