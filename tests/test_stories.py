"""The stories that laws are tested on reach everything that can happen."""

from __future__ import annotations

from hypothesis import Phase, find, settings

from shops import shop_of
from stories import FACTS, stories
from viralcommerce import Accepted, Refused
from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command, snake

REFUSALS = {
    snake(kind.__name__) for game in (pack, collect) for kind in game.Refusals.__args__
} | {
    "not_yet_open",
    "window_closed",
    "not_eligible",
    "fact_missing",
    "limit_reached",
    "out_of_budget",
    "out_of_stock",
    "nothing_to_end",
}
TOO_MANY_TO_TELL = {"too_many_friends"}
WITHHELD = {
    "limit_reached",
    "not_eligible",
    "fact_missing",
    "out_of_budget",
    "out_of_stock",
    "rounds_to_nothing",
}
MILESTONES = {str(name) for game in (pack.CouponPack, collect.Collect) for name in game.milestones}
AWARDED = {"coupon", "credit", "points", "product", "instead", "clipped"}


def test_stories_reach_every_refusal_every_milestone_and_every_way_to_withhold() -> None:
    wanted = {f"no: {code}" for code in REFUSALS - TOO_MANY_TO_TELL}
    wanted |= {f"withheld: {code}" for code in WITHHELD}
    wanted |= {f"reached: {name}" for name in MILESTONES}
    wanted |= {f"gave: {what}" for what in AWARDED}
    seen: set[str] = set()

    def all_seen(story: tuple[Campaign, list[Command]]) -> bool:
        campaign, commands = story
        shop = shop_of(campaign, facts=FACTS)
        said = {
            grant.name: grant.give.price.minor
            for _, grant in campaign.every_grant()
            if grant.give.price is not None and not grant.give.asset
        }
        shop.handle_many(campaign, commands, at_once=4)
        for line in shop.store.journal(campaign.name):
            outcome = line.decision
            if isinstance(outcome, Accepted):
                seen.update(f"withheld: {kept.code}" for kept in outcome.withheld)
                for event in outcome.events:
                    reached = campaign.mechanic.reached(event)
                    seen.update(f"reached: {one.milestone}" for one in reached)
                for award in outcome.awards:
                    seen.add(f"gave: {award.reward}")
                    if award.grant.endswith("/instead"):
                        seen.add("gave: instead")
                    if award.amount < said.get(award.grant, 0):
                        seen.add("gave: clipped")
            else:
                assert isinstance(outcome, Refused)
                seen.add(f"no: {outcome.refusal.code}")
        return seen >= wanted

    try:
        find(
            stories(),
            all_seen,
            settings=settings(max_examples=3000, phases=[Phase.generate], database=None),
        )
    finally:
        assert not wanted - seen, f"never told: {sorted(wanted - seen)}"
