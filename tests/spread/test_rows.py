"""Schemes as grants: what a campaign gives is what the scheme says is due, to the unit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inviting import played, rides
from shops import at
from viralcommerce.errors import InvalidRule
from viralcommerce.mechanics import invite
from viralcommerce.rules.rewards import Cash
from viralcommerce.spread.levels import (
    MORE_THAN_TWO,
    FixedLevels,
    GeometricLevels,
    HeadcountTiers,
    Tier,
)
from viralcommerce.spread.rows import grants_of
from viralcommerce.spread.upline import Seat
from viralcommerce.values.money import Money
from viralcommerce.values.percent import percent

SCHEMES: tuple[FixedLevels | GeometricLevels, ...] = (
    FixedLevels((percent(5),)),
    FixedLevels((percent("7.77"), percent("1.23"))),
    GeometricLevels(percent(8), ratio=percent(50), levels=4, deeper=MORE_THAN_TWO),
)
LINE = ("ann", "bob", "cat", "dan", "eve")


@settings(max_examples=60)
@given(
    st.sampled_from(SCHEMES),
    st.integers(1, len(LINE) - 1),
    st.integers(1, 50_000),
    st.integers(0, 50_000),
)
def test_grants_give_what_the_scheme_says_is_due(
    scheme: FixedLevels | GeometricLevels, buyer: int, minor: int, back: int
) -> None:
    """EC-60: also where the line above the buyer is shorter than the scheme; refunds included."""
    deeper = MORE_THAN_TWO if scheme.depth > 2 else ""
    game = rides(levels=scheme.depth, deeper=deeper, least=Money(1, "CNY"))
    amount, refund = Money(minor, "CNY"), Money(min(back, minor), "CNY")
    told: list[invite.Commands] = [
        invite.Join(by=friend, link=inviter, at=at()) for inviter, friend in pairwise(LINE)
    ]
    told.append(invite.Order(order="o", by=LINE[buyer], amount=amount, at=at()))
    for day, part in ((1, refund.minor // 2), (20, refund.minor - refund.minor // 2)):
        told.append(
            invite.Refund(
                order="o", refund=f"r{day}", by="desk", amount=Money(part, "CNY"), at=at(days=day)
            )
        )
    grants = grants_of(scheme, on=invite.ORDERED, to=invite.upline, give=Cash)
    end = played(game, told, grants=grants)
    above = [Seat(who) for who in reversed(LINE[:buyer])]
    left = amount - refund
    due = {one.to: one.amount.minor for one in scheme.due(left, above)}
    for who in LINE:
        back_again = end.taken.get(f"member/{who}", 0)
        assert end.earned.get(f"member/{who}", 0) - back_again == due.get(who, 0)


@pytest.mark.parametrize(
    ("said", "why"),
    [({"vacant": "roll_up"}, "nobody moves"), ({"vacant": "house"}, "stays in the"),
     ({"cut": "pool"}, "rounded for itself")],
)  # fmt: skip
def test_what_grants_cannot_do_is_refused(said: Any, why: str) -> None:
    scheme = FixedLevels((percent(5), percent(1)), **said)
    with pytest.raises(InvalidRule, match=why):
        grants_of(scheme, on=invite.ORDERED, to=invite.upline)


@pytest.mark.parametrize(
    ("scheme", "why"),
    [
        (
            HeadcountTiers((Tier(1, percent(5)), Tier(2, percent(50)))),
            r"^grants_of: headcount_tiers: .* say where tiers begin with Invite\(tiers=\.\.\.\)",
        ),
        (rides(), r"^grants_of: Invite has not one rate for each level; give FixedLevels"),
    ],
)
def test_what_has_not_one_rate_for_each_level_is_refused(scheme: Any, why: str) -> None:
    """A grant of the first tier alone would pay the second friend like the first."""
    with pytest.raises(InvalidRule, match=why):
        grants_of(scheme, on=invite.ORDERED, to=invite.upline, give=Cash)
