"""Broken stores that read, list, clean up or restart wrongly."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from contracts.skins import Session, Store
from viralcommerce.errors import NotLive
from viralcommerce.runtime.ports import (
    Line,
    Part,
    Posting,
    Short,
    Stale,
    Writes,
)
from viralcommerce.runtime.stores.sqlite import SqliteStore


class DoublesParts(Store):
    """A part is inserted whenever somebody takes part."""

    def parts(self, member: str) -> Sequence[Part]:
        return sorted(
            (
                Part(d.campaign, who, role, d.instance, d.command.at)
                for one in self.inner._records
                for d in [one.decision]
                for who, role in one.parts
                if who == member
            ),
            key=lambda part: part.at,
        )


class ReordersTheJournal(Store):
    """No ``order by``."""

    def journal(self, campaign: str, after: int = 0) -> Iterator[Line]:
        return iter(sorted(self.inner.journal(campaign, after), key=lambda line: -line.position))


class ReplaysTheLastLine(Store):
    """Follows the journal from a position on, and gives that line again."""

    def journal(self, campaign: str, after: int = 0) -> Iterator[Line]:
        return self.inner.journal(campaign, max(after - 1, 0))


class RepeatsTheEndOfAPage(Store):
    """``>=`` where ``>`` was meant."""

    def instances(self, campaign: str, after: str, limit: int) -> Sequence[Any]:
        return [pair for pair in self.inner.cells(campaign) if pair[0] >= after][:limit]


class DropsADeadline(Store):
    """The last deadline of a page is left for the next, which begins after it."""

    def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Any]:
        due = self.inner.due(at, limit, campaigns)
        return due[:-1] if len(due) > 1 else due


class NeverForgetsADeadline(Store):
    """A deadline stays in the index when its instance is over."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[Any, Any] = {}

    def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Any]:
        for one in self.inner.due(datetime.max.replace(tzinfo=at.tzinfo), 10_000, campaigns):
            self.seen.setdefault((one.campaign, one.instance), one)
        seen = [one for one in self.seen.values() if one.campaign in campaigns]
        found = [one for one in seen if one.deadline <= at]
        return sorted(found, key=lambda one: (one.deadline, one.campaign, one.instance))[:limit]


class EndsOneTickLate(Store):
    """EC-1: a deadline is due after its moment."""

    def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Sequence[Any]:
        return self.inner.due(at - timedelta(microseconds=1), limit, campaigns)


class RoundsToSeconds(Store):
    """Times are kept in whole seconds."""

    def postings(self, campaign: str) -> Iterator[Posting]:
        for row in self.inner.postings(campaign):
            yield structs.replace(row, at=row.at.replace(microsecond=0))


class FindsOnlyTheFirstLine(Store):
    """The journal of an instance is one line long."""

    def history(self, campaign: str, instance: str) -> Sequence[Line]:
        return self.inner.history(campaign, instance)[:1]


class FindsOneLineAMoment(Store):
    """``limit 1``: of two lines at one moment the first."""

    def recorded(self, campaign: str, moments: Sequence[tuple[str, datetime]]) -> Sequence[Line]:
        found = [self.inner.recorded(campaign, [one])[:1] for one in dict.fromkeys(moments)]
        return [line for lines in found for line in lines]


class FindsWhatIsNear(Store):
    """Moments are compared in whole seconds."""

    def recorded(self, campaign: str, moments: Sequence[tuple[str, datetime]]) -> Sequence[Line]:
        near = {(instance, at.replace(microsecond=0)) for instance, at in moments}
        return [
            line
            for line in self.inner.journal(campaign)
            if (line.decision.instance, line.decision.command.at.replace(microsecond=0)) in near
        ]


class FindsTheLinesOfNamesakes(Store):
    """The journal of an instance is that of its name, in whatever campaign."""

    def history(self, campaign: str, instance: str) -> Sequence[Line]:
        found = [self.inner.history(name, instance) for name in self.inner.campaigns()]
        lines = [line for lines in found for line in lines]
        return sorted(lines, key=lambda line: line.position) if len(found) > 1 else lines


class CountsMembersWithTheCampaign(Store):
    """The counts of the whole campaign include those of its members."""

    def used(self, campaign: str) -> Mapping[Any, int]:
        return dict(self.inner.quotas(campaign))


class TakesEveryRowForAnAward(Store):
    """What a member was given back is listed among the awards."""

    def awards(self, member: str) -> Sequence[Posting]:
        rows = itertools.chain.from_iterable(map(self.inner.postings, self.inner.campaigns()))
        return [row for row in rows if row.transfer.target == f"member/{member}"]


class HidesWhatWasTakenBack(Store):
    """An award is an award, whatever became of it."""

    def awards(self, member: str) -> Sequence[Posting]:
        return [row for row in self.inner.awards(member) if row.transfer.award is not None]


class ForgetsEveryKey(Store):
    """Cleaning up old keys cleans up all of them."""

    def prune_keys(self, before: datetime) -> int:
        return self.inner.prune_keys(before + timedelta(days=365))


class ForgetsKeysInSilence(Store):
    """Old keys are cleaned up, and nobody can tell afterwards which may be gone."""

    def kept_since(self) -> datetime | None:
        return None


class ListsWhoActedLast(Store):
    """Who took part is listed as of the last time."""

    def participants(self, campaign: str) -> Iterator[Part]:
        last: dict[tuple[str, str, str], Part] = {}
        for one in self.inner._records:
            d = one.decision
            for who, role in one.parts:
                if d.campaign == campaign:
                    place = (d.instance, who, role)
                    last[place] = Part(campaign, who, role, d.instance, d.command.at)
        yield from last.values()


class KeepsOnlyTheLastLife(Store):
    """An update where an insert was meant: who paused it, and why, is gone."""

    def lives(self, campaign: str) -> Sequence[Any]:
        return self.inner.lives(campaign)[-1:]


class KeepsOnlyTheNewestRules(Store):
    """What was begun under older rules cannot be read any more."""

    class Session(Session):
        def commit(self, writes: Writes) -> Short | Stale | None:
            if writes.rules:
                self.store.inner._rules.clear()
                writes.rules = dict(list(writes.rules.items())[:1])
            return self.inner.commit(writes)


class AnswersWhenClosed(Store):
    """Goes on answering after it was closed, from what it remembers."""

    def close(self) -> None:
        self.closed = True

    def session(self) -> Session:
        if getattr(self, "closed", False):
            raise NotLive("closed")
        return super().session()


class ForgetsItsCounts(Store):
    """Quotas live in a cache, and begin at 0 after a restart."""

    def restarted(self) -> ForgetsItsCounts:
        path = self.inner.path
        self.inner.close()
        with sqlite3.connect(path) as connection:
            connection.execute("delete from viral_quotas")
        connection.close()
        return ForgetsItsCounts(SqliteStore(path))
