"""The store on PostgreSQL for asyncio: the same units of work, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from viralcommerce.errors import NotLive, StoreBusy, StoreConflict
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.stores.postgres.async_drivers import play
from viralcommerce.runtime.stores.postgres.async_reading import AsyncPostgresTables
from viralcommerce.runtime.stores.postgres.async_session import AsyncPostgresSession
from viralcommerce.runtime.stores.postgres.failures import FORGOTTEN, Failed, translation
from viralcommerce.runtime.stores.postgres.on_async_psycopg import (
    AsyncConnection,
    AsyncPsycopg,
)
from viralcommerce.runtime.stores.postgres.on_psycopg import failed, is_lost
from viralcommerce.runtime.stores.postgres.partitions import tending
from viralcommerce.runtime.stores.postgres.reads import Query, Stream
from viralcommerce.runtime.stores.postgres.store import (
    AT_LEISURE,
    PREPARED,
    STREAMED,
    PostgresStore,
    stream_name,
)
from viralcommerce.runtime.stores.postgres.tables import Tables
from viralcommerce.runtime.stores.postgres.transactions import Script
from viralcommerce.runtime.stores.postgres.upkeep import forgetting, scrubbing
from viralcommerce.runtime.stores.postgres.wire import OwnAsyncConnection
from viralcommerce.runtime.uncanceled import at_once_or_to_its_end, to_its_end

T = TypeVar("T")


class AsyncPostgresStore(AsyncPostgresTables):
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
            url,
            connection_class=OwnAsyncConnection,
            configure=_configure,
            open=False,
            **plan.pool_options(),
        )
        plan.close()
        await pool.open()
        return cls(plan.tables, pool)

    async def take(self) -> AsyncConnection:
        """An idle connection, in autocommit."""
        if self._closed:
            raise NotLive(f"{self.schema}: the store is closed; open another")
        try:
            for _ in range(self._pool.max_size):  # as many as may have been lost together
                connection = await self._pool.getconn()
                if not is_lost(connection):
                    return connection
                await connection.close()
                await self.give_back(connection)
            return await self._pool.getconn()
        except PoolTimeout as error:
            raise StoreBusy(
                f"{self.schema}: no connection ({error}); try again, or give more "
                "most_connections="
            ) from error
        except PoolClosed as error:
            raise NotLive(f"{self.schema}: the store is closed; open another") from error

    async def give_back(self, connection: AsyncConnection) -> None:
        """Take a connection back, whatever became of it, and however often one is canceled."""
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            await at_once_or_to_its_end(self._pool.putconn(connection))
        else:
            await to_its_end(self._give_back_anew(connection))

    async def _give_back_anew(self, connection: AsyncConnection) -> None:
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
            if told.lost or told.state in FORGOTTEN:  # psycopg never learns of a plan that is gone
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

    async def _stream(self, stream: Stream[T]) -> AsyncIterator[T]:
        async with self._connection() as connection:
            await connection.execute("begin")
            await connection.execute(AT_LEISURE)
            try:
                async with connection.cursor(stream_name(), row_factory=tuple_row) as cursor:
                    cursor.itersize = STREAMED
                    await cursor.execute(stream.step.sql, stream.step.values)
                    async for row in cursor:
                        yield stream.read(row)
            finally:  # left half-way too: a rollback would drop the plans of everybody
                if connection.pgconn.transaction_status == TransactionStatus.INTRANS:
                    await connection.commit()

    async def _play(self, script: Script[T]) -> T:
        async with self._connection() as connection:
            return await play(script, AsyncPsycopg(connection))

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

    async def forget(self, erasure: Erasure) -> Forgotten:
        """Put the pseudonym in the member's place."""
        return await self._play(forgetting(self.schema, erasure, hosted=False))

    async def tend(self) -> int:
        """Make partitions ahead, and drop those that are empty; see `PostgresStore.tend`."""
        return await self._play(tending(self.schema))

    async def scrub(self) -> bool:
        """Write every table anew; see `PostgresStore.scrub`."""
        async with self._connection() as connection:
            try:
                return await play(scrubbing(self.schema), AsyncPsycopg(connection))
            except BaseException:
                await connection.close()  # its timeouts are not the pool's any more
                raise

    async def close(self) -> None:
        """Close every connection that is not in use."""
        if not self._closed:
            self._closed = True
            await self._pool.close()


async def _configure(connection: AsyncConnection) -> None:
    connection.prepared_max = PREPARED
