"""What operators, members and pages of an invite campaign see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from paying import BEFORE, bounce, buy, paying, run
from shops import at, everything
from viralcommerce import CNY, Shop, days
from viralcommerce.errors import InvalidMessage, InvalidRule
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.stores.memory import MemoryStore

CAMPAIGN = paying(invite.Payouts(fee=CNY(1), owing="write_off"))
SLOW = CAMPAIGN.replace(
    mechanic=invite.Invite(matures_after=days(15), levels=2, code_uses=3, payouts=invite.Payouts())
)


def told(store: Any, campaign: Any, *commands: Any) -> Shop:
    """A shop that was told all that, minute by minute, and that ticked after each."""
    shop = Shop(store, (campaign,))
    for number, command in enumerate(commands, 1):
        when = at(minutes=number)
        shop.handle(campaign, structs.replace(command, at=when, key=f"k{number}"))
        shop.tick(when)
    return shop


def test_earnings_say_where_everything_is(store: Any) -> None:
    """EC-93, EC-98: earned, taken back, borne, paid, on its way, left: and it adds up."""
    shop = told(
        store,
        CAMPAIGN,
        *BEFORE,
        buy("o1", "cat", 10_000),
        run("bob", "b1"),
        invite.Arrive(member="bob", batch="b1", by="desk"),
        buy("o2", "cat", 30_000),
        invite.Withdraw(by="bob", batch="w1", amount=CNY(20)),
        invite.Refund(order="o2", refund="r1", by="desk", amount=CNY(250)),
    )
    seen = shop.views.earnings("rides", "bob")
    assert (seen.earned, seen.taken_back, seen.borne) == (CNY(42), CNY(25), CNY(15))
    assert (seen.paid, seen.on_its_way) == (CNY(12), {"w1": CNY(20)})
    assert (seen.has, seen.owes, seen.is_blocked) == (CNY(0), CNY(0), False)
    shop.handle(CAMPAIGN, structs.replace(bounce(member="bob", batch="w1", by="desk"), at=at()))
    again = shop.views.earnings("rides", "bob")
    assert (again.has, again.on_its_way, again.paid) == (CNY(5), {}, CNY(12))
    assert again.borne == CNY(0)  # what was believed to be paid out is there to take it from
    assert shop.views.earnings("rides", "nobody").earned == CNY(0)
    assert audit(store).is_clean


def test_what_is_pending_is_seen_at_every_level(store: Any) -> None:
    shop = told(store, SLOW, *BEFORE, buy("o1", "cat", 10_000), buy("o2", "bob", 500))
    mine = shop.views.pending("rides", "ann")
    assert [(one.order, one.role, one.earns) for one in mine] == [
        ("o1", "upline(2)", CNY(5)),
        ("o2", "upline(1)", CNY("0.50")),
    ]
    assert mine[0].matures == at(minutes=3) + days(15)
    assert shop.views.pending("rides", "cat") == []
    shop.tick(at(days=20))
    assert shop.views.pending("rides", "ann") == []
    assert audit(store).is_clean


def test_the_review_queue(store: Any) -> None:
    """EC-101: what is kept back is in the queue until somebody has looked, page by page."""
    shop = told(store, SLOW, *BEFORE, *(buy(f"o{n}", "cat", 1_000) for n in range(5)))
    for number in range(5):
        held = invite.Hold(order=f"o{number}", by="desk", why="odd", at=at(days=1))
        assert isinstance(shop.handle(SLOW, held), Accepted)
    first = shop.views.kept_back("rides", limit=2)
    assert [(one.order, one.buyer, one.upline) for one in first] == [
        ("o0", "cat", ("bob", "ann")), ("o1", "cat", ("bob", "ann")),
    ]  # fmt: skip
    assert first[0].due == at(minutes=3) + days(15)
    rest = shop.views.kept_back("rides", after="o1")
    assert [one.order for one in rest] == ["o2", "o3", "o4"]
    shop.tick(at(days=60))
    assert len(shop.views.kept_back("rides")) == 5
    shop.handle(SLOW, invite.Release(order="o2", by="desk", why="fine", at=at(days=61)))
    shop.handle(SLOW, invite.Reject(order="o3", by="desk", why="fake", at=at(days=61)))
    assert [one.order for one in shop.views.kept_back("rides")] == ["o0", "o1", "o4"]
    assert audit(store).is_clean


def test_a_code_and_how_often_it_was_used(store: Any) -> None:
    shop = told(
        store,
        SLOW,
        invite.Issue(by="ann", vanity="teapot"),
        invite.Join(by="bob", code="TEAP0T"),
    )
    seen = shop.views.code("rides", " tea-pot ")
    assert seen is not None
    assert (seen.code, seen.owner, seen.used, seen.left) == ("TEAP0T", "ann", 1, 2)
    assert shop.views.code("rides", "coffee") is None
    assert shop.views.code("rides", "") is None


def test_a_page_of_the_tree_and_the_line_above(store: Any) -> None:
    joins = [invite.Join(by=f"m{n}", link="ann") for n in range(5)]
    shop = told(store, SLOW, *BEFORE, *joins)
    assert shop.views.brought("rides", "ann", limit=3) == ["bob", "m0", "m1"]
    assert shop.views.brought("rides", "ann", after="m1") == ["m2", "m3", "m4"]
    assert shop.views.above("rides", "cat") == ["bob", "ann"]
    assert shop.views.above("rides", "cat", levels=1) == ["bob"]
    assert shop.views.above("rides", "ann") == shop.views.above("rides", "nobody") == []


def test_only_an_invite_campaign_has_these() -> None:
    shop = Shop(MemoryStore(), (paying(None),))
    with pytest.raises(InvalidRule, match="nothing is paid out"):
        shop.views.earnings("rides", "bob")


READS: dict[str, Callable[[Any], Any]] = {
    "earnings": lambda views: views.earnings("rides", "bob"),
    "pending": lambda views: views.pending("rides", "ann"),
    "kept_back": lambda views: views.kept_back("rides"),
    "code": lambda views: views.code("rides", "teapot"),
    "brought": lambda views: views.brought("rides", "ann"),
    "above": lambda views: views.above("rides", "cat"),
}


@pytest.mark.parametrize("what", READS)
def test_awaited_it_is_the_same_and_nothing_is_written(store: Any, what: str) -> None:
    """EC-8: reading must never write."""
    shop = told(
        store, SLOW, *BEFORE, invite.Issue(by="ann", vanity="teapot"), buy("o1", "cat", 10_000),
        buy("o2", "bob", 10_000), invite.Hold(order="o2", by="desk", why="odd"),
    )  # fmt: skip
    tables = everything(store)
    later = AsyncShop(InThreads(store), (SLOW,))
    assert asyncio.run(READS[what](later.views)) == READS[what](shop.views)
    assert everything(store) == tables


@pytest.mark.parametrize("code", [5, None, b"teapot", []])
def test_a_code_that_is_no_text_is_said_to_be_none(code: Any) -> None:
    """A view goes past what a shop checks of commands."""
    shop = told(MemoryStore(), SLOW)
    with pytest.raises(InvalidMessage, match=r"code: .* is no text"):
        shop.views.code("rides", code)
