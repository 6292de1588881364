"""Inside the host's own SQLite transaction: sqlite3's, SQLAlchemy's or Django's.

A host's connection is looked up anew for each unit of work: a session of SQLAlchemy has another
one after each commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Self

from viralcommerce.errors import InvalidValue, RetryTransaction, StoreError
from viralcommerce.runtime.ports import Found, Wanted
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.runtime.stores.sqlite_session import SqliteSession, translated, translation
from viralcommerce.runtime.stores.unwrapping import described, driver_connection


class Savepoints:
    """Ours in a host's transaction, in the order they were begun.

    Where each statement is awaited, a task may be canceled while a savepoint is released. There
    they stand until the host's transaction ends, so that there is something to go back to.
    """

    def __init__(self) -> None:
        self.standing = 0

    def begin(self, cursor: sqlite3.Cursor | AdaptedCursor) -> str:
        """Begin one; its name."""
        if not isinstance(cursor, AdaptedCursor):
            cursor.execute("savepoint viralcommerce")
            return "viralcommerce"
        name = f"viralcommerce_{self.standing}"
        cursor.execute(f"savepoint {name}")
        self.standing += 1
        return name

    def release(self, cursor: sqlite3.Cursor | AdaptedCursor, name: str) -> None:
        """What was written since stays."""
        if not isinstance(cursor, AdaptedCursor):
            cursor.execute(f"release {name}")

    def undo(self, cursor: sqlite3.Cursor | AdaptedCursor, name: str) -> None:
        """What was written since is undone."""
        cursor.execute(f"rollback to {name}")
        self.release(cursor, name)

    def go_back(self, cursor: sqlite3.Cursor | AdaptedCursor, standing: int) -> None:
        """Undo what was written since so many stood."""
        if self.standing > standing:
            self.standing = standing
            cursor.execute(f"rollback to viralcommerce_{standing}")


class HostSession(SqliteSession):
    """A unit of work inside the host's transaction: one savepoint, committed when the host does.

    Args:
        take: gives the host's connection.
        savepoints: of the store.
        path: of the file, for errors.

    Raises:
        RetryTransaction: from `lock`, when the connection is in no transaction, or in one that
            can no longer write because somebody else did since it began to read.
    """

    def __init__(
        self, take: Callable[[], sqlite3.Connection], savepoints: Savepoints, path: str
    ) -> None:
        self._take = take
        self._savepoints = savepoints
        self._path = path
        self._known = set()  # what is written here may be rolled back
        self._locked = False
        self._over = False

    def look(self, wanted: Wanted) -> Found:
        """Read what is asked for."""
        self._join()
        return super().look(wanted)

    def lock(self, wanted: Wanted) -> Found:
        """Begin a savepoint, then read."""
        if not self._locked:
            self._join()
        return super().lock(wanted)

    def close(self) -> None:
        """Let the locks go; the connection stays the host's."""
        if self._locked:
            self._undo()

    def _join(self) -> None:
        self._connection = self._take()
        self._cursor = self._connection.cursor()
        self._cursor.row_factory = None

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            if self._connection.isolation_level is None:
                raise RetryTransaction(
                    f"{self._path}: the host's connection is in no transaction, so nothing could "
                    "commit together; execute 'BEGIN IMMEDIATE' on it first"
                )
            try:
                self._cursor.execute("begin immediate")  # sqlite3 would begin by itself, too
            except sqlite3.Error as error:
                raise translation(self._path, error) from error
        self._savepoint = self._savepoints.begin(self._cursor)
        try:
            self._cursor.execute("update viral_meta set value = value where name = 'schema'")
        except sqlite3.OperationalError as error:
            self._undo()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise RetryTransaction(
                    f"{self._path}: the host's transaction may not write any more ({error}); roll "
                    "it back and begin again with 'BEGIN IMMEDIATE'"
                ) from error
            raise

    def _said(self, error: sqlite3.Error) -> StoreError:
        said = super()._said(error)
        if self._connection.in_transaction:
            return said
        return type(said)(
            f"{said.message}; SQLite has undone the host's whole transaction, so begin it again",
            **said.operands,
        )

    def _commit(self) -> None:
        self._savepoints.release(self._cursor, self._savepoint)

    def _undo(self) -> None:
        self._locked = False
        if self._connection.in_transaction:
            self._savepoints.undo(self._cursor, self._savepoint)


class HostedSqliteStore(SqliteStore):
    """A store whose units of work are savepoints in the host's transaction; reads see it too.

    Args:
        path: of the file.
        connection: the host's: of sqlite3, SQLAlchemy or Django.
    """

    def __init__(self, path: str, connection: object) -> None:
        self.path = path
        self._host = connection
        self._closed = False
        self._savepoints = Savepoints()

    def within(self, connection: object) -> SqliteStore:
        """The same tables on another connection."""
        return HostedSqliteStore(self.path, connection)

    def session(self) -> SqliteSession:
        """Begin a unit of work inside the host's transaction."""
        return HostSession(self._raw, self._savepoints, self.path)

    def _raw(self) -> sqlite3.Connection:
        connection = driver_connection(self._host, self.path)
        if isinstance(connection, sqlite3.Connection):
            return connection
        if hasattr(connection, "driver_connection") and hasattr(connection, "run_async"):
            adapted: sqlite3.Connection = Adapted(connection)  # type: ignore[assignment]
            return adapted
        raise InvalidValue(
            f"within: {described(connection)} is no connection to SQLite that is known here; give "
            "one of sqlite3, SQLAlchemy or Django"
        )

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        yield self._raw()

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Cursor]:
        """A cursor in a savepoint, or in a transaction where the host has none."""
        with translated(self.path), self._connection() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            savepoint = self._savepoints.begin(cursor)
            try:
                yield cursor
            except BaseException:
                if connection.in_transaction:
                    self._savepoints.undo(cursor, savepoint)
                raise
            self._savepoints.release(cursor, savepoint)

    def standing(self) -> int:
        """How many savepoints stand that were not released."""
        return self._savepoints.standing

    def go_back(self, standing: int) -> None:
        """Undo what was written since so many savepoints stood."""
        with translated(self.path), self._connection() as connection:
            if connection.in_transaction:
                self._savepoints.go_back(connection.cursor(), standing)

    def scrub(self) -> bool:
        """Nothing can be cleared inside of a transaction."""
        return False

    def close(self) -> None:
        """Leave the host's connection as it is."""
        self._closed = True


class Adapted:
    """A connection that SQLAlchemy adapted from asyncio, as sqlite3's own behaves.

    Args:
        connection: the adapter; used inside of SQLAlchemy's ``run_sync``.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun."""
        began: bool = self._connection.driver_connection.in_transaction
        return began

    @property
    def isolation_level(self) -> str | None:
        """How sqlite3 begins by itself; nothing where it does not."""
        level: str | None = self._connection.isolation_level
        return level

    def cursor(self) -> AdaptedCursor:
        """A new cursor."""
        return AdaptedCursor(self._connection.cursor())


class AdaptedCursor:
    """A cursor that SQLAlchemy adapted, as sqlite3's own behaves.

    Args:
        cursor: the adapter.
    """

    row_factory: object = None

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        count: int = self._cursor.rowcount
        return count

    @property
    def lastrowid(self) -> int:
        """The number of the row that was inserted last."""
        number: int = self._cursor.lastrowid
        return number

    def execute(self, sql: str, values: object = ()) -> Self:
        """Run one statement."""
        self._cursor.execute(sql, values)
        return self

    def executemany(self, sql: str, rows: object) -> Self:
        """Run one statement for each row."""
        self._cursor.executemany(sql, rows)
        return self

    def fetchone(self) -> Any:
        """The next row."""
        return self._cursor.fetchone()

    def fetchall(self) -> Any:
        """All the rows that are left."""
        return self._cursor.fetchall()

    def __iter__(self) -> Any:
        return iter(self._cursor)

    def close(self) -> None:
        """Let go of it."""
        self._cursor.close()
