"""The tables on PostgreSQL as plain SQL: what a DBA, Alembic or Django may apply as it is.

Every table lies in a schema of its own, so that no tool of the host proposes to drop it. JSON
columns hold the messages as they are documented, as text, to the byte; times are whole
microseconds since 1970 in UTC. Ids sort by code point (``collate "C"``), as Python sorts them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from viralcommerce.errors import InvalidValue, SchemaMismatch, StoreCorrupt
from viralcommerce.runtime.stores.postgres.names import checked_schema

SCHEMA: Final = "viral"
"""The schema that the tables lie in, unless said."""
SHARDS: Final = 16
"""How many rows a hot quota is spread over, unless said."""
MOST_SHARDS: Final = 256
LINES: Final = 10_000_000
"""How many positions a partition of the journal spans."""

MIGRATIONS: Final[tuple[str, ...]] = (
    """\
create schema if not exists {schema};
create table {schema}.meta (
  name text primary key, value text not null
);
create table {schema}.rules (
  hash text primary key, campaign text not null
);
create table {schema}.lives (
  id bigint generated always as identity primary key,
  campaign text not null, life text not null
);
create index lives_campaign on {schema}.lives (campaign, id);
create table {schema}.cells (
  campaign text collate "C" not null, instance text collate "C" not null, rules text not null,
  version bigint not null, state text not null, deadline bigint, held bigint not null,
  parent text collate "C" not null, primary key (campaign, instance)
) with (fillfactor = 70);
create index cells_deadline on {schema}.cells (campaign, deadline, instance)
  where deadline is not null;
create index cells_parent on {schema}.cells (campaign, parent, instance) where parent <> '';
create sequence {schema}.journal_position;
create table {schema}.journal (
  position bigint primary key default nextval('{schema}.journal_position'),
  campaign text collate "C" not null, instance text collate "C" not null, at bigint not null,
  tx xid8 not null default pg_current_xact_id(), decision text not null
) partition by range (position);
create table {schema}.journal_rest partition of {schema}.journal default;
create table {schema}.journal_1 partition of {schema}.journal
  for values from (1) to ({beyond});
create index journal_instance on {schema}.journal (campaign, instance, at);
create index journal_tx on {schema}.journal (tx);
create table {schema}.keys (
  campaign text collate "C" not null, key text collate "C" not null,
  position bigint not null, at bigint not null, primary key (campaign, key)
);
create table {schema}.quotas (
  campaign text collate "C" not null, name text collate "C" not null,
  scope text collate "C" not null, period text collate "C" not null, shard smallint not null,
  used bigint not null, cap bigint, primary key (campaign, name, scope, period, shard)
) with (fillfactor = 70);
create index quotas_campaign on {schema}.quotas (campaign) where scope = '';
create table {schema}.ledger (
  position bigint generated always as identity primary key, id text collate "C" not null unique,
  campaign text collate "C" not null, instance text collate "C" not null, at bigint not null,
  source text not null, target text collate "C" not null, asset text not null,
  amount bigint not null, reverses text not null, award text
);
create index ledger_awards on {schema}.ledger (target, position) where award is not null;
create index ledger_back on {schema}.ledger (source, position) where reverses <> '';
create index ledger_again on {schema}.ledger (target, position) where reverses <> '';
create table {schema}.parts (
  member text collate "C" not null, campaign text collate "C" not null,
  instance text collate "C" not null, role text collate "C" not null, at bigint not null,
  primary key (member, campaign, instance, role)
);
create table {schema}.outbox (
  position bigint generated always as identity primary key, campaign text not null,
  member text collate "C" not null, at bigint not null, entry text not null, award text not null,
  due bigint default 0, tries bigint not null default 0, lease text not null default '',
  error text not null default ''
) with (fillfactor = 70);
create index outbox_due on {schema}.outbox (due) where due is not null;
create index outbox_member on {schema}.outbox (member, due) where due is not null;
create index outbox_line on {schema}.outbox (member, position) where due is not null;
create index outbox_aside on {schema}.outbox (position) where due is null;
comment on column {schema}.outbox.entry is
  'the campaign that it leads into; nothing where an issuer hands it out';
comment on column {schema}.outbox.due is
  'from when it may be claimed, or the end of the lease; null: it is set aside';
create table {schema}.seals (
  campaign text collate "C" not null, instance text collate "C" not null, rules text not null,
  version bigint not null, state text not null, at bigint not null, lines bigint not null,
  rows bigint not null, digest text not null, primary key (campaign, instance)
);
create table {schema}.sealed_quotas (
  campaign text collate "C" not null, name text collate "C" not null,
  scope text collate "C" not null, period text collate "C" not null, used bigint not null,
  primary key (campaign, name, scope, period)
);
comment on table {schema}.seals is
  'what stands for instances that are over, whose journal lines were proved and dropped';
create table {schema}.tombstones (
  fingerprint text collate "C" primary key, at bigint not null
);
comment on table {schema}.tombstones is
  'who was forgotten, and the names that named them: hashes keyed with the secret in meta';
comment on table {schema}.journal is
  'every decision, in ranges of positions; what is in no range yet is in journal_rest';
comment on column {schema}.journal.tx is
  'the transaction that wrote the line: what a follower of the journal compares snapshots with';
comment on column {schema}.quotas.cap is
  'the bound that every shard of a hot quota was last divided for; null: divided for none';
insert into {schema}.meta values ('shards', '{shards}'), ('partition', '{lines}'),
  ('erasures', '0');
""",
)
"""Each brings the tables from its index to the next version."""
SCHEMA_VERSION: Final = len(MIGRATIONS)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


def schema_sql(
    schema: str = SCHEMA,
    *,
    since: int = 0,
    until: int = SCHEMA_VERSION,
    shards: int = SHARDS,
) -> str:
    """The SQL that brings the tables to this library's version; run it in one transaction.

    Args:
        schema: that the tables lie in.
        since: the version they have; 0 where there are none.
        until: the version they are to have, if not the newest.
        shards: how many rows a hot quota is spread over; only asked for version 0, for ever after
            the tables know.

    Raises:
        InvalidValue: a schema that needs quotes, or fewer than one shard, or more than 256.
    """
    if not 1 <= shards <= MOST_SHARDS:
        raise InvalidValue(
            f"shards: {shards} is out of bounds; choose 1 to {MOST_SHARDS}", shards=shards
        )
    parts = [
        f"-- viralcommerce: version {version} of its tables\n"
        + text.format(schema=checked_schema(schema), shards=shards, lines=LINES, beyond=LINES + 1)
        + f"insert into {schema}.meta values ('schema', '{version}')\n"
        "  on conflict (name) do update set value = excluded.value;\n"
        for version, text in enumerate(MIGRATIONS[since:until], since + 1)
    ]
    return "\n".join(parts)


def statements_of(sql: str) -> list[str]:
    """The statements of `schema_sql`, for drivers that take one at a time."""
    parts = (part.strip() for part in re.split(r";[ ]*\n", sql))
    return [part for part in parts if part]


def meta_of(schema: str) -> bytes:
    """The statement for the rows of `meta`, whatever columns a table of that name has."""
    return f"select to_jsonb(m) ->> 'name', to_jsonb(m) ->> 'value' from {schema}.meta m".encode()


def versions_in(schema: str, rows: Sequence[Sequence[object]]) -> tuple[int, int]:
    """The version of the tables and the number of shards, out of the rows of `meta`.

    Raises:
        StoreCorrupt: there are none, or they cannot be.
    """
    known = {str(name): str(value) for name, value in rows}
    version, shards = known.get("schema", ""), known.get("shards", "")
    if not _NUMBER.fullmatch(version):
        said = f"says that they are version {version!r:.40}" if version else "has no version"
        raise StoreCorrupt(
            f"{schema}: there is a table {schema}.meta, but it {said}: the tables were made in "
            "part, were damaged, or are another program's; restore them from a copy, drop what "
            "nobody needs and migrate again, or name another schema"
        )
    if int(version) > SCHEMA_VERSION:
        return int(version), 0
    if not _NUMBER.fullmatch(shards) or int(shards) > MOST_SHARDS:
        raise StoreCorrupt(
            f"{schema}: {schema}.meta must say how many rows a hot quota is spread over, and says "
            f"{shards!r:.40}; put the row 'shards' back as it was: {SHARDS} unless migrate was "
            f"told otherwise; select max(shard) + 1 from {schema}.quotas tells"
        )
    return int(version), int(shards)


def must_fit(schema: str, found: int) -> None:
    """Refuse tables of another version, and say what to run.

    Raises:
        SchemaMismatch: they are missing, too old or too new.
    """
    if found > SCHEMA_VERSION:
        raise too_new(schema, found)
    if found < SCHEMA_VERSION:
        what = f"its tables are version {found}" if found else "its tables are missing"
        raise SchemaMismatch(
            f"{schema}: {what}, this library needs version {SCHEMA_VERSION}; run "
            f"viralcommerce schema sql --dialect postgres --schema {schema} --since {found} "
            "| psql --single-transaction URL, or in Python "
            "viralcommerce.runtime.stores.postgres.migrate(url)",
            found=found,
            needed=SCHEMA_VERSION,
        )


def too_new(schema: str, found: int) -> SchemaMismatch:
    """The refusal of tables that a newer library has made."""
    return SchemaMismatch(
        f"{schema}: its tables are version {found}, this library writes version "
        f"{SCHEMA_VERSION}; install the library that made them",
        found=found,
        needed=SCHEMA_VERSION,
    )
