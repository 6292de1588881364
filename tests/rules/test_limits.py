"""Limits: how many, counted for whom, within what; and UNLIMITED, a value."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from viralcommerce import (
    CAMPAIGN,
    CNY,
    DAY,
    MEMBER,
    MONTH,
    PAIR,
    UNLIMITED,
    WEEK,
    Cap,
    Limit,
    Product,
)
from viralcommerce.errors import InvalidRule, NoTruthValue
from viralcommerce.rules.base import dump, load
from viralcommerce.rules.limits import Unlimited


def test_unlimited_is_one_value_however_it_is_copied() -> None:
    """EC-24: without end is said in one way, and compares as one."""
    for other in (Unlimited(), copy.deepcopy(UNLIMITED), pickle.loads(pickle.dumps(UNLIMITED))):
        assert other == UNLIMITED
        assert hash(other) == hash(UNLIMITED)
    assert repr(UNLIMITED) == "UNLIMITED"
    for silent in (0, -1, None, "unlimited", float("inf")):
        assert silent != UNLIMITED


def test_unlimited_is_neither_true_nor_false() -> None:
    with pytest.raises(NoTruthValue, match="compare with `is UNLIMITED`"):
        bool(UNLIMITED)


def test_json_says_unlimited_in_a_word() -> None:
    cup = Product("cup", worth=CNY(1), stock=UNLIMITED)
    said = dump(cup)
    assert said["stock"] == "unlimited"
    again = load(said, Product, {"product": Product})
    assert again == cup
    assert again.stock is UNLIMITED


@pytest.mark.parametrize(
    ("per", "subject", "period"),
    [
        (MEMBER, "member", "forever"),
        (DAY, "member", "day"),
        (WEEK, "member", "week"),
        (MONTH, "member", "month"),
        (PAIR, "pair", "forever"),
        (CAMPAIGN, "campaign", "forever"),
        ("pack", "pack", "forever"),
        ((CAMPAIGN, DAY), "campaign", "day"),
        ((DAY, CAMPAIGN), "campaign", "day"),
        (("pack", WEEK), "pack", "week"),
        ("forever", "member", "forever"),
        ((), "member", "forever"),
    ],
)
def test_a_limit_names_who_is_counted_and_within_what(per: Any, subject: str, period: str) -> None:
    """EC-39: per member, pair, campaign or pack is said, never guessed."""
    limit = Limit(3, per=per)
    assert (limit.subject, limit.period) == (subject, period)
    cap = Cap("some", 3, on="liked", of="liker", per=per)
    assert (cap.subject, cap.period) == (subject, period)


@pytest.mark.parametrize(
    ("per", "said"),
    [
        ((DAY, WEEK), "names more than one subject or period; give one of each"),
        ((MEMBER, PAIR), "names more than one subject or period; give one of each"),
        ((MEMBER, DAY, "pack"), "at most 2 items"),
        (5, "per: input should be a valid tuple, not 5"),
        ((5,), "input should be a valid string, not 5"),
    ],
)
def test_a_limit_counts_one_thing(per: Any, said: str) -> None:
    with pytest.raises(InvalidRule) as raised:
        Limit(3, per=per)
    assert said in raised.value.message
    with pytest.raises(InvalidRule):
        Cap("some", 3, on="liked", of="liker", per=per)


@pytest.mark.parametrize("count", [0, -1, True, 2.0, "3", None, UNLIMITED])
def test_a_bound_is_a_whole_number_of_one_or_more(count: Any) -> None:
    with pytest.raises(InvalidRule, match="at_most"):
        Limit(count)
    with pytest.raises(InvalidRule, match="at_most"):
        Cap("some", count, on="liked", of="liker")


def test_a_cap_has_a_name_that_reports_can_use() -> None:
    with pytest.raises(InvalidRule, match="name: string should match pattern"):
        Cap("Likes a day", 3, on="liked", of="liker")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (DAY, (MEMBER, DAY)),
        ((DAY, MEMBER), (MEMBER, DAY)),
        ((DAY, PAIR), (PAIR, DAY)),
        (MEMBER, ()),
        ("forever", (MEMBER, "forever")),
        ((CAMPAIGN, "forever"), CAMPAIGN),
    ],
)
def test_limits_that_count_alike_are_one_value_with_one_hash(one: Any, other: Any) -> None:
    """Or a campaign written anew, and not changed, would be another version."""
    assert Limit(3, per=one) == Limit(3, per=other)
    assert hash(Limit(3, per=one)) == hash(Limit(3, per=other))
    assert dump(Limit(3, per=one)) == dump(Limit(3, per=other))
    cap = Cap("cap", 3, on="grabbed", of="grabber", per=one)
    assert dump(cap) == dump(Cap("cap", 3, on="grabbed", of="grabber", per=other))
    assert load(dump(cap), Cap, {"cap": Cap}) == cap
