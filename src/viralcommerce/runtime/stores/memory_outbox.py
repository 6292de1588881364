"""The outbox of the store in memory."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from msgspec import Struct, structs

from viralcommerce.runtime.outbox import Backlog, Claim, Pending, Settled
from viralcommerce.runtime.ports import Record


class Entry(Struct):
    """An entry, and when it may be claimed: at once, from a moment on, or never."""

    pending: Pending
    due: datetime | None = None
    lease: str = ""
    aside: bool = False

    def is_due(self, at: datetime) -> bool:
        return self.due is None or self.due <= at


class MemoryOutbox:
    """Entries in a dictionary, filled up from the journal's records when somebody looks.

    Args:
        records: of the store, which only grow.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._until = 0
        self._last = 0
        self._entries: dict[int, Entry] = {}
        self._lock = threading.Lock()

    def pending(self, limit: int) -> list[Pending]:
        """The oldest that wait."""
        with self._lock:
            return [entry.pending for entry in self._waiting()][:limit]

    @contextmanager
    def alone(self) -> Generator[list[Entry]]:
        """All entries, beside nobody who claims, settles or retries."""
        with self._lock:
            self._fill()
            yield list(self._entries.values())

    def claim(self, claim: Claim) -> list[Pending]:
        """Take the oldest that are due."""
        taken: list[Pending] = []
        behind: set[str] = set()
        reach = claim.reach
        with self._lock:
            for entry in self._waiting():
                if len(taken) == claim.limit:
                    break
                pending = entry.pending
                member = pending.award.to
                is_mine = reach is None or reach.has(pending.campaign, pending.award)
                if not (is_mine and entry.is_due(claim.at)):
                    behind.add(member)
                if member in behind:
                    continue
                if pending.tries:
                    behind.add(member)
                entry.pending = structs.replace(pending, tries=pending.tries + 1)
                entry.due, entry.lease = claim.until, claim.by
                taken.append(entry.pending)
        return taken

    def settle(self, settled: Settled) -> None:
        """Write down what became of a claim."""
        with self._lock:
            for position in settled.delivered:
                self._entries.pop(position, None)
            for later in settled.later:
                entry = self._held(later.position, settled.by)
                if entry is not None:
                    self._put(entry, later.tries, later.error)
                    entry.due = later.due
                    self._hold_back(entry.pending, later.due)
            for poisoned in settled.poisoned:
                entry = self._held(poisoned.position, settled.by)
                if entry is not None:
                    self._put(entry, poisoned.tries, poisoned.error)
                    entry.aside = True

    def poisoned(self, limit: int) -> list[Pending]:
        """The oldest that are set aside."""
        with self._lock:
            return [entry.pending for entry in self._entries.values() if entry.aside][:limit]

    def retry(self, positions: Sequence[int]) -> int:
        """Put what is set aside back in line."""
        with self._lock:
            chosen = [self._entries.get(position) for position in set(positions)]
            back = [entry for entry in chosen if entry is not None and entry.aside]
            for entry in back:
                self._put(entry, 0, entry.pending.error)
                entry.aside, entry.due = False, None
        return len(back)

    def backlog(self) -> Backlog:
        """How the outbox stands."""
        with self._lock:
            waiting = [entry.pending.at for entry in self._waiting()]
            aside = len(self._entries) - len(waiting)
        return Backlog(depth=len(waiting), oldest=min(waiting, default=None), poisoned=aside)

    def _waiting(self) -> Iterator[Entry]:
        self._fill()
        return (entry for entry in self._entries.values() if not entry.aside)

    def _fill(self) -> None:
        new = self._records[self._until :]
        self._until += len(new)
        for record in new:
            decision = record.decision
            for award in record.issue:
                self._last += 1
                self._entries[self._last] = Entry(
                    Pending(self._last, decision.campaign, award, decision.command.at)
                )

    def _held(self, position: int, by: str) -> Entry | None:
        entry = self._entries.get(position)
        return entry if entry is not None and entry.lease == by else None

    def _put(self, entry: Entry, tries: int, error: str) -> None:
        entry.pending = structs.replace(entry.pending, tries=tries, error=error)
        entry.lease = ""

    def _hold_back(self, older: Pending, due: datetime) -> None:
        """Let nothing younger of the same member be due before an older one is."""
        for entry in self._waiting():
            pending = entry.pending
            behind = pending.award.to == older.award.to and pending.position > older.position
            if behind and not entry.lease and entry.is_due(due):
                entry.due = due
