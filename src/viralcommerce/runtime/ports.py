"""Ports: what a host implements, and the effects that the flow asks a shell to perform.

The flow never does I/O. It yields an effect, a shell performs it against these ports, and sends
the answer back. A store speaks over *many* commands at once; one command is a batch of one.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from viralcommerce.messages import Accepted, Award, Refused, Transfer
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.contents import Contents
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Outbox
from viralcommerce.runtime.upkeep import Upkeep

Decision = Accepted[Any, Any] | Refused[Any, Any]
Place = tuple[str, str]
"""(campaign, key) of a decision, or (campaign, instance) of a cell."""
Chain = tuple[str, str, int]
"""(campaign, instance, how many of those above it)."""


class Cell(Struct, frozen=True, kw_only=True, gc=False):
    """What a store keeps of one instance.

    Args:
        rules: the hash of the version it was begun under.
        version: how many commands have changed it; the first is 1.
        state: the situation; a store may give back its JSON bytes.
        deadline: when the clock must act, if ever.
        held: what it still holds of the budget, in minor units.
        parent: the instance it hangs under, of the same campaign; "" where under none.
    """

    rules: str
    version: int
    state: object
    deadline: datetime | None
    held: int
    parent: str = ""


class Wanted(Struct, frozen=True, kw_only=True, gc=False):
    """What to read, each sorted: recorded decisions by key, cells, quotas; whom commands name.

    Args (read and never locked):
        chains: cells, each with so many of those above it.
        branches: cells of which to say whether anything hangs under them.
        walks: cells from which to walk to the root.
        histories: instances whose accepted decisions are needed.
    """

    decisions: tuple[Place, ...] = ()
    cells: tuple[Place, ...] = ()
    quotas: tuple[QuotaKey, ...] = ()
    members: tuple[str, ...] = ()
    chains: tuple[Chain, ...] = ()
    branches: tuple[Place, ...] = ()
    walks: tuple[Place, ...] = ()
    histories: tuple[Place, ...] = ()


class Found(Struct, frozen=True, kw_only=True, gc=False):
    """What was read; what is absent was not there.

    Args:
        decisions: recorded under their keys; a store may give back JSON bytes.
        cells: by place.
        used: of the quotas asked for; an absent one is 0.
        all_used: whether `used` answers for every quota of the store, asked for or not.
        all_locked: whether `cells`, `seen` and `branches` answer for every cell, all locked.
        gone: what a tombstone stands for, of what was locked: ``("member", id)``,
            ``("cell", campaign, instance)`` or ``("key", campaign, key)``.
        seen: the cells of all chains, by place.
        branches: those under which something hangs, of the ones asked for.
        above: for each walk, the instances met on the way to the root.
        histories: the decisions of instances, in order; a store may give back JSON bytes.
    """

    decisions: Mapping[Place, Decision | bytes]
    cells: Mapping[Place, Cell]
    used: Mapping[QuotaKey, int]
    all_used: bool = False
    all_locked: bool = False
    gone: frozenset[tuple[str, ...]] = frozenset()
    seen: Mapping[Place, Cell] = {}
    branches: Container[Place] = frozenset()
    above: Mapping[Place, Container[str]] = {}
    histories: Mapping[Place, Sequence[Decision | bytes]] = {}


class Posting(Struct, frozen=True, gc=False):
    """A ledger row with its campaign, instance and time."""

    campaign: str
    instance: str
    at: datetime
    transfer: Transfer


class Part(Struct, frozen=True, gc=False):
    """A member took part in an instance, as a role."""

    campaign: str
    member: str
    role: str
    instance: str
    at: datetime


class CellWrite(Struct, frozen=True, gc=False):
    """A cell to write, guarded by the version that was read (0: it was not there)."""

    place: Place
    expected: int
    cell: Cell


class Record(Struct, frozen=True, gc=False):
    """A decision as it goes into the journal, with what follows from it.

    Args:
        key: what it is recorded under, or "" where the key stays free.
        decision: the journal line; campaign, instance and time are its own.
        transfers: its ledger rows.
        parts: (member, role) of those who took part; a row that is there already stays.
        issue: those of its awards that go into the outbox.
    """

    key: str
    decision: Decision
    transfers: Sequence[Transfer] = ()
    parts: Sequence[tuple[str, str]] = ()
    issue: Sequence[Award] = ()


class HotChange(Struct, frozen=True, gc=False):
    """How a commit changes a quota that nobody read.

    Args:
        change: in all; may be nothing, or negative, where more was released than taken.
        peak: the most that was taken at any moment of the commit, which must fit under the cap, so
            that a batch finds short what its commands would one by one.
        cap: the bound, inclusive; None where there is nothing to check.
    """

    change: int
    peak: int
    cap: int | None


class Writes(Struct, kw_only=True, gc=False):
    """One commit: all or nothing.

    Args:
        records: decisions in order, with their ledger rows.
        cells: each written once, however many commands changed it.
        used: changes of quotas that were read under lock, or beside one of their scope; never 0.
        hot: changes of quotas that nobody read, guarded by their caps.
        rules: campaigns as JSON by hash, where an instance is pinned for the first time.
    """

    records: list[Record]
    cells: list[CellWrite]
    used: dict[QuotaKey, int]
    hot: dict[QuotaKey, HotChange]
    rules: dict[str, bytes]


class Short(Struct, frozen=True, gc=False):
    """A hot quota did not cover its peak: nothing was written, and its row is held.

    Args:
        key: which.
        left: how much there is to take, below zero where the cap was lowered; with shards, all of
            them were drained.
    """

    key: QuotaKey
    left: int


class Stale(Struct, frozen=True, gc=False):
    """A cell was not at the version that was read: nothing was written; begin again."""

    place: Place


class Session(Protocol):
    """One unit of work on a store: looks, then locks, then commits once."""

    @property
    def rehearses(self) -> bool:
        """Whether two sessions can lock side by side; one without this has one lock for all."""
        ...

    def look(self, wanted: Wanted) -> Found:
        """Read without locking; what is read may be out of date at once.

        Raises:
            StoreError: the store could not answer.
        """
        ...

    def lock(self, wanted: Wanted) -> Found:
        """Lock, then read what is asked for, missing rows included; callable again for more.

        The first call begins the unit of work. What it read cannot change before `commit` or
        `close`, and nobody it names is forgotten meanwhile.

        Raises:
            StoreBusy: others held the locks for longer than the timeout.
            StoreError: the store could not answer.
        """
        ...

    def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all of it, or nothing and say why; after `Short` the locks are still held.

        Raises:
            StoreError: nothing was written, or (connection lost) nobody knows: ask again by key.
        """
        ...

    def rules(self, digest: str) -> bytes:
        """The JSON of a campaign that an instance is pinned to.

        Raises:
            StoreCorrupt: the store never saw that hash.
        """
        ...

    def close(self) -> None:
        """Release every lock; what was not committed never happened."""
        ...


class Asked(Struct, frozen=True, gc=False):
    """A question to the host about one member: these facts, as of that moment."""

    member: str
    facts: frozenset[str]
    at: datetime


class Members(Protocol):
    """What the host knows about people. Asked once per command (or batch), never under a lock."""

    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        """Answer each question, in order, with the facts that are known; leave out the others.

        Facts are as of `Asked.at` and exclude the order that the command reports.

        Raises:
            Exception: whatever it likes; the command does not happen, `MembersFailed` says why.
        """
        ...


class Issuer(Protocol):
    """Hands awards out in the host's own system."""

    def issue(self, award: Award) -> None:
        """Hand one award out; called at least once for each, so `award.id` is the key.

        Raises:
            Exception: whatever it likes; the award is tried again later, and set aside when it has
                been tried too often.
        """
        ...


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, with a zone."""
        ...


class Entropy(Protocol):
    """Where chance comes from, and the keys of commands whose clients gave none."""

    def key(self) -> str:
        """A key nobody else has."""
        ...

    def seed(self, key: str) -> str:
        """Dice for the command with that key: hexadecimal, unguessable."""
        ...


class Due(Struct, frozen=True, gc=False):
    """An instance whose deadline has come."""

    campaign: str
    instance: str
    deadline: datetime


class Line(Struct, frozen=True, gc=False):
    """A line of the journal: a decision (or its JSON bytes) at its position, and what finds it."""

    position: int
    decision: Decision | bytes
    filed: tuple[str, int] | None = None  # columns of a store: instance, microseconds since 1970


class Store(Contents, Outbox, Upkeep, Protocol):
    """Where campaigns live: units of work, and the few reads that views, tickers and audits need.

    Every read may be out of date at once; each is one or two indexed statements, whatever the
    history, apart from its `Contents`, which stream everything.

    Every method may raise `StoreError`.
    """

    def session(self) -> Session:
        """Begin a unit of work; nothing is locked yet."""
        ...

    def within(self, connection: Any) -> Store:
        """The same store on the host's own open connection.

        Raises:
            NotLive: this store takes none.
        """
        ...

    def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Due]:
        """Instances of these campaigns whose deadline is at or before `at`, the earliest first."""
        ...

    def cell(self, campaign: str, instance: str) -> Cell | None:
        """One instance as it is now."""
        ...

    def parts(self, member: str) -> Sequence[Part]:
        """What a member took part in, in the order it happened."""
        ...

    def instances(self, campaign: str, after: str, limit: int) -> Sequence[tuple[str, Cell]]:
        """Instances of a campaign by id, beginning after one ("" for the first)."""
        ...

    def below(
        self, campaign: str, instance: str, after: str, limit: int
    ) -> Sequence[tuple[str, Cell]]:
        """Instances that hang under one, by id, beginning after one ("" for the first)."""
        ...

    def awards(self, member: str) -> Sequence[Posting]:
        """The awards of a member, and what was taken back or given again of them, in order."""
        ...

    def used(self, campaign: str) -> Mapping[QuotaKey, int]:
        """The quotas of a campaign that are not counted per member, pair or instance."""
        ...

    def history(self, campaign: str, instance: str) -> Sequence[Line]:
        """The journal of one instance, in order."""
        ...

    def recorded(self, campaign: str, moments: Sequence[tuple[str, datetime]]) -> Sequence[Line]:
        """The journal lines of instances, each at one moment: (instance, at); in any order."""
        ...

    def life(self, campaign: str) -> Life:
        """The stage of life of a campaign; live unless somebody said otherwise."""
        ...

    def set_life(self, campaign: str, life: Life) -> None:
        """Record a new stage of life; the old ones are kept."""
        ...

    def lives(self, campaign: str) -> Sequence[Life]:
        """Every stage of life, the oldest first."""
        ...

    def rules(self, digest: str) -> bytes:
        """The JSON of a campaign by hash.

        Raises:
            StoreCorrupt: the store never saw that hash.
        """
        ...

    def prune_keys(self, before: datetime) -> int:
        """Forget idempotency keys of commands older than a moment; how many."""
        ...

    def close(self) -> None:
        """Let go of files and connections; a closed store refuses everything."""
        ...
