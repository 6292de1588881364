"""Trying to break it: crowds, absurd sizes, everything short at once, people who change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from shops import (
    NOON,
    MembersOverTime,
    ask,
    assert_clean,
    at,
    code,
    everything,
    grab,
    like,
    likes,
    quota,
    rain,
    share,
    shop_of,
    small,
    spent,
)
from viralcommerce import (
    CAMPAIGN,
    CNY,
    DAY,
    UNLIMITED,
    WHOLE,
    Accepted,
    Cap,
    Coupon,
    EqualSplit,
    Grant,
    Limit,
    LuckySplit,
    Money,
    Points,
    Product,
    Shop,
    hours,
)
from viralcommerce.errors import KeyReused, StoreError
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.conditions import HasTag, PaidOrders, SameDevice
from viralcommerce.runtime.ports import Asked
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeMembers
from viralcommerce.values.money import GREATEST

TAKE_ALL = Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
        return
    disk = SqliteStore(tmp_path / "viral.db")
    yield disk
    disk.close()


def crowd(count: int, work: Callable[[int], None]) -> None:
    """So many threads at once; what one raises is raised here."""
    raised: list[BaseException] = []
    ready = threading.Barrier(count)

    def run(number: int) -> None:
        ready.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - told to the test below
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


# ------------------------------------------------------------------ crowds


def test_of_a_crowd_exactly_as_many_get_a_share_as_there_are(store: Any) -> None:
    """RQ-1: sixty-four parallel claims of one coupon, and one coupon."""
    campaign = small(total=60, parts=10, grants=TAKE_ALL)
    shop = shop_of(campaign, store=store)
    shop.handle(campaign, share())
    outcomes: list[str] = []
    crowd(
        16,
        lambda number: outcomes.extend(
            code(shop.handle(campaign, grab(f"m{number}-{again}"))) for again in range(4)
        ),
    )
    assert outcomes.count("yes") == 10
    assert outcomes.count("pack_empty") == 54
    assert spent(store, "rain-pack") == 6000
    assert_clean(store)


def test_one_key_from_many_hands_is_one_decision(store: Any) -> None:
    """RQ-19: the retry overtakes the first try."""
    campaign = small(grants=TAKE_ALL)
    shop = shop_of(campaign, store=store)
    shop.handle(campaign, share())
    decisions: list[Any] = []
    crowd(8, lambda _: decisions.append(shop.handle(campaign, grab("bob", key="tap"))))
    assert all(decision == decisions[0] for decision in decisions)
    assert len(list(store.journal("rain-pack"))) == 2
    assert_clean(store)


def test_a_crowd_on_many_packs_spends_the_budget_to_the_last_pack(store: Any) -> None:
    """EC-37, EC-38, EC-113: several quotas a command, in every order, and none passed."""
    campaign = small(
        budget=CNY(70),
        grants=(
            TAKE_ALL,
            Grant(
                Coupon(CNY(1)),
                to=pack.SHARER,
                on=pack.GRABBED,
                name="thanks",
                if_short="clip",
                at_most=(Limit(2, per=pack.PACK), Limit(9, per=CAMPAIGN)),
            ),
            Grant(
                Product("pot", worth=CNY(2), stock=3),
                to=pack.LUCKIEST,
                on=pack.EMPTIED,
                name="pot",
                if_short="substitute",
                instead=Points(1),
            ),
        ),
    )
    shop = shop_of(campaign, store=store)

    def work(number: int) -> None:
        for turn in range(12):
            name = f"p{(number + turn) % 12}"
            shop.handle_many(
                campaign,
                [share(name, by=f"s{number}")]
                + [grab(f"m{number}-{again}", name) for again in range(2)],
                at_once=1 + number % 3,
            )

    crowd(6, work)
    assert spent(store, "rain-pack") <= 7000
    opened = [name for name, _ in store.cells("rain-pack")]
    assert len(opened) >= 8
    assert quota(store, "rain-pack", "pot/stock").get(("", ""), 0) <= 3
    assert quota(store, "rain-pack", "thanks/campaign").get(("", ""), 0) <= 9
    assert_clean(store)


def test_sharers_grabbers_and_the_clock_all_at_once(store: Any) -> None:
    """EC-79: what each leaves is what the next finds."""
    campaign = small(total=9, parts=3, grants=TAKE_ALL, budget=CNY(40))
    shop = shop_of(campaign, store=store)

    def work(number: int) -> None:
        for turn in range(10):
            if number == 0:
                shop.tick(at(hours=2))
            elif number % 2:
                shop.handle(campaign, share(f"p{turn}-{number}", at=at(minutes=turn)))
            else:
                late = at(hours=2) if turn % 3 == 0 else at(minutes=turn)
                shop.handle(campaign, grab(f"m{number}", f"p{turn}-{number - 1}", at=late))

    crowd(6, work)
    shop.tick(at(days=1))
    held = sum(cell.held for _, cell in store.cells("rain-pack"))
    assert held == 0
    assert_clean(store)


def test_a_crowd_that_likes_and_withdraws_leaves_whole_likes(store: Any) -> None:
    campaign = likes(
        3,
        grants=Grant(Points(1), to=collect.LIKER, on=collect.LIKED, name="thanks"),
        limits=(Cap("a-day", 2, on=collect.LIKED, of=collect.LIKER, per=DAY),),
    )
    shop = shop_of(campaign, store=store)
    for number in range(3):
        shop.handle(campaign, ask(f"a{number}", by="ann"))

    def work(number: int) -> None:
        for turn in range(9):
            name = f"a{turn % 3}"
            shop.handle(campaign, like(f"m{number % 4}", name))
            shop.handle(campaign, collect.Unlike(ask=name, by=f"m{number % 4}"))

    crowd(6, work)
    thanked = [len(list(store.awards(f"m{number}"))) for number in range(4)]
    assert all(count <= 2 for count in thanked)
    assert_clean(store)


def test_an_operator_pauses_in_the_middle_of_a_crowd(store: Any) -> None:
    campaign = small(total=60, parts=10, grants=TAKE_ALL)
    shop = shop_of(campaign, store=store)
    shop.handle(campaign, share())

    def work(number: int) -> None:
        if number == 0:
            shop.set_stage(campaign, "paused", by="olga", why="a crowd")
        else:
            for again in range(5):
                assert code(shop.handle(campaign, grab(f"m{number}-{again}"))) in (
                    "yes",
                    "paused",
                    "pack_empty",
                )

    crowd(5, work)
    assert code(shop.handle(campaign, grab("late"))) == "paused"
    assert_clean(store)


# ------------------------------------------------------------------ everything short at once


@pytest.mark.parametrize("at_once", [1, 4, 99])
def test_budget_stock_and_a_limit_of_the_campaign_run_out_in_one_batch(
    store: Any, at_once: int
) -> None:
    """The answer is one by one's, whatever was found short first."""
    campaign = likes(
        1,
        grants=(
            Grant(
                Product("pot", worth=CNY(3), stock=2),
                to=collect.COLLECTOR,
                on=collect.ASKED,
                name="pot",
                if_short="drop",
            ),
            Grant(
                Coupon(CNY(2)),
                to=collect.COLLECTOR,
                on=collect.ASKED,
                name="some",
                at_most=Limit(4, per=CAMPAIGN),
                if_short="drop",
            ),
            Grant(
                Coupon(CNY(1)),
                to=collect.COLLECTOR,
                on=collect.ASKED,
                name="clip",
                if_short="clip",
                at_most=Limit(7, per=(CAMPAIGN, DAY)),
            ),
            Grant(Points(1), to=collect.COLLECTOR, on=collect.ASKED, name="points"),
        ),
        limits=(Cap("asks", 9, on=collect.ASKED, of=collect.COLLECTOR, per=CAMPAIGN),),
        budget=CNY("19.50"),
    )
    shop = shop_of(campaign, store=store)
    told = [ask(f"a{number}", by=f"m{number}") for number in range(11)]
    outcomes = shop.handle_many(campaign, told, at_once=at_once)
    given = [[award.grant for award in getattr(one, "awards", ())] for one in outcomes]
    assert given == [
        ["pot", "some", "clip", "points"],
        ["pot", "some", "clip", "points"],
        ["some", "clip", "points"],
        ["some", "clip", "points"],
        ["clip", "points"],
        ["clip", "points"],
        ["points"],
        ["points"],
        ["points"],
        [],
        [],
    ]
    assert [code(one) for one in outcomes[9:]] == ["limit_reached"] * 2
    assert [one.awards[-2].amount for one in outcomes[4:6]] == [100, 50]
    assert spent(store, "38-likes") == 1950
    assert_clean(store)


@pytest.mark.parametrize("at_once", [1, 9])
def test_what_was_released_in_a_batch_can_be_taken_later_in_it_and_not_before(
    store: Any, at_once: int
) -> None:
    campaign = small(budget=CNY(6), grants=TAKE_ALL)
    shop = shop_of(campaign, store=store)
    shop.handle(campaign, share("p1"))
    late = at(hours=2)
    told = [
        share("p2", at=late),
        pack.Expire(pack="p1", at=late),
        share("p3", at=late),
        share("p4", at=late),
    ]
    outcomes = shop.handle_many(campaign, told, at_once=at_once)
    assert [code(one) for one in outcomes] == ["out_of_budget", "yes", "yes", "out_of_budget"]
    assert_clean(store)


@pytest.mark.parametrize("at_once", [1, 9])
def test_one_key_twice_in_one_batch(store: Any, at_once: int) -> None:
    campaign = small(grants=TAKE_ALL)
    shop = shop_of(campaign, store=store)
    told = [
        grab("bob", key="early"),
        share(key="s"),
        grab("bob", key="early"),
        share(key="s"),
        grab("bob", key="s"),
        grab("bob", key="early"),
    ]
    outcomes = shop.handle_many(campaign, told, at_once=at_once)
    assert code(outcomes[0]) == "no_such_pack"
    assert code(outcomes[2]) == "yes"
    assert outcomes[3] == outcomes[1]
    assert isinstance(outcomes[4], KeyReused)
    assert outcomes[5] == outcomes[2]
    assert len(list(store.journal("rain-pack"))) == 3
    assert_clean(store)


# ------------------------------------------------------------------ absurd sizes


def test_the_greatest_amount_there_is(store: Any) -> None:
    """EC-22: no int32, no float, nowhere."""
    all_there_is = Money(GREATEST, "CNY")
    campaign = small(
        mechanic=pack.CouponPack(LuckySplit(all_there_is, parts=3), open_for=hours(1)),
        grants=TAKE_ALL,
        budget=all_there_is,
    )
    shop = shop_of(campaign, store=store)
    shop.handle(campaign, share("p1"))
    assert code(shop.handle(campaign, share("p2"))) == "out_of_budget"
    taken = [shop.handle(campaign, grab(by)).awards[0].amount for by in ("bob", "cid", "dee")]
    assert sum(taken) == GREATEST
    assert spent(store, "rain-pack") == GREATEST
    assert_clean(store)


def test_more_than_a_database_can_count_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    """An integer that overflows must not become a float that is nearly right."""
    campaign = small(
        mechanic=pack.CouponPack(EqualSplit(Money(GREATEST, "CNY"), parts=1), open_for=hours(1)),
        grants=TAKE_ALL,
        budget=UNLIMITED,
    )
    disk = SqliteStore(tmp_path / "viral.db")
    shop = shop_of(campaign, store=disk)
    shop.handle(campaign, share("p1"))
    tables = everything(disk)
    with pytest.raises(StoreError, match="nothing was written"):
        shop.handle(campaign, share("p2"))
    assert everything(disk) == tables
    assert code(shop.handle(campaign, grab("bob", "p1"))) == "yes"
    assert_clean(disk)
    disk.close()


def test_the_longest_ids_and_the_largest_packs(store: Any) -> None:
    campaign = small(total=100, parts=100, grants=TAKE_ALL)
    shop = shop_of(campaign, store=store)
    name = "号" * 200
    shop.handle(campaign, share(name, by="们" * 200, key="k" * 200))
    people = [f"{number:03d}{'长' * 197}" for number in range(101)]
    outcomes = shop.handle_many(campaign, [grab(by, name) for by in people])
    assert [code(one) for one in outcomes] == ["yes"] * 100 + ["pack_empty"]
    assert [len(list(store.awards(by))) for by in people[:2]] == [1, 1]
    assert_clean(store)


def test_a_batch_of_thousands(store: Any) -> None:
    campaign = small(grants=TAKE_ALL)
    shop = shop_of(campaign, store=store)
    told: list[Any] = []
    for number in range(500):
        told.append(share(f"p{number}", key=f"s{number}"))
        told += [grab(by, f"p{number}", key=f"{by}{number}") for by in ("bob", "cid", "dee")]
    outcomes = shop.handle_many(campaign, told, at_once=1_000_000)
    assert {code(one) for one in outcomes} == {"yes"}
    assert shop.handle_many(campaign, told, at_once=7) == outcomes
    assert spent(store, "rain-pack") == 300_000
    assert_clean(store)


def test_many_campaigns_in_one_store_do_not_meet(store: Any) -> None:
    campaigns = [rain().replace(name=f"rain-{number}") for number in range(12)]
    shop = shop_of(*campaigns, store=store)
    for campaign in campaigns:
        shop.handle(campaign, share("p1", key="s"))
        shop.handle(campaign, grab("bob", key="g"))
    assert len(store.campaigns()) == 12
    assert [line.campaign for line in shop.views.wallet("bob", at=NOON)] == [
        campaign.name for campaign in campaigns
    ]
    assert {spent(store, campaign.name) for campaign in campaigns} == {6200}
    assert_clean(store)


# ------------------------------------------------------------------ people who change


class Fickle(FakeMembers):
    """Members about whom the host is asked, and meanwhile somebody acts."""

    def __init__(self, known: Mapping[str, Mapping[str, object]]) -> None:
        super().__init__(known)
        self.meanwhile: list[Callable[[], object]] = []

    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return super().facts(asked)


DEVICES = {name: {"devices": {name}, "tags": {"vip"}} for name in ("ann", "bob", "cid", "dee")}


def test_a_pack_that_is_shared_while_the_host_is_asked(store: Any) -> None:
    """The cast under the lock is another than the one that was looked at."""
    apart = ~SameDevice(between=(pack.GRABBER, pack.SHARER))
    campaign = small(given=apart)
    members = Fickle(DEVICES)
    shop = shop_of(campaign, store=store, members=members)
    other = shop_of(campaign, store=store, facts=DEVICES)
    other.handle(campaign, share("p0", by="dee"))
    told = [grab("cid", "p0"), grab("bob", "p1")]
    members.meanwhile = [lambda: other.handle(campaign, share("p1", by="ann"))]
    outcomes = shop.handle_many(campaign, told)
    assert [code(one) for one in outcomes] == ["yes", "yes"]
    assert {one.member for one in members.asked} == {"ann", "bob", "cid", "dee"}
    assert_clean(store)


def test_a_pack_that_is_emptied_while_the_host_is_asked(store: Any) -> None:
    campaign = small(given=HasTag("vip"))
    members = Fickle(DEVICES)
    shop = shop_of(campaign, store=store, members=members)
    other = shop_of(campaign, store=store, facts=DEVICES)
    other.handle(campaign, share(by="dee"))

    def others_come() -> None:
        for member in ("ann", "bob", "cid"):
            other.handle(campaign, grab(member))

    members.meanwhile = [others_come]
    assert code(shop.handle(campaign, grab("cid"))) == "already_grabbed"
    assert_clean(store)


def test_a_key_that_is_decided_while_the_host_is_asked(store: Any) -> None:
    """Two tries of one tap, the second of which is asked about longer."""
    campaign = small(given=HasTag("vip"))
    members = Fickle(DEVICES)
    shop = shop_of(campaign, store=store, members=members)
    other = shop_of(campaign, store=store, facts=DEVICES)
    other.handle(campaign, share(by="dee"))
    first: list[Any] = []
    members.meanwhile = [lambda: first.append(other.handle(campaign, grab(key="tap")))]
    assert shop.handle(campaign, grab(key="tap")) == first[0]
    assert isinstance(first[0], Accepted)
    assert_clean(store)


def test_a_version_that_is_opened_while_the_host_is_asked(store: Any) -> None:
    """RQ-21: begun under the newer rules, it is held to the newer conditions."""
    old, new = small(given=HasTag("vip")), small(given=PaidOrders(at_least=1))
    known = {name: {**told, "paid_orders": 0} for name, told in DEVICES.items()}
    members = Fickle(known)
    shop = shop_of(old, store=store, members=members)
    newer = shop_of(new, store=store, facts={**known, "dee": {"paid_orders": 2}})
    members.meanwhile = [lambda: newer.handle(new, share(by="dee"))]
    outcome = shop.handle_many(old, [share("p2", by="ann"), grab("bob")])[1]
    assert code(outcome) == "not_eligible"
    assert outcome.rules == new.hash
    assert_clean(store)


def test_a_host_that_never_says_the_same_twice_is_asked_once_a_decision() -> None:
    class Whimsical:
        def __init__(self) -> None:
            self.calls = 0

        def facts(self, asked: Sequence[Any]) -> list[dict[str, object]]:
            self.calls += 1
            return [{"tags": {"vip"} if self.calls % 2 else set()} for _ in asked]

    members = Whimsical()
    campaign = rain(given=HasTag("vip"))
    shop = shop_of(campaign, members=members)
    outcomes = [code(shop.handle(campaign, share(f"p{number}"))) for number in range(4)]
    assert outcomes == ["yes", "not_eligible", "yes", "not_eligible"]
    assert members.calls == 4


def test_memory_and_disk_agree_on_a_long_day(tmp_path: Path) -> None:
    """The same story, told to both: the same answers, and the same tables."""
    campaign = small(
        total=9,
        parts=3,
        budget=CNY(60),
        given=PaidOrders(at_most=3),
        grants=(
            TAKE_ALL,
            Grant(Coupon(CNY(1)), to=pack.SHARER, on=pack.GRABBED, if_short="clip", at_most=4),
        ),
    )
    facts = {name: {"paid_orders": 0} for name in ("ann", "bob", "cid", "dee")}
    told: list[Any] = []
    for number in range(40):
        moment = at(minutes=3 * number)
        told.append(share(f"p{number}", by="ann", key=f"s{number}", at=moment))
        told += [
            grab(by, f"p{number - back}", key=f"{by}{number}", at=moment)
            for by, back in (("bob", 0), ("cid", 1), ("dee", 21))
        ]
    disk = SqliteStore(tmp_path / "viral.db")
    tables = []
    for store in (MemoryStore(), disk):
        shop = Shop(store, [campaign], members=MembersOverTime(facts), entropy=Counting())
        outcomes = shop.handle_many(campaign, told, at_once=13)
        shop.tick(at(days=1))
        tables.append((list(map(str, outcomes)), everything(store)))
        assert_clean(store)
    assert tables[0] == tables[1]
    disk.close()


class Counting:
    """Dice that repeat."""

    def key(self) -> str:
        raise AssertionError("every command has its key")

    def seed(self, key: str) -> str:
        return key.encode().hex()
