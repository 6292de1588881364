"""Grants: a line of the terms says who gets what, for which milestone, how often."""

from __future__ import annotations

from typing import Any

import pytest

from viralcommerce import (
    CNY,
    DAY,
    MEMBER,
    PAIR,
    UNLIMITED,
    BestOf,
    Coupon,
    Grant,
    Limit,
    Points,
    Product,
    percent,
)
from viralcommerce.errors import InvalidRule
from viralcommerce.rules.base import dump

TEAPOT = Product("teapot", worth=CNY(30), stock=2_000)


def teapot(**said: Any) -> Grant:
    return Grant(TEAPOT, **{"to": "collector", "on": "reached", **said})


def test_a_grant_without_a_name_is_called_by_who_when_and_what() -> None:
    assert teapot().name == "collector-reached-product"
    assert Grant(Coupon(CNY(5)), to="upline(2)", on="ordered").name == "upline-2-ordered-coupon"
    assert not teapot().is_named
    assert teapot(name="pot").is_named


def test_a_bare_number_counts_per_recipient_for_ever() -> None:
    (limit,) = teapot(at_most=3).at_most
    assert limit == Limit(3, per=MEMBER)
    assert (limit.subject, limit.period) == ("member", "forever")


def test_one_limit_needs_no_tuple_and_several_stand_side_by_side() -> None:
    assert teapot(at_most=Limit(3, per=DAY)).at_most == (Limit(3, per=DAY),)
    both = (Limit(1, per=PAIR), Limit(3, per=DAY))
    assert teapot(at_most=both).at_most == both
    assert teapot().at_most == ()


@pytest.mark.parametrize("count", [0, -1, True, False, 1.0, 1.5, "3", UNLIMITED, None])
def test_a_count_that_is_none_is_refused(count: Any) -> None:
    """EC-24: no number means without end; to count nothing, say nothing."""
    with pytest.raises(InvalidRule, match="at_most"):
        teapot(at_most=count)


def test_two_limits_of_one_thing_are_refused() -> None:
    """Both would count every award, and the lower would be reached at half its number."""
    with pytest.raises(InvalidRule, match="at_most counts the same thing twice"):
        teapot(at_most=(Limit(3, per=DAY), Limit(5, per=(MEMBER, DAY))))


CANNOT_BE: dict[str, tuple[dict[str, Any], str]] = {
    "a teapot cut to what is left": (
        {"if_short": "clip"},
        (
            "grant collector-reached-product: a product cannot be clipped; "
            "choose from: drop, refuse, substitute"
        ),
    ),
    "a substitute that is not said": (
        {"if_short": "substitute"},
        "if_short='substitute' and instead=None; a substitute needs both",
    ),
    "a substitute that is never used": (
        {"instead": Points(1)},
        "if_short='refuse' and instead=Points(points=1, worth=None); a substitute needs both",
    ),
    "a policy nobody knows": (
        {"if_short": "queue"},
        "if_short: input should be 'refuse', 'drop', 'clip' or 'substitute', not 'queue'",
    ),
    "a name with a blank": ({"name": "Big Pot"}, "name: string should match pattern"),
    "a recipient that is no role": ({"to": 5}, "to: input should be a valid string, not 5"),
    "a condition that is none": ({"given": "vip"}, "given: expected a condition, not 'vip'"),
}


@pytest.mark.parametrize("what", CANNOT_BE)
def test_a_grant_cannot_have(what: str) -> None:
    said, message = CANNOT_BE[what]
    with pytest.raises(InvalidRule) as raised:
        teapot(**said)
    assert message in raised.value.message


def test_a_grant_of_nothing_is_no_grant() -> None:
    with pytest.raises(InvalidRule, match="give: expected a reward, not 5"):
        Grant(5, to="collector", on="reached")  # type: ignore[arg-type]


def test_clipping_is_for_money() -> None:
    for money in (Coupon(CNY(5)), Coupon(percent(5))):
        assert Grant(money, to="a", on="b", if_short="clip").if_short == "clip"


def test_json_says_every_field() -> None:
    assert dump(teapot(at_most=1)) == {
        "kind": "grant",
        "give": {"kind": "product", "sku": "teapot", "worth": "CNY 30.00", "stock": 2000},
        "to": "collector",
        "on": "reached",
        "given": None,
        "at_most": [{"kind": "limit", "at_most": 1, "per": ["member"]}],
        "name": "collector-reached-product",
        "if_short": "refuse",
        "instead": None,
    }


def test_grants_that_compete_are_for_one_recipient_and_one_milestone() -> None:
    one, other = teapot(name="one"), teapot(name="other", to="liker")
    with pytest.raises(InvalidRule) as raised:
        BestOf((one, other))
    assert "competing grants share one recipient and one milestone" in raised.value.message
    assert "collector on reached, liker on reached" in raised.value.message


def test_one_grant_does_not_compete() -> None:
    with pytest.raises(InvalidRule, match="at least 2 items"):
        BestOf((teapot(),))
    assert teapot().options == (teapot(),)
