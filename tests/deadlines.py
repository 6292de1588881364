"""Packs and asks whose time is over, and tickers in processes of which one is killed at random.

In the end every deadline must have been acted on once, nothing may be due or held, the books must
add up, and what the tickers counted may be short by no more than the last round of the dead one.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, LuckySplit, Shop, days, hours
from viralcommerce.codec import as_data
from viralcommerce.errors import StoreError
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import BY_CLOCK
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import ScriptedClock
from viralcommerce.testing.races import Race

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
LATER = NOON + days(9)
AT_ONCE = 60
"""How many deadlines a ticker acts on in one tick."""
PACKS = Campaign(
    "packs",
    pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
    grants=(Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),),
    budget=CNY(90_000_000),
)
ASKS = Campaign(
    "asks",
    collect.Collect(goal=38, within=hours(30)),
    grants=(Grant(Coupon(CNY(38)), to=collect.COLLECTOR, on=collect.REACHED),),
    budget=CNY(90_000_000),
)


def open_store(where: str) -> Store:
    """A store by its place: a file, or a schema of the server."""
    if where.endswith(".db"):
        return SqliteStore(where, busy_after=60)
    from viralcommerce.runtime.stores.postgres import PostgresStore

    return PostgresStore(os.environ["VIRALCOMMERCE_TEST_URL"], schema=where, busy_after=30)


def open_shop(where: str, at: datetime = LATER) -> Shop:
    """A shop whose clock stands still, long after everything is over."""
    return Shop(open_store(where), [PACKS, ASKS], clock=ScriptedClock(at))


def crowd(where: str, many: int) -> None:
    """Packs, from some of which a share is taken, and as many asks."""
    half = many // 2
    packs: list[Any] = []
    for number in range(half):
        packs.append(pack.Share(pack=f"p{number}", by="ann", key=f"p{number}"))
        if number % 10 == 0:
            packs.append(pack.Grab(pack=f"p{number}", by="bob", key=f"g{number}"))
    asks = [collect.Ask(ask=f"a{n}", by=f"m{n}", key=f"a{n}") for n in range(half)]
    with open_shop(where, NOON) as shop:
        shop.handle_many(PACKS, packs)
        shop.handle_many(ASKS, asks)
        assert sum(shop.store.used("packs").values()) == half * 6_000


def tick_until_idle(where: str, number: int, counts: Any) -> None:
    """One ticker: tick until nothing is due, and count what it acted on."""
    with open_shop(where) as shop:
        idle = 0
        while idle < 3:
            try:
                acted = shop.tick(limit=AT_ONCE)
            except StoreError:
                continue
            counts[number] += acted
            idle = 0 if acted else idle + 1


def race(where: str, counts: Any, seed: int) -> int:
    """Three tickers; one is killed at random, and another comes in its place; how many died."""
    context = multiprocessing.get_context("spawn")
    dice = random.Random(seed)

    def start(number: int) -> Any:
        ticker = context.Process(target=tick_until_idle, args=(where, number, counts))
        ticker.start()
        return ticker

    tickers = [start(number) for number in range(3)]
    while not sum(counts[:]):
        time.sleep(0.005)
    time.sleep(dice.random() / 10)
    victim = tickers.pop(dice.randrange(3))
    killed = int(victim.is_alive())
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    tickers.append(start(3))
    for ticker in tickers:
        ticker.join(170)
        assert ticker.exitcode == 0, "a ticker never came to its end"
    return killed


@dataclass
class Served:
    """What came of it.

    Args:
        ended: how many deadlines were acted on.
        counted: how many the tickers said they acted on.
        killed: how many tickers died at work.
        seconds: from the first ticker to the last.
        problems: what is not as it must be.
    """

    ended: int = 0
    counted: int = 0
    killed: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def serve(where: str, many: int, *, seed: int = 7) -> Served:
    """Make a crowd, let the tickers race, and hold everything against everything."""
    crowd(where, many)
    counts = multiprocessing.get_context("spawn").Array("q", 4)
    served = Served()
    began = time.perf_counter()
    served.killed = race(where, counts, seed)
    served.seconds = time.perf_counter() - began
    served.counted = sum(counts[:])
    with open_shop(where) as shop:
        if again := shop.tick():
            served.problems.append(f"{again} deadlines were left")
        for campaign in (PACKS, ASKS):
            _look(shop, campaign, served)
        served.problems += [str(problem) for problem in audit(shop.store).problems]
    if not served.ended - AT_ONCE * served.killed <= served.counted <= served.ended:
        served.problems.append(f"{served.counted} counted of {served.ended}")
    return served


def _look(shop: Shop, campaign: Campaign, served: Served) -> None:
    store, name = shop.store, campaign.name
    thawed = Race(campaign, [lambda _: None]).thawed
    ended: Counter[str] = Counter()
    for line in store.journal(name):
        decision = thawed(line)
        if decision.command.by == BY_CLOCK:
            ended[decision.instance] += 1
    served.ended += len(ended)
    served.problems += [f"{one}: ended {n} times" for one, n in ended.items() if n > 1]
    for instance, cell in store.cells(name):
        if cell.held or cell.deadline is not None:
            served.problems.append(f"{instance}: in flight still: {as_data(cell)}")
    given = [row.transfer.award for row in store.postings(name)]
    spent = sum(award.amount for award in given if award is not None)
    if sum(store.used(name).values()) != spent:
        served.problems.append(f"{name}: used {dict(store.used(name))}, gave {spent}")
