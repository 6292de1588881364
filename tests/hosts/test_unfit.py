"""Connections of a host that cannot be used: closed, or with another encoding; said plainly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from postgres import RAIN, fresh_schema, fresh_store, server_url
from viralcommerce import Accepted, Shop
from viralcommerce.errors import InvalidValue, RetryTransaction
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.aio import AsyncShop

SHARE = pack.Share(pack="p", by="ann", key="share")
LATIN = {"client_encoding": "latin1"}


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop(fresh_store(), [RAIN]) as shop:
        yield shop


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_closed_connection(driver: str, shop: Shop) -> None:
    library: Any = pytest.importorskip(driver, reason=f"{driver} is not installed")
    host = library.connect(server_url())
    host.close()
    inside = shop.within(host)
    for _ in range(2):
        with pytest.raises(RetryTransaction, match="connection is closed"):
            inside.handle(RAIN, SHARE)
    with pytest.raises(RetryTransaction, match="connection is closed"):
        inside.forget("ann")


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_another_encoding(driver: str, shop: Shop) -> None:
    library: Any = pytest.importorskip(driver, reason=f"{driver} is not installed")
    host = library.connect(server_url(), **LATIN)
    host.cursor().execute("select 1")
    with pytest.raises(InvalidValue, match=r"'LATIN1'.*client_encoding=UTF8"):
        shop.within(host).handle(RAIN, SHARE)
    host.cursor().execute("set client_encoding to utf8")
    assert isinstance(shop.within(host).handle(RAIN, SHARE), Accepted)
    host.commit()
    host.close()


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_awaited_ones(driver: str) -> None:
    library: Any = pytest.importorskip(driver, reason=f"{driver} is not installed")
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    async def story() -> None:
        store = await AsyncPostgresStore.open(server_url(), schema=fresh_schema())
        async with AsyncShop(store, [RAIN]) as shop:
            connect = getattr(library, "AsyncConnection", library).connect
            host = await connect(server_url())
            await host.execute("begin")
            await host.execute("set client_encoding to latin1")
            with pytest.raises(InvalidValue, match=r"'LATIN1'.*client_encoding=UTF8"):
                await shop.within(host).handle(RAIN, SHARE)
            await host.execute("set client_encoding to utf8")
            assert isinstance(await shop.within(host).handle(RAIN, SHARE), Accepted)
            await host.close()
            with pytest.raises(RetryTransaction, match="connection is closed"):
                await shop.within(host).handle(RAIN, SHARE)

    asyncio.run(story())
