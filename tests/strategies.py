"""Whole campaigns for Hypothesis: small, valid, using everything that an operator can write."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, get_args

from hypothesis import strategies as st

from viralcommerce.campaign import Campaign
from viralcommerce.decider import AnyMechanic
from viralcommerce.mechanics import collect, invite
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.mechanics.invite.rule import Base
from viralcommerce.rules.conditions import (
    AccountAge,
    Condition,
    DistinctFingerprints,
    During,
    DuringRecurring,
    FlagIs,
    HasTag,
    MomentIs,
    NewMember,
    NumberIs,
    PaidOrders,
    Region,
    SameDevice,
    SameHousehold,
    Spent,
    TextIs,
    Velocity,
)
from viralcommerce.rules.grants import BestOf, Grant, Line
from viralcommerce.rules.limits import CAMPAIGN, MEMBER, PAIR, UNLIMITED, Cap, Limit, quota_name
from viralcommerce.rules.rewards import (
    Cash,
    Coupon,
    Credit,
    Entry,
    Points,
    Product,
    Reward,
    Right,
    Title,
)
from viralcommerce.rules.splits import EqualSplit, LadderSplit, LuckySplit, Split, WeightedSplit
from viralcommerce.values.money import Money
from viralcommerce.values.percent import Percent, percent
from viralcommerce.values.rounding import Rounding
from viralcommerce.values.spans import DAY, MONTH, WEEK, days, hours, minutes
from viralcommerce.values.windows import ALWAYS, Window

R = TypeVar("R")

CURRENCIES = ("CNY", "JPY", "KWD", "USD")
ZONES = ("UTC", "Asia/Shanghai", "America/New_York")
OPENING = datetime(2026, 11, 10, 16, tzinfo=UTC)

names = st.from_regex(r"[a-z][a-z0-9-]{0,7}[a-z0-9]", fullmatch=True)
texts = st.sampled_from(["vip", "老客", "app only", 'a "quoted" one', "x/y"])
spans = st.sampled_from(
    [minutes(90), hours(24), hours(48), days(7), days(365), timedelta(seconds=1, microseconds=5)]
)
no_or_some_span = st.one_of(st.just(timedelta(0)), spans)
rates = st.sampled_from(
    [percent(100), percent(50), percent("7.5"), percent("0.01"), Percent.parse("1/3")]
)
supplies = st.one_of(st.just(UNLIMITED), st.integers(1, 3_000))
windows = st.one_of(
    st.just(ALWAYS),
    st.builds(
        lambda start, length: Window(OPENING + start, OPENING + start + length),
        st.sampled_from([hours(0), hours(13), timedelta(seconds=61)]),
        spans,
    ),
    st.just(Window.since(OPENING)),
    st.just(Window.until(OPENING)),
)


def made(
    kind: Callable[..., R], *values: st.SearchStrategy[Any], **named: st.SearchStrategy[Any]
) -> st.SearchStrategy[R]:
    """A rule of these arguments and no others (`builds` would make up what it finds missing)."""
    drawn = st.tuples(st.tuples(*values), st.fixed_dictionaries(named))
    return drawn.map(lambda given: kind(*given[0], **given[1]))


@functools.cache
def moneys(code: str, most: int = 20_000) -> st.SearchStrategy[Money]:
    """Amounts of one currency, from one minor unit on."""
    return st.builds(Money, st.integers(1, most), st.just(code))


@functools.cache
def splits(code: str) -> st.SearchStrategy[Split]:
    """Every kind of split of an amount that holds its parts."""
    parts = st.integers(1, 12)

    def lucky(count: int, least: int, spare: int, how: str) -> Split:
        total = Money(count * least + spare, code)
        if how == "uniform":
            return LuckySplit(total, parts=count, least=Money(least, code), how="uniform")
        return LuckySplit(total, parts=count, least=Money(least, code))

    return st.one_of(
        st.builds(
            lucky, parts, st.integers(1, 50), st.integers(0, 500),
            st.sampled_from(["uniform", "double_mean"]),
        ),
        st.builds(
            lambda count, spare: EqualSplit(Money(count + spare, code), parts=count),
            parts,
            st.integers(0, 500),
        ),
        st.lists(moneys(code, 500), min_size=1, max_size=6).map(
            lambda shares: LadderSplit(tuple(shares))
        ),
        st.lists(st.integers(1, 5), min_size=1, max_size=6).map(
            lambda weights: WeightedSplit(Money(1_000, code), weights=tuple(weights))
        ),
    )  # fmt: skip


@functools.cache
def games(code: str) -> st.SearchStrategy[AnyMechanic]:
    """Every game that ships."""
    own = st.sampled_from(["refused", "allowed"])

    def packs(split: Split, span: timedelta, who: str) -> AnyMechanic:
        if who == "allowed":
            return pack.CouponPack(split, open_for=span, own="allowed")
        return pack.CouponPack(split, open_for=span)

    def asks(goal: int, span: timedelta, who: str) -> AnyMechanic:
        if who == "allowed":
            return collect.Collect(goal=goal, within=span, own="allowed")
        return collect.Collect(goal=goal, within=span)

    return st.one_of(
        st.builds(packs, splits(code), spans, own),
        st.builds(asks, st.integers(1, 100), spans, own),
        invites(code),
    )


def invites(code: str) -> st.SearchStrategy[AnyMechanic]:
    """Inviting, with and without payouts."""
    bound = st.one_of(st.none(), moneys(code))
    payouts = st.one_of(
        made(
            invite.Payouts,
            at_least=bound,
            fee=bound,
            owing=st.sampled_from(["carry", "net", "block"]),
        ),
        made(invite.Payouts, owing=st.just("write_off"), owes_at_most=bound),
    )
    return made(
        invite.Invite,
        matures_after=spans,
        counts_from=st.sampled_from(["order", "receipt"]),
        base=st.sampled_from(get_args(Base)),
        least=bound,
        levels=st.just(2),
        code_length=st.integers(4, 32),
        code_uses=st.one_of(st.just(UNLIMITED), st.integers(1, 900)),
        binds_for=no_or_some_span,
        rebinds=st.sampled_from(["never", "until_order", "better", "always"]),
        prefers=st.sampled_from(["code", "link"]),
        guesses=st.integers(1, 1_000),
        tiers=st.sampled_from([(), (10,), (2, 50, 900)]),
        payouts=st.one_of(st.none(), payouts),
    )


@functools.cache
def conditions(roles: tuple[str, ...], code: str) -> st.SearchStrategy[Condition]:
    """Leaves about these roles and about "", alone and combined."""
    of = st.sampled_from(["", *map(str, roles)])
    counts = st.integers(1, 9)
    times = st.sampled_from([OPENING, OPENING + days(1), OPENING + days(400)])
    recurring = DuringRecurring(
        "FREQ=WEEKLY;BYDAY=FR",
        lasting=hours(2),
        zone="Asia/Shanghai",
        starts=datetime.fromisoformat("2026-01-02T20:00:00"),
    )
    leaves: list[st.SearchStrategy[Condition]] = [
        made(NewMember, of=of),
        made(AccountAge, at_least=spans, of=of),
        made(PaidOrders, at_least=counts, of=of),
        made(PaidOrders, at_most=st.integers(0, 3), of=of),
        made(HasTag, texts, of=of),
        made(Region, within=st.sampled_from([("CN/31",), ("CN/31", "CN/32/苏州")]), of=of),
        made(Spent, at_least=moneys(code), of=of),
        st.just(During(Window.since(OPENING))),
        st.just(recurring),
        made(NumberIs, st.just("score"), at_least=st.sampled_from([0, -3, "2.50"]), of=of),
        made(TextIs, st.just("channel"), one_of=st.just(("app", "web")), of=of),
        made(FlagIs, st.just("subscribed"), of=of),
        made(MomentIs, st.just("seen"), after=times, of=of),
    ]
    if len(roles) > 1:
        pair = st.permutations(list(map(str, roles))).map(lambda both: (both[0], both[1]))
        leaves += [
            made(kind, between=pair) for kind in (SameDevice, SameHousehold, DistinctFingerprints)
        ]
    return st.recursive(
        st.one_of(leaves),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(
                lambda parts: functools.reduce(operator.and_, parts)
            ),
            st.lists(inner, min_size=2, max_size=3).map(
                lambda parts: functools.reduce(operator.or_, parts)
            ),
            inner.map(operator.invert),
        ),
        max_leaves=4,
    )


@functools.cache
def things(code: str) -> st.SearchStrategy[Reward]:
    """Rewards that do not depend on an amount."""
    amounts = moneys(code)
    return st.one_of(
        made(Coupon, amounts, valid_for=no_or_some_span,
            spend_at_least=st.one_of(st.none(), amounts),
        ),
        made(Credit, amounts, valid_for=no_or_some_span),
        made(Cash, amounts),
        made(Points, st.integers(1, 9_000), worth=st.one_of(st.none(), amounts)),
        made(Product, names, worth=amounts, stock=supplies),
        made(Right, names, valid_for=no_or_some_span, stock=supplies),
        made(Entry, names.map(lambda name: f"into-{name}")),  # never into itself
        made(Title, texts),
    )  # fmt: skip


@functools.cache
def shares(code: str) -> st.SearchStrategy[Reward]:
    """Rewards that are a share of an amount."""
    return st.one_of(
        made(Coupon, rates, valid_for=no_or_some_span),
        made(Credit, rates),
        made(Cash, rates),
    )


@functools.cache
@st.composite
def limits(draw: st.DrawFn, scope: str, roles: tuple[str, ...]) -> Limit:
    """A limit per anybody, within anything."""
    subjects = [MEMBER, CAMPAIGN, scope, *([PAIR] if len(roles) > 1 else [])]
    per = (draw(st.sampled_from(subjects)),)
    period = draw(st.sampled_from(["", str(DAY), str(WEEK), str(MONTH)]))
    return Limit(draw(st.integers(1, 50)), per=(*per, period) if period else per)


@st.composite
def grants(
    draw: st.DrawFn, game: AnyMechanic, name: str, code: str, *, share: bool | None = None
) -> Grant:
    """A grant that this game can earn.

    Args:
        share: True for one on the milestone that draws from the hold; False for none such.
    """
    drawn = [each for each, carries in game.milestones.items() if carries.drawn]
    reachable = sorted(set(game.milestones) - game.unreachable().keys())
    on = draw(st.sampled_from(drawn if share else reachable))
    carries = game.milestones[on]
    roles = tuple(role for role in carries.roles if role not in game.absent())
    percents = share or (share is None and carries.amount and draw(st.booleans()))
    give = draw(shares(code) if percents else things(code))
    policy = draw(st.sampled_from(["refuse", "drop", "clip", "substitute"]))
    if policy == "clip" and give.asset:
        policy = "drop"
    instead = draw(things(code)) if policy == "substitute" else None
    given = draw(st.one_of(st.none(), conditions(roles, code)))
    return Grant(
        give,
        to=draw(st.sampled_from(roles)),
        on=on,
        given=given,
        at_most=tuple(
            draw(st.lists(limits(str(game.scope), roles), max_size=2, unique_by=quota_name))
        ),
        name=name,
        if_short=policy,
        instead=instead,
    )


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    """Any campaign that can be."""
    code = draw(st.sampled_from(CURRENCIES))
    game = draw(games(code))
    lines: list[Line] = []
    if game.total() is not None:
        lines.append(draw(grants(game, "share", code, share=True)))
    for number in range(draw(st.integers(0 if lines else 1, 3))):
        first = draw(grants(game, f"g{number}", code, share=False))
        if draw(st.integers(0, 3)):
            lines.append(first)
            continue
        give = draw(things(code))
        other = Grant(give, to=first.to, on=first.on, name=f"g{number}b", if_short="drop")
        lines.append(BestOf((first, other)))
    known = tuple(sorted({role for cast in game.casts.values() for role in cast}))
    given = draw(st.one_of(st.none(), conditions(known, code)))
    if draw(st.booleans()):
        fast = Velocity(
            at_most=draw(st.integers(1, 50)),
            within=draw(st.sampled_from([minutes(90), hours(24)])),
            key=draw(st.sampled_from(["member", "devices", "field:wifi"])),
        )
        given = fast if given is None else given & fast
    caps = []
    for number in range(draw(st.integers(0, 2))):
        by_members = [name for name, carries in game.milestones.items() if not carries.clock]
        on = draw(st.sampled_from(sorted(by_members)))
        bound = draw(limits(str(game.scope), game.milestones[on].roles))
        of = draw(st.sampled_from(game.milestones[on].roles))
        caps.append(Cap(f"cap-{number}", bound.at_most, on=on, of=of, per=bound.per))
    budget = moneys(code).map(lambda extra: extra + Money(10**7, code))
    if not any(carries.boundless for carries in game.milestones.values()):  # else it says
        budget = st.one_of(st.just(UNLIMITED), budget)  # of which currency orders are
    return Campaign(
        draw(names),
        game,
        grants=tuple(lines),
        budget=draw(budget),
        given=given,
        window=draw(windows),
        limits=tuple(caps),
        zone=draw(st.sampled_from(ZONES)),
        rounding=draw(st.sampled_from(list(Rounding))),
    )
