"""Broken stores that hand the same entry to two relays, out of order, or to nobody."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec import structs

from contracts.skins import Store
from viralcommerce.runtime.outbox import Claim, Later, Pending, Settled
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.memory_outbox import MemoryOutbox
from viralcommerce.runtime.stores.sqlite import SqliteStore


class Box(Store):
    """A store in memory with an outbox of its own."""

    Outbox: type[MemoryOutbox] = MemoryOutbox

    def __init__(self, inner: Any = None) -> None:
        super().__init__(inner)
        memory: MemoryStore = self.inner
        memory._outbox = self.Outbox(memory._records)


class DeliversAtMostOnce(Store):
    """Takes an award out of the outbox when it is claimed."""

    def claim(self, claim: Claim) -> Sequence[Pending]:
        taken: Sequence[Pending] = self.inner.claim(claim)
        self.inner.settle(Settled(by=claim.by, delivered=tuple(one.position for one in taken)))
        return taken


class SettlesUpToThePosition(Store):
    """Takes out everything up to the greatest position, what failed before it too."""

    def settle(self, settled: Settled) -> None:
        last = max(settled.delivered, default=0)
        waiting = [one.position for one in self.inner.pending(10**6) if one.position <= last]
        self.inner.settle(structs.replace(settled, delivered=tuple(waiting)))


class ClaimsWhateverIsDue(Box):
    """An index on the moment, and nobody thought of the member."""

    class Outbox(MemoryOutbox):
        def claim(self, claim: Claim) -> list[Pending]:
            taken = []
            for entry in [one for one in self._waiting() if one.is_due(claim.at)][: claim.limit]:
                tries = entry.pending.tries + 1
                entry.pending = structs.replace(entry.pending, tries=tries)
                entry.due, entry.lease = claim.until, claim.by
                taken.append(entry.pending)
            return taken


class ClaimsOldAndNewTogether(Box):
    """After a crash everything of a member is claimed again, and counted as tried."""

    class Outbox(MemoryOutbox):
        def claim(self, claim: Claim) -> list[Pending]:
            tries = {one.position: one.tries for one in self.pending(10**6)}
            for entry in self._waiting():
                entry.pending = structs.replace(entry.pending, tries=0)
            taken = super().claim(claim)
            for entry in self._waiting():
                was = tries[entry.pending.position]
                now = entry.pending.tries + was
                entry.pending = structs.replace(entry.pending, tries=now)
            return [structs.replace(one, tries=one.tries + tries[one.position]) for one in taken]


class LeasesForEver(Store):
    """What is claimed is marked, and whoever dies with it takes it along."""

    def claim(self, claim: Claim) -> Sequence[Pending]:
        until = claim.until + timedelta(days=36_500)
        taken: Sequence[Pending] = self.inner.claim(structs.replace(claim, until=until))
        return taken


class IgnoresLeases(Store):
    """Marks who claimed what, and looks at nobody's mark."""

    def claim(self, claim: Claim) -> Sequence[Pending]:
        taken: Sequence[Pending] = self.inner.claim(structs.replace(claim, until=claim.at))
        return taken


class ClaimsForOthers(Store):
    """Takes what somebody else must deliver, too: it is the oldest."""

    def claim(self, claim: Claim) -> Sequence[Pending]:
        taken: Sequence[Pending] = self.inner.claim(structs.replace(claim, reach=None))
        return taken


class SettlesForAnybody(Box):
    """Puts back what another holds by now."""

    class Outbox(MemoryOutbox):
        def _held(self, position: int, by: str) -> Any:
            return self._entries.get(position)


class UsesPositionsAgain(Box):
    """The next position is one more than the greatest there is."""

    class Outbox(MemoryOutbox):
        def _waiting(self) -> Any:
            self._last = max(self._entries, default=0)
            return super()._waiting()


class ForgetsWhatItSetAside(Store):
    """A dead letter is a dead letter."""

    def settle(self, settled: Settled) -> None:
        dead = tuple(one.position for one in settled.poisoned)
        self.inner.settle(structs.replace(settled, poisoned=()))
        self.inner.settle(Settled(by=settled.by, delivered=dead))


class LetsPoisonHoldUp(Store):
    """What cannot be delivered is tried again in a thousand years, and its member waits."""

    def settle(self, settled: Settled) -> None:
        there = {one.position: one for one in self.inner.pending(10**6)}
        later = tuple(
            Later(one.position, there[one.position].at.replace(year=3026), one.tries, one.error)
            for one in settled.poisoned
            if one.position in there
        )
        later += settled.later
        self.inner.settle(structs.replace(settled, later=later, poisoned=()))


class LooksThenClaims(Box):
    """Check, then act: two relays see the same entries due."""

    class Outbox(MemoryOutbox):
        meeting = threading.Barrier(2)

        def claim(self, claim: Claim) -> list[Pending]:
            looked = MemoryOutbox([])
            with self._lock:
                looked._entries = {
                    entry.pending.position: copy.copy(entry) for entry in self._waiting()
                }
            taken = looked.claim(claim)
            try:
                self.meeting.wait(timeout=0.02)  # until another has looked too
            except threading.BrokenBarrierError:
                self.meeting.reset()
            with self._lock:
                for one in taken:
                    entry = self._entries.get(one.position)
                    if entry is not None:
                        entry.pending, entry.due, entry.lease = one, claim.until, claim.by
            return taken


class LosesTheOutboxInACrash(Store):
    """The outbox is a queue in memory."""

    def restarted(self) -> LosesTheOutboxInACrash:
        path = self.inner.path
        self.inner.close()
        again = SqliteStore(path)
        gone = tuple(one.position for one in again.pending(10**6))
        again.settle(Settled(by="nobody", delivered=gone))
        return LosesTheOutboxInACrash(again)
