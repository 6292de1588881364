"""The journal in partitions: made ahead, dropped when empty, and nobody notices."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from postgres import fresh_store, server_url
from shops import assert_clean, everything, grab, rain, share, shop_of
from viralcommerce import CNY
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.postgres import partitions as tending

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
RAIN = rain(budget=CNY(10_000_000))


@pytest.fixture
def store() -> Iterator[Any]:
    store = fresh_store()
    yield store
    store.close()


@pytest.fixture
def small(store: Any) -> Any:
    """A store whose partitions span twenty positions."""
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"drop table {store.schema}.journal_1")
        connection.execute(f"update {store.schema}.meta set value = '20' where name = 'partition'")
    return store


def partitions(store: Any) -> dict[str, int]:
    """Each partition with the number of its lines."""
    with psycopg.connect(server_url(), autocommit=True) as connection:
        names = connection.execute(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid "
            "where i.inhparent = %s::regclass order by 1",
            (f"{store.schema}.journal",),
        ).fetchall()
        return {
            name: connection.execute(f"select count(*) from {store.schema}.{name}").fetchone()[0]  # type: ignore[index]
            for (name,) in names
        }


def play(store: Any, packs: range) -> None:
    shop = shop_of(RAIN, store=store)
    for number in packs:
        shop.handle(RAIN, share(f"p{number}", key=f"s{number}"))
        shop.handle(RAIN, grab("bob", f"p{number}", key=f"g{number}"))


def test_a_new_store_has_room_for_ten_million_lines(store: Any) -> None:
    play(store, range(2))
    assert partitions(store) == {"journal_1": 4, "journal_rest": 0}
    assert store.tend() == 2
    assert partitions(store) == {"journal_1": 4, "journal_10000001": 0, "journal_rest": 0}
    assert store.tend() == 2


def test_what_nobody_made_room_for_is_moved_when_somebody_tends(small: Any) -> None:
    play(small, range(25))
    before = everything(small)
    assert partitions(small) == {"journal_rest": 50}
    assert small.tend() == 2
    assert partitions(small) == {"journal_41": 10, "journal_61": 0, "journal_rest": 40}
    play(small, range(25, 50))
    assert small.tend() == 4
    found = partitions(small)
    assert found["journal_rest"] == 40
    assert sum(found.values()) == 100
    after = everything(small)["rain-pack"]["journal"]
    assert after[:50] == before["rain-pack"]["journal"]
    assert_clean(small)


def test_the_tables_are_as_without_partitions(small: Any) -> None:
    small.tend()
    play(small, range(40))
    small.tend()
    play(small, range(40, 60))
    plain = MemoryStore()
    play(plain, range(40))
    play(plain, range(40, 60))
    assert everything(small) == everything(plain)
    shop = shop_of(RAIN, store=small)
    again = [
        shop.handle(RAIN, grab("bob", f"p{number}", key=f"g{number}")) for number in range(60)
    ]
    assert [one.version for one in again] == [2] * 60  # type: ignore[union-attr]
    assert everything(small) == everything(plain)


def test_a_follower_meets_every_line_once_whatever_is_moved(small: Any) -> None:
    seen: list[int] = []
    cursor = ""

    def follow() -> None:
        nonlocal cursor
        while True:
            found = small.follow(cursor, limit=7)
            seen.extend(line.position for line in found.lines)
            cursor = found.cursor
            if not found.more:
                return

    for start in range(0, 60, 15):
        play(small, range(start, start + 15))
        follow()
        small.tend()
        follow()
    assert sorted(seen) == list(range(1, 121))


def test_empty_partitions_behind_are_dropped(small: Any) -> None:
    small.tend()
    play(small, range(40))
    small.tend()
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"delete from {small.schema}.journal where position <= 45")
    assert small.tend() == 3
    assert sorted(partitions(small)) == ["journal_41", "journal_61", "journal_81", "journal_rest"]


def test_tending_waits_for_nobody_and_holds_nobody_up(small: Any) -> None:
    """A host's transaction that stays open: what cannot be done is left for the next time."""
    small.tend()
    play(small, range(20))
    with psycopg.connect(server_url()) as host:
        host.execute(f"delete from {small.schema}.journal where position <= 30")
        host.commit()
        shop_of(RAIN, store=small).within(host).handle(RAIN, share("open", key="open"))
        play(small, range(100, 101))
        assert small.tend() == 2
        play(small, range(101, 102))
        host.rollback()
    assert small.tend() == 3
    assert sorted(partitions(small)) == ["journal_21", "journal_41", "journal_61", "journal_rest"]


def test_tended_while_everybody_writes_nothing_is_lost(small: Any) -> None:
    """EC-71: two tend, four write."""
    done = threading.Event()

    def tend() -> None:
        while not done.is_set():
            small.tend()

    tending = [threading.Thread(target=tend) for _ in range(2)]
    writing = [
        threading.Thread(target=play, args=(small, range(start, start + 20)))
        for start in range(0, 80, 20)
    ]
    for thread in (*tending, *writing):
        thread.start()
    for thread in writing:
        thread.join()
    done.set()
    for thread in tending:
        thread.join()
    assert len(list(small.journal("rain-pack"))) == 160
    assert_clean(small)


def test_whoever_reads_while_lines_are_moved_misses_none(small: Any) -> None:
    """Nobody reads by an old list of partitions what was moved into a new one."""
    done = threading.Event()
    missed: list[tuple[int, int]] = []
    followed: list[int] = []

    def count() -> None:
        with psycopg.connect(server_url(), autocommit=True, prepare_threshold=None) as reader:
            most = 0
            while not done.is_set():
                row = reader.execute(f"select count(*) from {small.schema}.journal").fetchone()
                assert row is not None
                if row[0] < most:
                    missed.append((row[0], most))
                most = max(most, row[0])

    def follow() -> None:
        cursor, last = "", False
        while not last:
            last = done.is_set()
            found = small.follow(cursor, limit=1_000)
            followed.extend(line.position for line in found.lines)
            cursor = found.cursor

    def tend() -> None:
        while not done.is_set():
            small.tend()

    others = [threading.Thread(target=work) for work in (count, count, follow, tend)]
    for thread in others:
        thread.start()
    writing = [
        threading.Thread(target=play, args=(small, range(start, start + 75)))
        for start in range(0, 225, 75)
    ]
    for thread in writing:
        thread.start()
    for thread in writing:
        thread.join()
    done.set()
    for thread in others:
        thread.join()
    assert missed == []
    assert sorted(followed) == list(range(1, 451))


def test_only_so_many_lines_are_moved(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins to tend late holds nobody up for the time it takes to move all of it."""
    monkeypatch.setattr(tending, "MOVED", 5)
    small.tend()
    play(small, range(50))
    assert small.tend() == 4
    assert partitions(small) == {
        "journal_1": 20, "journal_116": 0, "journal_21": 20, "journal_96": 5, "journal_rest": 55,
    }  # fmt: skip
    play(small, range(50, 60))
    assert small.tend() == 5
    assert partitions(small)["journal_rest"] == 55
    assert_clean(small)
