"""``viralcommerce doctor``: whether this machine, this installation and a store are well."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sqlite3
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from viralcommerce.cli.exits import PROBLEMS, exits
from viralcommerce.cli.findings import Finding, State
from viralcommerce.cli.options import AsJson, Wait
from viralcommerce.cli.show import bar, console, print_json, table
from viralcommerce.cli.stores import file_of, open_store
from viralcommerce.runtime.stores.urls import is_postgres, shown

_OLDEST_SQLITE: Final = (3, 35, 0)
_REQUIREMENT: Final = re.compile(
    r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?[^;]*(?:;.*extra == ['\"](\w+)['\"])?"
)
_FOR_USERS: Final = ("cli", "lab", "postgres")


def doctor(
    store: Annotated[
        str, typer.Argument(help="A store to look at too: its SQLite file, or its URL.")
    ] = "",
    as_json: AsJson = False,
    wait: Wait = 5.0,
) -> None:
    """Look at versions, extras, the clock and time zones, and at a store's health."""
    with exits():
        findings = [*_machine(), *_installation()]
        if store:
            with bar(total=False) as progress:
                progress.add_task(f"looking at {shown(store)}", total=None, said="")
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


def _store(store: str, wait: float) -> Iterator[Finding]:
    open_store(store, wait).close()  # says in full what is wrong with what is no store
    if not is_postgres(store):
        from viralcommerce.cli.doctor_sqlite import sqlite_findings

        return sqlite_findings(file_of(store), wait)
    from viralcommerce.cli.doctor_postgres import postgres_findings

    return postgres_findings(store, wait)
