"""Inviting, in sentences: whose invitation counts, which codes can be, what an order earns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from inviting import RIDES, Played, gifts, played, rides
from shops import assert_clean, at
from viralcommerce import CNY, PAIR, Credit, Grant, Limit, Shop, days, percent
from viralcommerce.campaign import Campaign
from viralcommerce.errors import InvalidMessage, InvalidRule
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted, Refused
from viralcommerce.spread.levels import MORE_THAN_TWO
from viralcommerce.values.codes import CROCKFORD_32


def test_the_end_of_an_invitation_is_the_end_of_its_commission() -> None:
    """EC-59: an order keeps the upline of the day it was placed; a later one has none."""
    game = rides(binds_for=days(30))
    told = (
        invite.Join(by="bob", link="ann", at=at()),
        invite.Order(order="o1", by="bob", amount=CNY(100), at=at(days=29)),
        invite.Order(order="o2", by="bob", amount=CNY(100), at=at(days=30)),
    )
    end = played(game, told)
    ordered = [event for event in end.events if isinstance(event, invite.Ordered)]
    assert [event.upline for event in ordered] == [("ann",), ()]
    assert end.earned["member/ann"] == 500 + 1_000


def test_a_code_that_was_typed_or_the_link() -> None:
    """EC-67: the conflict is a policy, and the answer says whose invitation counted."""
    for prefers, inviter in (("code", "ann"), ("link", "carl")):
        told = (
            invite.Issue(by="ann", vanity="ann2026", at=at()),
            invite.Join(by="bob", code="ＡＮＮ-2026\u200b", link="carl", at=at()),
        )
        joined = played(rides(prefers=prefers), told).answers[-1]
        assert isinstance(joined, Accepted)
        assert joined.events[0].inviter == inviter


@pytest.mark.parametrize("code", [None, 0, False, [], b""])
def test_a_code_that_is_no_text_is_no_message(code: Any) -> None:
    """Nothing of it is journaled: a line that cannot be read would block its key for ever."""
    campaign = Campaign("rides", rides(), grants=gifts(1, 5), budget=CNY(100))
    with Shop.open("memory:", campaign) as shop:
        join = invite.Join(by="bob", code=code, link="ann", key="k", at=at())
        with pytest.raises(InvalidMessage, match="code: expected text"):
            shop.handle(campaign, join)
        with pytest.raises(InvalidMessage, match="code: expected text"):
            shop.handle_many(campaign, [join])
        assert_clean(shop.store)
        again = structs.replace(join, code="")
        assert isinstance(shop.handle(campaign, again), Accepted)


def test_only_a_better_touch_takes_the_place_of_another() -> None:
    """EC-67: a typed code after a link moves the friend once; then nothing does, until it ends."""
    codes = [invite.Issue(by=by, vanity=f"{by}2026", at=at()) for by in ("ann", "carl")]
    ways = [
        {"link": "ann"},
        {"link": "carl"},
        {"code": "ann2026"},
        {"code": "carl2026"},
        {"link": "dee"},
    ]
    for prefers, stands in (
        ("code", ["ann", None, "ann", None, None]),
        ("link", ["ann", None, None, None, None]),
    ):
        game = rides(rebinds="better", prefers=prefers, binds_for=days(30))
        told = [invite.Join(by="bob", at=at(days=day), **way) for day, way in enumerate(ways)]
        late = invite.Join(by="bob", link="dee", at=at(days=40))
        answers = played(game, [*codes, *told, late]).answers[2:]
        assert [
            one.events[0].inviter if isinstance(one, Accepted) else None for one in answers
        ] == [*stands, "dee"]


def test_commission_for_the_first_orders_of_each_friend() -> None:
    """EC-59: a pair is whoever earns and whoever buys; who stands above them is no part of it."""
    game = rides(rebinds="always", least=CNY(1))
    first = Grant(
        Credit(percent(10)),
        to=invite.upline(1),
        on=invite.ORDERED,
        name="first",
        at_most=Limit(2, per=PAIR),
    )
    told: list[invite.Commands] = [
        invite.Join(by="bob", link="ann", at=at()),
        invite.Join(by="carl", link="ann", at=at()),
    ]
    for number, above in enumerate(("dee", "eve", "dee", "eve")):
        told += [
            invite.Join(by="ann", link=above, at=at(days=number)),
            invite.Order(order=f"b{number}", by="bob", amount=CNY(100), at=at(days=number)),
        ]
    told.append(invite.Order(order="c", by="carl", amount=CNY(100), at=at(days=9)))
    assert played(game, told, grants=(first,)).earned["member/ann"] == 3 * 1_000


def test_unknown_and_used_up_sound_the_same() -> None:
    """RQ: what a stranger hears says nothing about which codes there are."""
    told = (
        invite.Issue(by="ann", vanity="ann2026", at=at()),
        invite.Join(by="bob", code="ann2026", at=at()),
        invite.Join(by="carl", code="ann2026", at=at()),
        invite.Join(by="carl", code="nobody1", at=at()),
        invite.Join(by="carl", code="", at=at()),
    )
    answers = played(rides(code_uses=1), told).answers[-3:]
    assert all(isinstance(one, Refused) for one in answers)
    assert len({repr(one.refusal) for one in answers if isinstance(one, Refused)}) == 1


def test_the_friend_keeps_the_gift_although_the_inviter_has_none_left() -> None:
    """EC-75: grants are rows; what one of them withholds is no matter of another."""
    told = [
        command
        for number in range(3)
        for command in (
            invite.Join(by=f"f{number}", link="ann", at=at()),
            invite.Order(order=f"o{number}", by=f"f{number}", amount=CNY(10), at=at()),
        )
    ]
    end: Played = played(RIDES, told, most=2)
    assert [end.earned[f"member/f{n}"] for n in range(3)] == [1_000] * 3
    assert end.earned["member/ann"] == 2 * 1_000 + 3 * 50


def test_a_random_code_is_drawn_once_a_key() -> None:
    """An honest retry draws nothing anew."""
    once = invite.Issue(by="ann", at=at(), key="k1")
    first, again = played(rides(), (once, structs.replace(once, at=at(days=1)))).answers
    assert first == again
    assert isinstance(first, Accepted)
    assert rides().codes.is_well_formed(first.events[0].code)


def test_wishes_that_cannot_be_codes() -> None:
    """EC-45: screened, of a length, and nobody else's, drawn or chosen."""
    drawn = next(code for c in CROCKFORD_32 if fits(code := f"TEAP007{c}"))
    wishes = {
        "ab": invite.CodeTooShort(at_least=4),
        "fu-ck-er": invite.CodeScreened(),
        "uber$20FreeRide": invite.CodeNotPlain(),
        "uber20FreeRide": invite.CodeScreened(),
        "安安安安": invite.CodeNotPlain(),
        "x" * 21: invite.CodeTooLong(at_most=20),
        "x" * 5_000: invite.CodeTooLong(at_most=20),
        drawn: invite.CodeTaken(),
    }
    told = [invite.Issue(by="ann", vanity=wish, at=at()) for wish in wishes]
    answers = played(rides(), told).answers
    assert [one.refusal for one in answers if isinstance(one, Refused)] == [*wishes.values()]


def fits(code: str) -> bool:
    return rides().codes.is_well_formed(code)


def test_a_code_is_its_first_owners_in_any_spelling() -> None:
    answers = played(
        rides(),
        (
            invite.Issue(by="ann", vanity="teapot", at=at()),
            invite.Issue(by="bob", vanity="TEAP0T", at=at()),
        ),
    ).answers
    assert "the code is TEAP0T" in str(answers[0])
    assert "taken" in str(answers[1])


def test_commission_of_two_levels_is_cut_of_the_net() -> None:
    told = (
        invite.Join(by="bob", link="ann", at=at()),
        invite.Join(by="carl", link="bob", at=at()),
        invite.Order(order="o1", by="carl", amount=CNY("99.99"), at=at()),
        invite.Refund(order="o1", refund="r1", by="desk", amount=CNY("33.33"), at=at(days=3)),
    )
    grants = (
        Grant(Credit(percent(5)), to=invite.upline(1), on=invite.ORDERED),
        Grant(Credit(percent(1)), to=invite.upline(2), on=invite.ORDERED),
    )
    end = played(rides(least=CNY.minor(1)), told, grants=grants)
    assert end.earned == {"member/bob": 333, "member/ann": 66}


def test_time_of_an_order_may_run_from_its_receipt() -> None:
    game = rides(counts_from="receipt")
    told = (
        invite.Order(order="o1", by="bob", amount=CNY(10), at=at()),
        invite.Receive(order="o1", by="desk", at=at(days=5)),
    )
    end = played(game, told)
    assert [e.matures for e in end.events if isinstance(e, invite.Received)] == [
        at() + timedelta(days=20)
    ]


def test_a_level_that_is_not_paid_cannot_be_granted() -> None:
    third = Grant(Credit(percent(1)), to=invite.upline(3), on=invite.ORDERED)
    with pytest.raises(InvalidRule, match=r"nobody is ever 'upline\(3\)': levels=2; raise it"):
        Campaign("rides", RIDES, grants=(third,), budget=CNY(9))


def test_more_than_two_levels_are_said_and_nothing_else_is() -> None:
    """EC-60: a third level is no slip of the hand."""
    with pytest.raises(InvalidRule, match="say deeper=MORE_THAN_TWO if meant"):
        rides(levels=3)
    with pytest.raises(InvalidRule, match="leave `deeper` out"):
        rides(levels=2, deeper=MORE_THAN_TWO)
    assert rides(levels=3, deeper=MORE_THAN_TWO).levels == 3


def test_the_tenth_friend_earns_more() -> None:
    """EC-63: by the count of friends who have bought, whatever else they buy."""
    told: list[invite.Commands] = []
    for number in range(1, 6):
        friend = f"f{number}"
        told += [
            invite.Join(by=friend, link="ann", at=at()),
            invite.Order(order=f"a{number}", by=friend, amount=CNY(10), at=at(days=number)),
            invite.Order(order=f"b{number}", by=friend, amount=CNY(10), at=at(days=number + 50)),
        ]
    grants = (
        Grant(Credit(CNY(1)), to=invite.INVITER, on=invite.FIRST_ORDER),
        Grant(Credit(CNY(2)), to=invite.INVITER, on=invite.tier(1)),
        Grant(Credit(CNY(5)), to=invite.INVITER, on=invite.tier(2)),
    )
    game = rides(tiers=(3, 5), least=CNY.minor(1))
    end = played(game, sorted(told, key=lambda one: one.at), grants=grants)
    assert end.earned["member/ann"] == 5 * 100 + 2 * 200 + 500
    assert [e.nth for e in end.events if isinstance(e, invite.Matured)] == [
        1, 2, 3, 4, 5, 0, 0, 0, 0, 0,
    ]  # fmt: skip


def test_a_refund_takes_back_what_the_tier_gave() -> None:
    bonus = Grant(Credit(CNY(2)), to=invite.INVITER, on=invite.tier(1))
    campaign = Campaign("rides", rides(tiers=(2,)), grants=(bonus,), budget=CNY(9))
    with Shop.open("memory:", campaign) as shop:
        for number in (1, 2):
            shop.handle(campaign, invite.Join(by=f"f{number}", link="ann", at=at()))
            order = invite.Order(order=f"o{number}", by=f"f{number}", amount=CNY(10), at=at())
            shop.handle(campaign, order)
            shop.tick(at(days=15 * number))
        back = invite.Refund(order="o2", refund="r", by="desk", amount=CNY(10), at=at(days=40))
        decision = shop.handle(campaign, back)
    assert isinstance(decision, Accepted)
    assert [(one.to, one.way, one.amount) for one in decision.adjustments] == [
        ("ann", "back", 200)
    ]


def test_tiers_begin_later_and_later_and_a_tier_that_does_not_cannot_be_granted() -> None:
    for tiers in ((1,), (5, 5), (9, 3)):
        with pytest.raises(InvalidRule, match="begin at 2 or later, and go up"):
            rides(tiers=tiers)
    second = Grant(Credit(CNY(1)), to=invite.INVITER, on=invite.tier(2))
    with pytest.raises(InvalidRule, match=r"'tier\(2\)' can never be reached: tiers=\(10,\)"):
        Campaign("rides", rides(tiers=(10,)), grants=(second,), budget=CNY(9))
