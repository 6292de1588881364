"""Commission schemes: rates, empty seats, and what must be said aloud."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from viralcommerce.errors import InexactNumber, InvalidRule, InvalidValue
from viralcommerce.rules.base import Rule, dump, load
from viralcommerce.spread.levels import (
    LEVELS,
    MORE_THAN_TWO,
    FixedLevels,
    GeometricLevels,
    HeadcountTiers,
    Levels,
    Tier,
)
from viralcommerce.spread.upline import HOUSE, Seat
from viralcommerce.values.money import CNY, JPY, Money
from viralcommerce.values.percent import percent

TWO = (percent(10), percent(5))


def paid(scheme: Levels, base: Money, *upline: str) -> list[tuple[int, str, str]]:
    seats = [Seat(member) for member in upline]
    return [(due.level, due.to, str(due.amount)) for due in scheme.due(base, seats)]


def test_two_levels_of_an_order() -> None:
    assert paid(FixedLevels(TWO), CNY("99.99"), "ann", "cat") == [
        (1, "ann", "CNY 9.99"),
        (2, "cat", "CNY 4.99"),
    ]


def test_a_pool_leaves_the_shop_less_than_a_unit() -> None:
    """EC-105: floored level by level, or the sum once."""
    each, pool = (FixedLevels(TWO, cut=cut) for cut in ("each", "pool"))  # type: ignore[arg-type]
    assert paid(each, CNY("99.99"), "ann", "cat") == [
        (1, "ann", "CNY 9.99"),
        (2, "cat", "CNY 4.99"),
    ]
    assert paid(pool, CNY("99.99"), "ann", "cat") == [
        (1, "ann", "CNY 9.99"),
        (2, "cat", "CNY 5.00"),
    ]
    assert paid(pool, CNY("99.99"), "", "cat") == [(2, "cat", "CNY 5.00")]
    assert paid(each, JPY(19), "ann", "cat") == [(1, "ann", "JPY 1"), (2, "cat", "JPY 0")]


@pytest.mark.parametrize(
    ("vacant", "rows"),
    [
        ("house", [(1, HOUSE, "CNY 10.00"), (2, "cat", "CNY 5.00")]),
        ("roll_up", [(1, "cat", "CNY 10.00"), (2, "eve", "CNY 5.00")]),
        ("forfeit", [(2, "cat", "CNY 5.00")]),
    ],
)
def test_an_empty_seat(vacant: Any, rows: list[tuple[int, str, str]]) -> None:
    """EC-60: the inviter was disabled between the invitation and the order."""
    assert paid(FixedLevels(TWO, vacant=vacant), CNY(100), "", "cat", "eve") == rows


def test_above_the_root_nobody_sits() -> None:
    assert paid(FixedLevels(TWO), CNY(100)) == []
    assert paid(FixedLevels(TWO, vacant="roll_up"), CNY(100), "ann") == [(1, "ann", "CNY 10.00")]
    assert paid(FixedLevels(TWO, vacant="house"), CNY(100), "ann") == [
        (1, "ann", "CNY 10.00"),
        (2, HOUSE, "CNY 5.00"),
    ]


def test_the_tenth_friend_earns_more() -> None:
    scheme = HeadcountTiers((Tier(1, percent(5)), Tier(10, percent(8))))
    for friend, amount in ((1, "CNY 5.00"), (9, "CNY 5.00"), (10, "CNY 8.00"), (11, "CNY 8.00")):
        (due,) = scheme.due(CNY(100), [Seat("ann", friend), Seat("cat")])
        assert (due.to, str(due.amount), due.rate) == ("ann", amount, scheme.rate(1, friend))


@pytest.mark.parametrize(
    ("level", "friend", "said"),
    [
        (0, 1, r"no rate of level 0; choose 1 to \d$"),
        (3, 1, r"no rate of level 3; choose 1 to \d$"),
        (-1, 1, "no rate of level -1"),
        (True, 1, "no rate of level True"),
        (1, 0, "friend 0; the first friend is 1"),
        (1, 1.5, "friend 1.5; the first"),
    ],
)
def test_a_seat_that_there_is_not_has_no_rate(level: Any, friend: Any, said: str) -> None:
    for scheme in (
        FixedLevels(TWO),
        GeometricLevels(percent(8), ratio=percent(50), levels=2),
        HeadcountTiers((Tier(1, percent(5)), Tier(10, percent(8)))),
    ):
        with pytest.raises(InvalidValue, match=rf"^{scheme.kind}: {said}"):
            scheme.rate(level, friend)


def test_what_is_kept_with_the_order_does_not_follow_the_tree() -> None:
    """EC-59: rebinding the buyer changes what later orders come to, and no earlier one."""
    scheme = FixedLevels(TWO)
    earlier = scheme.due(CNY(100), [Seat("ann"), Seat("cat")])
    scheme.due(CNY(100), [Seat("eve")])
    assert [due.to for due in earlier] == ["ann", "cat"]
    assert [str(due.rate) for due in earlier] == ["10%", "5%"], "captured, whatever comes later"


def test_a_third_level_has_to_be_said() -> None:
    three = (*TWO, percent(2))
    with pytest.raises(InvalidRule, match=r"3 paid levels; .* say deeper=MORE_THAN_TWO"):
        FixedLevels(three)
    with pytest.raises(InvalidRule, match="3 paid levels"):
        GeometricLevels(percent(8), ratio=percent(50), levels=3)
    assert FixedLevels(three, deeper=MORE_THAN_TWO).depth == 3
    with pytest.raises(InvalidRule, match=r"2 paid levels; .* leave `deeper` out"):
        FixedLevels(TWO, deeper=MORE_THAN_TWO)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FixedLevels(()), "rates"),
        (lambda: FixedLevels((percent(0),)), "level 1 has 0%"),
        (lambda: FixedLevels((percent(60), percent(60))), "more than the whole order"),
        (lambda: FixedLevels((0.1,)), "rates"),  # type: ignore[arg-type]
        (lambda: GeometricLevels(percent(5), ratio=percent(100), levels=2), "ratio: 100%"),
        (lambda: GeometricLevels(percent(5), ratio=percent(0), levels=2), "ratio: 0%"),
        (lambda: GeometricLevels(percent(5), ratio=percent(5), levels=0), "levels"),
        (lambda: HeadcountTiers(()), "tiers"),
        (lambda: HeadcountTiers((Tier(2, percent(5)),)), "begin at 1 and go up"),
        (lambda: HeadcountTiers((Tier(1, percent(5)),) * 2), "begin at 1, 1"),
        (lambda: HeadcountTiers((Tier(1, percent(101)),)), r"tiers\[0\]: 101%"),
        (lambda: FixedLevels(TWO, vacant="somebody"), "vacant"),  # type: ignore[arg-type]
    ],
)
def test_a_scheme_that_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(InvalidRule, match=said):
        make()


def test_schemes_are_rules_like_any_other() -> None:
    kinds = {kind.kind: kind for kind in LEVELS}
    for scheme in (
        FixedLevels(TWO, vacant="roll_up", cut="pool"),
        GeometricLevels(percent(8), ratio=percent(50), levels=4, deeper=MORE_THAN_TWO),
        HeadcountTiers((Tier(1, percent(5)), Tier(10, percent(8)))),
    ):
        assert load(dump(scheme), Rule, kinds) == scheme
    assert dump(FixedLevels(TWO))["rates"] == ["10%", "5%"]


def test_schemes_say_what_they_pay() -> None:
    two = FixedLevels(TWO)
    assert two.phrase_en() == "of a friend's order 10% to their inviter, 5% to level 2"
    assert two.phrase_zh() == "好友下单，邀请人得10%，第2级得5%"
    tiers = HeadcountTiers((Tier(1, percent(5)), Tier(10, percent(8))))
    assert tiers.phrase_en() == "of a friend's order 5% from friend 1 on, 8% from friend 10 on"
    assert tiers.phrase_zh() == "好友下单，自第1位好友起得5%，自第10位好友起得8%"


def test_the_headline_is_not_the_cost() -> None:
    scheme = FixedLevels((*TWO, percent(2)), deeper=MORE_THAN_TWO)
    assert scheme.expected_share(Fraction(1, 2)) == Fraction(65, 1000)
    assert scheme.expected_share(0) == 0
    with pytest.raises(InvalidValue, match="less than 1"):
        scheme.expected_share(Fraction(1))
    with pytest.raises(InexactNumber, match="give a Fraction"):
        scheme.expected_share(0.5)  # type: ignore[arg-type]


def test_what_cannot_be_paid_on() -> None:
    with pytest.raises(InvalidValue, match="the first friend is 1"):
        Seat("ann", 0)
