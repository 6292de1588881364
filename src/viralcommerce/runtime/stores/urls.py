"""Stores by URL: ``memory:``, ``sqlite:///relative.db``, ``sqlite:////absolute.db``,
``postgresql://user@host/database`` (as libpq understands it; ``#name`` at its end names the schema
that the tables lie in).
"""

from __future__ import annotations

import re
from typing import Final, TypedDict

from viralcommerce.errors import InvalidValue
from viralcommerce.runtime.ports import Store

_PASSWORD: Final = re.compile(r"(?<=//)([^@/?#]*?):[^@/?#]*@|\b(password|sslpassword)=[^&#]*")


def open_store(url: str) -> Store:
    """The store that a URL names; its module is imported only then.

    Raises:
        InvalidValue: a URL of no kind known here, one whose extra is not installed, or one that
            names no file.
        StoreError: the store cannot be opened.
    """
    return open_store_at(url, busy_after=None)


class _Waits(TypedDict, total=False):
    """How long a store waits for others, where that is said."""

    busy_after: float


def open_store_at(url: str, *, busy_after: float | None) -> Store:
    """The same, which waits so many seconds for others; as long as it does by itself for None.

    Raises:
        InvalidValue, StoreError: as `open_store`.
    """
    waits = _Waits() if busy_after is None else _Waits(busy_after=busy_after)
    if url == "memory:":
        from viralcommerce.runtime.stores.memory import MemoryStore

        return MemoryStore(**waits)
    if url.startswith("sqlite:///"):
        from viralcommerce.runtime.stores.sqlite import SqliteStore

        return SqliteStore(url.removeprefix("sqlite:///"), **waits)
    if is_postgres(url):
        try:
            from viralcommerce.runtime.stores.postgres import PostgresStore
            from viralcommerce.runtime.stores.postgres.migrations import SCHEMA
        except ModuleNotFoundError as error:
            raise needs_extra(error) from error
        database, _, schema = url.partition("#")
        return PostgresStore(database, schema=schema or SCHEMA, **waits)
    raise InvalidValue(
        f"store: {shown(url)!r} names no store; choose from: memory:, sqlite:///FILE, postgresql://...",
        url=shown(url),
    )


def is_url(store: str) -> bool:
    """Whether a store is named by a URL, and not by the path of a file."""
    return "://" in store or store.startswith("memory:")


def shown(store: str) -> str:
    """A store as it may be printed and kept: without its password.

    Example:
        >>> shown("postgresql://ann:secret@db:5432/shop"), shown("viral.db")
        ('postgresql://ann@db:5432/shop', 'viral.db')
    """
    return _PASSWORD.sub(_without, store) if is_url(store) else store


def _without(found: re.Match[str]) -> str:
    return f"{found[2]}=..." if found[2] else f"{found[1]}@"


def is_postgres(url: str) -> bool:
    """Whether a URL names a PostgreSQL database."""
    return url.startswith(("postgresql://", "postgres://"))


def needs_extra(error: ModuleNotFoundError) -> InvalidValue:
    """What to install, where PostgreSQL is asked for and a module is missing."""
    return InvalidValue(
        f"store: PostgreSQL needs {error.name}; run: pip install 'viralcommerce[postgres]'"
    )
