"""Cutting an amount by weights so that the parts add up to it exactly.

Three methods, because no one method has every virtue (Balinski & Young, *Fair Representation*,
1982):

====================  ====================  ================  =======================
method                each part within 1    total grows, no   parts known one by one,
                      unit of its ideal     part shrinks      before the last weight
====================  ====================  ================  =======================
`allocate`            yes                   no                no
`allocate_webster`    almost always         yes               no
`allocate_cumulative` yes                   no                yes
====================  ====================  ================  =======================

Laws:
    Conserves: the parts sum to the total, by every method.
    Zero gets zero: a weight of zero has no part, by any method.
    Scale free: weights times a constant give the same parts, by every method.
    Within one: by `allocate`, a part is less than one unit from its ideal share.
    Larger gets more: by `allocate`, the larger of two weights never has the smaller part.
    Monotone: by `allocate_webster`, one unit more enlarges exactly one part.
    Prefixes: by `allocate_cumulative`, every running sum is within half a unit of its ideal.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate
from math import lcm
from typing import overload

from viralcommerce.errors import InexactNumber, InvalidValue
from viralcommerce.values.money import Money
from viralcommerce.values.rounding import Rounding, divide

Weight = int | Fraction
_Method = Callable[[int, list[int]], list[int]]


@overload
def allocate(total: int, weights: Sequence[Weight]) -> tuple[int, ...]: ...
@overload
def allocate(total: Money, weights: Sequence[Weight]) -> tuple[Money, ...]: ...
def allocate(total: int | Money, weights: Sequence[Weight]) -> tuple[int, ...] | tuple[Money, ...]:
    """Cut by largest remainder (Hamilton): the usual choice for prices and refunds.

    Every part is its ideal rounded down; the units left go to the largest remainders, among
    equals to the earliest.

    Args:
        total: minor units or `Money`; units below zero are cut as their magnitude is.
        weights: whole numbers or fractions, none below zero.

    Raises:
        InvalidValue: a weight below zero, or nothing to cut by.
        InexactNumber: a float, as total or weight.

    Example:
        >>> allocate(100, (1, 1, 1))
        (34, 33, 33)
        >>> [str(part) for part in allocate(Money(5, "CNY"), (0, 1))]
        ['CNY 0.00', 'CNY 0.05']
    """
    return _cut(total, weights, _hamilton)


@overload
def allocate_webster(total: int, weights: Sequence[Weight]) -> tuple[int, ...]: ...
@overload
def allocate_webster(total: Money, weights: Sequence[Weight]) -> tuple[Money, ...]: ...
def allocate_webster(
    total: int | Money, weights: Sequence[Weight]
) -> tuple[int, ...] | tuple[Money, ...]:
    """Cut so that no part shrinks when the total grows (Webster, Sainte-Laguë).

    Each next unit goes where ``weight / (2 * part + 1)`` is largest, among equals to the earliest.
    Use it where the pot grows while members watch: by largest remainder, 10 units over 6 : 6 : 2
    are 4, 4, 2 but 11 are 5, 5, 1 (the Alabama paradox).

    Args:
        total: minor units or `Money`; units below zero are cut as their magnitude is.
        weights: whole numbers or fractions, none below zero.

    Raises:
        InvalidValue: a weight below zero, or nothing to cut by.
        InexactNumber: a float, as total or weight.

    Example:
        >>> allocate_webster(10, (6, 6, 2)), allocate_webster(11, (6, 6, 2))
        ((5, 4, 1), (5, 5, 1))
    """
    return _cut(total, weights, _webster)


@overload
def allocate_cumulative(total: int, weights: Sequence[Weight]) -> tuple[int, ...]: ...
@overload
def allocate_cumulative(total: Money, weights: Sequence[Weight]) -> tuple[Money, ...]: ...
def allocate_cumulative(
    total: int | Money, weights: Sequence[Weight]
) -> tuple[int, ...] | tuple[Money, ...]:
    """Cut in a row: each running sum is rounded (half up), a part is the step between two.

    What was given so far is always right to within half a unit, which suits parts handed out one
    after another: partial refunds end at the total whatever came before. The order matters.

    Args:
        total: minor units or `Money`; units below zero are cut as their magnitude is.
        weights: whole numbers or fractions, none below zero.

    Raises:
        InvalidValue: a weight below zero, or nothing to cut by.
        InexactNumber: a float, as total or weight.

    Example:
        >>> allocate_cumulative(100, (1, 1, 1, 1, 1, 1, 1))
        (14, 15, 14, 14, 14, 15, 14)
    """
    return _cut(total, weights, _cumulative)


def _cut(
    total: int | Money, weights: Sequence[Weight], method: _Method
) -> tuple[int, ...] | tuple[Money, ...]:
    if type(total) is Money:
        return tuple(Money(part, total.currency) for part in _signed(total.minor, weights, method))
    if type(total) is not int:
        raise InexactNumber(f"allocate: {total!r:.60} is not exact; give minor units or Money")
    return tuple(_signed(total, weights, method))


def _signed(total: int, weights: Sequence[Weight], method: _Method) -> list[int]:
    whole = _whole(weights)
    if total == 0:
        return [0] * len(whole)
    if not any(whole):
        raise InvalidValue(
            f"allocate: {total} by weights that are all zero or none; give one above zero"
        )
    if total < 0:
        return [-part for part in method(-total, whole)]
    return method(total, whole)


def _whole(weights: Sequence[Weight]) -> list[int]:
    """The weights in the same proportion, as whole numbers."""
    for index, weight in enumerate(weights):
        if type(weight) is not int and not isinstance(weight, Fraction):
            raise InexactNumber(
                f"allocate: weights[{index}] is {weight!r:.40}; give whole numbers or Fractions"
            )
        if weight < 0:
            raise InvalidValue(f"allocate: weights[{index}] is {weight}, below zero")
    scale = lcm(*(weight.denominator for weight in weights))
    return [weight.numerator * (scale // weight.denominator) for weight in weights]


def _hamilton(total: int, weights: list[int]) -> list[int]:
    everything = sum(weights)
    parts, rests = [], []
    for weight in weights:
        part, rest = divmod(total * weight, everything)
        parts.append(part)
        rests.append(rest)
    left = total - sum(parts)
    for index in sorted(range(len(weights)), key=lambda index: -rests[index])[:left]:
        parts[index] += 1
    return parts


def _webster(total: int, weights: list[int]) -> list[int]:
    """Start from ideals rounded half down, which is Webster's answer for *their* sum; then mend.

    At most one step for every two weights, so that large totals cost no more than small ones.
    """
    everything = sum(weights)
    parts = [divide(total * weight, everything, Rounding.HALF_DOWN) for weight in weights]
    missing = total - sum(parts)
    if missing > 0:
        _hand_out(missing, parts, weights)
    elif missing < 0:
        _take_back(-missing, parts, weights)
    return parts


def _hand_out(units: int, parts: list[int], weights: list[int]) -> None:
    queue = [
        (-Fraction(weight, 2 * part + 1), index)
        for index, (weight, part) in enumerate(zip(weights, parts, strict=True))
    ]
    heapq.heapify(queue)
    for _ in range(units):
        index = queue[0][1]
        parts[index] += 1
        heapq.heapreplace(queue, (-Fraction(weights[index], 2 * parts[index] + 1), index))


def _take_back(units: int, parts: list[int], weights: list[int]) -> None:
    queue = [
        (Fraction(weight, 2 * part - 1), -index)
        for index, (weight, part) in enumerate(zip(weights, parts, strict=True))
        if part
    ]
    heapq.heapify(queue)
    for _ in range(units):
        index = -queue[0][1]
        parts[index] -= 1
        if parts[index]:
            heapq.heapreplace(queue, (Fraction(weights[index], 2 * parts[index] - 1), -index))
        else:
            heapq.heappop(queue)


def _cumulative(total: int, weights: list[int]) -> list[int]:
    everything = sum(weights)
    reached = [divide(total * upto, everything, Rounding.HALF_UP) for upto in accumulate(weights)]
    return [after - before for before, after in zip([0, *reached], reached, strict=False)]
