"""What an SQLite store has, all of it, streamed; and what of it may be forgotten."""

from __future__ import annotations

import sqlite3
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final

from viralcommerce.program import QuotaKey
from viralcommerce.runtime.contents import Contents, KeptKey
from viralcommerce.runtime.ports import Cell, Line, Part, Posting
from viralcommerce.runtime.sealing import Seal
from viralcommerce.runtime.stores.rows import (
    CELL_COLUMNS,
    KEYS_SINCE,
    LINE_COLUMNS,
    POSTING_COLUMNS,
    SEAL_COLUMNS,
    micros,
    moment,
    to_cell,
    to_line,
    to_posting,
    to_seal,
)
from viralcommerce.runtime.stores.sqlite_session import translated
from viralcommerce.values.instants import in_utc

_MARK: Final = (
    "insert into viral_meta values (?, ?) on conflict (name) do update set "
    "value = cast(max(cast(value as integer), cast(excluded.value as integer)) as text)"
)


class SqliteContents(Contents):
    """The tables as they are; a store says how a statement is run."""

    path: str

    @abstractmethod
    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _stream(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]: ...

    @abstractmethod
    def _connection(self) -> AbstractContextManager[sqlite3.Connection]: ...

    def campaigns(self) -> Sequence[str]:
        """The names in the journal."""
        rows = self._rows(
            "select campaign from viral_journal union select campaign from viral_seals "
            "order by campaign"
        )
        return [name for (name,) in rows]

    def journal(self, campaign: str, after: int = 0) -> Iterator[Line]:
        """The journal in order."""
        for row in self._stream(
            f"select {LINE_COLUMNS} from viral_journal "
            "where campaign = ? and position > ? order by position",
            campaign,
            after,
        ):
            yield to_line(row)

    def cells(self, campaign: str) -> Iterator[tuple[str, Cell]]:
        """Every instance, by id."""
        for row in self._stream(
            f"select instance, {CELL_COLUMNS} from viral_cells where campaign = ? "
            "order by instance",
            campaign,
        ):
            yield row[0], to_cell(row[1:])

    def quotas(self, campaign: str) -> Iterator[tuple[QuotaKey, int]]:
        """Every quota that is not 0."""
        for name, scope, period, used in self._stream(
            "select name, scope, period, used from viral_quotas "
            "where campaign = ? and used <> 0 order by name, scope, period",
            campaign,
        ):
            yield (campaign, name, scope, period), used

    def postings(self, campaign: str) -> Iterator[Posting]:
        """The ledger in order."""
        for row in self._stream(
            f"select {POSTING_COLUMNS} from viral_ledger where campaign = ? order by position",
            campaign,
        ):
            yield to_posting(row)

    def keys(self, campaign: str) -> Iterator[KeptKey]:
        """Every key that is kept, in the order of the journal."""
        for key, position, at in self._stream(
            "select key, position, at from viral_keys where campaign = ? order by position, key",
            campaign,
        ):
            yield KeptKey(key, position, moment(at))

    def kept_since(self) -> datetime | None:
        """The moment before which keys may be gone."""
        rows = self._rows("select value from viral_meta where name = ?", KEYS_SINCE)
        return moment(int(rows[0][0])) if rows else None

    def participants(self, campaign: str) -> Iterator[Part]:
        """Who took part, in what and as what."""
        for member, role, instance, at in self._stream(
            "select member, role, instance, at from viral_parts where campaign = ?", campaign
        ):
            yield Part(campaign, member, role, instance, moment(at))

    def seals(self, campaign: str) -> Iterator[Seal]:
        """What stands for instances whose lines are gone."""
        sql = f"select {SEAL_COLUMNS} from viral_seals where campaign = ? order by instance"
        return map(to_seal, self._stream(sql, campaign))

    def sealed_quotas(self, campaign: str) -> Iterator[tuple[QuotaKey, int]]:
        """What those lines counted."""
        for name, scope, period, used in self._stream(
            "select name, scope, period, used from viral_sealed_quotas where campaign = ? "
            "order by name, scope, period",
            campaign,
        ):
            yield (campaign, name, scope, period), used

    def prune_keys(self, before: datetime) -> int:
        """Forget old keys; that they may be gone is said before they are."""
        at = micros(in_utc(before, "prune_keys: before"))
        with translated(self.path), self._connection() as connection:
            connection.execute(_MARK, (KEYS_SINCE, str(at)))
            return connection.execute("delete from viral_keys where at < ?", (at,)).rowcount
