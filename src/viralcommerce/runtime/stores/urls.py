"""Stores by URL: ``memory:``, ``sqlite:///relative.db``, ``sqlite:////absolute.db``."""

from __future__ import annotations

from viralcommerce.errors import InvalidValue
from viralcommerce.runtime.ports import Store


def open_store(url: str) -> Store:
    """The store that a URL names; its module is imported only then.

    Raises:
        InvalidValue: a URL of no kind known here.
        StoreError: the store cannot be opened.
    """
    if url == "memory:":
        from viralcommerce.runtime.stores.memory import MemoryStore

        return MemoryStore()
    if url.startswith("sqlite:///"):
        from viralcommerce.runtime.stores.sqlite import SqliteStore

        return SqliteStore(url.removeprefix("sqlite:///"))
    raise InvalidValue(
        f"store: {url!r} names no store; choose from: memory:, sqlite:///FILE", url=url
    )
