"""The store on a database of Django's that is PostgreSQL, on psycopg 3 or 2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.connection import ConnectionProxy

from viralcommerce.errors import RetryTransaction, StoreConflict
from viralcommerce.hosts.django.store import joined_or_own, must_migrate
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.stores.postgres.drivers import Driver, Status
from viralcommerce.runtime.stores.postgres.failures import Failed
from viralcommerce.runtime.stores.postgres.hosted import HostedPostgresStore
from viralcommerce.runtime.stores.postgres.migrations import SCHEMA, SCHEMA_VERSION
from viralcommerce.runtime.stores.postgres.reads import Query, Stream
from viralcommerce.runtime.stores.postgres.statements import Rows
from viralcommerce.runtime.stores.postgres.tables import Tables, versions
from viralcommerce.runtime.stores.postgres.transactions import Script, Trip

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

    def _of_the_host(self) -> Driver:
        return _Watched(super()._of_the_host(), connections[self._using])

    def session(self) -> Any:
        """Begin a unit of work, in the block that is open or in one of its own."""
        return joined_or_own(super().session, self._using, self.schema)

    def forget(self, erasure: Erasure) -> Forgotten:
        """Put the pseudonym in the member's place, all of it or nothing."""
        super()._of_the_host()  # else Django says in its own words that it cannot connect
        try:
            with transaction.atomic(using=self._using):
                return super().forget(erasure)
        except RetryTransaction as error:
            if self._is_alone():
                raise self._conflict(error) from error
            raise

    def _ask(self, query: Query[T]) -> T:
        try:
            return super()._ask(query)
        except StoreConflict:  # the connection was lost while it was idle
            return super()._ask(query)

    def _stream(self, stream: Stream[T]) -> Iterator[T]:
        for row in self._ask(Query(stream.step, _as_they_are)):
            yield stream.read(row)

    def _play(self, script: Script[T]) -> T:
        self._shards_there()
        return self._played(script)

    def _played(self, script: Script[T]) -> T:
        try:
            return super()._play(script)
        except RetryTransaction as error:
            if self._is_alone():
                raise self._conflict(error) from error
            raise

    def _is_alone(self) -> bool:
        """Whether no transaction is the host's; a connection that is lost is closed then."""
        connection = connections[self._using]
        if connection.in_atomic_block or not connection.autocommit:
            return False
        if connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()
        return True

    def _conflict(self, error: RetryTransaction) -> StoreConflict:
        said = error.__cause__ or error
        return StoreConflict(f"{self.schema}: {said}; nothing was written; try again")

    def _shards_there(self) -> int:
        """How many shards there are; asked once, and that the tables fit."""
        if not self._shards:
            found, shards = self._versions()
            if found != SCHEMA_VERSION:
                raise must_migrate(f"Django's {self._using!r}", found)
            self._shards = shards
        return self._shards

    def _versions(self) -> tuple[int, int]:
        try:
            return self._played(versions(self.schema))
        except StoreConflict:
            return self._played(versions(self.schema))


def _as_they_are(rows: Rows) -> Rows:
    return rows


class _Watched:
    """A driver that tells Django what Django would have seen, had the statements been its own.

    Args:
        inner: of Django's connection.
        connection: Django's own; it looks after itself where it knows of an error.
    """

    def __init__(self, inner: Driver, connection: BaseDatabaseWrapper) -> None:
        self._inner = inner
        self._connection = connection

    @property
    def number(self) -> int:
        """The process of the server."""
        return self._inner.number

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or lost."""
        return self._inner.is_closed

    def status(self) -> Status:
        """Whether what is performed next is in a transaction."""
        return self._inner.status()

    def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps of a trip."""
        try:
            return self._inner.perform(trip)
        except Failed as error:
            if error.lost:
                self._connection.errors_occurred = True
            raise

    def calm(self) -> None:
        """Read what an interrupt left unread."""
        self._inner.calm()

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()
