"""Sessions on PostgreSQL: the sync shell around a unit of work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from viralcommerce.errors import RetryTransaction
from viralcommerce.runtime.ports import Found, Short, Stale, Wanted, Writes
from viralcommerce.runtime.stores.postgres.failures import is_lost, translation
from viralcommerce.runtime.stores.postgres.statements import Rows
from viralcommerce.runtime.stores.postgres.unit import Script, Trip, Unit

T = TypeVar("T")
Connection = psycopg.Connection[Any]


def perform(connection: Connection, trip: Trip) -> list[Rows]:
    """Run the steps of one round trip; the rows of each that answers.

    Prepared from the first time on: psycopg believes in a plan that it began to prepare later, in
    a pipeline that failed.
    """
    if len(trip) == 1:
        cursor = connection.cursor(row_factory=tuple_row)
        cursor.execute(trip[0].sql, trip[0].values, prepare=True)
        return [cursor.fetchall() if trip[0].answers else []]
    silent = connection.cursor(row_factory=tuple_row)
    cursors = [
        connection.cursor(row_factory=tuple_row) if step.answers else silent for step in trip
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
    return [
        cursor.fetchall() if step.answers else []
        for cursor, step in zip(cursors, trip, strict=True)
    ]


def play(script: Script[T], connection: Connection) -> T:
    """Run a script to its end, a round trip at a time.

    Raises:
        psycopg.Error: what the server raised and the script did not handle.
    """
    try:
        trip = next(script)
        while True:
            try:
                rows = perform(connection, trip)
            except psycopg.Error as error:
                trip = script.throw(error)
            else:
                trip = script.send(rows)
    except StopIteration as done:
        result: T = done.value
        return result


class PostgresSession:
    """A unit of work on a connection of the store's own, taken when it is first needed.

    Args:
        unit: what to do.
        take: gives an idle connection, in autocommit.
        give_back: takes it, whatever became of it.
        where: the store, for errors.
    """

    rehearses = True

    def __init__(
        self,
        unit: Unit,
        take: Callable[[], Connection],
        give_back: Callable[[Connection], None],
        where: str,
    ) -> None:
        self._unit = unit
        self._take = take
        self._give_back = give_back
        self._where = where
        self._connection: Connection | None = None

    def look(self, wanted: Wanted) -> Found:
        """Read; between looking and locking no connection is held."""
        found = self._run(self._unit.look(wanted))
        self._rest()
        return found

    def lock(self, wanted: Wanted) -> Found:
        """Begin a transaction, lock, then read on a new snapshot."""
        return self._run(self._unit.lock(wanted))

    def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all and commit, or say what is short or stale."""
        return self._run(self._unit.commit(writes))

    def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        found = self._run(self._unit.rules(digest))
        self._rest()
        return found

    def close(self) -> None:
        """Let the locks go, and the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                self._undo(connection)
            finally:
                self._give_back(connection)

    def _run(self, script: Script[T]) -> T:
        if self._connection is None:
            self._connection = self._take()
            self._unit.mine = self._connection.info.backend_pid
        connection = self._connection
        try:
            return play(script, connection)
        except psycopg.Error as error:
            committing, self._unit.committing = self._unit.committing, False
            self._undo(connection, failed=True, lost=is_lost(error))
            raise translation(
                self._where, error, committing=committing, hosted=isinstance(self, HostSession)
            ) from error

    def _undo(self, connection: Connection, *, failed: bool = False, lost: bool = False) -> None:
        """Roll back; a connection that cannot even do that is closed."""
        try:
            if lost:
                connection.close()
            elif not connection.closed:
                play(self._unit.undo(failed=failed), connection)
        except psycopg.Error:
            connection.close()
        self._unit.begun = False

    def _rest(self) -> None:
        if self._connection is not None and not self._unit.begun:
            connection, self._connection = self._connection, None
            self._give_back(connection)


class HostSession(PostgresSession):
    """A unit of work inside the host's transaction: one savepoint, committed when the host does.

    Args:
        unit: a hosted one.
        connection: the host's, inside a transaction.
        where: the store, for errors.

    Raises:
        RetryTransaction: from `lock`, when the connection is in no transaction, or in one that
            has failed already.
    """

    def __init__(self, unit: Unit, connection: Connection, where: str) -> None:
        super().__init__(unit, lambda: connection, lambda _: None, where)

    def lock(self, wanted: Wanted) -> Found:
        """Begin a savepoint, lock, then read."""
        if not self._unit.begun:
            must_be_inside(self._take(), self._where)
        return super().lock(wanted)

    def _undo(self, connection: Connection, *, failed: bool = False, lost: bool = False) -> None:
        try:
            if not lost and not connection.closed:
                play(self._unit.undo(failed=failed), connection)
        except psycopg.Error as error:
            raise translation(self._where, error, hosted=True) from error
        finally:
            self._unit.begun = False


def must_be_inside(connection: Connection, where: str) -> None:
    """Refuse a connection of the host that is in no transaction, or in a failed one.

    Raises:
        RetryTransaction: begin one, then call again.
    """
    status = connection.info.transaction_status
    if status != TransactionStatus.INTRANS:
        what = "has failed" if status == TransactionStatus.INERROR else "has not begun"
        raise RetryTransaction(
            f"{where}: the transaction of the host's connection {what}, so nothing could commit "
            "together; begin one, and call again"
        )
