"""psycopg 3 for asyncio, the driver of the store's own connections, and of hosts."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from viralcommerce.runtime.stores.postgres.drivers import Status
from viralcommerce.runtime.stores.postgres.on_psycopg import failed, pipelines, status_of
from viralcommerce.runtime.stores.postgres.statements import Rows
from viralcommerce.runtime.stores.postgres.transactions import Trip
from viralcommerce.runtime.stores.postgres.wire import OwnAsyncConnection

AsyncConnection = psycopg.AsyncConnection[Any]


class AsyncPsycopg:
    """A connection of psycopg 3.

    Args:
        connection: in no pipeline.
    """

    __slots__ = ("connection",)

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    @property
    def number(self) -> int:
        """The process of the server."""
        return self.connection.info.backend_pid

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or lost."""
        return self.connection.closed

    @property
    def encoding(self) -> str:
        """Of text between the server and the driver, as the server says."""
        return self.connection.info.parameter_status("client_encoding") or ""

    def status(self) -> Status:
        """Whether what is performed next is in a transaction."""
        return status_of(self.connection)

    async def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps in one round trip; what follows a rollback has one of its own."""
        rows: list[Rows] = []
        try:
            connection = self.connection
            if isinstance(connection, OwnAsyncConnection):
                return await connection.wait(connection.plans.trip(connection, trip))
            for part in pipelines(trip):
                rows += await _perform(self.connection, part)
        except psycopg.Error as error:
            raise failed(error) from error
        return rows

    async def interrupt(self, work: asyncio.Task[list[Rows]]) -> None:
        """Ask the server to cancel what it is at; that is said to whoever waits for it."""
        await self.connection.cancel_safe(timeout=5)

    async def close(self) -> None:
        """Close the connection."""
        await self.connection.close()


async def _perform(connection: AsyncConnection, trip: Trip) -> list[Rows]:
    """Run the steps of one round trip; the rows of each that answers. See `drivers`."""
    cursors = [psycopg.AsyncCursor(connection, row_factory=tuple_row) for _ in trip]
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
        await cursor.fetchall() if step.answers and cursor.description else []
        for cursor, step in zip(cursors, trip, strict=True)
    ]
