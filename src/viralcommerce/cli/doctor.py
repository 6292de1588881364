"""``viralcommerce doctor``: whether this machine, this installation and a store are well."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import sqlite3
import zoneinfo
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import quote

import typer
from msgspec import Struct

from viralcommerce.cli.exits import PROBLEMS, exits
from viralcommerce.cli.files import open_store
from viralcommerce.cli.options import AsJson, Wait
from viralcommerce.cli.show import bar, console, print_json, table
from viralcommerce.runtime.outbox import Backlog
from viralcommerce.runtime.stores.rows import BACKLOG, micros, moment, to_backlog
from viralcommerce.runtime.stores.schema import SCHEMA_VERSION
from viralcommerce.runtime.stores.sqlite_session import translated

State = Literal["ok", "mind", "bad"]

_OLDEST_SQLITE: Final = (3, 35, 0)
_ROOM: Final = 1 << 30
_MUCH_WAL: Final = 64 << 20
_AHEAD: Final = timedelta(minutes=1)
_STALE: Final = timedelta(hours=1)
_REQUIREMENT: Final = re.compile(
    r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?[^;]*(?:;.*extra == ['\"](\w+)['\"])?"
)
_FOR_USERS: Final = ("cli", "lab", "postgres")


class Finding(Struct, frozen=True):
    """One thing looked at: well, to be minded, or bad, and what was found."""

    about: str
    state: State
    found: str


def doctor(
    store: Annotated[str, typer.Argument(help="A store's SQLite file to look at too.")] = "",
    as_json: AsJson = False,
    wait: Wait = 5.0,
) -> None:
    """Look at versions, extras, the clock and time zones, and at a store's health."""
    with exits():
        findings = [*_machine(), *_installation()]
        if store:
            with bar(total=False) as progress:
                progress.add_task(f"looking at {store}", total=None, said="")
                findings += _store(store, wait)
        if as_json:
            print_json(findings)
        else:
            rows = [(one.about, one.state, one.found) for one in findings]
            console().print(table("doctor", "about", "state", "found", rows=rows))
        if any(one.state == "bad" for one in findings):
            raise typer.Exit(PROBLEMS)


def _machine() -> Iterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.platform()}")
    old = sqlite3.sqlite_version_info < _OLDEST_SQLITE
    needs = f", too old: needs {'.'.join(map(str, _OLDEST_SQLITE))}" if old else ""
    yield Finding("sqlite", "bad" if old else "ok", f"{sqlite3.sqlite_version}{needs}")
    now = datetime.now(UTC)
    here = now.astimezone()
    yield Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC, {here:%z} here")
    try:
        zoneinfo.ZoneInfo("Asia/Shanghai")
    except zoneinfo.ZoneInfoNotFoundError:
        yield Finding("time zones", "bad", "there are none; pip install tzdata")
    else:
        yield Finding("time zones", "ok", f"{len(zoneinfo.available_timezones())} are known")


def _installation() -> Iterator[Finding]:
    extras: dict[str, list[str]] = {name: [] for name in _FOR_USERS}
    yield Finding("viralcommerce", "ok", importlib.metadata.version("viralcommerce"))
    for requirement in importlib.metadata.requires("viralcommerce") or ():
        parsed = _REQUIREMENT.match(requirement)
        if parsed is None:
            continue
        name, extra = parsed[1], parsed[2]
        if extra is None:
            version = _version(name)
            state: State = "ok" if version else "bad"
            yield Finding(name, state, version or f"not installed; pip install {name}")
        elif extra in extras:
            extras[extra].append(name)
    for extra, names in extras.items():
        missing = [name for name in names if not _version(name)]
        if missing == names:
            said = f"not installed; pip install viralcommerce[{extra}] if you need it"
            yield Finding(f"extra {extra}", "ok", said)
        elif missing:
            said = f"lacks {', '.join(missing)}; pip install viralcommerce[{extra}]"
            yield Finding(f"extra {extra}", "mind", said)
        else:
            said = ", ".join(f"{name} {_version(name)}" for name in names)
            yield Finding(f"extra {extra}", "ok", said)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _store(path: str, wait: float) -> Iterator[Finding]:
    open_store(path, wait).close()  # says in full what is wrong with a file that is no store
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
    said = f"{_bytes(size)} used, {_bytes(free)} free"
    yield Finding("disk", "mind" if scarce else "ok", f"{said}{'; make room' if scarce else ''}")
    wal = Path(f"{file}-wal")
    waiting = wal.stat().st_size if wal.exists() else 0
    much = waiting > _MUCH_WAL
    advice = "; a reader has kept it from being taken up, end long reads" if much else ""
    yield Finding("wal", "mind" if much else "ok", f"{_bytes(waiting)}{advice}")


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
    last = moment(row[1])
    ahead = last > datetime.now(UTC) + _AHEAD
    advice = "; that is ahead of this machine's clock" if ahead else ""
    said = f"{row[0]:,} decisions, the last at {last:%Y-%m-%d %H:%M:%S} UTC{advice}"
    yield Finding("journal", "mind" if ahead else "ok", said)
    (overdue,) = connection.execute(
        "select count(*) from viral_cells where deadline <= ?", (micros(datetime.now(UTC)),)
    ).fetchone()
    advice = "; run tick" if overdue else ""
    yield Finding("deadlines", "mind" if overdue else "ok", f"{overdue:,} overdue{advice}")
    row = connection.execute(f"select {BACKLOG} from viral_outbox").fetchone()  # noqa: S608 - ours
    yield from _outbox(to_backlog(row))


def _outbox(backlog: Backlog) -> Iterator[Finding]:
    depth, oldest = backlog.depth, backlog.oldest
    age = timedelta(0) if oldest is None else max(datetime.now(UTC) - oldest, timedelta(0))
    said = f"{depth:,} awards wait to be delivered"
    if oldest is not None:
        said += f", the oldest for {_age(age)}; the shop's deliver() hands them out"
    yield Finding("outbox", "mind" if age > _STALE else "ok", said)
    aside = f"{backlog.poisoned:,} awards are set aside after too many tries"
    if backlog.poisoned:
        aside += "; see why with the shop's views.poisoned(), then retry() them"
    yield Finding("poisoned", "mind" if backlog.poisoned else "ok", aside)


def _age(age: timedelta) -> str:
    """How long, as people say it: ``3 h``."""
    seconds = age.total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _bytes(count: float) -> str:
    """A size as people read it: ``1.4 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
