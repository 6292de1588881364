"""The outbox on PostgreSQL: each verb one statement, and relays that pass each other by."""

from __future__ import annotations

from collections.abc import Sequence

from viralcommerce.runtime.outbox import (
    Backlog,
    Claim,
    Later,
    Pending,
    Poisoned,
    Reach,
    Settled,
)
from viralcommerce.runtime.stores.postgres.reads import Query
from viralcommerce.runtime.stores.postgres.statements import Rows, Step, numbers
from viralcommerce.runtime.stores.postgres.whole import Int8
from viralcommerce.runtime.stores.rows import (
    BACKLOG,
    PENDING_COLUMNS,
    micros,
    to_backlog,
    to_pending,
)

# What is chosen of a member is all that waits up to some entry. Two relays may choose the same:
# what one has locked the other skips, and with it, by the last condition, everything younger of
# the same member. What was claimed since is not due any more when its lock is taken: skipped too.
_MINE = (
    "case when {of}.entry = '' then (select issues from reach) "
    "else {of}.entry = any((select campaigns from reach)::text[]) "
    "or ({of}.campaign = any((select campaigns from reach)::text[]) "
    "and {of}.entry <> all((select elsewhere from reach)::text[])) end"
)
"""`Reach.has`, of an entry."""


def _claiming(mine: str) -> str:
    return f"""
with reach as materialized (
  select %s::boolean as issues, %b::text[] as campaigns, %b::text[] as elsewhere
), chosen as materialized (
  select position, member from {{s}}.outbox o
  where exists (select from {{s}}.outbox where due <= %s) and due <= %s
    and {mine.format(of="o")}
    and not exists (select from {{s}}.outbox older where older.member = o.member
      and older.due > %s and older.position < o.position)
    and not exists (select from {{s}}.outbox older where older.member = o.member
      and older.due is not null and older.position < o.position
      and (older.tries > 0 or not {mine.format(of="older")}))
  order by position limit %s
), locked as materialized (
  select position from {{s}}.outbox
  where position in (select position from chosen) and due <= %s
  order by position for update skip locked
), taken as (
  update {{s}}.outbox o set tries = o.tries + 1, lease = %s, due = %s
  from chosen c where o.position = c.position
    and c.position in (select position from locked)
    and not exists (select from chosen older where older.member = c.member
      and older.position < c.position and older.position not in (select position from locked))
  returning {", ".join(f"o.{name}" for name in PENDING_COLUMNS.split(", "))}
)
select * from taken order by position
"""


_ALL, _OF_MINE = _claiming("true"), _claiming(_MINE)
_SETTLE = """
with gone as (
  delete from {s}.outbox where position = any(%b)
), put as (
  update {s}.outbox o set due = w.due, tries = w.tries, error = w.error, lease = ''
  from unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::text[])
    as w (position, due, tries, error)
  where o.position = w.position and o.lease = %s returning o.*
)
update {s}.outbox o set due = held.due
from (
  select member, min(position) as position, max(due) as due from put where due is not null
  group by member
) held
where o.member = held.member and o.position > held.position and o.lease = '' and o.due < held.due
"""


class OutboxQueries:
    """Every statement about the outbox, for the tables of one schema.

    Args:
        schema: that the tables lie in; a plain name.
    """

    def __init__(self, schema: str) -> None:
        self._schema = schema

    def _sql(self, text: str) -> bytes:
        return text.replace("{s}", self._schema).encode()

    def pending(self, limit: int) -> Query[Sequence[Pending]]:
        """The oldest entries that wait."""
        return self._list("due is not null", limit)

    def poisoned(self, limit: int) -> Query[Sequence[Pending]]:
        """The oldest entries that are set aside."""
        return self._list("due is null", limit)

    def _list(self, which: str, limit: int) -> Query[Sequence[Pending]]:
        sql = (
            f"select {PENDING_COLUMNS} from {{s}}.outbox where {which} order by position limit %s"
        )
        return Query(Step(self._sql(sql), (Int8(limit),)), _pending)

    def claim(self, claim: Claim) -> Query[Sequence[Pending]]:
        """Take the oldest entries that are due."""
        at, until = Int8(micros(claim.at)), Int8(micros(claim.until))
        reach = claim.reach or Reach(issues=True, campaigns=())
        mine = (reach.issues, list(reach.campaigns), list(reach.elsewhere))
        values = (*mine, at, at, at, Int8(claim.limit), at, claim.by, until)
        sql = _ALL if claim.reach is None else _OF_MINE
        return Query(Step(self._sql(sql), values), _pending)

    def settle(self, settled: Settled) -> Query[None]:
        """Write down what became of a claim."""
        later, aside = settled.later, settled.poisoned
        every: list[Later | Poisoned] = [*later, *aside]
        values = (
            numbers(sorted(settled.delivered)),
            numbers([one.position for one in every]),
            numbers([*(micros(one.due) for one in later), *(None for _ in aside)]),
            numbers([one.tries for one in every]),
            [one.error for one in every],
            settled.by,
        )
        return Query(Step(self._sql(_SETTLE), values), _nothing)

    def retry(self, positions: Sequence[int]) -> Query[int]:
        """Put what is set aside back in line; how many were."""
        sql = (
            "with back as (update {s}.outbox set due = 0, tries = 0 "
            "where position = any(%b) and due is null returning 1) select count(*) from back"
        )
        return Query(Step(self._sql(sql), (numbers(sorted(set(positions))),)), _count)

    def backlog(self) -> Query[Backlog]:
        """How the outbox stands."""
        sql = f"select {BACKLOG} from {{s}}.outbox"
        return Query(Step(self._sql(sql)), lambda rows: to_backlog(rows[0]))


def _pending(rows: Rows) -> list[Pending]:
    return [to_pending(row) for row in rows]


def _count(rows: Rows) -> int:
    count: int = rows[0][0]
    return count


def _nothing(_: Rows) -> None:
    return None
