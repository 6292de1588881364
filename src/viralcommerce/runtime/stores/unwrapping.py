"""The driver's own connection in whatever a host holds: its own, SQLAlchemy's or Django's.

Nothing of a host's library is imported before a host hands over an object of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from viralcommerce.errors import InvalidValue, RetryTransaction, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection


def packages(one: object) -> set[str]:
    """The packages that the class of an object, and those it inherits from, come from."""
    return {kind.__module__.partition(".")[0] for kind in type(one).__mro__}


def described(one: object) -> str:
    """The class of an object in full, for errors."""
    return f"{type(one).__module__}.{type(one).__qualname__}"


def driver_connection(connection: object, where: str) -> object:
    """The driver's connection that a host's next statement would run on.

    A connection or session of SQLAlchemy begins its transaction by this, as by any statement.

    Args:
        connection: the host's.
        where: the store, for errors.

    Raises:
        RetryTransaction: the host's library says that its transaction has failed.
        InvalidValue: an object of SQLAlchemy or Django that is no connection.
    """
    of = packages(connection)
    if "sqlalchemy" in of:
        of_sqlalchemy = sync_connection(connection, where)
        lent = of_sqlalchemy.connection
        adapted = of_sqlalchemy.dialect.is_async  # this runs in run_sync then
        return lent.dbapi_connection if adapted else lent.driver_connection
    if "django" in of:
        return _of_django(connection, where)
    return connection


async def async_driver_connection(connection: object, where: str) -> object:
    """The driver's connection that an awaiting host's next statement would run on.

    Args:
        connection: the host's.
        where: the store, for errors.

    Raises:
        RetryTransaction: the host's library says that its transaction has failed.
        InvalidValue: an object of SQLAlchemy that cannot be awaited.
    """
    if "sqlalchemy" not in packages(connection):
        return connection
    from sqlalchemy.exc import PendingRollbackError
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session

    try:
        if isinstance(connection, (AsyncSession, async_scoped_session)):
            connection = await connection.connection()
        if not isinstance(connection, AsyncConnection):
            raise _unfit(connection, "an AsyncConnection or an AsyncSession")
        if not connection.in_transaction():
            await connection.begin()
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        if "asyncpg" in packages(driver) and not driver.is_in_transaction():
            await connection.exec_driver_sql("select 1")  # only a statement begins there
    except PendingRollbackError as error:
        raise _pending(where) from error
    return driver


def sync_connection(connection: object, where: str) -> Connection:
    """A connection of SQLAlchemy in a transaction, as after any statement on it.

    Args:
        connection: a connection or a session.
        where: the store, for errors.

    Raises:
        RetryTransaction: the session waits for a rollback.
        InvalidValue: it is neither.
    """
    from sqlalchemy import Connection
    from sqlalchemy.exc import PendingRollbackError

    try:
        if not isinstance(connection, Connection):
            from sqlalchemy.orm import Session, scoped_session

            if not isinstance(connection, (Session, scoped_session)):
                raise _unfit(connection, "a Connection or a Session (AsyncShop takes the others)")
            connection = connection.connection()
        if not connection.in_transaction():
            connection.begin()
    except PendingRollbackError as error:
        raise _pending(where) from error
    return connection


def _pending(where: str) -> RetryTransaction:
    return RetryTransaction(
        f"{where}: SQLAlchemy waits for a rollback of the host's transaction; roll it back, begin "
        "again, and call again"
    )


def _of_django(connection: Any, where: str) -> object:
    if not hasattr(connection, "ensure_connection"):
        raise _unfit(connection, "django.db.connection, or one of django.db.connections")
    from django.db import Error

    try:
        connection.ensure_connection()
    except Error as error:
        raise unreachable(where, error) from error
    if connection.needs_rollback:
        raise RetryTransaction(
            f"{where}: Django will roll the transaction back (an error was caught inside its "
            "atomic block); leave the block, begin another, and call again"
        )
    driver: object = connection.connection
    return driver


def unreachable(where: str, error: Exception) -> StoreError:
    """What is said where Django cannot connect."""
    said = str(error).strip().partition("\n")[0]
    return StoreError(
        f"{where}: Django cannot connect ({said}); nothing was written; look at DATABASES, and "
        "whether the server runs"
    )


def _unfit(one: object, wanted: str) -> InvalidValue:
    return InvalidValue(f"within: {described(one)} is no connection; give {wanted}")
