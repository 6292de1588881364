"""Canceled or interrupted inside the host's transaction: all of a call is there, or nothing."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from hosts_on_sqlalchemy import sa_url
from postgres import RAIN, fresh_schema, server_url
from viralcommerce import CAMPAIGN, WHOLE, Accepted, Campaign, Coupon, Grant, Limit, Shop
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.stores.sqlite import SqliteStore

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
VERBS = ["handle", "forget"]
FAILED = "current transaction is aborted"
HOTTER = dataclasses.replace(
    RAIN,
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, at_most=Limit(9_999, per=CAMPAIGN)),
    ),
)
"""Each award is counted by the budget and by a limit that all share."""


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


class Awaited:
    """An awaited shop, its store to look at, and a host's connections."""

    def __init__(self, driver: str, campaign: Campaign, folder: Path) -> None:
        self.driver = driver
        self.campaign = campaign
        self.path = folder / "shop.db"
        self.schema = "" if driver == "aiosqlite" else fresh_schema()

    async def opened(self) -> tuple[Shop, AsyncShop]:
        from viralcommerce.runtime.stores.postgres import PostgresStore
        from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

        if self.driver == "aiosqlite":
            plain: Any = SqliteStore(self.path)
            store: Any = InThreads(SqliteStore(self.path))
        else:
            plain = PostgresStore(server_url(), schema=self.schema, most_connections=2)
            url, schema = server_url(), self.schema
            store = await AsyncPostgresStore.open(url, schema=schema, most_connections=2)
        return Shop(plain, [self.campaign]), AsyncShop(store, [self.campaign])

    async def begun(self) -> tuple[Any, Callable[[str], Awaitable[object]], Callable[[], Any]]:
        """A connection in a transaction, how it runs a statement, and how it is committed."""
        if self.driver == "psycopg":
            connection = await psycopg.AsyncConnection.connect(server_url())
            return connection, connection.execute, connection.commit
        if self.driver == "asyncpg":
            asyncpg = pytest.importorskip("asyncpg", reason="asyncpg is not installed")
            other: Any = await asyncpg.connect(server_url())
            transaction = other.transaction()
            await transaction.start()
            return other, other.execute, transaction.commit
        lite = f"sqlite+aiosqlite:///{self.path}"
        url = lite if self.driver == "aiosqlite" else sa_url(self.driver.partition("+")[2])
        engine = create_async_engine(url, poolclass=sa.NullPool)
        joined = await engine.connect()
        await joined.begin()
        return joined, joined.exec_driver_sql, joined.commit


AWAITED = ["psycopg", "asyncpg", "sqlalchemy+psycopg", "sqlalchemy+asyncpg", "aiosqlite"]


def named(shop: Shop, member: str) -> int:
    return len(list(shop.views.parts(member)))


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("verb", "hot"), [("handle", 1), ("handle", 2), ("forget", 1)])
@pytest.mark.parametrize("driver", AWAITED)
def test_a_task_that_is_canceled_anywhere(
    driver: str, verb: str, hot: int, times: int, tmp_path: Path
) -> None:
    """Only where the savepoint is being released is the transaction lost, and nothing commits."""
    campaign = RAIN if hot == 1 else HOTTER
    awaited = Awaited(driver, campaign, tmp_path)

    async def story() -> None:
        plain, shop = await awaited.opened()
        failed = 0
        for at in range(1, 200):
            name, bob = f"p{at}", f"bob{at}"
            plain.handle(campaign, pack.Share(pack=name, by="ann"))
            grab = pack.Grab(pack=name, by=bob, key=bob)
            other = pack.Grab(pack=name, by=f"cat{at}", key=f"cat{at}")
            if verb == "forget":
                plain.handle(campaign, grab)
            connection, execute, commit = await awaited.begun()
            inside = shop.within(connection)
            assert isinstance(await inside.handle(campaign, other), Accepted)
            work: Any = inside.forget(bob) if verb == "forget" else inside.handle(campaign, grab)
            is_canceled = await was_canceled(work, at, times)
            is_failed = False
            try:
                await execute("create temp table if not exists orders (id text)")
            except Exception as error:
                if FAILED not in str(error):
                    raise
                is_failed = True
            failed += is_failed
            await commit()
            await connection.close()
            if not is_canceled:
                break
            assert named(plain, bob) == (verb == "forget")
            assert named(plain, f"cat{at}") == (not is_failed), "what was done before stays"
            assert audit(plain.store).is_clean
        assert at > (1 if driver == "aiosqlite" else 3), "it is waited for so often at least"
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


@pytest.mark.parametrize("driver", AWAITED)
def test_who_acted_in_the_same_transaction_is_forgotten(driver: str, tmp_path: Path) -> None:
    awaited = Awaited(driver, RAIN, tmp_path)

    async def story() -> None:
        plain, shop = await awaited.opened()
        await shop.handle(RAIN, pack.Share(pack="p", by="ann"))
        connection, _, commit = await awaited.begun()
        inside = shop.within(connection)
        await inside.handle(RAIN, pack.Grab(pack="p", by="bob", key="bob"))
        assert (await inside.forget("bob")).lines == 1
        if driver != "aiosqlite":
            followed: Any = await inside.store.follow("")  # type: ignore[attr-defined]
            assert [line.position for line in followed.lines] == [1], "what is committed"
        await commit()
        await connection.close()
        assert named(plain, "bob") == 0
        assert audit(plain.store).is_clean
        await shop.close()
        plain.close()

    asyncio.run(story())
