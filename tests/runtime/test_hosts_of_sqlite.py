"""Connections as hosts have them: rows of any shape, any way to begin, and the wrong database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from shops import NOON, assert_clean, code, grab, rain, share, shop_of, spent
from viralcommerce import Shop
from viralcommerce.errors import StoreError
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer

RAIN = rain()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "host.db"


@pytest.fixture
def shop(path: Path) -> Iterator[Shop]:
    store = SqliteStore(path)
    shop = shop_of(RAIN, store=store, issuer=FakeIssuer())
    shop.handle(RAIN, share())
    yield shop
    store.close()


def by_name(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    """Rows as dictionaries, which do not unpack into columns."""
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


@pytest.mark.parametrize("rows", [None, sqlite3.Row, by_name], ids=["tuple", "Row", "dict"])
def test_whatever_the_rows_of_the_host_look_like(path: Path, shop: Shop, rows: Any) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as host:
        host.row_factory = rows
        host.execute("begin immediate")
        joined = shop.within(host)
        assert code(joined.handle(RAIN, grab())) == "yes"
        assert code(joined.handle(RAIN, grab())) == "already_grabbed"
        view = joined.views.instance("rain-pack", "p1", at=NOON)
        assert view is not None
        assert view.version == 2
        assert [line.award.to for line in joined.views.wallet("bob", at=NOON)] == ["bob"]
        assert [part.role for part in joined.views.parts("bob")] == ["grabber"]
        assert joined.views.campaign("rain-pack").spent is not None
        assert len(list(joined.store.journal("rain-pack"))) == 3
        assert len(list(joined.store.pending(9))) == 2
        assert spent(joined.store, "rain-pack") == 6200
        joined.set_stage(RAIN, "paused", by="olga", why="inside")
        assert host.in_transaction
        host.execute("commit")
    assert_clean(shop.store)
    assert [life.stage for life in shop.store.lives("rain-pack")] == ["paused"]


def test_a_transaction_that_sqlite3_began_by_itself_will_do(path: Path, shop: Shop) -> None:
    """In its older mode, sqlite3 begins before the first statement that changes something."""
    with closing(sqlite3.connect(path)) as host:
        host.execute("create table orders (id text primary key)")
        host.commit()
        host.execute("insert into orders values ('o1')")
        assert host.in_transaction
        assert code(shop.within(host).handle(RAIN, grab())) == "yes"
        host.commit()
        assert host.execute("select count(*) from orders").fetchone() == (1,)
    assert_clean(shop.store)


@pytest.mark.skipif(
    not hasattr(sqlite3.Connection, "autocommit"), reason="Python 3.12 has the attribute"
)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_autocommit_as_python_3_12_has_it(path: Path, shop: Shop, end: str) -> None:
    with closing(sqlite3.connect(path, autocommit=False)) as host:  # type: ignore[call-arg]
        assert code(shop.within(host).handle(RAIN, grab())) == "yes"
        getattr(host, end)()
    taken = "already_grabbed" if end == "commit" else "yes"
    assert code(shop.handle(RAIN, grab())) == taken
    assert_clean(shop.store)


def test_a_connection_to_another_database_is_told_so_and_stays_usable(
    tmp_path: Path, shop: Shop
) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db", isolation_level=None)) as host:
        host.execute("create table orders (id text primary key)")
        host.execute("begin immediate")
        host.execute("insert into orders values ('o1')")
        for _ in range(2):
            with pytest.raises(StoreError, match="no such table"):
                shop.within(host).handle(RAIN, grab())
            with pytest.raises(sqlite3.OperationalError, match="no such savepoint"):
                host.execute("release viralcommerce")
        host.execute("commit")
        assert host.execute("select id from orders").fetchall() == [("o1",)]


def test_a_read_only_connection_is_told_so_and_stays_usable(path: Path, shop: Shop) -> None:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as host:
        host.execute("begin")
        with pytest.raises(StoreError, match="may not be written"):
            shop.within(host).handle(RAIN, grab())
        with pytest.raises(sqlite3.OperationalError, match="no such savepoint"):
            host.execute("release viralcommerce")
        host.execute("commit")


def test_a_savepoint_of_the_hosts_own_is_left_alone(path: Path, shop: Shop) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as host:
        host.execute("begin immediate")
        host.execute("savepoint mine")
        assert code(shop.within(host).handle(RAIN, grab())) == "yes"
        host.execute("rollback to mine")
        assert code(shop.within(host).handle(RAIN, grab())) == "yes"
        host.execute("release mine")
        host.execute("commit")
    assert_clean(shop.store)
    assert spent(shop.store, "rain-pack") == 6200
