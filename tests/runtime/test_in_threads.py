"""Stores that block, in threads: who holds a lock always finds a thread to let it go."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crashing import game
from viralcommerce import Accepted
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime import in_threads
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.async_ports import AsyncSession
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.ports import Wanted
from viralcommerce.runtime.stores.sqlite import SqliteStore

NAME = "rain-pack"


@pytest.mark.parametrize("tasks", [3, in_threads.LOCKING + 8])
def test_tasks_that_wait_for_a_lock_leave_its_holder_a_thread(tmp_path: Path, tasks: int) -> None:
    async def run() -> None:
        with ThreadPoolExecutor(2) as few:
            asyncio.get_running_loop().set_default_executor(few)
            store = InThreads(SqliteStore(tmp_path / "shop.db", busy_after=10))
            async with AsyncShop(store, [game()]) as shop:
                for number in range(tasks):
                    await shop.handle(NAME, pack.Share(pack=f"p{number}", by="ann"))
                async with asyncio.timeout(8):
                    done = await asyncio.gather(
                        *(
                            shop.handle(NAME, pack.Grab(pack=f"p{number}", by="bob"))
                            for number in range(tasks)
                        )
                    )
            assert all(isinstance(one, Accepted) for one in done)

    asyncio.run(run())


def test_who_is_canceled_while_it_waits_for_a_thread_takes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_threads, "LOCKING", 1)

    async def run() -> None:
        store = InThreads(SqliteStore(tmp_path / "shop.db", busy_after=10))
        first, second, third = store.session(), store.session(), store.session()
        await first.lock(Wanted())
        waiting = asyncio.ensure_future(_locked(second))
        await asyncio.sleep(0.02)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await second.close()
        await first.close()
        async with asyncio.timeout(5):
            await third.lock(Wanted())
            await third.close()
        await store.close()

    asyncio.run(run())


def test_one_store_serves_one_event_loop_after_another(tmp_path: Path) -> None:
    store = InThreads(SqliteStore(tmp_path / "shop.db"))

    async def run() -> None:
        async def one() -> None:
            session = store.session()
            await session.lock(Wanted())
            await session.close()

        await asyncio.gather(*(one() for _ in range(in_threads.LOCKING + 2)))

    before = threading.active_count()
    for _ in range(3):
        asyncio.run(run())
    assert threading.active_count() <= before + 2 * in_threads.LOCKING
    store.inner.close()


async def _locked(session: AsyncSession) -> None:
    await session.lock(Wanted())
