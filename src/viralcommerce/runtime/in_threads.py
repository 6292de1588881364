"""Stores that block, for asyncio: in threads, or on the host's own awaited connection."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from viralcommerce.errors import StoreError
from viralcommerce.runtime.async_contents import ContentsOfBlocking, Run
from viralcommerce.runtime.async_ports import AsyncSession, AsyncStore
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Backlog, Claim, Pending, Settled
from viralcommerce.runtime.ports import (
    Cell,
    Due,
    Found,
    Session,
    Short,
    Stale,
    Store,
    Wanted,
    Writes,
)
from viralcommerce.runtime.uncanceled import at_once_or_to_its_end, to_its_end

T = TypeVar("T")
LOCKING: Final = 16
"""How many units of work of a store that blocks may lock at once in an event loop."""


async def in_thread(work: Callable[..., T], *values: Any) -> T:
    """Run what blocks in a thread; canceled, it is waited for, so that nobody else begins.

    However often it is canceled: what comes next, a session's end, needs the same connection.
    """
    return await to_its_end(asyncio.to_thread(work, *values))


class _Reserved:
    """Threads for units of work that lock, one for each from its first lock to its end.

    Else those that wait for a lock take every thread, and who holds it finds none to commit. Who
    waits for a thread holds no lock yet.
    """

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(LOCKING)
        self._threads = ThreadPoolExecutor(LOCKING, "viralcommerce")

    async def run(self, work: Callable[..., T], *values: Any) -> T:
        """Run what blocks, as `in_thread` does, for who has one of those that are free."""
        return await to_its_end(self._awaited(work, *values))

    async def _awaited(self, work: Callable[..., T], *values: Any) -> T:
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: context.run(work, *values))


class InThreads(ContentsOfBlocking):
    """A store that blocks, for asyncio: each call in a thread.

    Units of work lock in threads of their own, `LOCKING` at once in an event loop; others wait.

    Args:
        store: any; its sessions may be used by one thread after another.
        run: how a call is awaited, if not in a thread.
    """

    def __init__(self, store: Store, run: Run = in_thread) -> None:
        self.inner = store
        self.run = run
        self._reserves = run is in_thread
        self._reserved: dict[asyncio.AbstractEventLoop, _Reserved] = {}

    def within(self, connection: Any) -> AsyncStore:
        """This store inside the host's own transaction.

        Args:
            connection: an AsyncConnection or AsyncSession of SQLAlchemy (aiosqlite), whose
                ``run_sync`` runs each call; or one that blocks, and that any thread may use.
        """
        if not hasattr(connection, "run_sync"):
            in_threads = InThreads(self.inner.within(connection), self.run)
            in_threads._reserves = False  # a host's transaction keeps its locks beyond ours
            return in_threads
        connection = connection() if callable(connection) else connection  # a scoped session
        inner = getattr(connection, "sync_session", None)
        joined = self.inner.within(inner or connection.sync_connection)
        if not isinstance(joined, GoesBack):
            return InThreads(joined, partial(in_greenlet, connection))
        return InTransaction(joined, joined, connection)

    def session(self) -> AsyncSession:
        """Begin a unit of work."""
        session = self.inner.session()
        if not self._reserves:
            return _InThreadsSession(session, self.run)
        return _Reserving(session, self.run, self._of_this_loop)

    def _of_this_loop(self) -> _Reserved:
        loop = asyncio.get_running_loop()
        reserved = self._reserved.get(loop)
        if reserved is None:
            for old in [one for one in self._reserved if one.is_closed()]:
                del self._reserved[old]
            reserved = self._reserved[loop] = _Reserved()
        return reserved

    async def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Due]:
        """Instances whose deadline has come."""
        return await self.run(self.inner.due, at, limit, campaigns)

    async def cell(self, campaign: str, instance: str) -> Cell | None:
        """One instance."""
        return await self.run(self.inner.cell, campaign, instance)

    async def pending(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that wait."""
        return await self.run(self.inner.pending, limit)

    async def claim(self, claim: Claim) -> Sequence[Pending]:
        """Take the oldest entries that are due."""
        return await self.run(self.inner.claim, claim)

    async def settle(self, settled: Settled) -> None:
        """Write down what became of a claim."""
        await self.run(self.inner.settle, settled)

    async def poisoned(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that are set aside."""
        return await self.run(self.inner.poisoned, limit)

    async def retry(self, positions: Sequence[int]) -> int:
        """Put what is set aside back in line."""
        return await self.run(self.inner.retry, positions)

    async def backlog(self) -> Backlog:
        """How the outbox stands."""
        return await self.run(self.inner.backlog)

    async def life(self, campaign: str) -> Life:
        """The stage of life."""
        return await self.run(self.inner.life, campaign)

    async def set_life(self, campaign: str, life: Life) -> None:
        """Record a new stage."""
        await self.run(self.inner.set_life, campaign, life)

    async def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        return await self.run(self.inner.rules, digest)

    async def close(self) -> None:
        """Close the store."""
        await self.run(self.inner.close)


class _InThreadsSession:
    def __init__(self, inner: Session, run: Run) -> None:
        self._inner = inner
        self._run = run
        self.rehearses: bool = getattr(inner, "rehearses", False)

    async def look(self, wanted: Wanted) -> Found:
        return await self._run(self._inner.look, wanted)

    async def lock(self, wanted: Wanted) -> Found:
        return await self._run(self._inner.lock, wanted)

    async def commit(self, writes: Writes) -> Short | Stale | None:
        return await self._run(self._inner.commit, writes)

    async def close(self) -> None:
        await self._run(self._inner.close)


async def in_greenlet(connection: Any, work: Callable[..., T], *values: Any) -> T:
    """Run what blocks on an awaited connection of SQLAlchemy, to its end though it is canceled."""
    return await at_once_or_to_its_end(connection.run_sync(lambda _: work(*values)))


@runtime_checkable
class GoesBack(Protocol):
    """What a store in a host's transaction has besides, to undo what it wrote there after all."""

    def standing(self) -> int:
        """How many savepoints of ours stand."""
        ...

    def go_back(self, standing: int) -> None:
        """Undo what was written since so many stood."""
        ...


class InTransaction(InThreads):
    """A store in the transaction of an awaited connection; canceled, a call leaves nothing.

    Args:
        store: in the host's transaction.
        written: undoes what the store wrote there; mostly the store itself.
        connection: the host's, whose ``run_sync`` runs each call.
    """

    def __init__(self, store: Store, written: GoesBack, connection: Any) -> None:
        super().__init__(store, self._from_here)
        self._written = written
        self._connection = connection

    def session(self) -> AsyncSession:
        """Begin a unit of work."""
        since = partial(self._since, self._written.standing())
        return _InThreadsSession(self.inner.session(), since)

    async def _from_here(self, work: Callable[..., T], *values: Any) -> T:
        return await self._since(self._written.standing(), work, *values)

    async def _since(self, standing: int, work: Callable[..., T], *values: Any) -> T:
        try:
            return await in_greenlet(self._connection, work, *values)
        except asyncio.CancelledError:
            with suppress(StoreError):  # the connection is lost, and the transaction with it
                await in_greenlet(self._connection, self._written.go_back, standing)
            raise


class _Reserving(_InThreadsSession):
    """A session that has a thread to itself from where it may lock until it is closed."""

    def __init__(self, inner: Session, run: Run, threads: Callable[[], _Reserved]) -> None:
        super().__init__(inner, run)
        self._threads = threads
        self._reserved: _Reserved | None = None

    async def lock(self, wanted: Wanted) -> Found:
        await self._reserve()
        return await super().lock(wanted)

    async def commit(self, writes: Writes) -> Short | Stale | None:
        await self._reserve()
        return await super().commit(writes)

    async def close(self) -> None:
        try:
            await super().close()
        finally:
            reserved, self._reserved = self._reserved, None
            if reserved is not None:
                reserved.free.release()

    async def _reserve(self) -> None:
        if self._reserved is None:
            reserved = self._threads()
            await reserved.free.acquire()
            self._reserved, self._run = reserved, reserved.run
