"""Stores by URL: ``memory:``, ``sqlite:///relative.db``, ``sqlite:////absolute.db``,
``postgresql://user@host/database`` (as libpq understands it).
"""

from __future__ import annotations

from viralcommerce.errors import InvalidValue
from viralcommerce.runtime.ports import Store


def open_store(url: str) -> Store:
    """The store that a URL names; its module is imported only then.

    Raises:
        InvalidValue: a URL of no kind known here, or one whose extra is not installed.
        StoreError: the store cannot be opened.
    """
    if url == "memory:":
        from viralcommerce.runtime.stores.memory import MemoryStore

        return MemoryStore()
    if url.startswith("sqlite:///"):
        from viralcommerce.runtime.stores.sqlite import SqliteStore

        return SqliteStore(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")):
        try:
            from viralcommerce.runtime.stores.postgres import PostgresStore
        except ModuleNotFoundError as error:
            raise InvalidValue(
                f"store: PostgreSQL needs {error.name}; run: pip install 'viralcommerce[postgres]'"
            ) from error
        return PostgresStore(url)
    raise InvalidValue(
        f"store: {url!r} names no store; choose from: memory:, sqlite:///FILE, postgresql://...",
        url=url,
    )
