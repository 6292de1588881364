"""For Alembic: our tables in a migration of the host's, and out of its autogenerate.

Nothing of Alembic is imported: a migration hands over its ``op``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Protocol

from viralcommerce.runtime.stores.postgres.migrations import (
    SCHEMA,
    SHARDS,
    schema_sql,
    statements_of,
)
from viralcommerce.runtime.stores.schema import SQLITE

TABLES: Final = frozenset(re.findall(r"create table if not exists (\w+)", SQLITE))
"""What our tables on SQLite are called."""


class Operations(Protocol):
    """What of Alembic's ``op`` is used."""

    def execute(self, sqltext: str) -> None:
        """Run a statement."""
        ...


def upgrade(op: Operations, *, since: int = 0, schema: str = SCHEMA, shards: int = SHARDS) -> None:
    """Bring the tables on PostgreSQL to this library's version, in a migration of the host's.

    Args:
        op: Alembic's.
        since: the version they have; 0 where there are none.
        schema: that they lie in.
        shards: how many rows a hot quota is spread over, for ever.
    """
    for statement in statements_of(schema_sql(schema, since=since, shards=shards)):
        op.execute(statement.replace(":", r"\:"))  # no parameters of SQLAlchemy's


def downgrade(op: Operations, *, schema: str = SCHEMA) -> None:
    """Drop the tables, with all that is in them.

    Args:
        op: Alembic's.
        schema: that they lie in.
    """
    op.execute(f"drop schema {schema} cascade")


def include_name(name: str | None, type_: str, parent_names: Mapping[str, str | None]) -> bool:
    """What autogenerate may look at: everything but our schema, and our tables on SQLite.

    Give it to ``context.configure(include_name=...)``; needed where ``include_schemas=True``, and
    on SQLite.

    Example:
        >>> include_name("viral", "schema", {}), include_name("orders", "table", {})
        (False, True)
    """
    if type_ == "schema":
        return name != SCHEMA
    if parent_names.get("schema_name") == SCHEMA:
        return False
    return type_ != "table" or name not in TABLES
