"""Entries: delivered as another campaign's command, once; refused for good, they are reversed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auction import AUCTION
from postgres import fresh_store
from shops import NOON, ask, assert_clean, at, grab, like, likes, rain, share, shop_of, small
from viralcommerce import (
    CAMPAIGN,
    CNY,
    DAY,
    MEMBER,
    WHOLE,
    Accepted,
    Campaign,
    Coupon,
    Entry,
    Grant,
    Limit,
    PaidOrders,
    Points,
    Product,
    Refused,
    Shop,
)
from viralcommerce.errors import InvalidRule
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import AwardReversed, ReverseAward
from viralcommerce.readings.why import why
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.relay import PATIENCE, Deliveries, Patience
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer, FakeMembers, ScriptedClock
from viralcommerce.values.windows import Window

DRAW = likes(goal=2).replace(name="draw")
RAIN = small(
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share"),
        Grant(Entry("draw"), to=pack.GRABBER, on=pack.GRABBED, name="ticket", at_most=2),
    )
)
TICKET = "rain-pack/p1/2/1"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
        return
    disk = SqliteStore(tmp_path / "viral.db") if request.param == "sqlite" else fresh_store()
    yield disk
    disk.close()


@pytest.fixture
def clock() -> ScriptedClock:
    return ScriptedClock(NOON)


def begun(store: Any, *campaigns: Campaign, **ports: Any) -> Shop:
    """A shop in which Bob has opened Ann's pack."""
    shop = shop_of(*(campaigns or (RAIN, DRAW)), store=store, **ports)
    shop.handle("rain-pack", share())
    shop.handle("rain-pack", grab("bob"))
    return shop


def history(store: Any, campaign: str, instance: str) -> list[Any]:
    from viralcommerce.codec import messages_of

    games = {"rain-pack": pack.CouponPack, "draw": collect.Collect, "give": pack.CouponPack}
    return [
        messages_of(games[campaign]).decision(line.decision)
        if isinstance(line.decision, bytes)
        else line.decision
        for line in store.history(campaign, instance)
    ]


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


def test_what_is_refused_for_good_is_taken_back_with_its_quota(store: Any) -> None:
    """Design: a refusal there reverses the award."""
    shop = begun(store)
    shop.handle("draw", ask(TICKET, by="eve"))  # somebody has begun it under that very name
    limit = ("rain-pack", "ticket/member", "member/bob", "")
    assert dict(store.quotas("rain-pack"))[limit] == 1
    assert shop.deliver() == Deliveries(reversed=1)
    last = history(store, "rain-pack", "p1")[-1]
    assert last.version == 3
    assert isinstance(last.command, ReverseAward)
    (event,) = last.events
    assert event == AwardReversed(
        at=NOON,
        version=2,
        row=1,
        grant="ticket",
        to="bob",
        role="grabber",
        reward="entry",
        asset="entry/draw",
        amount=1,
        cost=None,
        why="already_asked",
    )
    row = list(store.postings("rain-pack"))[-1].transfer
    assert (row.source, row.target, row.reverses) == ("member/bob", "mint", TICKET)
    assert limit not in dict(store.quotas("rain-pack"))
    assert shop.deliver() == Deliveries()
    assert_clean(store)
    assert isinstance(shop.handle("rain-pack", grab("cat")), Accepted), "the pack goes on"
    assert_clean(store)


def test_a_reversal_is_seen_in_the_wallet_and_explained(store: Any) -> None:
    shop = begun(store)
    shop.handle("draw", ask(TICKET, by="eve"))
    shop.deliver()
    lines = {line.award.grant: line.is_reversed for line in shop.views.wallet("bob", at=NOON)}
    assert lines == {"share": False, "ticket": True}
    last = history(store, "rain-pack", "p1")[-1]
    lines = why(last, "operator", campaign=RAIN).lines
    assert lines[1] == "an award that was given here is taken back (already_asked)"
    assert lines[2].endswith(f"is taken back from bob, of the award {TICKET}")
    assert why(last, "log").codes == ("accepted", "award_reversed", "taken_back")
    assert f"award={TICKET}" in str(why(last, "log"))
    assert str(why(last, "stranger")) == "this is not available"
    assert str(why(last, "holder", "zh", campaign=RAIN)) == "此处发放的一份奖励已收回"
    assert "bob" not in str(why(last, "member"))


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


def test_a_reversal_that_is_delivered_twice_reverses_once(
    store: Any, clock: ScriptedClock
) -> None:
    shop = begun(store, clock=clock)
    shop.handle("draw", ask(TICKET, by="eve"))
    for days in (0, 40):
        clock.forward(timedelta(days=days))
        store.prune_keys(at(days=days))
        settle, store.settle = store.settle, None
        with pytest.raises(TypeError):
            shop.deliver()
        store.settle = settle
        clock.forward(PATIENCE.lease)
    assert shop.deliver() == Deliveries(reversed=1)
    found = history(store, "rain-pack", "p1")
    assert [one.version for one in found if isinstance(one, Accepted)] == [1, 2, 3]
    assert {one.refusal.code for one in found if isinstance(one, Refused)} == {"nothing_to_end"}
    assert_clean(store)


def test_what_a_reward_cost_goes_back_to_budget_stock_and_hold(store: Any) -> None:
    """Commission may be clawed back the same way: every kind of reward can be reversed."""
    from viralcommerce.runtime.life import ALIVE
    from viralcommerce.runtime.request import Request
    from viralcommerce.runtime.reversing import named, reversal

    gives = small(
        grants=(
            Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share"),
            Grant(
                Product("teapot", worth=CNY(30), stock=5),
                to=pack.SHARER,
                on=pack.GRABBED,
                name="teapot",
                at_most=(Limit(3, per=DAY), Limit(4, per=CAMPAIGN), Limit(9, per=MEMBER)),
            ),
            Grant(Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED, name="two", if_short="clip"),
            Grant(Points(5, worth=CNY("0.05")), to=pack.GRABBER, on=pack.GRABBED, name="five"),
        )
    )
    shop = shop_of(gives, store=store)
    shop.handle(gives, share())
    before = dict(store.quotas("rain-pack"))
    given = shop.handle(gives, grab("bob"))
    assert isinstance(given, Accepted)
    program = shop._programs.named(gives)
    for award in given.awards:
        which = named("rain-pack", award.id)
        command = reversal(which, NOON, "refunded")
        request = Request(program, command, which.instance, ALIVE)
        (first,) = shop._driver.all((request,))
        assert isinstance(first, Accepted)
        assert shop._driver.all((request,)) == [first], "again is answered alike"
        assert_clean(store)
    share_of_bob = given.awards[0].cost
    assert share_of_bob is not None
    after = dict(store.quotas("rain-pack"))
    budget = program.budget_key
    assert after == {**before, budget: before[budget] - share_of_bob.minor}
    accounts: dict[tuple[str, str], int] = {}
    for posting in store.postings("rain-pack"):
        moved = posting.transfer
        for account, sign in ((moved.source, -1), (moved.target, 1)):
            key = (account, moved.asset)
            accounts[key] = accounts.get(key, 0) + sign * moved.amount
    members = {key: left for key, left in accounts.items() if key[0].startswith("member/")}
    assert set(members.values()) == {0}
    assert accounts["cost", "CNY"] == 0
    assert accounts["budget", "CNY"] == -after[budget]
    assert all(line.is_reversed for line in shop.views.wallet("bob", at=NOON))
    shop.tick(at(days=2))
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
