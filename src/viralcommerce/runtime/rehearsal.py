"""Rehearsal: a batch decided without locks, to learn every quota that it will count on.

A store whose locks are rows, and not one for all, must be told all the keys of a batch at once
and sorted, or two batches wait for each other. What is decided here is thrown away.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from msgspec import structs

from viralcommerce.pricing import Facts
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.effects import Look
from viralcommerce.runtime.kinship import Unread
from viralcommerce.runtime.ports import Found, Wanted
from viralcommerce.runtime.request import Context, Recast, Request

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
        batch = Batch(context, found, facts, asked, short, wanted)
        counted = _counted(batch, requests)
        hot = {key: need for key, need in batch.needs.items() if key not in known}
        if not counted and not hot:
            break
        known |= hot.keys()
        now: Found = yield Look(quotas=tuple(sorted(counted | hot.keys())))
        used |= {key: now.used.get(key, 0) for key in counted}
        for key, (peak, cap) in hot.items():
            if now.used.get(key, 0) + peak > cap:
                short[key] = now.used.get(key, 0)
        if not short and not any(used[key] for key in counted):
            break  # everything is as it was supposed to be
    return tuple(sorted(used))


def _counted(batch: Batch, requests: Sequence[Request]) -> set[QuotaKey]:
    counted: set[QuotaKey] = set()
    with suppress(Recast, Unread):  # under lock the flow finds it again, and asks about them
        for request in requests:
            while batch.one(request) is None:
                counted.update(batch.missing)
                batch.learn({})
    return counted
