"""Amounts: what is exact passes, what is not is refused by type, and nothing is below zero."""

import pickle
from copy import copy
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from viralcommerce.errors import CurrencyMismatch, InexactNumber, InvalidValue
from viralcommerce.values.iso4217 import EXPONENTS, SYMBOLS
from viralcommerce.values.money import (
    BHD,
    CLF,
    CNY,
    EUR,
    GREATEST,
    HKD,
    JPY,
    KWD,
    USD,
    Currency,
    Money,
    currency,
)


def test_a_price_in_major_units_counts_minor_units() -> None:
    """EC-29, RQ-8: 275 yen are 275 yen, and Kuwait has three decimals."""
    assert CNY(60) == Money(6000, "CNY")
    assert CNY("7.41") == CNY(Decimal("7.41")) == CNY.minor(741) == Money(741, "CNY")
    assert JPY(275) == Money(275, "JPY")
    assert KWD("1.234") == Money(1234, "KWD")
    assert CLF("1.2345") == Money(12345, "CLF")


@pytest.mark.parametrize(
    "same", ["7.41", "7.410", "007.41", Decimal("7.41000"), Decimal("741E-2")]
)
def test_one_amount_may_be_written_in_several_ways(same: Any) -> None:
    assert CNY(same) == CNY.minor(741)


def test_a_decimal_may_count_in_tens() -> None:
    assert CNY(Decimal("6E+1")) == CNY(60)
    assert JPY(Decimal("1E+3")) == JPY(1000)
    assert CNY(Decimal("-0.00")) == CNY(0) == CNY(Decimal("0E-9999999"))


@pytest.mark.parametrize(
    "amount", [7.41, 60.0, float("nan"), True, False, None, Fraction(1, 3), [1]]
)
def test_a_float_is_refused_by_type(amount: Any) -> None:
    """RQ-7: the same error for everything that is not exact; it is a TypeError."""
    with pytest.raises(
        InexactNumber, match=r"^CNY\(.*is not exact; give an int, a Decimal, or text"
    ):
        CNY(amount)
    with pytest.raises(TypeError):
        CNY(amount)


@pytest.mark.parametrize("minor", [741.0, True, "741", Decimal(741), None])
def test_minor_units_are_whole_by_type(minor: Any) -> None:
    with pytest.raises(InexactNumber, match="money: minor units must be an int, not"):
        Money(minor, "CNY")


@pytest.mark.parametrize(
    ("unit", "amount", "decimals"),
    [
        (CNY, "7.415", 2),
        (CNY, Decimal("0.001"), 2),
        (CNY, Decimal("1E-999999999"), 2),
        (JPY, "275.5", 0),
        (KWD, "0.0005", 3),
    ],
)
def test_an_amount_finer_than_its_currency_is_refused(
    unit: Currency, amount: Any, decimals: int
) -> None:
    with pytest.raises(InvalidValue, match=f"{unit} has {decimals} decimals; round it first"):
        unit(amount)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "1e3",
        " 1",
        "1 ",
        "1.",
        ".5",
        "1,000",
        "1_000",
        "\u0661",
        "\uff11",
        "NaN",
        "9" * 31,
    ],
)
def test_text_that_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"no amount; write plain digits like '7\.41'"):
        CNY(text)


@pytest.mark.parametrize("amount", [-1, Decimal("-0.01")])
def test_no_price_is_below_zero(amount: Any) -> None:
    with pytest.raises(InvalidValue, match="below zero"):
        CNY(amount)


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), Decimal("-sNaN")])
def test_a_decimal_that_is_no_number_is_refused(amount: Decimal) -> None:
    with pytest.raises(InvalidValue, match="no amount"):
        CNY(amount)


@pytest.mark.parametrize("amount", [GREATEST, Decimal("1E+999999999"), "9" * 30])
def test_more_than_a_store_can_hold_is_refused(amount: Any) -> None:
    with pytest.raises(InvalidValue, match="store can hold"):
        CNY(amount)


def test_the_greatest_amount_is_one_and_no_more() -> None:
    assert JPY(GREATEST).minor == GREATEST
    with pytest.raises(InvalidValue, match="no store can hold it"):
        JPY(GREATEST) + JPY(1)


def test_large_prices_do_not_overflow() -> None:
    """EC-22: \u00a5252,645 at 85 % is where 32 bits end."""
    assert CNY("252645.99") * 85 == CNY("21474909.15")


def test_adding_and_taking_away() -> None:
    assert CNY(60) - CNY("7.41") + CNY.minor(1) == CNY("52.60")
    assert CNY(60) - CNY(60) == CNY(0)
    assert sum([CNY(1), CNY(2), CNY("0.5")]) == CNY("3.50")
    assert sum([], CNY(0)) == CNY(0)
    assert sum([]) == 0
    assert CNY("7.41") * 3 == 3 * CNY("7.41") == CNY("22.23")
    assert CNY(1) * 0 == CNY(0)


def test_taking_more_than_there_is_names_both_amounts() -> None:
    with pytest.raises(
        InvalidValue, match=r"^money: CNY 1.00 - CNY 1.01 is below zero$"
    ) as caught:
        CNY(1) - CNY("1.01")
    assert (caught.value.left, caught.value.right) == (CNY(1), CNY("1.01"))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "mix",
    [
        lambda: CNY(1) + USD(1),
        lambda: CNY(1) - USD(1),
        lambda: CNY(1) < USD(2),
        lambda: CNY(1) <= USD(2),
        lambda: CNY(1) > USD(2),
        lambda: CNY(1) >= USD(2),
        lambda: sum([CNY(1), USD(1)]),
        lambda: max(CNY(1), USD(1)),
    ],
)
def test_two_currencies_never_mix_and_both_are_named(mix: Any) -> None:
    """RQ-8."""
    with pytest.raises(
        CurrencyMismatch, match=r"two currencies, (CNY and USD|USD and CNY)"
    ) as caught:
        mix()
    assert {caught.value.left, caught.value.right} == {"CNY", "USD"}  # type: ignore[attr-defined]


def test_currencies_differ_but_may_be_asked_whether_they_do() -> None:
    assert CNY(1) != USD(1)
    assert CNY(0) != USD(0)
    assert len({CNY(1), USD(1), CNY("1.00")}) == 2


@pytest.mark.parametrize("other", [1, 0, 1.0, "CNY 1.00", None, Decimal(1)])
def test_an_amount_compares_and_adds_with_amounts_only(other: Any) -> None:
    amount: Any = CNY(1)
    for wrong in (
        lambda: amount + other,
        lambda: amount - other,
        lambda: other - amount,
        lambda: amount < other,
        lambda: amount <= other,
        lambda: amount > other,
        lambda: amount >= other,
        lambda: amount / other,
    ):
        with pytest.raises(TypeError):
            wrong()
    assert amount != other


def test_only_the_zero_of_sum_may_stand_before_an_amount() -> None:
    amount: Any = CNY(1)
    assert 0 + amount == amount
    for wrong in (1, 0.0, False):
        with pytest.raises(TypeError):
            wrong + amount


@pytest.mark.parametrize("times", [1.5, True, "2", Decimal(2), CNY(2)])
def test_amounts_multiply_by_whole_numbers_only(times: Any) -> None:
    """EC-19: a ratio is never rounded first and multiplied after."""
    with pytest.raises(InexactNumber, match="multiply by whole numbers only; for shares see"):
        CNY(1) * times
    with pytest.raises(InvalidValue, match="below zero"):
        CNY(1) * -1


def test_a_threshold_is_compared_to_the_last_fen() -> None:
    """EC-21, EC-23: 99.50 is not 100, and 9 is less than 10."""
    assert not CNY("99.50") >= CNY(100)
    assert CNY("99.50") < CNY(100) <= CNY(100)
    assert CNY(9) < CNY(10)
    assert not CNY(10) > CNY(10)
    assert sorted([CNY(10), CNY(9), CNY("9.5")]) == [CNY(9), CNY("9.5"), CNY(10)]


def test_zero_is_false_and_all_else_true() -> None:
    assert not CNY(0)
    assert CNY("0.01")
    assert CNY.zero == CNY(0)
    assert CNY.unit == CNY("0.01")
    assert JPY.unit == JPY(1)


def test_what_is_written_is_read_again() -> None:
    assert str(CNY(60)) == "CNY 60.00"
    assert str(JPY(275)) == "JPY 275"
    assert str(BHD.minor(5)) == "BHD 0.005"
    assert Money.parse("BHD 0.005") == BHD.minor(5)
    assert Money.parse("CNY 60") == CNY(60)
    assert CNY.minor(5).major == Decimal("0.05")
    assert str(CNY(60).major) == "60.00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7.41",
        "CNY7.41",
        "cny 7.41",
        "CNY  7.41",
        "CNY -7.41",
        "CNY 7.",
        " CNY 7",
        "CNY 7.41\n",
    ],
)
def test_an_amount_is_read_in_one_shape_only(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"money: cannot read .*; write it like 'CNY 7.41'"):
        Money.parse(text)


def test_an_unknown_currency_is_refused_everywhere() -> None:
    for make in (lambda: Money(1, "XXX"), lambda: Money.parse("XAU 1"), lambda: currency("ZZZ")):
        with pytest.raises(InvalidValue, match="is no currency; give an ISO 4217 code like 'CNY'"):
            make()
    with pytest.raises(InvalidValue, match=r"'cny' is no currency; did you mean 'CNY'\?"):
        currency("cny")


@pytest.mark.parametrize("code", [None, 156, ["CNY"], CNY])
def test_a_currency_is_named_by_its_code(code: Any) -> None:
    with pytest.raises(InvalidValue, match="is no currency"):
        Money(1, code)
    with pytest.raises(InvalidValue, match="is no currency"):
        currency(code)


def test_a_currency_has_the_exponent_the_standard_says() -> None:
    assert Currency("CNY", 2) == CNY == currency("CNY")
    assert str(CNY) == "CNY"
    with pytest.raises(InvalidValue, match="'JPY' has 0 decimals, asked for 2"):
        Currency("JPY", 2)
    with pytest.raises(InvalidValue, match="'ABC' is no ISO 4217 currency"):
        Currency("ABC", 2)


def test_members_see_a_sign_and_no_idle_zeros() -> None:
    assert CNY("7.41").shown() == "\u00a57.41"
    assert CNY(60).shown() == "\u00a560"
    assert CNY("7.40").shown() == "\u00a57.40"
    assert CNY("0.05").shown() == "\u00a50.05"
    assert CNY(200_000).shown() == "\u00a5200,000"
    assert HKD(8).shown() == "HK$8"
    assert EUR("1234.5").shown() == "\u20ac1,234.50"
    assert KWD("0.5").shown() == "KWD 0.500"
    assert JPY(275).shown() == "JP\u00a5275"


def test_no_two_currencies_share_a_sign() -> None:
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)
    assert set(SYMBOLS) <= set(EXPONENTS)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"minor": -1, "currency": "CNY"}', "never below zero"),
        ('{"minor": 7.41, "currency": "CNY"}', "Expected `int`, got `float`"),
        ('{"minor": 1, "currency": "ZZZ"}', "is no currency"),
        ('{"minor": 9223372036854775808, "currency": "CNY"}', "no store can hold it"),
        ('{"minor": 1}', "missing required field `currency`"),
    ],
)
def test_what_is_decoded_is_checked_too(line: str, said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.json.decode(line, type=Money)


def test_an_amount_is_a_frozen_value() -> None:
    amount = CNY("7.41")
    with pytest.raises(AttributeError):
        amount.minor = 1  # type: ignore[misc]
    with pytest.raises(InvalidValue):
        msgspec.structs.replace(amount, minor=-1)
    assert pickle.loads(pickle.dumps(amount)) == amount == copy(amount)
    assert pickle.loads(pickle.dumps(CNY)) == CNY
    assert repr(amount) == "Money(minor=741, currency='CNY')"
