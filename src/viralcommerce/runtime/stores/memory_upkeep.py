"""How the memory store forgets: everything is rewritten aside, then put in place at once."""

from __future__ import annotations

import threading
from abc import ABC
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from msgspec import structs

from viralcommerce.errors import NotLive, StoreBusy
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.erasure import Erasure, Forgotten, fingerprint, fingerprints, still_owed
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.ports import Cell, Decision, Found, Place, Record, Wanted
from viralcommerce.runtime.rewriting import Rewriting
from viralcommerce.runtime.sealing import RefusedLine, Seal, Sealing
from viralcommerce.runtime.stores.memory_forest import Below
from viralcommerce.runtime.stores.memory_outbox import Entry, MemoryOutbox
from viralcommerce.values.instants import in_utc

K = TypeVar("K")
V = TypeVar("V")


class MemoryUpkeep(ABC):
    """What is asked of a memory store once in a while."""

    _lock: threading.Lock
    _indexing: threading.Lock
    _busy_after: float
    _decisions: dict[Place, Decision]
    _cells: dict[Place, Cell]
    _deadlines: dict[Place, datetime]
    _used: dict[QuotaKey, int]
    _records: list[Record]
    _parts: dict[str, dict[tuple[str, str, str], datetime]]
    _parts_until: int
    _outbox: MemoryOutbox
    _below: Below
    _rules: dict[str, bytes]
    _lives: dict[str, list[Life]]
    _closed: bool
    _everything: Found

    def __init__(self) -> None:
        self._salt = ""
        self._tombstones: dict[str, datetime] = {}

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Beside no unit of work."""
        if self._closed:
            raise NotLive("memory store: it is closed; open another")
        if not self._lock.acquire(timeout=self._busy_after):
            raise StoreBusy(
                f"memory store: another thread held it for {self._busy_after} s; nothing was "
                "written; try again"
            )
        try:
            yield
        finally:
            self._lock.release()

    def _found(self, wanted: Wanted) -> Found:
        """All there is, and what tombstones stand for of what is wanted."""
        if not self._tombstones:
            return self._everything
        named = fingerprints(self._salt, wanted)
        gone = frozenset(name for mark, name in named.items() if mark in self._tombstones)
        return structs.replace(self._everything, gone=gone) if gone else self._everything

    def forget(self, erasure: Erasure) -> Forgotten:
        """Put the pseudonym in the member's place."""
        with self._alone(), self._outbox.alone() as entries:
            return self._forget(erasure, entries)

    def _forget(self, erasure: Erasure, entries: Sequence[Entry]) -> Forgotten:
        rewriting = Rewriting(erasure, self._rules)
        for record in self._records:
            rewriting.notice(record.decision)
        for place, cell in self._cells.items():
            rewriting.notice_cell(place, cell)
        outbox = [(entry, rewriting.pending(entry.pending)) for entry in entries]
        still = [
            entry.pending.award
            for entry, new in outbox
            if not entry.aside and new.award != entry.pending.award
        ]
        if still:
            raise still_owed(erasure.member, still)
        changed: Counter[str] = Counter()
        records = [_record(rewriting, record, changed) for record in self._records]
        now = {
            id(old.decision): new.decision for old, new in zip(self._records, records, strict=True)
        }
        decisions = {
            (place[0], now[id(decision)].command.key): now[id(decision)]
            for place, decision in self._decisions.items()
        }
        places = {place: (place[0], rewriting.instance(place)) for place in self._cells}
        cells = {places[place]: rewriting.cell(place, cell) for place, cell in self._cells.items()}
        changed["cells"] = sum(
            (new_place, new) != (place, cell)
            for (place, cell), (new_place, new) in zip(
                self._cells.items(), cells.items(), strict=True
            )
        )
        used = {rewriting.quota(key): count for key, count in self._used.items()}
        changed["quotas"] = len(used.keys() - self._used.keys())
        lives = {name: [rewriting.life(one) for one in said] for name, said in self._lives.items()}
        changed["lives"] = sum(
            new != old
            for name in lives
            for new, old in zip(lives[name], self._lives[name], strict=True)
        )
        changed["outbox"] = sum(new != entry.pending for entry, new in outbox)
        if not changed.total():
            return Forgotten()
        self._salt = self._salt or erasure.salt
        for name in rewriting.names:
            self._tombstones[fingerprint(self._salt, name)] = erasure.at
        deadlines = {places[place]: at for place, at in self._deadlines.items()}
        with self._indexing:
            _put(self._decisions, decisions)
            _put(self._cells, cells)
            _put(self._deadlines, deadlines)
            _put(self._used, used)
            _put(self._lives, lives)
            self._records[:] = records
            self._below.rebuild(cells)
            self._parts.clear()
            self._parts_until = 0
            for entry, pending in outbox:
                entry.pending = pending
        return Forgotten(
            pseudonym=erasure.pseudonym,
            lines=changed["lines"],
            cells=changed["cells"],
            quotas=changed["quotas"],
            postings=changed["postings"],
            parts=changed["parts"],
            lives=changed["lives"],
            outbox=changed["outbox"],
            is_scrubbed=True,
        )

    def prune_tombstones(self, before: datetime) -> int:
        """Let those return who were forgotten before."""
        before = in_utc(before, "prune_tombstones: before")
        with self._alone():
            old = [mark for mark, at in self._tombstones.items() if at < before]
            for mark in old:
                del self._tombstones[mark]
        return len(old)

    def unsealed(self, campaign: str, after: str, limit: int) -> Sequence[tuple[str, Cell]]:
        """Refuse: what is in memory is not for ever anyhow."""
        raise self._keeps_everything()

    def seal(self, work: Sealing) -> bool:
        """Refuse, likewise."""
        raise self._keeps_everything()

    def drop_refusals(self, campaign: str, refusals: Sequence[RefusedLine]) -> int:
        """Refuse, likewise."""
        raise self._keeps_everything()

    def _keeps_everything(self) -> NotLive:
        return NotLive("memory store: it keeps everything; seal a store on disk")

    def seals(self, campaign: str) -> Iterator[Seal]:
        """There are none."""
        return iter(())

    def sealed_quotas(self, campaign: str) -> Iterator[tuple[QuotaKey, int]]:
        """There are none."""
        return iter(())

    def scrub(self) -> bool:
        """There is nothing to clear."""
        with self._alone():
            return True


def _put(there: dict[K, V], new: Mapping[K, V]) -> None:
    """What a dictionary has from now on; it stays the same dictionary."""
    there.clear()
    there.update(new)


def _record(rewriting: Rewriting, record: Record, changed: Counter[str]) -> Record:
    """A record, rewritten; what changed in it is counted."""
    old = record.decision
    place = (old.campaign, old.instance)
    decision = rewriting.decision(old)
    transfers = tuple(rewriting.transfer(place, moved) for moved in record.transfers)
    parts = tuple((rewriting.who(member), role) for member, role in record.parts)
    changed["lines"] += decision != old
    changed["postings"] += sum(a != b for a, b in zip(transfers, record.transfers, strict=True))
    renamed = decision.instance != old.instance
    changed["parts"] += sum(renamed or a != b for a, b in zip(parts, record.parts, strict=True))
    return Record(
        key=decision.command.key if record.key else "",
        decision=decision,
        transfers=transfers,
        parts=parts,
        issue=tuple(rewriting.award(place, one) for one in record.issue),
    )
