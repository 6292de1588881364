"""Everybody at one pack, and everybody at one budget: sixteen callers at once, on PostgreSQL.

All ways do the same reads and writes with the same durability: key, pack, limit, budget, journal,
ledger, part, in a transaction that waits for the disk. Sixteen callers each send a command, wait
for their own answer, and send the next:

- *by hand*: sixteen threads with a connection each, plain psycopg, ``select ... for update`` of
  the pack and an ``update`` of one row of the budget (`postgres.py` has the script);
- *ours*: sixteen threads, ``shop.handle``, budgets in sixteen shards;
- *gathered, threads*: the same with ``gathers=Gathering()``;
- *gathered, tasks*: sixteen tasks of one event loop, `AsyncShop`, likewise;
- *eventsourcing*, where nobody is at one thing: sixteen threads with that library's application,
  one event a command, cached (skipped where it is not installed).

*One pack* has a hundred parts; when it is empty, everybody goes to the next. *One budget*: each
opens packs of its own. All ways take turns, a slice of time each, round by round; the median of
the rounds counts, and only ratios mean anything. Each measurement begins with empty tables, or who
was fastest in the last one has most rows in this one.

Sixteen callers who wait for their answers can share one commit in sixteen at best, so the ratio is
what a commit costs against what sixteen commands cost. How long a commit waits for the disk is
therefore said and chosen: the disk as it is; and one whose flush takes longer for everybody
(``commit_delay``), as on network storage: as much longer as it takes, on this machine and now, for
the script by hand to come to 230 commands a second, which is what the bound of ten is about.

Run it alone: ``python benchmarks/gathering.py``; ``DATABASE_URL`` names another server, whose
settings are left alone.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import psycopg

import postgres as by_hand
from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, Limit, LuckySplit, Shop, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.gathering import Gathering
from viralcommerce.runtime.stores.postgres import PostgresStore, migrate
from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

CALLERS, SECONDS, ROUNDS = 16, 0.7, 9
PARTS = 100
NAIVE = 230
"""Commands a second by hand, at one pack, on the slower disk."""
LEAST_OF_PEER = 3.0
"""The better of threads and tasks, gathered, against the eventsourcing library, one budget."""
AS_IT_IS, SLOWER = "the disk as it is", "a slower disk"
LEAST = {AS_IT_IS: 4.0, SLOWER: 10.0}
"""The better of threads and tasks, gathered, against the script by hand."""
AT = datetime(2026, 11, 11, 10, tzinfo=UTC)
CAMPAIGN = Campaign(
    "rain-pack",
    pack.CouponPack(LuckySplit(CNY(600), parts=PARTS, least=CNY(3)), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
        Grant(
            Coupon(CNY(2), valid_for=days(7)),
            to=pack.SHARER,
            on=pack.GRABBED,
            at_most=Limit(5, per=pack.PACK),
        ),
    ),
    budget=CNY(100_000_000),
)


class Way:
    """A way to run commands, and what its callers say next; each says something else.

    Args:
        name: of the way.
        does: for each caller, what runs a command.
        closes: what lets its connections go.
    """

    def __init__(
        self,
        name: str,
        does: list[Callable[[Command], Any]],
        closes: Iterable[Callable[[], object]] = (),
    ) -> None:
        self.name, self.does, self._closes = name, does, closes
        self._packs, self._most, self._grabs = 0, 2_000, 0
        self._tag = os.urandom(4).hex()
        self._friends, self._owned = itertools.count(), itertools.count()

    def open_packs(self, grabs: int) -> None:
        """Open packs for the next slice, so that nobody waits for one.

        Args:
            grabs: how many there were in the last slice.
        """
        self._grabs += grabs
        self._most = max(self._most, grabs)
        while self._packs * (PARTS - 1) < self._grabs + 3 * self._most:
            name = f"{self._tag}-p{self._packs}"
            self.do(pack.Share(pack=name, by="ann", key=name, at=AT))
            self._packs += 1

    def do(self, command: Command) -> None:
        """Run one command."""
        self.does[0](command)

    def close(self) -> None:
        """Let its connections go."""
        for each in self._closes:
            each()

    def one_pack(self) -> Command:
        """A grab of the pack that everybody is at."""
        number = next(self._friends)
        name = f"{self._tag}-p{number // (PARTS - 1)}"
        return pack.Grab(pack=name, by=f"user-{number}", key=f"{name}-{number}", at=AT)

    def one_budget(self) -> Command:
        """A pack of one's own."""
        name = f"{self._tag}-own-{next(self._owned)}"
        return pack.Share(pack=name, by="ann", key=name, at=AT)

    def slice(self, says: Callable[[], Command]) -> list[float]:
        """All callers at once, for a while; how long each command took, in seconds."""
        took: list[list[float]] = []
        gate = threading.Barrier(len(self.does))

        def call(do: Callable[[Command], Any]) -> None:
            mine: list[float] = []
            gate.wait()
            began = time.perf_counter()
            ends = began + SECONDS
            while began < ends:
                do(says())
                now = time.perf_counter()
                mine.append(now - began)
                began = now
            took.append(mine)

        threads = [threading.Thread(target=call, args=(do,)) for do in self.does]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(took) == len(self.does), "a caller failed"
        return [each for mine in took for each in mine]


class Tasks(Way):
    """The same by tasks of one event loop."""

    def __init__(self, name: str, url: str, schema: str) -> None:
        self.loop = asyncio.new_event_loop()
        store = self.loop.run_until_complete(
            AsyncPostgresStore.open(url, schema=schema, most_connections=CALLERS)
        )
        self.shop = shop = AsyncShop(store, [CAMPAIGN], gathers=Gathering())
        super().__init__(name, [lambda command: shop.handle(CAMPAIGN, command)] * CALLERS)

    def close(self) -> None:
        """Close the shop and its connections."""
        self.loop.run_until_complete(self.shop.close())
        self.loop.close()

    def do(self, command: Command) -> None:
        """Run one command."""
        self.loop.run_until_complete(self.does[0](command))

    def slice(self, says: Callable[[], Command]) -> list[float]:
        """All callers at once, for a while; how long each command took, in seconds."""
        took: list[float] = []

        async def call(do: Callable[[Command], Awaitable[object]], ends: float) -> None:
            began = time.perf_counter()
            while began < ends:
                await do(says())
                now = time.perf_counter()
                took.append(now - began)
                began = now

        async def all_of_them() -> None:
            ends = time.perf_counter() + SECONDS
            await asyncio.gather(*(call(do, ends) for do in self.does))

        self.loop.run_until_complete(all_of_them())
        return took


def threads(name: str, url: str, schema: str, **options: Any) -> Way:
    """A way of sixteen threads that share a shop."""
    store = PostgresStore(url, schema=schema, most_connections=CALLERS)
    shop = Shop(store, [CAMPAIGN], **options)
    return Way(name, [lambda command: shop.handle(CAMPAIGN, command)] * CALLERS, [store.close])


class Peer(Way):
    """The same by the eventsourcing library: each caller with aggregates of its own.

    It is made once, and keeps its connections to the end of the process.
    """

    def __init__(self, url: str) -> None:
        steps = [by_hand.eventsourcing(url, "", "", 0) for _ in range(CALLERS)]
        super().__init__("eventsourcing", [lambda _, step=step: step() for step in steps])


def ways(url: str) -> list[Way]:
    """By hand and ours, each on empty tables of its own."""
    schemas = ("gather_hand", "gather_ours", "gather_threads", "gather_tasks")
    for schema in schemas:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop schema if exists {schema} cascade".encode())
        migrate(url, schema)
    hands = [
        by_hand.ByHand(url, "gather_hand", 0, total=60_000, parts=PARTS) for _ in range(CALLERS)
    ]
    return [
        Way("by hand", [hand.one for hand in hands], [hand.db.close for hand in hands]),
        threads("ours", url, "gather_ours"),
        threads("gathered, threads", url, "gather_threads", gathers=Gathering()),
        Tasks("gathered, tasks", url, "gather_tasks"),
    ]


def measure(everybody: list[Way], hot: str, disk: str) -> tuple[float, float | None]:
    """Run all ways in turns; how many times others the better way to gather comes to.

    Returns:
        Against the script by hand, and against the peer, where that takes part.
    """
    rates: dict[str, list[float]] = {way.name: [] for way in everybody}
    took: dict[str, list[float]] = {way.name: [] for way in everybody}
    last = dict.fromkeys(rates, 0)
    for _ in range(ROUNDS):
        for way in everybody:
            if hot == "one pack":
                way.open_packs(last[way.name])
            each = way.slice(way.one_pack if hot == "one pack" else way.one_budget)
            last[way.name] = len(each)
            rates[way.name].append(len(each) / SECONDS)
            took[way.name] += each
    hand = rates["by hand"]
    print(f"{hot}, {disk}; commands a second, milliseconds:")
    ratios: dict[str, float] = {}
    for name, rate in rates.items():
        waited = sorted(1e3 * one for one in took[name])
        p50, p99 = (waited[int(len(waited) * part)] for part in (0.5, 0.99))
        ratios[name] = statistics.median(a / b for a, b in zip(rate, hand, strict=True))
        print(
            f"  {name:<18} {statistics.median(rate):7,.0f} {ratios[name]:5.1f} × by hand"
            f"   p50 {p50:5.1f}  p99 {p99:5.1f}  longest {waited[-1]:6.1f}"
        )
    best = max(ratios[name] for name in ratios if name.startswith("gathered"))
    return best, best / ratios["eventsourcing"] if "eventsourcing" in ratios else None


def slow_down(url: str, microseconds: int) -> None:
    """Let every flush take longer, for everybody."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"alter system set commit_delay = {microseconds}".encode())
        connection.execute("alter system set commit_siblings = 0")
        connection.execute("select pg_reload_conf()")


def slow_down_until(url: str, way: Way, rate: int) -> int:
    """Let flushes take as much longer as it takes for a way to come to a rate at one pack.

    Returns:
        By how many microseconds.
    """
    longer, grabs = 0.0, 0
    for _ in range(4):  # each time it is nearer to it
        rates: list[float] = []
        for _ in range(3):
            way.open_packs(grabs)
            grabs = len(way.slice(way.one_pack))
            rates.append(grabs / SECONDS)
        longer = max(longer + 1e6 / rate - 1e6 / statistics.median(rates), 0)
        slow_down(url, round(longer))
    return round(longer)


def main() -> int:
    url = by_hand.server()
    peers = [Peer(url)] if by_hand.makes_tables_of_the_peer(url) else []
    failed = is_slower = False
    for disk, least in LEAST.items():
        if disk == SLOWER and "DATABASE_URL" in os.environ:
            continue
        for hot in ("one pack", "one budget"):
            everybody = ways(url)
            if disk == SLOWER and not is_slower:
                longer, is_slower = slow_down_until(url, everybody[0], NAIVE), True
                print(f"{SLOWER}: each flush takes {longer:,} microseconds longer")
            ratio, of_peer = measure(
                [*everybody, *(peers if hot == "one budget" else ())], hot, disk
            )
            checks = [("by hand", ratio, least)]
            if of_peer is not None:
                checks.append(("eventsourcing", of_peer, LEAST_OF_PEER))
            for other, found, bound in checks:
                failed |= found < bound
                said = "NO" if found < bound else "yes"
                print(f"gathered is {found:.1f} × {other} (at least {bound}): {said}")
            for way in everybody:
                way.close()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
