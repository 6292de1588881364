"""Ways round the rules of inviting that were found elsewhere, and that lead nowhere here."""

from __future__ import annotations

import pytest
from msgspec import structs

from inviting import rides
from shops import at
from viralcommerce import CNY, Credit, Grant, Shop, percent
from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted, Refused
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.stores.memory import MemoryStore


def paying(rate: int) -> Campaign:
    """The inviter earns so many percent."""
    return Campaign(
        "rides",
        rides(levels=1),
        grants=(
            Grant(Credit(percent(rate)), to=invite.upline(1), on=invite.ORDERED, name="share"),
        ),
        budget=CNY(1_000),
    )


@pytest.mark.parametrize(
    "join",
    [
        invite.Join(by="ann", link="ann"),
        invite.Join(by="ann", code="ann2026"),
        invite.Join(by="ann", code="ＡＮＮ-2026"),
        invite.Join(by="ann", code="ann2026", link="bob"),
        invite.Join(by="ann", code="ann2026", inviter="bob", used=""),
    ],
)
@pytest.mark.parametrize("at_once", [1, 10])
def test_no_path_leads_round_the_check_of_oneself(join: invite.Join, at_once: int) -> None:
    """EC-61, EC-62: by link, by code, by both, in a batch, or with the answer filled in."""
    campaign = paying(5)
    with Shop(MemoryStore(), (campaign,)) as shop:
        answers = shop.handle_many(
            campaign,
            [
                invite.Issue(by="ann", vanity="ann2026", at=at()),
                structs.replace(join, at=at(minutes=1)),
            ],
            at_once=at_once,
        )
        assert isinstance(answers[1], Refused)
        assert answers[1].refusal == invite.OwnInvitation(by="ann")


def test_an_order_keeps_the_rates_of_the_day_it_was_placed() -> None:
    """EC-100: the captured rate, not the one that is current when it matures or is refunded."""
    store = MemoryStore()
    before, after = paying(10), paying(1)
    with Shop(store, (before,)) as shop:
        shop.handle(before, invite.Join(by="bob", link="ann", at=at()))
        shop.handle(before, invite.Order(order="o1", by="bob", amount=CNY(100), at=at(days=1)))
        again = Shop(store, (after,))
        again.handle(after, invite.Order(order="o2", by="bob", amount=CNY(100), at=at(days=2)))
        while again.tick(at(days=30)):
            pass
        given = {row.instance: row.transfer.amount for row in store.awards("ann")}
        assert given == {"order/o1": 1_000, "order/o2": 100}
        refund = invite.Refund(
            order="o1", refund="r1", by="desk", amount=CNY(50), at=at(days=31), key="r1"
        )
        back = again.handle(after, refund)
        assert isinstance(back, Accepted)
        assert [one.amount for one in back.adjustments] == [500]
        assert audit(store).is_clean


def test_what_comes_before_its_order_waits_or_may_come_again() -> None:
    """EC-102, EC-103: a dispute whose order is not known yet keeps its key free for the retry."""
    campaign = paying(10)
    store = MemoryStore()
    with Shop(store, (campaign,)) as shop:
        lost = invite.ChargeBack(order="o1", case="c1", by="bank", at=at(), key="c1")
        early = shop.handle(campaign, lost)
        assert isinstance(early, Refused)
        assert not early.refusal.terminal
        part = invite.Refund(order="o1", refund="r1", by="desk", amount=CNY(40), at=at(), key="r")
        assert isinstance(shop.handle(campaign, part), Accepted)
        order = invite.Order(order="o1", by="bob", amount=CNY(100), at=at(), key="o1")
        answer = shop.handle(campaign, order)
        assert isinstance(answer, Accepted)
        assert answer.events[0].net == CNY(60)
        assert isinstance(shop.handle(campaign, lost), Accepted)
        assert audit(store).is_clean
