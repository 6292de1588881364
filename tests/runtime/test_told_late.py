"""What is told late and mixed about one order: the end is the same, and earns the right people."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Final

import pytest

from viralcommerce import CNY, Campaign, Cash, Grant, Shop, days, percent
from viralcommerce.mechanics import invite
from viralcommerce.messages import Refused
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.stores.memory import MemoryStore

NOON = datetime(2026, 11, 11, 4, tzinfo=UTC)
RIDES = Campaign(
    "rides",
    invite.Invite(matures_after=days(15), payouts=invite.Payouts()),
    grants=Grant(Cash(percent(10)), to=invite.upline(1), on=invite.ORDERED),
    budget=CNY(100_000),
)


def refund(name: str, yuan: int) -> invite.Refund:
    return invite.Refund(
        order="o1", refund=name, amount=CNY(yuan), by="desk", at=NOON + days(20), key=name
    )


def lost(case: str) -> invite.ChargeBack:
    return invite.ChargeBack(order="o1", case=case, by="desk", at=NOON + days(21), key=f"-{case}")


def won(case: str) -> invite.WinBack:
    return invite.WinBack(order="o1", case=case, by="desk", at=NOON + days(22), key=f"+{case}")


JOINED: Final = invite.Join(by="bob", link="ann", at=NOON, key="join")
ORDERED: Final = invite.Order(order="o1", by="bob", amount=CNY(100), at=NOON, key="order")
TICK: Final = "tick"
STORIES: Final = {
    "a refund during a dispute": ([refund("r1", 60), lost("k1"), won("k1")], CNY(4)),
    "two disputes, one won": ([lost("k1"), lost("k2"), won("k1")], CNY(0)),
    "two disputes, both won": ([lost("k1"), lost("k2"), won("k1"), won("k2")], CNY(10)),
    "refunds that come to too much": ([refund("r1", 60), refund("r2", 70)], CNY(0)),
    "a refund that is larger than all": ([refund("r1", 101), refund("r2", 70)], CNY(3)),
    "told again": ([lost("k1"), won("k1"), lost("k1")], CNY(10)),
}


def told(story: tuple[object, ...]) -> Shop:
    """Tell a story, and again what may yet be answered otherwise."""
    shop = Shop(MemoryStore(), [RIDES])
    shop.handle(RIDES, JOINED)
    waiting = list(story)
    while waiting:
        left = []
        for one in waiting:
            if not isinstance(one, invite.Commands):
                shop.tick(NOON + days(30))
                continue
            answer = shop.handle(RIDES, one)
            if isinstance(answer, Refused) and not answer.refusal.terminal:
                left.append(one)
        assert len(left) < len(waiting), "nothing will ever be answered for good"
        waiting = left
    shop.tick(NOON + days(60))
    return shop


@pytest.mark.parametrize("name", STORIES)
def test_whatever_comes_first_the_end_is_the_same(name: str) -> None:
    """EC-96, EC-97: also where some of it arrives before the order, or after it has matured."""
    said, has = STORIES[name]
    for story in itertools.permutations([ORDERED, TICK, *said]):
        shop = told(story)
        assert shop.views.earnings("rides", "ann").has == has, story
        assert audit(shop.store).is_clean


def test_what_a_dispute_takes_and_what_is_refunded_meanwhile_are_told_apart() -> None:
    shop = Shop(MemoryStore(), [RIDES])
    answers = [
        str(shop.handle(RIDES, one))
        for one in (JOINED, ORDERED, lost("k1"), refund("r1", 60), lost("k1"), won("k1"))
    ]
    assert answers[2:] == [
        "nothing of the order is left",
        "¥40 of the order is left",
        "nothing of the order is left",
        "¥40 of the order counts",
    ]
    again = invite.ChargeBack(order="o1", case="k1", by="desk", at=NOON + days(23))
    assert str(shop.handle(RIDES, again)) == "no: the dispute k1 is counted already"


def test_an_order_earns_nobody_who_came_to_stand_above_its_buyer_afterwards() -> None:
    """Whether it is told before they came, or after."""
    order = invite.Order(order="o1", by="bob", amount=CNY(100), at=NOON, key="order")
    late = invite.Join(by="bob", link="ann", at=NOON + days(1), key="join")
    for story in ((order, late), (late, order)):
        shop = Shop(MemoryStore(), [RIDES])
        for one in story:
            shop.handle(RIDES, one)
        shop.tick(NOON + days(60))
        assert shop.views.earnings("rides", "ann").earned == CNY(0)
        assert shop.views.above("rides", "bob") == ["ann"]


def test_so_at_every_level() -> None:
    twice = Campaign(
        "rides",
        invite.Invite(matures_after=days(15), levels=2, payouts=invite.Payouts()),
        grants=(
            Grant(Cash(percent(10)), to=invite.upline(1), on=invite.ORDERED, name="l1"),
            Grant(Cash(percent(5)), to=invite.upline(2), on=invite.ORDERED, name="l2"),
        ),
        budget=CNY(100_000),
    )
    shop = Shop(MemoryStore(), [twice])
    for one in (
        JOINED,
        invite.Join(by="ann", link="eve", at=NOON + days(2), key="later"),
        ORDERED,
        invite.Order(order="o2", by="bob", amount=CNY(100), at=NOON + days(2), key="order 2"),
    ):
        shop.handle(twice, one)
    shop.tick(NOON + days(60))
    assert shop.views.earnings("rides", "ann").earned == CNY(20)
    assert shop.views.earnings("rides", "eve").earned == CNY(5)
