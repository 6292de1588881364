"""Archiving: what is over is proved once more, sealed, and its journal lines dropped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from postgres import fresh_store, server_url
from shops import NOON, ask, assert_clean, at, code, grab, like, likes, share, shop_of, small
from viralcommerce import DAY, Cap, Shop, hours
from viralcommerce.codec import messages_of
from viralcommerce.errors import NotLive, UnknownCampaign
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.conditions import Velocity
from viralcommerce.runtime.archiving import archive
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Line
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer

PACKS = small(
    limits=(Cap("a-day", 9, on=pack.GRABBED, of=pack.GRABBER, per=DAY),),
    given=Velocity(at_most=99, within=hours(1)),
)
LIKES = likes(2)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made = SqliteStore(tmp_path / "viral.db") if request.param == "sqlite" else fresh_store()
    yield made
    made.close()


def busy(store: Any, **ports: Any) -> Shop:
    """Packs that are empty, packs whose time is over, a pack and an ask that are open."""
    shop = shop_of(PACKS, LIKES, store=store, **ports)
    for number in range(4):
        shop.handle(PACKS, share(f"empty-{number}", key=f"s{number}"))
        for member in ("bob", "cid", "dee", "eve"):
            shop.handle(PACKS, grab(member, f"empty-{number}", key=f"{member}{number}"))
    shop.handle(PACKS, share("over", by="bob"))
    shop.handle(PACKS, grab("cid", "over"))
    shop.tick(at(hours=2))
    shop.handle(PACKS, share("open", at=at(hours=3)))
    shop.handle(PACKS, grab("bob", "open", at=at(hours=3)))
    shop.handle(LIKES, ask("a1"))
    shop.handle(LIKES, like("bob", "a1"))
    shop.handle(LIKES, like("cid", "a1"))
    shop.handle(LIKES, ask("a2", by="cid"))
    shop.handle(PACKS, grab("bob", "nowhere", at=at(hours=4)))
    return shop


def lines(store: Any) -> int:
    return sum(len(list(store.journal(name))) for name in store.campaigns())


def test_what_is_over_is_sealed_and_the_books_stay_clean(store: Any) -> None:
    shop = busy(store)
    before, had = audit(store), lines(store)
    done = archive(store, before=at(days=1))
    assert (done.instances, done.problems) == (6, ())
    assert lines(store) == had - done.lines
    after = audit(store)
    assert after.problems == ()
    assert (after.spent, after.instances) == (before.spent, before.instances)
    assert {seal.instance for seal in store.seals("rain-pack")} == {
        "empty-0", "empty-1", "empty-2", "empty-3", "over",
    }  # fmt: skip
    assert [seal.instance for seal in store.seals("38-likes")] == ["a1"]
    assert not store.history("rain-pack", "empty-1")
    assert len(shop.views.wallet("bob", at=NOON)) == 6
    assert archive(store, before=at(days=1)).instances == 0


def test_what_comes_afterwards_is_proved_from_the_seals(store: Any) -> None:
    shop = busy(store)
    archive(store, before=at(days=1))
    again = shop.handle(PACKS, grab("bob", "empty-1", key="bob1"))
    assert code(again) == "already_grabbed"
    assert code(shop.handle(PACKS, grab("fay", "empty-1"))) == "pack_empty"
    assert code(shop.handle(PACKS, share("empty-1"))) == "already_shared"
    shop.handle(PACKS, share("new"))
    shop.handle(PACKS, grab("bob", "new"))
    shop.handle(PACKS, grab("cid", "open", at=at(hours=3)))
    assert_clean(store)
    for member in ("cid", "dee"):
        shop.handle(PACKS, grab(member, "new"))
    shop.handle(PACKS, grab("dee", "open", at=at(hours=3)))  # the last line stays
    assert archive(store, before=at(days=1)).instances == 1
    assert_clean(store)


def test_a_campaign_that_is_not_there_is_not_archived_silently(store: Any) -> None:
    with busy(store), pytest.raises(UnknownCampaign, match="'typo'; choose from: "):
        archive(store, before=at(days=9), campaigns=("typo",))


def test_only_what_is_old_enough_goes(store: Any) -> None:
    busy(store)
    assert archive(store, before=NOON).instances == 0
    assert archive(store, before=at(minutes=1)).instances == 5
    assert archive(store, before=at(hours=1, microseconds=1)).instances == 1
    assert_clean(store)


def test_what_waits_to_be_delivered_stays(store: Any) -> None:
    shop = busy(store, issuer=FakeIssuer())
    assert archive(store, before=at(days=1)).instances == 0
    shop.deliver(limit=1000)
    assert archive(store, before=at(days=1)).instances == 6
    assert_clean(store)


def test_lines_are_handed_out_before_they_are_dropped(store: Any) -> None:
    busy(store)
    every = {line.position: line for name in store.campaigns() for line in store.journal(name)}
    kept: list[Line] = []
    fails = True

    def out(some: Sequence[Line]) -> None:
        kept.extend(some)
        if fails:
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        archive(store, before=at(days=1), to=out)
    assert lines(store) == len(every)
    fails = False
    done = archive(store, before=at(days=1), to=out)
    left = {line.position for name in store.campaigns() for line in store.journal(name)}
    assert {line.position for line in kept} | left == set(every)
    assert all(every[line.position] == line for line in kept)
    assert done.lines == len(every) - len(left)


def test_what_does_not_add_up_is_kept_and_told(tmp_path: Path) -> None:
    """Nothing is dropped that was not proved."""
    store = SqliteStore(tmp_path / "viral.db")
    busy(store)
    with closing(sqlite3.connect(store.path)) as hand:
        hand.execute("update viral_cells set version = 9 where instance = 'empty-2'")
        hand.commit()
    done = archive(store, before=at(days=1))
    assert done.instances == 5
    assert [problem.where for problem in done.problems] == ["empty-2"]
    assert store.history("rain-pack", "empty-2")
    store.close()


TAMPERINGS = {
    "a cell": "update viral_cells set state = replace(state, 'bob', 'mallory') "
    "where instance = 'empty-1'",
    "a version": "update viral_cells set version = version + 1 where instance = 'empty-1'",
    "a cell gone": "delete from viral_cells where instance = 'empty-1'",
    "an amount": "update viral_ledger set amount = amount + 1 where instance = 'empty-1' "
    "and award is not null",
    "a row gone": "delete from viral_ledger where instance = 'empty-1' and award is null",
    "a row more": "insert into viral_ledger (campaign, instance, at, id, source, target, asset, "
    "amount, reverses) select campaign, instance, at, id || '0', source, target, asset, amount, "
    "reverses from viral_ledger where instance = 'empty-1' limit 1",
    "a part": "update viral_parts set member = 'mallory' where instance = 'empty-1' "
    "and role = 'sharer'",
    "a part gone": "delete from viral_parts where instance = 'empty-1' and role = 'sharer'",
    "a quota": "update viral_quotas set used = used + 1 where scope = 'member/dee'",
    "a seal": "update viral_seals set rows = rows - 1 where instance = 'empty-1'",
    "a seal gone": "delete from viral_seals where instance = 'empty-1'",
    "what was counted": "update viral_sealed_quotas set used = used - 1 where name like 'cap/%'",
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_whatever_is_changed_afterwards_is_reported(tmp_path: Path, what: str) -> None:
    store = SqliteStore(tmp_path / "viral.db")
    busy(store)
    archive(store, before=at(days=1))
    assert_clean(store)
    with closing(sqlite3.connect(store.path)) as hand:
        assert hand.execute(TAMPERINGS[what]).rowcount >= 1
        hand.commit()
    assert not audit(store).is_clean
    store.close()


def test_who_is_forgotten_is_forgotten_in_what_is_sealed(store: Any) -> None:
    shop = busy(store)
    archive(store, before=at(days=1))
    done = shop.forget("bob")
    assert done.lines >= 1
    for seal in store.seals("rain-pack"):
        assert b"bob" not in seal.state
    assert not [key for key, _ in store.sealed_quotas("rain-pack") if "bob" in key[2]]
    assert_clean(store)
    assert code(shop.handle(PACKS, grab("bob", "empty-1"))) == "forgotten"


def test_no_position_is_given_twice(store: Any) -> None:
    shop = shop_of(PACKS, store=store)
    shop.handle(PACKS, share("p1"))
    for member in ("bob", "cid", "dee"):
        shop.handle(PACKS, grab(member, "p1"))
    last = [line.position for line in store.journal("rain-pack")][-1]
    archive(store, before=at(days=1))
    shop.handle(PACKS, share("p2"))
    after = [line.position for line in store.journal("rain-pack")]
    assert len(after) == len(set(after))
    assert after[-1] > last
    assert archive(store, before=at(days=1)).instances + len(list(store.seals("rain-pack"))) >= 1
    assert_clean(store)


def test_a_store_in_memory_keeps_everything() -> None:
    store = MemoryStore()
    busy(store)
    with pytest.raises(NotLive, match="keeps everything"):
        archive(store, before=at(days=1))


def test_partitions_that_are_empty_then_go() -> None:
    import psycopg

    store = fresh_store()
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"drop table {store.schema}.journal_1")
        connection.execute(f"update {store.schema}.meta set value = '10' where name = 'partition'")
    store.tend()
    shop = shop_of(PACKS, store=store)
    for number in range(20):
        shop.handle(PACKS, share(f"p{number}"))
        for member in range(3):
            shop.handle(PACKS, grab(f"m{number}-{member}", f"p{number}"))
        store.tend()
    had = store.tend()
    done = archive(store, before=at(days=1))
    assert done.instances == 19  # the last line stays
    assert store.tend() <= had - 7
    assert_clean(store)
    store.close()


def test_beside_everybodys_commands(store: Any) -> None:
    """EC-71: what changes in between is left as it is."""
    import threading

    shop = busy(store)
    done = threading.Event()

    def goes_on() -> None:
        number = 0
        while not done.is_set():
            number += 1
            shop.handle(PACKS, share(f"new-{number}"))
            for member in ("bob", "cid", "dee"):
                shop.handle(PACKS, grab(member, f"new-{number}"))
            shop.handle(PACKS, grab(f"late-{number}", f"empty-{number % 4}"))

    others = [threading.Thread(target=goes_on)]
    for thread in others:
        thread.start()
    sealed = sum(archive(store, before=at(days=1)).instances for _ in range(5))
    done.set()
    for thread in others:
        thread.join()
    assert sealed >= 5
    assert_clean(store)


def test_refusals_of_what_is_sealed_or_never_began_go_too(store: Any) -> None:
    """So that a partition is empty at last; nothing follows from them."""
    shop = busy(store)
    kept: list[Line] = []
    archive(store, before=at(days=1))
    for number in range(3):
        shop.handle(PACKS, grab(f"late-{number}", "empty-1", at=at(hours=5)))
        shop.handle(PACKS, grab(f"lost-{number}", f"nowhere-{number}", at=at(hours=5)))
        shop.handle(PACKS, grab("ann", "open", at=at(hours=3)))
    shop.handle(PACKS, grab("cid", "open", at=at(hours=3)))
    done = archive(store, before=at(days=1), to=kept.extend)
    assert (done.instances, done.lines) == (0, 7)  # with the last line of before
    assert len(kept) == 10  # what is refused of an open pack is handed out, and stays
    assert {one.instance for one in map(_thawed, store.journal("rain-pack"))} == {"open"}
    assert_clean(store)
    assert archive(store, before=at(days=1)).lines == 0


def _thawed(line: Line) -> Any:
    assert isinstance(line.decision, bytes)
    return messages_of(pack.CouponPack).decision(line.decision)
