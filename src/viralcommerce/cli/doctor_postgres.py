"""The health of a store on PostgreSQL: the server, the tables, and what waits in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

from viralcommerce.cli.findings import Finding, age_of, bytes_of, deadlines, journal, outbox
from viralcommerce.runtime.stores.postgres import PostgresStore
from viralcommerce.runtime.stores.postgres.migrations import SCHEMA_VERSION
from viralcommerce.runtime.stores.postgres.on_psycopg import translated
from viralcommerce.runtime.stores.rows import micros, moment
from viralcommerce.runtime.stores.urls import open_store_at

_OLDEST: Final = 130_000
_SKEW: Final = timedelta(seconds=1)
_LONG: Final = timedelta(minutes=5)
_FEW: Final = 10
_MANY_DEAD: Final = 100_000

_SERVER: Final = """\
select current_setting('server_version'), current_setting('server_version_num')::int,
  clock_timestamp(), current_setting('synchronous_commit'), current_setting('fsync'),
  current_setting('default_transaction_isolation'),
  current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - (select count(*) from pg_stat_activity where backend_type = 'client backend')"""
_OLDEST_OPEN: Final = """\
select min(xact_start) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_xid is not null"""
_TABLES: Final = """\
select coalesce(sum(pg_total_relation_size(relid)), 0)::bigint,
  coalesce(max(n_dead_tup) filter (where n_dead_tup > n_live_tup), 0)::bigint
from pg_stat_user_tables where schemaname = %s"""
_LAST: Final = "select at from {s}.journal order by position desc limit 1"
_ROWS: Final = "select greatest(reltuples, 0)::bigint from pg_class where oid = %s::regclass"
_SHARDS: Final = "select value from {s}.meta where name = 'shards'"
_OVERDUE: Final = "select count(*) from {s}.cells where deadline <= %s"


def postgres_findings(url: str, wait: float) -> Iterator[Finding]:
    """What is to be said of a store on PostgreSQL.

    Raises:
        StoreError: it cannot be reached or read.
    """
    store = open_store_at(url, busy_after=wait)
    assert isinstance(store, PostgresStore)
    schema = store.schema
    try:
        with translated(schema), psycopg.connect(url.partition("#")[0]) as connection:
            connection.read_only = True
            yield from _server(connection)
            yield from _tables(connection, schema)
            yield from _contents(connection, schema)
        yield from outbox(store.backlog())
    finally:
        store.close()


def _one(connection: psycopg.Connection[Any], sql: str, *values: object) -> tuple[Any, ...]:
    row: tuple[Any, ...] = connection.execute(sql.encode(), values or None).fetchone()  # type: ignore[assignment]
    return row


def _server(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    version, number, now, waits, fsync, isolation, free = _one(connection, _SERVER)
    old = number < _OLDEST
    needs = f", too old: needs {_OLDEST // 10_000}" if old else ""
    yield Finding("postgresql", "bad" if old else "ok", f"{version}{needs}")
    skew = abs(now - datetime.now(UTC))
    off = skew > _SKEW
    advice = f", {skew.total_seconds():.1f} s from here: set both clocks" if off else ""
    yield Finding("server's clock", "mind" if off else "ok", f"{now:%H:%M:%S}{advice}")
    if fsync == "off":
        yield Finding("durability", "bad", "fsync is off: a crash may damage everything")
    elif waits == "off":
        said = "synchronous_commit is off: a crash may lose the last answers"
        yield Finding("durability", "mind", said)
    else:
        yield Finding("durability", "ok", f"synchronous_commit is {waits}")
    other = isolation != "read committed"
    advice = "; inside transactions of the host it must be read committed" if other else ""
    yield Finding("isolation", "mind" if other else "ok", f"{isolation}{advice}")
    few = free < _FEW
    advice = "; raise max_connections, or put PgBouncer in between" if few else ""
    yield Finding("connections", "mind" if few else "ok", f"{free} are free{advice}")
    (oldest,) = _one(connection, _OLDEST_OPEN)
    age = timedelta(0) if oldest is None else now - oldest
    if age > _LONG:
        said = f"one writes for {age_of(age)}: it holds back who follows the journal, and vacuum"
        yield Finding("transactions", "mind", said)
    else:
        yield Finding("transactions", "ok", "none is open for long")


def _tables(connection: psycopg.Connection[Any], schema: str) -> Iterator[Finding]:
    size, dead = _one(connection, _TABLES, schema)
    (shards,) = _one(connection, _SHARDS.replace("{s}", schema))
    said = f"{schema}, version {SCHEMA_VERSION}, {shards} shards, {bytes_of(size)}"
    yield Finding("schema", "ok", said)
    many = dead > _MANY_DEAD
    advice = "; let autovacuum come more often" if many else ""
    yield Finding("dead rows", "mind" if many else "ok", f"{dead:,} at most in a table{advice}")


def _contents(connection: psycopg.Connection[Any], schema: str) -> Iterator[Finding]:
    found = connection.execute(_LAST.replace("{s}", schema).encode()).fetchone()
    if found is None:
        yield Finding("journal", "ok", "nothing was decided yet")
    else:
        (rows,) = _one(connection, _ROWS, f"{schema}.journal")
        yield journal(f"about {rows:,}" if rows else "some", moment(found[0]))
    overdue = _OVERDUE.replace("{s}", schema)
    (count,) = _one(connection, overdue, micros(datetime.now(UTC)))
    yield deadlines(count)
