"""The laws of runtime/rewriting, by their names: one test a law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from inviting import gifts
from laws.test_invite import games
from laws.test_invite import stories as invitations
from shops import NOON, PEOPLE, assert_clean, everything, shop_of
from stories import FACTS, stories
from viralcommerce import UNLIMITED
from viralcommerce.campaign import Campaign
from viralcommerce.codec import Codec
from viralcommerce.kinds import KINDS
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted, Command
from viralcommerce.runtime.erasure import Erasure
from viralcommerce.runtime.message_fields import fields_of, kind_of
from viralcommerce.runtime.programs import Programs
from viralcommerce.runtime.rewriting import Rewriting
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import ScriptedEntropy
from viralcommerce.values.ids import MEMBER_FIELD

MEMBERS = st.sampled_from(["ann", "bob", "carl"])
LATER = "quentin"
"""What somebody is called once they are forgotten: a name that commands may have, too."""


@st.composite
def days_of_inviting(draw: st.DrawFn) -> tuple[Campaign, list[Command]]:
    """Codes, links, orders and refunds."""
    game: invite.Invite = draw(games)
    campaign = Campaign("rides", game, grants=gifts(game.levels, 20), budget=UNLIMITED)
    told = draw(invitations)
    return campaign, [structs.replace(one, key=f"k{at}") for at, one in enumerate(told)]


everyday = st.one_of(stories(), stories(), days_of_inviting())


def called(command: Any, who: str, otherwise: str = LATER) -> Any:
    """A command in which somebody is called otherwise."""
    news = {
        field: otherwise
        for field, hint in fields_of(type(command))
        if kind_of(hint) == MEMBER_FIELD and getattr(command, field) == who
    }
    return structs.replace(command, **news)


def told_in(campaign: Campaign, commands: Sequence[Command], facts: Any) -> MemoryStore:
    """A store in which that has happened."""
    store = MemoryStore()
    shop = shop_of(campaign, store=store, facts=facts, entropy=ScriptedEntropy())
    shop.handle_many(campaign, commands, at_once=3)
    return store


def erasing(who: str) -> Erasure:
    return Erasure(member=who, pseudonym=LATER, salt="so", at=NOON, kinds=KINDS)


@settings(max_examples=200)
@given(everyday, MEMBERS, st.sampled_from(["", "", "10086", "1"]))
def test_as_if(story: tuple[Campaign, list[Command]], who: str, number: str) -> None:
    """RQ-16: the tables are those of a shop in which they never were called otherwise."""
    campaign, commands = story
    facts: dict[str, Any] = dict(FACTS)
    if number:  # a member whose id is a number like many others
        commands = [called(one, who, number) for one in commands]
        facts[number], who = facts.pop(who), number
    store = told_in(campaign, commands, facts)
    store.forget(erasing(who))
    facts[LATER] = facts.pop(who)
    other = told_in(campaign, [called(one, who) for one in commands], facts)
    people = (*PEOPLE, LATER)
    assert everything(store, people) == everything(other, people)
    assert_clean(store)


@settings(max_examples=100)
@given(everyday, MEMBERS)
def test_decided_the_same(story: tuple[Campaign, list[Command]], who: str) -> None:
    """What a replay decides of a command rewritten are the events rewritten."""
    campaign, commands = story
    store = told_in(campaign, commands, FACTS)
    mechanic = Programs((campaign,), Codec(), store.rules, asks_nobody=False)
    program = mechanic.named(campaign)
    rewriting = Rewriting(erasing(who), {})
    states: dict[str, Any] = {}
    for line in store.journal(campaign.name):
        decision: Any = rewriting.decision(line.decision)
        if isinstance(decision, Accepted):
            game = program.mechanic
            state = states.get(decision.instance, game.initial())
            assert game.decide(decision.command, state) == decision.events
            for event in decision.events:
                where = game.where(event) or decision.instance
                states[where] = game.evolve(states.get(where, game.initial()), event)
