"""The drivers that an awaited unit of work runs on: what they have in common, and asyncpg."""

from __future__ import annotations

import asyncio
import functools
import re
from typing import Any, Final, Protocol, TypeVar

from viralcommerce.runtime.stores.postgres.drivers import Status, fit, in_format, unknown
from viralcommerce.runtime.stores.postgres.failures import CANCELED, Failed
from viralcommerce.runtime.stores.postgres.statements import Rows, Step
from viralcommerce.runtime.stores.postgres.transactions import Script, Trip
from viralcommerce.runtime.stores.unwrapping import packages

T = TypeVar("T")


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

    async def interrupt(self, work: asyncio.Task[list[Rows]]) -> None:
        """Ask the server to cancel what it is at.

        Args:
            work: that waits for it, in `perform`.
        """
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


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

    @property
    def encoding(self) -> str:
        """Of text between the server and the driver, as the server says."""
        encoding: str = self.connection.get_settings().client_encoding
        return encoding

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
            said: Any = error  # what the server said are attributes that it has by then
            raise Failed(said, said.sqlstate, constraint=said.constraint_name) from error
        except TimeoutError as error:
            raise Failed("asyncpg's command_timeout has passed", CANCELED) from error
        except (InterfaceError, OSError) as error:
            raise Failed(error, "", lost=self.connection.is_closed()) from error
        return rows

    async def interrupt(self, work: asyncio.Task[list[Rows]]) -> None:
        """Cancel the work; the driver asks the server, and waits for it before what is next."""
        work.cancel()

    async def close(self) -> None:
        """Close the connection, without a word to a server that may not listen."""
        self.connection.terminate()


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


def async_driver_of(connection: object, where: str) -> AsyncDriver:
    """The driver of a host's connection.

    Args:
        connection: of a driver.
        where: the schema, for errors.

    Raises:
        RetryTransaction: it is closed.
        InvalidValue: it is of none that is known here.
    """
    of = packages(connection)
    if "psycopg" in of:
        from psycopg import AsyncConnection

        from viralcommerce.runtime.stores.postgres.on_async_psycopg import AsyncPsycopg

        if isinstance(connection, AsyncConnection):
            return fit(AsyncPsycopg(connection), where)
    if "asyncpg" in of:
        return fit(Asyncpg(connection), where)
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
