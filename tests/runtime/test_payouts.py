"""Payouts that race with refunds and each other: the same books in every order, on every store."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from paying import BEFORE, books_of, bounce, buy, paying, run
from postgres import fresh_store
from row_locks import RowLocks
from shops import at
from viralcommerce import CNY, Shop
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted, Refused
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer
from viralcommerce.testing.interleavings import every_order, some_orders
from viralcommerce.testing.races import Race

CARRY = paying(invite.Payouts())
BORNE = paying(invite.Payouts(owing="write_off"))


def told(command: Any, key: str, minutes: int = 10) -> Any:
    """A command at its time, with a key."""
    return structs.replace(command, key=key, at=at(minutes=minutes))


def mature(order: str) -> invite.Mature:
    """The clock's command on an order of Cat's, whom Bob brought."""
    when = at(minutes=5)
    key = f"clock/order/{order}/{when.isoformat()}"
    return invite.Mature(order=order, buyer="cat", inviter="bob", at=when, key=key)


REFUND = told(invite.Refund(order="o1", refund="r1", by="desk", amount=CNY(40)), "r1")
WON = told(invite.WinBack(order="o1", case="c", by="desk"), "won")
LOST = told(invite.ChargeBack(order="o1", case="c", by="desk"), "lost")
EARNED = (*BEFORE, told(buy("o1", "cat", 10_000), "o1", 5), mature("o1"))
"""Bob has 12 yuan: a tenth of Cat's first order, and 2 for bringing her."""
PAID = (*EARNED, told(run("bob", "b0"), "b0", 6))


def wish(batch: str, yuan: int) -> Any:
    """Bob asks for money."""
    return told(invite.Withdraw(by="bob", batch=batch, amount=CNY(yuan)), batch)


RACES: list[tuple[Any, Sequence[Any], Sequence[Any]]] = [
    (CARRY, EARNED, [wish("w1", 8), wish("w2", 8)]),
    (CARRY, EARNED, [told(run("bob", "b1"), "one"), told(run("bob", "b1"), "two")]),
    (CARRY, EARNED, [wish("w1", 10), REFUND]),
    (CARRY, EARNED, [[wish("w1", 5), REFUND], told(run("bob", "b1"), "run")]),
    (BORNE, EARNED, [told(run("bob", "b1"), "run"), REFUND]),
    (BORNE, PAID, [REFUND, LOST]),
    (BORNE, (*PAID, LOST), [WON, told(run("bob", "b1"), "run")]),
    (
        CARRY,
        PAID,
        [
            told(invite.Arrive(member="bob", batch="b0", by="desk"), "in"),
            told(bounce(member="bob", batch="b0", by="desk"), "out"),
        ],
    ),
]
"""What stands, and what happens at the same time."""


@pytest.mark.parametrize(("campaign", "before", "flows"), RACES)
def test_every_order_is_one_after_the_other(
    campaign: Any, before: Sequence[Any], flows: Sequence[Any]
) -> None:
    """EC-98, EC-104: two withdrawals racing, and a refund while the money is on its way."""
    every_order(Race(campaign, list(flows), before=list(before)))
    every_order(Race(campaign, list(flows), before=list(before)), RowLocks)


@pytest.mark.slow
@pytest.mark.parametrize(("campaign", "before", "flows"), RACES)
def test_orders_on_sqlite(
    campaign: Any, before: Sequence[Any], flows: Sequence[Any], tmp_path: Path
) -> None:
    number = itertools.count()
    some_orders(
        Race(campaign, list(flows), before=list(before)),
        lambda: SqliteStore(tmp_path / f"{next(number)}.db", busy_after=0.2),
        seeds=range(4),
    )


@pytest.mark.slow
@pytest.mark.parametrize(("campaign", "before", "flows"), RACES)
def test_orders_on_postgresql(campaign: Any, before: Sequence[Any], flows: Sequence[Any]) -> None:
    some_orders(Race(campaign, list(flows), before=list(before)), fresh_store, seeds=range(4))


def after(store: Store, campaign: Any, commands: Sequence[Any]) -> Shop:
    """A shop in which these have happened."""
    shop = Shop(store, (campaign,))
    for command in commands:
        assert isinstance(shop.handle(campaign, command), Accepted)
    return shop


def test_a_transfer_that_fails_unfreezes(store: Store) -> None:
    """EC-104: the member has it again, the fee too, and the batch is never paid twice."""
    campaign = paying(invite.Payouts(fee=CNY(1)))
    back = told(bounce(member="bob", batch="b1", by="desk"), "back")
    shop = after(store, campaign, (*EARNED, told(run("bob", "b1"), "run"), back))
    assert books_of(store, campaign).balances["member/bob"] == 1_200
    again = shop.handle(campaign, told(run("bob", "b1"), "again"))
    assert isinstance(again, Refused)
    assert again.refusal == invite.AlreadyPaid(batch="b1")
    assert isinstance(shop.handle(campaign, told(run("bob", "b2"), "next")), Accepted)
    assert books_of(store, campaign).moved["paying/b2"] == 1_200


def test_what_is_taken_back_is_not_held_for_any_time(store: Store) -> None:
    """EC-99: a clawback counts at once, whatever the earnings wait for."""
    shop = after(store, CARRY, (*EARNED, REFUND))
    assert books_of(store, CARRY).balances["member/bob"] == 800
    refused = shop.handle(CARRY, wish("w1", 9))
    assert isinstance(refused, Refused)
    assert refused.refusal == invite.NotCovered(amount=CNY(9), has=CNY(8))


def test_the_budget_bears_what_was_paid_and_has_it_back_when_a_dispute_is_won(
    store: Store,
) -> None:
    """EC-93, EC-97: nobody owes, and nobody is paid twice either."""
    shop = after(store, BORNE, (*PAID, LOST))
    lost = books_of(store, BORNE)
    assert (lost.balances.get("member/bob", 0), lost.balances.get("member/ann", 0)) == (0, 0)
    assert sum(lost.borne.values()) == 1_200
    won = shop.handle(BORNE, WON)
    assert isinstance(won, Accepted)
    assert [one.way for one in won.adjustments if one.to == "bob"] == [
        "again", "repaid", "again", "repaid",
    ]  # fmt: skip
    end = books_of(store, BORNE)
    assert (end.balances.get("member/bob", 0), end.balances["member/ann"]) == (0, 500)
    assert sum(end.borne.values()) == 0


def test_cash_that_adds_up_is_not_handed_out_as_well(store: Store) -> None:
    """EC-98: the issuer gets the credit, and none of the cash."""
    issuer = FakeIssuer()
    with Shop(store, (CARRY,), issuer=issuer) as shop:
        for command in EARNED:
            shop.handle(CARRY, command)
        shop.deliver()
        assert {award.reward for award in issuer.issued} == {"credit"}
        assert audit(store).is_clean


def test_what_a_client_says_it_has_does_not_count(store: Store) -> None:
    """Bad input: a withdrawal that brings its own balance."""
    shop = after(store, CARRY, EARNED)
    rich = structs.replace(wish("w1", 999), has=CNY(1_000), owes=CNY(0))
    refused = shop.handle(CARRY, rich)
    assert isinstance(refused, Refused)
    assert refused.refusal == invite.NotCovered(amount=CNY(999), has=CNY(12))
    assert audit(store).is_clean


def test_an_audit_sees_a_balance_that_somebody_was_told() -> None:
    store = MemoryStore()
    after(store, CARRY, (*EARNED, wish("w1", 12)))
    last = store._records[-1]
    assert isinstance(last.decision, Accepted)
    richer = structs.replace(last.decision.command, has=CNY(13))
    store._records[-1] = structs.replace(
        last, decision=structs.replace(last.decision, command=richer)
    )
    assert any("was told" in problem.what for problem in audit(store).problems)
