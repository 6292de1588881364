"""Rehearsal: a batch decided without locks, to learn every quota that it will count on.

A store whose locks are rows, and not one for all, must be told all the keys of a batch at once
and sorted, or two batches wait for each other. What is decided here is thrown away.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from viralcommerce.pricing import Facts
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.effects import Look
from viralcommerce.runtime.ports import Found
from viralcommerce.runtime.request import Context, Recast, Request

ROUNDS: Final = 3
"""How often a batch is rehearsed: a limit that is reached may lead to a quota of a substitute."""


def rehearse(
    context: Context,
    looked: Found,
    facts: Facts,
    asked: Mapping[tuple[str, datetime], frozenset[str]],
    requests: Sequence[Request],
) -> Generator[Look, Any, tuple[QuotaKey, ...]]:
    """The quotas that a batch counts on, sorted, as far as can be foreseen.

    It may be wrong where others come between; then the batch ends before the command that needs
    another one.
    """
    used: dict[QuotaKey, int] = {}
    short: dict[QuotaKey, int] = {}
    known: set[QuotaKey] = set()
    for _ in range(ROUNDS):
        found = Found(decisions=looked.decisions, cells=looked.cells, used=used)
        batch = Batch(context, found, facts, asked, short)
        wanted = _wanted(batch, requests)
        hot = {key: need for key, need in batch.needs.items() if key not in known}
        if not wanted and not hot:
            break
        known |= hot.keys()
        now: Found = yield Look(quotas=tuple(sorted(wanted | hot.keys())))
        used |= {key: now.used.get(key, 0) for key in wanted}
        for key, (peak, cap) in hot.items():
            if now.used.get(key, 0) + peak > cap:
                short[key] = now.used.get(key, 0)
        if not short and not any(used[key] for key in wanted):
            break  # everything is as it was supposed to be
    return tuple(sorted(used))


def _wanted(batch: Batch, requests: Sequence[Request]) -> set[QuotaKey]:
    wanted: set[QuotaKey] = set()
    with suppress(Recast):  # under lock the flow finds it again, and asks about them
        for request in requests:
            while batch.one(request) is None:
                wanted.update(batch.missing)
                batch.learn({})
    return wanted
