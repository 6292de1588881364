"""The campaigns that tests of readings speak of: two of the manual, and one with everything."""

from __future__ import annotations

from datetime import datetime

from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import collect, invite
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.conditions import AccountAge, HasTag, NewMember, SameDevice, Velocity
from viralcommerce.rules.grants import BestOf, Grant
from viralcommerce.rules.limits import CAMPAIGN, PAIR, UNLIMITED, Cap, Limit
from viralcommerce.rules.rewards import Cash, Coupon, Credit, Points, Product
from viralcommerce.rules.splits import LuckySplit
from viralcommerce.values.money import CNY
from viralcommerce.values.percent import WHOLE, percent
from viralcommerce.values.rounding import Rounding
from viralcommerce.values.spans import DAY, WEEK, days, hours
from viralcommerce.values.windows import Window

RAIN = Campaign(
    "rain-pack",
    pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
        Grant(
            Coupon(CNY(2), valid_for=days(7)),
            to=pack.SHARER,
            on=pack.GRABBED,
            at_most=Limit(5, per=pack.PACK),
        ),
    ),
    given=~SameDevice(between=(pack.GRABBER, pack.SHARER)),
    budget=CNY(200_000),
    zone="Asia/Shanghai",
)
LIKES = Campaign(
    "38-likes",
    collect.Collect(goal=38, within=hours(48)),
    grants=(
        Grant(
            Product("teapot", worth=CNY(30), stock=2_000),
            to=collect.COLLECTOR,
            on=collect.REACHED,
            at_most=1,
        ),
    ),
    budget=UNLIMITED,
    given=AccountAge(at_least=days(7)) & ~SameDevice(between=(collect.LIKER, collect.COLLECTOR)),
    limits=(Cap("likes-a-day", 3, on=collect.LIKED, of=collect.LIKER, per=DAY),),
    window=Window(
        datetime.fromisoformat("2026-11-11T00:00:00+08:00"),
        datetime.fromisoformat("2026-11-12T00:00:00+08:00"),
    ),
    zone="Asia/Shanghai",
)
EVERYTHING = Campaign(
    "everything",
    pack.CouponPack(
        LuckySplit(CNY("9.99"), parts=4, least=CNY("0.50"), how="uniform"),
        open_for=hours(36),
        own="allowed",
    ),
    grants=(
        Grant(
            Coupon(percent("33.3"), spend_at_least=CNY(25)),
            to=pack.GRABBER,
            on=pack.GRABBED,
            name="third",
            given=NewMember() | HasTag("vip", of=pack.SHARER),
        ),
        BestOf(
            (
                Grant(
                    Product("kettle", worth=CNY(45), stock=17),
                    to=pack.LUCKIEST,
                    on=pack.EMPTIED,
                    name="kettle",
                    at_most=1,
                    if_short="drop",
                ),
                Grant(
                    Credit(percent(20)),
                    to=pack.LUCKIEST,
                    on=pack.EMPTIED,
                    name="fifth",
                    if_short="clip",
                ),
            )
        ),
        Grant(
            Cash(CNY("0.88")),
            to=pack.SHARER,
            on=pack.GRABBED,
            at_most=(Limit(11, per=DAY), Limit(2, per=PAIR), Limit(1_500, per=(CAMPAIGN, WEEK))),
            if_short="substitute",
            instead=Points(66, worth=CNY("0.06")),
        ),
    ),
    given=Velocity(at_most=20, within=hours(5), key="devices")
    & AccountAge(at_least=days(12), of=pack.SHARER),
    limits=(
        Cap("grabs", 4, on=pack.GRABBED, of=pack.GRABBER, per=DAY),
        Cap("packs", 900, on=pack.OPENED, of=pack.SHARER, per=CAMPAIGN),
    ),
    budget=CNY(7_000),
    window=Window.until(datetime.fromisoformat("2026-12-24T18:30:00+08:00")),
    zone="Asia/Shanghai",
    rounding=Rounding.HALF_EVEN,
)
FRIENDS = Campaign(
    "friends",
    invite.Invite(
        matures_after=days(15),
        counts_from="receipt",
        base="goods",
        least=CNY("19.90"),
        levels=3,
        deeper="more_than_two",
        code_length=10,
        code_uses=200,
        binds_for=days(365),
        rebinds="until_order",
        prefers="link",
        guesses=25,
        tiers=(10, 50),
        payouts=invite.Payouts(
            at_least=CNY(12), fee=CNY("0.60"), owing="write_off", owes_at_most=CNY(55)
        ),
    ),
    grants=(
        Grant(Coupon(CNY(21)), to=invite.INVITEE, on=invite.JOINED, name="welcome"),
        Grant(Cash(CNY(11)), to=invite.INVITER, on=invite.FIRST_ORDER, name="thanks", at_most=33),
        Grant(Cash(CNY(4)), to=invite.INVITER, on=invite.tier(1), name="tenth"),
        Grant(Cash(percent(6)), to=invite.upline(1), on=invite.ORDERED, name="first"),
        Grant(
            Credit(percent("1.5")),
            to=invite.upline(3),
            on=invite.ORDERED,
            name="third",
            at_most=Limit(40, per=(invite.MATTER, DAY)),
        ),
    ),
    budget=CNY(70_000),
    limits=(Cap("friends-a-day", 8, on=invite.JOINED, of=invite.INVITER, per=DAY),),
    window=Window(
        datetime.fromisoformat("2026-11-11T00:00:00+08:00"),
        datetime.fromisoformat("2026-12-12T00:00:00+08:00"),
    ),
    zone="Asia/Shanghai",
)
