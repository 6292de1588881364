"""The ledger against known answers: ``cps/clawback``, ``budget/commission_share``."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import pytest

from oracles import oracle
from shops import at
from viralcommerce import CNY, Cash, Grant, Shop, days, percent
from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.spread.levels import MORE_THAN_TWO


def levels_of(rates: Sequence[Fraction]) -> Campaign:
    """A campaign that pays so much at each level, fifteen days after an order."""
    return Campaign(
        "cps",
        invite.Invite(
            matures_after=days(15),
            levels=len(rates),
            deeper=MORE_THAN_TWO if len(rates) > 2 else "",
            payouts=invite.Payouts(),
        ),
        grants=tuple(
            Grant(Cash(percent(rate * 100)), to=invite.upline(n), on=invite.ORDERED, name=f"l{n}")
            for n, rate in enumerate(rates, 1)
        ),
        budget=CNY(1_000_000),
    )


def clawed(
    gross: int, bp: Sequence[int], path: Sequence[int]
) -> tuple[list[list[int]], list[int]]:
    """What each step of an order moved to those above it, by level; and what they have at last."""
    campaign = levels_of([Fraction(one, 10_000) for one in bp])
    store = MemoryStore()
    with Shop(store, (campaign,)) as shop:
        for command in (
            invite.Join(by="bob", link="ann", at=at()),
            invite.Join(by="cat", link="bob", at=at()),
            invite.Order(order="o", by="cat", amount=CNY.minor(gross), at=at()),
        ):
            shop.handle(campaign, command)
        shop.tick(at(days=15))
        for number, fen in enumerate(path):
            refund = invite.Refund(
                order="o",
                refund=f"r{number}",
                by="desk",
                amount=CNY.minor(fen),
                at=at(days=16 + number),
            )
            assert isinstance(shop.handle(campaign, refund), Accepted)
        assert audit(store).is_clean
        steps = [[0, 0] for _ in range(len(path) + 1)]
        for row in store.postings("cps"):
            moved = row.transfer
            for account, sign in ((moved.source, -1), (moved.target, 1)):
                if account.startswith("member/"):
                    step = max((row.at - at(days=15)).days, 0)
                    steps[step][("member/bob", "member/ann").index(account)] += sign * moved.amount
        quotas = {key[2]: used for key, used in store.quotas("cps") if "balance" in key[1]}
        return steps, [quotas.get("member/bob", 0), quotas.get("member/ann", 0)]


def test_cps_clawback_in_the_ledger() -> None:
    """EC-32, EC-94, EC-95, EC-96, EC-105: the rows of every step, and where they end."""
    given, known, _ = oracle("cps/clawback")
    for path, ledger in zip(given["refund_paths"], ("ledger1", "ledger2"), strict=True):
        steps, final = clawed(given["gross"], given["bp"], path)
        assert (steps, final) == (known[ledger], known["final"])
    for path in itertools.permutations((3333, 3333, 3333)):
        assert clawed(given["gross"], given["bp"], path)[1] == known["full_refund_final"]


PARTS = (1, 3_333, 2_500, 4_165)
"""Refunds that come to all of 99.99."""


@pytest.mark.parametrize("matures", range(len(PARTS) + 1))
def test_the_full_refund_law(matures: int) -> None:
    """EC-105: in any order, before and after it matured, a full refund leaves nothing to anybody.

    And every part of it leaves what the rates give of what is left.
    """
    campaign = levels_of([Fraction(1, 10), Fraction(1, 20)])
    for order in itertools.permutations(PARTS):
        store = MemoryStore()
        with Shop(store, (campaign,)) as shop:
            shop.handle(campaign, invite.Join(by="bob", link="ann", at=at()))
            shop.handle(campaign, invite.Join(by="cat", link="bob", at=at()))
            shop.handle(campaign, invite.Order(order="o", by="cat", amount=CNY("99.99"), at=at()))
            left = 9_999
            for number, fen in enumerate(order):
                when = at(days=14 if number < matures else 16, minutes=number)
                refund = invite.Refund(
                    order="o", refund=f"r{fen}", by="desk", amount=CNY.minor(fen), at=when
                )
                shop.handle(campaign, refund)
                left -= fen
                used = {key[2]: n for key, n in store.quotas("cps") if "balance" in key[1]}
                owed = (left // 10, left // 20) if number >= matures else (0, 0)
                has = (used.get("member/bob", 0), used.get("member/ann", 0))
                assert has == owed
            shop.tick(at(days=20))
            assert not any(n for key, n in store.quotas("cps") if "balance" in key[1])
            assert audit(store).is_clean


@pytest.mark.parametrize(
    ("growth", "roots", "tol"), [(0, 625, 4e-4), (1, 256, 1e-3), (2, 128, 6e-3)]
)
def test_budget_commission_share_in_the_ledger(growth: int, roots: int, tol: float) -> None:
    """What a tree that dies out costs, as the ledger has it: never the sum of the rates."""
    given, known, _ = oracle("budget/commission_share")
    rates = [Fraction(str(rate)) for rate in given["rates"]]
    k = float(given["K"][growth])
    campaign = levels_of(rates)
    generation, above = [f"g0-{n}" for n in range(roots)], [f"g0-{n}" for n in range(roots)]
    joins: list[invite.Commands] = []
    members, depth, deep = list(generation), 0, Counter[int]()
    while above:
        depth += 1
        generation = [f"g{depth}-{n}" for n in range(round(roots * k**depth))]
        joins += [
            invite.Join(by=who, link=above[n % len(above)], at=at(minutes=depth))
            for n, who in enumerate(generation)
        ]
        members += generation
        for level in range(1, min(depth, len(rates)) + 1):
            deep[level] += len(generation)
        above = generation
    orders = [
        invite.Order(order=f"o-{who}", by=who, amount=CNY(100), at=at(days=1)) for who in members
    ]
    store = MemoryStore()
    with Shop(store, (campaign,)) as shop:
        shop.handle_many(campaign, joins)
        shop.handle_many(campaign, orders)
        while shop.tick(at(days=20)):
            pass
        paid = sum(n for key, n in store.quotas("cps") if "balance" in key[1])
    revenue = 10_000 * len(members)
    assert paid == sum(rate * 10_000 * deep[n] for n, rate in enumerate(rates, 1))
    assert paid / revenue == pytest.approx(float(known["share"][growth]), abs=tol)
    assert paid / revenue < float(known["headline_sum"])
