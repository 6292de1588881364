"""Grants that compete: the one that costs most is made, whatever it is counted in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Accepted
from viralcommerce.rules.grants import BestOf, Grant
from viralcommerce.rules.limits import UNLIMITED, Limit
from viralcommerce.rules.rewards import Coupon, Points, Product, Reward
from viralcommerce.rules.splits import EqualSplit
from viralcommerce.runtime.shop import Shop
from viralcommerce.values.money import CNY
from viralcommerce.values.percent import WHOLE
from viralcommerce.values.spans import days

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)


def opened(*options: Reward) -> list[str]:
    """What the sharer gains when three friends open a pack, with these competing."""
    campaign = Campaign(
        "best",
        pack.CouponPack(EqualSplit(CNY(3), parts=3), open_for=days(1)),
        grants=(
            Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
            BestOf(
                tuple(
                    Grant(give, to=pack.SHARER, on=pack.GRABBED, name=f"{n}", if_short="drop")
                    for n, give in enumerate(options)
                )
            ),
        ),
        budget=UNLIMITED,
    )
    gained: list[str] = []
    with Shop.open("memory:", campaign) as shop:
        shop.handle(campaign, pack.Share(pack="p", by="ann", at=NOON))
        for friend in ("bob", "cem", "dee"):
            answer: Any = shop.handle(campaign, pack.Grab(pack="p", by=friend, at=NOON))
            assert isinstance(answer, Accepted)
            gained += [award.grant for award in answer.awards if award.role == pack.SHARER]
            assert answer.withheld == ()
    return gained


def test_a_thing_is_ranked_by_its_worth_not_by_its_count() -> None:
    kettle = Product("kettle", worth=CNY(30), stock=UNLIMITED)
    assert opened(Coupon(CNY(5)), kettle) == ["1", "1", "1"]
    assert opened(Coupon(CNY(31)), kettle) == ["0", "0", "0"]


def test_points_that_cost_nothing_come_last_however_many() -> None:
    assert opened(Points(9_999), Coupon(CNY("0.01"))) == ["1", "1", "1"]
    assert opened(Points(1), Points(9_999)) == ["0", "0", "0"]


def test_when_the_best_is_gone_the_next_is_made() -> None:
    kettle = Product("kettle", worth=CNY(30), stock=1)
    assert opened(Coupon(CNY(5)), kettle) == ["1", "0", "0"]


@pytest.mark.parametrize("at_most", [1, 2])
def test_a_limit_passes_the_turn_on(at_most: int) -> None:
    campaign = Campaign(
        "best",
        pack.CouponPack(EqualSplit(CNY(3), parts=3), open_for=days(1)),
        grants=(
            Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
            BestOf(
                (
                    Grant(
                        Coupon(CNY(9)),
                        to=pack.SHARER,
                        on=pack.GRABBED,
                        name="nine",
                        at_most=Limit(at_most, per=pack.PACK),
                    ),
                    Grant(Coupon(CNY(1)), to=pack.SHARER, on=pack.GRABBED, name="one"),
                )
            ),
        ),
        budget=UNLIMITED,
    )
    with Shop.open("memory:", campaign) as shop:
        shop.handle(campaign, pack.Share(pack="p", by="ann", at=NOON))
        gained: list[str] = []
        for friend in ("bob", "cem", "dee"):
            answer: Any = shop.handle(campaign, pack.Grab(pack="p", by=friend, at=NOON))
            gained += [award.grant for award in answer.awards if award.to == "ann"]
    assert gained == ["nine"] * at_most + ["one"] * (3 - at_most)
