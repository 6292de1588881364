"""A store on Django's own connections: in an ``atomic`` block it joins it, else it has its own.

It never connects by itself, so a test database, a pool and a router are Django's business.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import Error, connections, transaction
from django.utils.connection import ConnectionProxy

from viralcommerce.errors import (
    InvalidValue,
    RetryTransaction,
    SchemaMismatch,
    StoreConflict,
    StoreError,
)
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.ports import Found, Session, Short, Stale, Store, Wanted, Writes
from viralcommerce.runtime.stores.schema import SCHEMA_VERSION
from viralcommerce.runtime.stores.sqlite_hosted import HostedSqliteStore
from viralcommerce.runtime.stores.unwrapping import unreachable


def django_store(using: str = "default") -> Store:
    """The store on one of Django's databases; nothing is asked of it yet.

    Args:
        using: the alias in ``DATABASES``.

    Raises:
        InvalidValue: the database is neither PostgreSQL nor SQLite.
    """
    vendor = connections[using].vendor
    if vendor == "postgresql":
        from viralcommerce.hosts.django.on_postgres import DjangoPostgresStore

        return DjangoPostgresStore(using)
    if vendor == "sqlite":
        return DjangoSqliteStore(using)
    raise InvalidValue(
        f"django_store: the database {using!r} is {vendor}; name one on PostgreSQL or SQLite"
    )


class DjangoSqliteStore(HostedSqliteStore):
    """On a database of Django's that is an SQLite file.

    Args:
        using: its alias.
    """

    gathers = False

    def __init__(self, using: str) -> None:
        super().__init__(f"Django's {using!r}", ConnectionProxy(connections, using))
        self._using = using
        self._fits = False

    def session(self) -> Any:
        """Begin a unit of work, in the block that is open or in one of its own."""
        self._must_fit()
        return joined_or_own(super().session, self._using, self.path)

    def forget(self, erasure: Erasure) -> Forgotten:
        """Put the pseudonym in the member's place, all of it or nothing."""
        with transaction.atomic(using=self._using):
            return super().forget(erasure)

    @contextmanager
    def _cursor(self) -> Generator[sqlite3.Cursor]:
        self._must_fit()
        with super()._cursor() as cursor:
            yield cursor

    def _must_fit(self) -> None:
        """Ask once whether the tables are there, and of this version."""
        if self._fits:
            return
        with super()._cursor() as cursor:
            there = "select 1 from sqlite_master where name = 'viral_meta'"
            version = "select value from viral_meta where name = 'schema'"
            found = 0
            if cursor.execute(there).fetchone() is not None:
                found = int((cursor.execute(version).fetchone() or (0,))[0])
        if found != SCHEMA_VERSION:
            raise must_migrate(self.path, found)
        self._fits = True


def must_migrate(where: str, found: int) -> SchemaMismatch:
    """The refusal of tables that are missing, or of another version."""
    return SchemaMismatch(
        f"{where}: the tables are version {found or 'none'}, which this library does not write; "
        "put 'viralcommerce.hosts.django' into INSTALLED_APPS, and run: manage.py migrate",
        found=found,
    )


def joined_or_own(begin: Callable[[], Session], using: str, where: str) -> Session:
    """A unit of work in the transaction that is open on this thread, or in one of its own.

    Args:
        begin: gives a session inside the open transaction.
        using: the alias of the database.
        where: the store, for errors.

    Raises:
        StoreError: Django cannot connect.
    """
    try:
        alone = transaction.get_autocommit(using)
    except Error as error:
        raise unreachable(where, error) from error
    if alone:
        return OwnTransaction(begin, using, where)
    return begin()


class OwnTransaction:
    """A unit of work in an ``atomic`` block that it begins and ends itself.

    Args:
        begin: gives a session inside the open transaction.
        using: the alias of the database.
        where: the store, for errors.
    """

    rehearses = True

    def __init__(self, begin: Callable[[], Session], using: str, where: str) -> None:
        self._begin = begin
        self._using = using
        self._where = where
        self._session: Session | None = None
        self._block: Any = None

    def look(self, wanted: Wanted) -> Found:
        """Read; between looking and locking there is no transaction."""
        if self._session is not None:
            return self._session.look(wanted)
        try:
            self._open()
            return self._inner().look(wanted)
        finally:
            self.close()

    def lock(self, wanted: Wanted) -> Found:
        """Begin, lock, then read."""
        if self._session is None:
            self._open()
        try:
            return self._inner().lock(wanted)
        except RetryTransaction as error:  # and here that is ours to do
            raise self._again(error) from error

    def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all and commit, or say what is short or stale."""
        if self._session is None:
            self._open()
        try:
            answer = self._inner().commit(writes)
        except RetryTransaction as error:
            raise self._again(error) from error
        if answer is None:
            self._session = None
            block, self._block = self._block, None
            try:
                block.__exit__(None, None, None)
            except Error as error:
                raise StoreError(
                    f"{self._where}: the commit failed ({error}), and nobody knows whether it was "
                    "written; ask again with the same key, which tells"
                ) from error
        return answer

    def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        if self._session is not None:
            return self._session.rules(digest)
        try:
            self._open()
            return self._inner().rules(digest)
        finally:
            self.close()

    def close(self) -> None:
        """Let the locks go; what was not committed never happened."""
        session, self._session = self._session, None
        block, self._block = self._block, None
        try:
            with suppress(RetryTransaction):  # the connection is lost, and all with it
                if session is not None:
                    session.close()
        finally:
            if block is not None:
                transaction.set_rollback(True, using=self._using)
                block.__exit__(None, None, None)

    def _open(self) -> None:
        block = transaction.atomic(using=self._using)
        block.__enter__()
        self._block = block
        self._session = self._begin()

    def _inner(self) -> Session:
        assert self._session is not None
        return self._session

    def _again(self, error: RetryTransaction) -> StoreConflict:
        return StoreConflict(f"{error.message} (the shop does)")
