"""In the host's own transaction: its order and our award commit together, or neither does."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crashing import PEOPLE, game
from viralcommerce import Accepted, Refused, Shop
from viralcommerce.errors import (
    InvalidMessage,
    KeyReused,
    NotLive,
    RetryTransaction,
    StoreBusy,
    StoreFull,
)
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.contracts.kit import tables

NAME = "rain-pack"
SHARE = pack.Share(pack="p", by="ann", key="share")
BOB = pack.Grab(pack="p", by="bob", key="bob")


def open_shop(path: Path) -> Shop:
    return Shop(SqliteStore(path, busy_after=0.05), [game()], entropy=DerivedEntropy("host"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "host.db"


@pytest.fixture
def shop(path: Path) -> Iterator[Shop]:
    with open_shop(path) as opened:
        opened.handle(NAME, SHARE)
        yield opened


@pytest.fixture
def host(path: Path, shop: Shop) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None, timeout=0.05)
    connection.row_factory = sqlite3.Row  # as many hosts have it
    connection.execute("create table orders (id text primary key)")
    yield connection
    connection.close()


def orders(host: sqlite3.Connection) -> list[str]:
    return [row["id"] for row in host.execute("select id from orders order by id")]


def test_order_and_award_commit_together(shop: Shop, host: sqlite3.Connection) -> None:
    before = tables(shop.store, "bob")
    host.execute("begin immediate")
    host.execute("insert into orders values ('o1')")
    decision = shop.within(host).handle(NAME, BOB)
    assert isinstance(decision, Accepted)
    assert tables(shop.store, "bob") == before, "nobody else sees it yet"
    assert len(tables(shop.within(host).store, "bob")["bob: awards"]) == 1, "the host does"
    host.execute("commit")
    assert orders(host) == ["o1"]
    assert shop.handle(NAME, BOB) == decision
    assert audit(shop.store).is_clean


def test_when_the_host_rolls_back_nothing_happened(shop: Shop, host: sqlite3.Connection) -> None:
    before = tables(shop.store, "bob")
    host.execute("begin immediate")
    host.execute("insert into orders values ('o1')")
    first = shop.within(host).handle(NAME, BOB)
    host.execute("rollback")
    assert orders(host) == []
    assert tables(shop.store, "bob") == before
    again = shop.handle(NAME, BOB)
    assert str(again) == str(first), "the key is free, and the dice follow from it"


def test_a_stage_that_was_rolled_back_is_obeyed_by_nobody_else(
    shop: Shop, host: sqlite3.Connection
) -> None:
    host.execute("begin immediate")
    joined = shop.within(host)
    joined.set_stage(NAME, "paused", by="olga", why="a try")
    assert joined.stage(NAME).stage == "paused"
    assert isinstance(joined.handle(NAME, BOB), Refused)
    host.execute("rollback")
    assert shop.stage(NAME).stage == "live"
    host.execute("begin immediate")
    assert isinstance(shop.within(host).handle(NAME, BOB), Accepted)
    host.execute("rollback")
    assert isinstance(shop.handle(NAME, BOB), Accepted)


def test_several_commands_are_one_transaction(shop: Shop, host: sqlite3.Connection) -> None:
    host.execute("begin immediate")
    joined = shop.within(host)
    joined.handle(NAME, BOB)
    outcomes = joined.handle_many(
        NAME, [pack.Grab(pack="p", by=by, key=by) for by in PEOPLE], at_once=4
    )
    assert sum(isinstance(one, Accepted) for one in outcomes) == 9
    assert isinstance(joined.handle(NAME, pack.Grab(pack="p", by="late", key="late")), Refused)
    host.execute("commit")
    assert audit(shop.store).is_clean
    assert len(list(shop.store.journal(NAME))) == 2 + 13 + 1


def test_what_goes_wrong_with_us_leaves_the_hosts_work(
    shop: Shop, host: sqlite3.Connection
) -> None:
    host.execute("begin immediate")
    host.execute("insert into orders values ('o1')")
    joined = shop.within(host)
    joined.handle(NAME, BOB)
    with pytest.raises(KeyReused):
        joined.handle(NAME, pack.Grab(pack="p", by="cat", key="bob"))
    with pytest.raises(InvalidMessage):
        joined.handle(NAME, pack.Grab(pack="", by="cat"))
    assert host.in_transaction
    host.execute("commit")
    assert orders(host) == ["o1"]
    assert audit(shop.store).is_clean
    assert len(list(shop.store.awards("bob"))) == 1


def test_a_full_disk_undoes_the_hosts_transaction_too_and_says_so(
    shop: Shop, host: sqlite3.Connection
) -> None:
    """SQLite does; a host that went on would commit nothing, and not know."""
    (pages,) = host.execute("pragma page_count").fetchone()
    host.execute(f"pragma max_page_count = {pages + 3}")
    host.execute("begin immediate")
    host.execute("insert into orders values ('o1')")
    with pytest.raises(StoreFull, match="undone the host's whole transaction, so begin it again"):
        share_until_it_is_full(shop.within(host))
    assert not host.in_transaction
    assert orders(host) == []
    assert audit(shop.store).is_clean
    with pytest.raises(RetryTransaction):
        shop.within(host).handle(NAME, BOB)
    host.execute("pragma max_page_count = 1000000")
    assert isinstance(shop.handle(NAME, BOB), Accepted)


def share_until_it_is_full(shop: Shop) -> None:
    for number in range(1_000):
        shop.handle(NAME, pack.Share(pack=f"q{number}", by="ann", key=f"q{number}"))


def test_without_a_transaction_nothing_could_commit_together(
    shop: Shop, host: sqlite3.Connection
) -> None:
    with pytest.raises(RetryTransaction, match="execute 'BEGIN IMMEDIATE' on it first"):
        shop.within(host).handle(NAME, BOB)
    assert isinstance(shop.handle(NAME, BOB), Accepted)


def test_a_transaction_that_may_not_write_any_more_says_so(
    shop: Shop, host: sqlite3.Connection
) -> None:
    host.execute("begin")
    assert orders(host) == []
    shop.handle(NAME, BOB)
    with pytest.raises(RetryTransaction, match="roll it back and begin again"):
        shop.within(host).handle(NAME, pack.Grab(pack="p", by="cat", key="cat"))
    host.execute("rollback")
    host.execute("begin immediate")
    assert isinstance(
        shop.within(host).handle(NAME, pack.Grab(pack="p", by="cat", key="cat")), Accepted
    )
    host.execute("commit")
    assert audit(shop.store).is_clean


def test_others_wait_for_the_host(shop: Shop, host: sqlite3.Connection) -> None:
    host.execute("begin immediate")
    shop.within(host).handle(NAME, BOB)
    with pytest.raises(StoreBusy):
        shop.handle(NAME, pack.Grab(pack="p", by="cat", key="cat"))
    assert shop.store.cell(NAME, "p") is not None, "reading waits for nobody"
    host.execute("commit")
    assert isinstance(shop.handle(NAME, pack.Grab(pack="p", by="cat", key="cat")), Accepted)


def test_a_host_that_is_killed_before_it_commits_leaves_nothing(
    shop: Shop, host: sqlite3.Connection, path: Path
) -> None:
    """RQ-19: neither paid without an award, nor awarded without a payment."""
    code = (
        "import sys, os, signal, sqlite3\n"
        f"sys.path[:0] = {[str(Path(__file__).parents[1])]!r}\n"
        "from pathlib import Path\n"
        "from crashing import game, open_shop\n"
        "from viralcommerce.mechanics import coupon_pack as pack\n"
        f"path = Path({str(path)!r})\n"
        "host = sqlite3.connect(path, isolation_level=None)\n"
        "host.execute('begin immediate')\n"
        "host.execute(\"insert into orders values ('o1')\")\n"
        "shop = open_shop(path).within(host)\n"
        "print(shop.handle('rain-pack', pack.Grab(pack='p', by='bob', key='bob')), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    before = tables(shop.store, "bob")
    killed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert "bob gets a" in killed.stdout
    assert orders(host) == []
    assert tables(shop.store, "bob") == before
    assert isinstance(shop.handle(NAME, BOB), Accepted)


def test_memory_joins_no_host() -> None:
    with (
        Shop(MemoryStore(), [game()]) as shop,
        pytest.raises(NotLive, match="use a store on disk"),
    ):
        shop.within(object())
