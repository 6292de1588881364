"""Promises are kept: what was begun keeps its version; budget and window are the newest's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from shops import (
    NOON,
    assert_clean,
    at,
    code,
    gained,
    grab,
    plain,
    rain,
    share,
    shop_of,
    small,
    spent,
)
from viralcommerce import (
    CNY,
    KINDS,
    WHOLE,
    Coupon,
    EqualSplit,
    Grant,
    Points,
    Product,
    Shop,
    Window,
    hours,
)
from viralcommerce.campaign import Campaign
from viralcommerce.errors import InvalidRule, StoreCorrupt
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.base import rule
from viralcommerce.rules.conditions import HasTag
from viralcommerce.rules.rewards import Reward
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore


class Stores:
    """One store, closed and opened again between versions, where it is on disk."""

    def __init__(self, folder: Path | None) -> None:
        self.path = None if folder is None else folder / "viral.db"
        self.store: Any = MemoryStore() if self.path is None else SqliteStore(self.path)

    def shop(self, *campaigns: Campaign, **ports: Any) -> Shop:
        if self.path is not None:
            self.store.close()
            self.store = SqliteStore(self.path)
        return shop_of(*campaigns, store=self.store, **ports)


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    stores = Stores(None if request.param == "memory" else tmp_path)
    yield stores
    stores.store.close()


SHARES = Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share")
EVEN = pack.CouponPack(EqualSplit(CNY(6), parts=3), open_for=hours(1))


def test_an_instance_keeps_its_mechanic_and_a_new_one_has_the_new(stores: Stores) -> None:
    """RQ-21, EC-108: editing a campaign changes no pack that was shared before."""
    old = small(mechanic=EVEN, grants=SHARES)
    new = old.replace(
        mechanic=pack.CouponPack(EqualSplit(CNY(4), parts=4), open_for=hours(9), own="allowed")
    )
    stores.shop(old).handle(old, share("p1"))
    shop = stores.shop(new)
    assert code(shop.handle(new, grab("ann", "p1"))) == "own_pack"
    assert gained(shop.handle(new, grab("bob", "p1"))) == [("bob", "CNY", 200)]
    shop.handle(new, share("p2"))
    assert gained(shop.handle(new, grab("ann", "p2"))) == [("ann", "CNY", 100)]
    assert code(shop.handle(new, grab("cid", "p1", at=at(hours=1)))) == "pack_over"
    assert code(shop.handle(new, grab("cid", "p2", at=at(hours=1)))) == "yes"
    assert [dict(stores.store.cells("rain-pack"))[name].rules for name in ("p1", "p2")] == [
        old.hash,
        new.hash,
    ]
    assert_clean(stores.store)


def test_an_instance_keeps_its_grants_and_its_conditions(stores: Stores) -> None:
    extra = Grant(Points(5), to=pack.SHARER, on=pack.GRABBED, name="thanks")
    old = small(mechanic=EVEN, grants=(SHARES, extra), given=HasTag("vip"))
    new = small(mechanic=EVEN, grants=(SHARES,))
    facts = {"ann": {"tags": {"vip"}}, "bob": {"tags": {"vip"}}, "cid": {"tags": set()}}
    stores.shop(old, facts=facts).handle(old, share("p1"))
    shop = stores.shop(new, facts=facts)
    assert gained(shop.handle(new, grab("bob", "p1"))) == [
        ("bob", "CNY", 200),
        ("ann", "points", 5),
    ]
    assert code(shop.handle(new, grab("cid", "p1"))) == "not_eligible"
    shop.handle(new, share("p2", by="cid"))
    assert gained(shop.handle(new, grab("bob", "p2"))) == [("bob", "CNY", 200)]
    assert_clean(stores.store)


def test_budget_and_window_are_those_of_the_newest_version(stores: Stores) -> None:
    old = small(mechanic=EVEN, grants=SHARES, budget=CNY(6))
    new = old.replace(budget=CNY(12), window=Window(NOON, at(minutes=30)))
    first = stores.shop(old)
    first.handle(old, share("p1"))
    assert code(first.handle(old, share("p2"))) == "out_of_budget"
    shop = stores.shop(new)
    assert code(shop.handle(new, share("p2"))) == "yes"
    assert code(shop.handle(new, share("p3"))) == "out_of_budget"
    assert code(shop.handle(new, grab("bob", "p1", at=at(minutes=29)))) == "yes"
    assert code(shop.handle(new, grab("cid", "p1", at=at(minutes=30)))) == "window_closed"
    assert shop.tick(at(hours=1)) == 2
    assert spent(stores.store, "rain-pack") == 200


def test_a_window_that_is_extended_opens_for_a_key_that_was_refused(stores: Stores) -> None:
    """Who came a minute late and presses again, once it was extended, is not late any more."""
    old = small(mechanic=EVEN, grants=SHARES, window=Window(NOON, at(minutes=30)))
    shop = stores.shop(old)
    shop.handle(old, share("p1"))
    late = grab("bob", "p1", at=at(minutes=31), key="k")
    assert code(shop.handle(old, late)) == "window_closed"
    new = old.replace(window=Window(NOON, at(hours=2)))
    assert code(stores.shop(new).handle(new, late)) == "yes"
    assert_clean(stores.store)


def test_stock_is_counted_over_all_versions(stores: Stores) -> None:
    def with_pots(stock: int) -> Campaign:
        pot = Product("teapot", worth=CNY(1), stock=stock)
        one = Grant(pot, to=pack.GRABBER, on=pack.GRABBED, name="pot", if_short="drop")
        return small(mechanic=EVEN, grants=(SHARES, one))

    old, new = with_pots(1), with_pots(2)
    shop = stores.shop(old)
    shop.handle(old, share("p1"))
    shop.handle(old, grab("bob", "p1"))
    shop = stores.shop(new)
    shop.handle(new, share("p2"))
    told = [grab("bob", "p2"), grab("cid", "p1"), grab("dee", "p2")]
    outcomes = shop.handle_many(new, told)
    assert [len(one.awards) for one in outcomes] == [2, 1, 1]
    assert_clean(stores.store)


def test_versions_meet_in_one_batch_as_they_would_one_by_one(stores: Stores) -> None:
    """Each holds to its own bound, whichever the batch began with."""

    def with_pots(stock: int, size: int) -> Campaign:
        pot = Product("teapot", worth=CNY(1), stock=stock)
        one = Grant(pot, to=pack.GRABBER, on=pack.GRABBED, name="pot", if_short="drop")
        split = EqualSplit(CNY(size), parts=size)
        game = pack.CouponPack(split, open_for=hours(1))
        return small(mechanic=game, grants=(SHARES, one))

    old, new = with_pots(1, 3), with_pots(3, 6)
    stores.shop(old).handle(old, share("p1"))
    shop = stores.shop(new)
    shop.handle(new, share("p2"))
    told = [grab("bob", "p2"), grab("bob", "p1"), grab("cid", "p2"), grab("cid", "p1")]
    outcomes = shop.handle_many(new, [*told, grab("dee", "p2"), grab("eve", "p2")])
    assert [len(one.awards) for one in outcomes] == [2, 1, 2, 1, 2, 1]
    assert_clean(stores.store)


@rule("lucky_bag")
class LuckyBag(Reward):
    """A reward of somebody else's making."""

    sku: str
    bags: Annotated[int, Field(ge=1)] = Field(default=1, kw_only=True)

    @property
    def asset(self) -> str:
        return f"bag/{self.sku}"

    @property
    def units(self) -> int:
        return self.bags


OURS_AND_THEIRS = {**KINDS, "lucky_bag": LuckyBag}


def test_a_version_with_kinds_of_somebody_elses_is_read_back(tmp_path: Path) -> None:
    old = small(
        mechanic=EVEN,
        grants=(SHARES, Grant(LuckyBag("tea", bags=2), to=pack.SHARER, on=pack.GRABBED)),
    )
    new = small(mechanic=EVEN, grants=SHARES)
    url = f"sqlite:///{tmp_path}/viral.db"
    with Shop.open(url, old, kinds=OURS_AND_THEIRS) as shop:
        shop.handle(old, share("p1", at=NOON))
    with Shop.open(url, new, kinds=OURS_AND_THEIRS) as shop:
        taken = shop.handle(new, grab("bob", "p1", at=NOON))
        assert gained(taken) == [("bob", "CNY", 200), ("ann", "bag/tea", 2)]
        assert audit(shop.store, kinds=OURS_AND_THEIRS).is_clean
    with (
        Shop.open(url, new) as shop,
        pytest.raises(InvalidRule, match="unknown kind 'lucky_bag'"),
    ):
        shop.handle(new, grab("cid", "p1", at=NOON))


def test_rules_that_were_changed_in_the_store_are_not_obeyed(tmp_path: Path) -> None:
    """RQ-21: rules are what their hash says, or nothing."""
    url = f"sqlite:///{tmp_path}/viral.db"
    old = small(mechanic=EVEN, grants=SHARES)
    with Shop.open(url, old) as shop:
        shop.handle(old, share("p1", at=NOON))
        rows = shop.store._rows("select campaign from viral_rules")  # type: ignore[attr-defined]
        generous = rows[0][0].replace("CNY 6.00", "CNY 9.00")
        with shop.store._connection() as connection:  # type: ignore[attr-defined]
            connection.execute("update viral_rules set campaign = ?", (generous,))
    new = old.replace(budget=CNY(7))
    with Shop.open(url, new) as shop:
        for _ in range(2):
            with pytest.raises(StoreCorrupt, match="under that hash is something else"):
                shop.handle(new, grab("bob", "p1", at=NOON))


def test_a_decision_says_by_which_rules_it_was_made(stores: Stores) -> None:
    old = rain()
    new = rain(budget=CNY(1_000))
    stores.shop(old).handle(old, share("p1"))
    shop = stores.shop(new)
    assert shop.handle(new, grab("bob", "p1")).rules == old.hash
    assert shop.handle(new, grab("ann", "p1")).rules == old.hash
    assert shop.handle(new, share("p2")).rules == new.hash
    assert shop.handle(new, grab("bob", "p9")).rules == new.hash
    view = shop.views.instance("rain-pack", "p1", at=NOON)
    assert view is not None
    assert view.rules == old.hash
    assert plain(view.state)["total"] == {"minor": 6000, "currency": "CNY"}
