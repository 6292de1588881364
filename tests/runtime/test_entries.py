"""Entries: delivered as another campaign's command, once, or waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from auction import AUCTION, Auction, Bid
from drawing import DRAW, RAIN, TICKET, begun, history
from shops import NOON, ask, assert_clean, at, grab, like, likes, rain, share, shop_of
from viralcommerce import (
    CNY,
    Accepted,
    Campaign,
    Coupon,
    Entry,
    Grant,
    PaidOrders,
    Shop,
    days,
)
from viralcommerce.errors import InvalidRule
from viralcommerce.kinds import KINDS
from viralcommerce.mechanics import collect
from viralcommerce.rules.base import rule
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.relay import PATIENCE, Deliveries, Patience
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import FakeIssuer, FakeMembers, ScriptedClock
from viralcommerce.values.windows import Window


@pytest.fixture
def clock() -> ScriptedClock:
    return ScriptedClock(NOON)


def test_an_entry_begins_something_in_the_other_campaign(store: Any, clock: ScriptedClock) -> None:
    issuer = FakeIssuer()
    shop = begun(store, issuer=issuer, clock=clock)
    assert shop.deliver() == Deliveries(delivered=2)
    assert [award.reward for award in issuer.issued] == ["coupon"], "no entry is issued"
    (asked,) = history(store, "draw", TICKET)
    assert (asked.command.by, asked.command.key, asked.command.at) == ("bob", TICKET, NOON)
    assert isinstance(shop.handle("draw", like("cat", TICKET)), Accepted)
    assert shop.deliver() == Deliveries()
    assert_clean(store)


def test_a_shop_needs_no_issuer_to_deliver_entries(store: Any) -> None:
    shop = begun(store)
    assert [one.award.reward for one in store.pending(9)] == ["entry"]
    assert shop.deliver() == Deliveries(delivered=1)
    assert len(history(store, "draw", TICKET)) == 1


def test_an_entry_that_is_delivered_twice_begins_once(store: Any, clock: ScriptedClock) -> None:
    shop = begun(store, clock=clock)
    settle, store.settle = store.settle, None
    with pytest.raises(TypeError):
        shop.deliver()
    store.settle = settle
    clock.forward(PATIENCE.lease)
    assert shop.deliver() == Deliveries(delivered=1)
    assert len(history(store, "draw", TICKET)) == 1
    assert_clean(store)


def test_a_pack_can_be_given_to_share(store: Any) -> None:
    gives = likes(
        goal=1, grants=Grant(Entry("rain-pack"), to=collect.COLLECTOR, on=collect.REACHED)
    )
    shop = shop_of(gives, rain(), store=store)
    shop.handle("38-likes", ask())
    shop.handle("38-likes", like())
    assert shop.deliver() == Deliveries(delivered=1)
    ident = shop.views.wallet("ann", at=NOON)[0].award.id
    assert isinstance(shop.handle("rain-pack", grab("cat", ident)), Accepted)
    assert_clean(store)


def test_what_may_pass_is_tried_again_and_taken_back_when_patience_is_over(
    store: Any, clock: ScriptedClock
) -> None:
    picky = DRAW.replace(given=PaidOrders(at_least=1))
    members = FakeMembers({"bob": {"paid_orders": 0}})
    shop = begun(store, RAIN, picky, clock=clock, members=members)
    patience = Patience(tries=3)
    told = shop.deliver(patience=patience)
    assert (told.retried, told.reversed) == (1, 0)
    assert told.errors[0].startswith("entry: draw: no: not eligible")
    clock.forward(timedelta(hours=1))
    assert shop.deliver(patience=patience).retried == 1
    clock.forward(timedelta(hours=1))
    assert shop.deliver(patience=patience) == Deliveries(reversed=1)
    assert history(store, "rain-pack", "p1")[-1].events[0].why == "not_eligible"
    assert shop.views.outbox().poisoned == 0
    assert_clean(store)


def test_what_may_pass_and_does_is_delivered(store: Any, clock: ScriptedClock) -> None:
    picky = DRAW.replace(given=PaidOrders(at_least=1))
    members = FakeMembers({"bob": {"paid_orders": 0}})
    shop = begun(store, RAIN, picky, clock=clock, members=members)
    shop.deliver()
    members.know({"bob": {"paid_orders": 1}})
    clock.forward(PATIENCE.first)
    assert shop.deliver() == Deliveries(delivered=1)
    assert_clean(store)


def test_a_campaign_that_is_not_open_yet_is_waited_for(store: Any, clock: ScriptedClock) -> None:
    opens = at(days=30)
    later = DRAW.replace(window=Window(opens, at(days=40)))
    shop = begun(store, RAIN, later, clock=clock)
    patience = Patience(tries=1)
    assert shop.deliver(patience=patience).retried == 1
    (waits,) = store.pending(9)
    assert waits.tries == 0
    clock.at(opens - timedelta(seconds=1))
    assert shop.deliver(patience=patience) == Deliveries(), "it is not due before"
    clock.at(opens)
    assert shop.deliver(patience=patience) == Deliveries(delivered=1)


@pytest.mark.parametrize("stage", ["paused", "shadow"])
def test_a_campaign_that_rests_is_waited_for(store: Any, clock: ScriptedClock, stage: Any) -> None:
    shop = begun(store, clock=clock)
    shop.set_stage("draw", stage, by="op", why="lunch")
    patience = Patience(tries=1)
    for _ in range(4):
        assert shop.deliver(patience=patience).retried == 1
        clock.forward(timedelta(hours=1))
    assert "shadow:draw" not in store.campaigns()
    shop.set_stage("draw", "live", by="op", why="fed")
    assert shop.deliver(patience=patience) == Deliveries(delivered=1)


def test_a_campaign_in_shadow_delivers_nothing(store: Any) -> None:
    """EC-110."""
    shop = shop_of(RAIN, DRAW, store=store)
    shop.set_stage("rain-pack", "shadow", by="op", why="to see")
    shop.handle("rain-pack", share())
    assert shop.handle("rain-pack", grab("bob")).awards[1].reward == "entry"
    assert list(store.pending(9)) == []
    assert shop.deliver() == Deliveries()
    assert store.campaigns() == ["shadow:rain-pack"]


def test_an_entry_whose_key_was_forgotten_is_not_taken_back(
    store: Any, clock: ScriptedClock
) -> None:
    """Delivered, never settled, and found again when the keys are gone: the journal knows it."""
    shop = begun(store, clock=clock)
    settle, store.settle = store.settle, None
    with pytest.raises(TypeError):
        shop.deliver()
    store.settle = settle
    clock.forward(timedelta(days=40))
    assert store.prune_keys(clock.now()) > 0
    assert shop.deliver() == Deliveries(delivered=1)
    assert len(history(store, "rain-pack", "p1")) == 2
    assert_clean(store)


BAD_ENTRIES = {
    "nowhere": (
        (RAIN,),
        "rain-pack: grants[1].give: 'draw' is no campaign of this shop; choose from: rain-pack",
    ),
    "into a game that nobody enters": (
        (RAIN, AUCTION.replace(name="draw")),
        "rain-pack: grants[1].give: 'draw' cannot be entered: auction has nothing to begin",
    ),
    "instead, nowhere": (
        (
            likes(
                grants=Grant(
                    Coupon(CNY(2)),
                    to=collect.COLLECTOR,
                    on=collect.REACHED,
                    if_short="substitute",
                    instead=Entry("drow"),
                ),
                budget=CNY(9),
            ),
            DRAW,
        ),
        "grants[0].instead: 'drow' is no campaign of this shop; choose from: 38-likes, draw",
    ),
}


@pytest.mark.parametrize(("campaigns", "said"), BAD_ENTRIES.values(), ids=BAD_ENTRIES)
def test_an_entry_into_nothing_is_an_error_while_the_shop_is_built(
    campaigns: tuple[Campaign, ...], said: str
) -> None:
    for kind in (Shop, AsyncShop):
        with pytest.raises(InvalidRule) as caught:
            kind(MemoryStore(), campaigns)  # type: ignore[arg-type, operator]
        assert said in str(caught.value)


def circle(**bound: Any) -> tuple[Campaign, Campaign]:
    """Asking here gives an entry there, and the other way round."""

    def gives(name: str, other: str, **said: Any) -> Campaign:
        grants = Grant(Entry(other), to=collect.COLLECTOR, on=collect.ASKED, **said)
        return likes(grants=grants).replace(name=name)

    return gives("here", "there", **bound), gives("there", "here")


def test_entries_that_give_each_other_without_end_are_an_error() -> None:
    said = "an entry into here gives an entry into there gives an entry into here at once"
    with pytest.raises(InvalidRule, match=said) as caught:
        shop_of(*circle())
    assert str(caught.value).count("without end; bound one, with at_most") == 1
    myself = likes(grants=Grant(Entry("38-likes"), to=collect.COLLECTOR, on=collect.ASKED))
    with pytest.raises(InvalidRule, match="an entry into 38-likes gives an entry into 38-likes"):
        shop_of(myself)


def test_a_circle_of_entries_that_is_bounded_ends(store: Any) -> None:
    """And the names it makes, one inside the other, never grow beyond what an id may be."""
    shop = shop_of(*circle(at_most=9), store=store)
    shop.handle("here", ask("a" * 150))
    rounds = 0
    while shop.deliver().delivered:
        rounds += 1
    assert 0 < rounds < 40
    began = [ident for name in ("here", "there") for ident, _ in store.cells(name)]
    assert len(began) == 1 + 9 + 9
    assert max(map(len, began)) <= 200
    assert any(ident.startswith("here/") and len(ident) < 50 for ident in began)
    assert_clean(store)


def test_an_entry_that_people_must_earn_again_is_no_circle() -> None:
    again = likes(grants=Grant(Entry("38-likes"), to=collect.COLLECTOR, on=collect.REACHED))
    shop_of(again)


def test_what_is_elsewhere_is_left_to_a_shop_that_has_it(store: Any, clock: ScriptedClock) -> None:
    issuer = FakeIssuer()
    here = shop_of(RAIN, store=store, clock=clock, issuer=issuer, elsewhere=["draw"])
    here.handle("rain-pack", share())
    here.handle("rain-pack", grab("bob"))
    first = here.deliver()
    assert (first.delivered > 0, first.retried) == (True, 0)
    assert here.deliver() == Deliveries()
    there = shop_of(DRAW, store=store, clock=clock)
    assert there.deliver() == Deliveries(delivered=1)
    assert store.backlog().depth == 0
    assert_clean(store)


def test_what_is_refused_for_good_is_taken_back_without_the_campaign_that_gave_it(
    store: Any, clock: ScriptedClock
) -> None:
    """EC-30: by the rules that are stored, whoever delivers."""
    over = DRAW.replace(window=Window(NOON - days(9), NOON - days(1)))
    here = shop_of(RAIN, store=store, clock=clock, elsewhere=["draw"])
    here.handle("rain-pack", share())
    here.handle("rain-pack", grab("bob"))
    there = shop_of(over, store=store, clock=clock)
    assert there.deliver(patience=Patience(tries=1)) == Deliveries(reversed=1)
    (ticket,) = [one for one in here.views.wallet("bob", at=NOON) if one.award.id == TICKET]
    assert ticket.is_reversed
    assert_clean(store)


def test_an_entry_of_somebody_who_was_forgotten_is_taken_back(
    store: Any, clock: ScriptedClock
) -> None:
    """EC-64: set aside before, and tried again after."""
    shop = begun(store, clock=clock)
    plain = shop_of(
        RAIN.replace(grants=RAIN.lines[0]), store=store, clock=clock, issuer=FakeIssuer()
    )
    assert plain.deliver(patience=Patience(tries=1)).poisoned == 1
    (aside,) = shop.views.poisoned()
    assert shop.forget("bob").outbox == 1
    assert shop.retry(aside.position) == 1
    assert shop.deliver() == Deliveries(reversed=1)
    assert_clean(store)


def test_a_campaign_that_a_shop_has_no_more_is_told_and_set_aside(
    store: Any, clock: ScriptedClock
) -> None:
    """What was begun under an older version keeps its promise, if anybody can."""
    begun(store, clock=clock)
    plain = RAIN.replace(grants=RAIN.lines[0])
    shop = shop_of(plain, store=store, clock=clock, issuer=FakeIssuer())
    assert shop.deliver(patience=Patience(tries=1)).poisoned == 1
    (seen,) = shop.views.poisoned()
    assert seen.error.startswith("entry: 'draw' is no campaign of this shop")
    both = shop_of(plain, DRAW, store=store, clock=clock, issuer=FakeIssuer())
    assert both.retry(seen.position) == 1
    assert both.deliver() == Deliveries(delivered=1)
    assert_clean(store)


@rule("sale")
class Sale(Auction):
    """An auction that whoever enters it opens, with a bid of the least there is."""

    def entered(self, member: str, entry: str, at: Any) -> Bid:
        return Bid(lot=entry, by=member, at=at, amount=CNY(self.least + 1))


def test_a_third_partys_game_can_be_entered(store: Any) -> None:
    sale = AUCTION.replace(name="draw", mechanic=Sale(least=50))
    shop = shop_of(RAIN, sale, store=store, kinds={**KINDS, "sale": Sale})
    shop.handle("rain-pack", share())
    shop.handle("rain-pack", grab("bob"))
    assert shop.deliver() == Deliveries(delivered=1)
    view = shop.views.instance("draw", TICKET, at=NOON)
    assert view is not None
    assert view.state.bidder == "bob"  # type: ignore[attr-defined]
