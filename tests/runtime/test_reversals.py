"""Reversals: an award taken back by an entry of the ledger that names it, with its quotas."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drawing import DRAW, RAIN, TICKET, begun, history
from shops import NOON, ask, assert_clean, at, grab, share, shop_of, small
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
    Points,
    Product,
    Refused,
)
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.mechanics import invite
from viralcommerce.messages import AwardReversed, ReverseAward
from viralcommerce.readings.why import why
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.life import ALIVE
from viralcommerce.runtime.relay import PATIENCE, Deliveries
from viralcommerce.runtime.request import Request
from viralcommerce.runtime.reversing import named, reversal
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import ScriptedClock


@pytest.fixture
def clock() -> ScriptedClock:
    return ScriptedClock(NOON)


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


def test_both_shells_deliver_and_reverse_alike(store: Any) -> None:
    shop = begun(store)
    shop.handle("rain-pack", grab("cat"))
    shop.handle("draw", ask(TICKET, by="eve"))

    async def deliver() -> Deliveries:
        later = AsyncShop(InThreads(store), [RAIN, DRAW], clock=ScriptedClock(NOON))
        return await later.deliver()

    assert asyncio.run(deliver()) == Deliveries(delivered=1, reversed=1)
    assert [one.version for one in history(store, "rain-pack", "p1")] == [1, 2, 3, 4]
    assert_clean(store)


def test_a_shell_that_must_read_an_older_version_first_reverses_too(store: Any) -> None:
    begun(store).handle("draw", ask(TICKET, by="eve"))
    newer = RAIN.replace(budget=CNY(900))

    async def deliver() -> Deliveries:
        later = AsyncShop(InThreads(store), [newer, DRAW], clock=ScriptedClock(NOON))
        return await later.deliver()

    assert asyncio.run(deliver()) == Deliveries(reversed=1)
    assert_clean(store)


def test_who_was_reversed_can_be_forgotten(store: Any) -> None:
    shop = begun(store)
    shop.handle("draw", ask(TICKET, by="eve"))
    shop.deliver()
    shop.forget("bob")
    assert "bob" not in str([list(store.journal(name)) for name in store.campaigns()])
    assert "bob" not in str([list(store.postings(name)) for name in store.campaigns()])
    assert_clean(store)


TAMPERING = {
    "an amount": ('"amount":1,"cost"', '"amount":2,"cost"', "it must take back"),
    "another award": ('"version":2,"row":1,"why"', '"version":2,"row":0,"why"', "must take back"),
    "an award that was not": ('"version":2,"row":1,"why"', '"version":2,"row":7,"why"', "gave no"),
    "whose it was": ('"to":"bob","role"', '"to":"eve","role"', "it must take back"),
}


@pytest.mark.parametrize(("old", "new", "said"), TAMPERING.values(), ids=TAMPERING)
def test_the_audit_finds_a_reversal_that_was_tampered_with(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "viral.db"
    store = SqliteStore(path)
    shop = begun(store)
    shop.handle("draw", ask(TICKET, by="eve"))
    shop.deliver()
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        (text,) = connection.execute(
            "select decision from viral_journal where decision like '%reverse_award%'"
        ).fetchone()
        assert old in text
        connection.execute(
            "update viral_journal set decision = ? where decision = ?",
            (text.replace(old, new), text),
        )
        connection.commit()
    again = SqliteStore(path)
    report = audit(again)
    again.close()
    assert any(said in str(problem) for problem in report.problems), report.problems


def test_a_reversal_that_was_deleted_or_doubled_is_found(tmp_path: Path) -> None:
    path = tmp_path / "viral.db"
    store = SqliteStore(path)
    shop = begun(store)
    shop.handle("draw", ask(TICKET, by="eve"))
    shop.deliver()
    store.close()
    for change, said in (
        ("delete from viral_ledger where reverses <> ''", "in the journal and not in the ledger"),
        ("update viral_quotas set used = 1 where name = 'ticket/member'", "the journal says 0"),
    ):
        copy = tmp_path / f"{len(change)}.db"
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute(change)
            target.commit()
        changed = SqliteStore(copy)
        report = audit(changed)
        changed.close()
        assert any(said in str(problem) for problem in report.problems), report.problems


def test_what_was_reversed_is_not_given_again_by_a_refund(store: Any) -> None:
    """A ticket refused for good, for an order that is refunded of one fen, then won back."""
    friends = Campaign(
        "friends",
        invite.Invite(matures_after=timedelta(days=1)),
        grants=Grant(
            Entry("draw"), to=invite.INVITER, on=invite.FIRST_ORDER, name="ticket", at_most=1
        ),
        budget=CNY(100),
    )
    shop = shop_of(friends, DRAW, store=store)
    for command in (
        invite.Join(by="cat", link="ann", at=NOON),
        invite.Order(order="o1", by="cat", amount=CNY(100), at=NOON),
    ):
        assert isinstance(shop.handle(friends, command), Accepted)
    shop.handle("draw", ask("friends/order/o1/2/0", by="eve"))
    shop.tick(at(days=1))
    assert shop.deliver() == Deliveries(reversed=1)
    for command in (
        invite.Refund(order="o1", refund="r1", by="desk", amount=CNY.minor(1), at=at(days=2)),
        invite.ChargeBack(order="o1", case="c1", by="desk", at=at(days=2)),
        invite.WinBack(order="o1", case="c1", by="desk", at=at(days=2)),
    ):
        answer = shop.handle(friends, command)
        assert isinstance(answer, Accepted)
        assert answer.adjustments == ()
    assert (
        dict(store.quotas("friends")).get(("friends", "ticket/member", "member/ann", ""), 0) == 0
    )
    assert shop.deliver() == Deliveries()
    assert_clean(store)
