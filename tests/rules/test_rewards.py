"""Rewards: what each is, what it costs the budget, and what cannot be given."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from viralcommerce import (
    CNY,
    UNLIMITED,
    USD,
    WHOLE,
    Cash,
    Coupon,
    Credit,
    Entry,
    Money,
    Points,
    Product,
    Right,
    Title,
    days,
    percent,
)
from viralcommerce.errors import InvalidRule
from viralcommerce.rules.fields import NEVER
from viralcommerce.rules.rewards import Reward

FOREVER = timedelta(0)


@pytest.mark.parametrize(
    ("reward", "price", "asset", "units", "supply", "lasts"),
    [
        (Coupon(CNY(2), valid_for=days(7)), CNY(2), "", 0, UNLIMITED, days(7)),
        (Coupon(WHOLE), None, "", 0, UNLIMITED, FOREVER),
        (Credit(CNY(10)), CNY(10), "", 0, UNLIMITED, FOREVER),
        (Cash(USD("0.01")), USD("0.01"), "", 0, UNLIMITED, FOREVER),
        (Points(50), None, "points", 50, UNLIMITED, FOREVER),
        (Points(50, worth=CNY("0.50")), CNY("0.50"), "points", 50, UNLIMITED, FOREVER),
        (
            Product("teapot", worth=CNY(30), stock=2_000),
            CNY(30),
            "product/teapot",
            1,
            2_000,
            FOREVER,
        ),
        (Right("sneaker", valid_for=days(3), stock=9), None, "right/sneaker", 1, 9, days(3)),
        (Entry("spring-draw"), None, "entry/spring-draw", 1, UNLIMITED, FOREVER),
        (Title("Tea Master"), None, "title/Tea Master", 1, UNLIMITED, FOREVER),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, Reward) else "",
)
def test_a_reward_says_what_it_costs_and_what_is_owned(
    reward: Reward, price: Money | None, asset: str, units: int, supply: Any, lasts: timedelta
) -> None:
    assert (reward.price, reward.asset, reward.units) == (price, asset, units)
    assert (reward.supply, reward.lasts) == (supply, lasts)


def test_a_share_has_no_price_of_its_own() -> None:
    assert Coupon(percent(5)).share == percent(5)
    assert Coupon(CNY(5)).share is None
    assert Points(5).share is None
    assert NEVER == FOREVER


def test_a_coupon_says_the_smallest_order_it_can_be_used_on() -> None:
    coupon = Coupon(CNY(2), spend_at_least=CNY(20))
    assert coupon.terms() == {"spend_at_least": "CNY 20.00"}
    assert coupon.threshold == CNY(20)
    assert coupon.price == CNY(2)
    assert Coupon(CNY(2)).terms() == {}
    assert Coupon(CNY(2)).threshold is None


CANNOT_BE: dict[str, tuple[Any, str]] = {
    "a coupon of nothing": (lambda: Coupon(CNY(0)), "CNY 0.00 gives nothing; leave the grant out"),
    "a share of nothing": (lambda: Credit(percent(0)), "0% gives nothing; leave the grant out"),
    "an inexact amount": (lambda: Coupon(1.5), "1.5 is a float; give an exact money"),  # type: ignore[arg-type]
    "a span below zero": (
        lambda: Coupon(CNY(1), valid_for=timedelta(days=-1)),
        "is not a span of 0 to 36,525 days; give another",
    ),
    "a span of ages": (lambda: Credit(CNY(1), valid_for=timedelta.max), "is not a span of 0"),
    "a span in bare seconds": (
        lambda: Coupon(CNY(1), valid_for=3600),  # type: ignore[arg-type]
        "valid_for: expected a timedelta, not 3600",
    ),
    "no points": (lambda: Points(0), "points: input should be greater than or equal to 1, not 0"),
    "inexact points": (lambda: Points(2.0), "points: input should be a valid integer, not 2.0"),  # type: ignore[arg-type]
    "a stock of nothing": (
        lambda: Product("teapot", worth=CNY(1), stock=0),
        "stock: 0 is no count; give 1 or more, or UNLIMITED",
    ),
    "a stock below nothing": (
        lambda: Product("teapot", worth=CNY(1), stock=-1),
        "stock: -1 is no count; give 1 or more, or UNLIMITED",
    ),
    "a stock that is not said": (
        lambda: Product("teapot", worth=CNY(1)),  # type: ignore[call-arg]
        "stock: field required; say it",
    ),
    "a stock that is no number": (
        lambda: Product("teapot", worth=CNY(1), stock=None),  # type: ignore[arg-type]
        "stock: None is no count; give a whole number of 1 or more, or UNLIMITED",
    ),
    "a sku with a blank": (
        lambda: Product("Tea Pot", worth=CNY(1), stock=1),
        "sku: string should match pattern",
    ),
    "a title without a letter": (lambda: Title(""), "should have at least 1 character"),
    "a title longer than a line": (lambda: Title("x" * 41), "should have at most 40 characters"),
    "a field it does not have": (lambda: Entry("draw", worth=CNY(1)), "worth"),  # type: ignore[call-arg]
}


@pytest.mark.parametrize("what", CANNOT_BE)
def test_nobody_can_be_given(what: str) -> None:
    build, said = CANNOT_BE[what]
    with pytest.raises(InvalidRule) as raised:
        build()
    assert said in raised.value.message


def test_amounts_may_be_written_as_in_json() -> None:
    assert Coupon("CNY 1.50") == Coupon(CNY("1.50"))  # type: ignore[arg-type]
    assert Coupon("7.5%") == Coupon(percent("7.5"))  # type: ignore[arg-type]


def test_rewards_are_values() -> None:
    assert {Coupon(CNY(2)), Coupon(CNY(2)), Credit(CNY(2))} == {Credit(CNY(2)), Coupon(CNY(2))}
