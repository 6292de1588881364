"""Roles that may do less than the owner of the tables: they are told so, with what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from postgres import RAIN, fresh_store, server_url, worker_url
from viralcommerce import Shop
from viralcommerce.errors import StoreError
from viralcommerce.mechanics import coupon_pack as pack

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")


@pytest.fixture
def store() -> Iterator[Any]:
    """Of a role that owns no table."""
    from viralcommerce.runtime.stores.postgres import PostgresStore

    owned = fresh_store()
    owned.close()
    store = PostgresStore(worker_url(owned.schema), schema=owned.schema)
    yield store
    store.close()


def tables(schema: str) -> list[str]:
    with psycopg.connect(server_url(), autocommit=True) as connection:
        rows = connection.execute(
            "select relname from pg_class where relnamespace = %s::regnamespace and relkind = 'r'",
            (schema,),
        ).fetchall()
        return [name for (name,) in rows]


def run(sql: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(sql)


def test_who_does_not_own_the_tables_may_not_scrub_them_and_is_told_who_may(store: Any) -> None:
    Shop(store, [RAIN]).handle(RAIN, pack.Share(pack="p", by="ann"))
    assert not Shop(store, [RAIN]).forget("ann").nothing
    with pytest.raises(
        StoreError, match=rf"worker_\S+ may not write {store.schema}\.cells, .* as"
    ):
        store.scrub()


def test_nor_where_the_tables_are_awaited(store: Any) -> None:
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    async def scrub() -> None:
        later = await AsyncPostgresStore.open(store.url, schema=store.schema)
        try:
            await later.scrub()
        finally:
            await later.close()

    with pytest.raises(StoreError, match="scrub as the owner"):
        asyncio.run(scrub())


def test_one_partition_of_another_owner_is_named(store: Any) -> None:
    role = f"worker_{store.schema}"
    for table in tables(store.schema):
        run(f"alter table {store.schema}.{table} owner to {role}")
    run(f"alter table {store.schema}.journal owner to {role}")
    assert store.scrub()
    run(f"alter table {store.schema}.journal_rest owner to current_user")
    with pytest.raises(StoreError, match=rf"write {store.schema}\.journal_rest anew"):
        store.scrub()


def test_whoever_may_maintain_the_tables_may_scrub_them(store: Any) -> None:
    with psycopg.connect(server_url()) as connection:
        if connection.info.server_version < 170_000:
            pytest.skip("PostgreSQL has MAINTAIN from version 17 on")
    run(f"grant maintain on all tables in schema {store.schema} to worker_{store.schema}")
    assert store.scrub()
