"""Strategies that tell stories, not noise: five people, two packs, times around the deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from msgspec import structs

from shops import NOON, PEOPLE, at, likes, rain
from viralcommerce import (
    ALWAYS,
    CAMPAIGN,
    CNY,
    DAY,
    MEMBER,
    PAIR,
    UNLIMITED,
    WHOLE,
    BestOf,
    Cap,
    Coupon,
    Credit,
    EqualSplit,
    Grant,
    Limit,
    LuckySplit,
    Points,
    Product,
    Window,
    hours,
    minutes,
    percent,
)
from viralcommerce.campaign import Campaign
from viralcommerce.errors import InvalidRule
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.rules.conditions import Condition, HasTag, PaidOrders, SameDevice, Velocity
from viralcommerce.rules.rewards import Reward
from viralcommerce.values.rounding import Rounding

FACTS: Mapping[str, Mapping[str, object]] = {
    "ann": {"tags": {"vip"}, "devices": {"d1"}, "paid_orders": 0},
    "bob": {"tags": {"vip"}, "devices": {"d2"}, "paid_orders": 0},
    "carl": {"tags": set(), "devices": {"d1", "d3"}, "paid_orders": 0},
    "dee": {"devices": {"d4", "d2"}, "paid_orders": 0},
    "eve": {"tags": {"vip"}, "paid_orders": 0},
}
"""Ann shares a device with carl, and bob with dee; of dee no tags are known, of eve no devices."""

policies = st.sampled_from(["refuse", "drop", "clip", "substitute"])
gifts: st.SearchStrategy[Reward] = st.sampled_from(
    [
        Coupon(CNY("1.50")),
        Credit(CNY("0.01")),
        Points(7),
        Points(5, worth=CNY("0.40")),
        Product("teapot", worth=CNY("0.90"), stock=1),
        Product("teapot", worth=CNY("0.90"), stock=2),
        Product("cup", worth=CNY("0.10"), stock=UNLIMITED),
    ]
)


def velocities(key: str) -> Velocity:
    return Velocity(at_most=2, within=minutes(30), key=key)


@st.composite
def conditions(draw: st.DrawFn, actor: str, other: str) -> Condition | None:
    """Mostly nothing; else what some people meet, some do not, and of some nobody knows."""
    return draw(
        st.sampled_from(
            [
                *[None] * 6,
                HasTag("vip"),
                HasTag("vip", of=other),
                ~SameDevice(between=(actor, other)),
                ~SameDevice(between=(actor, other)) & PaidOrders(at_most=1),
                velocities("member"),
                PaidOrders(at_most=1) & velocities("devices"),
            ]
        )
    )


@st.composite
def grants(draw: st.DrawFn, to: str, on: str, name: str, scope: str, *, pairs: bool) -> Grant:
    """A grant of money, points or a thing, with any policy, limits and conditions."""
    policy, give = draw(policies), draw(gifts)
    if policy == "clip" and give.asset:
        policy = "drop"
    instead = None
    if policy == "substitute":
        instead = draw(st.sampled_from([Points(1), Coupon(CNY("0.20"))]))
    scopes = [(MEMBER,), (scope,), (CAMPAIGN,), (MEMBER, DAY), (CAMPAIGN, DAY)]
    scopes += [(PAIR,)] if pairs else []
    per = draw(st.lists(st.sampled_from(scopes), max_size=2, unique=True))
    return Grant(
        give,
        to=to,
        on=on,
        name=name,
        if_short=policy,
        instead=instead,
        at_most=tuple(Limit(draw(st.integers(1, 3)), per=one) for one in per),
        given=draw(st.sampled_from([None, None, None, HasTag("vip")])),
    )


VIP = HasTag("vip")
SHARES = st.sampled_from(
    [
        (Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share"),),
        (Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share", at_most=1),),
        (
            Grant(Credit(percent(50)), to=pack.GRABBER, on=pack.GRABBED, name="half"),
            Grant(Credit(percent(50)), to=pack.SHARER, on=pack.GRABBED, name="other", given=VIP),
        ),
        (
            BestOf(
                (
                    Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="all", given=VIP),
                    Grant(Coupon(percent(40)), to=pack.GRABBER, on=pack.GRABBED, name="some"),
                )
            ),
        ),
        (
            BestOf(
                (
                    Grant(
                        Product("teapot", worth=CNY(1), stock=1),
                        to=pack.SHARER,
                        on=pack.GRABBED,
                        name="pot",
                    ),
                    Grant(Coupon(CNY("0.30")), to=pack.SHARER, on=pack.GRABBED, name="less"),
                )
            ),
            Grant(Coupon(percent("33.3")), to=pack.GRABBER, on=pack.GRABBED, name="third"),
        ),
    ]
)
"""How what a pack holds is given: whole, in halves, to the better, or a third of it."""
PACK_SPOTS = [
    (pack.SHARER, pack.OPENED, False),
    (pack.SHARER, pack.GRABBED, True),
    (pack.GRABBER, pack.GRABBED, True),
    (pack.LUCKIEST, pack.EMPTIED, True),
]
PACK_CAPS = [
    (),
    (),
    (Cap("a-day", 1, on=pack.GRABBED, of=pack.GRABBER, per=DAY),),
    (Cap("all", 3, on=pack.GRABBED, of=pack.GRABBER, per=CAMPAIGN),),
    (Cap("pairs", 1, on=pack.GRABBED, of=pack.GRABBER, per=PAIR),),
    (Cap("packs", 1, on=pack.OPENED, of=pack.SHARER),),
]


def afforded(campaign: Callable[..., Campaign], budgets: Sequence[Any], **said: Any) -> Campaign:
    """A campaign with the first of these budgets under which it can pay at all."""
    for budget in budgets[:-1]:
        try:
            return campaign(budget=budget, **said)
        except InvalidRule:
            pass
    return campaign(budget=budgets[-1], **said)


@st.composite
def pack_campaigns(draw: st.DrawFn) -> Campaign:
    """Packs of ¥6 in two or three parts, with every kind of terms around them."""
    drawn = draw(SHARES)
    others = tuple(
        draw(grants(to, on, f"g{number}", pack.PACK, pairs=pairs))
        for number, (to, on, pairs) in enumerate(
            draw(st.lists(st.sampled_from(PACK_SPOTS), max_size=3))
        )
    )
    tight = draw(st.sampled_from([UNLIMITED, CNY(7), CNY(8), CNY(12), CNY(13), CNY("14.50")]))
    return afforded(
        rain,
        (tight, CNY("9.50"), CNY(12), CNY(999)),
        mechanic=pack.CouponPack(
            draw(
                st.sampled_from(
                    [
                        LuckySplit(CNY(6), parts=3, least=CNY(1)),
                        EqualSplit(CNY("6.01"), parts=2),
                        LuckySplit(CNY("0.03"), parts=3),
                    ]
                )
            ),
            open_for=hours(1),
            own=draw(st.sampled_from(["refused", "allowed"])),
        ),
        grants=(*drawn, *others) if draw(st.booleans()) else (*others, *drawn),
        limits=draw(st.sampled_from(PACK_CAPS)),
        given=draw(conditions(pack.GRABBER, pack.SHARER)),
        window=draw(
            st.sampled_from(
                [ALWAYS, ALWAYS, Window.since(at(minutes=1)), Window(NOON, at(minutes=80))]
            )
        ),
        zone=draw(st.sampled_from(["UTC", "Asia/Shanghai"])),
        rounding=draw(st.sampled_from(list(Rounding))),
    )


LIKE_SPOTS = [
    (collect.COLLECTOR, collect.REACHED, False),
    (collect.COLLECTOR, collect.LAPSED, False),
    (collect.COLLECTOR, collect.ASKED, False),
    (collect.LIKER, collect.LIKED, True),
    (collect.COLLECTOR, collect.LIKED, True),
]
LIKE_CAPS = [
    (),
    (),
    (Cap("likes-a-day", 1, on=collect.LIKED, of=collect.LIKER, per=DAY),),
    (Cap("asks", 1, on=collect.ASKED, of=collect.COLLECTOR, per=CAMPAIGN),),
    (Cap("goals", 1, on=collect.REACHED, of=collect.COLLECTOR),),
]


@st.composite
def like_campaigns(draw: st.DrawFn) -> Campaign:
    """Two likes in an hour, with terms for those who ask, like, reach and miss."""
    spots = draw(st.lists(st.sampled_from(LIKE_SPOTS), min_size=1, max_size=3))
    tight = draw(st.sampled_from([UNLIMITED, CNY("1.50"), CNY(2), CNY(4)]))
    return afforded(
        likes,
        (tight, CNY(3), CNY(5), CNY(999)),
        mechanic=collect.Collect(
            goal=draw(st.sampled_from([2, 3])),
            within=hours(1),
            own=draw(st.sampled_from(["refused", "allowed"])),
        ),
        grants=tuple(
            draw(grants(to, on, f"g{number}", collect.ASK, pairs=pairs))
            for number, (to, on, pairs) in enumerate(spots)
        ),
        limits=draw(st.sampled_from(LIKE_CAPS)),
        given=draw(conditions(collect.LIKER, collect.COLLECTOR)),
        zone=draw(st.sampled_from(["UTC", "Asia/Shanghai"])),
    )


MINUTES = (0, 0, 1, 1, 5, 20, 29, 30, 31, 40, 59, 60, 61, 90, 60 * 13)
"""Around the end of an open hour, and once after the midnight of Shanghai."""
DOORS = ("1", "1", "1", "2")
"""Which pack or ask; the first sees most of what happens."""
GRABS: list[Command] = [
    pack.Grab(pack=f"p{door}", by=by, at=at(minutes=minute))
    for by in PEOPLE
    for minute in MINUTES
    for door in DOORS
]
PACK_COMMANDS: list[Command] = [
    *GRABS,
    *[pack.Share(pack="p1", by=by, at=at(minutes=minute)) for by in PEOPLE for minute in (0, 61)],
    *[pack.Share(pack="p2", by=by, at=at(minutes=minute)) for by in PEOPLE for minute in (0, 31)],
    *[pack.Share(pack="p3", by=by, at=at(minutes=1)) for by in PEOPLE],
    *[pack.Expire(pack=f"p{door}", at=at(minutes=61)) for door in DOORS],
]
LIKE_COMMANDS: list[Command] = [
    *[
        kind(ask=f"a{door}", by=by, at=at(minutes=minute))
        for kind in (collect.Like, collect.Like, collect.Like, collect.Unlike)
        for by in PEOPLE
        for minute in MINUTES
        for door in DOORS
    ],
    *[collect.Ask(ask="a1", by=by, at=at(minutes=minute)) for by in PEOPLE for minute in (0, 61)],
    *[
        collect.Ask(ask=f"a{door}", by=by, at=at(minutes=minute))
        for by in PEOPLE
        for minute in (0, 31)
        for door in (2, 2, 3, 4)
    ],
    *[collect.Expire(ask=f"a{door}", at=at(minutes=61)) for door in DOORS],
]


def keyed(draw: st.DrawFn, told: list[Command]) -> list[Command]:
    """In the order of their times, mostly; with keys of their own, mostly: now and then one that
    was there before, for the same wish or another.
    """
    if draw(st.integers(0, 3)):
        told.sort(key=lambda one: one.at)
    keys = [f"k{number}" for number in range(len(told))]
    if draw(st.integers(0, 2)) == 0:
        numbers = st.integers(0, len(told) - 1)
        for late, early in draw(st.lists(st.tuples(numbers, numbers), max_size=2)):
            keys[late] = keys[early]
            if draw(st.booleans()):
                told[late] = told[early]
    return [structs.replace(one, key=key) for one, key in zip(told, keys, strict=True)]


@st.composite
def pack_commands(draw: st.DrawFn, most: int = 20) -> list[Command]:
    """Ann shares a pack, mostly; then grabs, shares and the clock, as they come in."""
    told = draw(st.lists(st.sampled_from(PACK_COMMANDS), min_size=min(most, 6), max_size=most))
    if draw(st.integers(0, 4)):
        told.insert(0, pack.Share(pack="p1", by="ann", at=NOON))
        told.insert(1, pack.Share(pack="p2", by="bob", at=NOON))
    return keyed(draw, told)


@st.composite
def like_commands(draw: st.DrawFn, most: int = 20) -> list[Command]:
    """Ann asks, mostly; then likes, likes withdrawn, other asks and the clock."""
    told = draw(st.lists(st.sampled_from(LIKE_COMMANDS), min_size=min(most, 6), max_size=most))
    if draw(st.integers(0, 4)):
        told.insert(0, collect.Ask(ask="a1", by="ann", at=NOON))
        told.insert(1, collect.Ask(ask="a2", by="bob", at=NOON))
    return keyed(draw, told)


@st.composite
def stories(draw: st.DrawFn, most: int = 20) -> tuple[Campaign, list[Command]]:
    """A campaign and what members do in it."""
    if draw(st.booleans()):
        return draw(pack_campaigns()), draw(pack_commands(most))
    return draw(like_campaigns()), draw(like_commands(most))
