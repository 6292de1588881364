"""Connections of the awaited store: none is lost to who is canceled, or spoiled for others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from postgres import fresh_schema, server_url

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
