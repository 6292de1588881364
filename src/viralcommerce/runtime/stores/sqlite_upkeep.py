"""How the SQLite store forgets, and clears its file of what was overwritten."""

from __future__ import annotations

import sqlite3
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from viralcommerce.errors import NotLive, StoreError
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.ports import Cell, Place
from viralcommerce.runtime.sealing import RefusedLine, Sealing
from viralcommerce.runtime.stores.erasing import forgetting
from viralcommerce.runtime.stores.rows import CELL_COLUMNS, micros, to_cell
from viralcommerce.runtime.stores.said import Script
from viralcommerce.runtime.stores.sealing_sql import dropping, sealing
from viralcommerce.runtime.stores.sqlite_session import SqliteSession, translated
from viralcommerce.values.instants import in_utc

SCRUBBED_AT_ONCE: Final = 64 << 20
"""Up to so many bytes a file is written anew as soon as somebody was forgotten: in a second."""


class SqliteUpkeep:
    """What is asked of an SQLite store once in a while."""

    path: str

    @abstractmethod
    def session(self) -> SqliteSession: ...

    @abstractmethod
    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _connection(self) -> AbstractContextManager[sqlite3.Connection]: ...

    def forget(self, erasure: Erasure) -> Forgotten:
        """Put the pseudonym in the member's place; a small file is scrubbed at once.

        It is done when that is committed: whatever keeps the file from being scrubbed is no error.
        """
        session = self.session()
        try:
            done = session.play(forgetting(SqliteDialect(), erasure))
        finally:
            session.close()
        if done.nothing or not self._scrubs_at_once():
            return done
        try:
            return structs.replace(done, is_scrubbed=self.scrub())
        except (StoreError, NotLive):
            return done

    def _scrubs_at_once(self) -> bool:
        file = Path(self.path)
        return file.exists() and file.stat().st_size <= SCRUBBED_AT_ONCE

    def unsealed(self, campaign: str, after: str, limit: int) -> Sequence[tuple[str, Cell]]:
        """Instances without a deadline and without a seal."""
        rows = self._rows(
            f"select instance, {CELL_COLUMNS} from viral_cells c where campaign = ? "
            "and instance > ? and deadline is null and not exists (select 1 from viral_seals s "
            "where s.campaign = c.campaign and s.instance = c.instance) order by instance limit ?",
            campaign,
            after,
            limit,
        )
        return [(row[0], to_cell(row[1:])) for row in rows]

    def seal(self, work: Sealing) -> bool:
        """Put seals in the place of journal lines and keys."""
        session = self.session()
        try:
            return session.play(sealing(work))
        finally:
            session.close()

    def drop_refusals(self, campaign: str, refusals: Sequence[RefusedLine]) -> int:
        """Drop refusals of what is sealed or never began."""
        session = self.session()
        try:
            return session.play(dropping(campaign, refusals))
        finally:
            session.close()

    def prune_tombstones(self, before: datetime) -> int:
        """Let those return who were forgotten before."""
        at = micros(in_utc(before, "prune_tombstones: before"))
        with translated(self.path), self._connection() as connection:
            sql = "delete from viral_tombstones where at < ?"
            return connection.cursor().execute(sql, (at,)).rowcount

    def scrub(self) -> bool:
        """Write the file anew, and empty the log beside it, unless others still read in it.

        It takes as long as copying the file, with room for another; nobody writes meanwhile.
        """
        with translated(self.path), self._connection() as connection:
            connection.execute("vacuum")
            busy, *_ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
        return not busy


class SqliteDialect:
    """What SQLite does in its way: one transaction writes, so that nothing more is locked."""

    holds = "instr"
    keeps = ""

    def begin(self, erasure: Erasure) -> Script[None]:
        """The session has begun."""
        yield []

    def lock(self, places: Sequence[Place]) -> Script[bool]:
        """Everything is locked."""
        yield []
        return False

    def news(self, escaped: str) -> Script[list[int]]:
        """Nobody else has written anything."""
        yield []
        return []
