"""Needs, velocities, and what is left of a condition for a smaller cast."""

from __future__ import annotations

from datetime import timedelta

import pytest

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.conditions import (
    AccountAge,
    AllOf,
    Condition,
    HasTag,
    NewMember,
    Not,
    NumberIs,
    SameDevice,
    SameHousehold,
    Velocity,
)
from viralcommerce.rules.needs import needs, prune, roles_of, velocities
from viralcommerce.values.spans import days, hours

WEEK = AccountAge(at_least=days(7))
SAME = SameDevice(between=("liker", "collector"))
FAST = Velocity(at_most=20, within=hours(1), key="devices")


def test_the_host_is_asked_once_for_all_that_is_needed_of_each_role() -> None:
    condition = (
        WEEK & ~SAME & (HasTag("vip", of="collector") | NumberIs("score", at_least=1)) & FAST
    )
    assert needs(condition, "liker") == {
        "liker": {"registered_at", "devices", "field:score"},
        "collector": {"devices", "tags"},
    }
    assert needs(Velocity(at_most=1, within=hours(1)), "liker") == {}


def test_a_velocity_needs_the_fact_it_is_counted_by() -> None:
    assert needs(FAST, "liker") == {"liker": {"devices"}}
    by_office = Velocity(at_most=1, within=hours(1), key="field:office")
    assert needs(by_office, "liker") == {"liker": {"field:office"}}


@pytest.mark.parametrize("within", [0, 0.5, 1.5])
def test_a_velocity_is_counted_in_whole_seconds(within: float) -> None:
    with pytest.raises(InvalidRule, match="is not in whole seconds"):
        Velocity(at_most=1, within=timedelta(seconds=within))
    assert Velocity(at_most=1, within=timedelta(seconds=1)).key == "member"


def test_roles_named_are_not_the_subject() -> None:
    assert roles_of(WEEK & ~SAME & HasTag("vip", of="friend")) == {"liker", "collector", "friend"}
    assert roles_of(WEEK & NewMember()) == frozenset()


def test_velocities_are_found_at_the_top_wherever_the_brackets_are() -> None:
    slow = Velocity(at_most=100, within=days(1))
    assert velocities(AllOf((FAST, AllOf((WEEK, slow))))) == (FAST, slow)
    assert velocities(WEEK) == ()


@pytest.mark.parametrize(
    "wrong", [lambda: ~FAST, lambda: WEEK | (SAME & FAST), lambda: Not(FAST & SAME)]
)
def test_a_velocity_stands_under_nothing_but_and(wrong: object) -> None:
    with pytest.raises(InvalidRule, match=r"velocity is counted, .* not under \| or ~"):
        wrong()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (WEEK, WEEK),
        (SAME, None),
        (~SAME, None),
        (WEEK & ~SAME, WEEK),
        (WEEK | SAME, WEEK),
        (~(WEEK & SAME), ~WEEK),
        (WEEK & (SAME | SameHousehold(between=("liker", "collector"))), WEEK),
        (WEEK & FAST & SAME, WEEK & FAST),
        (HasTag("vip", of="collector") | SAME, None),
    ],
)
def test_a_leaf_about_nobody_here_does_not_apply(
    condition: Condition, left: Condition | None
) -> None:
    assert prune(condition, frozenset({"liker"}), "liker") == left


def test_a_leaf_named_by_its_role_stays_when_the_role_is_there() -> None:
    condition = WEEK & HasTag("vip", of="collector")
    assert prune(condition, frozenset({"liker", "collector"}), "liker") is condition
    assert prune(condition, frozenset({"collector"}), "liker") == HasTag("vip", of="collector")
