"""The journal in partitions: ranges of positions, made ahead of time and dropped when empty.

A line goes into the partition of its position. What is in no range goes into the partition for the
rest, so that nothing fails where nobody tends; tending moves the newest of it. Positions and not
times: they are the primary key, they only grow, and a command's time is its client's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from viralcommerce.runtime.stores.postgres.failures import DIVISION_BY_ZERO, Failed
from viralcommerce.runtime.stores.postgres.statements import Step, lock_hash
from viralcommerce.runtime.stores.postgres.transactions import Script, Trip
from viralcommerce.runtime.stores.postgres.whole import Int8

_BOUNDS: Final = re.compile(r"FROM \('(\d+)'\) TO \('(\d+)'\)")
_PATIENCE: Final = Step(b"set local lock_timeout = '1s'")
"""Nobody who writes waits for longer behind a change of the partitions."""
_ALONE: Final = b"select 1 / pg_try_advisory_xact_lock(%s)::int"
MOVED: Final = 10_000
"""How many lines are moved at most: nobody reads or writes the journal meanwhile."""
BUSY: Final = "55P03"
_DONE_BY_ANOTHER: Final = ("42P07", "42P01")


class Partition(NamedTuple):
    """A range of positions, the end exclusive."""

    first: int
    end: int


def tending(schema: str) -> Script[int]:
    """Make the partitions that are needed soon, and drop those that are empty and behind.

    What others hold is left for the next time.

    Returns:
        How many partitions there are, besides the one for the rest.
    """
    size, last = yield from _state(schema)
    there = yield from _partitions(schema)
    end = max((one.end for one in there), default=last // size * size + 1)
    end = yield from _near(schema, end)
    for one in _ahead(end, last, size):
        if not (yield from _tried(schema, _making(schema, one))):
            break
        there.append(one)
    gone = 0
    for one in there:
        if one.end <= last:
            gone += yield from _tried(schema, _dropping(schema, one))
    return len(there) - gone


def _state(schema: str) -> Script[tuple[int, int]]:
    """The lines in a partition, and the last position that was given."""
    rows = yield [
        Step(f"select value from {schema}.meta where name = 'partition'".encode(), answers=True),
        Step(f"select last_value from {schema}.journal_position".encode(), answers=True),
    ]
    return int(rows[0][0][0]), int(rows[1][0][0])


def _partitions(schema: str) -> Script[list[Partition]]:
    sql = (
        "select pg_get_expr(c.relpartbound, c.oid) from pg_inherits i join pg_class c "
        "on c.oid = i.inhrelid where i.inhparent = %s::regclass"
    )
    (rows,) = yield [Step(sql.encode(), (f"{schema}.journal",), answers=True)]
    found = [_BOUNDS.search(bounds) for (bounds,) in rows]
    return sorted(Partition(int(one[1]), int(one[2])) for one in found if one is not None)


def _near(schema: str, end: int) -> Script[int]:
    """Where to go on from an end: there, or so far on that few enough lines are to be moved."""
    sql = (
        f"select position from {schema}.journal_rest where position >= %s "
        f"order by position desc offset {MOVED} limit 1"
    )
    (rows,) = yield [Step(sql.encode(), (Int8(end),), answers=True)]
    return int(rows[0][0]) + 1 if rows else end


def _ahead(end: int, last: int, size: int) -> Iterator[Partition]:
    """Ranges from an end on, until a whole one lies ahead of the last position."""
    while end <= last + size:
        yield Partition(end, end + size)
        end += size


def _making(schema: str, one: Partition) -> Trip:
    """A partition, with the lines of its range that are with the rest.

    Nobody may be at the whole table meanwhile: who began before would look for the lines where
    they were, or put one there.
    """
    name = f"{schema}.journal_{one.first}"
    return [
        Step(f"create table {name} (like {schema}.journal including defaults)".encode()),
        Step(f"lock table only {schema}.journal in access exclusive mode".encode()),
        Step(f"lock table {schema}.journal_rest in access exclusive mode".encode()),
        Step(
            f"with moved as (delete from {schema}.journal_rest where position >= {one.first} and "
            f"position < {one.end} returning *) insert into {name} select * from moved".encode()
        ),
        Step(
            f"alter table {schema}.journal attach partition {name} "
            f"for values from ({one.first}) to ({one.end})".encode()
        ),
    ]


def _dropping(schema: str, one: Partition) -> Trip:
    """A partition gone, unless a line is in it: then a division by zero."""
    name = f"{schema}.journal_{one.first}"
    return [
        Step(f"select 1 / (not exists (select 1 from {name}))::int".encode()),
        Step(f"alter table {schema}.journal detach partition {name}".encode()),
        Step(f"select 1 / (not exists (select 1 from {name}))::int".encode()),
        Step(f"drop table {name}".encode()),
    ]


def _tried(schema: str, trip: Trip) -> Script[bool]:
    """Whether a trip could be made in a transaction of its own, beside nobody else who tends."""
    alone = Step(_ALONE, (Int8(lock_hash(schema, ("partitions",))),))
    for step in (Step(b"begin"), _PATIENCE, alone, *trip):
        try:
            yield [step]
        except Failed as error:
            if error.lost:
                raise
            yield [Step(b"rollback")]
            if error.state not in (BUSY, DIVISION_BY_ZERO, *_DONE_BY_ANOTHER):
                raise
            return False
    yield [Step(b"commit")]
    return True
