"""The drivers that an awaited unit of work runs on: psycopg 3, and a host's asyncpg."""

from __future__ import annotations

import functools
import re
from typing import Any, Final, Protocol, TypeVar

import psycopg
from psycopg.rows import tuple_row

from viralcommerce.runtime.stores.postgres.drivers import Status, in_format, status_of, unknown
from viralcommerce.runtime.stores.postgres.failures import CANCELED, Failed, failed
from viralcommerce.runtime.stores.postgres.statements import Rows, Step
from viralcommerce.runtime.stores.postgres.unit import Script, Trip
from viralcommerce.runtime.stores.unwrapping import packages

T = TypeVar("T")
AsyncConnection = psycopg.AsyncConnection[Any]


class AsyncDriver(Protocol):
    """`drivers.Driver`, awaited."""

    @property
    def number(self) -> int:
        """Of the connection; any will do."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or lost."""
        ...

    def status(self) -> Status:
        """Whether what is performed next is in a transaction. One that begins by itself is."""
        ...

    async def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps of a trip; the rows of each that answers."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


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

    def status(self) -> Status:
        """Whether what is performed next is in a transaction."""
        return status_of(self.connection)

    async def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps in one round trip."""
        try:
            return await _perform(self.connection, trip)
        except psycopg.Error as error:
            raise failed(error) from error

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


class Asyncpg:
    """A connection of asyncpg, which a host has.

    The driver has no pipeline: steps without values go together, every other one makes a round
    trip of its own.

    Args:
        connection: of asyncpg's own class, or as its pool lends it.
    """

    __slots__ = ("connection",)

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @property
    def number(self) -> int:
        """The process of the server."""
        number: int = self.connection.get_server_pid()
        return number

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or lost."""
        closed: bool = self.connection.is_closed()
        return closed

    def status(self) -> Status:
        """Whether it is in a transaction; whether that has failed, the server will say."""
        return "inside" if self.connection.is_in_transaction() else "outside"

    async def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps in order."""
        from asyncpg import InterfaceError, PostgresError

        rows: list[Rows] = []
        waiting: list[str] = []
        try:
            for step in trip:
                if not step.answers and _is_plain(step):
                    waiting.append(_plain(step))
                    rows.append([])
                    continue
                if waiting:
                    await self.connection.execute(";".join(waiting))
                    waiting.clear()
                got = await self.connection.fetch(numbered(step.sql), *step.values)
                rows.append([tuple(row) for row in got] if step.answers else [])
            if waiting:
                await self.connection.execute(";".join(waiting))
        except PostgresError as error:
            raise Failed(error, error.sqlstate, constraint=error.constraint_name) from error
        except TimeoutError as error:
            raise Failed("asyncpg's command_timeout has passed", CANCELED) from error
        except (InterfaceError, OSError) as error:
            raise Failed(error, "", lost=self.connection.is_closed()) from error
        return rows

    async def close(self) -> None:
        """Close the connection."""
        await self.connection.close()


_PLACE: Final = re.compile(rb"%[sb]")


@functools.lru_cache(maxsize=1_000)
def numbered(sql: bytes) -> str:
    """A statement with ``$1``, ``$2``... for its values."""
    first, *rest = in_format(sql).split(b"%s")
    text = first + b"".join(b"$%d" % number + part for number, part in enumerate(rest, 1))
    return text.replace(b"%%", b"%").decode()


def _is_plain(step: Step) -> bool:
    return all(isinstance(value, int) for value in step.values)


def _plain(step: Step) -> str:
    """A statement with its whole numbers in the text, for the protocol that takes several."""
    values = tuple(str(value).encode() for value in step.values)
    return (in_format(step.sql) % values).decode()


def async_driver_of(connection: object) -> AsyncDriver:
    """The driver of a host's connection.

    Raises:
        InvalidValue: it is of none that is known here.
    """
    if isinstance(connection, psycopg.AsyncConnection):
        return AsyncPsycopg(connection)
    if "asyncpg" in packages(connection):
        return Asyncpg(connection)
    raise unknown(connection, ("psycopg.AsyncConnection", "a connection of asyncpg"))


async def play(script: Script[T], driver: AsyncDriver) -> T:
    """Run a script to its end, a trip at a time; see `drivers.play`."""
    try:
        trip = next(script)
        while True:
            try:
                rows = await driver.perform(trip)
            except Failed as error:
                trip = script.throw(error)
            else:
                trip = script.send(rows)
    except StopIteration as done:
        result: T = done.value
        return result
