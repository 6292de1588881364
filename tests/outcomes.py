"""What stories of a campaign come to, gathered over many of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from viralcommerce import Accepted, Campaign, Refused, Shop
from viralcommerce.kinds import KINDS
from viralcommerce.messages import Command
from viralcommerce.testing import FakeMembers, people, stories
from viralcommerce.testing.strategies import PEOPLE

many = settings(
    max_examples=400,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def seen(
    campaign: Campaign,
    kinds: Mapping[str, type] = KINDS,
    fields: Mapping[str, SearchStrategy[Any]] | None = None,
    who: Sequence[str] = PEOPLE,
) -> tuple[set[str], set[type]]:
    """Every milestone that stories of a campaign reached, and every refusal they met."""
    milestones: set[str] = set()
    refusals: set[type] = set()

    @many
    @given(stories(campaign, fields=fields, people=who), people(campaign))
    def run(commands: tuple[Command, ...], known: dict[str, dict[str, object]]) -> None:
        members = FakeMembers(known)
        with Shop.open("memory:", campaign, members=members, kinds=kinds) as shop:
            for outcome in shop.handle_many(campaign, commands):
                if isinstance(outcome, Accepted):
                    for event in outcome.events:
                        reached = campaign.mechanic.reached(event)
                        milestones.update(str(one.milestone) for one in reached)
                elif isinstance(outcome, Refused):
                    refusals.add(type(outcome.refusal))

    run()
    return milestones, refusals
