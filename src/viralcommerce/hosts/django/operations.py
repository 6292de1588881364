"""The migration operation that makes our tables, as the plain SQL that the library has."""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError, router
from django.db.migrations.operations.base import Operation

from viralcommerce.runtime.stores.postgres.migrations import SCHEMA, schema_sql, statements_of
from viralcommerce.runtime.stores.schema import KNOWN, SQLITE


class MakeTables(Operation):
    """Bring our tables to a version; backwards, to the one before.

    On PostgreSQL they lie in a schema of their own, on SQLite their names begin with ``viral_``.

    Args:
        version: of the tables on PostgreSQL.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, version: int) -> None:
        self.version = version

    def state_forwards(self, app_label: str, state: Any) -> None:
        """No model changes: there are none."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Make them."""
        self._run(app_label, schema_editor, _forwards(schema_editor.connection, self.version))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Drop them, with all that is in them."""
        self._run(app_label, schema_editor, _backwards(schema_editor.connection))

    def _run(self, app_label: str, schema_editor: Any, statements: list[str]) -> None:
        if router.allow_migrate(schema_editor.connection.alias, app_label):
            for statement in statements:
                schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        """What ``migrate`` prints."""
        return f"Bring the tables of viralcommerce to version {self.version}"


def _forwards(connection: Any, version: int) -> list[str]:
    if connection.vendor == "postgresql":
        return statements_of(schema_sql(since=version - 1, until=version))
    return [*_of_sqlite(connection), KNOWN]


def _backwards(connection: Any) -> list[str]:
    if connection.vendor == "postgresql":
        return [f"drop schema {SCHEMA} cascade"]
    names = [
        statement.split("(")[0].split()[-1]
        for statement in _of_sqlite(connection)
        if statement.startswith("create table")
    ]
    return [f"drop table {name}" for name in names]


def _of_sqlite(connection: Any) -> list[str]:
    if connection.vendor != "sqlite":
        raise NotSupportedError(
            f"viralcommerce: the database {connection.alias!r} is {connection.vendor}; the tables "
            "can lie on PostgreSQL or SQLite; let a database router keep the app 'viral' away"
        )
    return statements_of(SQLITE)
