"""Hot quotas on PostgreSQL: a budget that everybody takes from, spread over rows.

A quota with a cap of 1,000 in 16 shards is 16 rows of 62 or 63 each. A unit of work takes from
any row that covers its change and that nobody else is at, so that nobody waits; where there is
none, it waits for a row of its own; where that does not cover the change, all the rows are locked
in order, and what is left is counted and shared out anew.

Laws:
    No row is taken past its part of the cap, so their sum is never past the cap.
    A quota is short only when all its rows, held at once, do not cover the peak.
    Rows that were divided for another cap are not taken from before they are divided anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from viralcommerce.program import QuotaKey
from viralcommerce.runtime.ports import HotChange, Short
from viralcommerce.runtime.stores.postgres.statements import Part, Rows, Step
from viralcommerce.runtime.stores.postgres.whole import Int8

Change = tuple[QuotaKey, HotChange]
SAVEPOINT: Final = Step(b"savepoint viralcommerce_hot")
UNDO: Final = Step(b"rollback to savepoint viralcommerce_hot")
ANY, MINE, ALL = range(3)
"""How to take: from any row that is free, from one's own, or from all of them together."""
MOST_TIGHT: Final = 1_000
"""How many quotas a process remembers to be nearly drained."""
_KEY: Final = "campaign = %s and name = %s and scope = %s and period = %s"


def share(cap: int, shards: int, shard: int) -> int:
    """A shard's part of a cap: even, the remainder to the first ones."""
    return cap // shards + (shard < cap % shards)


class Shards:
    """How the hot quotas of a store are spread, and which of them are nearly drained.

    Args:
        schema: that the tables lie in.
        count: how many rows each is spread over.
    """

    def __init__(self, schema: str, count: int) -> None:
        self.count = count
        self.tight: dict[QuotaKey, None] = {}
        self._roomy: dict[QuotaKey, bool] = {}
        covers = "q.cap = %s and q.used + %s <= %s + (q.shard < %s)::int"
        kinds = {"capped": covers, "free": "q.cap is null", "give": "true"}
        self._mine = {
            kind: f"update {schema}.quotas q set used = q.used + %s where {_KEY} "
            f"and {condition} and q.shard = %s returning 1"
            for kind, condition in kinds.items()
        }
        self._any = {
            kind: f"update {schema}.quotas q set used = q.used + %s from (select campaign, name, "
            f"scope, period, shard from {schema}.quotas q where {_KEY} and {condition} "
            "order by (shard + %s) %% %s limit 1 for update skip locked) w "
            "where (q.campaign, q.name, q.scope, q.period, q.shard) "
            "= (w.campaign, w.name, w.scope, w.period, w.shard) returning 1"
            for kind, condition in kinds.items()
        }
        self._free = (
            f"select campaign, name, scope, period, shard from {schema}.quotas where {_KEY} "
            "order by (shard + %s) %% %s limit 1 for update skip locked"
        )
        self._from_free = {
            kind: f"update {schema}.quotas q set used = q.used + %s from free w where "
            "(q.campaign, q.name, q.scope, q.period, q.shard) "
            f"= (w.campaign, w.name, w.scope, w.period, w.shard) and {condition} returning 1"
            for kind, condition in kinds.items()
        }
        self._make = (
            f"insert into {schema}.quotas (campaign, name, scope, period, shard, used) "
            "select %s, %s, %s, %s, g, 0 from generate_series(0, %s) g on conflict do nothing"
        ).encode()
        self._hold = (
            f"select shard, used, cap from {schema}.quotas where {_KEY} order by shard for update"
        ).encode()
        self._put = (
            f"update {schema}.quotas q set used = w.used, cap = %s::bigint from "
            f"unnest(%b::bigint[], %b::bigint[]) as w (shard, used) where {_KEY} "
            "and q.shard = w.shard"
        ).encode()

    def fast(self, changes: Sequence[Change], mine: int, how: int, *, must: bool) -> list[Step]:
        """Take every change from one row each.

        Args:
            changes: sorted by key.
            mine: the row to take from, or to look at first; any number.
            how: `ANY` or `MINE`.
            must: whether it is an error (division by zero) where there is no such row; else its
                statement answers with no row.
        """
        steps: list[Step] = []
        for change in changes:
            part = self.fast_part(change, mine, how)
            text = part.sql
            if must:
                text = f"with put as ({text}) select 1 / count(*)::int from put"
            steps.append(Step(text.encode(), part.values, answers=not must))
        return steps

    def fast_part(self, change: Change, mine: int, how: int) -> Part:
        """Take one change from one row; where there is no such row, none is written."""
        key, hot = change
        kind, bounds = self._covering(hot)
        values = [Int8(hot.change), *key, *bounds, Int8(mine % self.count)]
        if how == ANY:
            return Part(self._any[kind], [*values, Int8(self.count)])
        return Part(self._mine[kind], values)

    def straight(self, change: Change, mine: int) -> dict[str, Part]:
        """Take one change from the first row that nobody is at, whether it covers it or not.

        The part ``free`` has that row, ``hot`` is written if it covers the change.
        """
        key, hot = change
        kind, bounds = self._covering(hot)
        free = Part(self._free, [*key, Int8(mine % self.count), Int8(self.count)])
        return {"free": free, "hot": Part(self._from_free[kind], [Int8(hot.change), *bounds])}

    def is_roomy(self, key: QuotaKey) -> bool:
        """Whether any row of a quota should cover any change."""
        return self._roomy.get(key, False)

    def took(self, key: QuotaKey) -> None:
        """A row did cover a change; rows are believed in until one does not."""
        self._believe(key, roomy=self._roomy.get(key, True))

    def missed(self, key: QuotaKey) -> None:
        """A row that was free did not cover a change; others may, and are to be looked for."""
        self._believe(key, roomy=False)

    def _believe(self, key: QuotaKey, *, roomy: bool) -> None:
        if len(self._roomy) >= MOST_TIGHT:
            self._roomy.clear()
        self._roomy[key] = roomy

    def _covering(self, hot: HotChange) -> tuple[str, list[object]]:
        """The kind of statement that takes a change, and what a row is compared with."""
        if hot.cap is None:
            return "free" if hot.change > 0 else "give", []
        part, rest = divmod(hot.cap, self.count)
        return "capped", [Int8(hot.cap), Int8(hot.peak), Int8(part), Int8(rest)]

    def hold(self, changes: Sequence[Change]) -> list[Step]:
        """Make sure of all the rows and lock them, in order; every second answer has them."""
        steps: list[Step] = []
        for key, _ in changes:
            steps.append(Step(self._make, [*key, Int8(self.count - 1)]))
            steps.append(Step(self._hold, key, answers=True))
        return steps

    def short(self, changes: Sequence[Change], held: Mapping[QuotaKey, Rows]) -> Short | None:
        """The first quota that all its rows do not cover."""
        for key, hot in changes:
            if hot.cap is not None:
                used = sum(row[1] for row in held[key])
                if used + hot.peak > hot.cap:
                    self._note(key, hot.cap - used, hot.peak)
                    return Short(key, hot.cap - used)
        return None

    def careful(self, changes: Sequence[Change], held: Mapping[QuotaKey, Rows]) -> list[Step]:
        """Write the changes to rows that are held."""
        steps: list[Step] = []
        for key, hot in changes:
            rows = held[key]
            total = sum(row[1] for row in rows) + hot.change
            cap = hot.cap if hot.cap is not None and total <= hot.cap else None
            if cap is not None:
                self._note(key, cap - total, hot.peak)
            news = self._spread(rows, total, hot.change, cap, tight=key in self.tight)
            changed = [shard for shard, used, old in rows if (used, old) != (news[shard], cap)]
            if changed:
                values = [Int8(news[shard]) for shard in changed]
                which = [Int8(shard) for shard in changed]
                put = None if cap is None else Int8(cap)
                steps.append(Step(self._put, [put, which, values, *key]))
        return steps

    def _spread(
        self, rows: Rows, total: int, change: int, cap: int | None, *, tight: bool
    ) -> dict[int, int]:
        """What each row says afterwards, in sum `total`, each within its part of the cap."""
        news = {shard: used for shard, used, _ in rows}
        if cap is None:
            news[rows[0][0]] += change
            return news
        parts = {shard: share(cap, len(rows), shard) for shard in news}
        ready = all(old == cap and used <= parts[shard] for shard, used, old in rows)
        if not (tight and ready):
            return {shard: share(total, len(rows), shard) for shard in news}
        for shard, part in parts.items():  # nearly drained: touch as few rows as will do
            room = part - news[shard]
            taken = min(change, room) if change > 0 else change
            news[shard] += taken
            change -= taken
        return news

    def _note(self, key: QuotaKey, left: int, peak: int) -> None:
        roomy = left >= 4 * self.count * max(peak, 1)
        self._believe(key, roomy=roomy)
        if roomy:
            self.tight.pop(key, None)
        else:
            if len(self.tight) >= MOST_TIGHT:
                self.tight.clear()
            self.tight[key] = None
