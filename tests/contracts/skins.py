"""Stores in a skin: what an animal of the zoo is made of."""

from __future__ import annotations

from typing import Any

from viralcommerce.runtime.ports import (
    Found,
    Wanted,
)
from viralcommerce.runtime.stores.memory import MemoryStore


class Store:
    """A store in a skin: whatever an animal does not do wrong, the store inside does right."""

    def __init__(self, inner: Any = None) -> None:
        self.inner = MemoryStore(busy_after=0.05) if inner is None else inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def session(self) -> Session:
        kind = getattr(type(self), "Session", Session)
        return kind(self.inner.session(), self)


class Session:
    """A session in a skin."""

    def __init__(self, inner: Any, store: Any) -> None:
        self.inner = inner
        self.store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def copied(found: Found, wanted: Wanted) -> Found:
    """What was found of what was wanted, as it was then."""
    return Found(
        decisions={p: found.decisions[p] for p in wanted.decisions if p in found.decisions},
        cells={p: found.cells[p] for p in wanted.cells if p in found.cells},
        used={key: found.used.get(key, 0) for key in wanted.quotas},
        gone=found.gone,
    )
