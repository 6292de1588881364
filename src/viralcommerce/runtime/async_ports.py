"""Ports for asyncio: what a host implements to be awaited, and stores that block, in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from viralcommerce.messages import Award
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.ports import (
    Asked,
    Cell,
    Due,
    Found,
    Pending,
    Session,
    Short,
    Stale,
    Store,
    Wanted,
    Writes,
)

T = TypeVar("T")
Facts = Sequence[Mapping[str, object]]


class AsyncMembers(Protocol):
    """What the host knows about people; see `ports.Members`."""

    def facts(self, asked: Sequence[Asked]) -> Facts | Awaitable[Facts]:
        """Answer each question, in order, with the facts that are known."""
        ...


class AsyncIssuer(Protocol):
    """Hands awards out; see `ports.Issuer`."""

    def issue(self, award: Award) -> Awaitable[None] | None:
        """Hand one award out."""
        ...


class AsyncSession(Protocol):
    """`ports.Session`, awaited."""

    @property
    def rehearses(self) -> bool:
        """Whether batches must lock all at once."""
        ...

    async def look(self, wanted: Wanted) -> Found:
        """Read without locking."""
        ...

    async def lock(self, wanted: Wanted) -> Found:
        """Lock, then read."""
        ...

    async def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all of it, or nothing and say why."""
        ...

    async def close(self) -> None:
        """Release every lock."""
        ...


class AsyncStore(Protocol):
    """What an `AsyncShop` needs of `ports.Store`, awaited."""

    def session(self) -> AsyncSession:
        """Begin a unit of work."""
        ...

    async def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Due]:
        """Instances whose deadline has come."""
        ...

    async def cell(self, campaign: str, instance: str) -> Cell | None:
        """One instance."""
        ...

    async def pending(self, limit: int) -> Sequence[Pending]:
        """The oldest awards in the outbox."""
        ...

    async def confirm(self, positions: Sequence[int]) -> None:
        """Take awards out of the outbox."""
        ...

    async def life(self, campaign: str) -> Life:
        """The stage of life."""
        ...

    async def set_life(self, campaign: str, life: Life) -> None:
        """Record a new stage."""
        ...

    async def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...


async def in_thread(work: Callable[..., T], *values: Any) -> T:
    """Run what blocks in a thread; canceled, it is waited for, so that nobody else begins."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *values))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class InThreads:
    """A store that blocks, for asyncio: each call in a thread.

    Args:
        store: any; its sessions may be used by one thread after another.
    """

    def __init__(self, store: Store) -> None:
        self.inner = store

    def session(self) -> AsyncSession:
        """Begin a unit of work."""
        return _InThreadsSession(self.inner.session())

    async def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Due]:
        """Instances whose deadline has come."""
        return await in_thread(self.inner.due, at, limit, campaigns)

    async def cell(self, campaign: str, instance: str) -> Cell | None:
        """One instance."""
        return await in_thread(self.inner.cell, campaign, instance)

    async def pending(self, limit: int) -> Sequence[Pending]:
        """The oldest awards in the outbox."""
        return await in_thread(self.inner.pending, limit)

    async def confirm(self, positions: Sequence[int]) -> None:
        """Take awards out of the outbox."""
        await in_thread(self.inner.confirm, positions)

    async def life(self, campaign: str) -> Life:
        """The stage of life."""
        return await in_thread(self.inner.life, campaign)

    async def set_life(self, campaign: str, life: Life) -> None:
        """Record a new stage."""
        await in_thread(self.inner.set_life, campaign, life)

    async def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        return await in_thread(self.inner.rules, digest)

    async def close(self) -> None:
        """Close the store."""
        await in_thread(self.inner.close)


class _InThreadsSession:
    def __init__(self, inner: Session) -> None:
        self._inner = inner
        self.rehearses: bool = getattr(inner, "rehearses", False)

    async def look(self, wanted: Wanted) -> Found:
        return await in_thread(self._inner.look, wanted)

    async def lock(self, wanted: Wanted) -> Found:
        return await in_thread(self._inner.lock, wanted)

    async def commit(self, writes: Writes) -> Short | Stale | None:
        return await in_thread(self._inner.commit, writes)

    async def close(self) -> None:
        await in_thread(self._inner.close)
