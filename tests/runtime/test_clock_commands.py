"""The clock's own commands, as `due` gives them, may go through `handle_many` like any other."""

from __future__ import annotations

from datetime import UTC, datetime

from viralcommerce import CNY, UNLIMITED, WHOLE, Campaign, Coupon, Grant, LuckySplit, Shop, days
from viralcommerce.mechanics import coupon_pack as pack

NOON = datetime(2025, 11, 11, 4, tzinfo=UTC)
CAMPAIGN = Campaign(
    "tea",
    pack.CouponPack(LuckySplit(CNY(2), parts=2), open_for=days(1)),
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


def test_the_journal_does_not_tell_by_which_way_the_clock_acted() -> None:
    told = []
    for through_many in (False, True):
        with Shop.open("memory:", CAMPAIGN) as shop:
            shop.handle(CAMPAIGN, pack.Share(pack="p1", by="ann", at=NOON, key="k"))
            later = NOON + days(3)
            if through_many:
                shop.handle_many(CAMPAIGN, [command for _, command in shop.due(later)])
            else:
                shop.tick(later)
            told.append([line.decision for line in shop.store.journal("tea")][-1])
    assert told[0] == told[1]
