"""The statements of a unit of work on PostgreSQL, written here and once.

One row is written by ``values``, many by ``unnest``: every table takes one statement a commit.
Reads of many rows go through ``lateral ... limit 1``, which is an index lookup a row whatever the
planner believes about a table that nobody analyzed yet.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from viralcommerce.runtime.stores.forest import forest_statements
from viralcommerce.runtime.stores.postgres.whole import Int8

Row = tuple[Any, ...]
Rows = list[Row]

FEW: Final = 8
"""Up to so many rows are written and locked one by one in a statement; more come as arrays."""


class Step(NamedTuple):
    """A statement with its values.

    Args:
        sql: with ``%s`` for each value.
        values: in order.
        answers: whether its rows are wanted.
    """

    sql: bytes
    values: Sequence[object] = ()
    answers: bool = False


class Part(NamedTuple):
    """A statement that writes to one table, as a part of one that writes to many."""

    sql: str
    values: Sequence[object]


TEXT: Final = "text"
NUMBER: Final = "bigint"
COLUMNS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "cells": (
        ("campaign", TEXT), ("instance", TEXT), ("rules", TEXT), ("version", NUMBER),
        ("state", TEXT), ("deadline", NUMBER), ("held", NUMBER), ("parent", TEXT),
    ),
    "quotas": (
        ("campaign", TEXT), ("name", TEXT), ("scope", TEXT), ("period", TEXT),
        ("shard", NUMBER), ("used", NUMBER),
    ),
    "ledger": (
        ("campaign", TEXT), ("instance", TEXT), ("at", NUMBER), ("id", TEXT), ("source", TEXT),
        ("target", TEXT), ("asset", TEXT), ("amount", NUMBER), ("reverses", TEXT),
        ("award", TEXT),
    ),
    "parts": (
        ("campaign", TEXT), ("member", TEXT), ("role", TEXT), ("instance", TEXT), ("at", NUMBER),
    ),
    "outbox": (
        ("campaign", TEXT), ("member", TEXT), ("at", NUMBER), ("entry", TEXT), ("award", TEXT),
    ),
    "rules": (("hash", TEXT), ("campaign", TEXT)),
}  # fmt: skip
PLACE: Final = COLUMNS["cells"][:2]
QUOTA: Final = COLUMNS["quotas"][:4]
CHAIN: Final = (*PLACE, ("levels", NUMBER))
"""The columns by which cells, quotas and lines upwards are asked for."""
CONFLICT: Final[Mapping[str, str]] = {
    "quotas": "on conflict (campaign, name, scope, period, shard) "
    "do update set used = q.used + excluded.used",
    "parts": "on conflict do nothing",
    "rules": "on conflict do nothing",
}


def numbers(values: Sequence[int | None]) -> list[Int8 | None]:
    """Whole numbers of one type, whatever their size, so that a statement is prepared once."""
    return [None if value is None else Int8(value) for value in values]


def unnested(columns: Sequence[tuple[str, str]]) -> str:
    """``unnest`` of one array for each column."""
    arrays = ", ".join(f"%b::{kind}[]" for _, kind in columns)
    return f"unnest({arrays}) as w ({', '.join(name for name, _ in columns)})"


def arrays(columns: Sequence[tuple[str, str]], rows: Sequence[Row]) -> list[object]:
    """The rows turned into one list for each column."""
    turned = zip(*rows, strict=True)
    return [
        numbers(values) if kind == NUMBER else list(values)
        for (_, kind), values in zip(columns, turned, strict=True)
    ]


GATE: Final = "exists (select 1 from hot)"
"""Whether the part called ``hot`` of the same statement wrote its row."""


class Statements:
    """Every statement, for the tables of one schema.

    Args:
        schema: that the tables lie in; a plain name.
        gated: whether what is written is written only where the part ``hot`` wrote its row.
    """

    def __init__(self, schema: str, *, gated: bool = False) -> None:
        self.schema = schema
        self._gated = gated
        self._text = functools.cache(self._make)
        s = schema
        cell = "c.rules, c.version, c.state, c.deadline, c.held, c.parent"
        self.one = (
            (
                "select (select j.decision from {s}.keys k join {s}.journal j "
                "on j.position = k.position where k.campaign = %s and k.key = %s), "
                f"{cell} from (select 1) x "
                "left join {s}.cells c on c.campaign = %s and c.instance = %s"
            )
            .format(s=s)
            .encode()
        )
        self.decisions = (
            "select w.campaign, w.key, j.decision "
            f"from {unnested((('campaign', TEXT), ('key', TEXT)))} "
            f"cross join lateral (select position from {s}.keys k where k.campaign = w.campaign "
            "and k.key = w.key limit 1) k "
            f"cross join lateral (select decision from {s}.journal j "
            "where j.position = k.position limit 1) j"
        ).encode()
        self.cells = (
            f"select w.campaign, w.instance, {cell} "
            f"from {unnested(PLACE)} "
            f"cross join lateral (select * from {s}.cells c where c.campaign = w.campaign "
            "and c.instance = w.instance limit 1) c"
        ).encode()
        same = " and ".join(f"q.{name} = w.{name}" for name, _ in QUOTA)
        self.quotas = (
            "select w.campaign, w.name, w.scope, w.period, q.used::bigint "
            f"from {unnested(QUOTA)} cross join lateral "
            f"(select sum(used) as used from {s}.quotas q where {same} having count(*) > 0) q"
        ).encode()
        asked = 'select campaign collate "C", instance collate "C"'
        self.forest = forest_statements(
            f"{s}.cells", "%s",
            chains=f"{asked}, levels from {unnested(CHAIN)}",
            branches=f"{asked} from {unnested(PLACE)}",
            collation="C",
        )  # fmt: skip
        self.histories = (
            f"select w.campaign, w.instance, j.decision from {unnested(PLACE)} "
            f"cross join lateral (select decision, position from {s}.journal j "
            "where j.campaign = w.campaign and j.instance = w.instance) j order by j.position"
        ).encode()
        self.rules = f"select campaign from {s}.rules where hash = %s".encode()
        self.put_cell = self._put_cell(
            "(values (%s::text, %s::text, %s::text, %s::bigint, %s::text, %s::bigint, "
            "%s::bigint, %s::text, %s::bigint))"
        )
        self.put_cells = self._put_cell(
            "(select * from unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::text[], "
            "%b::bigint[], %b::bigint[], %b::text[], %b::bigint[]))"
        )
        line = "campaign, instance, at, decision"
        one = f"select %s::text, %s::text, %s::bigint, %s::text where {GATE}"
        self.put_line = (
            f"insert into {s}.journal ({line}) {one if gated else 'values (%s, %s, %s, %s)'}"
        )
        self.put_line_with_key = f"{self.put_line} returning position"
        self.put_key = (
            f"insert into {s}.keys (campaign, key, position, at) "
            "select %s, %s, position, %s from line"
        )
        self.number_lines = (
            f"select nextval('{s}.journal_position') as position, w.* "
            "from unnest(%b::text[], %b::text[], %b::bigint[], %b::text[], %b::text[]) "
            f"as w ({line}, key){f' where {GATE}' if gated else ''}"
        )
        self.put_lines = (
            f"insert into {s}.journal (position, {line}) select position, {line} from w"
        )
        self.put_keys = (
            f"insert into {s}.keys (campaign, key, position, at) "
            "select campaign, key, position, at from w where key <> ''"
        )

        alike = " and ".join(
            f"c.{name} is not distinct from w.{name}" for name, _ in COLUMNS["cells"][2:]
        )
        self.stands = (
            f"select 1 from {unnested(COLUMNS['cells'])} "
            f"cross join lateral (select * from {s}.cells c "
            "where c.campaign = w.campaign and c.instance = w.instance limit 1) c "
            f"where {alike}"
        )
        self.said = (
            f"select 1 from {unnested((('campaign', TEXT), ('key', TEXT)))} "
            f"cross join lateral (select 1 from {s}.keys k where k.campaign = w.campaign "
            "and k.key = w.key limit 1) k"
        )
        self.miscounted = (
            f"select 1 from {unnested((*QUOTA, ('used', NUMBER)))} where w.used <> "
            f"coalesce((select sum(q.used) from {s}.quotas q where {same}), 0)"
        )

    def _put_cell(self, rows: str) -> str:
        s = self.schema
        names = [name for name, _ in COLUMNS["cells"]]
        news = ", ".join(f"{name} = excluded.{name}" for name in names[2:])
        return (
            f"insert into {s}.cells as c ({', '.join(names)}) "
            f"select {', '.join(f'w.{name}' for name in names)} "
            f"from {rows} as w ({', '.join(names)}, expected) left join lateral "
            f"(select version from {s}.cells c where c.campaign = w.campaign "
            "and c.instance = w.instance limit 1) now on true "
            f"where coalesce(now.version, 0) = w.expected{f' and {GATE}' if self._gated else ''} "
            f"on conflict (campaign, instance) do update set {news} "
            "where c.version < excluded.version returning 1"
        )

    def _make(self, table: str, few: int) -> str:
        columns = COLUMNS[table]
        names = ", ".join(name for name, _ in columns)
        into = f"insert into {self.schema}.{table} as q ({names})"
        if few:
            one = ", ".join(f"%s::{kind}" if self._gated else "%s" for _, kind in columns)
            rows = f"values {', '.join([f'({one})'] * few)}"
            if self._gated:
                rows = f"select * from ({rows}) as w ({names})"
        else:
            rows = f"select * from {unnested(columns)}"
        if self._gated:
            rows = f"{rows} where {GATE}"
        return f"{into} {rows} {CONFLICT.get(table, '')}"

    def put(self, table: str, rows: Sequence[Row]) -> Part:
        """Insert rows into a table: one part, however many."""
        columns = COLUMNS[table]
        if len(rows) > FEW:
            return Part(self._text(table, 0), arrays(columns, rows))
        kinds = [kind == NUMBER for _, kind in columns]
        values: list[object] = [
            Int8(value) if number and value is not None else value
            for row in rows
            for number, value in zip(kinds, row, strict=True)
        ]
        return Part(self._text(table, len(rows)), values)


@functools.lru_cache(maxsize=1_000)
def _whole(
    names: tuple[str, ...], texts: tuple[str, ...], guards: tuple[str, ...], *, gated: bool
) -> bytes:
    parts = ", ".join(f"{name} as ({text})" for name, text in zip(names, texts, strict=True))
    shut = f" or not {GATE}" if gated else ""
    found = "(select count(*) from hot)"
    checks = [found, f"1 / ({found} = (select count(*) from free))::int"] if gated else []
    checks += [f"1 / ((select count(*) from {name}) = %s{shut})::int" for name in guards]
    return f"with {parts} select {', '.join(checks) or '1'}".encode()


def whole(parts: Mapping[str, Part], guards: Mapping[str, int], *, gated: bool = False) -> Step:
    """One statement of many parts: all of it is written, or none.

    Args:
        parts: by a name that others may select from.
        guards: how many rows parts must have written; other numbers are a division by zero.
        gated: whether it answers with the count of ``hot``, and where that is 0 nothing is
            written, and nothing guarded but that ``free`` is empty too.
    """
    texts = tuple(part.sql for part in parts.values())
    values = [value for part in parts.values() for value in part.values]
    sql = _whole(tuple(parts), texts, tuple(guards), gated=gated)
    return Step(sql, [*values, *map(Int8, guards.values())], answers=gated)


def lock_hash(schema: str, name: tuple[str, ...]) -> int:
    """The advisory lock that stands for a name, 64 bits of it."""
    hashed = _keyed(schema).copy()
    hashed.update("\x1f".join(name).encode())
    return int.from_bytes(hashed.digest(), "big", signed=True)


@functools.cache
def _keyed(schema: str) -> blake2b:
    return blake2b(digest_size=8, key=schema.encode())


@functools.cache
def lock_few(count: int, shared: int = 0) -> bytes:
    """Take so many advisory locks, in the order given, until the transaction ends.

    Args:
        count: how many that nobody else may have; they come last.
        shared: how many that others may have, too.
    """
    takes = ["pg_advisory_xact_lock_shared(%s)"] * shared + ["pg_advisory_xact_lock(%s)"] * count
    return f"select {', '.join(takes)}".encode()


_EACH: Final = "(select count(*) from (select {}(h) from unnest(%b::bigint[]) h) x)"
_LOCK: Final = _EACH.format("pg_advisory_xact_lock")
LOCK_MANY: Final = f"select {_LOCK}".encode()
SHARE_AND_LOCK_MANY: Final = (
    f"select {_EACH.format('pg_advisory_xact_lock_shared')}, {_LOCK}".encode()
)


@functools.cache
def gate(schema: str) -> int:
    """The lock that everybody who locks instances shares, so that one can lock them all."""
    return lock_hash(schema, ("gate",))


def locking(hashes: Sequence[int], shared: Sequence[int] = ()) -> list[Step]:
    """Take advisory locks in the order given: one statement, however many.

    Args:
        hashes: that nobody else may have.
        shared: that others may have, too; taken first.
    """
    if len(hashes) + len(shared) > FEW:
        if not shared:
            return [Step(LOCK_MANY, (numbers(hashes),))]
        return [Step(SHARE_AND_LOCK_MANY, (numbers(shared), numbers(hashes)))]
    values = [Int8(one) for one in (*shared, *hashes)]
    return [Step(lock_few(len(hashes), len(shared)), values)] if values else []
