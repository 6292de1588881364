"""Who brought whom, at any size: a friend joins, and buys, in a tree of 10^3 and of 10^6 members.

The same commands are run in turns, in one run, in CPU time; each turn of a way is held against the
same turn of another, since what is in memory grows from turn to turn, for both, and the median of
these ratios counts. Trees grow at random, so that they are some forty levels deep at 10^6;
friends join under members of any depth by a link, and each then buys once, whose upline of two
levels is looked up and written into the order.

- *by hand*: the same decisions over a dictionary of frozen members, events appended to a list,
  keys in a set; on SQLite the statements of each command, one transaction a command or a hundred;
- *ours*: ``shop.handle``; *ours, many*: ``shop.handle_many``.

A tree of 10^6 must cost no more than one of 10^3, within a fifth; ours in memory at most 5 times
the floor by hand, which decides, evolves and appends as that of `benchmarks/commands.py` does,
over as many commands as there; ours on SQLite, a transaction a command, at most 1.6 times the
script by hand. The rest is printed: in a transaction of many, where nothing that friends write
falls together, about 1. Large trees lie less well in the processor's caches, by hand too, so the
large tree is held against the small one times what that costs by hand, where it costs more.

Run it alone: ``python benchmarks/tree.py``, with ``--small`` for trees of 10^3 and 10^4.
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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from viralcommerce import CNY, Campaign, Codec, Credit, Grant, Shop, days, percent
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted, Command
from viralcommerce.runtime.ports import Cell, CellWrite, Store, Wanted, Writes
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.schema import SQLITE
from viralcommerce.runtime.stores.sqlite import SqliteStore

SIZES = (1_000, 10_000) if "--small" in sys.argv[1:] else (1_000, 1_000_000)
FRIENDS = {"in memory": 50_000, "on SQLite": 10_000}
"""Commands of a kind in a turn: in memory as many as in `commands.py`."""
TURNS = 5
AT = datetime(2026, 11, 11, 10, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MOST_BY_SIZE = 1.2
"""A command in the large tree, against the same one in the small tree."""
MOST_ONE = {"in memory": 5.0, "on SQLite": 1.6}
"""Ours, one by one, against by hand."""

CAMPAIGN = Campaign(
    "friends",
    invite.Invite(matures_after=days(15), levels=2),
    grants=(
        Grant(Credit(percent(5)), to=invite.upline(1), on=invite.ORDERED, name="one"),
        Grant(Credit(percent(1)), to=invite.upline(2), on=invite.ORDERED, name="two"),
    ),
    budget=CNY(100_000_000),
)
NAME, RULES = CAMPAIGN.name, CAMPAIGN.hash


def tree(size: int) -> Iterator[tuple[int, int]]:
    """Members with their inviters, each under any who came before; the first under nobody."""
    dice = random.Random(size)
    yield 0, -1
    for one in range(1, size):
        yield one, dice.randrange(one)


def plant(store: Store, size: int, at_once: int = 20_000) -> None:
    """Write a tree into a store, as if its members had joined."""
    rules = {RULES: Codec().campaign_json(CAMPAIGN)}
    cells: list[CellWrite] = []

    def commit() -> None:
        session = store.session()
        places = tuple(sorted(one.place for one in cells))
        session.lock(Wanted(cells=places))
        failed = session.commit(Writes(records=[], cells=cells, used={}, hot={}, rules=rules))
        assert failed is None
        session.close()
        cells.clear()
        rules.clear()

    for member, inviter in tree(size):
        above = f"m{inviter}" if inviter >= 0 else ""
        state = invite.Member(inviter=above, since=AT, invited=1)
        cell = Cell(
            rules=RULES, version=1, state=state, deadline=None, held=0,
            parent=f"member/{above}" if above else "",
        )  # fmt: skip
        cells.append(CellWrite((NAME, f"member/m{member}"), 0, cell))
        if len(cells) == at_once:
            commit()
    commit()


def commands(size: int, turn: str, friends: int) -> tuple[list[Command], list[Command]]:
    """Friends who join under anybody, and what each of them buys."""
    dice = random.Random(f"{size}/{turn}")
    joins: list[Command] = []
    orders: list[Command] = []
    for number in range(friends):
        friend, inviter = f"f{turn}-{number}", f"m{dice.randrange(size)}"
        joins.append(invite.Join(by=friend, link=inviter, key=f"j{turn}-{number}", at=AT))
        orders.append(
            invite.Order(
                order=f"o{turn}-{number}", by=friend, amount=CNY(99), key=f"b{turn}-{number}",
                at=AT,
            )
        )  # fmt: skip
    return joins, orders


@dataclass(frozen=True, slots=True)
class Kept:
    """A member or an order, as the floor by hand keeps it."""

    above: str = ""
    upline: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Happened:
    """The floor's event: somebody joined, or bought."""

    kind: str
    at: datetime
    who: str
    above: str
    amount: int
    upline: tuple[str, ...]


class InMemory:
    """The least that a shop can do, as in `commands.py`: decide and evolve over a frozen state
    that is in memory, an event to a list, the key to a set.
    """

    def __init__(self, size: int) -> None:
        self.members = {
            f"m{one}": Kept(f"m{above}" if above >= 0 else "") for one, above in tree(size)
        }
        self.orders: dict[str, Kept] = {}
        self.versions: dict[str, int] = {}
        self.keys: set[str] = set()
        self.log: list[tuple[str, int, Happened]] = []

    def run(self, said: list[Command]) -> None:
        for command in said:
            if command.key in self.keys:
                continue
            if isinstance(command, invite.Join):
                id_, where = command.by, self.members
                events = self.join(command, where.get(id_))
            else:
                assert isinstance(command, invite.Order)
                id_, where = command.order, self.orders
                events = self.order(command, where.get(id_))
            version = self.versions.get(id_, 0)
            for event in events:
                version += 1
                where[id_] = self.evolve(event)
                self.log.append((id_, version, event))
            self.versions[id_] = version
            self.keys.add(command.key)

    def join(self, command: invite.Join, before: Kept | None) -> list[Happened]:
        by, link = command.by, command.link
        if before is not None or link == by or link not in self.members:
            return []
        return [Happened(kind="joined", at=command.at, who=by, above=link, amount=0, upline=())]

    def order(self, command: invite.Order, before: Kept | None) -> list[Happened]:
        if before is not None:
            return []
        above: list[str] = []
        who = self.members.get(command.by)
        while who is not None and who.above and len(above) < 2:
            above.append(who.above)
            who = self.members.get(who.above)
        return [
            Happened(
                kind="ordered", at=command.at, who=command.by, above="",
                amount=command.amount.minor, upline=tuple(above),
            )
        ]  # fmt: skip

    def evolve(self, event: Happened) -> Kept:
        return Kept(above=event.above, upline=event.upline)


class OnSqlite:
    """What a shop would have written: the same rows, by hand."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("pragma synchronous = normal")
        self.db.executescript(SQLITE)

    def run(self, said: list[Command], at_once: int) -> None:
        for start in range(0, len(said), at_once):
            self.db.execute("begin immediate")
            for command in said[start : start + at_once]:
                self.one(command)
            self.db.execute("commit")

    def one(self, command: Command) -> None:
        row = self.db.execute(
            "select j.decision from viral_keys k join viral_journal j on j.position = k.position "
            "where k.campaign = ? and k.key = ?",
            (NAME, command.key),
        ).fetchone()
        if row is not None:
            return
        if isinstance(command, invite.Join):
            self.join(command)
        elif isinstance(command, invite.Order):
            self.order(command)

    def find(self, instance: str) -> tuple[str, str] | None:
        found: tuple[str, str] | None = self.db.execute(
            "select state, parent from viral_cells where campaign = ? and instance = ?",
            (NAME, instance),
        ).fetchone()
        return found

    def join(self, command: invite.Join) -> None:
        instance, above = f"member/{command.by}", f"member/{command.link}"
        below = self.db.execute(
            "select 1 from viral_cells where campaign = ? and parent = ? and parent <> '' limit 1",
            (NAME, instance),
        ).fetchone()
        if self.find(instance) is not None or below is not None or self.find(above) is None:
            return
        since = command.at.isoformat()
        state = {"state": "member", "inviter": command.link, "since": since, "invited": 1}
        event = {"kind": "joined", "invitee": command.by, "inviter": command.link, "again": False}
        self.keep(instance, above, state, None)
        said = {"kind": "join", "by": command.by, "link": command.link, "key": command.key}
        self.log(instance, command, said, event)
        self.parts(instance, {"invitee": command.by})

    def order(self, command: invite.Order) -> None:
        instance = f"order/{command.order}"
        if self.find(instance) is not None:
            return
        above: list[str] = []
        found = self.find(f"member/{command.by}")
        while found is not None and found[1] and len(above) < 2:
            above.append(json.loads(found[0])["inviter"])
            found = self.find(found[1])
        matures = micros(AT + timedelta(days=15))
        net = {"minor": command.amount.minor, "currency": "CNY"}
        state = {
            "state": "pending", "buyer": command.by, "upline": above, "net": net, "refunds": [],
            "matures": matures, "is_kept_back": False, "due": None, "disputes": {},
        }  # fmt: skip
        event = {"kind": "ordered", "order": command.order, "buyer": command.by, "net": net,
                 "upline": above, "amount": net, "matures": matures}  # fmt: skip
        self.keep(instance, "", state, matures)
        said = {"kind": "order", "by": command.by, "order": command.order, "key": command.key,
                "amount": net, "upline": above}  # fmt: skip
        self.log(instance, command, said, event)
        roles = {f"upline({level})": who for level, who in enumerate(above, 1)}
        self.parts(instance, roles)

    def keep(self, instance: str, parent: str, state: object, deadline: int | None) -> None:
        self.db.execute(
            "insert into viral_cells (campaign, instance, rules, version, state, deadline, held, "
            "parent) values (?, ?, ?, 1, ?, ?, 0, ?)",
            (NAME, instance, RULES, json.dumps(state), deadline, parent),
        )

    def log(self, instance: str, command: Command, said: object, event: object) -> None:
        line = {"campaign": NAME, "rules": RULES, "instance": instance, "version": 1,
                "command": said, "events": [event]}  # fmt: skip
        at = micros(command.at)
        cursor = self.db.execute(
            "insert into viral_journal (campaign, instance, at, decision) values (?, ?, ?, ?)",
            (NAME, instance, at, json.dumps(line)),
        )
        self.db.execute(
            "insert into viral_keys values (?, ?, ?, ?)",
            (NAME, command.key, cursor.lastrowid, at),
        )

    def parts(self, instance: str, roles: dict[str, str]) -> None:
        for role, member in roles.items():
            self.db.execute(
                "insert into viral_parts values (?, ?, ?, ?, ?) on conflict do nothing",
                (member, NAME, instance, role, micros(AT)),
            )


def micros(at: datetime) -> int:
    """A moment as stores have it."""
    return (at - EPOCH) // timedelta(microseconds=1)


Run = Callable[[list[Command]], object]


def in_memory(size: int) -> dict[str, Run]:
    """The ways in memory over a tree of a size."""
    store = MemoryStore()
    plant(store, size)
    shop = Shop(store, [CAMPAIGN])
    floor = InMemory(size).run
    return {
        "by hand": floor,
        "by hand, 100 a transaction": floor,
        "ours": each(shop),
        "ours, many": all_of(shop),
    }


def on_sqlite(size: int, folder: Path) -> dict[str, Run]:
    """The ways on SQLite, each on a file of its own with a tree of a size."""
    runs: dict[str, Run] = {}
    for way in ("by hand", "by hand, 100 a transaction", "ours", "ours, many"):
        path = folder / f"{size}-{len(way)}.db"
        store = SqliteStore(path)
        plant(store, size)
        if way.startswith("ours"):
            shop = Shop(store, [CAMPAIGN])
            runs[way] = each(shop) if way == "ours" else all_of(shop)
            continue
        store.close()
        script, at_once = OnSqlite(path), 1 if way == "by hand" else 100
        runs[way] = lambda said, script=script, at_once=at_once: script.run(said, at_once)
    return runs


def each(shop: Shop) -> Run:
    """One commit a command; all are accepted."""

    def run(said: list[Command]) -> None:
        for command in said:
            assert isinstance(shop.handle(CAMPAIGN, command), Accepted)

    return run


def all_of(shop: Shop) -> Run:
    """Many commands a commit; all are accepted."""

    def run(said: list[Command]) -> None:
        assert all(isinstance(one, Accepted) for one in shop.handle_many(CAMPAIGN, said))

    return run


FLOORS = {"ours": "by hand", "ours, many": "by hand, 100 a transaction"}
"""What each of ours is held against."""
Key = tuple[str, str, int]
"""The way, what is done, and the size of the tree."""


def measure(made: Callable[[int], dict[str, Run]], friends: int) -> dict[Key, list[float]]:
    """Microseconds of CPU a command, turn by turn."""
    ways = {size: made(size) for size in SIZES}
    turns: dict[Key, list[float]] = {}
    for turn in range(TURNS):
        for way in ways[SIZES[0]]:
            for size in SIZES:
                joins, orders = commands(size, f"{turn}{way[:1]}{len(way)}", friends)
                for what, said in (("attach", joins), ("order", orders)):
                    gc.collect()
                    gc.freeze()
                    start = time.process_time()
                    ways[size][way](said)
                    took = (time.process_time() - start) / friends * 1e6
                    turns.setdefault((way, what, size), []).append(took)
    return turns


def times(some: list[float], other: list[float]) -> float:
    """How many times the other it is: the median of the turns."""
    return median(one / two for one, two in zip(some, other, strict=True))


def judge(where: str, turns: dict[Key, list[float]]) -> bool:
    """Print a table and the ratios by size; whether these are within bounds."""
    kinds = [(what, size) for what in ("attach", "order") for size in SIZES]
    heads = " ".join(f"{what} {size:>9,}" for what, size in kinds)
    print(f"{where:<28} {heads}   µs CPU")
    ways = list(dict.fromkeys(way for way, _, _ in turns))
    for way in ways:
        print(f"{way:<28} " + " ".join(f"{median(turns[way, *kind]):>16.1f}" for kind in kinds))
    is_good = True
    small, large = SIZES
    for way in ways:
        for what in ("attach", "order"):
            floor = FLOORS.get(way)
            ratio = times(turns[way, what, large], turns[way, what, small])
            if floor is None:
                print(f"{way}, {what}: {ratio:.2f} × itself in the small tree")
                continue
            caches = times(turns[floor, what, large], turns[floor, what, small])
            most = MOST_BY_SIZE * max(1.0, caches if where == "on SQLite" else 1.0)
            is_good &= ratio <= most
            verdict = "yes" if ratio <= most else "NO"
            of_floor = times(turns[way, what, small], turns[floor, what, small])
            print(
                f"{way}, {what}: {ratio:.2f} × itself in the small tree (at most {most:.2f}: "
                f"{verdict}), {of_floor:.2f} × {floor}"
            )
    most = MOST_ONE[where]
    for what in ("attach", "order"):
        ratio = times(turns["ours", what, small], turns["by hand", what, small])
        is_good &= ratio <= most
        verdict = "yes" if ratio <= most else "NO"
        print(f"ours {where}, {what}: {ratio:.2f} × by hand (at most {most}): {verdict}")
    return is_good


def main() -> int:
    is_good = judge("in memory", measure(in_memory, FRIENDS["in memory"]))
    gc.unfreeze()
    print()
    with tempfile.TemporaryDirectory() as folder:
        turns = measure(lambda size: on_sqlite(size, Path(folder)), FRIENDS["on SQLite"])
    return int(not (judge("on SQLite", turns) and is_good))


if __name__ == "__main__":
    sys.exit(main())
