"""Commands on SQLite: ours, against a script by hand that executes the same statements.

The same packs are opened by the same people, in turns, in one run, each on a file of its own (WAL,
``synchronous=NORMAL``); the best turn of each counts, and only the ratios mean anything:

- *by hand*: the statements of one grab, one transaction a command; state and journal are JSON of
  the standard library, the share is drawn with ``random``, nothing is validated or explained;
- *by hand, 100 a transaction*: the same with a hundred commands in each transaction;
- *ours*: ``shop.handle``, a transaction a command;
- *ours, many*: ``shop.handle_many``, coalesced, as ``viralcommerce run`` does.

Run it alone: ``python benchmarks/embedded.py``.
"""

from __future__ import annotations

import gc
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from viralcommerce import (
    CNY,
    WHOLE,
    Campaign,
    Coupon,
    Grant,
    Limit,
    LuckySplit,
    Shop,
    days,
)
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.runtime.stores.schema import SQLITE

PACKS, TURNS = 60, 5
COMMANDS = PACKS * 10
AT = datetime(2026, 11, 11, 10, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MOST_ONE = 1.6
"""Ours, a transaction a command, against the script by hand."""
MOST_MANY = 0.8
"""Ours, coalesced, against the script by hand with 100 commands a transaction."""

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
NAME, RULES = CAMPAIGN.name, CAMPAIGN.hash


def commands() -> Iterator[Command]:
    for one in range(PACKS):
        yield pack.Share(pack=f"p{one}", by="ann", key=f"p{one}", at=AT)
        for friend in range(9):
            yield pack.Grab(pack=f"p{one}", by=f"user-{friend}", key=f"g{one}-{friend}", at=AT)


def micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


class ByHand:
    """What an order service would have written: the same rows, by hand."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("pragma synchronous = normal")
        self.db.executescript(SQLITE)

    def quota(self, name: str, scope: str, change: int) -> None:
        self.db.execute(
            "insert into viral_quotas values (?, ?, ?, '', ?) "
            "on conflict do update set used = used + excluded.used",
            (NAME, name, scope, change),
        )

    def ledger(self, row: tuple[Any, ...]) -> None:
        self.db.execute(
            "insert into viral_ledger (campaign, instance, at, id, source, target, asset, amount, "
            "reverses, award) values (?, ?, ?, ?, ?, ?, ?, ?, '', ?)",
            row,
        )

    def cell(self, instance: str, version: int, state: dict[str, Any], held: int) -> None:
        self.db.execute(
            "insert into viral_cells (campaign, instance, rules, version, state, deadline, held, "
            "parent) values (?, ?, ?, ?, ?, ?, ?, '') on conflict do update set "
            "version = excluded.version, state = excluded.state, deadline = excluded.deadline, "
            "held = excluded.held where viral_cells.version = excluded.version - 1",
            (NAME, instance, RULES, version, json.dumps(state), state["closes"], held),
        )

    def journal(self, instance: str, at: int, key: str, line: dict[str, Any]) -> None:
        cursor = self.db.execute(
            "insert into viral_journal (campaign, instance, at, decision) values (?, ?, ?, ?)",
            (NAME, instance, at, json.dumps(line)),
        )
        self.db.execute(
            "insert into viral_keys values (?, ?, ?, ?)", (NAME, key, cursor.lastrowid, at)
        )

    def part(self, member: str, instance: str, role: str, at: int) -> None:
        self.db.execute(
            "insert into viral_parts values (?, ?, ?, ?, ?) on conflict do nothing",
            (member, NAME, instance, role, at),
        )

    def seen(self, key: str) -> bool:
        row = self.db.execute(
            "select j.decision from viral_keys k join viral_journal j on j.position = k.position "
            "where k.campaign = ? and k.key = ?",
            (NAME, key),
        ).fetchone()
        return row is not None

    def find(self, instance: str) -> tuple[int, dict[str, Any], int] | None:
        row = self.db.execute(
            "select rules, version, state, deadline, held from viral_cells "
            "where campaign = ? and instance = ?",
            (NAME, instance),
        ).fetchone()
        return None if row is None else (row[1], json.loads(row[2]), row[4])

    def used(self, name: str, scope: str) -> int:
        row = self.db.execute(
            "select used from viral_quotas "
            "where campaign = ? and name = ? and scope = ? and period = ''",
            (NAME, name, scope),
        ).fetchone()
        return 0 if row is None else int(row[0])

    def one(self, command: Command) -> None:
        if self.seen(command.key):
            return
        at = micros(command.at)
        if isinstance(command, pack.Share):
            self.share(command, at)
        elif isinstance(command, pack.Grab):
            self.grab(command, at)

    def share(self, command: pack.Share, at: int) -> None:
        if self.find(command.pack) is not None or self.used("budget", "") + 6000 > 10**10:
            return
        said = {"kind": "share", "by": command.by, "key": command.key, "pack": command.pack}
        state = {
            "state": "open", "sharer": command.by, "total": 6000, "left": 6000, "parts_left": 10,
            "closes": at + 86_400_000_000, "shares": {}, "best_by": "", "best": 0,
        }  # fmt: skip
        self.cell(command.pack, 1, state, 6000)
        self.quota("budget", "", 6000)
        self.journal(
            command.pack, at, command.key, {"command": said, "state": state, "awards": []}
        )
        ident = f"{NAME}/{command.pack}/1/0"
        self.ledger(
            (NAME, command.pack, at, ident, "budget", f"hold/{command.pack}", "CNY", 6000, None)
        )
        self.part(command.by, command.pack, "sharer", at)

    def grab(self, command: pack.Grab, at: int) -> None:
        found = self.find(command.pack)
        if found is None:
            return
        version, state, held = found
        by = command.by
        if by in state["shares"] or by == state["sharer"] or at >= state["closes"]:
            return
        people, left = state["parts_left"], state["left"]
        spare = left - people * 299
        share = left if people == 1 else 299 + random.randrange(1, 2 * spare // people)
        state["shares"][by] = share
        state["left"], state["parts_left"] = left - share, people - 1
        if share > state["best"]:
            state["best"], state["best_by"] = share, by
        expires = at + 7 * 86_400_000_000
        award = {
            "id": f"{NAME}/{command.pack}/{version + 1}/0", "grant": "grabber-grabbed-coupon",
            "to": by, "role": "grabber", "reward": "coupon", "asset": "CNY", "amount": share,
            "cost": {"minor": share, "currency": "CNY"}, "rate": "100%", "expires": expires,
        }  # fmt: skip
        awards = [award]
        scope = f"pack/{command.pack}"
        if self.used("sharer-grabbed-coupon/pack", scope) < 5:
            more = {
                **award, "id": f"{NAME}/{command.pack}/{version + 1}/1", "to": state["sharer"],
                "grant": "sharer-grabbed-coupon", "role": "sharer", "amount": 200,
                "cost": {"minor": 200, "currency": "CNY"}, "rate": "",
            }  # fmt: skip
            if self.used("budget", "") + 200 <= 10**10:
                awards.append(more)
        event = {
            "kind": "grabbed", "at": at, "pack": command.pack, "grabber": by,
            "sharer": state["sharer"], "share": share, "left": left - share,
            "parts_left": people - 1, "best_by": state["best_by"], "best": state["best"],
        }  # fmt: skip
        said = {"kind": "grab", "by": by, "key": command.key, "pack": command.pack, "at": at}
        self.cell(command.pack, version + 1, state, held - share)
        if len(awards) == 2:
            self.quota("budget", "", 200)
            self.quota("sharer-grabbed-coupon/pack", scope, 1)
        line = {"campaign": NAME, "rules": RULES, "instance": command.pack, "version": version + 1,
                "command": said, "events": [event], "awards": awards}  # fmt: skip
        self.journal(command.pack, at, command.key, line)
        for one in awards:
            source = f"hold/{command.pack}" if one is award else "budget"
            self.ledger(
                (NAME, command.pack, at, one["id"], source, f"member/{one['to']}", "CNY",
                 one["amount"], json.dumps(one))
            )  # fmt: skip
        self.part(by, command.pack, "grabber", at)

    def run(self, said: list[Command], at_once: int) -> None:
        for start in range(0, len(said), at_once):
            self.db.execute("begin immediate")
            for command in said[start : start + at_once]:
                self.one(command)
            self.db.execute("commit")


def measure() -> dict[str, tuple[float, float]]:
    """Microseconds a command, CPU and wall, the best of the turns, by way."""
    said = list(commands())

    def by_hand(at_once: int) -> Callable[[Path], Callable[[], object]]:
        def make(path: Path) -> Callable[[], object]:
            script = ByHand(path)
            return lambda: script.run(said, at_once)

        return make

    def ours(path: Path) -> Callable[[], object]:
        shop = Shop.open(f"sqlite:///{path}", CAMPAIGN)
        return lambda: [shop.handle(CAMPAIGN, command) for command in said]

    def many(path: Path) -> Callable[[], object]:
        shop = Shop.open(f"sqlite:///{path}", CAMPAIGN)
        return lambda: shop.handle_many(CAMPAIGN, said)

    ways = {
        "by hand": by_hand(1),
        "ours": ours,
        "by hand, 100 a transaction": by_hand(100),
        "ours, many": many,
    }
    best: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(TURNS):
            for name, make in ways.items():
                run = make(Path(folder) / f"{turn}-{len(name)}.db")
                gc.collect()
                cpu, wall = time.process_time(), time.perf_counter()
                run()
                cpu = (time.process_time() - cpu) / COMMANDS * 1e6
                wall = (time.perf_counter() - wall) / COMMANDS * 1e6
                before = best.get(name, (cpu, wall))
                best[name] = (min(before[0], cpu), min(before[1], wall))
    return best


def main() -> int:
    best = measure()
    print(f"{'way':<28} {'µs CPU':>8} {'µs wall':>8}")
    for name, (cpu, wall) in best.items():
        print(f"{name:<28} {cpu:8.1f} {wall:8.1f}")
    failed = False
    for name, floor, most in (
        ("ours", "by hand", MOST_ONE),
        ("ours, many", "by hand, 100 a transaction", MOST_MANY),
    ):
        ratio = best[name][0] / best[floor][0]
        failed |= ratio > most
        print(f"{name}: {ratio:.2f} × {floor} (at most {most}): {'NO' if ratio > most else 'yes'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
