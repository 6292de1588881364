"""Allocation against known answers: ``alloc/*``."""

from itertools import pairwise

import pytest

from oracles import oracle
from viralcommerce.values.allocate import allocate, allocate_cumulative, allocate_webster

LARGEST = oracle("alloc/largest_remainder")
CASES = [
    (total, weights, expected)
    for (total, weights), expected in zip(
        LARGEST.given["cases[total_minor_units,weights]"], LARGEST.expect["alloc"], strict=True
    )
]


@pytest.mark.parametrize(("total", "weights", "expected"), CASES)
def test_largest_remainder(total: int, weights: list[int], expected: list[int]) -> None:
    assert list(allocate(total, weights)) == expected


def test_alabama_paradox() -> None:
    """RQ-7: the price of largest remainder is said, and `allocate_webster` does not pay it."""
    known = oracle("alloc/alabama_paradox")
    weights = known.given["weights"]
    for total, expected in known.expect.items():
        assert list(allocate(int(total), weights)) == expected
    assert min(allocate_webster(11, weights)) >= min(allocate_webster(10, weights))


def test_webster() -> None:
    known = oracle("alloc/webster")
    parts = [allocate_webster(total, known.given["weights"]) for total in known.given["totals"]]
    assert [list(row) for row in parts] == known.expect["alloc"]
    for before, after in pairwise(parts):
        assert all(less <= more for less, more in zip(before, after, strict=True))


def test_cumulative() -> None:
    known = oracle("alloc/cumulative")
    total, weights = known.given["total"], known.given["weights"]
    assert list(allocate_cumulative(total, weights)) == known.expect["alloc"]
    assert list(allocate(total, weights)) == known.expect["largest_remainder"]
