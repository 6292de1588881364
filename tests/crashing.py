"""Processes that open the same packs in one SQLite file, and are killed while they do.

Every worker sends every command, with the same keys, in an order of its own, alone or in batches,
and delivers awards. Each answer it got is noted before it goes on. Workers are killed with SIGKILL
at random moments and started again. In the end the audit must be clean, no pack may have given one
share too many, every answer that was told must stand, and every award must have been issued.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time
from collections import Counter
from ctypes import c_bool, c_int
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

from viralcommerce import CNY, WHOLE, Accepted, Campaign, Coupon, Grant, Limit, LuckySplit, days
from viralcommerce.errors import KeyReused
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Award, Command
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.ports import Clock
from viralcommerce.runtime.shop import Shop
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing import ScriptedClock

PACKS = 4
PEOPLE = [f"m{number}" for number in range(13)]
PARTS = 10


def game() -> Campaign:
    """Ten shares, the sharer gains five times at most, and a budget that is never short."""
    return Campaign(
        "rain-pack",
        pack.CouponPack(LuckySplit(CNY(60), parts=PARTS, least=CNY(3)), open_for=days(1)),
        grants=(
            Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
            Grant(
                Coupon(CNY(2)),
                to=pack.SHARER,
                on=pack.GRABBED,
                at_most=Limit(5, per=pack.PACK),
                if_short="drop",
            ),
        ),
        budget=CNY(90_000_000),
    )


def wave(number: int) -> list[Command]:
    """The commands of one wave: its packs are shared, and thirteen people want ten shares each."""
    commands: list[Command] = []
    for index in range(PACKS):
        name = f"{number}-{index}"
        commands.append(pack.Share(pack=name, by="ann", key=f"{name}/share"))
        commands += [pack.Grab(pack=name, by=by, key=f"{name}/{by}") for by in PEOPLE]
    return commands


class Notebook:
    """A file that is written to the last line before its writer is killed."""

    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, *words: str) -> None:
        """One line, in one write."""
        os.write(self.file, (json.dumps(words) + "\n").encode())

    def issue(self, award: Award) -> None:
        """Hand an award out: note it."""
        self.note("issued", award.id)


def open_shop(path: Path, issuer: Notebook | None = None, clock: Clock | None = None) -> Shop:
    """A shop whose dice follow from the key, so that whoever decides first decides the same."""
    return Shop(
        SqliteStore(path, busy_after=60),
        [game()],
        issuer=issuer,
        clock=clock,
        entropy=DerivedEntropy("crash"),
    )


def work(path: Path, notes: Path, seed: int, frontier: Any, stop: Any) -> None:
    """One worker: wave after wave, until it is stopped or killed."""
    order = random.Random(seed)
    book = Notebook(notes)
    with open_shop(path, book) as shop:
        number = max(frontier.value - 1, 0)
        while not stop.value:
            commands = wave(number)
            order.shuffle(commands)
            while commands:
                at_once = order.choice((1, 1, 1, 5, 20))
                chunk, commands = commands[:at_once], commands[at_once:]
                outcomes = (
                    [shop.handle("rain-pack", chunk[0])]
                    if at_once == 1
                    else shop.handle_many("rain-pack", chunk)
                )
                for command, outcome in zip(chunk, outcomes, strict=True):
                    if isinstance(outcome, KeyReused):
                        raise outcome
                    if isinstance(outcome, Accepted) or outcome.refusal.terminal:
                        book.note("told", command.key, str(outcome))
            if order.random() < 0.5:
                shop.deliver(limit=20)
            number += 1
            frontier.value = max(frontier.value, number)


@dataclass
class Report:
    """What came of it."""

    kills: int = 0
    waves: int = 0
    told: int = 0
    problems: list[str] = field(default_factory=list)
    commands: int = 0
    seconds: float = 0.0


@dataclass
class Chaos:
    """Workers, and somebody who kills them.

    Args:
        folder: for the database and the notes.
        workers: how many at once.
        seed: of who is killed when.
    """

    folder: Path
    workers: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        self.path = self.folder / "shop.db"
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["crashing"])
        self.frontier = RawValue(c_int, 0)
        self.stop = RawValue(c_bool, False)
        self.started = 0

    def start(self) -> Any:
        """Start a worker."""
        self.started += 1
        notes = self.folder / f"notes-{self.started}.jsonl"
        process = self.context.Process(
            target=work,
            args=(self.path, notes, self.seed + self.started, self.frontier, self.stop),
            daemon=True,
        )
        process.start()
        return process

    def run(self, *, kills: int, seconds: float) -> Report:
        """Kill so many, within so many seconds; then let everybody finish and look at it all."""
        report, chance = Report(), random.Random(self.seed)
        begun = time.monotonic()
        running = [self.start() for _ in range(self.workers)]
        while report.kills < kills and time.monotonic() - begun < seconds:
            running[0].join(chance.uniform(0.0, 0.3))
            victim = chance.randrange(len(running))
            for index, process in enumerate(running):
                if process.exitcode not in (None, -9):
                    report.problems.append(f"a worker ended by itself, with {process.exitcode}")
                    running[index] = self.start()
            if self.frontier.value or report.kills:
                running[victim].kill()
                running[victim].join()
                report.kills += 1
                running[victim] = self.start()
        self.stop.value = True
        for process in running:
            process.join(60)
            if process.exitcode != 0:
                report.problems.append(f"a worker ended with {process.exitcode}, not 0")
                process.kill()
        self.look(report)
        report.seconds = time.monotonic() - begun
        return report

    def look(self, report: Report) -> None:
        """Finish what was begun, then hold everything against everything."""
        report.waves = self.frontier.value + 1
        book = Notebook(self.folder / "notes-last.jsonl")
        with open_shop(self.path, book) as shop:
            final: dict[str, str] = {}
            for number in range(report.waves):
                commands = sorted(wave(number), key=lambda one: not isinstance(one, pack.Share))
                for command in commands:
                    final[command.key] = str(shop.handle("rain-pack", command))
            # the leases of those who were killed are over by tomorrow
            with open_shop(self.path, book, ScriptedClock(datetime.now(UTC) + days(1))) as later:
                while later.deliver(limit=1000).delivered:
                    pass
            told, issued = self.notes()
            report.told = len(told)
            for key, answer in told:
                if final[key] != answer:
                    report.problems.append(f"{key}: told {answer!r}, now it is {final[key]!r}")
            audited = audit(shop.store)
            report.commands = audited.commands
            report.problems += [str(problem) for problem in audited.problems]
            awards = set()
            for row in shop.store.postings("rain-pack"):
                if row.transfer.award is not None:
                    awards.add(row.transfer.id)
            report.problems += [f"never issued: {one}" for one in sorted(awards - issued)]
            report.problems += [f"issued for nothing: {one}" for one in sorted(issued - awards)]
            self.count(shop, report)

    def notes(self) -> tuple[list[tuple[str, str]], set[str]]:
        """What every worker noted: answers told, and awards issued."""
        told, issued = [], set()
        for path in sorted(self.folder.glob("notes-*.jsonl")):
            # a killed writer may leave half a line at the end
            whole, _, _ = path.read_text().rpartition("\n")
            for line in whole.splitlines():
                what, *words = json.loads(line)
                if what == "told":
                    told.append((words[0], words[1]))
                else:
                    issued.add(words[0])
        return told, issued

    def count(self, shop: Shop, report: Report) -> None:
        """Not one share too many, and each share to another member, summed up by hand."""
        shares: Counter[str] = Counter()
        sums: Counter[str] = Counter()
        for row in shop.store.postings("rain-pack"):
            award = row.transfer.award
            if award is not None and award.role == pack.GRABBER:
                shares[row.instance] += 1
                sums[row.instance] += award.amount
        for name, taken in shares.items():
            if taken != PARTS or sums[name] != 6_000:
                report.problems.append(f"{name}: {taken} shares of {sums[name]} fen in all")
        if len(shares) != report.waves * PACKS:
            report.problems.append(f"{len(shares)} packs were opened, not {report.waves * PACKS}")
