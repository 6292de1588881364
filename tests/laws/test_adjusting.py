"""The laws of adjusting, by their names: one test a law."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from inviting import gifts
from viralcommerce import CNY, Campaign, days
from viralcommerce.adjusting import AGAIN, BACK, Standing, adjustments, rows
from viralcommerce.decider import Adjusted
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted, Adjustment, Award, AwardReversed, Command, Event
from viralcommerce.program import Program
from viralcommerce.values.money import Money
from viralcommerce.values.percent import Percent
from viralcommerce.values.rounding import divide

PROGRAM = Program(
    Campaign(
        "rides",
        invite.Invite(matures_after=days(15), levels=2),
        grants=gifts(2, 20),
        budget=CNY(1_000_000),
    )
)
AMOUNTS = st.integers(1, 20_000)
ROWS = {"l1": 0, "l2": 1, "thanks": 2}
NETS = st.lists(st.integers(0, 20_000), max_size=6)


def owed(gross: int, rate: str) -> int:
    """What a rate gives of an amount."""
    part, whole = Percent.parse(rate).share.as_integer_ratio()
    return divide(gross * part, whole, PROGRAM.rounding)


def given_for(gross: int, clipped: int) -> Standing:
    """What an order earned: two levels, a fixed gift, and one that the budget clipped."""
    standing = Standing()
    base = CNY.minor(gross)
    awards = [
        made("l1", "upline(1)", owed(gross, "5%"), base, "5%"),
        made("l2", "upline(2)", min(owed(gross, "1%"), clipped), base, "1%"),
        made("thanks", "inviter", 1_000, None, ""),
    ]
    standing.note(accepted(awards=tuple(one for one in awards if one.amount)))
    return standing


def made(grant: str, role: str, fen: int, base: Money | None, rate: str) -> Award:
    """An award of credit."""
    return Award(
        id=f"rides/order/o1/2/{ROWS[grant]}",
        grant=grant,
        to=role,
        role=role,
        reward="credit",
        asset="CNY",
        amount=fen,
        cost=Money(fen, "CNY"),
        base=base,
        rate=rate,
    )


def accepted(
    awards: tuple[Award, ...] = (),
    found: tuple[Adjustment, ...] = (),
    events: tuple[Event, ...] = (),
) -> Accepted[Command, Event]:
    """A decision that gave, or corrected."""
    return Accepted(
        campaign="rides",
        rules="",
        instance="order/o1",
        version=1,
        command=invite.Refund(order="o1", refund="r", by="desk", amount=CNY(1)),
        events=events,
        awards=awards,
        adjustments=found,
    )


def follow(standing: Standing, nets: Sequence[int], gross: int) -> list[int]:
    """Correct an order's awards for each net in turn; what they came to after each."""
    sums: list[int] = []
    for net in nets:
        left = CNY.minor(min(net, gross)) if net else None
        first = left if net > gross // 2 else None
        changes = [Adjusted(invite.ORDERED, left), Adjusted(invite.FIRST_ORDER, first)]
        found = adjustments(PROGRAM, standing, changes)
        moved, _ = rows(PROGRAM, "p/", 0, found, standing)
        before = sum(standing.stands.values())
        standing.note(accepted(found=found))
        change = sum(one.amount if one.way == AGAIN else -one.amount for one in found)
        assert sum(standing.stands.values()) == before + change
        assert all(row.amount >= 1 and row.reverses in standing.awards for row in moved)
        sums.append(sum(standing.stands.values()))
    return sums


@settings(max_examples=150)
@given(AMOUNTS, NETS.filter(bool), st.integers(0, 300))
def test_to_the_unit(gross: int, nets: list[int], clipped: int) -> None:
    """EC-32, EC-95, EC-105: f(net now) - f(net before), so that no fen is left over."""
    standing = given_for(gross, clipped)
    follow(standing, nets, gross)
    net = min(nets[-1], gross)
    for ident, award in standing.awards.items():
        full = owed(net, award.rate) if award.rate else award.amount * (nets[-1] > gross // 2)
        assert standing.stands[ident] == min(full, award.amount)


@settings(max_examples=150)
@given(AMOUNTS, NETS, st.integers(0, 300))
def test_never_more(gross: int, nets: list[int], clipped: int) -> None:
    """EC-94, EC-97: every payee of an order, and a dispute that is won, up to what was given."""
    standing = given_for(gross, clipped)
    for length in range(len(nets) + 1):
        again = given_for(gross, clipped)
        follow(again, nets[:length], gross)
        assert all(0 <= again.stands[one] <= standing.awards[one].amount for one in again.stands)


@settings(max_examples=60)
@given(AMOUNTS, st.lists(st.integers(0, 20_000), max_size=4), st.integers(0, 20_000))
def test_any_way_there(gross: int, nets: list[int], last: int) -> None:
    """EC-105: whatever came between, the last net alone says where the awards stand."""
    ends = set()
    for way in itertools.permutations(nets):
        standing = given_for(gross, 300)
        follow(standing, (*way, last), gross)
        ends.add(tuple(standing.stands.items()))
    assert len(ends) == 1


@settings(max_examples=150)
@given(AMOUNTS, NETS, NETS, st.sets(st.sampled_from(sorted(ROWS)), min_size=1))
def test_reversed_for_good(gross: int, nets: list[int], later: list[int], whom: set[str]) -> None:
    """Refunds and disputes won, before and after: what was reversed stays as it was left."""
    standing = given_for(gross, 300)
    follow(standing, nets, gross)
    gone = [one for one in standing.awards.values() if one.grant in whom]
    for award in gone:
        back = reversal_of(award, standing.stands[award.id])
        standing.note(accepted(found=back[1], events=back[0]))
    for length in range(1, len(later) + 1):
        follow(standing, later[length - 1 : length], gross)
        assert all(standing.stands[award.id] == 0 for award in gone)
    untouched = given_for(gross, 300)
    follow(untouched, (*nets, *later), gross)
    for award in standing.awards.values():
        if award.grant not in whom:
            assert standing.stands[award.id] == untouched.stands[award.id]


def reversal_of(award: Award, stands: int) -> tuple[tuple[AwardReversed], tuple[Adjustment, ...]]:
    """What takes all of an award back that is left, for good."""
    event = AwardReversed(
        at=datetime(2026, 11, 11, tzinfo=UTC),
        version=2,
        row=ROWS[award.grant],
        grant=award.grant,
        to=award.to,
        role=award.role,
        reward=award.reward,
        asset=award.asset,
        amount=stands,
        cost=None,
        why="closed",
    )
    if not stands:
        return (event,), ()
    back = Adjustment(award=award.id, to=award.to, asset="CNY", amount=stands, way=BACK)
    return (event,), (back,)
