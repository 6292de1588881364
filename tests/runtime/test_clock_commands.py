"""The clock's own commands, as `due` gives them, may go through `handle_many` like any other."""

from __future__ import annotations

from datetime import UTC, datetime

from viralcommerce import CNY, UNLIMITED, WHOLE, Campaign, Coupon, EqualSplit, Grant, Shop, days
from viralcommerce.mechanics import coupon_pack as pack

NOON = datetime(2025, 11, 11, 4, tzinfo=UTC)
CAMPAIGN = Campaign(
    "tea",
    pack.CouponPack(EqualSplit(CNY(2), parts=2), open_for=days(1)),
    grants=Grant(give=Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
    budget=UNLIMITED,
)


def test_a_deadline_is_acted_on_among_the_commands_of_members() -> None:
    longest = "p" * 200
    with Shop.open("memory:", CAMPAIGN) as shop:
        shop.handle(CAMPAIGN, pack.Share(pack=longest, by="ann", at=NOON))
        ((_, ending),) = shop.due(NOON + days(1))
        late = pack.Grab(pack=longest, by="bob", at=NOON + days(2))
        ended, refused = shop.handle_many(CAMPAIGN, [ending, late])
        assert [type(event) for event in ended.events] == [pack.Expired]
        assert isinstance(refused.refusal, pack.PackOver)
        assert not list(shop.due(NOON + days(9)))
