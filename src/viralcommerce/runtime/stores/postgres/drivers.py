"""The drivers that a unit of work runs on: psycopg 3 for the store's own connections and a host's,
psycopg 2 for a host's.

All run the same statements. Each performs a trip in as few round trips as it can, and says what
went wrong in one form (`failures.Failed`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from viralcommerce.errors import InvalidValue
from viralcommerce.runtime.stores.postgres.failures import Failed, failed
from viralcommerce.runtime.stores.postgres.statements import Rows, Step
from viralcommerce.runtime.stores.postgres.unit import Script, Trip
from viralcommerce.runtime.stores.unwrapping import described, packages

if TYPE_CHECKING:
    import psycopg2.extensions

T = TypeVar("T")
Status = Literal["outside", "inside", "failed"]
"""Of a connection: outside a transaction, inside one, or inside one that has failed."""

STATUS: Final[dict[int, Status]] = {
    TransactionStatus.IDLE: "outside",
    TransactionStatus.ACTIVE: "inside",
    TransactionStatus.INTRANS: "inside",
    TransactionStatus.INERROR: "failed",
    TransactionStatus.UNKNOWN: "outside",
}
"""By libpq's number, which both psycopgs have."""


class Driver(Protocol):
    """A connection as a unit of work uses it."""

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

    def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps of a trip; the rows of each that answers.

        Raises:
            Failed: what the server or the driver raised.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class Psycopg:
    """A connection of psycopg 3.

    Args:
        connection: in no pipeline.
    """

    __slots__ = ("connection",)

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
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

    def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps in one round trip."""
        try:
            return _perform(self.connection, trip)
        except psycopg.Error as error:
            raise failed(error) from error

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def status_of(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> Status:
    """Whether a connection is in a transaction, or begins one with the next statement."""
    status = STATUS[connection.info.transaction_status]
    return "inside" if status == "outside" and not connection.autocommit else status


def _perform(connection: psycopg.Connection[Any], trip: Trip) -> list[Rows]:
    """Run the steps of one round trip.

    The cursors are psycopg's own, whatever the host's connection makes. Prepared from the first
    time on: psycopg believes in a plan that it began to prepare later, in a pipeline that failed.
    """
    if len(trip) == 1:
        cursor = psycopg.Cursor(connection, row_factory=tuple_row)
        cursor.execute(trip[0].sql, trip[0].values, prepare=True)
        return [_rows(cursor, trip[0])]
    silent = psycopg.Cursor(connection, row_factory=tuple_row)
    cursors = [
        psycopg.Cursor(connection, row_factory=tuple_row) if step.answers else silent
        for step in trip
    ]
    first: psycopg.Error | None = None
    try:
        with connection.pipeline():
            try:
                for cursor, step in zip(cursors, trip, strict=True):
                    cursor.execute(step.sql, step.values, prepare=True)
            except psycopg.Error as error:  # the pipeline must end before it is raised
                first = error
    except psycopg.Error as error:
        raise first or error from None
    if first is not None:
        raise first
    return [_rows(cursor, step) for cursor, step in zip(cursors, trip, strict=True)]


def _rows(cursor: psycopg.Cursor[Any], step: Step) -> Rows:
    return cursor.fetchall() if step.answers and cursor.description else []


class Psycopg2:
    """A connection of psycopg 2, which a host has.

    Values are written into the text by the driver, so that steps up to one that answers make one
    round trip.

    Args:
        connection: with any kind of cursor.
    """

    __slots__ = ("connection",)

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self.connection = connection

    @property
    def number(self) -> int:
        """The process of the server."""
        return self.connection.get_backend_pid()

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or lost."""
        return bool(self.connection.closed)

    def status(self) -> Status:
        """Whether what is performed next is in a transaction."""
        status = STATUS[self.connection.get_transaction_status()]
        begins = status == "outside" and not self.connection.autocommit
        return "inside" if begins else status

    def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps, up to one that answers in one round trip."""
        from psycopg2 import Error, InterfaceError, OperationalError
        from psycopg2.extensions import cursor as plain

        rows: list[Rows] = []
        waiting: list[bytes] = []
        try:
            with self.connection.cursor(cursor_factory=plain) as cursor:
                for step in trip:
                    text = in_format(step.sql)
                    waiting.append(cursor.mogrify(text, list(step.values) or None))
                    if step.answers:
                        cursor.execute(b";".join(waiting))
                        waiting.clear()
                        rows.append(cursor.fetchall() if cursor.description else [])
                    else:
                        rows.append([])
                if waiting:
                    cursor.execute(b";".join(waiting))
        except Error as error:
            lost = error.pgcode is None and isinstance(error, (OperationalError, InterfaceError))
            constraint = error.diag.constraint_name
            raise Failed(error, error.pgcode, constraint=constraint, lost=lost) from error
        return rows

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


@functools.lru_cache(maxsize=1_000)
def in_format(sql: bytes) -> bytes:
    """A statement with ``%s`` only, as other drivers have it."""
    return sql.replace(b"%b", b"%s")


def driver_of(connection: object) -> Driver:
    """The driver of a host's connection.

    Raises:
        InvalidValue: it is of none that is known here.
    """
    if isinstance(connection, psycopg.Connection):
        return Psycopg(connection)
    if "psycopg2" in packages(connection):
        from psycopg2.extensions import connection as of_psycopg2

        if isinstance(connection, of_psycopg2):
            return Psycopg2(connection)
    raise unknown(connection, ("psycopg.Connection", "a connection of psycopg2"))


def unknown(connection: object, known: Sequence[str]) -> InvalidValue:
    """The refusal of an object that is no connection to PostgreSQL."""
    return InvalidValue(
        f"within: {described(connection)} is no connection to PostgreSQL that is known here; "
        f"give one of {', '.join(known)}, SQLAlchemy or Django"
    )


def play(script: Script[T], driver: Driver) -> T:
    """Run a script to its end, a trip at a time.

    Raises:
        Failed: what the server raised and the script did not handle.
    """
    try:
        trip = next(script)
        while True:
            try:
                rows = driver.perform(trip)
            except Failed as error:
                trip = script.throw(error)
            else:
                trip = script.send(rows)
    except StopIteration as done:
        result: T = done.value
        return result
