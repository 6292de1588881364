"""Canceled or interrupted inside the host's transaction: all of a call is there, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

import pytest

from postgres import RAIN, fresh_schema, server_url
from viralcommerce import Shop
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.audit import audit

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
VERBS = ["handle", "forget"]
FAILED = "current transaction is aborted"


class Canceling:
    """Work whose task is canceled where it waits for the n-th time, and the next times."""

    def __init__(self, work: Coroutine[Any, Any, Any], at: int, times: int) -> None:
        self.work, self.points = work, range(at, at + times)
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        thrown: BaseException | None = None
        while True:
            try:
                waited = self.work.send(None) if thrown is None else self.work.throw(thrown)
            except StopIteration as done:
                return done.value
            self.waits += 1
            task = asyncio.current_task()
            if self.waits in self.points and task is not None:
                task.cancel()
            try:
                yield waited
                thrown = None
            except BaseException as error:  # noqa: BLE001 - the work is to see it
                thrown = error


async def was_canceled(work: Coroutine[Any, Any, Any], at: int, times: int) -> bool:
    async def run() -> None:
        await Canceling(work, at, times)

    task = asyncio.ensure_future(run())
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    return task.cancelled()


async def begun(driver: str) -> tuple[Any, Callable[[], Awaitable[object]]]:
    """A host's connection in a transaction, and how it is committed."""
    if driver == "psycopg":
        connection = await psycopg.AsyncConnection.connect(server_url())
        return connection, connection.commit
    asyncpg = pytest.importorskip("asyncpg", reason="asyncpg is not installed")
    other: Any = await asyncpg.connect(server_url())
    transaction = other.transaction()
    await transaction.start()
    return other, transaction.commit


def named(shop: Shop, member: str) -> int:
    return len(list(shop.views.parts(member)))


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_task_that_is_canceled_anywhere(driver: str, verb: str, times: int) -> None:
    """Only where the savepoint is being released is the transaction lost, and nothing commits."""
    from viralcommerce.runtime.stores.postgres import PostgresStore
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    async def story() -> None:
        schema = fresh_schema()
        plain = Shop(PostgresStore(server_url(), schema=schema, most_connections=2), [RAIN])
        store = await AsyncPostgresStore.open(server_url(), schema=schema, most_connections=2)
        shop = AsyncShop(store, [RAIN])
        failed = 0
        for at in range(1, 100):
            name, bob = f"p{at}", f"bob{at}"
            plain.handle(RAIN, pack.Share(pack=name, by="ann"))
            grab = pack.Grab(pack=name, by=bob, key=bob)
            if verb == "forget":
                plain.handle(RAIN, grab)
            connection, commit = await begun(driver)
            inside = shop.within(connection)
            work: Any = inside.forget(bob) if verb == "forget" else inside.handle(RAIN, grab)
            is_canceled = await was_canceled(work, at, times)
            try:
                await connection.execute("create temp table if not exists orders (id text)")
            except Exception as error:  # noqa: BLE001 - of either driver
                failed += FAILED in str(error)
            await commit()
            await connection.close()
            if not is_canceled:
                break
            assert named(plain, bob) == (verb == "forget")
            assert audit(plain.store).is_clean
        assert at > 3
        assert failed <= 1
        assert named(plain, bob) == (verb == "handle")
        assert audit(plain.store).is_clean
        await shop.close()
        plain.close()

    asyncio.run(story())


class TimeIsUpError(Exception):
    """As a worker raises it in a signal handler."""


@pytest.mark.parametrize("raised", [KeyboardInterrupt, TimeIsUpError])
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_an_interrupt_after_any_statement(
    driver: str, verb: str, raised: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    from viralcommerce.runtime.stores.postgres import PostgresStore, drivers, on_psycopg

    library: Any = pytest.importorskip(driver, reason=f"{driver} is not installed")
    of: Any = on_psycopg.Psycopg if driver == "psycopg" else drivers.Psycopg2
    perform = of.perform
    left = [0]

    def interrupted(self: Any, trip: Any) -> Any:
        rows = perform(self, trip)
        left[0] -= 1
        if left[0] == 0:
            raise raised
        return rows

    with Shop(PostgresStore(server_url(), schema=fresh_schema()), [RAIN]) as shop:
        failed = 0
        for at in range(1, 100):
            name, bob = f"p{at}", f"bob{at}"
            shop.handle(RAIN, pack.Share(pack=name, by="ann"))
            grab = pack.Grab(pack=name, by=bob, key=bob)
            if verb == "forget":
                shop.handle(RAIN, grab)
            host = library.connect(server_url())
            host.cursor().execute("select 1")
            inside = shop.within(host)
            with monkeypatch.context() as patched:
                patched.setattr(of, "perform", interrupted)
                left[0] = at
                try:
                    inside.forget(bob) if verb == "forget" else inside.handle(RAIN, grab)
                except raised:
                    is_over = False
                else:
                    is_over = True
            try:
                host.cursor().execute("select 1")
            except library.Error as error:
                failed += FAILED in str(error)
            host.commit()
            host.close()
            if is_over:
                break
            assert named(shop, bob) == (verb == "forget")
            assert audit(shop.store).is_clean
        assert at > 3
        assert failed == 1
        assert named(shop, bob) == (verb == "handle")
        assert audit(shop.store).is_clean


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_who_acted_in_the_same_transaction_is_forgotten(driver: str) -> None:
    from viralcommerce.runtime.stores.postgres import PostgresStore
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    async def story() -> None:
        schema = fresh_schema()
        plain = Shop(PostgresStore(server_url(), schema=schema, most_connections=2), [RAIN])
        store = await AsyncPostgresStore.open(server_url(), schema=schema, most_connections=2)
        shop = AsyncShop(store, [RAIN])
        await shop.handle(RAIN, pack.Share(pack="p", by="ann"))
        connection, commit = await begun(driver)
        inside = shop.within(connection)
        await inside.handle(RAIN, pack.Grab(pack="p", by="bob", key="bob"))
        assert (await inside.forget("bob")).lines == 1
        followed: Any = await inside.store.follow("")  # type: ignore[attr-defined]
        assert [line.position for line in followed.lines] == [1], "what is committed"
        await commit()
        await connection.close()
        assert named(plain, "bob") == 0
        assert audit(plain.store).is_clean
        await shop.close()
        plain.close()

    asyncio.run(story())
