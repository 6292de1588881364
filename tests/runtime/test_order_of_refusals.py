"""Why not, in the order in which a person would say it: what nobody can cure comes first."""

from __future__ import annotations

import pytest

from shops import NOON, Chance, ask, at, code, grab, like, likes, share, shop_of, small
from viralcommerce import Window, hours
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.conditions import NewMember, SameDevice, Velocity
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import FakeMembers, ScriptedClock

FACTS = {
    "ann": {"devices": {"d1"}, "paid_orders": 0},
    "bob": {"devices": {"d1"}, "paid_orders": 3},
    "cid": {"devices": {"d3"}, "paid_orders": 0},
    "dee": {"devices": {"d4"}, "paid_orders": 0},
}
APART = small(parts=2, given=~SameDevice(between=(pack.GRABBER, pack.SHARER)))


def test_ones_own_pack_is_ones_own_before_it_is_on_ones_own_device() -> None:
    shop = shop_of(APART, facts=FACTS)
    shop.handle(APART, share())
    assert code(shop.handle(APART, grab("ann"))) == "own_pack"
    assert code(shop.handle(APART, grab("bob"))) == "not_eligible"
    assert audit(shop.store).is_clean


def test_what_is_gone_is_gone_for_those_who_may_not_have_it_too() -> None:
    """Or somebody would cure what keeps them out, and come back to nothing."""
    shop = shop_of(APART, facts=FACTS)
    shop.handle_many(APART, [share(), grab("cid"), grab("dee")])
    assert code(shop.handle(APART, grab("bob"))) == "pack_empty"


def test_what_the_game_refuses_for_good_is_answered_without_the_host() -> None:
    """A fact that is missing cannot hide an answer that does not hang on it."""
    campaign = small(given=NewMember())
    shop = shop_of(campaign, facts={"ann": {"paid_orders": 0}})
    shop.handle(campaign, share())
    first = shop.handle(campaign, grab("ann", key="k"))
    assert code(first) == "own_pack"
    assert shop.handle(campaign, grab("ann", key="k")) == first
    assert code(shop.handle(campaign, grab("eve"))) == "fact_missing"


def test_an_answer_that_was_given_once_stays_when_the_member_changes() -> None:
    campaign = small(given=NewMember())
    store = MemoryStore()
    shop = shop_of(campaign, store=store, facts={"cid": {"paid_orders": 0}, **FACTS})
    shop.handle_many(campaign, [share(), grab("cid")])
    later = shop_of(campaign, store=store, facts={**FACTS, "cid": {"paid_orders": 1}})
    assert code(later.handle(campaign, grab("cid"))) == "already_grabbed"


def test_the_second_like_is_one_too_many_and_not_too_fast() -> None:
    campaign = likes(3, given=Velocity(at_most=1, within=hours(1)))
    shop = shop_of(campaign)
    shop.handle_many(campaign, [ask(), ask("a2", by="cid"), like("bob")])
    assert code(shop.handle(campaign, like("bob"))) == "already_liked"
    assert code(shop.handle(campaign, like("bob", "a2"))) == "limit_reached"
    assert code(shop.handle(campaign, collect.Unlike(ask="a2", by="bob"))) == "not_liked"


@pytest.mark.parametrize("many", [False, True])
def test_that_it_has_not_begun_or_is_over_comes_before_all_else(many: bool) -> None:
    campaign = small(given=NewMember(), window=Window(NOON, at(hours=1)))
    shop = shop_of(
        campaign,
        clock=ScriptedClock(NOON),
        entropy=Chance(),
        members=FakeMembers(FACTS),
    )
    shop.handle(campaign, share())
    late = [grab("ann", at=at(hours=2)), grab("bob", at=at(hours=-2))]
    if many:
        told = shop.handle_many(campaign, late)
    else:
        told = [shop.handle(campaign, one) for one in late]
    assert [code(one) for one in told] == ["window_closed", "not_yet_open"]
