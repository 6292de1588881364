"""What an awaited store has besides units of work: reads, streams and upkeep, as `ports.Store`.

For a store that blocks none of it is written again: `awaited` and `streamed` make each verb from
the blocking one, in threads or however else calls that block are run.
"""

from __future__ import annotations

import functools
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import datetime
from itertools import islice
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from viralcommerce.program import QuotaKey
from viralcommerce.runtime.contents import KeptKey
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.ports import Cell, Line, Part, Posting, Store

P = ParamSpec("P")
T = TypeVar("T")
AT_ONCE = 500
"""How many rows of a stream are awaited together."""


class AsyncContents(Protocol):
    """`ports.Store` without units of work and outbox, awaited; streams are iterated."""

    def parts(self, member: str) -> Awaitable[Sequence[Part]]:
        """What a member took part in."""
        ...

    def awards(self, member: str) -> Awaitable[Sequence[Posting]]:
        """The ledger rows that gave a member something."""
        ...

    def used(self, campaign: str) -> Awaitable[Mapping[QuotaKey, int]]:
        """The quotas of the campaign itself."""
        ...

    def instances(
        self, campaign: str, after: str, limit: int
    ) -> Awaitable[Sequence[tuple[str, Cell]]]:
        """Instances by id."""
        ...

    def below(
        self, campaign: str, instance: str, after: str, limit: int
    ) -> Awaitable[Sequence[tuple[str, Cell]]]:
        """Instances that hang under one, by id."""
        ...

    def history(self, campaign: str, instance: str) -> Awaitable[Sequence[Line]]:
        """The journal of one instance."""
        ...

    def lives(self, campaign: str) -> Awaitable[Sequence[Life]]:
        """Every stage of life."""
        ...

    def campaigns(self) -> Awaitable[Sequence[str]]:
        """The names under which anything was recorded."""
        ...

    def journal(self, campaign: str, after: int = 0) -> AsyncIterator[Line]:
        """The journal in order, from a position on."""
        ...

    def cells(self, campaign: str) -> AsyncIterator[tuple[str, Cell]]:
        """Every instance, by id."""
        ...

    def quotas(self, campaign: str) -> AsyncIterator[tuple[QuotaKey, int]]:
        """Every quota that is not 0."""
        ...

    def postings(self, campaign: str) -> AsyncIterator[Posting]:
        """The ledger in order."""
        ...

    def keys(self, campaign: str) -> AsyncIterator[KeptKey]:
        """Every key that is kept."""
        ...

    def participants(self, campaign: str) -> AsyncIterator[Part]:
        """Who took part, in what and as what."""
        ...

    def prune_keys(self, before: datetime) -> Awaitable[int]:
        """Forget old keys."""
        ...

    def forget(self, erasure: Erasure) -> Awaitable[Forgotten]:
        """Put the pseudonym in the member's place."""
        ...

    def prune_tombstones(self, before: datetime) -> Awaitable[int]:
        """Let those return who were forgotten before."""
        ...

    def scrub(self) -> Awaitable[bool]:
        """Clear what was overwritten out of the files."""
        ...


class Run(Protocol):
    """How a call that blocks is awaited."""

    def __call__(self, work: Callable[..., T], *values: Any) -> Awaitable[T]:
        """What it came to."""
        ...


class Blocking(Protocol):
    """A store that blocks, and how its calls are run."""

    inner: Store
    run: Run


def awaited(
    verb: Callable[Concatenate[Store, P], T],
) -> Callable[Concatenate[Blocking, P], Coroutine[Any, Any, T]]:
    """A verb of a store that blocks, awaited.

    Args:
        verb: as `ports.Store` has it.
    """
    name = verb.__name__

    @functools.wraps(verb)
    async def later(self: Blocking, /, *values: P.args, **named: P.kwargs) -> T:
        work: Callable[..., T] = getattr(self.inner, name)
        return await self.run(lambda: work(*values, **named))

    return later


def streamed(
    verb: Callable[Concatenate[Store, P], Iterator[T]],
) -> Callable[Concatenate[Blocking, P], AsyncIterator[T]]:
    """A stream of a store that blocks, a handful of rows at a time.

    Args:
        verb: as `ports.Store` has it.
    """
    name = verb.__name__

    @functools.wraps(verb)
    async def later(self: Blocking, /, *values: P.args, **named: P.kwargs) -> AsyncIterator[T]:
        work: Callable[..., Iterator[T]] = getattr(self.inner, name)
        rows = await self.run(lambda: work(*values, **named))
        try:
            while some := await self.run(lambda: list(islice(rows, AT_ONCE))):
                for row in some:
                    yield row
        finally:
            close = getattr(rows, "close", None)
            if close is not None:
                await self.run(close)

    return later


class ContentsOfBlocking:
    """`AsyncContents` of a store that blocks."""

    inner: Store
    run: Run

    parts = awaited(Store.parts)
    awards = awaited(Store.awards)
    used = awaited(Store.used)
    instances = awaited(Store.instances)
    below = awaited(Store.below)
    history = awaited(Store.history)
    lives = awaited(Store.lives)
    campaigns = awaited(Store.campaigns)
    journal = streamed(Store.journal)
    cells = streamed(Store.cells)
    quotas = streamed(Store.quotas)
    postings = streamed(Store.postings)
    keys = streamed(Store.keys)
    participants = streamed(Store.participants)
    prune_keys = awaited(Store.prune_keys)
    forget = awaited(Store.forget)
    prune_tombstones = awaited(Store.prune_tombstones)
    scrub = awaited(Store.scrub)
