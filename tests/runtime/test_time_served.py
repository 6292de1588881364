"""Time served: every deadline once, whoever ticks and dies, and an idle tick costs nothing."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from postgres import fresh_schema, fresh_store, server_url
from shops import NOON, ask, assert_clean, at, likes, rain, share, shop_of, small
from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, LuckySplit, Shop, days, hours
from viralcommerce.errors import StoreError
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import ScriptedClock

MANY = int(os.environ.get("VIRALCOMMERCE_DEADLINES", "1200"))
"""How many packs and asks; `benchmarks/deadlines.py` runs ten thousand."""
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


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made: Any = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(tmp_path / "shop.db"),
        "postgres": fresh_store,
    }[request.param]()
    yield made
    made.close()


def open_store(where: str) -> Store:
    """A store by its place: a file, or a schema of the server."""
    if where.endswith(".db"):
        return SqliteStore(where, busy_after=60)
    from viralcommerce.runtime.stores.postgres import PostgresStore

    return PostgresStore(os.environ["VIRALCOMMERCE_TEST_URL"], schema=where, busy_after=30)


def tick_until_idle(where: str, number: int, counts: Any) -> None:
    """One ticker: tick until nothing is due, and count what it acted on."""
    with Shop(open_store(where), [PACKS, ASKS], clock=ScriptedClock(at(days=9))) as shop:
        idle = 0
        while idle < 3:
            try:
                acted = shop.tick(limit=60)
            except StoreError:
                continue
            counts[number] += acted
            idle = 0 if acted else idle + 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_three_tickers_and_one_that_is_killed_act_on_every_deadline_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RQ-1, RQ-22: packs, asks and what they hold; then nothing is due, and nothing is held."""
    where = str(tmp_path / "shop.db")
    if kind == "postgres":
        monkeypatch.setenv("VIRALCOMMERCE_TEST_URL", server_url())
        where = fresh_schema()
    told = crowd(where, MANY)
    counts = multiprocessing.get_context("spawn").Array("q", 4)
    killed = race(where, counts)
    with Shop(open_store(where), [PACKS, ASKS], clock=ScriptedClock(at(days=9))) as shop:
        assert shop.tick() == 0
        assert list(shop.due(at(days=99))) == []
        ended: Counter[str] = Counter()
        for name in ("packs", "asks"):
            for line in shop.store.journal(name):
                if b'"kind":"expire"' in bytes(line.decision):  # type: ignore[arg-type]
                    ended[text_between(bytes(line.decision), b'"instance":"', b'"')] += 1  # type: ignore[arg-type]
            assert all(cell.held == 0 for _, cell in shop.store.cells(name))
            assert all(cell.deadline is None for _, cell in shop.store.cells(name))
            given = [row.transfer.award for row in shop.store.postings(name)]
            spent = sum(award.amount for award in given if award is not None)
            assert sum(shop.store.used(name).values()) == spent
        assert len(ended) == told
        assert set(ended.values()) == {1}
        own = sum(counts[:])
        assert own <= told, "what another ticker did is not counted again"
        assert own >= told - 60 * killed, "all but the last round of who was killed is counted"
        report = audit(shop.store)
        assert [str(problem) for problem in report.problems] == []


def crowd(where: str, many: int) -> int:
    """Packs, some with shares taken, and asks; how many deadlines that makes."""
    half = many // 2
    commands: list[Any] = []
    for number in range(half):
        commands.append(pack.Share(pack=f"p{number}", by="ann", at=NOON, key=f"p{number}"))
        if number % 10 == 0:
            commands.append(pack.Grab(pack=f"p{number}", by="bob", at=NOON, key=f"g{number}"))
    with Shop(open_store(where), [PACKS, ASKS]) as shop:
        shop.handle_many(PACKS, commands)
        shop.handle_many(
            ASKS,
            [collect.Ask(ask=f"a{n}", by=f"m{n}", at=NOON, key=f"a{n}") for n in range(half)],
        )
        spent = shop.store.used("packs")
        assert sum(spent.values()) == half * 6_000
    return half * 2


def race(where: str, counts: Any) -> int:
    """Three tickers; one is killed at random, and another comes in its place; how many died."""
    context = multiprocessing.get_context("spawn")

    def start(number: int) -> Any:
        ticker = context.Process(target=tick_until_idle, args=(where, number, counts))
        ticker.start()
        return ticker

    tickers = [start(number) for number in range(3)]
    while not sum(counts[:]):
        time.sleep(0.005)
    time.sleep(random.Random(7).random() / 10)
    victim = tickers.pop(random.Random(8).randrange(3))
    killed = int(victim.is_alive())
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    tickers.append(start(3))
    for ticker in tickers:
        ticker.join(170)
        assert ticker.exitcode == 0
    return killed


def text_between(text: bytes, before: bytes, after: bytes) -> str:
    return text.partition(before)[2].partition(after)[0].decode()


def test_what_others_ended_meanwhile_makes_room_for_what_is_due_next(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit counts what is acted on, not what was found."""
    one, other = (shop_of(small(), store=store) for _ in range(2))
    for number in range(6):
        one.handle(small(), share(f"p{number}", at=at(minutes=number)))
    due = store.due

    def slow(*values: Any) -> Any:
        found = due(*values)
        monkeypatch.undo()
        assert other.tick(at(days=1), limit=2) == 2
        return found

    monkeypatch.setattr(store, "due", slow)
    assert one.tick(at(days=1), limit=3) == 3
    assert one.tick(at(days=1)) == 1
    assert_clean(store)


def test_a_store_that_never_forgets_a_deadline_does_not_keep_a_ticker_for_ever() -> None:
    store = MemoryStore()
    shop = shop_of(small(), store=store)
    shop.handle(small(), share())
    found = store.due(at(days=1), 9, ["rain-pack"])
    assert shop.tick(at(days=1)) == 1
    store.due = lambda *_: found  # type: ignore[method-assign]
    assert shop.tick(at(days=1)) == 0


def test_a_tick_of_many_reads_and_writes_in_few_statements(tmp_path: Path) -> None:
    statements = traced(tmp_path / "shop.db")
    shop = shop_of(small(), store=statements.store)
    shop.handle_many(small(), [share(f"p{n}", at=NOON) for n in range(50)])
    statements.clear()
    assert shop.tick(at(days=1)) == 50
    begun = [one for one in statements if one.lower().startswith("begin")]
    assert len(begun) == 1, "fifty deadlines share one commit"


class Traced(list[str]):
    """The statements that SQLite ran, and the store that ran them."""

    store: SqliteStore


def traced(path: Path) -> Traced:
    said = Traced()
    said.store = SqliteStore(path)
    connection = said.store._take()
    connection.set_trace_callback(said.append)
    said.store._give_back(connection)
    return said


def test_an_idle_tick_is_one_indexed_statement_on_sqlite(tmp_path: Path) -> None:
    """However many deadlines lie ahead, and however many are nobody's any more."""
    path = tmp_path / "shop.db"
    said = traced(path)
    gone = rain().replace(name="gone")
    abandoned = shop_of(gone, store=said.store)
    abandoned.handle_many(gone, [share(f"p{n}", at=at(days=-9)) for n in range(200)])
    shop = shop_of(small(), likes(2), store=said.store, clock=ScriptedClock(NOON))
    shop.handle_many(small(), [share(f"p{n}", at=NOON) for n in range(200)])
    shop.handle(likes(2), ask("a1", at=NOON))
    said.clear()
    assert shop.tick() == 0
    assert len(said) == 1, said
    with sqlite3.connect(path) as connection:
        plan = [row[3] for row in connection.execute(f"explain query plan {said[0]}")]
    connection.close()
    assert any(
        "USING COVERING INDEX viral_cells_deadline (campaign=? AND deadline<?)" in step
        for step in plan
    ), plan


def test_an_idle_tick_is_one_indexed_statement_on_postgres(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    psycopg = pytest.importorskip("psycopg")
    store: Any = fresh_store()
    gone = rain().replace(name="gone")
    shop_of(gone, store=store).handle_many(
        gone, [share(f"p{n}", at=at(days=-9)) for n in range(3000)]
    )
    shop = shop_of(small(), store=store, clock=ScriptedClock(NOON))
    shop.handle_many(small(), [share(f"p{n}", at=NOON) for n in range(500)])
    said: list[tuple[Any, Any]] = []
    execute = psycopg.Cursor.execute

    def trace(cursor: Any, sql: Any, values: Any = None, **options: Any) -> Any:
        said.append((sql, values))
        return execute(cursor, sql, values, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", trace)
    assert shop.tick() == 0
    monkeypatch.undo()
    assert len(said) == 1, said
    ((sql, values),) = said
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"vacuum analyze {store.schema}.cells")  # as the server does by itself
        rows = connection.execute(b"explain (analyze, buffers off) " + sql, values).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert "Index Only Scan using cells_deadline" in plan or (
        "Index Scan using cells_deadline" in plan
    ), plan
    assert "Seq Scan" not in plan, plan
    assert "Rows Removed" not in plan, plan
    store.close()
