"""psycopg 3, the driver of the store's own connections, and of many hosts."""

from __future__ import annotations

import select
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg.pq import ExecStatus, PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row

from viralcommerce.errors import StoreError
from viralcommerce.runtime.stores.postgres.drivers import STATUS, Status
from viralcommerce.runtime.stores.postgres.failures import Failed, translation
from viralcommerce.runtime.stores.postgres.statements import Rows, Step
from viralcommerce.runtime.stores.postgres.transactions import Trip
from viralcommerce.runtime.stores.postgres.wire import OwnConnection

_MOST_ANSWERS: Final = 1_000
"""More than a pipeline of ours can leave unread."""


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

    @property
    def encoding(self) -> str:
        """Of text between the server and the driver, as the server says."""
        return self.connection.info.parameter_status("client_encoding") or ""

    def status(self) -> Status:
        """Whether what is performed next is in a transaction."""
        return status_of(self.connection)

    def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps in one round trip; what follows a rollback has one of its own."""
        outer, connection = sys.exception(), self.connection
        try:
            if isinstance(connection, OwnConnection):
                return connection.wait(connection.plans.trip(connection, trip))
            return [rows for part in pipelines(trip) for rows in _perform(self.connection, part)]
        except psycopg.Error as error:
            raise _interrupt(connection, error, outer) or failed(error) from error

    def calm(self) -> None:
        """After an interrupt, have the server cancel what it is at, and read what it said."""
        raw = self.connection.pgconn
        if self.connection.closed or not _is_in_a_message(self.connection):
            return
        self.connection.cancel()
        if raw.pipeline_status == PipelineStatus.OFF:
            while raw.get_result() is not None:
                pass
            return
        raw.pipeline_sync()
        while raw.flush():
            pass
        for _ in range(_MOST_ANSWERS):
            one = raw.get_result()
            if one is not None and one.status == ExecStatus.PIPELINE_SYNC:
                with suppress(psycopg.OperationalError):  # there are more of them
                    raw.exit_pipeline_mode()
                    break

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def pipelines(trip: Trip) -> list[Trip]:
    """The steps that may share a pipeline.

    At a rollback psycopg forgets its plans, and drops them in the server after what followed in
    the same pipeline was prepared and believed in.
    """
    parts: list[Trip] = [[]]
    for step in trip:
        parts[-1].append(step)
        if step.sql.startswith(b"rollback"):
            parts.append([])
    return [part for part in parts if part]


def is_lost(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> bool:
    """Whether an idle connection was lost, as far as can be known without a round trip.

    Something came in that nobody asked for: the server's goodbye, mostly. A commit that is the
    first thing said on such a one would leave everybody in doubt.
    """
    if connection.closed:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([connection.fileno()], [], [], 0)[0])
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


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


def _is_in_a_message(connection: psycopg.Connection[Any]) -> bool:
    raw = connection.pgconn
    is_off = raw.pipeline_status == PipelineStatus.OFF
    return not is_off or raw.transaction_status == TransactionStatus.ACTIVE


def _interrupt(
    connection: psycopg.Connection[Any], error: psycopg.Error, outer: BaseException | None
) -> BaseException | None:
    """The interrupt that psycopg replaced by not being able to leave a pipeline, if any."""
    if connection.closed or not _is_in_a_message(connection):
        return None
    before = error.__context__
    while isinstance(before, psycopg.Error) and before is not outer:
        before = before.__context__
    return None if before is outer else before


def _rows(cursor: psycopg.Cursor[Any], step: Step) -> Rows:
    return cursor.fetchall() if step.answers and cursor.description else []


def failed(error: psycopg.Error | Failed) -> Failed:
    """What psycopg raised, in the form of all drivers."""
    if isinstance(error, Failed):
        return error
    by_itself = error.sqlstate is None
    lost = by_itself and isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return Failed(error, error.sqlstate, constraint=error.diag.constraint_name, lost=lost)


@contextmanager
def translated(where: str) -> Generator[None]:
    """Turn what psycopg raises into the house's errors.

    Raises:
        StoreError: or one of its kinds, see `failures.translation`.
    """
    try:
        yield
    except psycopg.Error as error:
        raise translation(where, failed(error)) from error


@contextmanager
def connected(
    where: str, url: str, *, autocommit: bool = False
) -> Generator[psycopg.Connection[Any]]:
    """A connection of its own, closed afterwards; as psycopg's, it commits at the end.

    Raises:
        StoreError: there is none: the server's words say why. Or see `failures.translation`.
    """
    with translated(where):
        try:
            connection = psycopg.connect(url, autocommit=autocommit)
        except psycopg.OperationalError as error:
            raise StoreError(
                f"{where}: no connection to the database ({failed(error)}); nothing was written; "
                "see that the server runs, that the database is there, and that the URL is right"
            ) from error
        with connection:
            yield connection
