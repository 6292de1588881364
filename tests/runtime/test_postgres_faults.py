"""Connections that are killed, processes that are killed, and readers that must miss nothing."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from postgres import RAIN, fresh_store, server_url
from viralcommerce import Accepted, Shop
from viralcommerce.errors import InvalidValue, StoreBusy, StoreConflict, StoreError
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.stores.postgres.failures import Failed
from viralcommerce.runtime.stores.postgres.on_psycopg import Psycopg

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop(fresh_store(), [RAIN]) as shop:
        shop.handle(RAIN, pack.Share(pack="p", by="ann", key="share"))
        yield shop


def kill(pid: int) -> None:
    with psycopg.connect(server_url(), autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", (pid,))


class Killing:
    """Kills the connection at the n-th round trip, before or after the server has done it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> None:
        self.trips, self.at, self.after = 0, at, after
        self.perform = Psycopg.perform
        monkeypatch.setattr(Psycopg, "perform", lambda driver, trip: self.instead(driver, trip))

    def instead(self, driver: Psycopg, trip: Any) -> Any:
        self.trips += 1
        pid = driver.connection.info.backend_pid
        if self.trips != self.at:
            return self.perform(driver, trip)
        if self.after:
            self.perform(driver, trip)
            kill(pid)
            driver.close()
            raise Failed("the connection is lost: the answer never came", "", lost=True)
        kill(pid)
        return self.perform(driver, trip)


@pytest.mark.parametrize("trip", [1, 2])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_connection_lost_before_the_commit_is_run_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, trip: int, *, after: bool
) -> None:
    killing = Killing(monkeypatch, trip, after=after)
    decision = shop.handle(RAIN, pack.Grab(pack="p", by="bob", key="bob"))
    assert isinstance(decision, Accepted)
    assert killing.trips > trip
    assert audit(shop.store).accepted == 2
    assert audit(shop.store).is_clean


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_connection_lost_during_the_commit_is_settled_by_the_same_key(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    Killing(monkeypatch, 3, after=after)
    grab = pack.Grab(pack="p", by="bob", key="bob")
    with pytest.raises(StoreError, match="same key") as told:
        shop.handle(RAIN, grab)
    assert not isinstance(told.value, StoreConflict), "what nobody knows is not run again unasked"
    known = audit(shop.store).accepted
    assert known == (2 if after else 1)
    decision = shop.handle(RAIN, grab)
    assert isinstance(decision, Accepted)
    assert audit(shop.store).accepted == 2
    assert audit(shop.store).is_clean


def test_connections_that_were_lost_while_idle_are_not_noticed(shop: Shop) -> None:
    store: Any = shop.store
    held = [store._take() for _ in range(4)]
    for connection in held:
        store._give_back(connection)
    for connection in held:
        kill(connection.info.backend_pid)
    assert shop.store.cell("rain-pack", "p") is not None
    assert isinstance(shop.handle(RAIN, pack.Grab(pack="p", by="bob")), Accepted)


def test_a_scrub_that_fails_leaves_no_connection_without_a_timeout() -> None:
    def timeout(store: Any) -> Any:
        with store._connection() as connection:
            return connection.execute("show statement_timeout").fetchone()

    store = fresh_store(busy_after=0.2, most_connections=1)
    assert timeout(store) == ("400ms",)
    with psycopg.connect(server_url()) as other:
        other.execute(f"lock table {store.schema}.cells in access share mode")
        with pytest.raises(StoreBusy):
            store.scrub()
        assert timeout(store) == ("400ms",)
    assert store.scrub()
    assert timeout(store) == ("400ms",)
    store.close()


def test_nor_does_one_that_is_awaited_and_canceled() -> None:
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    plan = fresh_store()
    plan.close()

    async def timeout(store: AsyncPostgresStore) -> Any:
        async with store._connection() as connection:
            return await (await connection.execute("show statement_timeout")).fetchone()

    async def canceled() -> None:
        store = await AsyncPostgresStore.open(server_url(), schema=plan.schema, most_connections=1)
        other = await psycopg.AsyncConnection.connect(server_url())
        try:
            await other.execute(f"lock table {plan.schema}.cells in access share mode")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.scrub(), 0.3)
            assert await timeout(store) == ("1min",)
        finally:
            await other.close()
            await store.close()

    asyncio.run(canceled())


def test_plans_that_were_dropped_under_a_read_are_not_noticed(shop: Shop) -> None:
    store: Any = shop.store
    assert store.cell("rain-pack", "p") is not None
    held = [store._take() for _ in range(4)]
    for connection in held:
        connection.execute("deallocate all", prepare=False)
        store._give_back(connection)
    assert store.cell("rain-pack", "p") is not None


def _grabs(schema: str, number: int, rounds: int, forever: bool) -> None:
    from viralcommerce.runtime.stores.postgres import PostgresStore

    with Shop(PostgresStore(server_url_of(), schema=schema), [RAIN]) as shop:
        turn = 0
        while forever or turn < rounds:
            for name in ("p", "q", "r"):
                key = f"{name}-{number}-{turn}"
                shop.handle(RAIN, pack.Grab(pack=name, by=f"m{number}-{turn}", key=key))
            turn += 1


def server_url_of() -> str:
    return os.environ["VIRALCOMMERCE_TEST_URL"]


def test_processes_and_one_that_is_killed_leave_a_clean_store(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = shop.store
    monkeypatch.setenv("VIRALCOMMERCE_TEST_URL", server_url())
    for name in ("q", "r"):
        shop.handle(RAIN, pack.Share(pack=name, by="ann", key=f"share-{name}"))
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_grabs, args=(store.schema, number, 4, number == 0))
        for number in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers[1:]:
        worker.join(60)
        assert worker.exitcode == 0
    assert workers[0].pid is not None
    os.kill(workers[0].pid, signal.SIGKILL)
    workers[0].join(10)
    report = audit(store)
    assert [str(problem) for problem in report.problems] == []
    assert report.accepted == 33
    assert isinstance(shop.handle(RAIN, pack.Share(pack="s", by="ann")), Accepted), "no lock left"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_goes_on_with_connections_of_its_own(shop: Shop) -> None:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            done = shop.handle(RAIN, pack.Grab(pack="p", by="child"))
            status = 0 if isinstance(done, Accepted) else 2
        finally:
            os._exit(status)
    assert isinstance(shop.handle(RAIN, pack.Grab(pack="p", by="parent")), Accepted)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert audit(shop.store).accepted == 3


class TestFollowing:
    """A reader of the journal sees every committed line once, whoever commits late."""

    def follow(self, store: Any, cursor: str, limit: int = 1000) -> tuple[list[int], str]:
        positions: list[int] = []
        while True:
            found = store.follow(cursor, limit=limit)
            positions += [line.position for line in found.lines]
            cursor = found.cursor
            if not found.more:
                return positions, cursor

    def test_a_transaction_that_wrote_before_it_called_us_and_commits_late(
        self, shop: Shop
    ) -> None:
        store: Any = shop.store
        seen, cursor = self.follow(store, "")
        with psycopg.connect(server_url()) as host:
            host.execute("create temp table orders (id text)")
            host.execute("insert into orders values ('o1')")
            shop.handle(RAIN, pack.Share(pack="before", by="ann"))
            shop.within(host).handle(RAIN, pack.Share(pack="late", by="ann"))
            shop.handle(RAIN, pack.Share(pack="after", by="ann"))
            more, cursor = self.follow(store, cursor)
            assert len(more) == 2
            host.commit()
        late, cursor = self.follow(store, cursor)
        assert len(late) == 1
        assert late[0] < max(more), "a position is no cursor"
        assert self.follow(store, cursor)[0] == []
        assert sorted(seen + more + late) == [x.position for x in store.journal("rain-pack")]

    def test_one_that_stays_open_holds_nobody_up_and_its_lines_come_when_it_commits(
        self, shop: Shop
    ) -> None:
        store: Any = shop.store
        with psycopg.connect(server_url()) as host:
            host.execute("select 1")
            shop.within(host).handle(RAIN, pack.Share(pack="open", by="ann"))
            seen, cursor = self.follow(store, "")
            for number in range(5):
                shop.handle(RAIN, pack.Share(pack=f"p{number}", by="ann"))
                new, cursor = self.follow(store, cursor)
                assert len(new) == 1
                seen += new
            host.commit()
        new, cursor = self.follow(store, cursor)
        assert len(new) == 1
        assert len(set(seen + new)) == 7

    def test_pages_and_writers_meanwhile(self, shop: Shop) -> None:
        store: Any = shop.store
        stop = threading.Event()

        def write(number: int) -> None:
            turn = 0
            while not stop.is_set():
                shop.handle(RAIN, pack.Share(pack=f"w{number}-{turn}", by="ann"))
                turn += 1

        writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
        for writer in writers:
            writer.start()
        seen: list[int] = []
        cursor = ""
        for _ in range(40):
            new, cursor = self.follow(store, cursor, limit=7)
            seen += new
        stop.set()
        for writer in writers:
            writer.join(10)
        new, cursor = self.follow(store, cursor, limit=7)
        seen += new
        assert len(seen) == len(set(seen))
        assert sorted(seen) == [line.position for line in store.journal("rain-pack")]

    def test_text_that_is_no_cursor(self, shop: Shop) -> None:
        store: Any = shop.store
        with pytest.raises(InvalidValue, match="no cursor"):
            store.follow("17")


def test_an_audit_needs_no_more_connections_than_a_worker_has() -> None:
    """It follows several streams at once, beside the pool: no worker waits for them."""
    store: Any = fresh_store(most_connections=1, busy_after=2)
    with Shop(store, [RAIN]) as shop:
        shop.handle(RAIN, pack.Share(pack="p", by="ann"))
        lines = store.journal("rain-pack")
        next(lines)
        assert isinstance(shop.handle(RAIN, pack.Grab(pack="p", by="bob")), Accepted)
        lines.close()
        assert audit(store).is_clean


def test_an_audit_that_cannot_read_the_rules_for_now_says_so_rather_than_find_fault(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(digest: str) -> bytes:
        raise StoreError(f"nobody knows {digest}")

    monkeypatch.setattr(shop.store, "rules", busy)
    with pytest.raises(StoreError, match="nobody knows"):
        audit(shop.store)
