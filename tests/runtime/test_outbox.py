"""The outbox: every award is handed out at least once, under one id, whatever breaks when."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inviting import RIDES, gifts
from shops import NOON, assert_clean, grab, rain, share, shop_of
from viralcommerce import CNY, WHOLE, Award, Campaign, Coupon, Grant, Points, Shop
from viralcommerce.errors import InvalidValue, NotLive, StoreBusy
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.outbox import Backlog
from viralcommerce.runtime.relay import PATIENCE, Deliveries, Patience, back_off
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer, ScriptedClock

RAIN = rain(
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share"),
        Grant(Points(5), to=pack.SHARER, on=pack.GRABBED, name="thanks"),
    )
)
AWAY = ConnectionError("the voucher service is away")
LEASE = PATIENCE.lease
FRIENDS = Campaign("friends", RIDES, grants=gifts(levels=1, most=9), budget=CNY(1_000))


@pytest.fixture
def clock() -> ScriptedClock:
    return ScriptedClock(NOON)


def begun(store: Any, issuer: Any, members: int = 3, **ports: Any) -> Shop:
    """A shop in which so many members have opened one pack."""
    shop = shop_of(RAIN, store=store, issuer=issuer, **ports)
    shop.handle(RAIN, share())
    for number in range(members):
        shop.handle(RAIN, grab(f"member-{number}", key=f"g{number}"))
    return shop


def ids(awards: list[Award]) -> list[str]:
    return [award.id for award in awards]


def waiting(store: Any) -> list[str]:
    return [one.award.id for one in store.pending(99)]


ALL = [f"rain-pack/p1/{version}/{row}" for version in (2, 3, 4) for row in (0, 1)]
"""In turn a member's share and Ann's thanks."""


class Stubborn(FakeIssuer):
    """Fails for some awards, as often as they come."""

    def __init__(self, *never: str) -> None:
        super().__init__()
        self.never = set(never)

    def issue(self, award: Award) -> None:
        if award.id in self.never:
            self.attempts.append(award.id)
            raise AWAY
        super().issue(award)


def test_awards_are_handed_out_once_oldest_first(store: Any) -> None:
    issuer = FakeIssuer()
    shop = begun(store, issuer)
    assert shop.deliver(limit=4) == Deliveries(delivered=4)
    assert shop.deliver() == Deliveries(delivered=2)
    assert shop.deliver() == Deliveries()
    assert ids(issuer.issued) == issuer.attempts == ALL
    assert [award.amount for award in issuer.given("ann")] == [5, 5, 5]


def test_refusals_and_retries_hand_out_nothing(store: Any) -> None:
    issuer = FakeIssuer()
    shop = begun(store, issuer, members=1)
    shop.handle(RAIN, grab("member-0", key="g0"))
    shop.handle(RAIN, grab("ann"))
    shop.deliver()
    assert ids(issuer.issued) == ALL[:2]


def test_a_failure_holds_up_its_own_member_and_nobody_else(
    store: Any, clock: ScriptedClock
) -> None:
    issuer = Stubborn(ALL[1])
    shop = begun(store, issuer, clock=clock)
    told = shop.deliver()
    error = "ConnectionError: the voucher service is away"
    assert told == Deliveries(delivered=3, retried=1, errors=(error,))
    assert ids(issuer.issued) == ALL[::2], "Ann's later thanks wait for her first"
    assert waiting(store) == ALL[1::2]
    assert [one.tries for one in store.pending(9)] == [1, 0, 0]
    assert store.pending(1)[0].error == error
    assert shop.deliver() == Deliveries(), "it is not due yet"
    issuer.never.clear()
    clock.forward(PATIENCE.first)
    assert shop.deliver() == Deliveries(delivered=3)
    assert [award.id for award in issuer.given("ann")] == ALL[1::2]


def test_what_fails_too_often_is_set_aside_seen_and_may_be_tried_again(
    store: Any, clock: ScriptedClock
) -> None:
    issuer = Stubborn(ALL[1])
    shop = begun(store, issuer, clock=clock)
    patience = Patience(tries=3)
    rounds = []
    for _ in range(4):
        rounds.append(shop.deliver(patience=patience))
        clock.forward(timedelta(hours=1))
    assert [(one.delivered, one.retried, one.poisoned) for one in rounds] == [
        (3, 1, 0),
        (0, 1, 0),
        (2, 0, 1),
        (0, 0, 0),
    ]
    assert [award.id for award in issuer.given("ann")] == ALL[3::2], "poison holds nobody up"
    assert shop.views.outbox() == Backlog(depth=0, oldest=None, poisoned=1)
    (seen,) = shop.views.poisoned()
    assert (seen.award.id, seen.tries) == (ALL[1], 3)
    assert seen.error == "ConnectionError: the voucher service is away"
    assert_clean(store)
    assert shop.retry(seen.position, 10**9) == 1
    issuer.never.clear()
    assert shop.deliver() == Deliveries(delivered=1)
    assert shop.views.outbox().poisoned == 0


def test_what_is_put_back_in_line_within_a_hosts_transaction_is_rolled_back_with_it(
    tmp_path: Path, clock: ScriptedClock
) -> None:
    path = tmp_path / "viral.db"
    store = SqliteStore(path)
    shop = begun(store, Stubborn(*ALL), members=1, clock=clock)
    assert shop.deliver(patience=Patience(tries=1)).poisoned == 2
    positions = [one.position for one in shop.views.poisoned()]
    with closing(sqlite3.connect(path, isolation_level=None)) as host:
        for end, left in (("rollback", 2), ("commit", 0)):
            host.execute("begin immediate")
            assert shop.within(host).retry(*positions) == 2
            host.execute(end)
            assert shop.views.outbox().poisoned == left
    store.close()


def test_the_backlog_says_how_many_wait_and_since_when(store: Any, clock: ScriptedClock) -> None:
    shop = begun(store, FakeIssuer(), clock=clock, members=1)
    clock.forward(timedelta(minutes=9))
    shop.handle(RAIN, grab("member-1"))
    assert shop.views.outbox() == Backlog(depth=4, oldest=NOON, poisoned=0)
    shop.deliver(limit=2)
    assert shop.views.outbox() == Backlog(depth=2, oldest=clock.now(), poisoned=0)


def test_a_crash_between_issue_and_settling_gives_the_same_id_again(
    store: Any, clock: ScriptedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RQ-19, EC-103: the id is the key, so that the host can tell the second time."""
    issuer = FakeIssuer()
    shop = begun(store, issuer, members=2, clock=clock)

    def dies(settled: Any) -> None:
        raise StoreBusy("killed just here")

    with monkeypatch.context() as broken:
        broken.setattr(store, "settle", dies)
        with pytest.raises(StoreBusy):
            shop.deliver()
    assert shop.deliver() == Deliveries(), "nobody knows yet that the other is gone"
    clock.forward(LEASE)
    assert shop.deliver() == Deliveries(delivered=4)
    assert issuer.attempts == [*ALL[:4], *ALL[:3], ALL[3]], "each member's oldest first, alone"
    assert ids(issuer.issued) == ALL[:4]
    assert_clean(store)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_relay_that_is_stopped_tells_what_it_did(store: Any, stop: type[BaseException]) -> None:
    issuer = FakeIssuer()
    shop = begun(store, issuer)
    issue = issuer.issue

    def stopped(award: Award) -> None:
        if award.id == ALL[2]:
            raise stop
        issue(award)

    issuer.issue = stopped  # type: ignore[method-assign]
    with pytest.raises(stop):
        shop.deliver()
    assert waiting(store) == ALL[2:]
    assert [one.tries for one in store.pending(9)] == [0] * 4
    issuer.issue = issue  # type: ignore[method-assign]
    assert shop.deliver() == Deliveries(delivered=4)
    assert ids(issuer.issued) == ALL


def test_a_task_that_is_canceled_tells_what_it_did(store: Any) -> None:
    class Slow(FakeIssuer):
        async def issue(self, award: Award) -> None:  # type: ignore[override]
            super().issue(award)
            if award.id == ALL[2]:
                await asyncio.sleep(60)

    async def scenario() -> None:
        issuer = Slow()
        begun(store, issuer)
        shop = AsyncShop(InThreads(store), [RAIN], issuer=issuer, clock=ScriptedClock(NOON))
        task = asyncio.create_task(shop.deliver())
        while len(issuer.issued) < 3:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert waiting(store) == ALL[2:]
        assert [one.tries for one in store.pending(9)] == [0] * 4

    asyncio.run(scenario())


def test_a_relay_that_is_slower_than_its_lease_leaves_the_rest_to_others(
    store: Any, clock: ScriptedClock
) -> None:
    issuer = FakeIssuer()
    shop = begun(store, issuer, clock=clock)
    issue = issuer.issue

    def slow(award: Award) -> None:
        issue(award)
        clock.forward(LEASE * 2 / 3)

    issuer.issue = slow  # type: ignore[method-assign]
    assert shop.deliver() == Deliveries(delivered=2)
    assert waiting(store) == ALL[2:]
    issuer.issue = issue  # type: ignore[method-assign]
    assert shop.deliver() == Deliveries(delivered=4)
    assert issuer.attempts == ALL


def test_what_kills_every_relay_that_tries_it_is_set_aside(
    store: Any, clock: ScriptedClock
) -> None:
    """A relay that is killed tells nobody; the tries are counted when they begin."""
    issuer = FakeIssuer()
    shop = begun(store, issuer, clock=clock)
    issue, settle = issuer.issue, store.settle

    class Killed(BaseException):
        pass

    def kills(award: Award) -> None:
        if award.id == ALL[3]:
            store.settle = None  # nothing is settled any more
            raise Killed
        issue(award)

    issuer.issue = kills  # type: ignore[method-assign]
    patience = Patience(tries=3)
    for _ in range(12):
        try:
            shop.deliver(patience=patience)
        except (Killed, TypeError):
            store.settle = settle
        clock.forward(LEASE)
    assert waiting(store) == []
    (seen,) = shop.views.poisoned()
    assert (seen.award.id, seen.error) == (ALL[3], "whoever tried to deliver it was stopped")
    assert sorted(ids(issuer.issued)) == sorted({*ALL} - {ALL[3]})


def test_a_shop_without_an_issuer_keeps_no_outbox(store: Any) -> None:
    shop = begun(store, None)
    assert list(store.pending(9)) == []
    assert shop.deliver() == Deliveries()
    friends = shop_of(FRIENDS, store=store)  # nothing of it can be entered
    with pytest.raises(NotLive, match="deliver: this shop has no issuer; give issuer="):
        friends.deliver()


def test_an_issuer_that_must_be_awaited_is_not_taken_at_its_word(
    store: Any, clock: ScriptedClock
) -> None:
    handed: list[str] = []

    class Later:
        async def issue(self, award: Award) -> None:
            handed.append(award.id)

    shop = begun(store, Later(), clock=clock)
    told = shop.deliver()
    assert (told.delivered, len(told.errors)) == (0, 1)
    assert told.errors[0].startswith("InvalidValue: issuer: issue() is to be awaited, and nothing")
    assert handed == []
    clock.forward(timedelta(hours=1))
    assert shop_of(RAIN, store=store, issuer=FakeIssuer(), clock=clock).deliver().delivered


def test_what_waits_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "viral.db"
    first = SqliteStore(path)
    begun(first, FakeIssuer())
    first.close()
    again = SqliteStore(path)
    issuer = FakeIssuer()
    assert shop_of(RAIN, store=again, issuer=issuer).deliver() == Deliveries(delivered=6)
    assert ids(issuer.issued) == ALL
    again.close()


def test_who_delivers_beside_another_takes_what_the_other_has_not_claimed(store: Any) -> None:
    one, other = FakeIssuer(), FakeIssuer()
    shop = begun(store, one)
    beside = shop_of(RAIN, store=store, issuer=other)
    issue = one.issue

    def and_another_comes(award: Award) -> None:
        issue(award)
        beside.deliver()

    one.issue = and_another_comes  # type: ignore[method-assign]
    shop.deliver(limit=3)
    assert (ids(one.issued), ids(other.issued)) == (ALL[:3], [ALL[4]])
    assert waiting(store) == [ALL[3], ALL[5]], "Ann's are in line behind what the first one held"
    assert beside.deliver() == Deliveries(delivered=2)


def test_clocks_that_disagree_deliver_twice_and_never_less(store: Any) -> None:
    """EC-103: who is an hour ahead takes every lease for over."""
    one, other = FakeIssuer(), FakeIssuer()
    shop = begun(store, one)
    ahead = shop_of(
        RAIN, store=store, issuer=other, clock=ScriptedClock(NOON + timedelta(hours=1))
    )
    issue = one.issue

    def and_another_comes(award: Award) -> None:
        issue(award)
        if award.id == ALL[1]:
            while ahead.deliver().delivered:
                pass

    one.issue = and_another_comes  # type: ignore[method-assign]
    shop.deliver()
    assert {*ids(one.issued), *ids(other.issued)} == set(ALL)
    for issuer in (one, other):
        given = [award.id for award in issuer.given("ann")]
        assert given == sorted(given)
    assert waiting(store) == []


def test_whatever_an_issuer_raises_is_kept_as_text(store: Any) -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            return "half \ud83d and nothing \0 " + "long" * 10_000

    issuer = FakeIssuer()
    shop = begun(store, issuer, members=1)
    issuer.fail(Hostile(), ValueError())
    told = shop.deliver()
    assert told.errors[1] == "ValueError"
    assert told.errors[0].startswith("Hostile: half ? and nothing   longlong")
    assert len(told.errors[0]) == 500
    assert [one.error for one in store.pending(9)] == list(told.errors)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_is_no_count_is_refused(store: Any, limit: int) -> None:
    with pytest.raises(InvalidValue, match=f"deliver: limit={limit}; give 1 or more"):
        begun(store, FakeIssuer()).deliver(limit=limit)


@pytest.mark.parametrize(
    "said",
    [
        {"tries": 0},
        {"lease": timedelta(0)},
        {"most": -LEASE},
        {"lease": timedelta.max},
        {"first": timedelta.max},
        {"most": timedelta(days=36_500, microseconds=1)},
    ],
)
def test_patience_that_is_none_is_refused(said: Any) -> None:
    with pytest.raises(InvalidValue, match="patience: "):
        Patience(**said)


def test_patience_of_a_century_stays_within_the_calendar(store: Any) -> None:
    issuer = FakeIssuer()
    issuer.fail(RuntimeError("down"))
    century = timedelta(days=36_500)
    patience = Patience(lease=century, first=century, most=century)
    assert begun(store, issuer).deliver(patience=patience).retried == 1
    for tries in (1, 2, 31, 32, 33):
        assert century / 2 <= back_off(patience, tries, "c0ffee") <= century
    week = Patience(first=timedelta(days=1), most=timedelta(days=7))
    assert [back_off(week, tries, "c0ffee").days for tries in (1, 2, 3, 4)] == [0, 1, 2, 5]


@given(st.integers(1, 10**6), st.text(max_size=40))
def test_each_try_waits_longer_up_to_a_bound(tries: int, seed: str) -> None:
    """The law of patience: by half to the whole of a span that doubles."""
    waits = back_off(PATIENCE, tries, seed)
    whole = min(PATIENCE.first * 2 ** min(tries - 1, 40), PATIENCE.most)
    assert whole / 2 <= waits <= whole
    assert back_off(PATIENCE, tries, seed) == waits
