"""How the store on PostgreSQL forgets: the statements of `erasing`, beside commands of others.

What names the member is found without locks, which takes as long as the journal is. Then they are
locked, so that nothing that names them runs meanwhile, and the instances it is in, in the order of
everybody's locks; what was written in between is found by snapshot. Whoever has brought thousands
is in more instances than a server has locks for: then all commands wait, at the gate they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from viralcommerce.errors import StoreError
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.ports import Place
from viralcommerce.runtime.sealing import RefusedLine, Sealing
from viralcommerce.runtime.stores import erasing, said
from viralcommerce.runtime.stores.postgres.failures import (
    INVALID_TRANSACTION,
    NOT_AS_IT_IS,
    Failed,
)
from viralcommerce.runtime.stores.postgres.statements import (
    Step,
    gate,
    lock_hash,
    locking,
)
from viralcommerce.runtime.stores.postgres.tombstones import ERASURES
from viralcommerce.runtime.stores.postgres.transactions import HOSTED, OWN, Script
from viralcommerce.runtime.stores.postgres.whole import Int8
from viralcommerce.runtime.stores.sealing_sql import dropping, sealing

T = TypeVar("T")
_AT_LEISURE: Final = Step(b"select set_config('statement_timeout', '0', true)", answers=True)
_SNAPSHOT: Final = Step(b"select pg_current_snapshot()::text", answers=True)
MOST_LOCKED: Final = 2_000
"""How many instances are locked each for itself; the server has room for some 6,400 locks."""
_LEVEL: Final = Step(b"select current_setting('transaction_isolation')", answers=True)
_ERASURES: Final = f"select value from {{s}}meta where name = '{ERASURES}'"
_ALONE: Final = f"{_ERASURES} for update"
_ONE_MORE: Final = (
    f"update {{s}}meta set value = (value::bigint + 1)::text where name = '{ERASURES}'"
)
TABLES: Final = (
    "cells", "journal", "keys", "ledger", "lives", "outbox", "parts", "quotas", "sealed_quotas",
    "seals", "tombstones",
)  # fmt: skip
"""Those that name members, or did."""
_NOT_MINE: Final = b"""\
with mine as (
  select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = %s and c.relname = any(%b::text[])
)
select c.oid::regclass::text, current_user::text from pg_class c
where c.oid in (select oid from mine union select i.inhrelid from pg_inherits i
  join mine on mine.oid = i.inhparent)
and not pg_has_role(c.relowner, 'usage')
and not exists (select 1 from pg_database d where d.datname = current_database()
  and pg_has_role(d.datdba, 'usage'))
and not case when current_setting('server_version_num')::int < 170000 then false
  else has_table_privilege(c.oid, 'maintain') end
order by 1"""
"""The tables and partitions that `vacuum` would only warn of, and the role that may not."""


def transacted(work: Script[T], *, hosted: bool) -> Script[T]:
    """A script in a transaction, or in a savepoint of the host's: all is written, or nothing."""
    begin, finish, undo = ([Step(sql) for sql in steps] for steps in (HOSTED if hosted else OWN))
    yield begin
    try:
        result = yield from work
        yield finish
    except Exception as error:
        if not (isinstance(error, Failed) and error.lost):
            yield undo
        raise
    return result


def forgetting(schema: str, erasure: Erasure, *, hosted: bool) -> Script[Forgotten]:
    """Forget a member, in a transaction.

    Args:
        schema: that the tables lie in.
        erasure: of whom.
        hosted: whether the transaction is the host's.
    """
    return transacted(_forgetting(schema, erasure, hosted=hosted), hosted=hosted)


def _forgetting(schema: str, erasure: Erasure, *, hosted: bool) -> Script[Forgotten]:
    if not hosted:  # the host's timeouts are the host's
        yield [_AT_LEISURE]
    script = erasing.forgetting(PostgresDialect(schema), erasure)
    return (yield from _translated(script, schema))


def to_step(one: said.Said, schema: str) -> Step:
    """A statement as PostgreSQL's drivers run it."""
    values = [Int8(value) if isinstance(value, int) else value for value in one.values]
    sql = one.sql.replace("{s}", f"{schema}.")
    return Step(sql.encode(), values, answers=sql.startswith("select"))


def seal(schema: str, work: Sealing, *, hosted: bool) -> Script[bool]:
    """Seal instances, in a transaction in which they are locked."""
    return transacted(_sealing(schema, work), hosted=hosted)


def drop(schema: str, campaign: str, refusals: Sequence[RefusedLine]) -> Script[int]:
    """Drop refusals of what is sealed or never began, in a transaction."""
    return transacted(_translated(dropping(campaign, refusals), schema), hosted=False)


def _sealing(schema: str, work: Sealing) -> Script[bool]:
    places = sorted(lock_hash(schema, ("cell", *seal.place)) for seal in work.seals)
    yield locking(places, [gate(schema)])
    return (yield from _translated(sealing(work), schema))


def _translated(script: said.Script[T], schema: str) -> Script[T]:
    """A script of plain statements as steps."""
    try:
        trip = next(script)
        while True:
            rows = yield [to_step(one, schema) for one in trip]
            trip = script.send(rows)
    except StopIteration as done:
        result: T = done.value
        return result


class PostgresDialect:
    """What PostgreSQL does in its way.

    Args:
        schema: that the tables lie in.
    """

    holds = "strpos"
    keeps = " for update"

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._snapshot = ""
        self._before = ""
        self._member = 0
        self._has_gate: bool | None = None

    def begin(self, erasure: Erasure) -> said.Script[None]:
        """Note what is visible."""
        self._member = lock_hash(self._schema, ("member", erasure.member))
        rows = yield [_said(_SNAPSHOT), said.Said(_ERASURES), _said(_LEVEL)]
        self._snapshot = str(rows[0][0][0])
        self._before = str(rows[1][0][0])
        if rows[2][0][0] != "read committed":
            raise Failed(NOT_AS_IT_IS, INVALID_TRANSACTION)

    def lock(self, places: Sequence[Place]) -> said.Script[bool]:
        """Lock the member, the first time, and instances: each, or where there are many, all.

        One erasure at a time gets that far.
        """
        hashes = sorted(lock_hash(self._schema, ("cell", *place)) for place in places)
        is_late = False
        if self._has_gate is None:
            self._has_gate = len(hashes) > MOST_LOCKED
            door = [gate(self._schema)]
            steps = locking(door) if self._has_gate else locking([], door)
            steps += locking([self._member])
            *_, alone, _ = yield [*map(_said, steps), said.Said(_ALONE), said.Said(_ONE_MORE)]
            is_late = str(alone[0][0]) != self._before
        if hashes and not self._has_gate:
            yield [_said(step) for step in locking(hashes)]
        return is_late

    def news(self, escaped: str) -> said.Script[list[int]]:
        """The lines that others committed since the last snapshot.

        Those of this transaction were seen at first, and no snapshot shows them ever.
        """
        before, rows = self._snapshot, (yield [_said(_SNAPSHOT)])
        self._snapshot = str(rows[0][0][0])
        sql = (
            "select position from {s}journal where tx >= pg_snapshot_xmin(%s::text::pg_snapshot) "
            "and not pg_visible_in_snapshot(tx, %s::text::pg_snapshot) "
            "and tx is distinct from pg_current_xact_id_if_assigned() and strpos(decision, %s) > 0"
        )
        rows = yield [said.Said(sql, (before, before, escaped))]
        return [position for (position,) in rows[0]]


def _said(step: Step) -> said.Said:
    return said.Said(step.sql.decode(), step.values)


def scrubbing(schema: str) -> Script[bool]:
    """Write every table anew, so that no file has what was overwritten; the old ones are dropped.

    Nobody else can use a table while it is written. The connection has no timeout meanwhile, and
    keeps none where this fails.

    Raises:
        StoreError: the role may not: the server would warn, and leave the tables as they are.
    """
    yield from _must_maintain(schema)
    yield [Step(b"set statement_timeout = 0")]
    for table in TABLES:
        yield [Step(f"vacuum (full, analyze) {schema}.{table}".encode())]
    yield [Step(b"reset statement_timeout")]
    return True


def _must_maintain(schema: str) -> Script[None]:
    values = (schema, list(TABLES))
    (rows,) = yield [Step(_NOT_MINE, values, answers=True)]
    if rows:
        names = ", ".join(str(name) for name, _ in rows[:3])
        more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
        raise StoreError(
            f"{schema}: {rows[0][1]} may not write {names}{more} anew; scrub as the owner of the "
            "tables or of the database, or (from PostgreSQL 17 on) grant maintain on them"
        )
