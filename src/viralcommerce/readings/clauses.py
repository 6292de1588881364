"""What the terms of a campaign must mention; the languages say it (`terms_en`, `terms_zh`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Protocol

from viralcommerce.campaign import Campaign
from viralcommerce.rules.condition_family import Condition, leaves
from viralcommerce.rules.fields import NEVER
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import FOREVER, REFUSE, Cap, Limit, Unlimited
from viralcommerce.rules.rewards import Reward
from viralcommerce.rules.wording import Wording, Words
from viralcommerce.values.zones import Zone


class Voice(Protocol):
    """One language: a method for each section of the terms, each giving its clauses."""

    headings: ClassVar[Mapping[str, str]]

    def title(self) -> str:
        """What the whole is called."""
        ...

    def game(self) -> tuple[str, ...]:
        """How the game goes."""
        ...

    def chances(self) -> tuple[str, ...]:
        """What chance decides; nothing where nothing is drawn."""
        ...

    def who(self) -> tuple[str, ...]:
        """Who can take part."""
        ...

    def when(self) -> tuple[str, ...]:
        """When, and by whose clock."""
        ...

    def rewards(self) -> tuple[str, ...]:
        """Who gets what: one clause for each line."""
        ...

    def caps(self) -> tuple[str, ...]:
        """How often something can be done; nothing where that is not bounded."""
        ...

    def budget(self) -> tuple[str, ...]:
        """What it may cost in all, and what then."""
        ...

    def details(self) -> tuple[str, ...]:
        """How amounts and spans are counted, and which version this is."""
        ...

    def at_most(self, bound: Limit | Cap) -> str:
        """A bound in words: how many, for whom, within what."""
        ...


def wording_of(campaign: Campaign) -> Wording:
    """What the roles of a campaign's game are called, and by whose clock times are told."""
    words = campaign.mechanic.words
    return Wording(
        roles_en={name: each.en for name, each in words.items()},
        roles_zh={name: each.zh for name, each in words.items()},
        zone=campaign.zone,
    )


def by_the_clock(campaign: Campaign, at: datetime) -> tuple[datetime, str]:
    """What the clock of a campaign's zone shows at a moment; and its time of day, written."""
    wall = Zone.of(campaign.zone).wall(at)
    spec = "auto" if wall.microsecond else "seconds" if wall.second else "minutes"
    return wall, wall.time().isoformat(spec)


def called(campaign: Campaign, name: str) -> Words:
    """What members read for a role, the scope or a milestone; its own name where nothing is."""
    return campaign.mechanic.words.get(name, Words(str(name), str(name)))


def carried_by(campaign: Campaign, milestone: str) -> Words:
    """What members read for the amount that a milestone carries."""
    return campaign.mechanic.carried.get(milestone, Words("the amount", "相应金额"))


def rewards_of(campaign: Campaign) -> Iterator[Reward]:
    """Every reward, substitutes included."""
    for _, grant in campaign.every_grant():
        yield grant.give
        if grant.instead is not None:
            yield grant.instead


def bounds_of(campaign: Campaign) -> Iterator[Limit | Cap]:
    """Every limit of a grant and every cap."""
    for _, grant in campaign.every_grant():
        yield from grant.limits
    yield from campaign.limits


def periods_of(campaign: Campaign) -> frozenset[str]:
    """The calendar periods that something is counted in."""
    return frozenset(bound.period for bound in bounds_of(campaign)) - {FOREVER}


def has_limits(campaign: Campaign) -> bool:
    """Whether a grant is bounded."""
    return any(grant.limits for _, grant in campaign.every_grant())


def rounds(campaign: Campaign) -> bool:
    """Whether a percentage is taken that may not come out even."""
    shares = (reward.share for reward in rewards_of(campaign))
    return any(share is not None and share.share.denominator > 1 for share in shares)


def lapses(campaign: Campaign) -> bool:
    """Whether a reward cannot be used for ever."""
    return any(reward.lasts != NEVER for reward in rewards_of(campaign))


def from_hold(campaign: Campaign, grant: Grant, reward: Reward) -> bool:
    """Whether a reward comes out of what its instance held from the beginning."""
    carries = campaign.mechanic.milestones[grant.on]
    return carries.drawn and campaign.mechanic.total() is not None and reward.share is not None


def short_of_stock(grant: Grant) -> bool:
    """Whether a grant's own stock can run out."""
    return not isinstance(grant.give.supply, Unlimited)


def short_of_budget(campaign: Campaign, grant: Grant) -> bool:
    """Whether the budget can fail to cover a grant."""
    if isinstance(campaign.budget, Unlimited) or from_hold(campaign, grant, grant.give):
        return False
    return grant.give.share is not None or bool(grant.give.price)


def is_refused_when_short(campaign: Campaign, grant: Grant) -> bool:
    """Whether the action that would earn a grant is refused when it is short."""
    return grant.if_short == REFUSE and not campaign.mechanic.milestones[grant.on].clock


def asks_facts(condition: Condition | None) -> bool:
    """Whether a condition asks the shop for something that it may not know."""
    return condition is not None and any(leaf.asks("member") for leaf in leaves(condition))


def names_roles(condition: Condition) -> bool:
    """Whether a condition asks about somebody else than the one who acts."""
    return any(leaf.names() for leaf in leaves(condition))
