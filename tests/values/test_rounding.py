"""Rounding: seven rules, told apart by halves and signs."""

from typing import Any

import pytest

from viralcommerce.errors import InexactNumber, InvalidValue
from viralcommerce.values.rounding import Rounding, divide

HALVES = [-5, -3, -1, 1, 3, 5]
TENTHS = [-19, -11, 11, 19]


@pytest.mark.parametrize(
    ("rounding", "halves", "tenths"),
    [
        ("half_up", [-3, -2, -1, 1, 2, 3], [-2, -1, 1, 2]),
        ("half_even", [-2, -2, 0, 0, 2, 2], [-2, -1, 1, 2]),
        ("half_down", [-2, -1, 0, 0, 1, 2], [-2, -1, 1, 2]),
        ("up", [-3, -2, -1, 1, 2, 3], [-2, -2, 2, 2]),
        ("down", [-2, -1, 0, 0, 1, 2], [-1, -1, 1, 1]),
        ("ceiling", [-2, -1, 0, 1, 2, 3], [-1, -1, 2, 2]),
        ("floor", [-3, -2, -1, 0, 1, 2], [-2, -2, 1, 1]),
    ],
)
def test_each_rule_by_example(rounding: str, halves: list[int], tenths: list[int]) -> None:
    rule = Rounding(rounding)
    assert [divide(number, 2, rule) for number in HALVES] == halves
    assert [divide(-number, -2, rule) for number in HALVES] == halves
    assert [divide(number, 10, rule) for number in TENTHS] == tenths
    assert [divide(number, 1, rule) for number in HALVES] == HALVES


def test_nothing_is_divided_by_zero() -> None:
    with pytest.raises(InvalidValue, match="divide: 7 by zero"):
        divide(7, 0, Rounding.HALF_UP)


@pytest.mark.parametrize(("over", "under"), [(1.0, 2), (1, 2.0), (True, 2), ("1", 2)])
def test_only_whole_numbers_are_divided(over: Any, under: Any) -> None:
    with pytest.raises(InexactNumber, match="takes whole numbers only"):
        divide(over, under, Rounding.HALF_UP)
