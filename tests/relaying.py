"""Relays in processes of their own that share one outbox, and are killed while they deliver.

Every relay notes each award that it hands out, with the moment, before it goes on; some hand-outs
fail. Relays are killed with SIGKILL at random moments and others take their place. In the end
every award must have been handed out, each member's for the first time in the order given, every
entry must have begun something once, and the audit must be clean.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time
from ctypes import c_bool
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

from viralcommerce import (
    CNY,
    WHOLE,
    Award,
    Campaign,
    Coupon,
    Entry,
    Grant,
    LuckySplit,
    days,
    hours,
)
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.relay import Patience
from viralcommerce.runtime.shop import Shop
from viralcommerce.runtime.stores.sqlite import SqliteStore

PEOPLE = [f"m{number}" for number in range(8)]
HASTE = Patience(
    lease=timedelta(milliseconds=400),
    first=timedelta(milliseconds=2),
    most=timedelta(milliseconds=20),
    tries=100_000,
)
RAIN = Campaign(
    "rain-pack",
    pack.CouponPack(LuckySplit(CNY(60), parts=8, least=CNY(3)), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
        Grant(Entry("draw"), to=pack.GRABBER, on=pack.GRABBED),
    ),
    budget=CNY(90_000_000),
)
DRAW = Campaign(
    "draw",
    collect.Collect(goal=3, within=hours(48)),
    grants=Grant(Coupon(CNY(5)), to=collect.COLLECTOR, on=collect.ASKED),
    budget=CNY(90_000_000),
)


@dataclass(frozen=True)
class Address:
    """Where the store is, as another process can open it."""

    path: str = ""
    url: str = ""
    schema: str = ""

    def open(self) -> Store:
        if self.path:
            return SqliteStore(self.path, busy_after=60)
        from viralcommerce.runtime.stores.postgres import PostgresStore

        return PostgresStore(self.url, schema=self.schema, most_connections=4)


class Notes:
    """An issuer that notes what it hands out, to the last line before it is killed."""

    def __init__(self, path: Path, seed: int) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.chance = random.Random(seed)

    def issue(self, award: Award) -> None:
        if self.chance.random() < 0.1:
            raise ConnectionError("the voucher service is away")
        line = json.dumps([time.monotonic_ns(), award.to, award.id])
        os.write(self.file, f"{line}\n".encode())


def relay(address: Address, notes: Path, seed: int, stop: Any) -> None:
    """Deliver until nothing is left and it is told to stop, or until it is killed."""
    with Shop(address.open(), [RAIN, DRAW], issuer=Notes(notes, seed)) as shop:
        while True:
            told = shop.deliver(limit=30, patience=HASTE)
            if not told.delivered:
                if stop.value and not shop.views.outbox().depth:
                    return
                time.sleep(0.005)


@dataclass
class Relays:
    """Relays, and somebody who kills them.

    Args:
        folder: for the notes.
        address: of the store, empty.
        seed: of who is killed when.
    """

    folder: Path
    address: Address
    seed: int = 0
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["relaying"])
        self.stop = RawValue(c_bool, False)
        self.started = self.kills = 0

    def start(self) -> Any:
        self.started += 1
        name = str(self.started)
        notes = self.folder / f"notes-{name}.jsonl"
        process = self.context.Process(
            name=name,
            target=relay,
            args=(self.address, notes, self.seed + self.started, self.stop),
            daemon=True,
        )
        process.start()
        return process

    def run(self, *, packs: int, relays: int, kills: int) -> None:
        """Open so many packs for each of so many relays that are killed; others take over."""
        chance = random.Random(self.seed)
        running = [self.start() for _ in range(relays)]
        opened = 0
        with Shop(self.address.open(), [RAIN, DRAW], issuer=Nobody()) as shop:
            while self.kills < kills:
                for _ in range(packs):
                    self.open(shop, f"p{opened}")
                    opened += 1
                running[0].join(chance.uniform(0.0, 0.05))
                self.kill(running, chance)
            self.stop.value = True
            for process in running:
                process.join(90)
                if process.exitcode != 0:
                    self.problems.append(f"a relay ended with {process.exitcode}, not 0")
                    process.kill()
            self.look(shop, opened)

    def open(self, shop: Shop, name: str) -> None:
        """Share a pack, and let everybody open it."""
        shop.handle("rain-pack", pack.Share(pack=name, by="ann", key=name))
        for who in PEOPLE:
            shop.handle("rain-pack", pack.Grab(pack=name, by=who, key=f"{name}/{who}"))

    def kill(self, running: list[Any], chance: random.Random) -> bool:
        """Kill one that has begun to deliver, in the middle of it; whether there was one."""
        busy = [one for one in running if self.has_noted(one)]
        if not busy:
            return False
        victim = chance.choice(busy)
        victim.kill()
        victim.join()
        self.kills += 1
        running[running.index(victim)] = self.start()
        return True

    def has_noted(self, process: Any) -> bool:
        path = self.folder / f"notes-{process.name}.jsonl"
        return path.exists() and path.stat().st_size > 0

    def look(self, shop: Shop, packs: int) -> None:
        """Hold everything against everything."""
        first: dict[str, int] = {}
        for at, _, ident in self.noted():
            first[ident] = min(first.get(ident, at), at)
        for name, per_pack in (("rain-pack", len(PEOPLE)), ("draw", len(PEOPLE))):
            awards = [
                row.transfer.award
                for row in shop.store.postings(name)
                if row.transfer.award is not None and row.transfer.award.reward != "entry"
            ]
            if len(awards) != packs * per_pack:
                self.problems.append(f"{name}: {len(awards)} coupons, not {packs * per_pack}")
            self.problems += [f"never issued: {one.id}" for one in awards if one.id not in first]
            for who in PEOPLE:
                times = [first.get(one.id, 0) for one in awards if one.to == who]
                if times != sorted(times):
                    self.problems.append(f"{who}: out of order in {name}")
        left = shop.views.outbox()
        if left.depth or left.poisoned:
            self.problems.append(f"left in the outbox: {left}")
        self.problems += [str(problem) for problem in audit(shop.store).problems]

    def noted(self) -> list[tuple[int, str, str]]:
        """What every relay noted; a killed one may leave half a line at the end."""
        found = []
        for path in sorted(self.folder.glob("notes-*.jsonl")):
            whole, _, _ = path.read_text().rpartition("\n")
            found += [tuple(json.loads(line)) for line in whole.splitlines()]
        return found


class Nobody:
    """Issues nothing: whoever decides does not deliver."""

    def issue(self, award: Award) -> None:
        raise AssertionError(award)
