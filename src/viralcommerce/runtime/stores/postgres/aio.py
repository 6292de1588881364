"""The store on PostgreSQL for asyncio: the same units of work, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Self, TypeVar

import psycopg
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from viralcommerce.errors import NotLive, StoreBusy, StoreConflict
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Backlog, Claim, Pending, Settled
from viralcommerce.runtime.ports import Cell, Due
from viralcommerce.runtime.stores.postgres.async_drivers import play
from viralcommerce.runtime.stores.postgres.async_session import AsyncPostgresSession
from viralcommerce.runtime.stores.postgres.failures import Failed, translation
from viralcommerce.runtime.stores.postgres.follow import Followed
from viralcommerce.runtime.stores.postgres.on_async_psycopg import (
    AsyncConnection,
    AsyncPsycopg,
)
from viralcommerce.runtime.stores.postgres.on_psycopg import failed
from viralcommerce.runtime.stores.postgres.reads import Query
from viralcommerce.runtime.stores.postgres.store import PREPARED, PostgresStore
from viralcommerce.runtime.stores.postgres.tables import Tables
from viralcommerce.runtime.stores.postgres.unit import Script

T = TypeVar("T")


class AsyncPostgresStore:
    """`PostgresStore`, awaited; made by `open`, in the event loop that it is used in.

    Args:
        tables: of the schema.
        pool: of connections, open.
    """

    def __init__(self, tables: Tables, pool: AsyncConnectionPool[AsyncConnection]) -> None:
        self.schema = tables.schema
        self.tables = tables
        self._pool = pool
        self._closed = False

    @classmethod
    async def open(cls, url: str, **options: Any) -> Self:
        """A store on a database.

        Args:
            url: ``postgresql://...``.
            options: as for `PostgresStore`.

        Raises:
            SchemaMismatch: the tables are missing, too old or too new; says what to run.
            StoreError: the database cannot be reached.
        """
        plan = await asyncio.to_thread(PostgresStore, url, **options)
        pool: AsyncConnectionPool[AsyncConnection] = AsyncConnectionPool(
            url, configure=_configure, open=False, **plan.pool_options()
        )
        plan.close()
        await pool.open()
        return cls(plan.tables, pool)

    async def take(self) -> AsyncConnection:
        """An idle connection, in autocommit."""
        if self._closed:
            raise NotLive(f"{self.schema}: the store is closed; open another")
        try:
            return await self._pool.getconn()
        except PoolTimeout as error:
            raise StoreBusy(
                f"{self.schema}: no connection ({error}); try again, or give more "
                "most_connections="
            ) from error
        except PoolClosed as error:
            raise NotLive(f"{self.schema}: the store is closed; open another") from error

    async def give_back(self, connection: AsyncConnection) -> None:
        """Take a connection back, whatever became of it."""
        lost = connection.closed
        await self._pool.putconn(connection)
        if lost and not self._closed:
            await self._pool.check()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[AsyncConnection]:
        connection = await self.take()
        try:
            yield connection
        except (psycopg.Error, Failed) as error:
            told = failed(error)
            if told.lost:
                await connection.close()
            raise translation(self.schema, told) from error
        finally:
            await self.give_back(connection)

    async def _ask(self, query: Query[T]) -> T:
        try:
            return await self._asked(query)
        except StoreConflict:  # a connection that was lost while it was idle
            return await self._asked(query)

    async def _asked(self, query: Query[T]) -> T:
        async with self._connection() as connection:
            cursor = connection.cursor(row_factory=tuple_row)
            await cursor.execute(query.step.sql, query.step.values)
            return query.read(await cursor.fetchall() if cursor.description else [])

    async def _play(self, script: Script[T]) -> T:
        async with self._connection() as connection:
            return await play(script, AsyncPsycopg(connection))

    def within(self, connection: object) -> AsyncPostgresStore:
        """This store on the host's connection to the same database: see `async_hosted`."""
        from viralcommerce.runtime.stores.postgres.async_hosted import AsyncHostedPostgresStore

        return AsyncHostedPostgresStore(self.tables, connection)

    def session(self) -> AsyncPostgresSession[AsyncPsycopg]:
        """Begin a unit of work."""
        if self._closed:
            raise NotLive(f"{self.schema}: the store is closed; open another")
        return AsyncPostgresSession(
            self.tables.unit(), self._take_driver, self._give_back_driver, self.schema
        )

    async def _take_driver(self) -> AsyncPsycopg:
        return AsyncPsycopg(await self.take())

    async def _give_back_driver(self, driver: AsyncPsycopg) -> None:
        await self.give_back(driver.connection)

    async def follow(self, after: str = "", *, campaign: str = "", limit: int = 1000) -> Followed:
        """The journal lines committed since a cursor was given; see `PostgresStore.follow`."""
        return await self._play(self.tables.follower.follow(after, campaign, limit))

    async def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Due]:
        """Instances of these campaigns whose deadline has come."""
        return await self._ask(self.tables.reads.due(at, limit, campaigns))

    async def cell(self, campaign: str, instance: str) -> Cell | None:
        """One instance."""
        return await self._ask(self.tables.reads.cell(campaign, instance))

    async def pending(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that wait."""
        return await self._ask(self.tables.outbox.pending(limit))

    async def claim(self, claim: Claim) -> Sequence[Pending]:
        """Take the oldest entries that are due."""
        return await self._ask(self.tables.outbox.claim(claim))

    async def settle(self, settled: Settled) -> None:
        """Write down what became of a claim."""
        await self._ask(self.tables.outbox.settle(settled))

    async def poisoned(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that are set aside."""
        return await self._ask(self.tables.outbox.poisoned(limit))

    async def retry(self, positions: Sequence[int]) -> int:
        """Put what is set aside back in line."""
        return await self._ask(self.tables.outbox.retry(positions))

    async def backlog(self) -> Backlog:
        """How the outbox stands."""
        return await self._ask(self.tables.outbox.backlog())

    async def life(self, campaign: str) -> Life:
        """The stage of life."""
        return await self._ask(self.tables.reads.life(campaign))

    async def set_life(self, campaign: str, life: Life) -> None:
        """Record a new stage."""
        await self._ask(self.tables.reads.set_life(campaign, life))

    async def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        return await self._ask(self.tables.reads.rules(digest))

    async def close(self) -> None:
        """Close every connection that is not in use."""
        if not self._closed:
            self._closed = True
            await self._pool.close()


async def _configure(connection: AsyncConnection) -> None:
    connection.prepared_max = PREPARED
