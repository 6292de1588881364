"""The laws of runtime/reversing.py, by their names: one test a law."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shops import NOON, MembersOverTime, assert_clean, shop_of
from stories import FACTS, stories
from viralcommerce import Accepted, Award, Campaign, Refused, Shop
from viralcommerce.messages import Command
from viralcommerce.runtime.life import ALIVE
from viralcommerce.runtime.request import Request
from viralcommerce.runtime.reversing import named, reversal

LONG_AFTER = NOON + timedelta(days=9_000)
Story = tuple[Campaign, list[Command]]


def played(story: Story) -> tuple[Shop, list[Award]]:
    """A shop in which a story has happened, and what was given in it."""
    campaign, commands = story
    shop = shop_of(campaign, members=MembersOverTime(FACTS))
    shop.handle_many(campaign, commands)
    given = [
        row.transfer.award
        for row in shop.store.postings(campaign.name)
        if row.transfer.award is not None
    ]
    return shop, given


def reverse(shop: Shop, campaign: Campaign, award: Award) -> Any:
    """The outcome of taking an award back."""
    program = shop._programs.named(campaign)
    which = named(campaign.name, award.id)
    command = reversal(which, LONG_AFTER, "refunded")
    return shop._driver.all((Request(program, command, which.instance, ALIVE),))[0]


@settings(max_examples=60)
@given(stories(), st.data())
def test_once(story: Story, data: st.DataObject) -> None:
    """Again under its key it is answered alike; when the key is gone, there is nothing left."""
    campaign, _ = story
    shop, given = played(story)
    if not given:
        return
    award = data.draw(st.sampled_from(given))
    first = reverse(shop, campaign, award)
    assert isinstance(first, Accepted)
    rows = list(shop.store.postings(campaign.name))
    assert reverse(shop, campaign, award) == first
    shop.store.prune_keys(first.command.at + timedelta(days=1))
    again = reverse(shop, campaign, award)
    assert isinstance(again, Refused)
    assert again.refusal.code == "nothing_to_end"
    assert list(shop.store.postings(campaign.name)) == rows
    assert_clean(shop.store)


@settings(max_examples=60)
@given(stories(), st.data())
def test_as_if_never(story: Story, data: st.DataObject) -> None:
    """All that was given taken back, in any order: no grant counts, and nobody has anything."""
    campaign, _ = story
    shop, given = played(story)
    for award in data.draw(st.permutations(given)):
        assert isinstance(reverse(shop, campaign, award), Accepted)
    shop.tick(LONG_AFTER)
    assert_clean(shop.store)
    rows = [posting.transfer for posting in shop.store.postings(campaign.name)]
    assert {row.award.id for row in rows if row.award is not None} >= {one.id for one in given}
    if sum(row.award is not None for row in rows) > len(given):
        return  # the clock has given more, when time was over
    used = {
        key: count
        for key, count in shop.store.quotas(campaign.name)
        if not key[1].startswith(("velocity/", "cap/"))
    }
    assert used == {}
    accounts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        accounts[row.target, row.asset] += row.amount
        accounts[row.source, row.asset] -= row.amount
    assert set(accounts.values()) <= {0}
