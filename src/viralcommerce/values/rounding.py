"""Exact division of whole numbers under a rounding that is always named."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from viralcommerce.errors import InexactNumber, InvalidValue


class Rounding(StrEnum):
    """What happens to the part of a minor unit that cannot be paid.

    ``HALF_UP`` and ``HALF_DOWN`` speak of magnitude, as `decimal` does: a half goes away from
    zero, or toward it. ``UP`` is away from zero, ``DOWN`` toward it; ``CEILING`` and ``FLOOR``
    follow the sign. ``HALF_EVEN`` favors nobody in the long run; of amounts in tenths of a unit,
    ``HALF_UP`` gives 0.05 of a unit too much on average, ``FLOOR`` 0.45 too little.
    """

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    HALF_DOWN = "half_down"
    UP = "up"
    DOWN = "down"
    CEILING = "ceiling"
    FLOOR = "floor"


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """The whole number that stands for ``numerator / denominator``, without a float in between.

    Args:
        numerator: any whole number.
        denominator: any whole number but zero.
        rounding: what to do where it does not divide.

    Raises:
        InvalidValue: the denominator is zero.
        InexactNumber: an argument is not an int.

    Laws:
        Within one: the result differs from the true quotient by less than 1, and by at most 1/2
        for the halves.
        As decimal: it is what `decimal` gives for the same rounding.

    Example:
        >>> divide(5, 2, Rounding.HALF_UP), divide(5, 2, Rounding.HALF_EVEN)
        (3, 2)
        >>> divide(-5, 2, Rounding.HALF_UP), divide(-5, 2, Rounding.FLOOR)
        (-3, -3)
    """
    if type(numerator) is not int or type(denominator) is not int:
        raise InexactNumber(f"divide: {numerator!r} / {denominator!r} takes whole numbers only")
    if denominator == 0:
        raise InvalidValue(f"divide: {numerator} by zero")
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    floor, rest = divmod(numerator, denominator)
    if rest == 0:
        return floor
    return floor + _goes_up(floor, 2 * rest - denominator, rounding)


def _goes_up(floor: int, past_half: int, rounding: Rounding) -> bool:
    """Whether a value strictly between `floor` and the next whole number becomes the latter.

    Args:
        floor: the whole number below.
        past_half: negative below the half, zero on it, positive above.
        rounding: the rule.
    """
    positive = floor >= 0
    match rounding:
        case Rounding.HALF_UP:
            return past_half > 0 or (past_half == 0 and positive)
        case Rounding.HALF_EVEN:
            return past_half > 0 or (past_half == 0 and floor % 2 == 1)
        case Rounding.HALF_DOWN:
            return past_half > 0 or (past_half == 0 and not positive)
        case Rounding.UP:
            return positive
        case Rounding.DOWN:
            return not positive
        case Rounding.CEILING:
            return True
        case Rounding.FLOOR:
            return False
        case _:
            assert_never(rounding)
