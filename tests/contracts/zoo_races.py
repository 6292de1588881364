"""Broken stores that are right one by one: only an order of effects, or a death in between, shows
what is wrong with them.
"""

from __future__ import annotations

import itertools
from typing import Any

from msgspec import structs

from contracts.skins import Session, Store, copied
from viralcommerce.errors import StoreBusy, StoreError
from viralcommerce.runtime.ports import Found, Short, Stale, Wanted, Writes
from viralcommerce.testing.staging import turn


def nothing() -> Writes:
    """A commit of nothing."""
    return Writes(records=[], cells=[], used={}, hot={}, rules={})


class LetsGoBeforeTheCommit(Store):
    """Releases its locks when it has read, and takes them again to write."""

    class Session(Session):
        def lock(self, wanted: Wanted) -> Found:
            found = copied(self.inner.lock(wanted), wanted)
            self.inner.close()
            return found

        def commit(self, writes: Writes) -> Short | Stale | None:
            self.inner.lock(Wanted())
            return self.inner.commit(writes)


class ClaimsTheKeyLast(Store):
    """Writes what a command comes to, and then, in a second transaction, under which key."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            self.inner.lock(Wanted())
            bare = [structs.replace(one, key="") for one in writes.records]
            answer = self.inner.commit(structs.replace(writes, records=bare))
            if answer is None:
                turn("claim the key")
                for one in writes.records:
                    if one.key:
                        place = (one.decision.campaign, one.key)
                        self.store.inner._decisions[place] = one.decision
            return answer


class CommitsInTwoSteps(Store):
    """Writes cells and keys in one transaction, journal, ledger and counts in another."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            self.inner.lock(Wanted())
            first = structs.replace(nothing(), cells=writes.cells, hot=writes.hot)
            answer = self.inner.commit(first)
            if answer is None:
                turn("write the rest")
                self.inner.lock(Wanted())
                self.inner.commit(structs.replace(writes, cells=[], hot={}))
            return answer


class LocksInAnyOrder(Store):
    """Row locks of its own, taken now in this order, now in that: two wait for each other."""

    def __init__(self, inner: Any = None) -> None:
        super().__init__(inner)
        self.held: dict[Any, Any] = {}
        self.count = itertools.count()

    class Session(Session):
        def lock(self, wanted: Wanted) -> Found:
            rows = [*wanted.decisions, *wanted.cells, *wanted.quotas]
            backwards = next(self.store.count) % 2 == 1
            for row in reversed(rows) if backwards else rows:
                turn(f"lock {row}")
                if self.store.held.setdefault(row, self) is not self:
                    raise StoreBusy(f"{row} is locked")
            return copied(self.inner.look(wanted), wanted)

        def commit(self, writes: Writes) -> Short | Stale | None:
            self.inner.lock(Wanted())
            answer = self.inner.commit(writes)
            if answer is None:
                self.close()
            return answer

        def close(self) -> None:
            for row in [one for one, holder in self.store.held.items() if holder is self]:
                del self.store.held[row]
            self.inner.close()


class SendsACommitAgain(Store):
    """A driver that connects anew when the answer of a commit is lost, and sends it again."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            self.inner.lock(Wanted())
            answer = self.inner.commit(writes)
            try:
                turn("hear that it is committed")
            except StoreError:
                self.inner.lock(Wanted())
                return self.inner.commit(structs.replace(writes, cells=[]))
            return answer
