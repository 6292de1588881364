"""The outbox in SQLite: one writer at a time, so that a claim is a look and a mark."""

from __future__ import annotations

import json
import sqlite3
from abc import abstractmethod
from collections.abc import Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from viralcommerce.runtime.outbox import Backlog, Claim, Outbox, Pending, Settled
from viralcommerce.runtime.stores.rows import (
    BACKLOG,
    PENDING_COLUMNS,
    micros,
    to_backlog,
    to_pending,
)
from viralcommerce.runtime.stores.sqlite_session import translated

_MINE: Final = (
    "case when {of}.entry = '' then :issues "
    "else {of}.entry in (select value from json_each(:campaigns)) "
    "or ({of}.campaign in (select value from json_each(:campaigns)) "
    "and {of}.entry not in (select value from json_each(:elsewhere))) end"
)
"""`Reach.has`, of an entry."""


def _any_due(mine: str) -> str:
    return (
        "select 1 from viral_outbox as o indexed by viral_outbox_due where due <= :at "
        f"and {mine.format(of='o')} limit 1"
    )


def _due(mine: str) -> str:
    return (
        f"select {PENDING_COLUMNS} from viral_outbox as o not indexed where due <= :at "
        f"and {mine.format(of='o')} "
        "and not exists (select 1 from viral_outbox as older indexed by viral_outbox_member "
        "where older.member = o.member and older.due > :at and older.position < o.position) "
        "and not exists (select 1 from viral_outbox as older indexed by viral_outbox_line "
        "where older.member = o.member and older.due is not null "
        "and older.position < o.position "
        f"and (older.tries > 0 or not {mine.format(of='older')})) "
        "order by position limit :limit"
    )


_ALL: Final = (_any_due("true"), _due("true"))
_OF_MINE: Final = (_any_due(_MINE), _due(_MINE))
_TAKE: Final = "update viral_outbox set tries = tries + 1, lease = ?, due = ? where position = ?"
_DELIVERED: Final = "delete from viral_outbox where position = ?"
_PUT: Final = (
    "update viral_outbox set due = ?, tries = ?, error = ?, lease = '' "
    "where position = ? and lease = ?"
)
_HOLD_BACK: Final = (
    "update viral_outbox indexed by viral_outbox_member set due = :due where member = "
    "(select member from viral_outbox where position = :position and due = :due) "
    "and position > :position and lease = '' and due < :due"
)
_RETRY: Final = "update viral_outbox set due = 0, tries = 0 where position = ? and due is null"


class SqliteOutbox(Outbox):
    """The outbox; a store says how a statement is run."""

    path: str

    @abstractmethod
    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _connection(self) -> AbstractContextManager[sqlite3.Connection]: ...

    def pending(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that wait."""
        return _pending(
            self._rows(
                f"select {PENDING_COLUMNS} from viral_outbox where due is not null "
                "order by position limit ?",
                limit,
            )
        )

    def claim(self, claim: Claim) -> Sequence[Pending]:
        """Take the oldest entries that are due; where none is, nothing is locked."""
        any_due, due = _ALL if claim.reach is None else _OF_MINE
        said: dict[str, object] = {"at": micros(claim.at)}
        if claim.reach is not None:
            said |= {
                "issues": claim.reach.issues,
                "campaigns": json.dumps(claim.reach.campaigns),
                "elsewhere": json.dumps(claim.reach.elsewhere),
            }
        with translated(self.path), self._connection() as connection:
            if connection.execute(any_due, said).fetchone() is None:
                return []
        with self._writing() as connection:
            rows = connection.execute(due, {**said, "limit": claim.limit}).fetchall()
            connection.executemany(
                _TAKE, [(claim.by, micros(claim.until), row[0]) for row in rows]
            )
        return _pending((*row[:4], row[4] + 1, *row[5:]) for row in rows)

    def settle(self, settled: Settled) -> None:
        """Write down what became of a claim."""
        by = settled.by
        later = [(micros(one.due), one) for one in settled.later]
        put = [(due, one.tries, one.error, one.position, by) for due, one in later]
        aside = [(None, one.tries, one.error, one.position, by) for one in settled.poisoned]
        with self._writing() as connection:
            connection.executemany(_DELIVERED, [(one,) for one in settled.delivered])
            connection.executemany(_PUT, [*put, *aside])
            connection.executemany(
                _HOLD_BACK, [{"due": due, "position": one.position} for due, one in later]
            )

    def poisoned(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that are set aside."""
        return _pending(
            self._rows(
                f"select {PENDING_COLUMNS} from viral_outbox where due is null "
                "order by position limit ?",
                limit,
            )
        )

    def retry(self, positions: Sequence[int]) -> int:
        """Put what is set aside back in line."""
        with self._writing() as connection:
            return connection.executemany(_RETRY, [(one,) for one in set(positions)]).rowcount

    def backlog(self) -> Backlog:
        """How the outbox stands."""
        rows = self._rows(f"select {BACKLOG} from viral_outbox")
        return to_backlog(rows[0])

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Cursor]:
        """A cursor in a transaction that writes; the host's own, where there is one."""
        with translated(self.path), self._connection() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            hosted = connection.in_transaction
            if not hosted:
                cursor.execute("begin immediate")
            yield cursor
            if not hosted:
                cursor.execute("commit")


def _pending(rows: Iterable[tuple[Any, ...]]) -> list[Pending]:
    return [to_pending(row) for row in rows]
