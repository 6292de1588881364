"""Velocities end to end: at most so many accepted commands in a span, by member or by a fact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shops import NOON, ask, assert_clean, at, code, grab, like, likes, quota, rain, share, shop_of
from viralcommerce import hours, minutes
from viralcommerce.campaign import Campaign
from viralcommerce.errors import InvalidRule
from viralcommerce.rules.conditions import HasTag, Velocity
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore

FACTS = {
    "ann": {"devices": {"phone"}, "tags": {"vip"}},
    "bob": {"devices": {"phone", "laptop"}, "tags": {"vip"}},
    "cid": {"devices": ["laptop", "laptop"], "tags": {"vip"}},
    "dee": {"devices": set()},
}


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
        return
    disk = SqliteStore(tmp_path / "viral.db")
    yield disk
    disk.close()


def at_most(count: int, key: str = "member", span: Any = None) -> Campaign:
    return rain(given=Velocity(at_most=count, within=span or hours(1), key=key))


def codes(shop: Any, campaign: Campaign, commands: list[Any], at_once: int) -> list[str]:
    return [code(one) for one in shop.handle_many(campaign, commands, at_once=at_once)]


@pytest.mark.parametrize("at_once", [1, 9])
def test_a_member_acts_so_often_in_a_span_and_then_again_in_the_next(
    store: Any, at_once: int
) -> None:
    campaign = at_most(2)
    shop = shop_of(campaign, store=store)
    told = [
        share("p1"),
        share("p2", at=at(minutes=30)),
        share("p3", key="late", at=at(minutes=59)),
        share("p4", by="bob", at=at(minutes=59)),
        share("p3", key="late", at=at(minutes=60)),
    ]
    assert codes(shop, campaign, told, at_once) == ["yes", "yes", "limit_reached", "yes", "yes"]
    hour = int(NOON.timestamp()) // 3600
    assert quota(store, "rain-pack", "velocity/member/3600") == {
        ("member/ann", str(hour)): 2,
        ("member/bob", str(hour)): 1,
        ("member/ann", str(hour + 1)): 1,
    }
    assert_clean(store)


def test_what_is_refused_is_not_counted(store: Any) -> None:
    campaign = at_most(1)
    shop = shop_of(campaign, store=store)
    shop.handle(campaign, share())
    shop.handle(campaign, share("p2", by="cid"))
    for _ in range(3):
        assert code(shop.handle(campaign, grab("bob", "p9"))) == "no_such_pack"
    assert code(shop.handle(campaign, grab("bob"))) == "yes"
    assert code(shop.handle(campaign, grab("bob", "p2"))) == "limit_reached"


@pytest.mark.parametrize("at_once", [1, 9])
def test_a_device_is_counted_whoever_holds_it(store: Any, at_once: int) -> None:
    """EC-65, RQ-16: one phone, many accounts."""
    campaign = at_most(2, "devices")
    shop = shop_of(campaign, store=store, facts=FACTS)
    told = [share("p1"), grab("bob"), grab("cid"), share("p2"), share("p3", by="cid")]
    assert codes(shop, campaign, told, at_once) == [
        "yes",
        "yes",
        "yes",
        "limit_reached",
        "limit_reached",
    ]
    used = quota(store, "rain-pack", "velocity/devices/3600")
    assert {scope: count for (scope, _), count in used.items()} == {
        "devices/phone": 2,
        "devices/laptop": 2,
    }
    assert_clean(store)


def test_of_whom_no_device_is_known_is_not_let_through(store: Any) -> None:
    campaign = at_most(2, "devices")
    shop = shop_of(campaign, store=store, facts=FACTS)
    for member in ("dee", "eve"):
        refused = shop.handle(campaign, share(by=member))
        assert code(refused) == "fact_missing"
        assert refused.refusal.facts == ("actor.devices",)


def test_it_says_which_limit_is_reached() -> None:
    campaign = at_most(1, span=minutes(5))
    shop = shop_of(campaign)
    shop.handle(campaign, share())
    refused = shop.handle(campaign, share("p2"))
    assert (refused.refusal.cap, refused.refusal.at_most) == ("velocity/member/300", 1)
    assert not refused.refusal.terminal


def test_other_conditions_come_first_and_do_not_count(store: Any) -> None:
    campaign = rain(given=HasTag("vip") & Velocity(at_most=1, within=hours(1)))
    shop = shop_of(campaign, store=store, facts={**FACTS, "eve": {"tags": set()}})
    for _ in range(2):
        assert code(shop.handle(campaign, share(by="eve"))) == "not_eligible"
    assert quota(store, "rain-pack", "velocity/member/3600") == {}


def test_the_clock_is_in_nobodys_way(store: Any) -> None:
    campaign = at_most(1)
    shop = shop_of(campaign, store=store)
    shop.handle(campaign, share())
    assert shop.tick(at(days=2)) == 1
    assert_clean(store)


def test_two_spans_of_one_member_are_two_counts(store: Any) -> None:
    both = Velocity(at_most=2, within=minutes(10)) & Velocity(at_most=3, within=hours(1))
    campaign = likes(9, given=both, limits=())
    shop = shop_of(campaign, store=store)
    for number in range(5):
        shop.handle(campaign, ask(f"a{number}", by=f"m{number}"))
    told = [like("bob", f"a{n}", at=at(minutes=m)) for n, m in enumerate([1, 2, 3, 11, 21])]
    assert codes(shop, campaign, told, 1) == [
        "yes",
        "yes",
        "limit_reached",
        "yes",
        "limit_reached",
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        lambda: ~Velocity(at_most=1, within=hours(1)),
        lambda: HasTag("vip") | Velocity(at_most=1, within=hours(1)),
    ],
)
def test_what_is_counted_stands_at_the_top(hidden: Any) -> None:
    with pytest.raises(InvalidRule, match="join it with & at the top of a campaign's given"):
        hidden()
