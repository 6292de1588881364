"""Inside a transaction of SQLAlchemy's, on every driver: with it, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from hosts_on_sqlalchemy import Host, hosted, order, orders
from postgres import RAIN, server_url
from viralcommerce import CNY, Accepted, Refused, Shop
from viralcommerce.errors import (
    InvalidMessage,
    InvalidValue,
    KeyReused,
    NotLive,
    RetryTransaction,
    SchemaMismatch,
    StoreBusy,
)
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.ports import Wanted
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.contracts.kit import tables

SHARE = pack.Share(pack="p", by="ann", key="share")
BOB = pack.Grab(pack="p", by="bob", key="bob")
OPENINGS = {
    "connection": lambda engine: engine.connect(),
    "session": lambda engine: Session(engine),
    "scoped": lambda engine: scoped_session(sessionmaker(engine)),
}


@pytest.fixture(params=["sqlite", "psycopg", "psycopg2"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    with hosted(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=["psycopg", "psycopg2"])
def on_postgres(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    with hosted(request.param, tmp_path) as made:
        yield made


@pytest.mark.parametrize("opening", sorted(OPENINGS))
def test_it_commits_and_rolls_back_with_the_host(host: Host, opening: str) -> None:
    shop = host.shop
    before = tables(shop.store, "bob")
    joined = OPENINGS[opening](host.engine)
    order(joined, "o1")
    inside = shop.within(joined)
    assert isinstance(inside.handle(RAIN, SHARE), Accepted)
    assert isinstance(inside.handle(RAIN, BOB), Accepted)
    assert tables(shop.store, "bob") == before, "nobody else sees it yet"
    assert len(tables(inside.store, "bob")["bob: awards"]) == 1, "the host does"
    joined.rollback()
    assert orders(host.engine) == []
    assert tables(shop.store, "bob") == before
    order(joined, "o2")
    assert isinstance(inside.handle(RAIN, SHARE), Accepted), "the key is free again"
    joined.commit()
    assert isinstance(inside.handle(RAIN, BOB), Accepted), "the next transaction, the same shop"
    joined.commit()
    joined.close()
    assert orders(host.engine) == ["o2"]
    assert len(list(shop.store.awards("bob"))) == 1
    assert audit(shop.store).is_clean


@pytest.mark.parametrize("opening", sorted(OPENINGS))
def test_a_transaction_begins_by_it_as_by_any_statement(host: Host, opening: str) -> None:
    joined = OPENINGS[opening](host.engine)
    assert isinstance(host.shop.within(joined).handle(RAIN, SHARE), Accepted)
    assert host.shop.store.cell("rain-pack", "p") is None
    joined.commit()
    joined.close()
    assert host.shop.store.cell("rain-pack", "p") is not None


def test_what_is_closed_without_a_commit_never_happened(host: Host) -> None:
    with host.engine.connect() as joined:
        host.shop.within(joined).handle(RAIN, SHARE)
    with Session(host.engine) as session:
        host.shop.within(session).handle(RAIN, SHARE)
    assert list(host.shop.store.journal("rain-pack")) == []


def test_what_goes_wrong_with_us_leaves_the_hosts_work(host: Host) -> None:
    host.shop.handle(RAIN, SHARE)
    with host.engine.begin() as joined:
        order(joined, "o1")
        inside = host.shop.within(joined)
        inside.handle(RAIN, BOB)
        with pytest.raises(KeyReused):
            inside.handle(RAIN, pack.Grab(pack="p", by="cat", key="bob"))
        with pytest.raises(InvalidMessage):
            inside.handle(RAIN, pack.Grab(pack="", by="cat"))
        order(joined, "o2")
    assert orders(host.engine) == ["o1", "o2"]
    assert audit(host.shop.store).is_clean


def test_a_savepoint_of_the_hosts_takes_ours_with_it(on_postgres: Host) -> None:
    host = on_postgres
    host.shop.handle(RAIN, SHARE)
    with host.engine.begin() as joined:
        nested = joined.begin_nested()
        host.shop.within(joined).handle(RAIN, BOB)
        nested.rollback()
        order(joined, "o1")
        with joined.begin_nested():
            host.shop.within(joined).handle(RAIN, pack.Grab(pack="p", by="cat", key="cat"))
    assert list(host.shop.store.awards("bob")) == []
    assert len(list(host.shop.store.awards("cat"))) == 1
    assert audit(host.shop.store).is_clean


def test_others_who_hold_the_pack_for_too_long_do_not_poison_the_host(on_postgres: Host) -> None:
    host = on_postgres
    host.shop.handle(RAIN, SHARE)
    holder = host.shop.store.session()
    holder.lock(Wanted(cells=(("rain-pack", "p"),)))
    with host.engine.begin() as joined:
        joined.exec_driver_sql("set local lock_timeout = '100ms'")
        order(joined, "o1")
        with pytest.raises(StoreBusy):
            host.shop.within(joined).handle(RAIN, BOB)
        holder.close()
        order(joined, "o2")
        assert isinstance(host.shop.within(joined).handle(RAIN, BOB), Accepted)
    assert orders(host.engine) == ["o1", "o2"]
    assert audit(host.shop.store).is_clean


def test_tables_that_are_missing_do_not_poison_the_host(on_postgres: Host) -> None:
    host = on_postgres
    with host.engine.begin() as joined:
        order(joined, "o1")
        name = host.shop.store.schema  # type: ignore[attr-defined]
        joined.exec_driver_sql(f"drop schema {name} cascade")
        for _ in range(2):
            with pytest.raises(SchemaMismatch, match="missing"):
                host.shop.within(joined).handle(RAIN, SHARE)
            joined.exec_driver_sql("select 1")
        joined.rollback()


@pytest.mark.parametrize("command", [BOB, pack.Grab(pack="p", by="cat", key="twin")])
def test_a_snapshot_that_is_too_old_is_cured_by_a_new_transaction_only(
    on_postgres: Host, command: pack.Grab
) -> None:
    """EC: what others committed since, under the same key too, is not seen."""
    host = on_postgres
    host.shop.handle(RAIN, SHARE)
    engine = host.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as joined:
        order(joined, "o1")
        host.shop.handle(RAIN, pack.Grab(pack="p", by="cat", key="twin"))
        with pytest.raises(RetryTransaction, match="begin again"):
            host.shop.within(joined).handle(RAIN, command)
        order(joined, "o2")
        joined.rollback()
        order(joined, "o3")
        assert isinstance(host.shop.within(joined).handle(RAIN, command), Accepted)
        joined.commit()
    assert orders(host.engine) == ["o3"]
    assert audit(host.shop.store).is_clean


def test_a_session_that_waits_for_a_rollback_is_told_so(on_postgres: Host) -> None:
    host = on_postgres
    with Session(host.engine) as session:
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text("select 1 / 0"))
        with pytest.raises(RetryTransaction):
            host.shop.within(session).handle(RAIN, SHARE)
        session.rollback()
        assert isinstance(host.shop.within(session).handle(RAIN, SHARE), Accepted)


def test_autocommit_commits_nothing_together(host: Host) -> None:
    engine = host.engine.execution_options(isolation_level="AUTOCOMMIT")
    with (
        engine.connect() as joined,
        pytest.raises(RetryTransaction, match=r"no transaction|has not begun"),
    ):
        host.shop.within(joined).handle(RAIN, SHARE)
    assert list(host.shop.store.journal("rain-pack")) == []


def test_a_budget_that_runs_short_is_a_refusal(host: Host) -> None:
    tiny = RAIN.replace(budget=CNY(100))
    with Shop(host.shop.store, [tiny]) as shop:
        with host.engine.begin() as joined:
            inside = shop.within(joined)
            assert isinstance(inside.handle(tiny, SHARE), Accepted)
            assert isinstance(inside.handle(tiny, pack.Share(pack="q", by="ann")), Refused)
            order(joined, "o1")
        assert orders(host.engine) == ["o1"]
        assert audit(shop.store).is_clean


def test_a_batch_of_many_is_one_savepoint(host: Host) -> None:
    """Many rows travel as arrays; every driver must send them."""
    host.shop.handle(RAIN, SHARE)
    with host.engine.begin() as joined:
        grabs = [pack.Grab(pack="p", by=f"m{n}", key=f"m{n}") for n in range(40)]
        shares = [pack.Share(pack=f"q{n}", by="ann", key=f"q{n}") for n in range(40)]
        outcomes = host.shop.within(joined).handle_many(RAIN, [*grabs, *shares], at_once=60)
        assert sum(isinstance(one, Accepted) for one in outcomes) == 50
    assert audit(host.shop.store).is_clean


def test_every_driver_writes_the_same(host: Host) -> None:
    """Quotes, percent signs and backslashes are text, whoever writes them into the statement."""
    people = ["o'brien", "100%s", "a\\'b", "$1", "李雷", "%(x)s", ":name", "a;b--", "🙂"]
    at = datetime(2026, 11, 11, 10, tzinfo=UTC)
    commands: list[Any] = [
        pack.Share(pack=f"p{n}", by=who, key=f"share {who}", at=at) for n, who in enumerate(people)
    ]
    commands += [pack.Grab(pack="p0", by=who, key=f"grab {who}", at=at) for who in people]
    here = Shop(host.shop.store, [RAIN], entropy=DerivedEntropy("x"))
    there = Shop(MemoryStore(), [RAIN], entropy=DerivedEntropy("x"))
    with host.engine.begin() as joined:
        inside = here.within(joined)
        said = [str(inside.handle(RAIN, command)) for command in commands]
        assert [str(there.handle(RAIN, command)) for command in commands] == said
        for who in people:
            assert tables(inside.store, who) == tables(there.store, who)
    for who in people:
        assert tables(here.store, who) == tables(there.store, who)


def test_what_would_be_handed_out_could_be_rolled_back(host: Host) -> None:
    with host.engine.begin() as joined, pytest.raises(NotLive, match="yet roll back"):
        host.shop.within(joined).deliver()


def test_what_is_no_connection_is_told_so(host: Host) -> None:
    for one in (object(), host.engine, "postgresql://"):
        with pytest.raises(InvalidValue, match="within"):
            host.shop.within(one).handle(RAIN, SHARE)


def test_a_pooled_connection_of_the_driver_may_be_given_too(on_postgres: Host) -> None:
    """`engine.raw_connection()`: DB-API, lent by the pool."""
    raw = on_postgres.engine.raw_connection()
    inside = on_postgres.shop.within(raw.driver_connection)
    assert isinstance(inside.handle(RAIN, SHARE), Accepted)
    raw.rollback()
    assert on_postgres.shop.store.cell("rain-pack", "p") is None
    inside.handle(RAIN, SHARE)
    raw.commit()
    assert on_postgres.shop.store.cell("rain-pack", "p") is not None
    raw.close()


def test_a_connection_that_is_lost_takes_the_transaction_with_it(on_postgres: Host) -> None:
    import psycopg

    host = on_postgres
    with host.engine.connect() as joined:
        order(joined, "o1")
        pid = joined.exec_driver_sql("select pg_backend_pid()").scalar()
        with psycopg.connect(server_url(), autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        with pytest.raises(RetryTransaction, match="connection was lost"):
            host.shop.within(joined).handle(RAIN, SHARE)
        joined.invalidate()
    with host.engine.begin() as joined:
        assert isinstance(host.shop.within(joined).handle(RAIN, SHARE), Accepted)
