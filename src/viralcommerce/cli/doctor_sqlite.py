"""The health of a store in an SQLite file."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from viralcommerce.cli.findings import Finding, bytes_of, deadlines, journal, outbox
from viralcommerce.runtime.stores.rows import BACKLOG, micros, moment, to_backlog
from viralcommerce.runtime.stores.schema import SCHEMA_VERSION
from viralcommerce.runtime.stores.sqlite_session import translated

_ROOM: Final = 1 << 30
_MUCH_WAL: Final = 64 << 20


def sqlite_findings(path: str, wait: float) -> Iterator[Finding]:
    """What is to be said of an SQLite file that is a store.

    Raises:
        StoreError: it cannot be read.
    """
    file = Path(path).absolute()
    yield from _disk(file)
    uri = f"file:{quote(str(file))}?mode=ro"
    with translated(path), closing(sqlite3.connect(uri, uri=True, timeout=wait)) as connection:
        yield from _tables(connection)
        yield from _contents(connection)


def _disk(file: Path) -> Iterator[Finding]:
    size = file.stat().st_size
    free = shutil.disk_usage(file.parent).free
    scarce = free < max(_ROOM, size)
    said = f"{bytes_of(size)} used, {bytes_of(free)} free"
    yield Finding("disk", "mind" if scarce else "ok", f"{said}{'; make room' if scarce else ''}")
    wal = Path(f"{file}-wal")
    waiting = wal.stat().st_size if wal.exists() else 0
    much = waiting > _MUCH_WAL
    advice = "; a reader has kept it from being taken up, end long reads" if much else ""
    yield Finding("wal", "mind" if much else "ok", f"{bytes_of(waiting)}{advice}")


def _tables(connection: sqlite3.Connection) -> Iterator[Finding]:
    (version,) = connection.execute(
        "select value from viral_meta where name = 'schema'"
    ).fetchone()
    yield Finding("schema", "ok", f"version {version}, this library writes {SCHEMA_VERSION}")
    (mode,) = connection.execute("pragma journal_mode").fetchone()
    well = str(mode).lower() == "wal"
    advice = "" if well else "; many processes need wal: put the file on a local disk"
    yield Finding("journal mode", "ok" if well else "bad", f"{mode}{advice}")
    damage = [text for (text,) in connection.execute("pragma quick_check(5)")]
    if damage == ["ok"]:
        yield Finding("pages", "ok", "every page can be read")
    else:
        yield Finding("pages", "bad", f"{'; '.join(damage)}; restore the file from a copy")


def _contents(connection: sqlite3.Connection) -> Iterator[Finding]:
    row = connection.execute(
        "select position, at from viral_journal order by position desc limit 1"
    ).fetchone()
    if row is None:
        yield Finding("journal", "ok", "nothing was decided yet")
        return
    yield journal(f"{row[0]:,}", moment(row[1]))
    (overdue,) = connection.execute(
        "select count(*) from viral_cells where deadline <= ?", (micros(datetime.now(UTC)),)
    ).fetchone()
    yield deadlines(overdue)
    row = connection.execute(f"select {BACKLOG} from viral_outbox").fetchone()  # noqa: S608 - ours
    yield from outbox(to_backlog(row))
