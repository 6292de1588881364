"""The drivers that a unit of work runs on: what they have in common, and psycopg 2.

All run the same statements. Each performs a trip in as few round trips as it can, and says what
went wrong in one form (`failures.Failed`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeVar

from viralcommerce.errors import InvalidValue, RetryTransaction
from viralcommerce.runtime.stores.postgres.failures import Failed
from viralcommerce.runtime.stores.postgres.statements import Rows
from viralcommerce.runtime.stores.postgres.transactions import Script, Trip
from viralcommerce.runtime.stores.unwrapping import described, packages

if TYPE_CHECKING:
    import psycopg2.extensions

T = TypeVar("T")
Status = Literal["outside", "inside", "failed"]
"""Of a connection: outside a transaction, inside one, or inside one that has failed."""

STATUS: Final[Sequence[Status]] = ("outside", "inside", "inside", "failed", "outside")
"""By libpq's number: idle, active, in a transaction, in a failed one, not known."""


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

    def calm(self) -> None:
        """After an interrupt, have the server cancel what it is at, and read what it said."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class Joined(Protocol):
    """What is asked of a host's connection before it is used."""

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or lost."""
        ...

    @property
    def encoding(self) -> str:
        """Of text between the server and the driver, as the server says."""
        ...


J = TypeVar("J", bound=Joined)


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

    @property
    def encoding(self) -> str:
        """Of text between the server and the driver, as the server says."""
        return self.connection.get_parameter_status("client_encoding") or ""

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

    def calm(self) -> None:
        """Do nothing: the driver sees no signal before the server has answered."""

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


@functools.lru_cache(maxsize=1_000)
def in_format(sql: bytes) -> bytes:
    """A statement with ``%s`` only, as other drivers have it."""
    return sql.replace(b"%b", b"%s")


def driver_of(connection: object, where: str) -> Driver:
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
        from psycopg import Connection

        from viralcommerce.runtime.stores.postgres.on_psycopg import Psycopg

        if isinstance(connection, Connection):
            return fit(Psycopg(connection), where)
    if "psycopg2" in of:
        from psycopg2.extensions import connection as of_psycopg2

        if isinstance(connection, of_psycopg2):
            return fit(Psycopg2(connection), where)
    raise unknown(connection, ("psycopg.Connection", "a connection of psycopg2"))


def fit(driver: J, where: str) -> J:
    """A driver, unless its connection cannot be used.

    Args:
        driver: of the connection.
        where: the schema, for errors.

    Raises:
        RetryTransaction: it is closed; begin a transaction on another.
        InvalidValue: not every text can be said on it.
    """
    if driver.is_closed:
        raise RetryTransaction(
            f"{where}: the host's connection is closed, so nothing could commit together; begin "
            "a transaction on another, and call again"
        )
    if driver.encoding.strip("'").upper().replace("-", "") != "UTF8":
        raise InvalidValue(
            f"{where}: the client_encoding of the host's connection is {driver.encoding!r}, which "
            "cannot say every id and code; connect with client_encoding=UTF8"
        )
    return driver


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
