"""Inside a transaction of SQLAlchemy's for asyncio, and of asyncpg's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from hosts_on_sqlalchemy import sa_url
from postgres import RAIN, fresh_schema, server_url
from viralcommerce import CNY, Accepted, Refused
from viralcommerce.errors import (
    InvalidValue,
    KeyReused,
    NotLive,
    RetryTransaction,
    StoreBusy,
)
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.ports import Store, Wanted
from viralcommerce.runtime.stores.sqlite import SqliteStore

SHARE = pack.Share(pack="p", by="ann", key="share")
BOB = pack.Grab(pack="p", by="bob", key="bob")
DRIVERS = ["asyncpg", "psycopg", "aiosqlite"]
ON_POSTGRES = ["asyncpg", "psycopg"]


class Host:
    """An awaited shop, the host's engine, and the same store to look at, blocking."""

    def __init__(self, shop: AsyncShop, engine: AsyncEngine, plain: Store, orders: str) -> None:
        self.shop, self.engine, self.plain, self.orders = shop, engine, plain, orders

    async def order(self, joined: Any, number: str) -> None:
        await joined.execute(sa.text(f"insert into {self.orders} values (:n)"), {"n": number})

    async def committed(self) -> list[str]:
        async with self.engine.connect() as joined:
            rows = await joined.execute(sa.text(f"select id from {self.orders} order by id"))
            return [one for (one,) in rows]


@asynccontextmanager
async def hosted(driver: str, folder: Path) -> AsyncIterator[Host]:
    if driver == "aiosqlite":
        plain: Any = SqliteStore(folder / "shop.db", busy_after=0.2)
        store: Any = InThreads(plain)
        engine = create_async_engine(
            f"sqlite+aiosqlite:///{folder / 'shop.db'}", connect_args={"timeout": 0.2}
        )
        name = "orders"
    else:
        from viralcommerce.runtime.stores.postgres import PostgresStore
        from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

        schema = fresh_schema()
        plain = PostgresStore(server_url(), schema=schema, busy_after=5)
        store = await AsyncPostgresStore.open(server_url(), schema=schema, busy_after=5)
        engine = create_async_engine(sa_url(driver))
        name = f"orders_{schema}"
    async with AsyncShop(store, [RAIN]) as shop:
        async with engine.begin() as joined:
            await joined.exec_driver_sql(f"create table {name} (id text primary key)")
        try:
            yield Host(shop, engine, plain, name)
        finally:
            await engine.dispose()
            plain.close()


Story = Callable[[Host], Awaitable[None]]


def told(driver: str, folder: Path, story: Story) -> None:
    """Play a story in an event loop of its own."""

    async def play() -> None:
        async with hosted(driver, folder) as host:
            await story(host)

    asyncio.run(play())


@pytest.mark.parametrize("of", ["connection", "session"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_it_commits_and_rolls_back_with_the_host(driver: str, of: str, tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        joined: Any = AsyncSession(host.engine)
        if of == "connection":
            joined = await host.engine.connect()
        inside = host.shop.within(joined)
        await host.order(joined, "o1")
        assert isinstance(await inside.handle(RAIN, SHARE), Accepted)
        assert isinstance(await inside.handle(RAIN, BOB), Accepted)
        assert await host.shop.store.cell("rain-pack", "p") is None, "nobody else sees it yet"
        assert await inside.store.cell("rain-pack", "p") is not None, "the host does"
        await joined.rollback()
        assert await host.committed() == []
        assert list(host.plain.journal("rain-pack")) == []
        assert isinstance(await inside.handle(RAIN, SHARE), Accepted), "begins a transaction"
        await host.order(joined, "o2")
        await joined.commit()
        assert isinstance(await inside.handle(RAIN, BOB), Accepted), "the next transaction"
        await joined.commit()
        await joined.close()
        assert await host.committed() == ["o2"]
        assert len(list(host.plain.awards("bob"))) == 1
        assert audit(host.plain).is_clean

    told(driver, tmp_path, story)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_stage_that_was_rolled_back_is_obeyed_by_nobody_else(
    driver: str, tmp_path: Path
) -> None:
    async def story(host: Host) -> None:
        async with host.engine.connect() as joined:
            inside = host.shop.within(joined)
            await inside.set_stage(RAIN, "paused", by="olga", why="a try")
            assert isinstance(await inside.handle(RAIN, SHARE), Refused)
            await joined.rollback()
        assert isinstance(await host.shop.handle(RAIN, SHARE), Accepted)

    told(driver, tmp_path, story)


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_goes_wrong_with_us_leaves_the_hosts_work(driver: str, tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        tiny = RAIN.replace(budget=CNY(100))
        shop = AsyncShop(host.shop.store, [tiny])
        async with host.engine.begin() as joined:
            await host.order(joined, "o1")
            inside = shop.within(joined)
            assert isinstance(await inside.handle(tiny, SHARE), Accepted)
            short = await inside.handle(tiny, pack.Share(pack="q", by="ann", key="q"))
            assert isinstance(short, Refused)
            with pytest.raises(KeyReused):
                await inside.handle(tiny, pack.Share(pack="other", by="ann", key="share"))
            with pytest.raises(NotLive, match="yet roll back"):
                await inside.deliver()
            await host.order(joined, "o2")
        assert await host.committed() == ["o1", "o2"]
        assert audit(host.plain).is_clean

    told(driver, tmp_path, story)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_batch_of_many_is_one_savepoint(driver: str, tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        people = ["o'brien", "100%s", "a\\'b", "$1", "李雷", ":name", "🙂", *map(str, range(30))]
        async with host.engine.begin() as joined:
            inside = host.shop.within(joined)
            await inside.handle(RAIN, SHARE)
            grabs = [pack.Grab(pack="p", by=who, key=who) for who in people]
            shares = [pack.Share(pack=f"q{n}", by="ann", key=f"q{n}") for n in range(30)]
            outcomes = await inside.handle_many(RAIN, [*grabs, *shares], at_once=50)
            assert sum(isinstance(one, Accepted) for one in outcomes) == 40
        assert audit(host.plain).is_clean

    told(driver, tmp_path, story)


@pytest.mark.parametrize("driver", ON_POSTGRES)
def test_others_who_hold_the_pack_do_not_poison_the_host(driver: str, tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        await host.shop.handle(RAIN, SHARE)
        holder = host.plain.session()
        holder.lock(Wanted(cells=(("rain-pack", "p"),)))
        async with host.engine.begin() as joined:
            await joined.exec_driver_sql("set local lock_timeout = '100ms'")
            await host.order(joined, "o1")
            with pytest.raises(StoreBusy):
                await host.shop.within(joined).handle(RAIN, BOB)
            holder.close()
            await host.order(joined, "o2")
            assert isinstance(await host.shop.within(joined).handle(RAIN, BOB), Accepted)
        assert await host.committed() == ["o1", "o2"]
        assert audit(host.plain).is_clean

    told(driver, tmp_path, story)


@pytest.mark.parametrize("driver", ON_POSTGRES)
def test_a_task_that_is_canceled_leaves_the_hosts_work(driver: str, tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        await host.shop.handle(RAIN, SHARE)
        holder = host.plain.session()
        holder.lock(Wanted(cells=(("rain-pack", "p"),)))
        async with host.engine.begin() as joined:
            await host.order(joined, "o1")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(host.shop.within(joined).handle(RAIN, BOB), 0.2)
            holder.close()
            await host.order(joined, "o2")
            assert isinstance(await host.shop.within(joined).handle(RAIN, BOB), Accepted)
        assert await host.committed() == ["o1", "o2"]
        assert audit(host.plain).is_clean

    told(driver, tmp_path, story)


@pytest.mark.parametrize("driver", ON_POSTGRES)
def test_what_only_a_new_transaction_cures(driver: str, tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        await host.shop.handle(RAIN, SHARE)
        engine = host.engine.execution_options(isolation_level="REPEATABLE READ")
        async with engine.connect() as joined:
            await host.order(joined, "o1")
            await host.shop.handle(RAIN, pack.Grab(pack="p", by="cat", key="cat"))
            with pytest.raises(RetryTransaction, match="begin again"):
                await host.shop.within(joined).handle(RAIN, BOB)
            await host.order(joined, "o2")
            await joined.rollback()
            with pytest.raises(sa.exc.DBAPIError):
                await joined.execute(sa.text("select 1 / 0"))
            with pytest.raises(RetryTransaction, match=r"failed already|has failed"):
                await host.shop.within(joined).handle(RAIN, BOB)
            await joined.rollback()
            assert isinstance(await host.shop.within(joined).handle(RAIN, BOB), Accepted)
            await joined.commit()
        engine = host.engine.execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as joined:
            with pytest.raises(RetryTransaction, match="has not begun"):
                await host.shop.within(joined).handle(RAIN, pack.Grab(pack="p", by="eve"))
        assert audit(host.plain).is_clean

    told(driver, tmp_path, story)


@pytest.mark.parametrize("driver", ON_POSTGRES)
def test_a_connection_that_is_lost_takes_the_transaction_with_it(
    driver: str, tmp_path: Path
) -> None:
    async def story(host: Host) -> None:
        import psycopg

        async with host.engine.connect() as joined:
            await host.order(joined, "o1")
            pid = (await joined.exec_driver_sql("select pg_backend_pid()")).scalar()
            with psycopg.connect(server_url(), autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s, 5000)", (pid,))
            with pytest.raises(RetryTransaction, match="connection was lost"):
                await host.shop.within(joined).handle(RAIN, SHARE)
            await joined.invalidate()
        async with host.engine.begin() as joined:
            assert isinstance(await host.shop.within(joined).handle(RAIN, SHARE), Accepted)

    told(driver, tmp_path, story)


def test_a_connection_of_asyncpg_itself(tmp_path: Path) -> None:
    asyncpg = pytest.importorskip("asyncpg", reason="asyncpg is not installed")

    async def story(host: Host) -> None:
        joined = await asyncpg.connect(server_url())
        inside = host.shop.within(joined)
        with pytest.raises(RetryTransaction, match="has not begun"):
            await inside.handle(RAIN, SHARE)
        begun = joined.transaction()
        await begun.start()
        assert isinstance(await inside.handle(RAIN, SHARE), Accepted)
        await begun.rollback()
        assert list(host.plain.journal("rain-pack")) == []
        async with joined.transaction():
            assert isinstance(await inside.handle(RAIN, SHARE), Accepted)
            assert isinstance(await inside.handle(RAIN, BOB), Accepted)
        await joined.close()
        cat = pack.Grab(pack="p", by="cat", key="cat")
        async with (
            asyncpg.create_pool(server_url(), min_size=1, max_size=1) as pool,
            pool.acquire() as lent,
            lent.transaction(),
        ):
            assert isinstance(await host.shop.within(lent).handle(RAIN, cat), Accepted)
        assert audit(host.plain).is_clean

    told("asyncpg", tmp_path, story)


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_is_no_connection_is_told_so(driver: str, tmp_path: Path) -> None:
    async def story(host: Host) -> None:
        for one in (object(), host.engine):
            with pytest.raises(InvalidValue, match="within"):
                await host.shop.within(one).handle(RAIN, SHARE)

    told(driver, tmp_path, story)
