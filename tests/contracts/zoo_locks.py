"""Broken stores whose locks, keys or versions do not hold."""

from __future__ import annotations

import threading
from typing import Any

from msgspec import structs

from contracts.skins import Session, Store, copied
from viralcommerce.runtime.ports import (
    Found,
    Short,
    Stale,
    Wanted,
    Writes,
)
from viralcommerce.runtime.stores.memory import MemoryStore


class IgnoresVersions(Store):
    """Writes a cell whatever its version is: the last one wins."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            now = {one.place: self.store.inner.cell(*one.place) for one in writes.cells}
            writes.cells = [
                structs.replace(one, expected=now[one.place].version if now[one.place] else 0)
                for one in writes.cells
            ]
            return self.inner.commit(writes)


class IgnoresHeldLocks(Store):
    """Reads without waiting for whoever is at work; takes the lock when it is too late."""

    class Session(Session):
        def lock(self, wanted: Wanted) -> Found:
            return copied(self.inner.look(wanted), wanted)

        def commit(self, writes: Writes) -> Short | Stale | None:
            self.inner.lock(Wanted())
            return self.inner.commit(writes)


class LocksOnlyRowsThatExist(Store):
    """``select ... for update``: a row that is not there yet is locked by nobody."""

    class Session(Session):
        held = False

        def lock(self, wanted: Wanted) -> Found:
            there = copied(self.inner.look(wanted), wanted)
            rows = len(there.decisions) + len(there.cells) + sum(map(bool, there.used.values()))
            if not rows and not self.held:
                return there
            self.held = True
            return copied(self.inner.lock(wanted), wanted)

        def commit(self, writes: Writes) -> Short | Stale | None:
            self.inner.lock(Wanted())
            return self.inner.commit(writes)


class LocksOnlyCells(Store):
    """Quotas are read without a lock: 64 parallel claims of one coupon, 36 succeed."""

    class Session(Session):
        def lock(self, wanted: Wanted) -> Found:
            there = copied(self.inner.look(wanted), wanted)
            if wanted.quotas and not wanted.cells:
                return there
            return structs.replace(copied(self.inner.lock(wanted), wanted), used=there.used)

        def commit(self, writes: Writes) -> Short | Stale | None:
            self.inner.lock(Wanted())
            return self.inner.commit(writes)


class ReadsAnOldSnapshot(Store):
    """Repeatable read: under the lock it sees what was there when the session began."""

    class Session(Session):
        def __init__(self, inner: Any, store: Any) -> None:
            super().__init__(inner, store)
            memory: MemoryStore = store.inner
            self.old = Found(
                decisions=dict(memory._decisions),
                cells=dict(memory._cells),
                used=dict(memory._used),
            )

        def lock(self, wanted: Wanted) -> Found:
            self.inner.lock(wanted)
            return copied(self.old, wanted)


class LooksUnderLock(Store):
    """Looking takes the lock, so that a page waits for every command."""

    class Session(Session):
        def look(self, wanted: Wanted) -> Found:
            found = copied(self.inner.lock(wanted), wanted)
            self.inner.close()
            return found


class KeepsItsLocks(Store):
    """A session that is closed without a commit goes on holding its locks."""

    class Session(Session):
        kept = False

        def lock(self, wanted: Wanted) -> Found:
            self.kept = bool(wanted.decisions and wanted.cells and wanted.quotas)
            return self.inner.lock(wanted)

        def commit(self, writes: Writes) -> Short | Stale | None:
            answer = self.inner.commit(writes)
            self.kept = self.kept and answer is not None
            return answer

        def close(self) -> None:
            if not self.kept:
                self.inner.close()


class LetsGoWhenShort(Store):
    """Gives up its locks when a quota is short, and goes on as if it had them."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            self.inner.lock(Wanted())
            answer = self.inner.commit(writes)
            if isinstance(answer, Short):
                self.inner.close()
            return answer


class ChecksThenWrites(Store):
    """No locks and no guards: check, then act, with others in between."""

    class Session(Session):
        def lock(self, wanted: Wanted) -> Found:
            found = copied(self.inner.look(wanted), wanted)
            self.store.meet()
            return found

        def commit(self, writes: Writes) -> Short | Stale | None:
            return IgnoresVersions.Session.commit(self, writes)

    def meet(self) -> None:
        """Let somebody else come in between, where somebody is there."""
        pause = threading.Event()
        pause.wait(0.0005)
