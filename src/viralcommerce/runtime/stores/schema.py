"""The tables, as plain SQL: what every SQL store has, and what a DBA may read.

JSON columns hold the messages as they are documented; times are whole microseconds since 1970 in
UTC, so that they sort and never round.
"""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 1

SQLITE: Final = """\
create table if not exists viral_meta (
  name text primary key, value text not null
) without rowid;
create table if not exists viral_rules (
  hash text primary key, campaign text not null
) without rowid;
create table if not exists viral_lives (
  id integer primary key, campaign text not null, life text not null
);
create index if not exists viral_lives_campaign on viral_lives (campaign, id);
create table if not exists viral_cells (
  campaign text not null, instance text not null, rules text not null,
  version integer not null, state text not null, deadline integer, held integer not null,
  parent text not null, primary key (campaign, instance)
) without rowid;
create index if not exists viral_cells_deadline
  on viral_cells (campaign, deadline, instance) where deadline is not null;
create index if not exists viral_cells_parent
  on viral_cells (campaign, parent, instance) where parent <> '';
create table if not exists viral_journal (
  position integer primary key, campaign text not null, instance text not null,
  at integer not null, decision text not null
);
create index if not exists viral_journal_instance on viral_journal (campaign, instance, at);
create table if not exists viral_keys (
  campaign text not null, key text not null, position integer not null, at integer not null,
  primary key (campaign, key)
) without rowid;
create table if not exists viral_quotas (
  campaign text not null, name text not null, scope text not null, period text not null,
  used integer not null check (typeof(used) = 'integer'),
  primary key (campaign, name, scope, period)
) without rowid;
create index if not exists viral_quotas_campaign on viral_quotas (campaign) where scope = '';
create table if not exists viral_ledger (
  position integer primary key, id text not null, campaign text not null,
  instance text not null, at integer not null, source text not null, target text not null,
  asset text not null, amount integer not null, reverses text not null, award text
);
create unique index if not exists viral_ledger_id on viral_ledger (id);
create index if not exists viral_ledger_awards on viral_ledger (target) where award is not null;
create index if not exists viral_ledger_back on viral_ledger (source) where reverses <> '';
create index if not exists viral_ledger_again on viral_ledger (target) where reverses <> '';
create table if not exists viral_parts (
  member text not null, campaign text not null, instance text not null, role text not null,
  at integer not null, primary key (member, campaign, instance, role)
) without rowid;
create table if not exists viral_seals (
  campaign text not null, instance text not null, rules text not null,
  version integer not null, state text not null, at integer not null, lines integer not null,
  rows integer not null, digest text not null, primary key (campaign, instance)
) without rowid;
create table if not exists viral_sealed_quotas (
  campaign text not null, name text not null, scope text not null, period text not null,
  used integer not null, primary key (campaign, name, scope, period)
) without rowid;
create table if not exists viral_tombstones (
  fingerprint text primary key, at integer not null
) without rowid;
create table if not exists viral_outbox (
  position integer primary key autoincrement, campaign text not null, member text not null,
  at integer not null, entry text not null, award text not null, due integer default 0,
  tries integer not null default 0, lease text not null default '', error text not null default ''
);
create index if not exists viral_outbox_due on viral_outbox (due) where due is not null;
create index if not exists viral_outbox_member on viral_outbox (member, due)
  where due is not null;
create index if not exists viral_outbox_line on viral_outbox (member, position)
  where due is not null;
create index if not exists viral_outbox_aside on viral_outbox (position) where due is null;
"""
KNOWN: Final = f"insert or ignore into viral_meta values ('schema', '{SCHEMA_VERSION}')"
"""Says of which version the tables are."""
