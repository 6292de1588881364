"""`standing`, awaited: a canceled task waits until its host's transaction is as it was before."""

from __future__ import annotations

import asyncio
from typing import Final

from viralcommerce.runtime.stores.postgres.async_drivers import AsyncDriver
from viralcommerce.runtime.stores.postgres.drivers import Status
from viralcommerce.runtime.stores.postgres.failures import CANCELED, Failed
from viralcommerce.runtime.stores.postgres.standing import (
    TRIES,
    begun_by,
    ended_by,
    going_back,
    only_reads,
    undone_by,
)
from viralcommerce.runtime.stores.postgres.statements import Rows
from viralcommerce.runtime.stores.postgres.transactions import Trip

GRACE: Final = 0.1
"""Seconds that a trip has after a cancellation: what waits for no lock ends within them."""
PATIENCE: Final = 10.0
"""Seconds that a server has to answer a cancellation, before its connection is closed."""


class AsyncStanding:
    """A host's connection; no trip is left before it ends, canceled or not.

    A trip that waits for a lock is canceled in the server. The release of the savepoint has a trip
    of its own, so that it is as short as can be: canceled during that, there is nothing to go back
    to, and the host's transaction is failed, so that nothing can be committed.

    Args:
        inner: of the host.
    """

    def __init__(self, inner: AsyncDriver) -> None:
        self._inner = inner
        self._name = b""

    @property
    def number(self) -> int:
        """Of the connection."""
        return self._inner.number

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or lost."""
        return self._inner.is_closed

    def status(self) -> Status:
        """Whether what is performed next is in a transaction."""
        return self._inner.status()

    async def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps of a trip; canceled, go back to before the savepoint."""
        self._name = self._name or begun_by(trip)
        if undone_by(trip, self._name):
            rows = await self._wait(trip)
            self._name = b""
            return rows
        if not ended_by(trip, self._name):
            return await self._wait(trip)
        if only_reads(trip):
            rows = await self._wait(trip)
        else:
            rows = await self._wait(trip[:-1]) if len(trip) > 1 else []
            rows += await self._wait(trip[-1:])
        self._name = b""
        return rows

    async def interrupt(self, work: asyncio.Task[list[Rows]]) -> None:
        """Ask the server to cancel what it is at."""
        await self._inner.interrupt(work)

    async def go_back(self) -> None:
        """Undo what was begun, if anything, however often the task is canceled meanwhile."""
        name, self._name = self._name, b""
        if not name:
            return
        canceled = await _ended(asyncio.ensure_future(self._go_back(name)))
        if canceled is not None:
            raise canceled

    async def close(self) -> None:
        """Close the connection."""
        await self._inner.close()

    async def _wait(self, trip: Trip) -> list[Rows]:
        work = asyncio.ensure_future(self._inner.perform(trip))
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            await _ended(asyncio.ensure_future(self._cut_short(work, trip)))
            raise
        return work.result()

    async def _cut_short(self, work: asyncio.Task[list[Rows]], trip: Trip) -> None:
        name, self._name = self._name, b""
        await asyncio.wait([work], timeout=GRACE)
        if not work.done():
            await asyncio.wait([asyncio.ensure_future(self.interrupt(work))], timeout=PATIENCE)
            await asyncio.wait([work], timeout=PATIENCE)
        if not work.done():
            await self._give_up(work)
        failed = work.cancelled() or work.exception() is not None
        done = not failed and (
            undone_by(trip, name) or (ended_by(trip, name) and only_reads(trip))
        )
        if name and not done:
            await self._go_back(name)

    async def _go_back(self, name: bytes) -> None:
        for _ in range(TRIES):
            if await self._is_back(name):
                return
        await self._inner.close()

    async def _is_back(self, name: bytes) -> bool:
        """Try to go back; whether that succeeded, or has failed the transaction."""
        if self._inner.is_closed:
            return True
        work = asyncio.ensure_future(self._inner.perform(going_back(name)))
        await asyncio.wait([work], timeout=PATIENCE)
        if not work.done():
            await self._give_up(work)
            return True
        error = work.exception()
        return error is None or (isinstance(error, Failed) and error.state not in {"", CANCELED})

    async def _give_up(self, work: asyncio.Task[list[Rows]]) -> None:
        """Close the connection; the server rolls back whatever was under way."""
        await self._inner.close()
        work.cancel()
        await asyncio.wait([work])


async def _ended(work: asyncio.Task[None]) -> asyncio.CancelledError | None:
    """Wait for work, however often it is canceled; the last cancellation, if any."""
    canceled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            canceled = error
    work.result()
    return canceled
