"""Broken stores that write too little, too much, or in halves."""

from __future__ import annotations

from msgspec import structs

from contracts.skins import Session, Store
from viralcommerce.runtime.ports import (
    Found,
    HotChange,
    Short,
    Stale,
    Wanted,
    Writes,
)
from viralcommerce.runtime.stores.memory import MemoryStore


class CommitsHalf(Store):
    """Writes the journal first and the cells in a second transaction."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            self.inner.lock(Wanted())
            first = Writes(records=writes.records, cells=[], used={}, hot={}, rules={})
            self.inner.commit(first)
            self.inner.lock(Wanted())
            return self.inner.commit(structs.replace(writes, records=[]))


class WritesThenChecks(Store):
    """Counts first, then finds that it was too many."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            used = self.store.inner._used
            for key, hot in writes.hot.items():
                left = None if hot.cap is None else hot.cap - used.get(key, 0)
                used[key] = used.get(key, 0) + hot.change
                if left is not None and hot.peak > max(left, 0):
                    return Short(key, max(left, 0))
            return self.inner.commit(structs.replace(writes, hot={}))


class PassesACapByOne(Store):
    """``>`` where ``>=`` was meant."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            writes.hot = {
                key: structs.replace(hot, cap=None if hot.cap is None else hot.cap + 1)
                for key, hot in writes.hot.items()
            }
            answer = self.inner.commit(writes)
            return (
                Short(answer.key, max(answer.left - 1, 0)) if isinstance(answer, Short) else answer
            )


class ChecksOnlyTheSum(Store):
    """Checks what a commit takes in all, so that a batch may pass the cap in between."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            writes.hot = {
                key: HotChange(hot.change, max(hot.change, 0), hot.cap)
                for key, hot in writes.hot.items()
            }
            return self.inner.commit(writes)


class CountsInThirtyTwoBits(Store):
    """EC-22: quotas wrap round at two thousand million fen."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            writes.used = {key: (n + 2**31) % 2**32 - 2**31 for key, n in writes.used.items()}
            return self.inner.commit(writes)


class ForgetsAPosting(Store):
    """The last row of the ledger does not fit into the statement."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            writes.records = [
                structs.replace(one, transfers=one.transfers[:3]) for one in writes.records
            ]
            return self.inner.commit(writes)


class MixesCampaigns(Store):
    """Cells and keys are found by id alone."""

    class Session(Session):
        def lock(self, wanted: Wanted) -> Found:
            return self.mixed(self.inner.lock(wanted), wanted)

        def look(self, wanted: Wanted) -> Found:
            return self.mixed(self.inner.look(Wanted()), wanted)

        def mixed(self, found: Found, wanted: Wanted) -> Found:
            memory: MemoryStore = self.store.inner
            decisions = {key: one for (_, key), one in memory._decisions.items()}
            cells = {instance: one for (_, instance), one in memory._cells.items()}
            return Found(
                decisions={p: decisions[p[1]] for p in wanted.decisions if p[1] in decisions},
                cells={p: cells[p[1]] for p in wanted.cells if p[1] in cells},
                used={key: memory._used.get(key, 0) for key in wanted.quotas},
                gone=found.gone,
            )


class PinsATransientRefusal(Store):
    """RQ-19: records every answer under its key, also the one that should be asked again."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            writes.records = [
                structs.replace(one, key=one.key or one.decision.command.key)
                for one in writes.records
            ]
            return self.inner.commit(writes)


class OverwritesKeys(Store):
    """The last decision under a key wins, also one that was recorded under none."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            answer = self.inner.commit(writes)
            for one in writes.records if answer is None else ():
                place = (one.decision.campaign, one.decision.command.key)
                if place in self.store.inner._decisions:
                    self.store.inner._decisions[place] = one.decision
            return answer


class LosesTheTailOfABatch(Store):
    """Of a batch only the first two hundred rows are bound to the statement; here, two."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            for index, one in enumerate(writes.records):
                if index >= 5:
                    writes.records[index] = structs.replace(one, parts=())
            return self.inner.commit(writes)
