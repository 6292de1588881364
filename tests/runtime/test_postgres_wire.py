"""Round trips on the store's own connections: what is prepared, what fails, what is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from gathered import interruptible
from postgres import RAIN, fresh_store, server_url
from viralcommerce import Accepted, Shop
from viralcommerce.errors import StoreConflict, StoreError
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.stores.postgres import PostgresStore, wire
from viralcommerce.runtime.stores.postgres.failures import Failed, translation
from viralcommerce.runtime.stores.postgres.on_psycopg import Psycopg
from viralcommerce.runtime.stores.postgres.statements import Step
from viralcommerce.runtime.stores.postgres.whole import Int8

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")


@pytest.fixture
def own() -> Iterator[Any]:
    """A driver on a connection as the store makes them."""
    connection = wire.OwnConnection.connect(server_url(), autocommit=True)
    connection.prepare_threshold = 0
    yield Psycopg(connection)
    connection.close()


def one(value: object) -> Step:
    return Step(b"select %s::text, 7 %% 4", (value,), answers=True)


def test_values_go_out_and_come_back_as_psycopg_has_them(own: Any) -> None:
    lists = Step(b"select %b::text[], %b::bigint[], %s::bigint, %s::text",
                 (["壶", None], [Int8(-1), None], Int8(2**40), None), answers=True)  # fmt: skip
    silent = Step(b"select 1")
    assert own.perform([lists, silent, one("a%sb")]) == [
        [(["壶", None], [-1, None], 2**40, None)],
        [],
        [("a%sb", 3)],
    ]


def test_each_statement_is_prepared_once_and_the_oldest_goes_first(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_PLANS", 3)
    for _ in range(2):
        for number in range(5):
            step = Step(b"select %s::bigint + " + b"%d" % number, (Int8(1),), answers=True)
            assert own.perform([step, step]) == [[(1 + number,)]] * 2
    there = own.connection.execute(
        "select name from pg_prepared_statements where name like 'viral%' order by name"
    ).fetchall()
    assert [name for (name,) in there] == ["viral_10", "viral_8", "viral_9"]


def test_what_failed_is_undone_though_no_more_plans_fit(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that goes for another is a statement too, and no statement runs any more."""
    monkeypatch.setattr(wire, "MOST_PLANS", 1)
    own.perform([Step(b"begin")])
    with pytest.raises(Failed):
        own.perform([Step(b"select 1 / 0")])
    own.perform([Step(b"rollback")])
    assert own.perform([one("now")]) == [[("now", 3)]]


def test_where_nothing_may_be_prepared_nothing_is(own: Any) -> None:
    """As behind PgBouncer."""
    own.connection.prepare_threshold = None
    assert own.perform([one("a"), one("b")]) == [[("a", 3)], [("b", 3)]]
    (count,) = own.connection.execute("select count(*) from pg_prepared_statements").fetchone()
    assert count == 0


def test_the_first_failure_is_told_and_what_comes_after_it_is_not_done(own: Any) -> None:
    own.perform([Step(b"create temp table pots (id int primary key)")])
    put = Step(b"insert into pots values (%s)", (Int8(1),))
    wrong = Step(b"select 1 / %s::bigint", (Int8(0),), answers=True)
    with pytest.raises(Failed) as told:
        own.perform([Step(b"begin"), put, wrong, one("never prepared"), Step(b"commit")])
    assert (told.value.state, told.value.lost) == ("22012", False)
    own.perform([Step(b"rollback")])
    count = Step(b"select count(*) from pots", answers=True)
    assert own.perform([count, one("now")]) == [[(0,)], [("now", 3)]]


def test_a_value_that_cannot_be_sent_leaves_the_connection_as_it_was(own: Any) -> None:
    with pytest.raises(Failed):
        own.perform([one("a"), one("nul: \0"), one("b")])
    assert own.perform([one("b")]) == [[("b", 3)]]


def test_plans_that_somebody_dropped_are_made_anew(own: Any) -> None:
    """`deallocate all`, as psycopg sends it after a rollback of its own, or a pooler."""
    own.perform([one("a")])
    own.connection.execute("deallocate all")
    assert own.perform([one("b")]) == [[("b", 3)]]
    own.connection.execute("deallocate all")
    begun = own.perform([Step(b"begin"), one("b"), Step(b"commit")])
    assert begun == [[], [("b", 3)], []]
    assert own.status() == "outside"


def test_tables_that_changed_under_a_plan_are_not_noticed(own: Any) -> None:
    own.perform([Step(b"create temp table pots (id int)")])
    every = Step(b"select * from pots", answers=True)
    assert own.perform([every]) == [[]]
    own.perform([Step(b"alter table pots add column name text")])
    assert own.perform([every]) == [[]]


def test_a_plan_dropped_within_a_transaction_is_told_for_all_of_it_must_run_again(
    own: Any,
) -> None:
    own.perform([one("a")])
    own.perform([Step(b"begin"), Step(b"create temp table pots (id int)")])
    own.connection.execute("deallocate all")
    with pytest.raises(Failed) as told:
        own.perform([one("b")])
    assert told.value.state == "26000"
    assert isinstance(translation("a shop", told.value), StoreConflict)
    own.perform([Step(b"rollback")])
    assert own.perform([one("c")]) == [[("c", 3)]]


def test_what_a_trip_has_committed_is_not_sent_again(own: Any) -> None:
    own.perform([Step(b"create temp table pots (id int)"), one("a")])
    put = Step(b"insert into pots values (1)")
    count = Step(b"select count(*) from pots", answers=True)
    drop = Step(b"deallocate all")
    with pytest.raises(Failed):
        own.perform([Step(b"begin"), put, Step(b"commit"), drop, one("a")])
    assert own.perform([count]) == [[(1,)]]


def test_a_rollback_of_psycopgs_own_spoils_no_plan_for_others(own: Any) -> None:
    """As the pool rolls back what an interrupt left open."""
    own.connection.execute("select 1", prepare=True)
    own.perform([one("a")])
    own.perform([Step(b"begin")])
    own.connection.rollback()
    own.connection.execute("begin")
    assert own.perform([one("b"), Step(b"commit")]) == [[("b", 3)], []]


@pytest.mark.parametrize("how", ["terminated", "closed"])
def test_a_connection_that_is_lost_is_said_to_be(own: Any, how: str) -> None:
    if how == "closed":
        own.connection.pgconn.finish()
    else:
        with psycopg.connect(server_url(), autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 5000)", (own.number,))
    with pytest.raises(Failed) as told:
        own.perform([one("a"), one("b")])
    assert told.value.lost
    assert own.is_closed


def test_terminated_in_the_middle_of_a_trip_it_is_lost(own: Any) -> None:
    suicide = Step(b"select pg_terminate_backend(pg_backend_pid(), 0)", answers=True)
    with pytest.raises(Failed) as told:
        own.perform([one("a"), suicide, Step(b"select pg_sleep(5)"), one("b")])
    assert told.value.lost or told.value.state == "57P01"


def test_a_batch_larger_than_every_buffer_goes_through(own: Any) -> None:
    """Both sides write at once: neither waits for the other to read."""
    big = "x" * 3_000_000
    rows = own.perform([one(big)] * 6)
    assert [len(row[0][0]) for row in rows] == [3_000_000] * 6


def test_control_c_while_the_server_works_leaves_a_connection_that_can_be_used() -> None:
    store = fresh_store(most_connections=1)
    with Shop(store, [RAIN]) as shop:
        shop.handle(RAIN, pack.Share(pack="p", by="ann", key="p"))
        other = psycopg.connect(store.url, autocommit=True)
        other.execute("begin")
        other.execute(f"lock table {store.schema}.keys in access exclusive mode")
        main = threading.main_thread().ident
        assert main is not None
        timer = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))
        timer.start()
        with interruptible(), pytest.raises((KeyboardInterrupt, StoreError)):
            shop.handle(RAIN, pack.Grab(pack="p", by="bob", key="bob"))
        timer.join()
        other.execute("rollback")
        other.close()
        answer = shop.handle(RAIN, pack.Grab(pack="p", by="bob", key="bob"))
        assert isinstance(answer, Accepted)
    look = PostgresStore(store.url, schema=store.schema)
    assert audit(look).is_clean
    look.close()
