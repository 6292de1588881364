"""A campaign compiled once for the hot path: flat tuples, functions and tables by milestone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, structs

from viralcommerce.campaign import Campaign
from viralcommerce.decider import BUDGET, Reached
from viralcommerce.messages import Command, ReverseAward
from viralcommerce.rules.compiled import Check, compile_condition
from viralcommerce.rules.fields import NEVER
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import (
    CAMPAIGN,
    FOREVER,
    MEMBER,
    PAIR,
    SUBSTITUTE,
    UNLIMITED,
    Cap,
    Limit,
    Policy,
    Unlimited,
    quota_name,
)
from viralcommerce.rules.needs import needs, prune, velocities
from viralcommerce.rules.rewards import Reward
from viralcommerce.values.money import Money
from viralcommerce.values.spans import Period, period_label
from viralcommerce.values.windows import ALWAYS

QuotaKey = tuple[str, str, str, str]
"""(campaign, grant or quota, scope, period): never the hash; the store has `used`, we the cap."""

BALANCE: Final = "balance"
MINT: Final = "mint"
COST: Final = "cost"
STOCK: Final = "stock"
NONE: Final[frozenset[type[Command]]] = frozenset()


class Counter(Struct, frozen=True):
    """A limit, a cap or a velocity, ready to count.

    Args:
        name: of the quota.
        subject: who is counted: member, pair, campaign, or the mechanic's scope.
        period: the calendar period counted within, if any.
        span: the fixed window counted within, in seconds; 0 is none.
        at_most: the bound, inclusive.
        of: the role counted, for caps; grants count their recipient.
        fact: for a velocity, the fact whose value is counted; "" is the member.
    """

    name: str
    subject: str
    period: Period | None
    span: int
    at_most: int
    of: str = ""
    fact: str = ""

    def key(
        self, program: Program, cast: Mapping[str, str], who: str, instance: str, at: datetime
    ) -> QuotaKey:
        """The quota this counts on, for the member `who` of a cast."""
        subject = self.subject
        if subject == MEMBER:
            scope = f"member/{who}"
        elif subject == CAMPAIGN:
            scope = ""
        elif subject == PAIR:
            other = next((member for member in cast.values() if member != who), "")
            scope = f"pair/{who}\t{other}" if other else f"pair/{who}"
        else:
            scope = f"{subject}/{instance}"
        return (program.name, self.name, scope, self.within(at, program.zone))

    def within(self, at: datetime, zone: str) -> str:
        """The label of the period that `at` falls in."""
        if self.period is not None:
            return period_label(at, self.period, zone)
        return str(int(at.timestamp()) // self.span) if self.span else ""


class Option(Struct, frozen=True):
    """A grant, ready to be priced.

    Args:
        name: of the grant; a substitute's ends in ``/instead``.
        share: of the carried amount, as numerator and denominator; nothing where the amount is
            said.
        cost: what one costs the budget, where that does not depend on what is carried.
        asset: what is owned; "" is money.
        units: how much of the asset one award is, where that is said.
        is_plain: whether nothing decides about it and nothing limits it: so much, each time.
        source: the account it comes from, unless from a hold.
        stock: how many there are, if that is bounded, counted under `stock_key`.
    """

    name: str
    to: str
    kind: str
    share: tuple[int, int] | None
    rate: str
    cost: Money | None
    asset: str
    units: int
    is_plain: bool
    source: str
    stock: int | None
    stock_key: QuotaKey
    check: Check | None
    limits: tuple[Counter, ...]
    lasts: timedelta | None
    terms: dict[str, str]
    if_short: Policy
    instead: Option | None


class Program:
    """A compiled campaign. Compile once and share: it is never changed.

    Args:
        campaign: the value to compile.
        space: what the store's name of it begins with; "" unless it is decided in shadow.
        digest: the hash it is pinned by, where that was made by an older version of the library.
    """

    def __init__(self, campaign: Campaign, *, space: str = "", digest: str = "") -> None:
        mechanic = campaign.mechanic
        self.campaign = campaign
        self.mechanic = mechanic
        self.name = space + campaign.name
        self.shadow = bool(space)
        """Whether what it decides must not be mistaken for awards."""
        self.hash = digest or campaign.hash
        self.zone = campaign.zone
        self.currency = campaign.currency
        self.window = campaign.window
        self.rounding = campaign.rounding
        budget = campaign.budget
        self.budget = None if isinstance(budget, Unlimited) else budget.minor
        self.budget_key: QuotaKey = (self.name, f"{BUDGET}/{self.currency}", "", "")
        """Amounts of two currencies are never counted together."""
        self.pays = mechanic.pays if self.currency else frozenset()
        """The kinds of reward that add up to a balance."""
        self.debt = mechanic.most_owed
        """How far below nothing taking back can bring a balance; nothing where there is no end."""
        self.drawn = frozenset(n for n, carries in mechanic.milestones.items() if carries.drawn)
        self.actors = {
            name: str(carries.roles[0]) for name, carries in mechanic.milestones.items()
        }
        self.promises = mechanic.total() is not None
        self.lines = self._lines()
        self.options = dict(self._options())
        """Each option by its name, substitutes included, with the milestone it is for."""
        each_line = [line for lines in self.lines.values() for line in lines]
        self.swerves = any(
            len(line) > 1 or any(option.instead is not None for option in line)
            for line in each_line
        )
        """Whether a limit that is reached leads to another grant, with limits of its own."""
        self.caps = self._caps()
        self.priced = frozenset((*self.lines, *self.caps, *self.drawn))
        """The milestones that give, count or draw anything."""
        self.velocities = tuple(self._velocities())
        self.guards: dict[type[Command], Check | None] = {}
        self.asked: dict[type[Command], frozenset[str]] = {ReverseAward: frozenset()}
        for kind, roles in mechanic.casts.items():
            self._compile_guard(kind, roles)
        self.guarded = (
            frozenset(
                kind
                for kind, guard in self.guards.items()
                if guard is not None
                or self.asked[kind]
                or (self.velocities and mechanic.casts[kind])
            )
            - mechanic.settling
        )
        """The commands that conditions, facts or velocities have a say in."""
        self.ends = campaign.window != ALWAYS
        """Whether the window excludes any moment."""
        self.asks = any(self.asked.values())
        """Whether the host must be asked anything at all."""
        self.enters = bool(campaign.entries)
        """Whether it gives entries into other campaigns."""
        self.remembers = mechanic.adjusting | {ReverseAward}
        """The commands for which it must be known what an instance has given."""
        self.is_straight = not self.asks
        """Whether a command needs nothing but what the store has."""
        self.is_plain = not (
            self.promises or self.drawn or self.caps or mechanic.adjusting
        ) and all(len(line) == 1 and line[0].is_plain for line in each_line)
        """Whether its grants give so much each time, and nothing asks, counts or holds."""
        kinds = frozenset(mechanic.casts)
        self.giftless = kinds - mechanic.adjusting if not (self.promises or self.pays) else NONE
        """The commands that give, move and take back nothing but what a milestone gives."""
        self.unhindered = self._unhindered()
        """The commands that nothing stands in the way of but the game, see `runtime.plainly`."""

    def _unhindered(self) -> frozenset[type[Command]]:
        looks = self.mechanic.looks
        if self.shadow or self.ends or not (self.is_plain or looks):
            return NONE
        if looks and self.velocities:
            return NONE
        by_members = frozenset(kind for kind, roles in self.mechanic.casts.items() if roles)
        return by_members - self.guarded - (self.remembers if looks else NONE)

    def parts(self, reached: Sequence[Reached]) -> tuple[tuple[str, str], ...]:
        """Who took part by reaching milestones, each with the role."""
        # tuples, not lists: the collector lets go of them the first time it looks
        parts: tuple[tuple[str, str], ...] = ()
        for one in reached:
            role = self.actors[one.milestone]
            parts += ((one.cast[role], role),)
        return parts

    def balance_key(self, member: str, what: str = BALANCE) -> QuotaKey:
        """What is counted of a member's balance: earned, less all that has left it.

        Args:
            member: whose.
            what: another sum that is counted beside it, see `balances`.
        """
        return (self.name, f"{what}/{self.currency}", f"{MEMBER}/{member}", "")

    def _compile_guard(self, kind: type[Command], roles: tuple[str, ...]) -> None:
        if kind in self.mechanic.settling:
            self.guards[kind] = None
            self.asked[kind] = frozenset()
            return
        given = self.campaign.given
        actor = roles[0] if roles else ""
        guard = prune(given, frozenset(roles), actor) if given is not None and roles else None
        self.guards[kind] = None if guard is None else compile_condition(guard, actor)
        asked: set[str] = set()
        if guard is not None:
            asked.update(*needs(guard, actor).values())
        if roles:
            asked.update(counter.fact for counter in self.velocities if counter.fact)
        milestones = self.mechanic.milestones
        for _, grant in self.campaign.every_grant():
            if grant.given is not None and milestones[grant.on].clock != bool(roles):
                asked.update(*needs(grant.given, grant.to).values())
        self.asked[kind] = frozenset(asked)

    def _lines(self) -> dict[str, tuple[tuple[Option, ...], ...]]:
        lines: dict[str, list[tuple[Option, ...]]] = {}
        for line in self.campaign.lines:
            options = tuple(self._option(grant, grant.give, grant.name) for grant in line.options)
            if len(options) > 1:  # what stands in for one that is short competes by its own cost
                options = tuple(map(_competing, options))
            lines.setdefault(str(line.options[0].on), []).append(options)
        return {milestone: tuple(found) for milestone, found in lines.items()}

    def _options(self) -> Iterable[tuple[str, tuple[str, Option]]]:
        for milestone, lines in self.lines.items():
            for line in lines:
                for option in line:
                    yield option.name, (milestone, option)
                    if option.instead is not None:
                        yield option.instead.name, (milestone, option.instead)

    def _option(self, grant: Grant, reward: Reward, name: str) -> Option:
        share = reward.share
        price = reward.price
        supply = reward.supply
        instead = None
        if reward is grant.give and grant.if_short == SUBSTITUTE and grant.instead is not None:
            instead = self._option(grant, grant.instead, f"{name}/instead")
        return Option(
            name=name,
            to=str(grant.to),
            kind=reward.kind,
            share=None if share is None else share.share.as_integer_ratio(),
            rate="" if share is None else str(share),
            cost=price,
            asset=reward.asset,
            units=reward.units if price is None or reward.asset else price.minor,
            is_plain=_is_plain(grant, reward),
            source=_source(reward, name),
            stock=None if isinstance(supply, Unlimited) else supply,
            stock_key=(self.name, f"{name}/stock", "", ""),
            check=None if grant.given is None else compile_condition(grant.given, str(grant.to)),
            limits=tuple(_counter(limit, grant.name) for limit in grant.limits),
            lasts=None if reward.lasts == NEVER else reward.lasts,
            terms=reward.terms(),
            if_short="drop"
            if instead is None and grant.if_short == SUBSTITUTE
            else grant.if_short,
            instead=instead,
        )

    def _caps(self) -> dict[str, tuple[Counter, ...]]:
        caps: dict[str, list[Counter]] = {}
        for cap in self.campaign.limits:
            caps.setdefault(str(cap.on), []).append(_counter(cap))
        return {milestone: tuple(found) for milestone, found in caps.items()}

    def _velocities(self) -> Iterable[Counter]:
        if self.campaign.given is None:
            return
        for velocity in velocities(self.campaign.given):
            seconds = int(velocity.within.total_seconds())
            yield Counter(
                name=f"velocity/{velocity.key}/{seconds}",
                subject=MEMBER,
                period=None,
                span=seconds,
                at_most=velocity.at_most,
                fact="" if velocity.key == MEMBER else velocity.key,
            )


def _competing(option: Option) -> Option:
    return structs.replace(option, if_short="drop") if option.instead is not None else option


def _is_plain(grant: Grant, reward: Reward) -> bool:
    """Whether an award of it asks for nothing: no condition, no limit, no stock, no money."""
    bounded = grant.given is not None or grant.limits or reward.supply != UNLIMITED
    return not bounded and reward.units > 0 and reward.price is None and reward.share is None


def _source(reward: Reward, name: str) -> str:
    """The account an award comes from, unless it is drawn from a hold."""
    if not reward.asset:
        return BUDGET
    return MINT if isinstance(reward.supply, Unlimited) else f"stock/{name}"


def _counter(bound: Limit | Cap, grant: str = "") -> Counter:
    return Counter(
        name=quota_name(bound, grant),
        subject=bound.subject,
        period=None if bound.period == FOREVER else Period(bound.period),
        span=0,
        at_most=bound.at_most,
        of=str(bound.of) if isinstance(bound, Cap) else "",
    )
