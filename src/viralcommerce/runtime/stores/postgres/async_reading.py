"""What every awaited store on PostgreSQL reads and writes, however its statements are run.

Each verb is made from its statement in `reads` or `outbox`, so that nothing is said twice.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from viralcommerce.runtime.ports import Line
from viralcommerce.runtime.stores.postgres.follow import Followed
from viralcommerce.runtime.stores.postgres.outbox import OutboxQueries
from viralcommerce.runtime.stores.postgres.reads import Query, Reads, Stream
from viralcommerce.runtime.stores.postgres.tables import Tables
from viralcommerce.runtime.stores.postgres.transactions import Script

if TYPE_CHECKING:
    from viralcommerce.runtime.stores.postgres.async_hosted import AsyncHostedPostgresStore

P = ParamSpec("P")
T = TypeVar("T")
Later = Coroutine[Any, Any, T]


def asked(
    query: Callable[Concatenate[Reads, P], Query[T]],
) -> Callable[Concatenate[AsyncPostgresTables, P], Later[T]]:
    """A verb that is one of the reads."""

    @functools.wraps(query)
    async def later(self: AsyncPostgresTables, /, *values: P.args, **named: P.kwargs) -> T:
        return await self._ask(query(self.tables.reads, *values, **named))

    return later


def streamed(
    query: Callable[Concatenate[Reads, P], Stream[T]],
) -> Callable[Concatenate[AsyncPostgresTables, P], AsyncIterator[T]]:
    """A verb that is one of the streams."""

    @functools.wraps(query)
    def later(
        self: AsyncPostgresTables, /, *values: P.args, **named: P.kwargs
    ) -> AsyncIterator[T]:
        return self._stream(query(self.tables.reads, *values, **named))

    return later


def settled(
    query: Callable[Concatenate[OutboxQueries, P], Query[T]],
) -> Callable[Concatenate[AsyncPostgresTables, P], Later[T]]:
    """A verb of the outbox."""

    @functools.wraps(query)
    async def later(self: AsyncPostgresTables, /, *values: P.args, **named: P.kwargs) -> T:
        return await self._ask(query(self.tables.outbox, *values, **named))

    return later


class AsyncPostgresTables(ABC):
    """An awaited store on the tables of one schema; who inherits says how a statement is run.

    Attributes:
        tables: what is read and written.
        schema: that they lie in.
    """

    tables: Tables
    schema: str

    @abstractmethod
    async def _ask(self, query: Query[T]) -> T: ...

    @abstractmethod
    def _stream(self, stream: Stream[T]) -> AsyncIterator[T]: ...

    @abstractmethod
    async def _play(self, script: Script[T]) -> T: ...

    def within(self, connection: object) -> AsyncHostedPostgresStore:
        """This store on the host's connection to the same database: see `async_hosted`."""
        from viralcommerce.runtime.stores.postgres.async_hosted import AsyncHostedPostgresStore

        return AsyncHostedPostgresStore(self.tables, connection)

    async def follow(self, after: str = "", *, campaign: str = "", limit: int = 1000) -> Followed:
        """The journal lines committed since a cursor was given; see `PostgresStore.follow`."""
        return await self._play(self.tables.follower.follow(after, campaign, limit))

    def journal(self, campaign: str, after: int = 0) -> AsyncIterator[Line]:
        """The journal in order."""
        return self._stream(self.tables.reads.journal(campaign, after))

    due = asked(Reads.due)
    cell = asked(Reads.cell)
    parts = asked(Reads.parts)
    instances = asked(Reads.instances)
    below = asked(Reads.below)
    awards = asked(Reads.awards)
    used = asked(Reads.used)
    history = asked(Reads.history)
    campaigns = asked(Reads.campaigns)
    life = asked(Reads.life)
    set_life = asked(Reads.set_life)
    lives = asked(Reads.lives)
    rules = asked(Reads.rules)
    prune_keys = asked(Reads.prune_keys)
    prune_tombstones = asked(Reads.prune_tombstones)
    cells = streamed(Reads.cells)
    quotas = streamed(Reads.quotas)
    postings = streamed(Reads.postings)
    keys = streamed(Reads.keys)
    participants = streamed(Reads.participants)
    pending = settled(OutboxQueries.pending)
    claim = settled(OutboxQueries.claim)
    settle = settled(OutboxQueries.settle)
    poisoned = settled(OutboxQueries.poisoned)
    retry = settled(OutboxQueries.retry)
    backlog = settled(OutboxQueries.backlog)
