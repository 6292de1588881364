"""Forgetting a member of a tree: pointers, orders and balances give way, and nobody returns."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec import structs

from paying import bounce, buy, paying, run
from shops import at
from viralcommerce import CNY, Shop
from viralcommerce.codec import encode
from viralcommerce.mechanics import invite
from viralcommerce.messages import GONE, Accepted, Refused
from viralcommerce.refusals import Forgotten
from viralcommerce.runtime.audit import audit
from viralcommerce.testing.doubles import FakeIssuer

CAMPAIGN = paying(invite.Payouts(owing="write_off"))
STORES = ("memory", "sqlite", "postgres")


def busy(store: Any, who: str) -> Shop:
    """Ann brought somebody, who brought Cat, who brought Dee; they buy, are refunded and paid."""
    shop = Shop(store, (CAMPAIGN,), issuer=FakeIssuer())
    commands = (
        invite.Issue(by=who, vanity="teapot"),
        invite.Join(by=who, link="ann"),
        invite.Join(by="cat", code="teapot"),
        invite.Join(by="dee", link="cat"),
        buy("o1", "cat", 10_000),
        buy("o2", who, 10_000),
        buy(f"of-{who}", "dee", 10_000),
        run(who, "b1"),
        run("ann", "b1"),
        bounce(member=who, batch="b1", by="desk"),
        run(who, f"again-{who}"),
        invite.Refund(order="o1", refund="r1", by="desk", amount=CNY(50)),
        invite.Join(by=who, link="cat"),
        invite.Join(by="eve", code="coffee"),
        invite.Hold(order="o2", by=who, why=f"{who} asked"),
    )
    told = "k" if who.isdecimal() else f"{who}/"  # a number in a client's key may be anything
    for number, command in enumerate(commands, 1):
        when = at(minutes=number)
        shop.handle(CAMPAIGN, structs.replace(command, at=when, key=f"{told}{number}"))
        shop.tick(when)
    while shop.deliver().delivered:
        pass
    return shop


def everywhere(store: Any) -> str:
    """All that a store has of the campaign, as text."""
    lines = [line.decision for line in store.journal("rides")]
    texts = [one if isinstance(one, bytes) else encode(one) for one in lines]
    texts += [encode((row.instance, row.transfer)) for row in store.postings("rides")]
    texts += [
        encode((name, cell.parent))
        + (cell.state if isinstance(cell.state, bytes) else encode(cell.state))
        for name, cell in store.cells("rides")
    ]
    texts += [encode(key) for key, _ in store.quotas("rides")]
    texts += [encode(part) for part in store.participants("rides")]
    texts += [encode(kept.key) for kept in store.keys("rides")]
    return b"\n".join(texts).decode()


def standing_alone(who: str, text: str) -> list[str]:
    """Where an id stands by itself in a text."""
    alone = rf"(?<![^\W_]){re.escape(who)}(?![^\W_])"
    return [text[max(hit.start() - 40, 0) : hit.end() + 20] for hit in re.finditer(alone, text)]


@pytest.mark.parametrize("who", ["bob", "bob-7f3", "10086", "鲍勃"])
def test_a_member_of_a_tree_is_forgotten(store: Any, who: str) -> None:
    """EC-64: the tree keeps its shape, the books stay clean, and the id is nowhere."""
    shop = busy(store, who)
    before = shop.views.earnings("rides", who)
    done = shop.forget(who)
    assert done.pseudonym.startswith(GONE)
    assert audit(store).is_clean, audit(store).problems
    assert shop.views.above("rides", "cat") == [done.pseudonym, "ann"]
    assert shop.views.brought("rides", "ann") == [done.pseudonym]
    assert shop.views.brought("rides", done.pseudonym) == ["cat"]
    assert shop.views.earnings("rides", who).earned == CNY(0)
    after = shop.views.earnings("rides", done.pseudonym)
    assert (after.earned, after.has, after.paid) == (before.earned, before.has, before.paid)
    code = shop.views.code("rides", "teapot")
    assert code is not None
    assert code.owner == done.pseudonym
    assert not standing_alone(who, everywhere(store))


def test_whoever_was_forgotten_is_no_new_friend(store: Any) -> None:
    """EC-64: delete the account, register again, and be invited again: the tombstone stands."""
    shop = busy(store, "bob")
    shop.forget("bob")
    for number, command in enumerate(
        (
            invite.Join(by="bob", link="ann"),
            buy("o9", "bob", 10_000),
            invite.Withdraw(by="bob", batch="w9", amount=CNY(1)),
            invite.Join(by="fay", link="bob"),
        )
    ):
        again = structs.replace(command, at=at(days=1), key=f"again {number}")
        refused = shop.handle(CAMPAIGN, again)
        assert isinstance(refused, Refused)
        assert isinstance(refused.refusal, Forgotten)
    assert audit(store).is_clean


def test_those_below_go_on(store: Any) -> None:
    """EC-60: nothing more is given to who is gone; the seats of the others are what they were."""
    shop = busy(store, "bob")
    pseudonym = shop.forget("bob").pseudonym
    has = shop.views.earnings("rides", "ann").earned
    order = structs.replace(buy("o8", "cat", 10_000), at=at(days=2), key="o8")
    answer = shop.handle(CAMPAIGN, order)
    assert isinstance(answer, Accepted)
    assert answer.events[0].upline == (pseudonym, "ann")
    shop.tick(at(days=3))
    assert shop.views.earnings("rides", "ann").earned == has + CNY(5)
    assert shop.views.earnings("rides", pseudonym).on_its_way
    refund = invite.Refund(
        order="o1", refund="r2", by="desk", amount=CNY(50), at=at(days=4), key="r2"
    )
    assert isinstance(shop.handle(CAMPAIGN, refund), Accepted)
    assert audit(store).is_clean, audit(store).problems


@pytest.mark.parametrize(
    ("who", "other"),
    [("ann", "ann-b"), ("ann", "ann.smith"), ("ann", "b.ann"), ("7", "7-7"), ("安", "安 娜")],
)
def test_whose_id_contains_the_other_stays_who_they_are(store: Any, who: str, other: str) -> None:
    """What is named after a member, and their account, is theirs whole or not at all."""
    shop = Shop(store, (CAMPAIGN,), issuer=FakeIssuer())
    for number, command in enumerate(
        (
            invite.Join(by=who, link="zoe"),
            invite.Join(by=other, link=who),
            invite.Join(by="dee", link=other),
            buy("o1", "dee", 10_000),
            run(other, "b1"),
            run(who, "b1"),
        ),
        1,
    ):
        shop.handle(CAMPAIGN, structs.replace(command, at=at(minutes=number), key=f"k{number}"))
        shop.tick(at(minutes=number))
    before = shop.views.earnings("rides", other)
    done = shop.forget(who)
    assert audit(store).is_clean, audit(store).problems
    assert shop.views.above("rides", "dee") == [other, done.pseudonym, "zoe"]
    assert shop.views.earnings("rides", other) == before
    again = shop.handle(CAMPAIGN, invite.Join(by=other, link="eve", at=at(days=1)))
    assert isinstance(again, Refused), "bound already"


@pytest.mark.parametrize(
    ("who", "wish"),
    [("anna", "anna-tea"), ("anna", "anna"), ("anna2026", "anna2026"), ("ANNA2026", "anna 2026")],
)
def test_a_code_that_spells_its_owner_goes_on_being_clean_and_brings_nobody(
    store: Any, who: str, wish: str
) -> None:
    """The wish gives way like any text; why it was granted is written beside it."""
    shop = Shop(store, [CAMPAIGN])
    for number, wished in enumerate(("no", f"{wish} free", wish)):
        shop.handle(CAMPAIGN, invite.Issue(by=who, vanity=wished, at=at(minutes=number)))
    assert str(shop.handle(CAMPAIGN, invite.Join(by="bob", code=wish, at=at(hours=1)))) == (
        f"bob was invited by {who}, the code {wish.upper().replace('-', '').replace(' ', '')} "
        "has brought one more"
    )
    shop.forget(who)
    assert who not in everywhere(store)
    assert audit(store).is_clean
    late = shop.handle(CAMPAIGN, invite.Join(by="cat", code=wish, at=at(hours=2)))
    assert str(late) == "no: this invitation is not valid"
    assert audit(store).is_clean


def test_nobody_is_brought_by_a_pseudonym(store: Any) -> None:
    shop = Shop(store, [CAMPAIGN])
    shop.handle(CAMPAIGN, invite.Join(by="bob", link="ann", at=at()))
    shop.forget("ann")
    (gone,) = shop.views.above("rides", "bob")
    late = shop.handle(CAMPAIGN, invite.Join(by="cat", link=gone, at=at(hours=2)))
    assert str(late) == "no: this invitation is not valid"
