"""The laws of spread/levels.py, by their names: one test a law."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from viralcommerce.errors import InvalidRule
from viralcommerce.spread.levels import (
    MORE_THAN_TWO,
    FixedLevels,
    GeometricLevels,
    HeadcountTiers,
    Levels,
    Tier,
)
from viralcommerce.spread.upline import HOUSE, Seat
from viralcommerce.values.money import CNY
from viralcommerce.values.percent import Percent, percent

rates = st.fractions(Fraction(1, 1000), 25, max_denominator=1000).map(percent)


def deeper(levels: int) -> Any:
    return MORE_THAN_TWO if levels > 2 else ""


@st.composite
def schemes(draw: st.DrawFn, **said: Any) -> Levels:
    how = {
        "vacant": draw(st.sampled_from(["house", "roll_up", "forfeit"])),
        "cut": draw(st.sampled_from(["each", "pool"])),
        **said,
    }
    match draw(st.sampled_from(["fixed", "geometric", "tiers"])):
        case "fixed":
            row = tuple(draw(st.lists(rates, min_size=1, max_size=4)))
            return FixedLevels(row, deeper=deeper(len(row)), **how)
        case "geometric":
            levels = draw(st.integers(1, 5))
            ratio = percent(draw(st.integers(1, 70)))
            return GeometricLevels(
                draw(rates), ratio=ratio, levels=levels, deeper=deeper(levels), **how
            )
        case _:
            begins = sorted({1, *draw(st.lists(st.integers(2, 12), max_size=3))})
            return HeadcountTiers(tuple(Tier(begin, draw(rates)) for begin in begins), **how)


seats = st.builds(Seat, st.sampled_from(["", "ann", "cat", "eve"]), st.integers(1, 12))
uplines = st.lists(seats, max_size=7)
bases = st.integers(0, 10**6)


def but(scheme: Levels, vacant: str) -> Levels:
    """The same scheme, with another rule for empty seats."""
    fields = {name: getattr(scheme, name) for name in scheme.__dataclass_fields__}
    return type(scheme)(**{**fields, "vacant": vacant})


def total_rate(scheme: Levels, upline: list[Seat]) -> Fraction:
    """What the order is worth to its upline; in a pool a forfeited level is a part of it too."""
    if scheme.cut == "pool" and scheme.vacant == "forfeit":
        scheme = but(scheme, "house")
    return sum((due.rate.share for due in scheme.due(CNY(1), upline)), Fraction(0))


@given(schemes(), bases, uplines)
@example(
    GeometricLevels(
        percent(Fraction(13, 10)), ratio=percent(1), levels=2, vacant="forfeit", cut="pool"
    ),
    7617,
    [Seat("", 1), Seat("ann", 1)],
)
def test_within_the_base(scheme: Levels, base: int, upline: list[Seat]) -> None:
    """EC-105: less than one unit a level below the exact rates, in a pool less than one in all."""
    due = scheme.due(CNY.minor(base), upline)
    paid = sum(each.amount.minor for each in due)
    exact = total_rate(scheme, upline) * base
    assert 0 <= paid <= exact <= base
    assert all(each.amount.minor >= 0 for each in due)
    if scheme.cut == "each":
        assert all(0 <= each.rate.share * base - each.amount.minor < 1 for each in due)
    elif scheme.vacant != "forfeit":
        assert exact - paid < 1


@given(st.data(), bases, uplines)
def test_vacant_levels(data: st.DataObject, base: int, upline: list[Seat]) -> None:
    """EC-60."""
    amount = CNY.minor(base)
    forfeit = data.draw(schemes(vacant="forfeit"))
    house, rolled = but(forfeit, "house"), but(forfeit, "roll_up")
    there = [seat for seat in upline if seat.member]
    by_house = house.due(amount, upline)
    assert [due for due in by_house if due.to != HOUSE] == list(forfeit.due(amount, upline))
    assert len(by_house) == house.depth
    assert rolled.due(amount, upline) == rolled.due(amount, there)
    assert [due.to for due in rolled.due(amount, upline)] == [
        seat.member for seat in there[: rolled.depth]
    ]
    full = [Seat(seat.member or "dan", seat.friend) for seat in upline]
    full += [Seat("dan")] * (house.depth - len(full))
    assert [due.amount for due in by_house] == [due.amount for due in house.due(amount, full)]


@given(schemes(), uplines, st.lists(st.integers(0, 5_000), max_size=4), st.permutations(range(4)))
def test_refund_order(
    scheme: Levels, upline: list[Seat], refunds: list[int], order: list[int]
) -> None:
    """EC-32, EC-95: f(net now) - f(net before), summed, is f(what was kept) - f(all)."""
    gross = sum(refunds) + 777

    def due(net: int) -> list[int]:
        return [each.amount.minor for each in scheme.due(CNY.minor(net), upline)]

    ends = []
    for path in (refunds, [refunds[place] for place in order if place < len(refunds)]):
        net, balance = gross, due(gross)
        for refund in path:
            step = [now - was for now, was in zip(due(net - refund), due(net), strict=True)]
            balance = [held + change for held, change in zip(balance, step, strict=True)]
            net -= refund
        ends.append(balance)
    assert ends == [due(777), due(777)]
    assert not any(due(0))


@given(st.lists(rates, min_size=1, max_size=4))
def test_deeper_is_said(row: list[Percent]) -> None:
    silent = len(row) <= 2
    for said in ("", MORE_THAN_TWO):
        word: Any = said
        if silent == (said == ""):
            assert FixedLevels(tuple(row), deeper=word).depth == len(row)
        else:
            with pytest.raises(InvalidRule, match="paid levels"):
                FixedLevels(tuple(row), deeper=word)
