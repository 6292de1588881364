"""The store that lives in this process: for tests, notebooks and simulations.

It keeps the structs themselves, so nothing is encoded; it is safe for threads, and not for
processes. Everything it must do right for the contract is the same as on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import structs

from viralcommerce.errors import NotLive, StoreBusy, StoreCorrupt
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.contents import KeptKey
from viralcommerce.runtime.life import ALIVE, Life
from viralcommerce.runtime.outbox import Backlog, Claim, Pending, Settled
from viralcommerce.runtime.ports import (
    Cell,
    Decision,
    Due,
    Found,
    HotChange,
    Line,
    Part,
    Place,
    Posting,
    Record,
    Short,
    Stale,
    Wanted,
    Writes,
)
from viralcommerce.runtime.stores.large import Large
from viralcommerce.runtime.stores.memory_forest import Below, walked
from viralcommerce.runtime.stores.memory_outbox import MemoryOutbox
from viralcommerce.runtime.stores.memory_upkeep import MemoryUpkeep
from viralcommerce.values.instants import in_utc

_NOW: Final = (False,)
_WAIT: Final = (True,)


class MemoryStore(MemoryUpkeep):
    """Everything in dictionaries, behind one lock; reads never wait for it.

    Args:
        busy_after: seconds to wait for the lock before `StoreBusy`.
    """

    def __init__(self, *, busy_after: float = 10.0) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._indexing = threading.Lock()
        self._busy_after = busy_after
        self._decisions: dict[Place, Decision] = Large()
        self._cells: dict[Place, Cell] = Large()
        self._deadlines: dict[Place, datetime] = Large()
        self._below = Below()
        self._used: dict[QuotaKey, int] = Large()
        self._records: list[Record] = []
        self._parts: dict[str, dict[tuple[str, str, str], datetime]] = Large()
        self._parts_until = 0
        self._outbox = MemoryOutbox(self._records)
        self._rules: dict[str, bytes] = {}
        self._lives: dict[str, list[Life]] = {}
        self._pruned: datetime | None = None
        self._closed = False
        self._everything = Found(
            decisions=self._decisions,
            cells=self._cells,
            used=self._used,
            all_used=True,
            all_locked=True,
            seen=self._cells,
            branches=self._below,
        )

    def session(self) -> _MemorySession:
        """Begin a unit of work."""
        return _MemorySession(self._open())

    def _open(self) -> MemoryStore:
        """This store, unless it is closed."""
        if self._closed:
            raise NotLive("memory store: it is closed; open another")
        return self

    def within(self, connection: Any) -> MemoryStore:
        """Refuse: nothing of the host's can commit together with memory."""
        raise NotLive("memory store: it joins no transaction of the host; use a store on disk")

    def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Due]:
        """Instances whose deadline has come."""
        waiting = list(self._open()._deadlines.items())
        due = [
            Due(*place, when) for place, when in waiting if when <= at and place[0] in campaigns
        ]
        return sorted(due, key=lambda one: (one.deadline, one.campaign, one.instance))[:limit]

    def cell(self, campaign: str, instance: str) -> Cell | None:
        """One instance."""
        return self._open()._cells.get((campaign, instance))

    def parts(self, member: str) -> Sequence[Part]:
        """What a member took part in; the index is brought up to date first."""
        with self._open()._indexing:
            self._index_parts()
            mine = list(self._parts.get(member, {}).items())
        parts = [Part(name, member, role, instance, at) for (name, instance, role), at in mine]
        return sorted(parts, key=lambda part: (part.at, part.campaign, part.instance, part.role))

    def _index_parts(self) -> None:
        new = self._records[self._parts_until :]
        self._parts_until += len(new)
        for record in new:
            decision = record.decision
            for who, role in record.parts:
                place = (decision.campaign, decision.instance, role)
                self._parts.setdefault(who, {}).setdefault(place, decision.command.at)

    def instances(self, campaign: str, after: str, limit: int) -> Sequence[tuple[str, Cell]]:
        """Instances by id."""
        return [pair for pair in self.cells(campaign) if pair[0] > after][:limit]

    def below(
        self, campaign: str, instance: str, after: str, limit: int
    ) -> Sequence[tuple[str, Cell]]:
        """Instances that hang under one, by id."""
        cells = self._open()._cells
        names = sorted(name for name in self._below.of((campaign, instance)) if name > after)
        return [(name, cells[campaign, name]) for name in names[:limit]]

    def awards(self, member: str) -> Sequence[Posting]:
        """A member's awards, and what was taken back or given again."""
        account = f"member/{member}"
        return [
            row
            for row, moved in ((row, row.transfer) for row in self._rows())
            if (moved.target == account and (moved.award is not None or moved.reverses))
            or (moved.source == account and moved.reverses)
        ]

    def used(self, campaign: str) -> Mapping[QuotaKey, int]:
        """The quotas of the campaign itself."""
        return {key: n for key, n in self.quotas(campaign) if not key[2]}

    def journal(self, campaign: str, after: int = 0) -> Iterator[Line]:
        """The journal in order."""
        for position, record in enumerate(self._open()._records[after:], after + 1):
            if record.decision.campaign == campaign:
                yield Line(position, record.decision)

    def history(self, campaign: str, instance: str) -> Sequence[Line]:
        """The journal of one instance."""
        return [
            Line(position, record.decision)
            for position, record in enumerate(list(self._open()._records), 1)
            if (record.decision.campaign, record.decision.instance) == (campaign, instance)
        ]

    def histories(self, places: Sequence[Place]) -> dict[Place, list[Decision]]:
        """The decisions of instances, in order."""
        found: dict[Place, list[Decision]] = {place: [] for place in places}
        for record in self._records:
            decision = record.decision
            kept = found.get((decision.campaign, decision.instance))
            if kept is not None:
                kept.append(decision)
        return found

    def recorded(self, campaign: str, moments: Sequence[tuple[str, datetime]]) -> Sequence[Line]:
        """The journal lines of instances at moments."""
        wanted = set(moments)
        return [
            Line(position, record.decision)
            for position, record in enumerate(list(self._open()._records), 1)
            if record.decision.campaign == campaign
            and (record.decision.instance, record.decision.command.at) in wanted
        ]

    def cells(self, campaign: str) -> Iterator[tuple[str, Cell]]:
        """Every instance, by id."""
        cells = list(self._open()._cells.items())
        found = [(place[1], cell) for place, cell in cells if place[0] == campaign]
        yield from sorted(found, key=lambda pair: pair[0])

    def quotas(self, campaign: str) -> Iterator[tuple[QuotaKey, int]]:
        """Every quota that is not 0."""
        used = list(self._open()._used.items())
        yield from sorted((key, n) for key, n in used if n and key[0] == campaign)

    def postings(self, campaign: str) -> Iterator[Posting]:
        """The ledger in order."""
        return (row for row in self._rows() if row.campaign == campaign)

    def _rows(self) -> Iterator[Posting]:
        for record in list(self._open()._records):
            decision = record.decision
            for moved in record.transfers:
                yield Posting(decision.campaign, decision.instance, decision.command.at, moved)

    def keys(self, campaign: str) -> Iterator[KeptKey]:
        """Every key that is kept, in the order of the journal."""
        for position, record in enumerate(list(self._open()._records), 1):
            decision, place = record.decision, (campaign, record.key)
            if decision.campaign == campaign and self._decisions.get(place) is decision:
                yield KeptKey(record.key, position, decision.command.at)

    def kept_since(self) -> datetime | None:
        """The moment before which keys may be gone."""
        return self._open()._pruned

    def participants(self, campaign: str) -> Iterator[Part]:
        """Who took part, in what and as what."""
        with self._open()._indexing:
            self._index_parts()
            found = [(member, list(parts.items())) for member, parts in self._parts.items()]
        for member, parts in found:
            for (name, instance, role), at in parts:
                if name == campaign:
                    yield Part(name, member, role, instance, at)

    def campaigns(self) -> Sequence[str]:
        """The names in the journal."""
        return sorted({record.decision.campaign for record in list(self._open()._records)})

    def pending(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that wait."""
        return self._open()._outbox.pending(limit)

    def claim(self, claim: Claim) -> Sequence[Pending]:
        """Take the oldest entries that are due."""
        return self._open()._outbox.claim(claim)

    def settle(self, settled: Settled) -> None:
        """Write down what became of a claim."""
        self._open()._outbox.settle(settled)

    def poisoned(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that are set aside."""
        return self._open()._outbox.poisoned(limit)

    def retry(self, positions: Sequence[int]) -> int:
        """Put what is set aside back in line."""
        return self._open()._outbox.retry(positions)

    def backlog(self) -> Backlog:
        """How the outbox stands."""
        return self._open()._outbox.backlog()

    def life(self, campaign: str) -> Life:
        """The stage of life."""
        lives = self._open()._lives.get(campaign)
        return lives[-1] if lives else ALIVE

    def set_life(self, campaign: str, life: Life) -> None:
        """Record a new stage."""
        with self._alone():
            self._lives.setdefault(campaign, []).append(life)

    def lives(self, campaign: str) -> Sequence[Life]:
        """Every stage, the oldest first."""
        return list(self._open()._lives.get(campaign, ()))

    def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        found = self._open()._rules.get(digest)
        if found is None:
            raise StoreCorrupt(f"memory store: no rules with the hash {digest}")
        return found

    def prune_keys(self, before: datetime) -> int:
        """Forget old keys."""
        before = in_utc(before, "prune_keys: before")
        with self._open()._lock:
            self._pruned = before if self._pruned is None else max(self._pruned, before)
            old = [place for place, d in self._decisions.items() if d.command.at < before]
            for place in old:
                del self._decisions[place]
        return len(old)

    def close(self) -> None:
        """Refuse what comes."""
        self._closed = True

    def _short(self, changes: Mapping[QuotaKey, HotChange]) -> Short | None:
        """The first hot quota that does not fit."""
        used = self._used
        for key, hot in changes.items():
            if hot.cap is not None and used.get(key, 0) + hot.peak > hot.cap:
                return Short(key, hot.cap - used.get(key, 0))
        return None

    def _write(self, writes: Writes) -> None:
        used, cells, deadlines = self._used, self._cells, self._deadlines
        if writes.hot:
            for key, hot in writes.hot.items():
                used[key] = used.get(key, 0) + hot.change
        if writes.used:
            for key, change in writes.used.items():
                used[key] = used.get(key, 0) + change
        for write in writes.cells:
            place, cell = write.place, write.cell
            before = cells.get(place)
            if cell.parent or (before is not None and before.parent):
                self._below.hang(place, before, cell)
            cells[place] = cell
            if cell.deadline is None:
                deadlines.pop(place, None)
            elif before is None or before.deadline is not cell.deadline:
                deadlines[place] = cell.deadline
        self._records += writes.records
        decisions = self._decisions
        for record in writes.records:
            if record.key:
                decisions[(record.decision.campaign, record.key)] = record.decision
        if writes.rules:
            self._rules.update(writes.rules)


class _MemorySession:
    """A unit of work: holds the store's one lock from `lock` to `commit` or `close`."""

    __slots__ = ("_held", "_store")
    rehearses = False

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._held: list[bool] = []

    def look(self, wanted: Wanted) -> Found:
        """Read without the lock."""
        store = self._store
        decisions, cells = store._decisions, store._cells
        return Found(
            decisions={
                place: decisions[place] for place in wanted.decisions if place in decisions
            },
            cells={place: cells[place] for place in wanted.cells if place in cells},
            used=store._used,
            all_used=True,
            seen=cells,
            branches=store._below,
        )

    def lock(self, wanted: Wanted) -> Found:
        """Take the one lock, then read."""
        held = self._held
        if True not in held:
            take = self._store._lock.acquire
            held += map(take, _NOW)  # taken and noted in one step, which nothing can interrupt
            if True not in held:
                held += map(take, _WAIT, (self._store._busy_after,))
            if True not in held:
                raise StoreBusy(
                    f"memory store: another thread held it for {self._store._busy_after} s; "
                    "nothing was written; try again"
                )
        found = self._store._found(wanted)  # the store itself: nothing changes under the lock
        if wanted.histories:
            found = structs.replace(found, histories=self._store.histories(wanted.histories))
        if wanted.walks:
            cells = self._store._cells
            found = structs.replace(found, above={p: walked(p, cells) for p in wanted.walks})
        return found

    def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all, or say what is short."""
        store = self._store
        cells = store._cells
        if writes.hot:
            short = store._short(writes.hot)
            if short is not None:
                return short
        for write in writes.cells:
            before = cells.get(write.place)
            if (0 if before is None else before.version) != write.expected:
                return Stale(write.place)
        store._write(writes)
        self.close()
        return None

    def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        return self._store.rules(digest)

    def close(self) -> None:
        """Let the lock go."""
        if True in self._held:
            self._held = []
            self._store._lock.release()
