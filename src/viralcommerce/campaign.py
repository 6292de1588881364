"""Campaign: one frozen value that says everything about a game a shop plays.

Laws:
    Can pay: every grant names a milestone of the mechanic and a role of that milestone, every
        amount is in the budget's currency, and the budget covers one of each.
    One hash: two campaigns are equal exactly when their hashes are.
    Unchanged: nothing changes a campaign; `replace` makes another.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from viralcommerce.decider import AnyMechanic
from viralcommerce.errors import InvalidRule
from viralcommerce.rules.base import OneOf, Rule, dump, rule
from viralcommerce.rules.condition_family import leaves
from viralcommerce.rules.conditions import Condition
from viralcommerce.rules.fields import Name, WindowField, ZoneField
from viralcommerce.rules.grants import Grant, Line
from viralcommerce.rules.limits import CAMPAIGN, MEMBER, PAIR, REFUSE, BudgetField, Cap
from viralcommerce.rules.needs import roles_of, velocities
from viralcommerce.rules.rewards import Entry, Reward
from viralcommerce.values.money import Money
from viralcommerce.values.rounding import Rounding
from viralcommerce.values.windows import ALWAYS

QUOTAS = frozenset(("budget", "cap", "velocity"))
"""What the store calls the quotas that belong to no grant."""


def _lines(value: object) -> object:
    return (value,) if isinstance(value, Line) else value


if TYPE_CHECKING:
    Lines = Line | tuple[Line, ...]
else:  # one is made a tuple of one
    Lines = Annotated[tuple[Annotated[Line, OneOf()], ...], BeforeValidator(_lines)]


@rule("campaign")
class Campaign(Rule):
    """A mechanic, what it grants, to whom it is open, when, and what it may cost.

    Args:
        name: stable; quotas, keys, ledger and reports use it.
        mechanic: the game's rules.
        grants: the lines of the terms, in the order in which they compete for the budget.
        given: about the one who acts, unmet refuses what the game would allow.
        budget: all that it may cost, or `UNLIMITED`, said and never silent.
        window: when members may act, half-open ``[opens, closes)``.
        limits: caps on how often a milestone is reached; beyond one the command is refused.
        zone: whose midnight ends a day, an IANA name.
        rounding: of a percentage of an amount.

    Raises:
        InvalidRule: for anything that cannot be; says where, what and the choices.
    """

    name: Name
    mechanic: Annotated[AnyMechanic, OneOf()]
    grants: Lines = Field(kw_only=True)
    budget: BudgetField = Field(kw_only=True)
    given: Annotated[Condition, OneOf()] | None = Field(default=None, kw_only=True)
    window: WindowField = Field(default=ALWAYS, kw_only=True)
    limits: tuple[Annotated[Cap, OneOf()], ...] = Field(default=(), kw_only=True)
    zone: ZoneField = Field(default="UTC", kw_only=True)
    rounding: Rounding = Field(default=Rounding.DOWN, kw_only=True)

    def __post_init__(self) -> None:
        problems = [f"{self.name}: {problem}" for problem in _problems(self)]
        if problems:
            raise InvalidRule("; ".join(problems), where=self.name, problems=tuple(problems))
        object.__setattr__(self, "_hash", content_hash(self))

    @property
    def hash(self) -> str:
        """The content hash, 32 hexadecimal digits: equal campaigns, equal hashes."""
        digest: str = self.__dict__["_hash"]
        return digest

    @property
    def currency(self) -> str:
        """The one currency of its money, or "" where none is involved."""
        amounts = itertools.chain(_moneys(self), _thresholds(self))
        return next((money.currency for _, money in amounts), "")

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the terms, in declared order."""
        assert isinstance(self.grants, tuple)  # a single one was made one when it came in
        return self.grants

    def replace(self, **changes: Any) -> Campaign:
        """A changed copy, validated and hashed anew: the only way to a different campaign."""
        return dataclasses.replace(self, **changes)

    def every_grant(self) -> Iterator[tuple[str, Grant]]:
        """Each grant with its place, those inside a `BestOf` included."""
        for index, line in enumerate(self.lines):
            if isinstance(line, Grant):
                yield f"grants[{index}]", line
            else:
                for inner, grant in enumerate(line.options):
                    yield f"grants[{index}].grants[{inner}]", grant

    @property
    def entries(self) -> frozenset[str]:
        """The campaigns that it gives entries into, by name."""
        gives = (reward for _, reward in self.every_reward())
        return frozenset(one.campaign for one in gives if isinstance(one, Entry))

    def every_reward(self) -> Iterator[tuple[str, Reward]]:
        """Each reward with its place, those given instead included."""
        for place, grant in self.every_grant():
            yield f"{place}.give", grant.give
            if grant.instead is not None:
                yield f"{place}.instead", grant.instead


def content_hash(campaign: Campaign) -> str:
    """SHA-256 of the canonical JSON (sorted keys, no blanks, UTF-8), its first 128 bits in hex."""
    text = json.dumps(dump(campaign), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return json_hash(text.encode())


def json_hash(text: bytes) -> str:
    """The content hash of a campaign whose canonical JSON is at hand."""
    return hashlib.sha256(text).hexdigest()[:32]


def _problems(campaign: Campaign) -> Iterator[str]:
    if not campaign.lines:
        yield "grants: there are none, so nobody can gain; give at least one"
    yield from _names_taken_twice(campaign)
    for place, grant in campaign.every_grant():
        yield from _grant_problems(campaign, place, grant)
    yield from _cap_problems(campaign)
    yield from _condition_problems(campaign)
    yield from _currency_problems(campaign)
    yield from _promise_problems(campaign)
    yield from _budget_problems(campaign)


def _choices(names: Iterable[str]) -> str:
    return "choose from: " + ", ".join(sorted(names))


def _names_taken_twice(campaign: Campaign) -> Iterator[str]:
    seen: dict[str, str] = {}
    for place, grant in campaign.every_grant():
        if grant.name in seen:
            yield (
                f"{place}.name: {grant.name!r} is also the name of {seen[grant.name]}; "
                "give each a name of its own"
            )
        if grant.name in QUOTAS:
            yield f"{place}.name: {grant.name!r} is the name of a quota; give it another"
        seen[grant.name] = place


def _grant_problems(campaign: Campaign, place: str, grant: Grant) -> Iterator[str]:
    mechanic = campaign.mechanic
    carries = mechanic.milestones.get(grant.on)
    if carries is None:
        yield (
            f"{place}.on: {str(grant.on)!r} is no milestone of {mechanic.kind}; "
            + _choices(mechanic.milestones)
        )
        return
    impossible = mechanic.unreachable().get(grant.on)
    if impossible:
        yield f"{place}.on: {str(grant.on)!r} can never be reached: {impossible}"
    if grant.to not in carries.roles:
        yield (
            f"{place}.to: {str(grant.to)!r} takes no part in {str(grant.on)!r}; "
            + _choices(carries.roles)
        )
    nobody = mechanic.absent().get(grant.to)
    if nobody:
        yield f"{place}.to: nobody is ever {str(grant.to)!r}: {nobody}"
    for reward in (grant.give, grant.instead):
        if reward is not None and reward.share is not None and not carries.amount:
            yield (
                f"{place}.give: {reward.share} of what? {str(grant.on)!r} carries no amount; "
                "give an amount of money"
            )
    for limit in grant.limits:
        if limit.subject not in (MEMBER, PAIR, CAMPAIGN, mechanic.scope):
            yield (
                f"{place}.at_most: cannot count per {limit.subject!r}; "
                + _choices((MEMBER, PAIR, CAMPAIGN, mechanic.scope))
            )
        if limit.subject == PAIR and len(carries.roles) < 2:
            yield f"{place}.at_most: {str(grant.on)!r} has one role only, so there are no pairs"
    if grant.given is not None:
        strangers = roles_of(grant.given) - set(carries.roles)
        if strangers:
            yield (
                f"{place}.given: {', '.join(sorted(strangers))} takes no part in "
                f"{str(grant.on)!r}; " + _choices(carries.roles)
            )
        if velocities(grant.given):
            yield (
                f"{place}.given: a velocity is of the command, not of who gains; "
                "put it in the campaign's given"
            )


def _cap_problems(campaign: Campaign) -> Iterator[str]:
    mechanic = campaign.mechanic
    names = [cap.name for cap in campaign.limits]
    for index, cap in enumerate(campaign.limits):
        carries = mechanic.milestones.get(cap.on)
        if carries is None:
            yield f"limits[{index}].on: {str(cap.on)!r} is no milestone; " + _choices(
                mechanic.milestones
            )
        elif carries.clock:
            yield (
                f"limits[{index}].on: {str(cap.on)!r} is reached by the clock, which nobody can "
                "refuse; bound what it gives, with at_most in the grant"
            )
        elif cap.of not in carries.roles:
            yield (
                f"limits[{index}].of: {str(cap.of)!r} takes no part in {str(cap.on)!r}; "
                + _choices(carries.roles)
            )
        if cap.subject not in (MEMBER, PAIR, CAMPAIGN, mechanic.scope):
            yield f"limits[{index}].per: cannot count per {cap.subject!r}; " + _choices(
                (MEMBER, PAIR, CAMPAIGN, mechanic.scope)
            )
        if names.index(cap.name) != index:
            yield f"limits[{index}].name: {cap.name!r} is taken; give each cap a name of its own"


def _condition_problems(campaign: Campaign) -> Iterator[str]:
    if campaign.given is None:
        return
    counted = [(one.key, one.within) for one in velocities(campaign.given)]
    if len(set(counted)) < len(counted):
        yield "given: two velocities count the same thing in the same span; keep the smaller"
    known = {role for roles in campaign.mechanic.casts.values() for role in roles}
    strangers = roles_of(campaign.given) - known
    if strangers:
        yield (
            f"given: {', '.join(sorted(strangers))} takes no part in {campaign.mechanic.kind}; "
            + _choices(known)
        )


def _moneys(campaign: Campaign) -> Iterator[tuple[str, Money]]:
    if isinstance(campaign.budget, Money):
        yield "budget", campaign.budget
    total = campaign.mechanic.total()
    if total is not None:
        yield "mechanic", total
    for place, reward in campaign.every_reward():
        if reward.price is not None:
            yield place, reward.price


def _thresholds(campaign: Campaign) -> Iterator[tuple[str, Money]]:
    """Amounts that are said and cost nothing: they have the campaign's currency too."""
    for name, money in campaign.mechanic.amounts().items():
        yield f"mechanic.{name}", money
    yield from _compared("given", campaign.given)
    for place, grant in campaign.every_grant():
        for field, reward in (("give", grant.give), ("instead", grant.instead)):
            if reward is not None and reward.threshold is not None:
                yield f"{place}.{field}", reward.threshold
        yield from _compared(f"{place}.given", grant.given)


def _compared(place: str, condition: Condition | None) -> Iterator[tuple[str, Money]]:
    for leaf in () if condition is None else leaves(condition):
        if leaf.amount is not None:
            yield f"{place}: {leaf.kind}", leaf.amount


def _currency_problems(campaign: Campaign) -> Iterator[str]:
    moneys = [*_moneys(campaign), *_thresholds(campaign)]
    for place, money in moneys[1:]:
        if money.currency != moneys[0][1].currency:
            yield (
                f"{place}: {money} beside {moneys[0][0]} of {moneys[0][1]}; "
                "a campaign has one currency"
            )
    carried = [
        name
        for name, carries in campaign.mechanic.milestones.items()
        if carries.amount and not carries.drawn
    ]
    if carried and not moneys:
        yield (
            f"budget: {carried[0]!r} carries an amount, and nothing says of which currency; give "
            "the budget, or another amount of the rules, as money"
        )


def _promise_problems(campaign: Campaign) -> Iterator[str]:
    for name, carries in campaign.mechanic.milestones.items():
        if not carries.drawn or campaign.mechanic.total() is None:
            continue
        shares = [
            max((_share_on(grant, name) for grant in line.options), default=Fraction(0))
            for line in campaign.lines
        ]
        if sum(shares) > 1:
            percents = " + ".join(f"{float(share):.2%}" for share in shares if share)
            yield (
                f"grants: {percents} of the amount of {str(name)!r} is more than what was "
                "promised for it; the shares add up to at most 100%"
            )
        elif sum(shares) == 0:
            yield (
                f"grants: none gives a share of the amount of {str(name)!r}, so what an instance "
                "holds can never be paid; give a percentage of it, such as WHOLE"
            )


def _share_on(grant: Grant, milestone: str) -> Fraction:
    rewards = (grant.give, grant.instead) if grant.on == milestone else ()
    shares = [reward.share for reward in rewards if reward is not None]
    return max((share.share for share in shares if share is not None), default=Fraction(0))


def _budget_problems(campaign: Campaign) -> Iterator[str]:
    budget = campaign.budget
    if not isinstance(budget, Money):
        return
    if budget.minor == 0:
        yield "budget: nothing can ever be paid from nothing; give an amount, or UNLIMITED"
    for place, money in _moneys(campaign):
        if money.currency == budget.currency and money.minor > budget.minor and place != "budget":
            noun = "one instance" if place == "mechanic" else "one award"
            yield f"{place}: {noun} costs {money}, the whole budget is {budget}; it can never pay"
    for name, carries in campaign.mechanic.milestones.items():
        total = campaign.mechanic.total()
        held = total.minor if total is not None and carries.drawn else 0
        owed = sum(_owed_at_once(campaign, name))
        if max(held, owed) <= budget.minor < held + owed:
            yield (
                f"grants: what is owed at once for {str(name)!r} comes to "
                f"{Money(held + owed, budget.currency)}"
                + (", with what an instance holds" if held else "")
                + f"; the whole budget is {budget}, so every such command would be refused; give "
                "more, or if_short='drop'"
            )


def _owed_at_once(campaign: Campaign, milestone: str) -> Iterator[int]:
    """What the lines cost that refuse a command, whoever acts, when they are short."""
    for line in campaign.lines:
        if isinstance(line, Grant) and line.on == milestone and line.given is None:
            price = line.give.price
            if line.if_short == REFUSE and price is not None:
                yield price.minor
