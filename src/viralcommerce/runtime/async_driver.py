"""The driver for asyncio: performs what flows ask for, awaited."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar

from viralcommerce.errors import StoreConflict
from viralcommerce.runtime.async_ports import AsyncMembers, AsyncStore, Facts
from viralcommerce.runtime.driver import CONFLICTS, members_failed, pause, shop_is_closed
from viralcommerce.runtime.effects import Ask, Effect, Lock, Look, Restart
from viralcommerce.runtime.flow import flow_on
from viralcommerce.runtime.ports import Asked, Found, Record, Wanted, Writes
from viralcommerce.runtime.recollection import Recollection
from viralcommerce.runtime.request import Context, Outcome, Request

T = TypeVar("T")
Supposing: TypeAlias = Callable[[Wanted, Found, Writes], Awaitable[bool]]
"""`effects.Supposing`, awaited."""


class Unread(Exception):
    """A pinned version that must be awaited before anybody can go on."""

    def __init__(self, digest: str) -> None:
        self.digest = digest


class Texts:
    """The campaigns that are pinned, as JSON by hash, as far as they were read.

    Args:
        store: where all of them are.
    """

    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._read: dict[str, bytes] = {}

    def __call__(self, digest: str) -> bytes:
        """What was read.

        Raises:
            Unread: it must be read first.
        """
        text = self._read.get(digest)
        if text is None:
            raise Unread(digest)
        return text

    async def read(self, unread: Unread) -> None:
        """Read what was missing."""
        self._read[unread.digest] = await self._store.rules(unread.digest)


class AsyncDriver:
    """`Driver`, awaited; for the tasks of one event loop.

    Args:
        store: where everything is kept.
        context: what flows may use of the shop.
        members: what the host knows about people, if it was given.
        texts: the pinned campaigns, that `context` reads.

    Attributes:
        closed: whether everything is refused from now on.
    """

    def __init__(
        self, store: AsyncStore, context: Context, members: AsyncMembers | None, texts: Texts
    ) -> None:
        self._store = store
        self._context = context
        self._members = members
        self._memory = Recollection()
        self._texts = texts
        self.closed = False

    async def one(self, request: Request) -> Outcome:
        """The outcome of one command."""
        return (await self.first((request,)))[0]

    async def all(
        self, requests: tuple[Request, ...], records: list[Record] | None = None
    ) -> list[Outcome]:
        """Drive flows until every request has its outcome; see `Driver.all`."""
        outcomes: list[Outcome] = []
        while len(outcomes) < len(requests):
            outcomes += await self.first(requests[len(outcomes) :], records)
        return outcomes

    async def first(
        self, requests: tuple[Request, ...], records: list[Record] | None = None
    ) -> list[Outcome]:
        """The outcomes of the first of these requests, at least of one; see `Driver.first`."""
        return await self.again(lambda: self._drive(requests, records))

    async def again(self, work: Callable[[], Awaitable[T]]) -> T:
        """What work on the store comes to; see `Driver.again`."""
        if self.closed:
            raise shop_is_closed()
        conflicts = 0
        while True:
            try:
                return await work()
            except Unread as unread:  # nothing of it is written
                await self._texts.read(unread)
            except StoreConflict:
                if conflicts == CONFLICTS:
                    raise
                await asyncio.sleep(pause(conflicts))
                conflicts += 1

    async def _drive(
        self, requests: tuple[Request, ...], records: list[Record] | None
    ) -> list[Outcome]:
        """Drive one flow: perform each effect, send back its answer."""
        session = self._store.session()
        running = flow_on(session, self._context, requests, self._memory)
        try:
            effect: Effect = next(running)
            while True:
                answer: object = None
                if isinstance(effect, Restart):
                    await session.close()
                    session = self._store.session()
                elif isinstance(effect, Lock):
                    answer = await session.lock(effect)
                elif isinstance(effect, Writes):
                    answer = await session.commit(effect)
                    if answer is None and records is not None:
                        records += effect.records
                elif isinstance(effect, Look):
                    answer = await session.look(effect)
                elif isinstance(effect, Ask):
                    answer = await self._ask(effect.asked)
                else:
                    commit_if: Supposing = session.commit_if  # type: ignore[attr-defined]
                    answer = await commit_if(effect.lock, effect.supposed, effect.writes)
                    if answer and records is not None:
                        records += effect.writes.records
                effect = running.send(answer)
        except StopIteration as done:
            outcomes: list[Outcome] = done.value
            return outcomes
        finally:
            running.close()
            await session.close()

    async def look(self, look: Look) -> Found:
        """Read in a unit of work of its own, without locking."""
        session = self._store.session()
        try:
            return await session.look(look)
        finally:
            await session.close()

    async def _ask(self, asked: Sequence[Asked]) -> Facts:
        if self._members is None:
            return [{} for _ in asked]
        try:
            answer = self._members.facts(asked)
            return await answer if inspect.isawaitable(answer) else answer
        except Exception as error:
            raise members_failed(asked, error) from error
