"""Files that commands name: campaigns to read, stores to open, times and places to check first."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import typer

from viralcommerce.campaign import Campaign
from viralcommerce.cli.exits import CannotWrite
from viralcommerce.codec import KINDS, Codec
from viralcommerce.errors import InvalidRule, StoreCorrupt, StoreError
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.runtime.stores.sqlite_session import translated

_MOST_CAMPAIGN = 4 << 20


def read_campaign(path: str) -> Campaign:
    """The campaign in a JSON file.

    Raises:
        InvalidRule: no such file, not JSON, or a campaign that cannot be.
    """
    try:
        size = Path(path).stat().st_size
        if Path(path).is_dir():
            raise InvalidRule(f"{path}: it is a folder; name the campaign's JSON file")
        if size > _MOST_CAMPAIGN:
            raise InvalidRule(f"{path}: {size:,} bytes are no campaign; name its JSON file")
        text = Path(path).read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidRule(f"{path}: {reason}; check the path") from None
    if not text.strip():
        raise InvalidRule(f"{path}: it is empty; give one campaign object")
    try:
        return Codec(KINDS).read_campaign(text.removeprefix(b"\xef\xbb\xbf"), path)
    except RecursionError:
        raise InvalidRule(f"{path}: nested too deeply to be a campaign; correct it") from None


def open_new_store(path: str, wait: float) -> SqliteStore:
    """A store to write to, made where it is not there.

    Args:
        path: of the file.
        wait: seconds to wait while others write.

    Raises:
        StoreError: it cannot be opened; says what to do.
    """
    if Path(path).is_dir():
        raise StoreError(f"{path}: it is a folder; name a file in it")
    if not Path(path).absolute().parent.is_dir():
        raise StoreError(f"{path}: its folder is not there; make it, or name another")
    return SqliteStore(str(Path(path).absolute()), busy_after=wait)


def open_store(path: str, wait: float) -> SqliteStore:
    """A store that is there already; nothing is made in any other file.

    Raises:
        StoreError: there is none; says what to do.
    """
    if not Path(path).exists():
        raise StoreError(f"{path}: no such file; name the store that run or a shop has made")
    if Path(path).is_file():
        with translated(path):
            _check_tables(path)
    return open_new_store(path, wait)


def _check_tables(path: str) -> None:
    connection = sqlite3.connect(f"file:{quote(str(Path(path).absolute()))}?mode=ro", uri=True)
    try:
        found = connection.execute(
            "select 1 from sqlite_master where type = 'table' and name = 'viral_meta'"
        ).fetchone()
    finally:
        connection.close()
    if found is None:
        raise StoreCorrupt(f"{path}: a database without a store in it; name another file")


def moment(text: str, option: str) -> datetime:
    """A time as an option has it, with its zone.

    Raises:
        BadParameter: it cannot be read, or has no zone.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        said = f"cannot read {text!r}; write it like 2025-11-11T08:00:00+08:00"
        raise typer.BadParameter(said, param_hint=option) from None
    if at.utcoffset() is None:
        said = f"{text} has no zone; say which, as in {text}+08:00"
        raise typer.BadParameter(said, param_hint=option)
    return at


def check_target(path: str, *others: str) -> None:
    """Make sure, before any work, that a file can be written and is none that is read.

    Raises:
        CannotWrite: it cannot.
    """
    target = Path(path).absolute()
    if target.is_dir():
        raise CannotWrite(f"{path}: it is a folder; name a file in it")
    if not os.access(target.parent, os.W_OK):
        raise CannotWrite(f"{path}: its folder is not there or may not be written; make it")
    for other in others:
        if target == Path(other).absolute():
            raise CannotWrite(f"{path}: would write over {other}; name another file")


def write_whole(path: str, text: str) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        CannotWrite: the disk is full, or the folder may not be written.
    """
    target = Path(path).absolute()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as opened:
                opened.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotWrite(f"{path}: {reason}; make room, or name another file") from None
