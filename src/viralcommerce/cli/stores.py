"""Stores that commands name: an SQLite file by its path, or any store by its URL."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from viralcommerce.errors import StoreCorrupt, StoreError
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.stores.sqlite import SqliteStore, file_path
from viralcommerce.runtime.stores.sqlite_session import translated
from viralcommerce.runtime.stores.urls import is_postgres, is_url, open_store_at

_SQLITE: Final = "sqlite:///"


def open_new_store(store: str, wait: float) -> Store:
    """A store to write to; an SQLite file is made where it is not there.

    Args:
        store: path of a file, or a URL.
        wait: seconds to wait while others write.

    Raises:
        StoreError: it cannot be opened; says what to do.
        InvalidValue: a URL of no kind known here, or one whose extra is not installed; a path that
            names no file.
    """
    if is_url(store) and not store.startswith(_SQLITE):
        _must_last(store)
        return open_store_at(store, busy_after=wait)
    path = store.removeprefix(_SQLITE)
    absolute = file_path(path)
    if Path(path).is_dir():
        raise StoreError(f"{path}: it is a folder; name a file in it")
    if not Path(absolute).parent.is_dir():
        raise StoreError(f"{path}: its folder is not there; make it, or name another")
    return SqliteStore(absolute, busy_after=wait)


def open_store(store: str, wait: float) -> Store:
    """A store that is there already; nothing is made in any other file.

    Raises:
        StoreError: there is none; says what to do.
        InvalidValue: as for `open_new_store`.
    """
    if is_url(store) and not store.startswith(_SQLITE):
        return open_new_store(store, wait)
    path = store.removeprefix(_SQLITE)
    if not Path(file_path(path)).exists():
        raise StoreError(f"{path}: no such file; name the store that run or a shop has made")
    if Path(path).is_file():
        with translated(path):
            _check_tables(path)
    return open_new_store(path, wait)


def file_of(store: str) -> str:
    """The path of an SQLite store; "" for one that is no file."""
    if is_postgres(store) or store.startswith("memory:"):
        return ""
    return store.removeprefix(_SQLITE)


def _must_last(store: str) -> None:
    if store.startswith("memory:"):
        raise StoreError("memory: ends with this command; name a file, or postgresql://...")


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
