"""What has ended may begin again and be over at the same moment: it ends again, as often as that.

The key of the clock's command told the two apart by nothing, once: the second end was said to have
happened, the instance stayed due for ever, and a thousand of those took every turn of the clock.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from viralcommerce import CNY, Campaign, Cash, Grant, Shop, days, percent
from viralcommerce.mechanics import invite
from viralcommerce.runtime.audit import audit

NOON = datetime(2026, 11, 11, 4, tzinfo=UTC)
RIDES = Campaign(
    "rides",
    invite.Invite(matures_after=days(15), binds_for=days(3)),
    grants=Grant(Cash(percent(10)), to=invite.upline(1), on=invite.ORDERED),
    budget=CNY(100_000),
)


def join(shop: Shop, link: str, day: int = 0, by: str = "cat") -> str:
    return str(shop.handle(RIDES, invite.Join(by=by, link=link, at=NOON + days(day))))


def test_a_join_told_again_after_its_end_ends_again(store: Any) -> None:
    shop = Shop(store, [RIDES])
    for _ in range(3):
        assert join(shop, "eve") == "cat was invited by eve"
        assert shop.tick(NOON + days(10)) == 1
        assert shop.views.above("rides", "cat") == []
    assert shop.tick(NOON + days(500)) == 0
    assert join(shop, "cat", 500, by="eve") == "eve was invited by cat"
    assert audit(store).is_clean


@pytest.mark.parametrize("times", [2, 3])
def test_whoever_comes_upon_it_ends_it_again(store: Any, times: int) -> None:
    shop = Shop(store, [RIDES])
    for time in range(times):
        join(shop, "eve")
        join(shop, "gus", 5)
        assert shop.views.above("rides", "cat") == ["gus"]
        assert shop.tick(NOON + days(9 + time)) == 1
    assert audit(store).is_clean


def test_in_one_batch_too(store: Any) -> None:
    shop = Shop(store, [RIDES])
    said = [
        invite.Join(by="cat", link=link, at=NOON + days(day))
        for link, day in [("eve", 0), ("gus", 5), ("eve", 0), ("ann", 9), ("gus", 5), ("eve", 20)]
    ]
    told = [str(each) for each in shop.handle_many(RIDES, said)]
    assert told == [
        "cat was invited by eve",
        "cat was invited by gus",
        "no: cat was invited already",
        "cat was invited by ann",
        "no: cat was invited already",
        "cat was invited by eve",
    ]
    assert audit(store).is_clean


def test_what_was_due_twice_ends_once_each_time(store: Any) -> None:
    """What a host keeps of `due` and runs late changes nothing."""
    shop = Shop(store, [RIDES])
    join(shop, "eve")
    ((_, first),) = shop.due(NOON + days(4))
    shop.handle(RIDES, first)
    join(shop, "eve")
    shop.handle(RIDES, first)
    assert shop.views.above("rides", "cat") == ["eve"]
    ((_, second),) = shop.due(NOON + days(4))
    assert second.key != first.key
    shop.handle(RIDES, second)
    assert shop.views.above("rides", "cat") == []
    assert audit(store).is_clean


def test_nobody_keeps_the_clock_from_what_is_due_elsewhere(store: Any) -> None:
    shop = Shop(store, [RIDES])
    shop.handle(RIDES, invite.Join(by="bob", link="ann", at=NOON))
    order = invite.Order(order="o1", by="bob", amount=CNY(100), at=NOON)
    shop.handle(RIDES, order)
    for _ in range(2):
        shop.handle_many(RIDES, [invite.Join(by=f"m{n}", link="eve", at=NOON) for n in range(5)])
        assert shop.tick(NOON + days(4), limit=5) == 5
        shop.tick(NOON + days(4), limit=5)
    shop.tick(NOON + days(16), limit=5)
    assert [row.transfer.target for row in store.awards("ann")] == ["member/ann"]
