"""Hosts on SQLAlchemy, as tests have them: on every driver of one PostgreSQL, and on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from postgres import RAIN, fresh_schema, server_url
from viralcommerce import Shop
from viralcommerce.runtime.stores.sqlite import SqliteStore


class Host(NamedTuple):
    """A shop, and the engine of the host that it joins."""

    shop: Shop
    engine: sa.Engine


def sa_url(driver: str, **query: str) -> sa.URL:
    """The server of the tests, as SQLAlchemy names it."""
    from psycopg.conninfo import conninfo_to_dict

    parts = {key: str(value) for key, value in conninfo_to_dict(server_url()).items()}
    where = {key: parts[key] for key in ("host", "port") if key in parts}
    return sa.URL.create(
        f"postgresql+{driver}",
        username=parts.get("user"),
        password=parts.get("password"),
        database=parts.get("dbname"),
        query={**where, **query},
    )


def sqlite_engine(path: Path) -> sa.Engine:
    """An engine that sqlite3 begins by itself for, as SQLAlchemy has it unless told otherwise."""
    return sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.2})


@contextmanager
def hosted(driver: str, folder: Path) -> Iterator[Host]:
    """A shop and an engine on an empty store, with a table of orders.

    Args:
        driver: sqlite, psycopg or psycopg2.
        folder: for a file.
    """
    if driver == "sqlite":
        store: Any = SqliteStore(folder / "shop.db", busy_after=0.2)
        engine = sqlite_engine(folder / "shop.db")
        orders = "orders"
    else:
        pytest.importorskip(driver, reason=f"{driver} is not installed")
        from viralcommerce.runtime.stores.postgres import PostgresStore

        schema = fresh_schema()
        store = PostgresStore(server_url(), schema=schema, busy_after=5)
        engine = sa.create_engine(sa_url(driver))
        orders = f"orders_{schema}"
    with Shop(store, [RAIN]) as shop:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"create table {orders} (id text primary key)")
        try:
            yield Host(shop, engine.execution_options(orders=orders))
        finally:
            engine.dispose()


def order(connection: Any, number: str) -> None:
    """The host writes an order."""
    if hasattr(connection, "connection") and callable(connection.connection):
        connection = connection.connection()
    orders = connection.get_execution_options()["orders"]
    connection.execute(sa.text(f"insert into {orders} values (:n)"), {"n": number})


def orders(engine: sa.Engine) -> list[str]:
    """The orders that were committed."""
    name = engine.get_execution_options()["orders"]
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(f"select id from {name} order by id")))
