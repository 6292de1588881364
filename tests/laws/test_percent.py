"""The laws of values/percent.py, by their names: one test a law."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.values.money import Money
from viralcommerce.values.percent import WHOLE, Percent, percent
from viralcommerce.values.rounding import Rounding

hundredths = st.one_of(
    st.integers(0, 200).map(Fraction),
    st.decimals(0, 1_000, places=4).map(Fraction),
    st.fractions(0, 1_000, max_denominator=10_000),
)
percents = hundredths.map(percent)
amounts = st.integers(0, 10**15).map(lambda minor: Money(minor, "CNY"))
roundings = st.sampled_from(Rounding)


@given(percents)
def test_round_trip(some: Percent) -> None:
    assert Percent.parse(str(some)) == some


@given(amounts, roundings)
def test_whole(amount: Money, rounding: Rounding) -> None:
    assert WHOLE.of(amount, rounding=rounding) == amount


@given(percents, amounts, roundings)
def test_within_one(some: Percent, amount: Money, rounding: Rounding) -> None:
    given_out = some.of(amount, rounding=rounding)
    assert given_out.currency == amount.currency
    assert abs(given_out.minor - some.share * amount.minor) < 1


@given(percents, percents, amounts, amounts, roundings)
def test_monotone(
    one: Percent, other: Percent, less: Money, more: Money, rounding: Rounding
) -> None:
    small, large = sorted([one, other])
    less, more = sorted([less, more])
    assert small.of(less, rounding=rounding) <= small.of(more, rounding=rounding)
    assert small.of(less, rounding=rounding) <= large.of(less, rounding=rounding)
