"""Exact percents: a share of an amount, with the rounding named where it is taken."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Final

import msgspec

from viralcommerce.errors import InexactNumber, InvalidValue
from viralcommerce.values.money import Money
from viralcommerce.values.rounding import Rounding, divide

_PERCENT: Final = r"([0-9]{1,21}(?:\.[0-9]{1,18})?)%"
_SHARE: Final = r"([0-9]{1,19})/([0-9]{1,19})"
_MOST: Final = 2**63 - 1


class Percent(msgspec.Struct, frozen=True, gc=False):
    """A share of an amount, kept as a fraction in lowest terms: 5 % is 1/20, a third is 1/3.

    Make one with `percent` or `Percent.parse`. It may exceed 100 %; it is never below zero.

    Args:
        numerator: of the share (not of the percentage), 0 or more.
        denominator: 1 or more, without a common divisor with the numerator.

    Raises:
        InvalidValue: below zero, or not in lowest terms.
        InexactNumber: a part that is not an int.

    Laws:
        Round trip: ``Percent.parse(str(p)) == p``.
        Whole: ``WHOLE.of(m) == m``.
        Within one: ``p.of(m)`` is less than one minor unit from the exact share.
        Monotone: a larger amount or a larger percent never gives less.

    Example:
        >>> str(percent("7.5")), str(percent(Fraction(100, 3)))
        ('7.5%', '1/3')
        >>> str(percent(5).of(Money(999, "CNY")))
        'CNY 0.50'
    """

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        over, under = self.numerator, self.denominator
        if type(over) is not int or type(under) is not int:
            raise InexactNumber(f"percent: {over!r:.40}/{under!r:.40} must be whole numbers")
        if not (0 <= over <= _MOST and 1 <= under <= _MOST) or gcd(over, under) != 1:
            raise InvalidValue(
                f"percent: {over}/{under} is no share in lowest terms;"
                " use percent() or Percent.parse"
            )

    @staticmethod
    def parse(text: str) -> Percent:
        """Read ``"7.5%"``, or ``"1/3"`` of the whole.

        Raises:
            InvalidValue: another shape.
        """
        if found := re.fullmatch(_PERCENT, text):
            return _from_share(Fraction(found[1]) / 100)
        if (found := re.fullmatch(_SHARE, text)) and int(found[2]):
            return _from_share(Fraction(int(found[1]), int(found[2])))
        raise InvalidValue(f"percent: cannot read {text!r:.60}; write it like '7.5%' or '1/3'")

    @property
    def share(self) -> Fraction:
        """The share of one: 1/20 for 5 %."""
        return Fraction(self.numerator, self.denominator)

    def of(self, amount: Money, *, rounding: Rounding = Rounding.HALF_UP) -> Money:
        """This share of an amount, rounded to a whole minor unit.

        Raises:
            InexactNumber: something other than `Money`.
            InvalidValue: the result is more than an amount can be.

        Example:
            >>> str(Percent.parse("1/3").of(Money(100, "CNY"), rounding=Rounding.CEILING))
            'CNY 0.34'
        """
        if type(amount) is not Money:
            raise InexactNumber(f"percent: {self} of {amount!r:.60}: give Money")
        minor = divide(amount.minor * self.numerator, self.denominator, rounding)
        return Money(minor, amount.currency)

    def __str__(self) -> str:
        hundredfold = Fraction(100 * self.numerator, self.denominator)
        rest, twos, fives = hundredfold.denominator, 0, 0
        while rest % 2 == 0:
            rest, twos = rest // 2, twos + 1
        while rest % 5 == 0:
            rest, fives = rest // 5, fives + 1
        places = max(twos, fives)
        if rest != 1 or places > 18:
            return f"{self.numerator}/{self.denominator}"
        scaled = hundredfold.numerator * 10**places // hundredfold.denominator
        if places == 0:
            return f"{scaled}%"
        whole, part = divmod(scaled, 10**places)
        return f"{whole}.{part:0{places}d}%"

    def __bool__(self) -> bool:
        return self.numerator > 0

    def __lt__(self, other: Percent) -> bool:
        if type(other) is not Percent:
            return NotImplemented
        return self.numerator * other.denominator < other.numerator * self.denominator

    def __le__(self, other: Percent) -> bool:
        if type(other) is not Percent:
            return NotImplemented
        return self.numerator * other.denominator <= other.numerator * self.denominator

    def __gt__(self, other: Percent) -> bool:
        if type(other) is not Percent:
            return NotImplemented
        return self.numerator * other.denominator > other.numerator * self.denominator

    def __ge__(self, other: Percent) -> bool:
        if type(other) is not Percent:
            return NotImplemented
        return self.numerator * other.denominator >= other.numerator * self.denominator


def percent(hundredths: int | str | Decimal | Fraction) -> Percent:
    """``percent(5)`` is five hundredths; ``percent("7.5")`` is exact.

    Args:
        hundredths: a whole number, plain digits, a `Decimal` or a `Fraction`; not below zero.

    Raises:
        InvalidValue: below zero, or no number.
        InexactNumber: a float or a bool.

    Example:
        >>> percent(5) == percent("5.0") == Percent.parse("1/20")
        True
    """
    if isinstance(hundredths, str):
        if not hundredths.endswith("%") and re.fullmatch(_PERCENT, f"{hundredths}%"):
            return Percent.parse(f"{hundredths}%")
        raise InvalidValue(f"percent: {hundredths!r:.60} is no plain number like '7.5'")
    if isinstance(hundredths, Decimal):
        if not hundredths.is_finite() or abs(hundredths.adjusted()) > 18:
            raise InvalidValue(f"percent: {hundredths} is no plain number like 7.5")
        return _from_share(Fraction(hundredths) / 100)
    if type(hundredths) is int or isinstance(hundredths, Fraction):
        return _from_share(Fraction(hundredths) / 100)
    raise InexactNumber(
        f"percent({hundredths!r:.60}): a {type(hundredths).__name__} is not exact;"
        ' give an int, a Decimal, a Fraction, or text like percent("7.5")'
    )


def _from_share(share: Fraction) -> Percent:
    if share < 0:
        raise InvalidValue(f"percent: {share * 100} is below zero")
    return Percent(share.numerator, share.denominator)


WHOLE: Final = percent(100)
"""All of it."""
