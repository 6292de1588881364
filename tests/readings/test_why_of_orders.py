"""Why an order earned what it did, what was taken back of it and why, to whoever asks."""

from __future__ import annotations

from typing import Any

import pytest

from inviting import gifts, rides
from shops import at
from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted
from viralcommerce.readings.why import why
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import UNLIMITED
from viralcommerce.rules.rewards import Points, Product
from viralcommerce.runtime.shop import Shop
from viralcommerce.values.money import CNY

THINGS = (
    Grant(Points(50), to=invite.INVITEE, on=invite.FIRST_ORDER, name="points"),
    Grant(
        Product("teapot", worth=CNY(30), stock=5),
        to=invite.INVITER,
        on=invite.FIRST_ORDER,
        name="pot",
    ),
)
RIDES = Campaign("rides", rides(), grants=(*gifts(2, 20), *THINGS), budget=UNLIMITED)
TOLD = (
    invite.Join(by="bob", link="ann", at=at()),
    invite.Join(by="carl", link="bob", at=at()),
    invite.Order(order="o1", by="carl", amount=CNY(100), at=at()),
    invite.Hold(order="o1", by="desk", why="odd card", at=at(days=1)),
    invite.Release(order="o1", by="desk", why="it was him", at=at(days=2)),
    invite.Refund(order="o1", refund="r1", by="desk", amount=CNY(40), at=at(days=16)),
    invite.ChargeBack(order="o1", case="c1", by="bob", at=at(days=17)),
    invite.WinBack(order="o1", case="c1", by="bob", at=at(days=18)),
)


@pytest.fixture(scope="module")
def decisions() -> list[Any]:
    with Shop.open("memory:", RIDES) as shop:
        for command in TOLD:
            shop.handle(RIDES, command)
        return [line.decision for line in shop.store.journal("rides")]


def of(decisions: list[Any], kind: type[Any]) -> Accepted[Any, Any]:
    found: Accepted[Any, Any] = next(d for d in decisions if isinstance(d.command, kind))
    return found


def test_an_operator_reads_every_correction_with_the_award_it_corrects(
    decisions: list[Any],
) -> None:
    """EC-95: what was taken back, of which award, to the unit."""
    taken = of(decisions, invite.Refund)
    assert [one.amount for one in taken.adjustments] == [200, 40]
    assert why(taken, "operator", campaign=RIDES).lines[1:] == (
        "¥60 of the order is left",
        f"¥2 is taken back from bob, of the award {taken.adjustments[0].award}",
        f"¥0.40 is taken back from ann, of the award {taken.adjustments[1].award}",
    )
    assert f"从bob收回2元，对应奖励{taken.adjustments[0].award}" in str(
        why(taken, "operator", "zh", campaign=RIDES)
    )
    log = why(taken, "log", campaign=RIDES).lines
    assert log[-1].startswith("taken_back award=rides/order/o1/4/")


def test_who_is_affected_is_told_and_others_are_not(decisions: list[Any]) -> None:
    """The charge-back was reported by bob, who had earned of the order himself."""
    taken, again = of(decisions, invite.ChargeBack), of(decisions, invite.WinBack)
    said = why(taken, "member", campaign=RIDES)
    assert set(said.lines) == {
        "¥3 that you had is taken back",
        "¥10 that you had is taken back",
        '1 × "teapot" that you had is taken back',
        "nothing of the order is left",
    }
    assert "ann" not in str(said)
    assert "carl" not in str(said)
    assert said.codes.count("taken_back") == 3
    zh = why(again, "member", "zh", campaign=RIDES)
    assert "先前收回的10元已重新发放给您" in zh.lines
    assert zh.codes.count("given_again") == 3
    assert str(why(taken, "stranger")) == str(why(again, "stranger"))


def test_points_and_things_are_said_as_what_they_are(decisions: list[Any]) -> None:
    taken = of(decisions, invite.ChargeBack)
    said = str(why(taken, "operator", campaign=RIDES))
    assert "50 points is taken back from carl" in said
    assert '1 × "teapot" is taken back from bob' in said
    assert "从carl收回50积分" in str(why(taken, "operator", "zh", campaign=RIDES))


@pytest.mark.parametrize("audience", ["member", "holder"])
def test_why_an_order_was_kept_back_is_for_operators_only(
    decisions: list[Any], audience: Any
) -> None:
    """EC-101: the reviewer's reason is kept, and not told to whom it is about."""
    kept = of(decisions, invite.Hold)
    assert "odd card" in str(why(kept, "operator", campaign=RIDES))
    assert "odd card" in str(why(kept, "log", campaign=RIDES))
    assert "odd card" not in str(why(kept, audience, campaign=RIDES))


def test_the_clock_says_for_what_and_of_what(decisions: list[Any]) -> None:
    matured = of(decisions, invite.Mature)
    lines = why(matured, "operator", campaign=RIDES).lines
    assert any("bob (upline(1)) gets ¥5 as shop credit by the grant l1, 5% of ¥100" in one
               for one in lines)  # fmt: skip
    assert {"ann", "bob"}.isdisjoint(str(why(matured, "member", campaign=RIDES)).split())
