"""The store on PostgreSQL, on psycopg 3: ``postgresql://...``; and inside a host's transaction.

What needs psycopg 3 is imported when it is asked for: a host on psycopg 2 may have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from viralcommerce.runtime.stores.postgres.follow import Followed as Followed
from viralcommerce.runtime.stores.postgres.migrations import SCHEMA as SCHEMA
from viralcommerce.runtime.stores.postgres.migrations import SCHEMA_VERSION as SCHEMA_VERSION
from viralcommerce.runtime.stores.postgres.migrations import schema_sql as schema_sql

if TYPE_CHECKING:
    from viralcommerce.runtime.stores.postgres.migrating import migrate as migrate
    from viralcommerce.runtime.stores.postgres.store import PostgresStore as PostgresStore


def __getattr__(name: str) -> object:
    if name == "migrate":
        from viralcommerce.runtime.stores.postgres.migrating import migrate

        return migrate
    if name == "PostgresStore":
        from viralcommerce.runtime.stores.postgres.store import PostgresStore

        return PostgresStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
