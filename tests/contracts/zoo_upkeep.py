"""Broken stores that forget wrongly: too little, too much, or without telling anybody."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from contracts.skins import Session, Store
from viralcommerce.errors import StillOwed
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.ports import Found, Wanted
from viralcommerce.runtime.sealing import Sealing
from viralcommerce.runtime.stores.sqlite import SqliteStore

EVER = datetime(9999, 1, 1, tzinfo=UTC)


class ForgetsOnlyTheJournal(Store):
    """The journal is rewritten; what was counted for the member still has their name."""

    def forget(self, erasure: Erasure) -> Forgotten:
        used = dict(self.inner._used)
        done: Forgotten = self.inner.forget(erasure)
        self.inner._used.clear()
        self.inner._used.update(used)
        return done


class ForgetsWhoeverBeginsLikeThem(Store):
    """``like 'zoë-7%'``: somebody with a longer name is forgotten too."""

    def forget(self, erasure: Erasure) -> Forgotten:
        done: Forgotten = self.inner.forget(erasure)
        self.inner.forget(structs.replace(erasure, member=f"{erasure.member}7"))
        return done


class ForgetsWithoutATombstone(Store):
    """Whoever was forgotten begins anew, with every limit untouched."""

    def forget(self, erasure: Erasure) -> Forgotten:
        done: Forgotten = self.inner.forget(erasure)
        self.inner._tombstones.clear()
        return done


class ForgetsItsTombstones(Store):
    """Tombstones live in the process, and are gone when it restarts."""

    def restarted(self) -> ForgetsItsTombstones:
        path = self.inner.path
        self.inner.close()
        again = SqliteStore(path)
        again.prune_tombstones(EVER)
        return ForgetsItsTombstones(again)


class BuriesWhoNeverWas(Store):
    """Whoever it is asked to forget gets a tombstone, who was never there too."""

    class Session(Session):
        def lock(self, wanted: Wanted) -> Found:
            found: Found = self.inner.lock(wanted)
            buried = {("member", one) for one in wanted.members if one in self.store.asked}
            return structs.replace(found, gone=found.gone | buried)

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def forget(self, erasure: Erasure) -> Forgotten:
        done: Forgotten = self.inner.forget(erasure)
        if done.nothing:
            self.asked.add(erasure.member)
        return done


class ForgetsWhatIsOwed(Store):
    """An award that waits for the member waits for a pseudonym, which the issuer has never met."""

    def forget(self, erasure: Erasure) -> Forgotten:
        try:
            done: Forgotten = self.inner.forget(erasure)
        except StillOwed:
            entries, self.inner._outbox._entries = self.inner._outbox._entries, {}
            done = self.inner.forget(erasure)
            self.inner._outbox._entries = entries
        return done


class ForgetsBesideALock(Store):
    """Rewrites what is there, and never asks who else is writing."""

    def forget(self, erasure: Erasure) -> Forgotten:
        held = self.inner._lock
        self.inner._lock = _Free()
        try:
            done: Forgotten = self.inner.forget(erasure)
        finally:
            self.inner._lock = held
        return done


class _Free:
    """A lock that nobody ever waits for."""

    def acquire(self, *_: Any, **__: Any) -> bool:
        return True

    def release(self) -> None:
        pass


class LetsEverybodyBack(Store):
    """Pruning old tombstones prunes all of them."""

    def prune_tombstones(self, before: datetime) -> int:
        gone: int = self.inner.prune_tombstones(EVER)
        return gone


class LetsNobodyBack(Store):
    """What is said about pruning is kept, the tombstones too."""

    def prune_tombstones(self, before: datetime) -> int:
        self.inner.prune_tombstones(datetime.min.replace(tzinfo=UTC))
        return 1


class _OnDisk(Store):
    """A store in a file, with a way into its tables that is not its own."""

    def restarted(self) -> _OnDisk:
        path = self.inner.path
        self.inner.close()
        return type(self)(SqliteStore(path))

    def by_hand(self, sql: str) -> None:
        with closing(sqlite3.connect(self.inner.path)) as hand:
            hand.execute(sql)
            hand.commit()


class DropsLinesWithoutASeal(_OnDisk):
    """``delete from journal where at < ...``, as a cron job has it."""

    def seal(self, work: Sealing) -> bool:
        done: bool = self.inner.seal(work)
        self.by_hand("delete from viral_seals")
        self.by_hand("delete from viral_sealed_quotas")
        return done


class SealsWhatHasChanged(_OnDisk):
    """Seals what it is told to, whatever has come in between."""

    def seal(self, work: Sealing) -> bool:
        if not self.inner.seal(work):
            for one in work.seals:
                self.by_hand(f"delete from viral_journal where instance = '{one.instance}'")
        return True


class KeepsTheKeysOfWhatItDrops(_OnDisk):
    """The lines are gone, and keys point to where they were."""

    def seal(self, work: Sealing) -> bool:
        done: bool = self.inner.seal(structs.replace(work, keys=()))
        return done
