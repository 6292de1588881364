"""Amounts: whole minor units of one ISO 4217 currency, never below zero, never a float.

    >>> CNY("7.41")
    Money(minor=741, currency='CNY')
    >>> str(CNY(60) - CNY("7.41"))
    'CNY 52.59'

Direction is never a sign: who pays whom is said by the type that carries the amount.
"""

from __future__ import annotations

import functools
import re
from decimal import Decimal
from typing import Final

import msgspec

from viralcommerce.errors import CurrencyMismatch, InexactNumber, InvalidValue
from viralcommerce.values.iso4217 import EXPONENTS, SYMBOLS

GREATEST: Final = 2**63 - 1
"""The most minor units one amount can have: what every store's integer column holds."""

_PLAIN: Final = r"([0-9]+)(?:\.([0-9]+))?"
_WRITTEN: Final = r"([A-Z]{3}) ([0-9]+(?:\.[0-9]+)?)"
_MOST_DIGITS = 30


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount: 741 minor units of CNY are ¥7.41; 741 of JPY are 741 yen.

    Two amounts are equal when both fields are. Adding, subtracting and comparing ask for one
    currency; multiplying asks for a whole number; nothing divides (see `allocate`, `Percent.of`).
    ``sum(amounts)`` works; the sum of none is the int 0. Zero is false, as numbers are.

    Args:
        minor: minor units (fen, cents, yen), 0 to `GREATEST`.
        currency: the ISO 4217 code.

    Raises:
        InvalidValue: below zero, too large, or an unknown currency; when decoded, too.
        InexactNumber: minor units that are not an int.
        CurrencyMismatch: from arithmetic and comparison, naming both currencies.

    Laws:
        Round trip: ``Money.parse(str(m)) == m``, and the same through JSON.
        Adds up: sums count minor units, in any order.
        Never below zero: ``a - b`` is what must be added to b to make a, or an error.

    Example:
        >>> Money(741, "CNY") * 2
        Money(minor=1482, currency='CNY')
        >>> Money(1, "CNY") - Money(2, "CNY")
        Traceback (most recent call last):
        ...
        viralcommerce.errors.InvalidValue: money: CNY 0.01 - CNY 0.02 is below zero
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        minor = self.minor
        try:
            if type(minor) is int and 0 <= minor <= GREATEST and self.currency in EXPONENTS:
                return
        except TypeError:  # a currency that cannot even be hashed
            pass
        raise _unfit(minor, self.currency)

    @staticmethod
    def parse(text: str) -> Money:
        """Read ``"CNY 7.41"``: a code, one blank, an amount in major units.

        Raises:
            InvalidValue: another shape, an unknown currency, or more decimals than it has.
        """
        found = re.fullmatch(_WRITTEN, text)
        if found is None:
            raise InvalidValue(f"money: cannot read {text!r:.60}; write it like 'CNY 7.41'")
        return currency(found[1])(found[2])

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact, with all the decimals of its currency."""
        return Decimal(_plain(self.minor, EXPONENTS[self.currency]))

    def shown(self) -> str:
        """The short text for a member: ``¥7.41``; whole amounts without decimals: ``¥1,000``.

        Example:
            >>> CNY("7.41").shown(), CNY(1000).shown(), KWD("0.5").shown()
            ('¥7.41', '¥1,000', 'KWD 0.500')
        """
        exponent = EXPONENTS[self.currency]
        whole, part = divmod(self.minor, 10**exponent)
        sign = SYMBOLS.get(self.currency) or f"{self.currency} "
        return f"{sign}{whole:,}.{part:0{exponent}d}" if part else f"{sign}{whole:,}"

    def __str__(self) -> str:
        return f"{self.currency} {_plain(self.minor, EXPONENTS[self.currency])}"

    def __bool__(self) -> bool:
        return self.minor > 0

    def __add__(self, other: Money) -> Money:
        if type(other) is not Money:
            return NotImplemented
        if other.currency != self.currency:
            raise _mixed(self, "+", other)
        return Money(self.minor + other.minor, self.currency)

    def __radd__(self, other: int) -> Money:
        """Let ``sum()`` begin with its 0."""
        return self if type(other) is int and other == 0 else NotImplemented

    def __sub__(self, other: Money) -> Money:
        if type(other) is not Money:
            return NotImplemented
        if other.currency != self.currency:
            raise _mixed(self, "-", other)
        minor = self.minor - other.minor
        if minor < 0:
            raise InvalidValue(f"money: {self} - {other} is below zero", left=self, right=other)
        return Money(minor, self.currency)

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            raise InexactNumber(
                f"money: {self} * {times!r:.60}: multiply by whole numbers only;"
                " for shares see Percent.of and allocate"
            )
        if times < 0:
            raise InvalidValue(f"money: {self} * {times} is below zero")
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        if type(other) is not Money:
            return NotImplemented
        if other.currency != self.currency:
            raise _mixed(self, "<", other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        if type(other) is not Money:
            return NotImplemented
        if other.currency != self.currency:
            raise _mixed(self, "<=", other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        if type(other) is not Money:
            return NotImplemented
        if other.currency != self.currency:
            raise _mixed(self, ">", other)
        return self.minor > other.minor

    def __ge__(self, other: Money) -> bool:
        if type(other) is not Money:
            return NotImplemented
        if other.currency != self.currency:
            raise _mixed(self, ">=", other)
        return self.minor >= other.minor


class Currency(msgspec.Struct, frozen=True, gc=False):
    """An ISO 4217 currency; call it with an amount in major units to get `Money`.

    Args:
        code: three capital letters.
        exponent: how many decimals it has; must be what ISO 4217 says.

    Raises:
        InvalidValue: an unknown code, or another exponent than the standard's.

    Example:
        >>> CNY(60).minor, JPY(275).minor, KWD("1.234").minor
        (6000, 275, 1234)
    """

    code: str
    exponent: int

    def __post_init__(self) -> None:
        if EXPONENTS.get(self.code) != self.exponent:
            known = EXPONENTS.get(self.code)
            said = "is no ISO 4217 currency" if known is None else f"has {known} decimals"
            raise InvalidValue(f"currency: {self.code!r:.20} {said}, asked for {self.exponent!r}")

    def __call__(self, amount: int | str | Decimal) -> Money:
        """An amount in major units, exact or an error.

        Args:
            amount: a whole number, plain digits like ``"7.41"``, or a `Decimal`.

        Raises:
            InvalidValue: below zero, more decimals than the currency has, or no number.
            InexactNumber: a float or a bool.
        """
        if type(amount) is int:
            return Money(amount * 10**self.exponent, self.code)
        if isinstance(amount, str):
            return Money(_minor_of_text(amount, self), self.code)
        if isinstance(amount, Decimal):
            return Money(_minor_of_decimal(amount, self), self.code)
        raise InexactNumber(
            f"{self.code}({amount!r:.60}): a {type(amount).__name__} is not exact;"
            f' give an int, a Decimal, or text like {self.code}("7.41")'
        )

    def minor(self, units: int) -> Money:
        """An amount in minor units: ``CNY.minor(741)`` is ¥7.41."""
        return Money(units, self.code)

    @property
    def unit(self) -> Money:
        """The smallest amount there is: ¥0.01, 1 yen."""
        return Money(1, self.code)

    @property
    def zero(self) -> Money:
        """Nothing, in this currency."""
        return Money(0, self.code)

    def __str__(self) -> str:
        return self.code


@functools.cache
def _currency(code: str) -> Currency:
    return Currency(code, EXPONENTS[code])


def currency(code: str) -> Currency:
    """The currency of an ISO 4217 code.

    Raises:
        InvalidValue: no such code.

    Example:
        >>> currency("KWD").exponent
        3
    """
    if type(code) is not str or code not in EXPONENTS:
        raise InvalidValue(f"currency: {_no_currency(code)}")
    return _currency(code)


def _plain(minor: int, exponent: int) -> str:
    if exponent == 0:
        return str(minor)
    whole, part = divmod(minor, 10**exponent)
    return f"{whole}.{part:0{exponent}d}"


def _minor_of_text(text: str, unit: Currency) -> int:
    found = re.fullmatch(_PLAIN, text)
    if found is None or len(text) > _MOST_DIGITS:
        raise InvalidValue(f"{unit}({text!r:.60}): no amount; write plain digits like '7.41'")
    whole, decimals = found[1], found[2] or ""
    kept, lost = decimals[: unit.exponent], decimals[unit.exponent :]
    if lost.strip("0"):
        raise _too_fine(unit, text)
    return int(whole + kept.ljust(unit.exponent, "0"))


def _minor_of_decimal(value: Decimal, unit: Currency) -> int:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise InvalidValue(f"{unit}({value}): no amount")
    if not any(digits):
        return 0
    if sign:
        raise InvalidValue(f"{unit}({value}): below zero")
    if value.adjusted() > _MOST_DIGITS:
        raise InvalidValue(f"{unit}({value}): more than any store can hold")
    shift = exponent + unit.exponent
    number = int("".join(map(str, digits)))
    if shift >= 0:
        minor: int = number * 10**shift
        return minor
    if -shift > len(digits):
        raise _too_fine(unit, value)
    scale: int = 10**-shift
    kept, lost = divmod(number, scale)
    if lost:
        raise _too_fine(unit, value)
    return kept


def _too_fine(unit: Currency, amount: object) -> InvalidValue:
    return InvalidValue(
        f"{unit}({amount!s:.60}): {unit} has {unit.exponent} decimals;"
        " round it first, by a rule you name"
    )


def _mixed(left: Money, sign: str, right: Money) -> CurrencyMismatch:
    return CurrencyMismatch(
        f"money: {left} {sign} {right}: two currencies, {left.currency} and {right.currency};"
        " convert one first, at a rate you record",
        left=left.currency,
        right=right.currency,
    )


def _unfit(minor: object, code: object) -> InvalidValue | InexactNumber:
    if type(minor) is not int:
        return InexactNumber(
            f"money: minor units must be an int, not {minor!r:.60} ({type(minor).__name__})"
        )
    if minor < 0:
        return InvalidValue(f"money: {minor} minor units of {code!s:.20}: never below zero")
    if minor > GREATEST:
        return InvalidValue(f"money: more than {GREATEST} minor units: no store can hold it")
    return InvalidValue(f"money: {_no_currency(code)}")


def _no_currency(code: object) -> str:
    hint = "; give an ISO 4217 code like 'CNY'"
    if isinstance(code, str) and code.upper() in EXPONENTS:
        hint = f"; did you mean {code.upper()!r}?"
    return f"{code!r:.40} is no currency{hint}"


_make = currency
AED, AUD, BHD, BRL = _make("AED"), _make("AUD"), _make("BHD"), _make("BRL")
CAD, CHF, CLF, CNY = _make("CAD"), _make("CHF"), _make("CLF"), _make("CNY")
EUR, GBP, HKD, IDR = _make("EUR"), _make("GBP"), _make("HKD"), _make("IDR")
INR, JPY, KRW, KWD = _make("INR"), _make("JPY"), _make("KRW"), _make("KWD")
MOP, MXN, MYR, NZD = _make("MOP"), _make("MXN"), _make("MYR"), _make("NZD")
PHP, SAR, SGD, THB = _make("PHP"), _make("SAR"), _make("SGD"), _make("THB")
TWD, USD, VND, ZAR = _make("TWD"), _make("USD"), _make("VND"), _make("ZAR")
