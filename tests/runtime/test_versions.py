"""Versions of a campaign: what was begun is kept, and one name is one game in one currency."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from viralcommerce import CNY, UNLIMITED, WHOLE, Campaign, Coupon, Grant, LuckySplit, Money, days
from viralcommerce.errors import InvalidRule, LeftOut, StoreCorrupt
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.rewards import Points
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.shop import Shop
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHOLE_SHARE = Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED)


def rain(total: Money) -> Campaign:
    """A pack of a total, cut in three."""
    split = LuckySplit(total, parts=3)
    return Campaign(
        "rain",
        pack.CouponPack(split, open_for=days(1)),
        grants=(WHOLE_SHARE,),
        budget=UNLIMITED,
    )


LIKES = Campaign(
    "rain",
    collect.Collect(goal=2, within=days(1)),
    grants=(Grant(Points(3), to=collect.COLLECTOR, on=collect.REACHED),),
    budget=UNLIMITED,
)


@pytest.fixture(params=["memory", "sqlite"])
def begun(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store in which a pack in yuan is open."""
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "viral.db")
    was = rain(CNY(6))
    Shop(store, (was,)).handle(was, pack.Share(pack="ride-1", by="ann", at=NOON, key="1"))
    yield store
    store.close()


def test_another_game_under_the_same_name_is_told_so(begun: Store) -> None:
    shop = Shop(begun, (LIKES,))
    said = r"rain: it was begun as coupon_pack in CNY \(.{8}\) and is collect in no currency now"
    with pytest.raises(LeftOut, match=said):
        shop.tick(NOON + days(1))
    with pytest.raises(InvalidRule, match="give the new game a name of its own"):
        shop.handle(LIKES, collect.Ask(ask="ride-1", by="ann", at=NOON))


def test_a_key_that_another_game_recorded_is_told_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "viral.db")
    was = rain(CNY(6))
    Shop(store, (was,)).handle(was, pack.Share(pack="ride-1", by="ann", at=NOON, key="1"))
    shop = Shop(store, (LIKES,))
    with pytest.raises(StoreCorrupt, match="journal: a decision that is none of collect: invalid"):
        shop.handle(LIKES, collect.Ask(ask="ask-1", by="ann", at=NOON, key="1"))
    shop.close()


def test_another_currency_under_the_same_name_is_told_so(begun: Store) -> None:
    now = rain(Money(600, "JPY"))
    with pytest.raises(LeftOut, match=r"begun as coupon_pack in CNY .* coupon_pack in JPY now"):
        Shop(begun, (now,)).tick(NOON + days(1))


def test_amounts_of_two_currencies_are_never_counted_together(begun: Store) -> None:
    """A new pack in yen knows nothing of the old ones; what was spent in yuan is not yen."""
    now = rain(Money(600, "JPY")).replace(budget=Money(600, "JPY"))
    shop = Shop(begun, (now,))
    assert str(shop.handle(now, pack.Share(pack="ride-2", by="ann", at=NOON))).startswith("a pack")
    assert shop.views.campaign("rain").left == Money(0, "JPY")
    assert begun.used("rain") == {
        ("rain", "budget/CNY", "", ""): 600,
        ("rain", "budget/JPY", "", ""): 600,
    }
    problems = [problem.what for problem in audit(begun).problems]
    assert problems == ["is in JPY, the campaign began in CNY"]


def test_a_budget_that_every_award_would_pass_can_never_pay() -> None:
    """The pack would open, hold everything, and refuse whoever comes to it."""
    owed = Grant(Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED)
    game = rain(CNY(6))
    with pytest.raises(
        InvalidRule,
        match=r"rain: grants: what is owed at once for 'grabbed' comes to CNY 8\.00, with what an "
        r"instance holds; the whole budget is CNY 7\.00, so every such command would be refused",
    ):
        game.replace(grants=(WHOLE_SHARE, owed), budget=CNY(7))
    game.replace(grants=(WHOLE_SHARE, owed), budget=CNY(8))
    dropped = Grant(Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED, if_short="drop")
    game.replace(grants=(WHOLE_SHARE, dropped), budget=CNY(7))
