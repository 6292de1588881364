"""Rounding against known answers: ``round/*``."""

from fractions import Fraction

import pytest

from oracles import oracle
from viralcommerce.errors import InexactNumber
from viralcommerce.values.money import USD
from viralcommerce.values.rounding import Rounding, divide


def test_float_trap() -> None:
    """RQ-7: what floats get wrong is exact here, and a float is not let in."""
    known = oracle("round/float_trap")
    said = [eval(expression) for expression in known.given["expr"]]  # the trap itself
    assert said == known.expect["value"]

    assert divide(2675, 10, Rounding.HALF_UP) == 268
    assert divide(1005, 10, Rounding.HALF_UP) == 101
    assert USD("0.1") + USD("0.2") == USD("0.3")
    assert USD("19.99").minor == 1999
    assert USD("1.15").minor == 115
    with pytest.raises(InexactNumber):
        USD(2.675)  # type: ignore[arg-type]


def test_bias() -> None:
    known = oracle("round/bias")

    def bias(rounding: Rounding, amounts: range) -> Fraction:
        errors = [divide(tenths, 10, rounding) - Fraction(tenths, 10) for tenths in amounts]
        return sum(errors, Fraction()) / len(errors)

    assert bias(Rounding.HALF_UP, range(1_000)) == known.expect["half_up"]
    assert bias(Rounding.FLOOR, range(1_000)) == known.expect["floor"]
    assert bias(Rounding.HALF_EVEN, range(1_000)) == known.expect["half_even"]
