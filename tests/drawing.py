"""What tests of entries share: a pack that gives entries into a draw, and a journal read."""

from __future__ import annotations

from typing import Any

from shops import grab, likes, share, shop_of, small
from viralcommerce import (
    WHOLE,
    Campaign,
    Coupon,
    Entry,
    Grant,
    Shop,
)
from viralcommerce.codec import messages_of
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack

DRAW = likes(goal=2).replace(name="draw")


RAIN = small(
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share"),
        Grant(Entry("draw"), to=pack.GRABBER, on=pack.GRABBED, name="ticket", at_most=2),
    )
)


TICKET = "rain-pack/p1/2/1"


def begun(store: Any, *campaigns: Campaign, **ports: Any) -> Shop:
    """A shop in which Bob has opened Ann's pack."""
    shop = shop_of(*(campaigns or (RAIN, DRAW)), store=store, **ports)
    shop.handle("rain-pack", share())
    shop.handle("rain-pack", grab("bob"))
    return shop


def history(store: Any, campaign: str, instance: str) -> list[Any]:
    games = {"rain-pack": pack.CouponPack, "draw": collect.Collect, "give": pack.CouponPack}
    return [
        messages_of(games[campaign]).decision(line.decision)
        if isinstance(line.decision, bytes)
        else line.decision
        for line in store.history(campaign, instance)
    ]
