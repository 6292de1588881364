"""Rehearsal: a batch decided before its quotas are locked, to learn which it will count on.

A store whose locks are rows, and not one for all, must be told all the quotas of a batch at once
and sorted, or two batches wait for each other. What is decided here is thrown away, unless what
is locked then is just what it was decided on.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from msgspec import structs

from viralcommerce.known import Facts
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.effects import CommitIf, Effect, Lock, Look, Restart
from viralcommerce.runtime.kinship import Unread
from viralcommerce.runtime.ports import Found, Wanted
from viralcommerce.runtime.recollection import Recollection, same
from viralcommerce.runtime.request import Context, Outcome, Recast, Request

ROUNDS: Final = 3
"""How often a batch is rehearsed: a limit that is reached may lead to a quota of a substitute."""


def rehearse(
    context: Context,
    looked: Found,
    facts: Facts,
    asked: Mapping[tuple[str, datetime], frozenset[str]],
    requests: Sequence[Request],
    wanted: Wanted,
) -> Generator[Look, Any, tuple[QuotaKey, ...]]:
    """The quotas that a batch counts on, sorted, as far as can be foreseen.

    Args:
        context: of the shop.
        looked: what was looked at.
        facts: what the host said.
        asked: what it was asked for.
        requests: the batch.
        wanted: what will be locked.

    It may be wrong where others come between; then the batch ends before the command that needs
    another one.
    """
    used: dict[QuotaKey, int] = {}
    short: dict[QuotaKey, int] = {}
    known: set[QuotaKey] = set()
    for _ in range(ROUNDS):
        found = structs.replace(looked, used=used, all_used=False)
        batch = Batch(context, found, facts, asked, short, wanted, beside=True)
        missed = _missed(batch, requests)
        hot = {key: need for key, need in batch.needs.items() if key not in known}
        if not missed and not hot:
            break
        known |= hot.keys()
        now: Found = yield Look(quotas=tuple(sorted(missed | hot.keys())))
        used |= {key: now.used.get(key, 0) for key in missed}
        for key, (peak, cap) in hot.items():
            if now.used.get(key, 0) + peak > cap:
                short[key] = now.used.get(key, 0)
        if not short and not any(used[key] for key in missed):
            break  # everything is as it was supposed to be
    return tuple(sorted(used))


class Trial:
    """A batch decided on what was found, with every quota as it is remembered.

    Attributes:
        batch: as it was decided.
        outcomes: of its requests, as far as it came.
        quotas: what it counts on, sorted.
        is_whole: whether all of its requests were decided.
    """

    __slots__ = ("batch", "is_whole", "outcomes", "quotas")

    def __init__(
        self, batch: Batch, requests: Sequence[Request], used: Mapping[QuotaKey, int]
    ) -> None:
        self.batch = batch
        self.outcomes: list[Outcome] = []
        missed: set[QuotaKey] = set()
        with suppress(Recast, Unread):  # the flow finds it again, and asks about them
            for request in requests:
                while (outcome := batch.one(request)) is None:
                    missed.update(batch.missing)
                    batch.learn({key: used.get(key, 0) for key in batch.missing})
                self.outcomes.append(outcome)
        self.quotas = tuple(sorted(missed))
        self.is_whole = len(self.outcomes) == len(requests)

    def commit(self, lock: Lock) -> CommitIf | None:
        """Commit it if all is as supposed; nothing where there is nothing to commit, or more."""
        writes = self.batch.writes() if self.is_whole else None
        if writes is None:
            return None
        return CommitIf(lock, structs.replace(self.batch.found, used=self.batch.learned), writes)

    def holds(self, found: Found) -> bool:
        """Whether it was decided on just what is there, and so is no rehearsal."""
        supposed, learned = self.batch.found, self.batch.learned
        cells = supposed.cells
        return (
            self.is_whole
            and found.gone == supposed.gone
            and found.decisions == supposed.decisions
            and all(found.used.get(key, 0) == learned[key] for key in self.quotas)
            and (
                cells is found.cells
                or (
                    cells.keys() == found.cells.keys()
                    and all(same(cell, found.cells[place]) for place, cell in cells.items())
                )
            )
        )


def locked(
    context: Context,
    memory: Recollection,
    facts: Facts,
    asked: Mapping[tuple[str, datetime], frozenset[str]],
    requests: Sequence[Request],
    locking: Lock,
    *,
    supposes: bool = False,
) -> Generator[Effect, Any, tuple[Found, Trial | None, bool]]:
    """Lock all that a batch counts on, in one order.

    Where a limit that is reached never leads to another (`Program.swerves`), a batch counts on no
    more quotas than it would with none of them used, so that nothing need be looked at before:

    - if this process remembers the instances, and nothing else is to be read, all is locked at
      once;
    - else, or if others came between, keys and instances are locked first, and the quotas next.

    Where a session `supposes`, the last lock, the comparison and the commit are one step, as long
    as what is supposed turns out to be true: where it was wrong the last time, it is locked first.

    Returns:
        What was found, what was decided on just that, if anything was, and whether it is
        committed.
    """

    def tried(found: Found, used: Mapping[QuotaKey, int]) -> Trial:
        batch = Batch(context, found, facts, asked, {}, locking, beside=True)
        return Trial(batch, requests, used)

    guess = memory.guess(locking)
    if guess is not None:
        trial = tried(guess, memory.used)
        all_of_it = structs.replace(locking, quotas=trial.quotas)
        if supposes and not memory.doubts(locking.cells):
            supposing = trial.commit(all_of_it)
            if supposing is not None and (yield supposing):
                return guess, trial, True
        found: Found = yield all_of_it
        if trial.holds(found):
            memory.trust(locking.cells)
            return found, trial, False
        memory.doubt(locking.cells)
        used = {**dict.fromkeys(trial.quotas, 0), **found.used}
        found = structs.replace(found, used={})
        trial = tried(found, {})
        if used.keys() >= set(trial.quotas):
            return structs.replace(found, used=used), None, False
        memory.forget(locking.cells)
        yield Restart()
    while True:
        found = structs.replace((yield locking), used={})
        trial = tried(found, memory.used)
        if not trial.quotas:
            return found, trial if trial.holds(found) else None, False
        counting = Lock(quotas=trial.quotas)
        supposing = trial.commit(counting) if supposes and memory.is_lucky else None
        if supposing is None:
            break
        if (yield supposing):
            return found, trial, True
        memory.reckon(right=False)
        yield Restart()
    also: Found = yield counting
    found = structs.replace(found, used={**dict.fromkeys(trial.quotas, 0), **also.used})
    holds = trial.holds(found)
    memory.reckon(right=holds)
    return found, trial if holds else None, False


def _missed(batch: Batch, requests: Sequence[Request]) -> set[QuotaKey]:
    missed: set[QuotaKey] = set()
    with suppress(Recast, Unread):  # under lock the flow finds it again, and asks about them
        for request in requests:
            while batch.one(request) is None:
                missed.update(batch.missing)
                batch.learn({})
    return missed
