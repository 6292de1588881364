"""Ports for asyncio: what a host implements to be awaited."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from viralcommerce.messages import Award
from viralcommerce.runtime.async_contents import AsyncContents
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Backlog, Claim, Pending, Settled
from viralcommerce.runtime.ports import (
    Asked,
    Cell,
    Due,
    Found,
    Short,
    Stale,
    Wanted,
    Writes,
)

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

    def look(self, wanted: Wanted) -> Awaitable[Found]:
        """Read without locking."""
        ...

    def lock(self, wanted: Wanted) -> Awaitable[Found]:
        """Lock, then read."""
        ...

    def commit(self, writes: Writes) -> Awaitable[Short | Stale | None]:
        """Write all of it, or nothing and say why."""
        ...

    def close(self) -> Awaitable[None]:
        """Release every lock."""
        ...


class AsyncStore(AsyncContents, Protocol):
    """What an `AsyncShop` needs of `ports.Store`, awaited."""

    def within(self, connection: object) -> AsyncStore:
        """This store inside the host's own transaction."""
        ...

    def session(self) -> AsyncSession:
        """Begin a unit of work."""
        ...

    def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Awaitable[Sequence[Due]]:
        """Instances whose deadline has come."""
        ...

    def cell(self, campaign: str, instance: str) -> Awaitable[Cell | None]:
        """One instance."""
        ...

    def pending(self, limit: int) -> Awaitable[Sequence[Pending]]:
        """The oldest entries that wait."""
        ...

    def claim(self, claim: Claim) -> Awaitable[Sequence[Pending]]:
        """Take the oldest entries that are due."""
        ...

    def settle(self, settled: Settled) -> Awaitable[None]:
        """Write down what became of a claim."""
        ...

    def poisoned(self, limit: int) -> Awaitable[Sequence[Pending]]:
        """The oldest entries that are set aside."""
        ...

    def retry(self, positions: Sequence[int]) -> Awaitable[int]:
        """Put what is set aside back in line."""
        ...

    def backlog(self) -> Awaitable[Backlog]:
        """How the outbox stands."""
        ...

    def life(self, campaign: str) -> Awaitable[Life]:
        """The stage of life."""
        ...

    def set_life(self, campaign: str, life: Life) -> Awaitable[None]:
        """Record a new stage."""
        ...

    def rules(self, digest: str) -> Awaitable[bytes]:
        """A campaign's JSON by hash."""
        ...

    def close(self) -> Awaitable[None]:
        """Let go of files and connections."""
        ...
