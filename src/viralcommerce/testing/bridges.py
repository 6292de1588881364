"""Bridges: what is awaited, held to the laws of what blocks. No law is written twice.

One event loop runs in a thread of its own; whatever a port gives to be awaited is awaited there.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from viralcommerce.messages import Award
from viralcommerce.runtime.async_driver import Supposing as AsyncSupposing
from viralcommerce.runtime.async_ports import AsyncIssuer, AsyncMembers, AsyncSession, AsyncStore
from viralcommerce.runtime.effects import Supposing
from viralcommerce.runtime.ports import (
    Asked,
    Found,
    Short,
    Stale,
    Store,
    Wanted,
    Writes,
)

T = TypeVar("T")


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="bridge", daemon=True).start()
    return loop


def awaited(work: Awaitable[T]) -> T:
    """What it comes to, waited for in any thread but the loop's own."""
    return asyncio.run_coroutine_threadsafe(_comes_to(work), _loop()).result()


def settled(answer: object) -> Any:
    """An answer as it is, or what it comes to where it is to be awaited; a stream as a stream."""
    if inspect.isasyncgen(answer):
        return _streamed(answer)
    return awaited(answer) if inspect.isawaitable(answer) else answer


def _streamed(rows: AsyncIterator[T]) -> Iterator[T]:
    """The rows of a stream, each waited for."""
    try:
        while True:
            try:
                row = awaited(anext(rows))
            except StopAsyncIteration:
                return
            yield row
    finally:
        if isinstance(rows, AsyncGenerator):
            awaited(rows.aclose())


async def _comes_to(answer: Awaitable[T]) -> T:
    return await answer


def facts_of(port: AsyncMembers, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
    """Ask a members port, awaited or not."""
    answers: Sequence[Mapping[str, object]] = settled(port.facts(asked))
    return answers


def hand_out(issuer: AsyncIssuer, award: Award) -> None:
    """Let an issuer, awaited or not, hand an award out."""
    settled(issuer.issue(award))


class Bridged:
    """An awaited store as one that blocks.

    Args:
        inner: the store.
        reading: one that blocks, on the same data: for what the other has no verb for.
    """

    def __init__(self, inner: AsyncStore, reading: Store) -> None:
        self.inner = inner
        self.reading = reading

    def session(self) -> BridgedSession:
        """Begin a unit of work."""
        return BridgedSession(self.inner.session(), self.inner)

    def close(self) -> None:
        """Close both."""
        awaited(self.inner.close())
        self.reading.close()

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.inner, name, None)
        if verb is None:
            return getattr(self.reading, name)
        return lambda *values, **named: settled(verb(*values, **named))


class BridgedSession:
    """An awaited unit of work as one that blocks.

    Args:
        inner: the session.
        store: its store.
    """

    def __init__(self, inner: AsyncSession, store: AsyncStore) -> None:
        self._inner = inner
        self._store = store
        self.rehearses: bool = inner.rehearses

    def look(self, wanted: Wanted) -> Found:
        """Read without locking."""
        return awaited(self._inner.look(wanted))

    def lock(self, wanted: Wanted) -> Found:
        """Lock, then read."""
        return awaited(self._inner.lock(wanted))

    def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all of it, or nothing and say why."""
        return awaited(self._inner.commit(writes))

    @property
    def commit_if(self) -> Supposing | None:
        """Lock, compare and commit in one step, if the session can."""
        inner: AsyncSupposing | None = getattr(self._inner, "commit_if", None)
        return None if inner is None else lambda *said: bool(settled(inner(*said)))

    def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        return awaited(self._store.rules(digest))

    def close(self) -> None:
        """Release every lock."""
        awaited(self._inner.close())
