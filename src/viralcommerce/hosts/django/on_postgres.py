"""The store on a database of Django's that is PostgreSQL, on psycopg 3 or 2."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import connections, transaction
from django.utils.connection import ConnectionProxy

from viralcommerce.hosts.django.store import joined_or_own, must_migrate
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.stores.postgres.hosted import HostedPostgresStore
from viralcommerce.runtime.stores.postgres.migrations import SCHEMA, SCHEMA_VERSION
from viralcommerce.runtime.stores.postgres.tables import Tables, versions
from viralcommerce.runtime.stores.postgres.transactions import Script

T = TypeVar("T")


class DjangoPostgresStore(HostedPostgresStore):
    """On a database of Django's that is PostgreSQL.

    Args:
        using: its alias.
    """

    gathers = False

    def __init__(self, using: str) -> None:
        tables = Tables(SCHEMA, self._shards_there)
        super().__init__(tables, ConnectionProxy(connections, using))
        self._using = using
        self._shards = 0

    def session(self) -> Any:
        """Begin a unit of work, in the block that is open or in one of its own."""
        return joined_or_own(super().session, self._using, self.schema)

    def forget(self, erasure: Erasure) -> Forgotten:
        """Put the pseudonym in the member's place, all of it or nothing."""
        with transaction.atomic(using=self._using):
            return super().forget(erasure)

    def _play(self, script: Script[T]) -> T:
        self._shards_there()
        return super()._play(script)

    def _shards_there(self) -> int:
        """How many shards there are; asked once, and that the tables fit."""
        if not self._shards:
            found, shards = super()._play(versions(self.schema))
            if found != SCHEMA_VERSION:
                raise must_migrate(f"Django's {self._using!r}", found)
            self._shards = shards
        return self._shards
