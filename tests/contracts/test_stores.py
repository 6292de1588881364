"""Our stores keep the contract we ship."""

from __future__ import annotations

from pathlib import Path

from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.contracts import StoreContract


class TestMemoryStore(StoreContract):
    """In this process."""

    def make_store(self, folder: Path) -> Store:
        return MemoryStore()


class TestSqliteStore(StoreContract):
    """In a file."""

    def make_store(self, folder: Path) -> Store:
        return SqliteStore(folder / "shop.db")

    def reopen(self, store: Store) -> Store:
        assert isinstance(store, SqliteStore)
        store.close()
        return SqliteStore(store.path)
