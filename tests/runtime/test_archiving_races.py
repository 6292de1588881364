"""Archiving beside what rewrites, prunes and delivers meanwhile, and what cannot be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from postgres import fresh_store
from raffle import Drawn, EmptyHat, Enter, Full, Raffle
from shops import (
    NOON,
    ask,
    assert_clean,
    at,
    code,
    grab,
    like,
    likes,
    share,
    shop_of,
    small,
    unlike,
)
from viralcommerce import CNY, DAY, UNLIMITED, Campaign, Cap, Coupon, Entry, Grant, Points, Shop
from viralcommerce.errors import NaiveTime
from viralcommerce.kinds import KINDS
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.base import rule
from viralcommerce.runtime.archiving import archive
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Line
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import ScriptedClock

PACKS = small(limits=(Cap("a-day", 9, on=pack.GRABBED, of=pack.GRABBER, per=DAY),))
LIKES = likes(
    2,
    grants=(Grant(Coupon(CNY(1)), to=collect.LIKER, on=collect.LIKED),),
    budget=CNY(100_000),
)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made = SqliteStore(tmp_path / "viral.db") if request.param == "sqlite" else fresh_store()
    yield made
    made.close()


def busy(store: Any) -> Shop:
    """Two packs that are empty, an ask that is done, and one of each that is open."""
    shop = shop_of(PACKS, LIKES, store=store)
    for number in range(2):
        shop.handle(PACKS, share(f"p{number}", key=f"s{number}"))
        for member in ("bob", "cid", "dee"):
            shop.handle(PACKS, grab(member, f"p{number}", key=f"{member}-{number}"))
    shop.handle(LIKES, ask("a1"))
    shop.handle(LIKES, like("bob", "a1", key="bob-likes"))
    shop.handle(LIKES, unlike("bob", "a1", key="bob-does-not"))
    for member in ("cid", "dee"):
        shop.handle(LIKES, like(member, "a1", key=f"{member}-likes"))
    shop.handle(PACKS, share("open", at=at(hours=1)))
    shop.handle(LIKES, ask("open", at=at(hours=1)))
    return shop


def once(work: Callable[[], object]) -> Callable[[Sequence[Line]], None]:
    """Where lines are handed out to: something happens at the first of them."""
    waiting = [work]

    def put(_: Sequence[Line]) -> None:
        if waiting:
            waiting.pop()()

    return put


def named(store: Any, member: str) -> list[object]:
    """What of the seals names a member."""
    found: list[object] = []
    for name in store.campaigns():
        found += [seal for seal in store.seals(name) if member.encode() in seal.state]
        found += [key for key, _ in store.sealed_quotas(name) if member in key[2]]
        found += [key for key in store.keys(name) if member in key.key]
    return found


def test_who_is_forgotten_between_proof_and_seal_is_not_sealed_by_name(store: Any) -> None:
    shop = busy(store)
    done = archive(store, before=at(days=1), to=once(lambda: shop.forget("bob")))
    assert done.problems == ()
    assert not named(store, "bob")
    assert_clean(store)
    assert done.instances + archive(store, before=at(days=1)).instances == 3
    assert_clean(store)


def test_a_refusal_that_is_rewritten_before_it_is_dropped_keeps_its_key(store: Any) -> None:
    shop = busy(store)
    archive(store, before=at(days=1))
    for number in range(2):
        shop.handle(PACKS, grab("zed", f"p{number}", key=f"zed-{number}"))
    shop.handle(PACKS, share("last", at=at(hours=2)))
    done = archive(store, before=at(days=1), to=once(lambda: shop.forget("zed")))
    assert done.lines == 0
    assert_clean(store)
    assert archive(store, before=at(days=1)).lines == 2
    assert_clean(store)


def test_a_change_between_page_and_proof_is_no_problem(store: Any) -> None:
    shop = busy(store)
    real = store.history
    waiting = ["cid"]

    def history(campaign: str, instance: str) -> Sequence[Line]:
        if waiting:
            shop.forget(waiting.pop())
        found: Sequence[Line] = real(campaign, instance)
        return found

    store.history = history
    assert archive(store, before=at(days=1)).problems == ()
    assert_clean(store)


def test_a_key_that_was_pruned_and_used_anew_stays(store: Any) -> None:
    shop = busy(store)
    store.prune_keys(at(minutes=1))
    later = shop.handle(PACKS, share("p9", key="s0", at=at(hours=2)))
    assert archive(store, before=at(minutes=30)).instances == 3
    assert_clean(store)
    assert shop.handle(PACKS, share("p9", key="s0", at=at(hours=3))) == later


def test_a_command_of_the_far_future_holds_nothing_up(store: Any) -> None:
    shop = shop_of(PACKS, store=store)
    shop.handle(PACKS, share("far", at=at(days=20_000)))
    for number in range(3):
        shop.handle(PACKS, grab("bob", f"nowhere-{number}"))
    shop.handle(PACKS, share("open"))
    assert archive(store, before=at(days=1)).lines == 3
    assert_clean(store)


def test_a_moment_without_a_zone_is_refused(store: Any) -> None:
    busy(store)
    with pytest.raises(NaiveTime, match="has no zone"):
        archive(store, before=NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    "damage",
    [
        "update viral_journal set decision = '{\"x\": 1}' where instance = 'p0'",
        "update viral_journal set decision = 'no JSON' where instance = 'p0'",
        "update viral_cells set state = '{' where instance = 'p0'",
        "update viral_cells set rules = 'unknown' where instance = 'p0'",
    ],
)
def test_what_cannot_be_read_is_kept_and_told_and_holds_nothing_up(
    tmp_path: Path, damage: str
) -> None:
    store = SqliteStore(tmp_path / "viral.db")
    busy(store)
    with closing(sqlite3.connect(store.path)) as hand:
        hand.execute(damage)
        hand.commit()
    done = archive(store, before=at(days=1))
    assert [problem.where for problem in done.problems] == ["p0"]
    assert done.instances == 2
    assert store.history("rain-pack", "p0")
    store.close()


def test_what_an_entry_began_stays_until_the_entry_is_settled(store: Any) -> None:
    """Delivered, and whoever delivered it died: it is delivered again, and must be recognized."""
    first = Campaign(
        "likes-in",
        collect.Collect(goal=1, within=timedelta(hours=48)),
        grants=(Grant(Entry("rain-pack"), to=collect.COLLECTOR, on=collect.REACHED),),
        budget=UNLIMITED,
    )
    shop = shop_of(PACKS, first, store=store)
    shop.handle(first, ask("a1"))
    shop.handle(first, like("bob", "a1"))
    settle, store.settle = store.settle, lambda settled: None
    shop.deliver()
    store.settle = settle
    (begun, _), *_ = store.cells("rain-pack")
    for member in ("bob", "cid", "dee"):
        shop.handle(PACKS, grab(member, begun))
    shop.handle(PACKS, share("open"))
    assert archive(store, before=at(days=1)).instances == 0
    late = shop_of(PACKS, first, store=store, clock=ScriptedClock(at(days=2)))
    again = late.deliver()
    assert (again.delivered, again.reversed) == (1, 0)
    assert archive(store, before=at(days=1)).instances == 2
    assert_clean(store)


def test_an_award_that_is_given_while_it_is_archived_stays(store: Any) -> None:
    """A tick acts as of deadlines that lie behind."""
    campaign = likes(
        2, grants=(Grant(Entry("rain-pack"), to=collect.COLLECTOR, on=collect.LAPSED),)
    )
    shop = shop_of(campaign, PACKS, store=store)
    shop.handle(campaign, ask("a1"))
    shop.handle(PACKS, share("open", at=at(days=9)))
    real, waiting = store.unsealed, [at(days=3)]

    def unsealed(*values: Any) -> Any:
        if waiting:
            shop.tick(waiting.pop())
            shop.handle(PACKS, share("open-too", at=at(days=9)))
        return real(*values)

    store.unsealed = unsealed
    assert archive(store, before=at(days=4)).instances == 0
    assert_clean(store)


def test_the_parts_of_what_is_sealed_in_shadow_are_proved(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "viral.db")
    shop = shop_of(PACKS, store=store)
    shop.set_stage(PACKS, "shadow", by="ops", why="a look")
    for name in ("p1", "p2"):
        shop.handle(PACKS, share(name))
        for member in ("bob", "cid", "dee"):
            shop.handle(PACKS, grab(member, name))
    assert archive(store, before=at(days=1)).instances == 1
    assert_clean(store)
    with closing(sqlite3.connect(store.path)) as hand:
        hand.execute("delete from viral_parts where member = 'bob' and instance = 'p1'")
        hand.commit()
    assert not audit(store).is_clean
    store.close()


@rule("endless")
class Endless(Raffle):
    """A hat that nobody ever draws from: it has no deadline, and is never over."""

    def deadline(self, state: EmptyHat | Full | Drawn) -> datetime | None:
        return None


def test_a_game_that_never_ends_goes_on_after_it_was_sealed(store: Any) -> None:
    kinds = KINDS | {"endless": Endless}
    hats = Campaign(
        "hats", Endless(), grants=(Grant(Points(1), to="entrant", on="entered"),), budget=UNLIMITED
    )
    shop = shop_of(hats, store=store, kinds=kinds)
    for member in ("ann", "bob"):
        shop.handle(hats, Enter(hat="h1", by=member))
    shop.handle(hats, Enter(hat="h2", by="cid"))
    assert archive(store, before=at(days=1), kinds=kinds).instances == 1
    for member in ("ann", "dee"):
        assert code(shop.handle(hats, Enter(hat="h1", by=member, at=at(hours=1)))) == "yes"
    assert audit(store, kinds=kinds).problems == ()
