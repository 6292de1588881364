"""Allocation: what the vendors of edge-cases 15 to 19 and 31 lost, and what is refused."""

from fractions import Fraction
from typing import Any

import pytest

from viralcommerce.errors import InexactNumber, InvalidValue
from viralcommerce.values.allocate import allocate, allocate_cumulative, allocate_webster
from viralcommerce.values.money import CNY, JPY

METHODS = [allocate, allocate_webster, allocate_cumulative]


def test_a_discount_smaller_than_its_lines_does_not_vanish() -> None:
    """EC-15: one fen over three lines."""
    assert allocate(CNY("0.01"), [100, 100, 100]) == (CNY("0.01"), CNY(0), CNY(0))


def test_a_free_line_gets_no_leftover() -> None:
    """EC-16."""
    assert allocate(CNY("0.05"), [0, 300, 0, 300]) == (CNY(0), CNY("0.03"), CNY(0), CNY("0.02"))


def test_the_remainder_does_not_hang_on_the_last_line() -> None:
    """EC-17, EC-18: leaving out the last line, or having no largest error, loses nothing."""
    assert allocate(100, [1, 1, 0]) == (50, 50, 0)
    assert allocate(100, [50, 50]) == (50, 50)
    assert allocate(100, [7]) == (100,)


def test_ratios_are_not_rounded_first() -> None:
    """EC-19: 10.00 over 1 : 2 at two decimals would be 3.30 and 6.70."""
    assert allocate(CNY(10), [1, 2]) == (CNY("3.33"), CNY("6.67"))


def test_weights_may_be_fractions() -> None:
    assert allocate(99, [Fraction(1, 3)] * 3) == (33, 33, 33)
    assert allocate(10, [Fraction(1, 2), 1, Fraction(1, 6)]) == (3, 6, 1)


def test_ties_go_to_the_earliest() -> None:
    assert allocate(3, [5, 5, 5, 5]) == (1, 1, 1, 0)
    assert allocate_webster(3, [5, 5, 5, 5]) == (1, 1, 1, 0)
    assert allocate_webster(1, [1, 1]) == (1, 0)


def test_webster_takes_back_from_the_latest_among_equals() -> None:
    """Where rounding gives out too much: 3 over seven equals rounds to nothing, 5 over 3 to 6."""
    assert allocate_webster(5, [1, 1, 1]) == (2, 2, 1)
    assert allocate_webster(4, [1, 1, 1, 1, 1, 1, 1]) == (1, 1, 1, 1, 0, 0, 0)
    assert allocate_webster(-5, [1, 1, 1]) == (-2, -2, -1)


def test_webster_does_not_count_up_one_by_one() -> None:
    assert sum(allocate_webster(10**30, [6, 6, 2, 10**9])) == 10**30


def test_below_zero_is_cut_as_its_magnitude() -> None:
    for method in METHODS:
        assert method(-100, [1, 2, 3]) == tuple(-part for part in method(100, [1, 2, 3]))


def test_refunds_in_a_row_end_at_the_total() -> None:
    """RQ-7: every partial refund is right to within half a fen of what is due so far."""
    assert allocate_cumulative(CNY(1), [1, 1, 1]) == (CNY("0.33"), CNY("0.34"), CNY("0.33"))


@pytest.mark.parametrize("method", METHODS)
def test_nothing_may_be_cut_by_nothing(method: Any) -> None:
    assert method(0, [0, 0]) == (0, 0)
    assert method(0, []) == ()
    assert method(JPY(0), [0]) == (JPY(0),)
    for weights in ([], [0], [0, Fraction(0)]):
        with pytest.raises(InvalidValue, match="all zero or none; give one above zero"):
            method(1, weights)


@pytest.mark.parametrize("method", METHODS)
def test_floats_and_weights_below_zero_are_refused(method: Any) -> None:
    """RQ-7."""
    for weights in ([1, 0.5], [1, True], [1, "2"]):
        with pytest.raises(
            InexactNumber, match=r"weights\[1\] is .*; give whole numbers or Fractions"
        ):
            method(1, weights)
    with pytest.raises(InvalidValue, match=r"weights\[0\] is -1, below zero"):
        method(1, [-1, 2])
    for total in (1.0, True, "1", None):
        with pytest.raises(InexactNumber, match="give minor units or Money"):
            method(total, [1])
