"""The store on PostgreSQL: for a shop with many workers, on the database that it already runs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeVar

import psycopg
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from viralcommerce.errors import NotLive, StoreBusy, StoreConflict
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.sealing import RefusedLine, Sealing
from viralcommerce.runtime.stores.postgres.drivers import play
from viralcommerce.runtime.stores.postgres.failures import FORGOTTEN, Failed, translation
from viralcommerce.runtime.stores.postgres.migrating import version_of
from viralcommerce.runtime.stores.postgres.migrations import SCHEMA, must_fit
from viralcommerce.runtime.stores.postgres.names import checked_schema
from viralcommerce.runtime.stores.postgres.on_psycopg import Psycopg, connected, failed, is_lost
from viralcommerce.runtime.stores.postgres.partitions import tending
from viralcommerce.runtime.stores.postgres.reading import PostgresTables
from viralcommerce.runtime.stores.postgres.reads import Query, Stream
from viralcommerce.runtime.stores.postgres.session import PostgresSession
from viralcommerce.runtime.stores.postgres.tables import Tables
from viralcommerce.runtime.stores.postgres.transactions import Script
from viralcommerce.runtime.stores.postgres.upkeep import drop, forgetting, scrubbing, seal
from viralcommerce.runtime.stores.postgres.wire import OwnConnection

T = TypeVar("T")
Connection = psycopg.Connection[Any]
STREAMED: Final = 1_000
"""How many rows of a stream come in one round trip."""
AT_LEISURE: Final = (
    b"select set_config('idle_in_transaction_session_timeout', '0', true), "
    b"set_config('statement_timeout', '0', true)"
)
PREPARED: Final = 300
"""How many plans a connection keeps."""

_streams = itertools.count()


class PostgresStore(PostgresTables):
    """A store in a schema of a PostgreSQL database, version 13 or newer; safe for threads.

    The schema is not made here: see `migrations.migrate`. A process that forks goes on with
    connections of its own.

    Args:
        url: ``postgresql://...``, as libpq understands it.
        schema: that the tables lie in.
        most_connections: how many units of work this process does at once.
        busy_after: seconds to wait for locks, or for a connection, before `StoreBusy`.
        pooler: ``"pgbouncer"`` where one is between in transaction mode: nothing is prepared, and
            timeouts are those of the role (``alter role ... set lock_timeout``).

    Raises:
        SchemaMismatch: the tables are missing, too old or too new; says what to run.
        StoreCorrupt: they are damaged, or another program's.
        StoreError: the database cannot be reached.
    """

    def __init__(
        self,
        url: str,
        *,
        schema: str = SCHEMA,
        most_connections: int = 16,
        busy_after: float = 30.0,
        pooler: Literal["", "pgbouncer"] = "",
    ) -> None:
        self.url = url
        self.schema = checked_schema(schema)
        self._most = most_connections
        self._busy_after = busy_after
        self._pooler = pooler
        self._closed = False
        with connected(schema, url, autocommit=True) as connection:
            found, shards = version_of(connection, schema)
        must_fit(schema, found)
        self.tables = Tables(schema, lambda: shards)
        self._pid = os.getpid()
        self._pool = self._open()

    def pool_options(self) -> dict[str, Any]:
        """How connections are made, and how many."""
        options: dict[str, Any] = {"autocommit": True, "prepare_threshold": None}
        if not self._pooler:
            wait = max(int(self._busy_after * 1000), 1)
            options["prepare_threshold"] = 0
            options["options"] = (
                f"-c lock_timeout={wait} -c statement_timeout={wait * 2} "
                f"-c idle_in_transaction_session_timeout={wait * 2}"
            )
        return {
            "kwargs": options,
            "min_size": 1,
            "max_size": self._most,
            "timeout": self._busy_after,
            "name": f"viralcommerce {self.schema}",
        }

    def _open(self) -> ConnectionPool[Connection]:
        return ConnectionPool(
            self.url,
            connection_class=OwnConnection,
            configure=_configure,
            open=True,
            **self.pool_options(),
        )

    def _take(self) -> Connection:
        if self._closed:
            raise NotLive(f"{self.schema}: the store is closed; open another")
        if self._pid != os.getpid():  # a fork must not share its parent's connections
            self._pid = os.getpid()
            self._pool = self._open()
        try:
            for _ in range(self._most):  # as many as may have been lost together
                connection = self._pool.getconn()
                if not is_lost(connection):
                    return connection
                connection.close()
                self._give_back(connection)
            return self._pool.getconn()
        except PoolTimeout as error:
            raise StoreBusy(
                f"{self.schema}: no connection for {self._busy_after} s ({error}); try again, or "
                "give most_connections= more"
            ) from error
        except PoolClosed as error:
            raise NotLive(f"{self.schema}: the store is closed; open another") from error

    def _give_back(self, connection: Connection) -> None:
        lost = connection.closed
        self._pool.putconn(connection)
        if lost and not self._closed:  # others may be lost too: find out before they are used
            self._pool.check()

    @contextmanager
    def _connection(self) -> Generator[Connection]:
        connection = self._take()
        try:
            yield connection
        except (psycopg.Error, Failed) as error:
            told = failed(error)
            if told.lost or told.state in FORGOTTEN:  # psycopg never learns of a plan that is gone
                connection.close()
            raise translation(self.schema, told) from error
        finally:
            self._give_back(connection)

    def _ask(self, query: Query[T]) -> T:
        try:
            return self._asked(query)
        except StoreConflict:  # a connection that was lost while it was idle
            return self._asked(query)

    def _asked(self, query: Query[T]) -> T:
        with self._connection() as connection:
            cursor = connection.cursor(row_factory=tuple_row)
            cursor.execute(query.step.sql, query.step.values)
            return query.read(cursor.fetchall() if cursor.description else [])

    @contextmanager
    def _apart(self) -> Generator[Connection]:
        """A connection beside the pool: an audit follows several streams at once, for minutes."""
        if self._closed:
            raise NotLive(f"{self.schema}: the store is closed; open another")
        try:
            with psycopg.connect(self.url, **self.pool_options()["kwargs"]) as connection:
                yield connection
        except (psycopg.Error, Failed) as error:
            raise translation(self.schema, failed(error)) from error

    def _stream(self, stream: Stream[T]) -> Iterator[T]:
        with self._apart() as connection, connection.transaction():
            connection.execute(AT_LEISURE)
            with connection.cursor(stream_name(), row_factory=tuple_row) as cursor:
                cursor.itersize = STREAMED
                cursor.execute(stream.step.sql, stream.step.values)
                for row in cursor:
                    yield stream.read(row)

    def _play(self, script: Script[T]) -> T:
        with self._connection() as connection:
            return play(script, Psycopg(connection))

    def session(self) -> PostgresSession[Psycopg]:
        """Begin a unit of work."""
        if self._closed:
            raise NotLive(f"{self.schema}: the store is closed; open another")
        return PostgresSession(
            self.tables.unit(),
            lambda: Psycopg(self._take()),
            lambda driver: self._give_back(driver.connection),
            self.schema,
        )

    def forget(self, erasure: Erasure) -> Forgotten:
        """Put the pseudonym in the member's place."""
        return self._play(forgetting(self.schema, erasure, hosted=False))

    def seal(self, work: Sealing) -> bool:
        """Put seals in the place of journal lines and keys."""
        return self._play(seal(self.schema, work, hosted=False))

    def drop_refusals(self, campaign: str, refusals: Sequence[RefusedLine]) -> int:
        """Drop refusals of what is sealed or never began."""
        return self._play(drop(self.schema, campaign, refusals))

    def tend(self) -> int:
        """Make partitions of the journal ahead, and drop those that are empty; how many there are.

        To be called now and then, by one or many. Nobody waits for it for longer than a second:
        what others hold is left for the next time.
        """
        return self._play(tending(self.schema))

    def scrub(self) -> bool:
        """Write every table anew, one after the other; each is locked meanwhile."""
        with self._connection() as connection:
            try:
                return play(scrubbing(self.schema), Psycopg(connection))
            except BaseException:
                connection.close()  # its timeouts are not the pool's any more
                raise

    def close(self) -> None:
        """Close every connection that is not in use."""
        if not self._closed:
            self._closed = True
            if self._pid == os.getpid():
                self._pool.close()


def _configure(connection: Connection) -> None:
    connection.prepared_max = PREPARED


def stream_name() -> str:
    """The name of a cursor that no other has: a host's one connection may have several."""
    return f"viralcommerce_{next(_streams)}"
