"""Awaited stores keep the contract of every store; cancellation anywhere leaves nothing behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from postgres import fresh_schema, server_url
from viralcommerce.runtime.async_ports import AsyncStore
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.ports import Short, Stale, Store, Writes
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.cancellations import cancel_everywhere
from viralcommerce.testing.contracts import AsyncStoreContract, LawBroken, check_async_store
from viralcommerce.testing.contracts.store_races import share_and_batch


class TestSqliteInThreads(AsyncStoreContract):
    """A store that blocks, in threads."""

    async def make_store(self, folder: Path) -> AsyncStore:
        return InThreads(SqliteStore(folder / "shop.db"))

    def reading(self, store: AsyncStore) -> Store:
        assert isinstance(store, InThreads)
        return store.inner


class TestAsyncPostgres(AsyncStoreContract):
    """The one on psycopg, with few connections, so that one that is lost is missed."""

    async def make_store(self, folder: Path) -> AsyncStore:
        pytest.importorskip("psycopg", reason="psycopg is not installed")
        from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

        url = await asyncio.to_thread(server_url)
        return await AsyncPostgresStore.open(
            url, schema=await asyncio.to_thread(fresh_schema), most_connections=8, busy_after=10
        )

    def reading(self, store: AsyncStore) -> Store:
        from viralcommerce.runtime.stores.postgres import PostgresStore
        from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

        assert isinstance(store, AsyncPostgresStore)
        there: Store = PostgresStore(server_url(), schema=store.schema)
        return there


class Session:
    """A session in a skin."""

    def __init__(self, inner: Any, store: MemoryStore) -> None:
        self.inner, self.store = inner, store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Skin(InThreads):
    """A store in memory with something wrong."""

    kind: type[Session]

    def __init__(self) -> None:
        super().__init__(MemoryStore(busy_after=0.3))

    def session(self) -> Any:
        return self.kind(super().session(), self.inner)  # type: ignore[arg-type]


class KeepsLocksWhenCanceled(Skin):
    """Closes its session as the last step of a commit, and not where it is canceled."""

    class kind(Session):  # noqa: N801
        done = False

        async def commit(self, writes: Writes) -> Short | Stale | None:
            answer: Short | Stale | None = await self.inner.commit(writes)
            self.done = True
            return answer

        async def close(self) -> None:
            await asyncio.sleep(0)
            if self.done:
                await self.inner.close()


class WritesInTwoAwaits(Skin):
    """Writes the cells, waits for the answer, and then the rest."""

    class kind(Session):  # noqa: N801
        async def commit(self, writes: Writes) -> Short | Stale | None:
            from msgspec import structs

            from viralcommerce.runtime.ports import Wanted

            first = Writes(records=[], cells=writes.cells, used={}, hot=writes.hot, rules={})
            answer: Short | Stale | None = await self.inner.commit(first)
            if answer is None:
                await asyncio.sleep(0)
                await self.inner.lock(Wanted())
                await self.inner.commit(structs.replace(writes, cells=[], hot={}))
            return answer


@pytest.mark.parametrize("animal", [KeepsLocksWhenCanceled, WritesInTwoAwaits])
def test_a_store_that_does_not_survive_cancellation_is_caught(animal: type[Skin]) -> None:
    """RQ-22."""

    async def run() -> None:
        store = animal()
        await cancel_everywhere(share_and_batch(), store, store.inner)

    with pytest.raises(LawBroken, match="canceled at point"):
        asyncio.run(run())


def test_the_law_of_cancellation_is_one_of_the_contract() -> None:
    async def make() -> AsyncStore:
        return WritesInTwoAwaits()

    with pytest.raises(LawBroken) as caught:
        check_async_store(make, lambda store: store.inner)  # type: ignore[attr-defined]
    assert "canceled_anywhere_the_same_key_settles" in caught.value.laws


def test_every_point_is_tried() -> None:
    async def run() -> int:
        store = MemoryStore()
        return (await cancel_everywhere(share_and_batch(), InThreads(store), store)).points

    assert asyncio.run(run()) >= 6
