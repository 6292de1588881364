"""The laws of values/rounding.py, by their names: one test a law."""

from decimal import Context, Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from viralcommerce.values.rounding import Rounding, divide

numerators = st.one_of(st.integers(-100, 100), st.integers(-(10**18), 10**18))
denominators = st.one_of(st.integers(-20, -1), st.integers(1, 20), st.integers(1, 10**9))


@given(numerators, denominators, st.sampled_from(Rounding))
def test_within_one(numerator: int, denominator: int, rounding: Rounding) -> None:
    error = abs(divide(numerator, denominator, rounding) - Fraction(numerator, denominator))
    assert error < 1
    if rounding.startswith("half"):
        assert error <= Fraction(1, 2)


@given(numerators, st.sampled_from([1, 2, 4, 5, 8, 10, -2, -5, -10]), st.sampled_from(Rounding))
@example(5, 2, Rounding.HALF_DOWN)
@example(-5, 2, Rounding.HALF_EVEN)
def test_as_decimal(numerator: int, denominator: int, rounding: Rounding) -> None:
    wide = Context(prec=60)
    quotient = wide.divide(Decimal(numerator), Decimal(denominator))
    expected = quotient.to_integral_value(f"ROUND_{rounding.upper()}", wide)
    assert divide(numerator, denominator, rounding) == expected
