"""Bringing the tables of a database to this library's version, by psycopg 3."""

from __future__ import annotations

import psycopg

from viralcommerce.runtime.stores.postgres.migrations import (
    SCHEMA,
    SCHEMA_VERSION,
    SHARDS,
    meta_of,
    schema_sql,
    too_new,
    versions_in,
)
from viralcommerce.runtime.stores.postgres.names import checked_schema
from viralcommerce.runtime.stores.postgres.on_psycopg import connected


def migrate(url: str, schema: str = SCHEMA, *, shards: int = SHARDS) -> int:
    """Bring the tables of a database to this library's version, in one transaction.

    Two that migrate at once wait for each other; where nothing is to be done, nothing is.

    Args:
        url: ``postgresql://...`` of a role that may create a schema.
        schema: that the tables lie in.
        shards: see `schema_sql`.

    Returns:
        The version found before; 0 where there were no tables.

    Raises:
        SchemaMismatch: the tables are newer than this library.
        StoreCorrupt: the tables are damaged, or another program's.
        StoreError: the database could not be reached, or refused.
    """
    checked_schema(schema)
    with connected(schema, url) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('viralcommerce migrates'))")
        found, _ = version_of(connection, schema)
        if found > SCHEMA_VERSION:
            raise too_new(schema, found)
        if found < SCHEMA_VERSION:
            connection.execute(schema_sql(schema, since=found, shards=shards).encode())
    return found


def version_of(connection: psycopg.Connection[tuple[object, ...]], schema: str) -> tuple[int, int]:
    """The version of the tables and the number of shards; (0, 0) where there are none.

    Raises:
        StoreCorrupt: they say nothing that can be.
    """
    there = connection.execute("select to_regclass(%s)", (f"{schema}.meta",)).fetchone()
    if there is None or there[0] is None:
        return 0, 0
    return versions_in(schema, connection.execute(meta_of(schema)).fetchall())
