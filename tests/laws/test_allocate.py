"""The laws of values/allocate.py, by their names: one test a law."""

from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.values.allocate import allocate, allocate_cumulative, allocate_webster
from viralcommerce.values.money import Money

Weights = list[int | Fraction]
Method = Callable[[int, Weights], tuple[int, ...]]

weights = st.lists(
    st.one_of(
        st.integers(0, 6),
        st.integers(0, 10**12),
        st.fractions(0, 10, max_denominator=60),
    ),
    min_size=1,
    max_size=12,
).filter(any)
totals = st.one_of(st.integers(0, 60), st.integers(-(10**18), 10**18))
methods = st.sampled_from([allocate, allocate_webster, allocate_cumulative])


def ideal(total: int, weights: Weights) -> list[Fraction]:
    return [Fraction(total) * weight / Fraction(sum(weights)) for weight in weights]


@given(totals, weights, methods)
def test_conserves(total: int, weights: Weights, method: Method) -> None:
    """EC-15, EC-17, EC-18, RQ-7: nothing vanishes, nothing appears, whatever is tiny or last."""
    parts = method(total, weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)
    assert all(part * total >= 0 for part in parts)
    amount = Money(abs(total), "CNY")
    assert method(amount, weights) == tuple(Money(abs(part), "CNY") for part in parts)


@given(totals, weights, methods)
def test_zero_gets_zero(total: int, weights: Weights, method: Method) -> None:
    """EC-16: leftover cents never go to a line that is free."""
    for part, weight in zip(method(total, weights), weights, strict=True):
        assert weight > 0 or part == 0


@given(totals, weights, methods, st.fractions("1/1000", 1_000))
def test_scale_free(total: int, weights: Weights, method: Method, scale: Fraction) -> None:
    assert method(total, weights) == method(total, [weight * scale for weight in weights])


@given(totals, weights)
def test_within_one(total: int, weights: Weights) -> None:
    for part, share in zip(allocate(total, weights), ideal(total, weights), strict=True):
        assert abs(part - share) < 1


@given(st.integers(0, 10**18), weights)
def test_larger_gets_more(total: int, weights: Weights) -> None:
    ranked = sorted(zip(weights, allocate(total, weights), strict=True))
    for (lighter, less), (heavier, more) in pairwise(ranked):
        assert less <= more or lighter == heavier


@given(st.one_of(st.integers(0, 200), st.integers(0, 10**15)), weights)
def test_monotone(total: int, weights: Weights) -> None:
    before, after = allocate_webster(total, weights), allocate_webster(total + 1, weights)
    assert max(more - less for less, more in zip(before, after, strict=True)) == 1
    assert all(0 <= more - less <= 1 for less, more in zip(before, after, strict=True))


@given(totals, weights)
def test_prefixes(total: int, weights: Weights) -> None:
    reached = accumulate(allocate_cumulative(total, weights))
    for sofar, share in zip(reached, accumulate(ideal(total, weights)), strict=True):
        assert abs(sofar - share) <= Fraction(1, 2)
