"""What a campaign can cost that gives a part of orders, which no rule bounds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viralcommerce.campaign import Campaign
from viralcommerce.errors import CurrencyMismatch
from viralcommerce.mechanics import invite
from viralcommerce.readings.liability import liability
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import UNLIMITED, Unlimited
from viralcommerce.rules.rewards import Cash
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.shop import Shop
from viralcommerce.values.money import CNY, JPY, Money
from viralcommerce.values.percent import percent
from viralcommerce.values.spans import days

START = datetime(2026, 11, 10, 16, tzinfo=UTC)


def friends(budget: Money | Unlimited, *grants: Grant) -> Campaign:
    game = invite.Invite(matures_after=days(15), levels=2)
    return Campaign("friends", game, grants=grants, budget=budget)


COMMISSION = Grant(Cash(percent(5)), to=invite.upline(1), on=invite.ORDERED, name="commission")
THANKS = Grant(Cash(CNY(10)), to=invite.INVITER, on=invite.FIRST_ORDER, name="thanks")


def test_commission_of_orders_has_no_bound_without_a_budget() -> None:
    """An order may come to anything; nobody is told a number that would not hold."""
    cost = liability(friends(UNLIMITED, COMMISSION, THANKS), instances=100)
    assert cost.least == CNY(0)
    assert cost.worst is cost.expected is cost.one.worst is cost.one.expected is UNLIMITED
    assert cost.grants["commission"].worst is UNLIMITED
    assert cost.grants["thanks"].worst == CNY(1_000)
    assert any("no bound but the budget" in words.en for words in cost.assumes)


def test_the_budget_bounds_commission_and_the_mean_says_how_little_is_known() -> None:
    cost = liability(friends(CNY(900), COMMISSION), instances=100)
    assert (cost.worst, cost.expected, cost.whole.within) == (CNY(900), 45_000, 45_000)
    assert (cost.one.worst, cost.one_of["commission"].worst) == (CNY(900), CNY(900))
    assert liability(friends(CNY(900), COMMISSION), instances=0).worst == CNY(0)


def test_the_largest_order_bounds_commission() -> None:
    """What is taken back later only lowers it."""
    campaign = friends(UNLIMITED, COMMISSION, THANKS)
    cost = liability(campaign, instances=100, largest=CNY(200))
    assert (cost.one.worst, cost.worst) == (CNY(20), CNY(2_000))
    assert (cost.expected, cost.whole.within) == (100 * (1_000 + 500), 100 * (500 + 1))
    with pytest.raises(CurrencyMismatch, match="largest=JPY 5 is not in CNY"):
        liability(campaign, largest=JPY(5))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=4), st.integers(0, 20_000))
def test_no_row_of_orders_costs_more_than_the_worst(amounts: list[int], back: int) -> None:
    campaign = friends(UNLIMITED, COMMISSION, THANKS)
    with Shop.open("memory:", campaign) as shop:
        shop.handle(campaign, invite.Join(by="bob", link="ann", at=START))
        for number, minor in enumerate(amounts):
            order = f"o{number}"
            shop.handle(
                campaign,
                invite.Order(order=order, by="bob", amount=Money(minor, "CNY"), at=START),
            )
        shop.handle(
            campaign,
            invite.Refund(order="o0", refund="r", by="desk", amount=CNY.minor(back), at=START),
        )
        while shop.tick(START + days(15)):
            pass
        spent = audit(shop.store).spent["friends"]
    cost = liability(campaign, instances=len(amounts), largest=CNY(200))
    assert isinstance(cost.worst, Money)
    assert cost.least <= spent <= cost.worst
