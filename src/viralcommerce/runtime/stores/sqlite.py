"""The embedded store: one SQLite file, many threads and processes.

WAL, and ``synchronous=NORMAL`` unless more is asked: a crash of the process loses nothing, a loss
of power may lose the last commits but never half of one. Locking is SQLite's own: `lock` begins an
immediate transaction, so there is one writer at a time and what was read cannot change.
"""

from __future__ import annotations

import json
import os
import sqlite3
import weakref
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from viralcommerce.codec import encode
from viralcommerce.errors import InvalidValue, NotLive, SchemaMismatch, StoreCorrupt
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.life import ALIVE, Life
from viralcommerce.runtime.ports import Cell, Due, Line, Part, Posting
from viralcommerce.runtime.stores.rows import (
    CELL_COLUMNS,
    LINE_COLUMNS,
    OWN_POSTINGS,
    micros,
    moment,
    to_cell,
    to_life,
    to_line,
    to_posting,
)
from viralcommerce.runtime.stores.schema import SCHEMA_VERSION, SQLITE
from viralcommerce.runtime.stores.sqlite_contents import SqliteContents
from viralcommerce.runtime.stores.sqlite_outbox import SqliteOutbox
from viralcommerce.runtime.stores.sqlite_reads import BELOW
from viralcommerce.runtime.stores.sqlite_session import SqliteSession, translated, translation
from viralcommerce.runtime.stores.sqlite_upkeep import SqliteUpkeep


class SqliteStore(SqliteContents, SqliteOutbox, SqliteUpkeep):
    """A store in one SQLite file; the tables are made when they are not there.

    Args:
        path: of the file; its folder must exist. A relative one is looked up once, from where the
            process is now: every later connection is to the same file.
        busy_after: seconds to wait for another writer before `StoreBusy`.
        synchronous: ``"NORMAL"``, or ``"FULL"`` to lose nothing with the power either.

    Raises:
        InvalidValue: a path that names no file: ``":memory:"``, an empty one, one with U+0000.
        StoreCorrupt: the file is not an SQLite database.
        SchemaMismatch: its tables are of a newer version.
        StoreError: it cannot be opened or written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        busy_after: float = 30.0,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
    ) -> None:
        self.path = file_path(path)
        self._busy_after = busy_after
        self._synchronous = synchronous
        self._pool: deque[sqlite3.Connection] = deque()
        # a store that nobody closed closes its connections when it goes
        self._going = _closing(self, self._pool)
        self._pid = os.getpid()
        self._closed = False
        self._known: set[str] = set()
        with translated(self.path), self._connection() as connection:
            self._prepare(connection)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        found = connection.execute(
            "select 1 from sqlite_master where type = 'table' and name = 'viral_meta'"
        ).fetchone()
        if found is None:
            connection.execute("begin immediate")
            for statement in SQLITE.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(
                "insert or ignore into viral_meta values ('schema', ?)", (str(SCHEMA_VERSION),)
            )
            connection.execute("commit")
        known = connection.execute("select value from viral_meta where name = 'schema'").fetchone()
        version = known[0] if known else "unknown"
        if version != str(SCHEMA_VERSION):
            raise SchemaMismatch(
                f"{self.path}: its tables are version {version}, this library writes version "
                f"{SCHEMA_VERSION}; use the library that made them, or a new file"
            )

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._busy_after, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute(f"pragma synchronous = {self._synchronous}")
            connection.execute("pragma cache_size = -16384")
        except BaseException:
            connection.close()
            raise
        return connection

    def _take(self) -> sqlite3.Connection:
        if self._closed:
            raise NotLive(f"{self.path}: the store is closed; open another")
        if self._pid != os.getpid():  # a fork must not share its parent's connections
            self._going.detach()
            self._pool = deque()
            self._going = _closing(self, self._pool)
            self._pid = os.getpid()
        try:
            return self._pool.pop()
        except IndexError:
            return self._open()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed or self._pid != os.getpid() or len(self._pool) >= 8:
            connection.close()
        else:
            self._pool.append(connection)

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        connection = self._take()
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("rollback")
            self._give_back(connection)

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with translated(self.path), self._cursor() as cursor:
            return cursor.execute(sql, values).fetchall()

    def _stream(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        with translated(self.path), self._cursor() as cursor:
            yield from cursor.execute(sql, values)

    @contextmanager
    def _cursor(self) -> Generator[sqlite3.Cursor]:
        """A cursor whose rows are tuples, whatever those of a host's connection are."""
        with self._connection() as connection, closing(connection.cursor()) as cursor:
            cursor.row_factory = None
            yield cursor

    def session(self) -> SqliteSession:
        """Begin a unit of work."""
        try:
            return SqliteSession(self._take(), self._give_back, self.path, self._known)
        except sqlite3.Error as error:
            raise translation(self.path, error) from error

    def within(self, connection: object) -> SqliteStore:
        """This store on the host's connection to the same file: see `sqlite_hosted`."""
        from viralcommerce.runtime.stores.sqlite_hosted import HostedSqliteStore

        return HostedSqliteStore(self.path, connection)

    def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Due]:
        """Instances whose deadline has come."""
        rows = self._rows(
            "select campaign, instance, deadline from viral_cells where deadline <= ? "
            "and campaign in (select value from json_each(?)) "
            "order by deadline, campaign, instance limit ?",
            micros(at),
            json.dumps(list(campaigns)),
            limit,
        )
        return [Due(name, instance, moment(when)) for name, instance, when in rows]

    def cell(self, campaign: str, instance: str) -> Cell | None:
        """One instance."""
        rows = self._rows(
            f"select {CELL_COLUMNS} from viral_cells where campaign = ? and instance = ?",
            campaign,
            instance,
        )
        return to_cell(rows[0]) if rows else None

    def parts(self, member: str) -> Sequence[Part]:
        """What a member took part in."""
        rows = self._rows(
            "select campaign, member, role, instance, at from viral_parts where member = ? "
            "order by at, campaign, instance, role",
            member,
        )
        return [Part(c, m, r, i, moment(at)) for c, m, r, i, at in rows]

    def instances(self, campaign: str, after: str, limit: int) -> Sequence[tuple[str, Cell]]:
        """Instances by id."""
        rows = self._rows(
            f"select instance, {CELL_COLUMNS} from viral_cells "
            "where campaign = ? and instance > ? order by instance limit ?",
            campaign,
            after,
            limit,
        )
        return [(row[0], to_cell(row[1:])) for row in rows]

    def below(
        self, campaign: str, instance: str, after: str, limit: int
    ) -> Sequence[tuple[str, Cell]]:
        """Instances that hang under one, by id."""
        rows = self._rows(BELOW, campaign, instance, after, limit)
        return [(row[0], to_cell(row[1:])) for row in rows]

    def awards(self, member: str) -> Sequence[Posting]:
        """A member's awards, and what was taken back or given again."""
        account = f"member/{member}"
        sql = OWN_POSTINGS.format(ledger="viral_ledger", value="?")
        return [to_posting(row[1:]) for row in self._rows(sql, account, account, account)]

    def used(self, campaign: str) -> Mapping[QuotaKey, int]:
        """The quotas of the campaign itself."""
        rows = self._rows(
            "select name, period, used from viral_quotas indexed by viral_quotas_campaign "
            "where campaign = ? and scope = '' and used <> 0",
            campaign,
        )
        return {(campaign, n, "", p): used for n, p, used in rows}

    def history(self, campaign: str, instance: str) -> Sequence[Line]:
        """The journal of one instance."""
        rows = self._rows(
            f"select {LINE_COLUMNS} from viral_journal "
            "where campaign = ? and instance = ? order by position",
            campaign,
            instance,
        )
        return [to_line(row) for row in rows]

    def recorded(self, campaign: str, moments: Sequence[tuple[str, datetime]]) -> Sequence[Line]:
        """The journal lines of instances at moments."""
        sql = (
            f"select {LINE_COLUMNS} from viral_journal "
            "where campaign = ? and instance = ? and at = ?"
        )
        lines: list[Line] = []
        with translated(self.path), self._cursor() as cursor:
            for instance, at in dict.fromkeys(moments):
                rows = cursor.execute(sql, (campaign, instance, micros(at)))
                lines.extend(to_line(row) for row in rows)
        return lines

    def life(self, campaign: str) -> Life:
        """The stage of life."""
        rows = self._rows(
            "select life from viral_lives where campaign = ? order by id desc limit 1", campaign
        )
        return to_life(rows[0][0]) if rows else ALIVE

    def set_life(self, campaign: str, life: Life) -> None:
        """Record a new stage."""
        self._rows(
            "insert into viral_lives (campaign, life) values (?, ?)",
            campaign,
            encode(life).decode(),
        )

    def lives(self, campaign: str) -> Sequence[Life]:
        """Every stage, the oldest first."""
        rows = self._rows("select life from viral_lives where campaign = ? order by id", campaign)
        return [to_life(text) for (text,) in rows]

    def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        rows = self._rows("select campaign from viral_rules where hash = ?", digest)
        if not rows:
            raise StoreCorrupt(f"{self.path}: no rules with the hash {digest}; restore the file")
        text: str = rows[0][0]
        return text.encode()

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._closed = True
        _close_all(self._pool)


def file_path(path: str | os.PathLike[str]) -> str:
    """The path of a store's file, absolute.

    Raises:
        InvalidValue: it cannot be a file, or sqlite3 would make a database of its own for every
            connection.
    """
    text = os.fspath(path)
    if text in ("", ":memory:"):
        raise InvalidValue(
            f"path: {text!r} names no file, and every connection would have a database of its "
            "own; name a file, or use MemoryStore() (the URL memory:)",
            path=text,
        )
    if "\0" in text:
        raise InvalidValue(f"path: {text!r:.80} has U+0000 in it, which no file may", path=text)
    return str(Path(text).absolute())


def _closing(store: SqliteStore, pool: deque[sqlite3.Connection]) -> weakref.finalize[Any, Any]:
    going = weakref.finalize(store, _close_all, pool)
    going.atexit = (
        False  # the process ends anyhow, and may be a fork with its parent's connections
    )
    return going


def _close_all(pool: deque[sqlite3.Connection]) -> None:
    while pool:
        pool.pop().close()
