"""Batches that must say at once what they lock: rehearsed on what was found, or is remembered."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from postgres import fresh_store, server_url
from row_locks import as_supposed
from shops import (
    MembersOverTime,
    assert_clean,
    code,
    everything,
    grab,
    plain,
    rain,
    share,
    shop_of,
    small,
)
from stories import FACTS, stories
from viralcommerce import CNY, MEMBER, Campaign, Coupon, Grant, Limit, Shop
from viralcommerce.codec import encode
from viralcommerce.errors import KeyReused
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.ports import Found, Short, Stale, Wanted, Writes
from viralcommerce.runtime.stores.memory import MemoryStore


class Rowed(MemoryStore):
    """A store as one with locks by row: it answers what it is asked, as JSON, and takes notes.

    Attributes:
        trips: what was done in each unit of work.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trips: list[list[str]] = []

    def session(self) -> Any:
        return RowedSession(self, super().session())


class RowedSession:
    """A unit of work that checks that all quotas of a batch are locked at once."""

    rehearses = True

    def __init__(self, store: Rowed, inner: Any) -> None:
        self.inner = inner
        self.locked: set[Any] = set()
        self.trips: list[str] = []
        store.trips.append(self.trips)

    def look(self, wanted: Wanted) -> Found:
        self.trips.append("look")
        return self.as_rows(wanted, self.inner.look(wanted))

    def lock(self, wanted: Wanted) -> Found:
        self.trips.append("lock")
        assert list(wanted.quotas) == sorted(set(wanted.quotas))
        self.locked.update(wanted.quotas)
        return self.as_rows(wanted, self.inner.lock(wanted))

    def as_rows(self, wanted: Wanted, found: Found) -> Found:
        return structs.replace(
            found,
            decisions={
                place: encode(found.decisions[place])
                for place in wanted.decisions
                if place in found.decisions
            },
            cells={
                place: structs.replace(cell, state=encode(cell.state))
                for place in wanted.cells
                if (cell := found.cells.get(place)) is not None
            },
            used={key: found.used[key] for key in wanted.quotas if key in found.used},
            all_used=False,
        )

    def commit(self, writes: Writes) -> Short | Stale | None:
        self.trips.append("commit")
        assert writes.used.keys() <= self.locked, "what is counted was locked"
        answer: Short | Stale | None = self.inner.commit(writes)
        return answer

    def commit_if(self, wanted: Wanted, supposed: Found, writes: Writes) -> bool:
        self.trips.append("at once")
        self.locked.update(wanted.quotas)
        assert writes.used.keys() <= self.locked, "what is counted is compared"
        found = self.as_rows(wanted, self.inner.lock(wanted))
        if as_supposed(wanted, found, supposed) and self.inner.commit(writes) is None:
            return True
        self.close()
        return False

    def rules(self, digest: str) -> bytes:
        found: bytes = self.inner.rules(digest)
        return found

    def close(self) -> None:
        self.inner.close()


def told(outcomes: Sequence[Any]) -> list[object]:
    return [("reused", one.key) if isinstance(one, KeyReused) else plain(one) for one in outcomes]


@settings(max_examples=150, deadline=None)
@given(stories(30), st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=9))
def test_what_is_remembered_never_changes_an_answer(
    story: tuple[Campaign, list[Command]], turns: list[tuple[int, bool]]
) -> None:
    """EC-106: two processes take turns, each remembers what it wrote itself."""
    campaign, commands = story
    ports: dict[str, Any] = {
        "members": MembersOverTime(FACTS),
        "entropy": DerivedEntropy("rehearsed"),
    }
    one_by_one = MemoryStore()
    shop = shop_of(campaign, store=one_by_one, **ports)
    expected = told(shop.handle_many(campaign, commands, at_once=1))
    store = Rowed()
    shops = [shop_of(campaign, store=store, **ports) for _ in range(2)]
    waiting, outcomes, number = list(commands), [], 0
    while waiting:
        size, other = turns[number % len(turns)]
        number += 1
        outcomes += shops[other].handle_many(campaign, waiting[:size])
        del waiting[:size]
    assert told(outcomes) == expected
    assert everything(store) == everything(one_by_one)
    assert_clean(store)


LIMITED = small(
    total=200,
    parts=100,
    grants=(
        *rain().grants,
        Grant(
            Coupon(CNY(1)),
            to=pack.GRABBER,
            on=pack.GRABBED,
            name="once",
            at_most=Limit(1, per=MEMBER),
        ),
    ),
)


def grabs(name: str, count: int = 5, one: str = "p1") -> list[Command]:
    return [grab(f"{name}{n}", one, key=f"{one}-{name}{n}") for n in range(count)]


def opened() -> tuple[Rowed, Shop, Shop]:
    """A store with a pack, and two processes of a shop on it."""
    store, entropy = Rowed(), DerivedEntropy("rehearsed")
    one, other = (Shop(store, [LIMITED], entropy=entropy) for _ in range(2))
    one.handle(LIMITED, share(key="share"))
    return store, one, other


def trips(store: Rowed, shop: Shop, commands: list[Command]) -> list[list[str]]:
    """What each unit of work of a batch did, in which everybody gets something."""
    store.trips.clear()
    assert [code(one) for one in shop.handle_many(LIMITED, commands)] == ["yes"] * len(commands)
    return [trip for trip in store.trips if trip]


def test_a_batch_about_what_is_remembered_is_one_step() -> None:
    store, shop, other = opened()
    assert trips(store, shop, grabs("a")) == [["lock", "lock", "commit"]]
    assert trips(store, shop, grabs("b")) == [["at once"]]
    assert trips(store, other, grabs("c")) == [["lock", "lock", "commit"]]
    assert trips(store, other, grabs("d")) == [["at once"]]
    assert_clean(store)


def test_who_was_wrong_about_an_instance_locks_it_before_supposing_again() -> None:
    store, shop, other = opened()
    trips(store, shop, grabs("0"))
    trips(store, other, grabs("a"))
    assert trips(store, shop, grabs("b")) == [["at once", "lock", "commit"]]
    trips(store, other, grabs("c"))
    assert trips(store, shop, grabs("d")) == [["lock", "commit"]], "it doubts"
    assert trips(store, shop, grabs("e")) == [["lock", "commit"]], "and it was right"
    assert trips(store, shop, grabs("f")) == [["at once"]]
    assert_clean(store)


def test_who_was_right_about_the_quotas_of_what_it_had_not_seen_supposes_them() -> None:
    store, shop, other = opened()

    def first_of(number: int, friend: str) -> list[list[str]]:
        other.handle(LIMITED, share(f"q{number}", key=f"s{number}"))
        return trips(store, shop, grabs(friend, one=f"q{number}"))

    for number in range(4):
        assert first_of(number, f"a{number}") == [["lock", "lock", "commit"]]
    assert first_of(4, "a4") == [["lock", "at once"]]
    other.handle(LIMITED, grab("z0", "p1", key="z0"))
    store.trips.clear()
    other.handle(LIMITED, share("q5", key="s5"))
    store.trips.clear()
    answers = [code(one) for one in shop.handle_many(LIMITED, grabs("z", one="q5"))]
    assert answers == ["yes"] * 5
    assert store.trips == [["lock", "at once"], ["lock", "lock", "commit"]]
    assert first_of(6, "a6") == [["lock", "lock", "commit"]], "it was wrong"
    assert_clean(store)


def test_what_another_process_did_is_found_under_the_lock() -> None:
    store, shop, other = opened()
    trips(store, shop, grabs("a"))
    trips(store, other, grabs("b"))
    again = trips(store, shop, grabs("c"))
    assert again == [["at once", "lock", "commit"]], "all it counts on was locked"
    assert_clean(store)


def test_an_instance_that_was_written_anew_is_not_written_back() -> None:
    """A restored or rewritten row of the same version, as erasure leaves it, is what counts."""
    store, shop, _ = opened()
    trips(store, shop, grabs("a"))
    place = ("rain-pack", "p1")
    cell = store._cells[place]
    state: Any = cell.state
    store._cells[place] = structs.replace(cell, state=structs.replace(state, sharer="somebody"))
    trips(store, shop, grabs("b"))
    now: Any = store._cells[place].state
    assert now.sharer == "somebody"


def test_where_the_guess_asks_for_too_little_all_is_locked_anew() -> None:
    """It remembers an empty pack, of which the other process has made a full one."""
    store, shop, other = opened()
    trips(store, shop, grabs("a"))
    full = store._cells["rain-pack", "p1"]
    trips(store, shop, grabs("b"))
    remembered = shop._driver._memory._cells
    state: Any = remembered["rain-pack", "p1"].state
    closed = structs.replace(state, closes=state.closes.replace(year=2000))
    remembered["rain-pack", "p1"] = structs.replace(full, state=closed)
    assert trips(store, shop, grabs("c")) == [["at once", "lock"], ["lock", "lock", "commit"]]
    assert trips(store, other, grabs("d")) == [["lock", "lock", "commit"]]
    assert_clean(store)


def deadlocks() -> int:
    """How many the server has broken up so far."""
    import psycopg

    with psycopg.connect(server_url(), autocommit=True) as connection:
        row = connection.execute("select sum(deadlocks) from pg_stat_database").fetchone()
    return int(row[0]) if row else 0


def test_batches_that_count_on_the_same_quotas_in_other_orders_never_wait_in_a_circle() -> None:
    """On PostgreSQL: eight threads, packs of their own, the same members in any order."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    store = fresh_store()
    campaign = small(
        total=40,
        parts=20,
        grants=(
            rain().grants[0],
            Grant(
                Coupon(CNY(1)),
                to=pack.GRABBER,
                on=pack.GRABBED,
                name="once",
                at_most=Limit(3, per=MEMBER),
            ),
        ),
    )
    failed: list[BaseException] = []
    before = deadlocks()

    def call(number: int) -> None:
        dice = random.Random(number)
        shop = Shop(store, [campaign], entropy=DerivedEntropy("rehearsed"))
        for turn in range(6):
            name = f"{number}-{turn}"
            people = [f"u{n}" for n in range(12)]
            dice.shuffle(people)
            wishes: list[Command] = [share(name, by="ann", key=name)]
            wishes += [grab(by, name, key=f"{name}-{by}") for by in people]
            outcomes = shop.handle_many(campaign, wishes[:5])
            outcomes += shop.handle_many(campaign, wishes[5:])
            failed.extend(one for one in outcomes if isinstance(one, BaseException))

    threads = [threading.Thread(target=call, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not failed
    assert audit(store).is_clean
    assert deadlocks() == before
