"""One command in memory: ours whole, against the floor by hand and a peer, in one run.

Every way runs the same story, ten commands to a stream, in turns, each in its own process; the
median of each counts (in CPU time), and only the ratios mean anything:

- *by hand*: decide and evolve over a cached frozen state, appended to a list, keys in a set; no
  reward, no quota, no ledger;
- *eventsourcing*: that library's aggregate, cached as it comes, which copies it out of the cache
  (skipped where it is not installed);
- *ours, like*: a like and its point: stamped, decided, priced, journaled, ledgered, keyed;
- *ours, grab*: a share drawn from a lucky pack's hold, one grant;
- *ours, both sides*: the same with a second grant under a limit;
- *ours, likes, many*: the likes through ``handle_many``, 500 to a commit;
- *bare*: decide, evolve and price alone, as the lab runs them.

Run it alone: ``python benchmarks/commands.py``.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from viralcommerce import (
    CNY,
    UNLIMITED,
    WHOLE,
    Campaign,
    Coupon,
    Grant,
    Limit,
    LuckySplit,
    Points,
    Shop,
    days,
    hours,
)
from viralcommerce.known import Facts
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command, Refusal
from viralcommerce.pricing import Pricing
from viralcommerce.program import Program, QuotaKey

STREAMS, TURNS = 5_000, 5
COMMANDS = STREAMS * 10
AT = datetime(2026, 11, 11, 10, tzinfo=UTC)

MOST_OF_FLOOR = 5.0
"""Ours, a like with its point, against the floor by hand."""
LEAST_OF_PEER = 10.0
"""The eventsourcing library's cached aggregate against ours."""
LEAST_BARE = 100_000
"""Bare commands a second on one core (printed; it depends on the machine)."""

LIKES = Campaign(
    "likes",
    collect.Collect(goal=38, within=hours(48)),
    grants=(Grant(Points(1), to=collect.LIKER, on=collect.LIKED),),
    budget=UNLIMITED,
)
SPLIT = LuckySplit(CNY(60), parts=10, least=CNY(3))
GRABBER = Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED)
SHARER = Grant(
    Coupon(CNY(2), valid_for=days(7)),
    to=pack.SHARER,
    on=pack.GRABBED,
    at_most=Limit(5, per=pack.PACK),
)
GRABS = Campaign(
    "grabs",
    pack.CouponPack(SPLIT, open_for=days(1)),
    grants=GRABBER,
    budget=CNY(100_000_000),
)
BOTH = Campaign(
    "both-sides",
    pack.CouponPack(SPLIT, open_for=days(1)),
    grants=(GRABBER, SHARER),
    budget=CNY(100_000_000),
)


@dataclass(frozen=True, slots=True)
class Total:
    """The floor's state."""

    n: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Referred:
    """The floor's event."""

    kind: str
    actor: str
    target: str
    amount: int
    at: str
    channel: str


SAID = {
    "kind": "Referred",
    "actor": "user-000123",
    "target": "user-000456",
    "amount": 1999,
    "at": "2025-05-01T12:34:56.789Z",
    "channel": "share",
}


def by_hand() -> Callable[[], None]:
    states: dict[str, Total] = {}
    versions: dict[str, int] = {}
    log: list[tuple[str, int, Referred]] = []
    keys: set[str] = set()
    streams = [f"s{i}" for i in range(STREAMS)]
    names = [f"k{i}" for i in range(COMMANDS)]

    def decide(command: Mapping[str, Any], state: Total) -> list[Referred]:
        return [Referred(**command)] if state.n < 1000 else []

    def evolve(state: Total, event: Referred) -> Total:
        return Total(state.n + 1, state.total + event.amount)

    def run() -> None:
        for i in range(COMMANDS):
            key = names[i]
            if key in keys:
                continue
            stream = streams[i % STREAMS]
            state = states.get(stream) or Total()
            version = versions.get(stream, 0)
            for event in decide(SAID, state):
                state = evolve(state, event)
                version += 1
                log.append((stream, version, event))
            states[stream] = state
            versions[stream] = version
            keys.add(key)

    return run


try:
    from eventsourcing.domain import Aggregate, event
except ImportError:
    HAS_PEER = False
else:
    HAS_PEER = True

    class Camp(Aggregate):
        """The peer's aggregate: the same story."""

        @event("Started")
        def __init__(self) -> None:
            self.n = 0
            self.total = 0

        @event("Referred")
        def refer(
            self, kind: str, actor: str, target: str, amount: int, at: str, channel: str
        ) -> None:
            self.n += 1
            self.total += amount


def eventsourcing() -> Callable[[], None] | None:
    if not HAS_PEER:
        return None
    from eventsourcing.application import Application

    environ = {"AGGREGATE_CACHE_MAXSIZE": "100000"}
    application: Any = Application(env=environ)
    camps = []
    for _ in range(STREAMS):
        camp = Camp()
        application.save(camp)
        camps.append(camp.id)

    def run() -> None:
        for i in range(COMMANDS):
            camp = application.repository.get(camps[i % STREAMS])
            camp.refer(**SAID)
            application.save(camp)

    return run


def _likes() -> Iterator[Command]:
    for stream in range(STREAMS):
        yield collect.Ask(ask=f"a{stream}", by="ann", key=f"a{stream}", at=AT)
    for friend in range(9):
        for stream in range(STREAMS):
            yield collect.Like(
                ask=f"a{stream}", by=f"user-{friend}", key=f"l{friend}-{stream}", at=AT
            )


def _grabs() -> Iterator[Command]:
    for stream in range(STREAMS):
        yield pack.Share(pack=f"p{stream}", by="ann", key=f"p{stream}", at=AT)
    for friend in range(9):
        for stream in range(STREAMS):
            yield pack.Grab(
                pack=f"p{stream}", by=f"user-{friend}", key=f"g{friend}-{stream}", at=AT
            )


def ours(campaign: Campaign, commands: Callable[[], Iterator[Command]]) -> Callable[[], None]:
    shop = Shop.open("memory:", campaign)
    said = list(commands())

    def run() -> None:
        handle = shop.handle
        for command in said:
            handle(campaign, command)

    return run


@dataclass(frozen=True, slots=True)
class Known:
    """What the lab tells pricing: nothing but what was used so far."""

    facts: Facts
    counted: dict[QuotaKey, int]
    used: dict[QuotaKey, int]
    hot: dict[QuotaKey, int]
    short: dict[QuotaKey, int]
    all_counted: bool = True


def many(campaign: Campaign, commands: Callable[[], Iterator[Command]]) -> Callable[[], None]:
    shop = Shop.open("memory:", campaign)
    said = list(commands())

    def run() -> None:
        shop.handle_many(campaign, said)

    return run


def bare(campaign: Campaign, commands: Callable[[], Iterator[Command]]) -> Callable[[], None]:
    import msgspec

    program = Program(campaign)
    mechanic = program.mechanic
    seeds = (f"{i * 0x9E3779B97F4A7C15 % 2**128:032x}" for i in range(1, COMMANDS + 1))
    said = [msgspec.structs.replace(command, entropy=next(seeds)) for command in commands()]

    def run() -> None:
        states: dict[str, object] = {}
        used: dict[tuple[str, str, str, str], int] = {}
        known = Known({}, {}, used, {}, {})
        for command in said:
            instance = mechanic.instance(command)
            state = states.get(instance) or mechanic.initial()
            events = mechanic.decide(command, state)
            if isinstance(events, Refusal):
                continue
            reached = [one for event in events for one in mechanic.reached(event)]
            pricing = Pricing(program, None, AT, instance, 1, known)
            pricing.price(reached, 0, 0)
            for event in events:
                state = mechanic.evolve(state, event)
            states[instance] = state
            for key, change in pricing.used.items():
                used[key] = used.get(key, 0) + change

    return run


WAYS: dict[str, Callable[[], Callable[[], None] | None]] = {
    "by hand": by_hand,
    "eventsourcing": eventsourcing,
    "ours, like": lambda: ours(LIKES, _likes),
    "ours, grab": lambda: ours(GRABS, _grabs),
    "ours, both sides": lambda: ours(BOTH, _grabs),
    "ours, likes, many": lambda: many(LIKES, _likes),
    "bare, like": lambda: bare(LIKES, _likes),
    "bare, both sides": lambda: bare(BOTH, _grabs),
}


def one(name: str) -> float | None:
    """CPU microseconds a command of one way, in this process."""
    run = WAYS[name]()
    if run is None:
        return None
    gc.collect()
    began = time.process_time()
    run()
    return (time.process_time() - began) / COMMANDS * 1e6


def measure() -> dict[str, float]:
    """CPU microseconds a command by way: the median of turns, each in a process of its own."""
    took: dict[str, list[float]] = {}
    for _ in range(TURNS):
        for name in WAYS:
            command = [sys.executable, __file__, name]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            if done.stdout.strip() != "None":
                took.setdefault(name, []).append(float(done.stdout))
    return {name: statistics.median(turns) for name, turns in took.items()}


def main() -> int:
    if len(sys.argv) > 1:
        print(one(sys.argv[1]))
        return 0
    median = measure()
    floor = median["by hand"]
    print(f"{'way':<18} {'µs CPU':>8} {'× by hand':>10}")
    for name, took in median.items():
        print(f"{name:<18} {took:8.2f} {took / floor:10.2f}")
    ratio = median["ours, like"] / floor
    held = ratio <= MOST_OF_FLOOR
    print(f"ours, like: {ratio:.2f} × by hand (at most {MOST_OF_FLOOR}): {_verdict(held)}")
    peer = median.get("eventsourcing")
    if peer is not None:
        ratio = peer / median["ours, like"]
        enough = ratio >= LEAST_OF_PEER
        held = held and enough
        print(
            f"eventsourcing: {ratio:.1f} × ours, like (at least {LEAST_OF_PEER}): "
            f"{_verdict(enough)}"
        )
    rate = 1e6 / median["bare, both sides"]
    print(f"bare, both sides: {rate:,.0f} commands a second here (aim {LEAST_BARE:,})")
    return int(not held)


def _verdict(held: bool) -> str:
    return "yes" if held else "NO"


if __name__ == "__main__":
    sys.exit(main())
