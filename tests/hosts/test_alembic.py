"""Our tables in a host's Alembic migration, and out of what its autogenerate proposes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

from hosts_on_sqlalchemy import sa_url
from postgres import RAIN, server_url
from viralcommerce import Accepted, Shop
from viralcommerce.hosts import alembic as ours
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.stores.sqlite import SqliteStore

HOSTS = sa.MetaData()
sa.Table("h_orders", HOSTS, sa.Column("id", sa.Text, primary_key=True))


@contextmanager
def a_database(driver: str) -> Iterator[sa.Engine]:
    """An engine on a database of its own, as a host's migrations have."""
    import psycopg

    pytest.importorskip(driver, reason=f"{driver} is not installed")
    name = f"alembic_{driver}"
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(f"drop database if exists {name}".encode())
        server.execute(f"create database {name}".encode())
        engine = sa.create_engine(sa_url(driver).set(database=name))
        try:
            yield engine
        finally:
            engine.dispose()
            server.execute(f"drop database {name}".encode())


def proposals(connection: sa.Connection, **options: Any) -> list[Any]:
    """What autogenerate would put into the next revision."""
    return compare_metadata(MigrationContext.configure(connection, opts=options), HOSTS)


@pytest.mark.filterwarnings("ignore:Did not recognize type")
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_migration_of_the_hosts_makes_the_tables_and_drops_them(driver: str) -> None:
    with a_database(driver) as engine:
        with engine.begin() as connection:
            HOSTS.create_all(connection)
            op = Operations(MigrationContext.configure(connection))
            ours.upgrade(op)
        with engine.connect() as connection:
            assert proposals(connection) == []
            assert proposals(connection, include_name=ours.include_name) == []
            named = {"include_schemas": True, "include_name": ours.include_name}
            assert proposals(connection, **named) == []
            dropped = proposals(connection, include_schemas=True)
            assert {"remove_table"} <= {one[0] for one in dropped}, "so it is to be said"
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with Shop.open(url, RAIN) as shop:
            assert isinstance(shop.handle(RAIN, pack.Share(pack="p", by="ann")), Accepted)
        with engine.begin() as connection:
            ours.downgrade(Operations(MigrationContext.configure(connection)))
        with engine.connect() as connection:
            assert "viral" not in sa.inspect(connection).get_schema_names()


def test_on_sqlite_the_names_keep_them_apart(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "shop.db").close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.begin() as connection:
        HOSTS.create_all(connection)
        assert proposals(connection, include_name=ours.include_name) == []
        removed = [one[1].name for one in proposals(connection) if str(one[0]) == "remove_table"]
        assert set(removed) == ours.TABLES
    engine.dispose()
