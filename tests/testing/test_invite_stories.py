"""Stories of inviting reach every milestone and every refusal; the books add up after each."""

from __future__ import annotations

import typing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcomes import seen
from viralcommerce import CNY, Campaign, Cash, Credit, Grant, Shop, days, percent
from viralcommerce.mechanics import invite
from viralcommerce.mechanics.invite.messages import JoinRefusals, OrderRefusals
from viralcommerce.messages import Command
from viralcommerce.refusals import Circular
from viralcommerce.runtime.audit import audit
from viralcommerce.testing import stories
from viralcommerce.values.money import Money

FRIENDS = Campaign(
    "friends",
    invite.Invite(
        matures_after=days(1),
        levels=2,
        code_uses=2,
        binds_for=days(2),
        rebinds="until_order",
        guesses=3,
        payouts=invite.Payouts(at_least=CNY(1), owing="block"),
    ),
    grants=(
        Grant(Cash(CNY(5)), to=invite.INVITEE, on=invite.JOINED, name="welcome"),
        Grant(Cash(percent(50)), to=invite.upline(1), on=invite.ORDERED, name="one"),
        Grant(Credit(percent(1)), to=invite.upline(2), on=invite.ORDERED, name="two"),
    ),
    budget=CNY(100_000),
)
FEW = ("one", "two")
FIELDS: dict[str, st.SearchStrategy[typing.Any]] = {
    "vanity": st.sampled_from(("", "ann-tea", "bobs-tea", "abc")),
    "code": st.sampled_from(("", "ANNTEA", "bobs tea", "nobodys")),
    "order": st.sampled_from(FEW),
    "refund": st.sampled_from(FEW),
    "case": st.sampled_from(FEW),
    "batch": st.sampled_from(FEW),
    "amount": st.sampled_from([Money(minor, "CNY") for minor in (1, 99, 400, 401, 60_000)]),
}


@pytest.mark.slow
def test_every_milestone_and_every_refusal_of_inviting_is_reached() -> None:
    """But for payouts, of which only a shop knows, and other wishes that can be no codes.

    Circles are rare among many people, and frequent among two.
    """
    milestones, refusals = seen(FRIENDS, fields=FIELDS)
    refusals |= seen(FRIENDS, fields=FIELDS, who=("ann", "bob"))[1]
    possible = FRIENDS.mechanic.milestones.keys() - FRIENDS.mechanic.unreachable().keys()
    assert milestones == {str(name) for name in possible}
    own = {Circular, *typing.get_args(JoinRefusals | OrderRefusals)}
    own -= {invite.CodeTooLong, invite.CodeNotPlain, invite.CodeScreened}
    assert own <= refusals, f"never met: {own - refusals}"


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(stories(FRIENDS, fields=FIELDS), st.sampled_from((1, 7, 100)))
def test_after_any_story_the_books_add_up(commands: tuple[Command, ...], at_once: int) -> None:
    with Shop.open("memory:", FRIENDS) as shop:
        shop.handle_many(FRIENDS, commands, at_once=at_once)
        report = audit(shop.store)
        assert report.is_clean, report.problems
