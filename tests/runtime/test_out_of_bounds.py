"""Numbers, times and words that cannot be are refused alike, whatever the store."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shops import at, rain, share, shop_of
from viralcommerce.errors import InvalidValue, NaiveTime
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.stores.memory import MemoryStore

RAIN = rain()


@pytest.mark.parametrize("what", ["prune_keys", "prune_tombstones"])
def test_what_is_pruned_is_before_a_moment_that_everybody_understands(
    store: Any, what: str
) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share("p1", key="k1"))
    shop.handle(RAIN, share("p2", by="bob"))
    shop.forget("bob")
    prune, kept = getattr(store, what), store.kept_since()
    with pytest.raises(NaiveTime, match=rf"{what}: before: 2020-01-01T00:00:00 has no zone"):
        prune(datetime(2020, 1, 1))  # noqa: DTZ001
    assert store.kept_since() == kept, "nothing was said to be gone"
    east = timezone(timedelta(hours=8))
    assert prune(datetime(2020, 1, 1, tzinfo=UTC).astimezone(east)) == 0
    assert prune(at(days=1).astimezone(east)) > 0


@pytest.mark.parametrize("number", [-1, 2**63, 10**30, "7", True, None])
def test_a_limit_or_position_that_is_no_number_of_a_database_is_refused(
    store: Any, number: Any
) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share("p1"))
    later = at(days=2)
    said = r"=.*; give a whole number from 0 to 2\*\*63 - 1"
    for refused in (
        lambda: shop.tick(later, limit=number),
        lambda: list(shop.due(later, limit=number)),
        lambda: shop.views.poisoned(number),
        lambda: shop.retry(1, number),
    ):
        with pytest.raises(InvalidValue, match=said):
            refused()
    assert shop.tick(later, limit=0) == shop.retry(2**63 - 1) == 0
    assert shop.views.poisoned(2**63 - 1) == []
    assert shop.tick(later, limit=2**63 - 1) == 1


@pytest.mark.parametrize("why", ["\udc80", "half: \ud83d", 5, None])
def test_a_reason_that_cannot_be_kept_is_refused_and_nothing_changes(store: Any, why: Any) -> None:
    shop = shop_of(RAIN, store=store)
    with pytest.raises(InvalidValue, match="why: "):
        shop.set_stage(RAIN, "paused", by="op", why=why)
    assert store.lives(RAIN.name) == []
    shop.set_stage(RAIN, "paused", by="op", why="安娜 \0 \U0001f375")
    assert store.lives(RAIN.name)[0].why == "安娜 \0 \U0001f375"


def test_nor_where_it_is_awaited() -> None:
    async def refused(number: int) -> None:
        shop = AsyncShop(InThreads(MemoryStore()), [RAIN])
        with pytest.raises(InvalidValue, match="retry: position"):
            await shop.retry(number)
        with pytest.raises(InvalidValue, match="tick: limit"):
            await shop.tick(limit=number)
        await shop.close()

    asyncio.run(refused(2**63))
