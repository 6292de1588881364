"""Connections of the awaited store: none is lost to who is canceled, or spoiled for others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from postgres import RAIN, fresh_schema, server_url
from viralcommerce import Accepted
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.aio import AsyncShop

pytest.importorskip("psycopg", reason="psycopg is not installed")


@asynccontextmanager
async def opened(**options: Any) -> AsyncGenerator[Any]:
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    schema = await asyncio.to_thread(fresh_schema)
    store = await AsyncPostgresStore.open(server_url(), schema=schema, **options)
    try:
        yield store
    finally:
        await store.close()


@pytest.mark.parametrize("is_idle", [True, False], ids=["idle", "in a transaction"])
@pytest.mark.parametrize("times", [1, 2])
def test_who_is_canceled_while_giving_back_still_gives_back(times: int, *, is_idle: bool) -> None:
    async def run() -> None:
        async with opened(most_connections=1, busy_after=5) as store:
            connection = await store.take()
            if not is_idle:
                await connection.execute("begin")
            async with store._pool._lock:  # as others have it at times
                giving = asyncio.ensure_future(store.give_back(connection))
                for _ in range(times):
                    await asyncio.sleep(0.02)
                    giving.cancel()
                await asyncio.sleep(0.02)
                assert not giving.done()
            with pytest.raises(asyncio.CancelledError):
                await giving
            assert await store.life("rain-pack")

    asyncio.run(run())


def test_a_stream_that_is_left_half_way_spoils_nothing_for_others() -> None:
    async def run() -> None:
        async with opened(most_connections=1) as store:
            shop = AsyncShop(store, [RAIN])
            await shop.handle(RAIN, pack.Share(pack="p", by="ann"))
            await shop.handle(RAIN, pack.Grab(pack="p", by="bob"))
            for number in range(3):
                lines = store.journal("rain-pack")
                async for _ in lines:
                    break
                await lines.aclose()
                done = await shop.handle(RAIN, pack.Grab(pack="p", by=f"cat{number}"))
                assert isinstance(done, Accepted)

    asyncio.run(run())


def test_a_read_whose_plan_was_dropped_is_asked_again() -> None:
    async def run() -> None:
        async with opened(most_connections=1) as store:
            assert await store.campaigns() == []
            connection = await store.take()
            await connection.execute("deallocate all", prepare=False)
            await store.give_back(connection)
            assert await store.campaigns() == []

    asyncio.run(run())
