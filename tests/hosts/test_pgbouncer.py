"""Every host behind a real PgBouncer in transaction mode, where no session is anybody's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hosts_on_django import Project, on_postgres
from pooling import bouncer_url
from postgres import RAIN, fresh_schema, server_url
from viralcommerce import Accepted, Shop
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.stores.postgres import PostgresStore
from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

OPTIONS: dict[str, dict[str, Any]] = {
    "psycopg": {"prepare_threshold": None},
    "psycopg2": {},
    "asyncpg": {
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": lambda: f"__asyncpg_{uuid4()}__",
    },
}


@pytest.fixture
def shop() -> Iterator[Shop]:
    store = PostgresStore(bouncer_url(), schema=fresh_schema(), pooler="pgbouncer")
    with Shop(store, [RAIN]) as opened:
        yield opened


def url(driver: str) -> sa.URL:
    return sa.make_url(bouncer_url()).set(drivername=f"postgresql+{driver}")


def everybody_grabs(grab: Any, workers: int = 8, rounds: int = 6) -> int:
    """Workers share packs and grab from them, so that the pooler mixes their transactions."""
    accepted: list[bool] = []
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(rounds):
                name = f"p{turn}"
                accepted.append(grab(pack.Share(pack=name, by="ann", key=f"{name} share")))
                by = f"m{number}"
                accepted.append(grab(pack.Grab(pack=name, by=by, key=f"{name} {by}")))
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failed:
        raise failed[0]
    return sum(accepted)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_hosts_on_sqlalchemy(shop: Shop, driver: str) -> None:
    engine = sa.create_engine(url(driver), connect_args=OPTIONS[driver], poolclass=NullPool)

    def grab(command: Any) -> bool:
        with engine.begin() as joined:
            joined.exec_driver_sql("select 1")
            return isinstance(shop.within(joined).handle(RAIN, command), Accepted)

    assert everybody_grabs(grab) == 2 * 8 * 6
    assert audit(shop.store).accepted == 6 + 8 * 6
    assert audit(shop.store).is_clean


def test_a_host_on_psycopg_itself(shop: Shop) -> None:
    def grab(command: Any) -> bool:
        with psycopg.connect(bouncer_url(), prepare_threshold=None) as joined:
            return isinstance(shop.within(joined).handle(RAIN, command), Accepted)

    assert everybody_grabs(grab) == 2 * 8 * 6
    assert audit(shop.store).is_clean


def test_the_shop_by_itself(shop: Shop) -> None:
    assert everybody_grabs(lambda one: isinstance(shop.handle(RAIN, one), Accepted)) == 2 * 8 * 6
    assert audit(shop.store).is_clean


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_hosts_on_asyncio(shop: Shop, driver: str) -> None:
    schema = shop.store.schema  # type: ignore[attr-defined]

    async def play() -> int:
        engine = create_async_engine(url(driver), connect_args=OPTIONS[driver], poolclass=NullPool)
        store = await AsyncPostgresStore.open(bouncer_url(), schema=schema, pooler="pgbouncer")
        async with AsyncShop(store, [RAIN]) as inner:

            async def work(number: int) -> int:
                accepted = 0
                for turn in range(6):
                    for command in (
                        pack.Share(pack=f"p{turn}", by="ann", key=f"{turn}"),
                        pack.Grab(pack=f"p{turn}", by=f"m{number}", key=f"{turn} m{number}"),
                    ):
                        async with engine.begin() as joined:
                            said = await inner.within(joined).handle(RAIN, command)
                            accepted += isinstance(said, Accepted)
                return accepted

            done = sum(await asyncio.gather(*(work(number) for number in range(8))))
        await engine.dispose()
        return done

    assert asyncio.run(play()) == 2 * 8 * 6
    assert audit(shop.store).accepted == 6 + 8 * 6
    assert audit(shop.store).is_clean


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_project_on_django(driver: str, tmp_path: Path) -> None:
    """Its test database is made past the pooler; it is tested through it."""
    bouncer = sa.make_url(bouncer_url())
    name = f"pooled_{driver}"
    database = {
        **on_postgres(name),
        "NAME": name,
        "HOST": bouncer.host,
        "PORT": str(bouncer.port),
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
    environ = {"WITHOUT_PSYCOPG_3": "yes"} if driver == "psycopg2" else {}
    project = Project(database, **environ)
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(f"drop database if exists {name} with (force)".encode())
        server.execute(f"create database {name}".encode())
    done = project.manage("migrate")
    assert done.returncode == 0, done.stderr
    done = project.manage("shell", "-c", STORY)
    assert done.returncode == 0, done.stderr
    assert "clean True 2" in done.stdout


STORY = """
from django.db import transaction
from orders.models import Order
from orders.viral import RAIN, shop
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
for turn in range(3):
    try:
        with transaction.atomic():
            Order.objects.create(number=f"o{turn}", buyer="bob")
            shop.handle(RAIN, pack.Share(pack="p", by="ann", key="s"))
            shop.handle(RAIN, pack.Grab(pack="p", by=f"m{turn}", key=f"m{turn}"))
            if turn == 1:
                raise ZeroDivisionError
    except ZeroDivisionError:
        pass
print("clean", audit(shop.store).is_clean, Order.objects.count())
"""
