"""What every store on PostgreSQL reads and writes, however its statements are run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from viralcommerce.program import QuotaKey
from viralcommerce.runtime.contents import KeptKey
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Backlog, Claim, Pending, Settled
from viralcommerce.runtime.ports import Cell, Due, Line, Part, Posting, Session
from viralcommerce.runtime.sealing import Seal
from viralcommerce.runtime.stores.postgres.follow import Followed
from viralcommerce.runtime.stores.postgres.reads import Query, Stream
from viralcommerce.runtime.stores.postgres.tables import Tables
from viralcommerce.runtime.stores.postgres.transactions import Script

if TYPE_CHECKING:
    from viralcommerce.runtime.stores.postgres.hosted import HostedPostgresStore

T = TypeVar("T")


class PostgresTables(ABC):
    """A store on the tables of one schema; who inherits says how a statement is run.

    Attributes:
        tables: what is read and written.
        schema: that they lie in.
    """

    tables: Tables
    schema: str

    @abstractmethod
    def session(self) -> Session:
        """Begin a unit of work."""

    @abstractmethod
    def _ask(self, query: Query[T]) -> T: ...

    @abstractmethod
    def _stream(self, stream: Stream[T]) -> Iterator[T]: ...

    @abstractmethod
    def _play(self, script: Script[T]) -> T: ...

    def within(self, connection: object) -> HostedPostgresStore:
        """This store on the host's connection to the same database: see `hosted`."""
        from viralcommerce.runtime.stores.postgres.hosted import HostedPostgresStore

        return HostedPostgresStore(self.tables, connection)

    def follow(self, after: str = "", *, campaign: str = "", limit: int = 1000) -> Followed:
        """The journal lines committed since a cursor was given, each exactly once.

        Args:
            after: the cursor of the call before; "" from the beginning.
            campaign: of one campaign only; "" for all.
            limit: how many lines at most.
        """
        return self._play(self.tables.follower.follow(after, campaign, limit))

    def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Due]:
        """Instances whose deadline has come."""
        return self._ask(self.tables.reads.due(at, limit, campaigns))

    def cell(self, campaign: str, instance: str) -> Cell | None:
        """One instance."""
        return self._ask(self.tables.reads.cell(campaign, instance))

    def parts(self, member: str) -> Sequence[Part]:
        """What a member took part in."""
        return self._ask(self.tables.reads.parts(member))

    def instances(self, campaign: str, after: str, limit: int) -> Sequence[tuple[str, Cell]]:
        """Instances by id."""
        return self._ask(self.tables.reads.instances(campaign, after, limit))

    def below(
        self, campaign: str, instance: str, after: str, limit: int
    ) -> Sequence[tuple[str, Cell]]:
        """Instances that hang under one, by id."""
        return self._ask(self.tables.reads.below(campaign, instance, after, limit))

    def awards(self, member: str) -> Sequence[Posting]:
        """What a member was given."""
        return self._ask(self.tables.reads.awards(member))

    def used(self, campaign: str) -> Mapping[QuotaKey, int]:
        """The quotas of the campaign itself."""
        return self._ask(self.tables.reads.used(campaign))

    def journal(self, campaign: str, after: int = 0) -> Iterator[Line]:
        """The journal in order."""
        return self._stream(self.tables.reads.journal(campaign, after))

    def history(self, campaign: str, instance: str) -> Sequence[Line]:
        """The journal of one instance."""
        return self._ask(self.tables.reads.history(campaign, instance))

    def recorded(self, campaign: str, moments: Sequence[tuple[str, datetime]]) -> Sequence[Line]:
        """The journal lines of instances at moments."""
        return self._ask(self.tables.reads.recorded(campaign, moments))

    def cells(self, campaign: str) -> Iterator[tuple[str, Cell]]:
        """Every instance, by id."""
        return self._stream(self.tables.reads.cells(campaign))

    def quotas(self, campaign: str) -> Iterator[tuple[QuotaKey, int]]:
        """Every quota that is not 0."""
        return self._stream(self.tables.reads.quotas(campaign))

    def postings(self, campaign: str) -> Iterator[Posting]:
        """The ledger in order."""
        return self._stream(self.tables.reads.postings(campaign))

    def keys(self, campaign: str) -> Iterator[KeptKey]:
        """Every key that is kept, in the order of the journal."""
        return self._stream(self.tables.reads.keys(campaign))

    def kept_since(self) -> datetime | None:
        """The moment before which keys may be gone."""
        return self._ask(self.tables.reads.kept_since())

    def participants(self, campaign: str) -> Iterator[Part]:
        """Who took part, in what and as what."""
        return self._stream(self.tables.reads.participants(campaign))

    def seals(self, campaign: str) -> Iterator[Seal]:
        """What stands for instances whose lines are gone."""
        return self._stream(self.tables.reads.seals(campaign))

    def sealed_quotas(self, campaign: str) -> Iterator[tuple[QuotaKey, int]]:
        """What those lines counted."""
        return self._stream(self.tables.reads.sealed_quotas(campaign))

    def unsealed(self, campaign: str, after: str, limit: int) -> Sequence[tuple[str, Cell]]:
        """Instances without a deadline and without a seal."""
        return self._ask(self.tables.reads.unsealed(campaign, after, limit))

    def campaigns(self) -> Sequence[str]:
        """The names in the journal."""
        return self._ask(self.tables.reads.campaigns())

    def pending(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that wait."""
        return self._ask(self.tables.outbox.pending(limit))

    def claim(self, claim: Claim) -> Sequence[Pending]:
        """Take the oldest entries that are due."""
        return self._ask(self.tables.outbox.claim(claim))

    def settle(self, settled: Settled) -> None:
        """Write down what became of a claim."""
        self._ask(self.tables.outbox.settle(settled))

    def poisoned(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that are set aside."""
        return self._ask(self.tables.outbox.poisoned(limit))

    def retry(self, positions: Sequence[int]) -> int:
        """Put what is set aside back in line."""
        return self._ask(self.tables.outbox.retry(positions))

    def backlog(self) -> Backlog:
        """How the outbox stands."""
        return self._ask(self.tables.outbox.backlog())

    def life(self, campaign: str) -> Life:
        """The stage of life."""
        return self._ask(self.tables.reads.life(campaign))

    def set_life(self, campaign: str, life: Life) -> None:
        """Record a new stage."""
        self._ask(self.tables.reads.set_life(campaign, life))

    def lives(self, campaign: str) -> Sequence[Life]:
        """Every stage, the oldest first."""
        return self._ask(self.tables.reads.lives(campaign))

    def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        return self._ask(self.tables.reads.rules(digest))

    def prune_keys(self, before: datetime) -> int:
        """Forget old keys."""
        return self._ask(self.tables.reads.prune_keys(before))

    def prune_tombstones(self, before: datetime) -> int:
        """Let those return who were forgotten before."""
        return self._ask(self.tables.reads.prune_tombstones(before))
