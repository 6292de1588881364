"""The store on PostgreSQL keeps the contract we ship, however many shards it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from postgres import fresh_store, server_url
from viralcommerce.runtime.ports import Store
from viralcommerce.testing.contracts import StoreContract

pytest.importorskip("psycopg", reason="psycopg is not installed")


class TestPostgresStore(StoreContract):
    """Hot quotas in sixteen rows."""

    shards = 16

    def make_store(self, folder: Path) -> Store:
        store: Store = fresh_store(shards=self.shards)
        return store

    def reopen(self, store: Store) -> Store:
        from viralcommerce.runtime.stores.postgres import PostgresStore

        assert isinstance(store, PostgresStore)
        store.close()
        return PostgresStore(server_url(), schema=store.schema)


@pytest.mark.slow
class TestPostgresStoreOfOneShard(TestPostgresStore):
    """Hot quotas in one row."""

    shards = 1
