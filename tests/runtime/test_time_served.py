"""Time served: every deadline once, whoever ticks and dies, and an idle tick costs nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from deadlines import serve
from postgres import fresh_schema, fresh_store, server_url
from shops import NOON, ask, assert_clean, at, likes, rain, share, shop_of, small
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import ScriptedClock

MANY = 1_200
"""How many packs and asks; `benchmarks/deadlines.py` runs ten thousand."""


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
    served = serve(where, MANY)
    assert served.problems == []
    assert served.ended == MANY


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
