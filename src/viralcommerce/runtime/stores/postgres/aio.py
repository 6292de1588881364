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
from viralcommerce.runtime.ports import Cell, Due, Found, Pending, Short, Stale, Wanted, Writes
from viralcommerce.runtime.stores.postgres.failures import is_lost, translation
from viralcommerce.runtime.stores.postgres.follow import Followed
from viralcommerce.runtime.stores.postgres.reads import Query
from viralcommerce.runtime.stores.postgres.statements import Rows
from viralcommerce.runtime.stores.postgres.store import PREPARED, PostgresStore
from viralcommerce.runtime.stores.postgres.unit import Script, Trip, Unit

T = TypeVar("T")
AsyncConnection = psycopg.AsyncConnection[Any]


async def perform(connection: AsyncConnection, trip: Trip) -> list[Rows]:
    """Run the steps of one round trip; the rows of each that answers. See `session.perform`."""
    cursors = [connection.cursor(row_factory=tuple_row) for _ in trip]
    if len(trip) == 1:
        await cursors[0].execute(trip[0].sql, trip[0].values, prepare=True)
    else:
        first: psycopg.Error | None = None
        try:
            async with connection.pipeline():
                try:
                    for cursor, step in zip(cursors, trip, strict=True):
                        await cursor.execute(step.sql, step.values, prepare=True)
                except psycopg.Error as error:  # the pipeline must end before it is raised
                    first = error
        except psycopg.Error as error:
            raise first or error from None
        if first is not None:
            raise first
    return [
        await cursor.fetchall() if step.answers else []
        for cursor, step in zip(cursors, trip, strict=True)
    ]


async def play(script: Script[T], connection: AsyncConnection) -> T:
    """Run a script to its end, a round trip at a time."""
    try:
        trip = next(script)
        while True:
            try:
                rows = await perform(connection, trip)
            except psycopg.Error as error:
                trip = script.throw(error)
            else:
                trip = script.send(rows)
    except StopIteration as done:
        result: T = done.value
        return result


class AsyncPostgresStore:
    """`PostgresStore`, awaited; made by `open`, in the event loop that it is used in.

    Args:
        plan: the store whose tables and statements these are; it keeps no connection open.
        pool: of connections, open.
    """

    def __init__(self, plan: PostgresStore, pool: AsyncConnectionPool[AsyncConnection]) -> None:
        self.schema = plan.schema
        self._plan = plan
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
        return cls(plan, pool)

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
        except psycopg.Error as error:
            if is_lost(error):
                await connection.close()
            raise translation(self.schema, error) from error
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

    def session(self) -> AsyncPostgresSession:
        """Begin a unit of work."""
        if self._closed:
            raise NotLive(f"{self.schema}: the store is closed; open another")
        return AsyncPostgresSession(self, self._plan.unit())

    async def follow(self, after: str = "", *, campaign: str = "", limit: int = 1000) -> Followed:
        """The journal lines committed since a cursor was given; see `PostgresStore.follow`."""
        async with self._connection() as connection:
            return await play(self._plan.follower.follow(after, campaign, limit), connection)

    async def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Due]:
        """Instances of these campaigns whose deadline has come."""
        return await self._ask(self._plan.reads.due(at, limit, campaigns))

    async def cell(self, campaign: str, instance: str) -> Cell | None:
        """One instance."""
        return await self._ask(self._plan.reads.cell(campaign, instance))

    async def pending(self, limit: int) -> Sequence[Pending]:
        """The oldest awards in the outbox."""
        return await self._ask(self._plan.reads.pending(limit))

    async def confirm(self, positions: Sequence[int]) -> None:
        """Take awards out of the outbox."""
        await self._ask(self._plan.reads.confirm(positions))

    async def life(self, campaign: str) -> Life:
        """The stage of life."""
        return await self._ask(self._plan.reads.life(campaign))

    async def set_life(self, campaign: str, life: Life) -> None:
        """Record a new stage."""
        await self._ask(self._plan.reads.set_life(campaign, life))

    async def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        return await self._ask(self._plan.reads.rules(digest))

    async def close(self) -> None:
        """Close every connection that is not in use."""
        if not self._closed:
            self._closed = True
            await self._pool.close()


class AsyncPostgresSession:
    """A unit of work, awaited; canceled in the middle, it closes its connection.

    Args:
        store: whose connections to use.
        unit: what to do.
    """

    rehearses = True

    def __init__(self, store: AsyncPostgresStore, unit: Unit) -> None:
        self._store = store
        self._unit = unit
        self._connection: AsyncConnection | None = None

    async def look(self, wanted: Wanted) -> Found:
        """Read; between looking and locking no connection is held."""
        found = await self._run(self._unit.look(wanted))
        if self._connection is not None and not self._unit.begun:
            connection, self._connection = self._connection, None
            await self._store.give_back(connection)
        return found

    async def lock(self, wanted: Wanted) -> Found:
        """Begin a transaction, lock, then read on a new snapshot."""
        return await self._run(self._unit.lock(wanted))

    async def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all and commit, or say what is short or stale."""
        return await self._run(self._unit.commit(writes))

    async def close(self) -> None:
        """Let the locks go, and the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await self._undo(connection)
            finally:
                await self._store.give_back(connection)

    async def _run(self, script: Script[T]) -> T:
        if self._connection is None:
            self._connection = await self._store.take()
            self._unit.mine = self._connection.info.backend_pid
        connection = self._connection
        try:
            return await play(script, connection)
        except psycopg.Error as error:
            committing, self._unit.committing = self._unit.committing, False
            await self._undo(connection, failed=True, lost=is_lost(error))
            raise translation(self._store.schema, error, committing=committing) from error
        except BaseException:  # canceled: what the server is at nobody waits for
            self._unit.begun = False
            await connection.close()
            raise

    async def _undo(
        self, connection: AsyncConnection, *, failed: bool = False, lost: bool = False
    ) -> None:
        try:
            if lost:
                await connection.close()
            elif not connection.closed:
                await play(self._unit.undo(failed=failed), connection)
        except psycopg.Error:
            await connection.close()
        self._unit.begun = False


async def _configure(connection: AsyncConnection) -> None:
    connection.prepared_max = PREPARED
