"""Many workers on one database: crowds, clocks that differ, endless conflicts, slow servers."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from postgres import fresh_schema, fresh_store, server_url
from shops import NOON, assert_clean, code, grab, share, small
from viralcommerce import CNY, WHOLE, Accepted, Campaign, Coupon, Grant, LuckySplit, Shop, days
from viralcommerce.codec import encode
from viralcommerce.errors import StoreBusy, StoreConflict
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.driver import CONFLICTS
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.ports import Store, Wanted
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing import ScriptedClock

T = TypeVar("T")
ONE = Campaign(
    "one",
    pack.CouponPack(LuckySplit(CNY(3), parts=1, least=CNY(3)), open_for=days(1)),
    grants=(Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),),
    budget=CNY(100),
)
CLIPPED = Campaign(
    "clipped",
    pack.CouponPack(LuckySplit(CNY(3), parts=1, least=CNY(3)), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
        Grant(Coupon(CNY(5)), to=pack.SHARER, on=pack.GRABBED, if_short="clip"),
    ),
    budget=CNY("300.37"),
)
"""What is left when no further pack can be opened goes to a sharer who wants more."""


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made: Any = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(tmp_path / "shop.db"),
        "postgres": lambda: fresh_store(most_connections=16),
    }[request.param]()
    yield made
    made.close()


def at_once(work: Callable[[int], T], count: int) -> list[T]:
    """The same work by so many threads at once, and what each comes to."""
    gate = threading.Barrier(count)
    answers: list[T] = []
    errors: list[BaseException] = []

    def run(number: int) -> None:
        gate.wait()
        try:
            answers.append(work(number))
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if errors:
        raise errors[0]
    assert len(answers) == count, "somebody waits for ever"
    return answers


def test_of_64_parallel_claims_of_one_coupon_one_succeeds(store: Any) -> None:
    """RQ-1: 64 parallel claims of one coupon; at litemall 36 of them succeeded."""
    with Shop(store, [ONE]) as shop:
        shop.handle(ONE, pack.Share(pack="p", by="ann"))
        told = at_once(lambda n: shop.handle(ONE, pack.Grab(pack="p", by=f"m{n}")), 64)
        assert sum(isinstance(answer, Accepted) for answer in told) == 1
        assert len({answer.command.by for answer in told}) == 64
        assert_clean(store)


def test_a_budget_hit_by_16_workers_is_never_passed_and_clipped_to_its_last_fen(
    store: Any,
) -> None:
    """EC-37, EC-113: whoever looks sees no more than the cap at any moment."""
    passed: list[int] = []
    done = threading.Event()
    cap = 30_037

    def look() -> None:
        while not done.is_set():
            passed.extend(used for used in store.used("clipped").values() if used > cap)
            time.sleep(0.002)

    watching = threading.Thread(target=look)
    watching.start()

    def spend(number: int) -> None:
        shop = Shop(store, [CLIPPED])
        for turn in range(7):
            name = f"p{number}-{turn}"
            shop.handle(CLIPPED, pack.Share(pack=name, by=f"s{number}"))
            shop.handle(CLIPPED, pack.Grab(pack=name, by="bob"))

    try:
        at_once(spend, 16)
    finally:
        done.set()
        watching.join()
    assert passed == []
    assert sum(store.used("clipped").values()) == cap, "exactly at it"
    assert_clean(store)


def test_workers_whose_clocks_differ_by_minutes_agree_on_what_is_over(store: Any) -> None:
    """EC-12, EC-80: each stamps its own time; the order of arrival is the journal's."""
    campaign = small()
    hour = timedelta(hours=1)
    slow, fast = (
        Shop(store, [campaign], clock=ScriptedClock(NOON + skew))
        for skew in (timedelta(minutes=-3), timedelta(minutes=3))
    )
    slow.handle(campaign, share())
    told = [code(one.handle(campaign, grab(by))) for one, by in ((fast, "bob"), (slow, "cid"))]
    assert told == ["yes", "yes"], "a command from before the last one is taken as it comes"
    for shop in (slow, fast):
        now: Any = shop._clock
        now.forward(hour - timedelta(minutes=3))
    assert slow.tick() == 0
    assert fast.tick() == 1, "for this one the hour is over"
    late = slow.handle(campaign, grab("dee"))
    assert code(late) == "pack_over", "what is over is over for everybody"
    assert fast.tick() == slow.tick() == 0
    assert_clean(store)


def test_tickers_and_grabbers_of_different_clocks_race_for_the_end(store: Any) -> None:
    campaign = small()
    shops = [
        Shop(store, [campaign], clock=ScriptedClock(NOON + timedelta(minutes=59.98, seconds=skew)))
        for skew in (0, 1, 2, 3)
    ]
    for number in range(6):
        shops[0].handle(campaign, share(f"p{number}", at=NOON))

    def work(number: int) -> int:
        shop = shops[number]
        for pack_number in range(6):
            shop.handle(
                campaign, grab(f"m{number}", f"p{pack_number}", key=f"{number}-{pack_number}")
            )
        return shop.tick()

    at_once(lambda n: work(n) if n < 4 else shops[3].tick(), 6)
    shops[3].tick()
    lines = [_json(line.decision) for line in store.journal("rain-pack")]
    ended = [line.partition(b'"instance":"')[2][:2] for line in lines if b'"expired"' in line]
    assert sorted(ended) == [b"p0", b"p1", b"p2", b"p3", b"p4", b"p5"]
    assert sum(store.used("rain-pack").values()) == _given(store)
    assert_clean(store)


def _given(store: Any) -> int:
    awards = [row.transfer.award for row in store.postings("rain-pack")]
    return sum(award.amount for award in awards if award is not None)


def _json(decision: Any) -> bytes:
    return decision if isinstance(decision, bytes) else encode(decision)


class Conflicting:
    """A store whose commits are undone in favor of others, so many times.

    Args:
        inner: the store.
        times: how many commits are undone.
    """

    def __init__(self, inner: Any, times: int) -> None:
        self.inner, self.times, self.tries = inner, times, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def session(self) -> Any:
        return ConflictingSession(self.inner.session(), self)


class ConflictingSession:
    """A unit of work that may be undone."""

    def __init__(self, inner: Any, store: Conflicting) -> None:
        self.inner, self.store = inner, store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def commit(self, writes: Any) -> Any:
        self.store.tries += 1
        if self.store.tries <= self.store.times:
            self.inner.close()
            raise StoreConflict("undone in favor of another; nothing was written; try again")
        return self.inner.commit(writes)


@pytest.mark.parametrize("times", [CONFLICTS, 10_000])
def test_what_is_undone_again_and_again_is_given_up_within_a_bound(times: int) -> None:
    """Deadlocks and serialization failures; in both shells."""
    for asynchronous in (False, True):
        store = Conflicting(MemoryStore(), times)

        def handle(store: Any = store, later: bool = asynchronous) -> Any:
            command = pack.Share(pack="p", by="ann", key="s")
            if not later:
                return Shop(store, [ONE]).handle(ONE, command)
            return asyncio.run(AsyncShop(InThreads(store), [ONE]).handle(ONE, command))

        if times == CONFLICTS:
            assert isinstance(handle(), Accepted)
            continue
        with pytest.raises(StoreConflict):
            handle()
        assert CONFLICTS < store.tries <= CONFLICTS + 2
        assert list(store.inner.journal("one")) == []


@pytest.mark.slow
def test_a_deadlock_on_postgres_is_run_again_by_the_shop() -> None:
    """EC-113: somebody locks against the order; the one undone gets its answer."""
    store: Any = fresh_store(busy_after=20)
    names = sorted(("a", "b"), key=lambda one: store.tables.unit()._hashes([("cell", "one", one)]))
    first, last = (Wanted(cells=(("one", name),)) for name in names)
    with Shop(store, [ONE]) as shop:
        rude = store.session()
        rude.lock(last)
        batch = [pack.Share(pack=name, by="ann", key=name) for name in ("a", "b")]
        told: list[Any] = []
        waiting = threading.Thread(target=lambda: told.extend(shop.handle_many(ONE, batch)))
        waiting.start()
        time.sleep(0.3)  # it holds the first, and waits for the last
        outcome: list[str] = []
        try:
            rude.lock(first)
            outcome.append("the shop was undone")
        except StoreConflict:
            outcome.append("the rude one was undone")
        finally:
            rude.close()
        waiting.join(20)
        assert [isinstance(one, Accepted) for one in told] == [True, True], outcome
        assert_clean(store)


def test_a_statement_that_takes_too_long_has_written_nothing_and_the_same_key_settles() -> None:
    """RQ-22: a server that is too slow at the commit."""
    psycopg = pytest.importorskip("psycopg")
    store: Any = fresh_store(busy_after=0.2)
    with (
        Shop(store, [ONE]) as shop,
        psycopg.connect(server_url(), autocommit=True) as operator,
    ):
        operator.execute(
            f"create function {store.schema}.slow() returns trigger language plpgsql as "
            "'begin perform pg_sleep(5); return new; end'"
        )
        operator.execute(
            f"create trigger slow before insert on {store.schema}.journal for each row "
            f"execute function {store.schema}.slow()"
        )
        command = pack.Share(pack="p", by="ann", key="s")
        with pytest.raises(StoreBusy, match="nothing was written"):
            shop.handle(ONE, command)
        assert list(store.journal("one")) == []
        operator.execute(f"drop trigger slow on {store.schema}.journal")
        assert isinstance(shop.handle(ONE, command), Accepted)
        assert_clean(store)


def claim(where: str, number: int, answers: Any) -> None:
    """One process that claims the one coupon, a few times under one key."""
    store: Store
    if where.endswith(".db"):
        store = SqliteStore(where, busy_after=60)
    else:
        from viralcommerce.runtime.stores.postgres import PostgresStore

        store = PostgresStore(os.environ["VIRALCOMMERCE_TEST_URL"], schema=where)
    with Shop(store, [ONE]) as shop:
        for _ in range(3):
            answer = shop.handle(ONE, pack.Grab(pack="p", by=f"m{number}", key=f"k{number}"))
            answers.put((number, isinstance(answer, Accepted)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_processes_that_claim_one_coupon(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = str(tmp_path / "shop.db")
    store: Any
    if kind == "sqlite":
        store = SqliteStore(where)
    else:
        from viralcommerce.runtime.stores.postgres import PostgresStore

        monkeypatch.setenv("VIRALCOMMERCE_TEST_URL", server_url())
        where = fresh_schema()
        store = PostgresStore(server_url(), schema=where)
    with Shop(store, [ONE]) as shop:
        shop.handle(ONE, pack.Share(pack="p", by="ann"))
        context = multiprocessing.get_context("spawn")
        answers = context.Queue()
        workers = [
            context.Process(target=claim, args=(where, number, answers)) for number in range(6)
        ]
        for worker in workers:
            worker.start()
        told = [answers.get(timeout=60) for _ in range(18)]
        for worker in workers:
            worker.join(60)
        winners = [number for number, won in told if won]
        assert len(set(winners)) == 1
        assert len(winners) == 3, "the same key is told the same three times"
        assert_clean(store)
