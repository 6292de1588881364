"""Deadlines: due, ticked once, and acted on first by whoever comes upon them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shops import (
    NOON,
    ask,
    assert_clean,
    at,
    code,
    everything,
    grab,
    like,
    likes,
    plain,
    rain,
    share,
    shop_of,
    small,
    spent,
    unlike,
)
from viralcommerce import Accepted, Shop, hours
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import ScriptedClock

SMALL = small()
LIKES = likes(2, mechanic=collect.Collect(goal=2, within=hours(2)))


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
        return
    disk = SqliteStore(tmp_path / "viral.db")
    yield disk
    disk.close()


def ends(store: Any, name: str = "rain-pack") -> list[str]:
    """The instances that the journal says were ended, in order."""
    return [
        said["instance"]
        for line in store.journal(name)
        if (said := plain(line.decision))["command"]["kind"] == "expire"
    ]


def test_due_at_the_deadline_and_not_before(store: Any) -> None:
    """EC-1: half-open: the instant it closes is out."""
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share())
    assert list(shop.due(at(minutes=59, seconds=59))) == []
    ((name, command),) = shop.due(at(hours=1))
    assert name == "rain-pack"
    assert command == pack.Expire(pack="p1", at=at(hours=1), key=command.key)
    assert command.key == f"(clock)/p1/{at(hours=1).isoformat()}/1"
    assert code(shop.handle(SMALL, grab(at=at(minutes=59, seconds=59)))) == "yes"
    assert code(shop.handle(SMALL, grab("cid", at=at(hours=1)))) == "pack_over"


def test_the_earliest_is_due_first_and_no_more_than_asked(store: Any) -> None:
    shop = shop_of(SMALL, LIKES, store=store)
    shop.handle(SMALL, share("p2", at=at(minutes=5)))
    shop.handle(LIKES, ask("a1", at=at(minutes=-61)))
    shop.handle(SMALL, share("p1", at=NOON))
    instances = [
        getattr(command, "pack", "") or command.ask for _, command in shop.due(at(days=1))
    ]
    assert instances == ["a1", "p1", "p2"]
    assert [name for name, _ in shop.due(at(days=1), limit=1)] == ["38-likes"]


def test_deadlines_of_campaigns_that_are_not_ours_hide_none_of_ours(store: Any) -> None:
    """A thousand packs that nobody ends any more must not be all that a ticker ever sees."""
    gone = rain().replace(name="gone")
    other = shop_of(gone, store=store)
    for number in range(5):
        other.handle(gone, share(f"p{number}", at=at(days=-9)))
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share())
    assert len(list(shop.due(at(days=1), limit=3))) == 1
    assert shop.tick(at(days=1), limit=3) == 1
    assert ends(store, "gone") == []


def test_tick_acts_on_each_deadline_once(store: Any) -> None:
    clock = ScriptedClock(NOON)
    shop = shop_of(SMALL, store=store, clock=clock)
    for number in range(3):
        shop.handle(SMALL, share(f"p{number}"))
    assert shop.tick() == 0
    clock.at(at(hours=1))
    assert shop.tick(limit=2) == 2
    assert shop.tick() == 1
    tables = everything(store)
    assert shop.tick() == 0
    assert everything(store) == tables
    assert sorted(ends(store)) == ["p0", "p1", "p2"]
    assert_clean(store)


def test_a_clocks_command_handled_twice_is_answered_twice_and_happens_once(store: Any) -> None:
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share())
    ((name, command),) = shop.due(at(hours=1))
    first = shop.handle(name, command)
    tables = everything(store)
    assert shop.handle(name, command) == first
    assert everything(store) == tables


def test_tickers_on_many_threads_act_once(store: Any) -> None:
    shop = shop_of(SMALL, store=store)
    for number in range(8):
        shop.handle(SMALL, share(f"p{number}"))
    acted: list[int] = []
    ready = threading.Barrier(4)

    def ticker() -> None:
        ready.wait()
        acted.append(shop.tick(at(hours=1)))

    threads = [threading.Thread(target=ticker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(acted) == 8
    assert sorted(ends(store)) == sorted({*ends(store)})
    assert spent(store, "rain-pack") == 0
    assert_clean(store)


def test_who_comes_late_ends_it_first_at_its_own_deadline(store: Any) -> None:
    """EC-12, EC-80: event time decides, not when somebody got round to it."""
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share())
    late = shop.handle(SMALL, grab(at=at(hours=5), key="late"))
    assert code(late) == "pack_over"
    assert late.refusal.closes == at(hours=1)
    first, ended, refused = [plain(line.decision) for line in store.journal("rain-pack")]
    assert (first["version"], ended["version"]) == (1, 2)
    assert ended["command"]["at"] == "2026-11-11T05:00:00Z"
    assert ended["events"][0]["kind"] == "expired"
    assert refused["refusal"]["code"] == "pack_over"
    assert list(shop.due(at(days=1))) == []
    assert shop.tick(at(days=1)) == 0
    assert_clean(store)


def test_it_is_the_same_whether_the_clock_or_a_member_ends_it() -> None:
    by_clock, by_member = shop_of(SMALL), shop_of(SMALL)
    for shop in (by_clock, by_member):
        shop.handle(SMALL, share(key="s"))
    by_clock.tick(at(hours=3))
    for shop in (by_clock, by_member):
        shop.handle(SMALL, grab(at=at(hours=5), key="late"))
    assert everything(by_clock.store) == everything(by_member.store)


def test_an_overdue_instance_inside_a_batch_is_ended_once(store: Any) -> None:
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share())
    late = {"at": at(hours=2)}
    told = [grab("bob", **late), grab("cid", **late), share("p1", "dee", **late), share("p2")]
    ending = pack.Expire(pack="p1", at=at(hours=1), key="from-the-host")
    outcomes = shop.handle_many(SMALL, [*told, ending, grab("bob", at=at(minutes=5))])
    assert [code(one) for one in outcomes] == [
        "pack_over",
        "pack_over",
        "already_shared",
        "yes",
        "nothing_to_end",
        "pack_over",
    ]
    assert ends(store) == ["p1", "p1"]
    assert_clean(store)


def test_a_batch_that_begins_and_outlives_an_instance(store: Any) -> None:
    shop = shop_of(LIKES, store=store)
    told = [
        ask("a1"),
        like("bob"),
        unlike("bob", at=at(hours=3)),
        like("cid", at=at(minutes=30)),
        ask("a1", by="cid", at=at(hours=4)),
    ]
    outcomes = shop.handle_many(LIKES, told)
    assert [code(one) for one in outcomes] == [
        "yes",
        "yes",
        "ask_over",
        "ask_over",
        "already_asked",
    ]
    assert ends(store, "38-likes") == ["a1"]
    assert_clean(store)


def test_what_was_too_early_to_end_can_be_ended_later(store: Any) -> None:
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share())
    early = pack.Expire(pack="p1", at=at(minutes=5), key="hasty")
    assert code(shop.handle(SMALL, early)) == "nothing_to_end"
    assert isinstance(shop.handle(SMALL, pack.Expire(pack="p1", at=at(hours=1))), Accepted)
    assert code(shop.handle(SMALL, early)) == "nothing_to_end"


def test_an_emptied_pack_has_no_deadline(store: Any) -> None:
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share())
    for member in ("bob", "cid", "dee"):
        shop.handle(SMALL, grab(member))
    assert list(shop.due(at(days=1))) == []
    view = shop.views.instance("rain-pack", "p1", at=at(days=1))
    assert view is not None
    assert (view.deadline, view.is_due) == (None, False)


def test_a_clock_that_goes_back_opens_nothing_again(store: Any) -> None:
    clock = ScriptedClock(at(hours=2))
    shop = shop_of(SMALL, store=store, clock=clock)
    shop.handle(SMALL, share(at=NOON))
    assert shop.tick() == 1
    clock.at(at(minutes=30))
    assert code(shop.handle(SMALL, grab())) == "pack_over"
    assert shop.tick() == 0
    assert_clean(store)


def test_a_command_from_before_the_pack_was_shared_is_taken_as_it_comes(store: Any) -> None:
    """Clocks of two servers differ; the order of arrival is the journal's."""
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share(at=NOON))
    early = shop.handle(SMALL, grab(at=at(seconds=-3)))
    assert code(early) == "yes"
    assert early.version == 2
    assert_clean(store)


def test_a_deadline_survives_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/viral.db"
    with Shop.open(url, SMALL) as shop:
        shop.handle(SMALL, share(at=NOON))
    with Shop.open(url, SMALL) as shop:
        assert shop.tick(at(hours=1)) == 1
        assert_clean(shop.store)
