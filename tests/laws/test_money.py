"""The laws of values/money.py, by their names: one test a law."""

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.errors import InvalidValue
from viralcommerce.values.iso4217 import EXPONENTS
from viralcommerce.values.money import GREATEST, Money, currency

codes = st.one_of(
    st.sampled_from(["CNY", "JPY", "KWD", "CLF"]), st.sampled_from(sorted(EXPONENTS))
)
units = st.one_of(st.integers(0, 1_000), st.integers(0, GREATEST))
amounts = st.builds(Money, units, codes)


@given(amounts)
def test_round_trip(amount: Money) -> None:
    assert Money.parse(str(amount)) == amount
    assert currency(amount.currency)(amount.major) == amount
    assert msgspec.json.decode(msgspec.json.encode(amount), type=Money) == amount


@given(st.lists(st.integers(0, GREATEST // 10), min_size=1, max_size=10), codes, st.randoms())
def test_adds_up(minors: list[int], code: str, shuffled: Random) -> None:
    amounts = [Money(minor, code) for minor in minors]
    total = sum(amounts)
    assert total == Money(sum(minors), code)
    shuffled.shuffle(amounts)
    assert sum(amounts) == total


@given(units, units, codes)
def test_never_below_zero(one: int, other: int, code: str) -> None:
    left, right = Money(one, code), Money(other, code)
    if left < right:
        with pytest.raises(InvalidValue, match="below zero"):
            left - right
    else:
        assert (left - right) + right == left
        assert (left - right).minor >= 0
