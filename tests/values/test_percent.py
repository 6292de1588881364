"""Percents: exact, never a float, the rounding named where it is taken."""

import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from viralcommerce.errors import InexactNumber, InvalidValue
from viralcommerce.values.money import CNY, GREATEST, JPY
from viralcommerce.values.percent import WHOLE, Percent, percent
from viralcommerce.values.rounding import Rounding


def test_five_percent_is_a_twentieth() -> None:
    assert percent(5) == Percent(1, 20) == percent("5") == percent("5.00") == percent(Decimal(5))
    assert percent(5).share == Fraction(1, 20)
    assert percent("7.5").share == Fraction(3, 40)
    assert percent(100) == WHOLE == Percent(1, 1)
    assert percent(0).share == 0
    assert percent(250).of(CNY(2)) == CNY(5)


def test_percents_are_written_as_people_do() -> None:
    assert [str(percent(said)) for said in (5, "7.50", "0.05", 0, 100, 250)] == [
        "5%", "7.5%", "0.05%", "0%", "100%", "250%",
    ]  # fmt: skip
    assert str(percent(Fraction(100, 3))) == "1/3"
    assert str(Percent(1, 2**62)) == f"1/{2**62}"
    assert Percent.parse("1/3").share == Fraction(1, 3)
    assert Percent.parse("2/6") == Percent.parse("1/3")
    assert Percent.parse("7.5%") == percent("7.5")


@pytest.mark.parametrize(
    "text", ["", "5", "5 %", "-5%", "+5%", ".5%", "5.%", "1/0", "1/-3", "1/3%", "\u0665%", "5%\n"]
)
def test_a_percent_is_read_in_two_shapes_only(text: str) -> None:
    with pytest.raises(
        InvalidValue, match=r"percent: cannot read .*; write it like '7.5%' or '1/3'"
    ):
        Percent.parse(text)


@pytest.mark.parametrize(
    "said", ["5%", "", "1/3", "-5", "1e3", Decimal("NaN"), Decimal("1E+400"), Decimal("1E-40")]
)
def test_what_is_no_plain_number_is_no_percent(said: Any) -> None:
    with pytest.raises(InvalidValue, match="is no plain number like"):
        percent(said)


@pytest.mark.parametrize("said", [5.0, 0.05, True, None, CNY(5)])
def test_a_float_is_no_percent(said: Any) -> None:
    """RQ-7."""
    with pytest.raises(InexactNumber, match="is not exact"):
        percent(said)


@pytest.mark.parametrize("said", [-5, Decimal("-0.5"), Fraction(-1, 3)])
def test_no_percent_is_below_zero(said: Any) -> None:
    with pytest.raises(InvalidValue, match="below zero"):
        percent(said)


@pytest.mark.parametrize(
    ("over", "under"), [(2, 40), (-1, 20), (1, 0), (1, -20), (0, 2), (1, 2**63)]
)
def test_a_share_is_in_lowest_terms(over: int, under: int) -> None:
    with pytest.raises(InvalidValue, match="no share in lowest terms"):
        Percent(over, under)
    with pytest.raises(InexactNumber, match="must be whole numbers"):
        Percent(0.05, 1)  # type: ignore[arg-type]


def test_the_rounding_has_a_name() -> None:
    """RQ-8: half up unless said otherwise."""
    price = CNY("9.90")
    assert percent(5).of(price) == CNY("0.50")
    assert percent(5).of(price, rounding=Rounding.DOWN) == CNY("0.49")
    assert percent(5).of(price, rounding=Rounding.HALF_EVEN) == CNY("0.50")
    assert percent(5).of(price, rounding=Rounding.HALF_DOWN) == CNY("0.49")
    assert percent(5).of(JPY(275)) == JPY(14)


def test_a_ratio_is_exact_until_the_end() -> None:
    """EC-19: a third rounded to 0.33 before multiplying would give 99.00."""
    assert Percent.parse("1/3").of(CNY(300)) == CNY(100)


def test_percent_of_each_line_is_not_percent_of_the_sum() -> None:
    """EC-20: four lines of 0.26 are 1.04 by line and 1.02 by sum; the host picks, knowing it."""
    line, half = CNY("0.51"), percent(50)
    assert sum([half.of(line)] * 4) == CNY("1.04")
    assert half.of(line * 4) == CNY("1.02")


def test_a_percent_of_much_money_does_not_overflow() -> None:
    """EC-22: 85 % of \u00a5252,645 passes 2^31 on the way."""
    assert percent(85).of(CNY(252_645)) == CNY("214748.25")
    assert percent(85).of(JPY(GREATEST)).minor == 7839866231326559436
    with pytest.raises(InvalidValue, match="no store can hold it"):
        percent(101).of(JPY(GREATEST))


@pytest.mark.parametrize("amount", [100, 1.0, "CNY 1.00", None])
def test_a_percent_is_of_money(amount: Any) -> None:
    with pytest.raises(InexactNumber, match=r"5% of .*: give Money"):
        percent(5).of(amount)


def test_percents_have_an_order() -> None:
    assert percent(5) < percent("5.1") <= percent("5.1") < WHOLE
    assert WHOLE > percent(5) >= percent(5)
    assert not percent(5) > percent(5)
    assert max(percent(5), percent(1)) == percent(5)
    some: Any = percent(5)
    for wrong in (lambda: some < 5, lambda: some <= 5, lambda: some > 5, lambda: some >= 5):
        with pytest.raises(TypeError):
            wrong()


def test_a_percent_is_a_frozen_value() -> None:
    assert {percent(5): "five"}[percent("5.0")] == "five"
    assert pickle.loads(pickle.dumps(percent(5))) == percent(5)
    assert percent(5)
    assert not percent(0)
    with pytest.raises(AttributeError):
        percent(5).numerator = 2  # type: ignore[misc]
