"""Inside the host's own transaction: committed and rolled back with it, never poisoning it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from postgres import RAIN, fresh_store, server_url
from viralcommerce import CNY, Accepted, Refused, Shop
from viralcommerce.errors import RetryTransaction, StoreBusy
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Wanted

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop(fresh_store(busy_after=5), [RAIN]) as shop:
        yield shop


@pytest.fixture
def host() -> Iterator[Any]:
    with psycopg.connect(server_url()) as connection:
        connection.execute("create temp table orders (id text primary key)")
        connection.commit()
        yield connection


def test_it_commits_and_rolls_back_with_the_host(shop: Shop, host: Any) -> None:
    host.execute("insert into orders values ('o1')")
    decision = shop.within(host).handle(RAIN, pack.Share(pack="p", by="ann", key="k"))
    assert isinstance(decision, Accepted)
    assert shop.store.cell("rain-pack", "p") is None, "nobody else sees it yet"
    assert shop.within(host).store.cell("rain-pack", "p") is not None, "the host does"
    host.rollback()
    assert shop.store.cell("rain-pack", "p") is None
    assert dict(shop.store.used("rain-pack")) == {}
    host.execute("insert into orders values ('o1')")
    shop.within(host).handle(RAIN, pack.Share(pack="p", by="ann", key="k"))
    shop.within(host).handle(RAIN, pack.Grab(pack="p", by="bob"))
    host.commit()
    assert shop.store.cell("rain-pack", "p") is not None
    assert audit(shop.store).is_clean


def test_a_connection_in_no_transaction_is_refused(shop: Shop) -> None:
    with psycopg.connect(server_url(), autocommit=True) as idle:
        with pytest.raises(RetryTransaction, match="begin one"):
            shop.within(idle).handle(RAIN, pack.Share(pack="p", by="ann"))
        with idle.transaction():
            shop.within(idle).handle(RAIN, pack.Share(pack="p", by="ann"))
    assert shop.store.cell("rain-pack", "p") is not None


def test_a_failed_transaction_of_the_host_is_told_to_begin_again(shop: Shop, host: Any) -> None:
    with pytest.raises(psycopg.Error):
        host.execute("select 1 / 0")
    with pytest.raises(RetryTransaction, match="has failed"):
        shop.within(host).handle(RAIN, pack.Share(pack="p", by="ann"))


def test_our_failure_does_not_poison_the_host(shop: Shop, host: Any) -> None:
    """Others hold the pack for longer than the host's timeout: it goes on with its own work."""
    shop.handle(RAIN, pack.Share(pack="p", by="ann"))
    holder = shop.store.session()
    holder.lock(Wanted(cells=(("rain-pack", "p"),)))
    host.execute("set local lock_timeout = '100ms'")
    host.execute("insert into orders values ('o1')")
    with pytest.raises(StoreBusy):
        shop.within(host).handle(RAIN, pack.Grab(pack="p", by="bob"))
    holder.close()
    host.execute("insert into orders values ('o2')")
    assert isinstance(shop.within(host).handle(RAIN, pack.Grab(pack="p", by="bob")), Accepted)
    host.commit()
    assert host.execute("select count(*) from orders").fetchone() == (2,)
    assert audit(shop.store).is_clean


def test_a_budget_that_runs_short_inside_the_host_is_refused_there(host: Any) -> None:
    tiny = RAIN.replace(budget=CNY(100))
    with Shop(fresh_store(), [tiny]) as shop:
        host.execute("select 1")
        inside = shop.within(host)
        assert isinstance(inside.handle(tiny, pack.Share(pack="p", by="ann")), Accepted)
        assert isinstance(inside.handle(tiny, pack.Share(pack="q", by="ann")), Refused)
        host.commit()
        assert audit(shop.store).is_clean


def test_a_snapshot_that_is_too_old_is_cured_by_a_new_transaction_only(
    shop: Shop, host: Any
) -> None:
    shop.handle(RAIN, pack.Share(pack="p", by="ann"))
    host.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    host.execute("select 1 from orders").fetchall()
    shop.handle(RAIN, pack.Grab(pack="p", by="cat"))
    host.execute("insert into orders values ('o1')")
    with pytest.raises(RetryTransaction, match="begin again"):
        shop.within(host).handle(RAIN, pack.Grab(pack="p", by="bob"))
    host.execute("insert into orders values ('o2')")
    host.rollback()
    host.execute("select 1 from orders").fetchall()
    assert isinstance(shop.within(host).handle(RAIN, pack.Grab(pack="p", by="bob")), Accepted)
    host.commit()
    assert audit(shop.store).is_clean


def test_a_deadlock_with_the_hosts_own_locks_is_cured_by_a_new_transaction(
    shop: Shop, host: Any
) -> None:
    for name in ("p", "q"):
        shop.handle(RAIN, pack.Share(pack=name, by="ann"))
    gate = threading.Barrier(2)
    told: list[object] = []

    def order(connection: Any, first: str, then: str, who: str) -> None:
        inside = shop.within(connection)
        connection.execute("select 1")
        inside.handle(RAIN, pack.Grab(pack=first, by=who))
        gate.wait()
        try:
            inside.handle(RAIN, pack.Grab(pack=then, by=who))
            connection.commit()
            told.append("committed")
        except RetryTransaction:
            connection.rollback()
            told.append("retry")

    with psycopg.connect(server_url()) as other:
        threads = [
            threading.Thread(target=order, args=(host, "p", "q", "bob")),
            threading.Thread(target=order, args=(other, "q", "p", "cat")),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert sorted(map(str, told)) == ["committed", "retry"]
    assert audit(shop.store).is_clean


def test_who_was_forgotten_in_a_transaction_that_was_rolled_back_is_forgotten_again(
    shop: Shop, host: Any
) -> None:
    """What the process learned meanwhile (the secret of the tombstones) went with it."""
    shop.handle(RAIN, pack.Share(pack="p", by="ann"))
    for end in (host.rollback, host.commit):
        host.execute("select 1")
        inside = shop.within(host)
        inside.handle(RAIN, pack.Grab(pack="p", by="bob", key="bob"))
        host.commit()
        host.execute("select 1")
        inside.forget("bob")
        assert isinstance(inside.handle(RAIN, pack.Grab(pack="p", by="bob")), Refused)
        end()
    assert isinstance(shop.handle(RAIN, pack.Grab(pack="p", by="bob")), Refused)
    assert audit(shop.store).is_clean
