"""A unit of work on SQLite: look, lock, commit once. The statements are written here and once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import structs

from viralcommerce.codec import encode
from viralcommerce.errors import (
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
)
from viralcommerce.messages import Transfer
from viralcommerce.runtime.erasure import SALT, Name, fingerprints
from viralcommerce.runtime.ports import (
    Found,
    Record,
    Short,
    Stale,
    Wanted,
    Writes,
)
from viralcommerce.runtime.stores.rows import CELL_COLUMNS, micros, outbox_row
from viralcommerce.runtime.stores.said import Rows, Said, Script
from viralcommerce.runtime.stores.sqlite_reads import ONE_QUOTA, read

_NEW_CELL: Final = (
    f"insert into viral_cells ({CELL_COLUMNS}, campaign, instance) "
    "values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing"
)
_PUT_CELL: Final = (
    f"update viral_cells set ({CELL_COLUMNS}) = (?, ?, ?, ?, ?, ?) "
    "where campaign = ? and instance = ? and version = ?"
)
_PUT_QUOTA: Final = (
    "insert into viral_quotas values (?, ?, ?, ?, ?) "
    "on conflict do update set used = used + excluded.used"
)
_PUT_JOURNAL: Final = (
    "insert into viral_journal (campaign, instance, at, decision) values (?, ?, ?, ?)"
)
_PUT_KEY: Final = "insert into viral_keys values (?, ?, ?, ?)"
_PUT_LEDGER: Final = (
    "insert into viral_ledger (campaign, instance, at, id, source, target, asset, amount, "
    "reverses, award) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PUT_PART: Final = (
    "insert into viral_parts (campaign, member, role, instance, at) values (?, ?, ?, ?, ?) "
    "on conflict do nothing"
)
_PUT_OUTBOX: Final = (
    "insert into viral_outbox (campaign, member, at, entry, award) values (?, ?, ?, ?, ?)"
)
_PUT_RULES: Final = "insert into viral_rules values (?, ?) on conflict do nothing"


_SALT: Final = f"select value from viral_meta where name = '{SALT}'"
_UNREAD: Final = object()
T = TypeVar("T")


@contextmanager
def translated(path: str) -> Generator[None]:
    """Turn what sqlite3 raises into the house's errors: where, what, what to do.

    Raises:
        StoreBusy, StoreFull, StoreCorrupt, StoreError: see `errors`.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise translation(path, error) from error


def translation(path: str, error: sqlite3.Error) -> StoreError:
    """The house's error for one of sqlite3's."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(
            f"{path}: another process is writing to it ({error}); nothing was written; try again, "
            "or give busy_after= more seconds",
            path=path,
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"{path}: the disk is full; nothing was written; make room", path=path)
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StoreCorrupt(
            f"{path}: not a database, or a damaged one ({error}); restore it from a copy, or name "
            "another file",
            path=path,
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(f"{path}: cannot be opened; {_how_to_open(path)}", path=path)
    if code == sqlite3.SQLITE_READONLY:
        return StoreError(f"{path}: may not be written; change its permissions", path=path)
    return StoreError(f"{path}: {error}; nothing was written", path=path)


def _how_to_open(path: str) -> str:
    if Path(path).is_dir():
        return "it is a folder; name a file in it"
    if not Path(path).parent.is_dir():
        return "make its folder, or name another"
    return (
        "nothing was written; see that it may be read and written, and its folder too, where "
        "SQLite keeps a log beside it, and a folder for temporary files"
    )


class SqliteSession:
    """A unit of work on a connection of the store's own.

    Args:
        connection: idle, in autocommit.
        give_back: called with the connection when the work is over.
        path: of the file, for errors.
        known: the hashes of campaigns that are known to be stored.
    """

    rehearses = False

    def __init__(
        self,
        connection: sqlite3.Connection,
        give_back: Callable[[sqlite3.Connection], None],
        path: str,
        known: set[str],
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._give_back = give_back
        self._path = path
        self._known = known
        self._locked = False
        self._over = False
        self._salt: Any = _UNREAD

    def look(self, wanted: Wanted) -> Found:
        """Read what is asked for."""
        try:
            return read(self._cursor, wanted)
        except sqlite3.Error as error:
            raise self._said(error) from error

    def lock(self, wanted: Wanted) -> Found:
        """Begin an immediate transaction, then read."""
        try:
            if not self._locked:
                self._begin()
                self._locked = True
                self._salt = _UNREAD
            found = read(self._cursor, wanted)
            if wanted.members or wanted.decisions or wanted.cells:
                gone = self._gone(wanted)
                return structs.replace(found, gone=gone) if gone else found
            return found
        except sqlite3.Error as error:
            raise self._said(error) from error

    def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all, or say what is short."""
        try:
            short = self._short(writes)
            if short is not None:
                return short
            stale = self._write(writes)
            if stale is not None:
                self._undo()
                return stale
            self._commit()
        except sqlite3.Error as error:
            self._undo()
            raise self._said(error) from error
        self._locked = False
        self._known.update(writes.rules)
        return None

    def play(self, script: Script[T]) -> T:
        """Run a script to its end, and commit.

        Raises:
            ViralCommerceError: nothing was written.
        """
        try:
            self.lock(Wanted())
            result = self._result(script)
            self._commit()
        except sqlite3.Error as error:
            raise self._said(error) from error
        self._locked = False
        return result

    def _result(self, script: Script[T]) -> T:
        try:
            said = next(script)
            while True:
                said = script.send([self._rows(one) for one in said])
        except StopIteration as done:
            result: T = done.value
            return result

    def _rows(self, said: Said) -> Rows:
        sql = said.sql.replace("{s}", "viral_").replace("%s", "?")
        return self._cursor.execute(sql, said.values).fetchall()

    def _gone(self, wanted: Wanted) -> frozenset[Name]:
        """What tombstones stand for."""
        if self._salt is _UNREAD:  # nobody else writes one before this is over
            self._salt = self._cursor.execute(_SALT).fetchone()
        if self._salt is None:
            return frozenset()
        named = fingerprints(self._salt[0], wanted)
        marks = ", ".join("?" * len(named))
        sql = f"select fingerprint from viral_tombstones where fingerprint in ({marks})"
        return frozenset(named[mark] for (mark,) in self._cursor.execute(sql, list(named)))

    def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        row = self._cursor.execute(
            "select campaign from viral_rules where hash = ?", (digest,)
        ).fetchone()
        if row is None:
            raise StoreCorrupt(f"{self._path}: no rules with the hash {digest}")
        return str(row[0]).encode()

    def close(self) -> None:
        """Let the locks go; what was not committed never happened."""
        if self._locked:
            self._undo()
        if not self._over:
            self._over = True
            self._give_back(self._connection)

    def _said(self, error: sqlite3.Error) -> StoreError:
        return translation(self._path, error)

    def _begin(self) -> None:
        self._cursor.execute("begin immediate")

    def _commit(self) -> None:
        self._cursor.execute("commit")

    def _undo(self) -> None:
        self._locked = False
        if self._connection.in_transaction:
            self._cursor.execute("rollback")

    def _short(self, writes: Writes) -> Short | None:
        """The first hot quota that does not fit; no other writer can change that meanwhile."""
        for key, hot in writes.hot.items():
            if hot.cap is not None:
                row = self._cursor.execute(ONE_QUOTA, key).fetchone()
                used = 0 if row is None else row[0]
                if used + hot.peak > hot.cap:
                    return Short(key, hot.cap - used)
        return None

    def _write(self, writes: Writes) -> Stale | None:
        many = self._cursor.executemany
        for write in writes.cells:
            cell = write.cell
            deadline = None if cell.deadline is None else micros(cell.deadline)
            row: tuple[object, ...] = (
                cell.rules,
                cell.version,
                encode(cell.state).decode(),
                deadline,
                cell.held,
                cell.parent,
                *write.place,
            )
            sql = _NEW_CELL
            if write.expected:
                sql, row = _PUT_CELL, (*row, write.expected)
            if self._cursor.execute(sql, row).rowcount == 0:
                return Stale(write.place)
        changes = [(*key, hot.change) for key, hot in writes.hot.items() if hot.change]
        changes += [(*key, change) for key, change in writes.used.items()]
        if changes:
            many(_PUT_QUOTA, changes)
        self._write_records(writes.records)
        if not writes.rules.keys() <= self._known:
            many(_PUT_RULES, [(digest, text.decode()) for digest, text in writes.rules.items()])
        return None

    def _write_records(self, records: Sequence[Record]) -> None:
        run, many = self._cursor.execute, self._cursor.executemany
        keys: list[tuple[object, ...]] = []
        ledger: list[tuple[object, ...]] = []
        parts: list[tuple[object, ...]] = []
        outbox: list[tuple[object, ...]] = []
        for record in records:
            decision = record.decision
            name, instance = decision.campaign, decision.instance
            at = micros(decision.command.at)
            position = run(_PUT_JOURNAL, (name, instance, at, encode(decision).decode())).lastrowid
            if record.key:
                keys.append((name, record.key, position, at))
            ledger += [_ledger_row(name, instance, at, moved) for moved in record.transfers]
            parts += [(name, member, role, instance, at) for member, role in record.parts]
            outbox += [outbox_row(name, at, one) for one in record.issue]
        if keys:
            many(_PUT_KEY, keys)
        if ledger:
            many(_PUT_LEDGER, ledger)
        if parts:
            many(_PUT_PART, parts)
        if outbox:
            many(_PUT_OUTBOX, outbox)


def _ledger_row(name: str, instance: str, at: int, moved: Transfer) -> tuple[object, ...]:
    award = None if moved.award is None else encode(moved.award).decode()
    return (
        name,
        instance,
        at,
        moved.id,
        moved.source,
        moved.target,
        moved.asset,
        moved.amount,
        moved.reverses,
        award,
    )
