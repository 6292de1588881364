"""Record the golden stories of a release: ``python tests/golden/record.py 0.1``.

What was recorded is never written again: a release promised those decisions, and
``tests/test_golden.py`` replays them for ever. New stories go into the folder of the next release.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from shops import NOON, ask, at, grab, like, likes, rain, share, shop_of, unlike
from viralcommerce import (
    CAMPAIGN,
    CNY,
    DAY,
    JPY,
    PAIR,
    UNLIMITED,
    WHOLE,
    BestOf,
    Campaign,
    Cap,
    Cash,
    Codec,
    Coupon,
    Credit,
    Entry,
    EqualSplit,
    Grant,
    LadderSplit,
    Limit,
    LuckySplit,
    Points,
    Product,
    Right,
    Title,
    WeightedSplit,
    Window,
    days,
    hours,
    minutes,
    percent,
)
from viralcommerce.codec import encode
from viralcommerce.mechanics import collect, invite
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.rules.conditions import AccountAge, HasTag, PaidOrders, SameDevice, Velocity
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.values.rounding import Rounding

FACTS: dict[str, dict[str, object]] = {
    "ann": {"tags": ["vip"], "devices": ["d1"], "paid_orders": 3},
    "bob": {"tags": [], "devices": ["d2"], "paid_orders": 0},
    "carl": {"tags": ["vip"], "devices": ["d1", "d3"], "paid_orders": 1},
    "dee": {"devices": ["d4"]},
}
CROWD = [f"member-{number}" for number in range(1, 13)]


def rain_pack() -> tuple[Campaign, list[Command]]:
    """The pack of the manual: both sides gain, five times; retried, too late, one's own."""
    told: list[Command] = [share("ride-1", by="ann", at=NOON)]
    told += [grab(one, "ride-1", at=at(minutes=n)) for n, one in enumerate(CROWD)]
    told += [grab("ann", "ride-1", at=at(minutes=30)), grab("member-1", "ride-1", at=at(hours=1))]
    told += [share("ride-2", by="bob", at=at(hours=2)), grab("ann", "ride-2", at=at(hours=3))]
    told += [pack.Expire(pack="ride-2", at=at(hours=26)), grab("carl", "ride-2", at=at(hours=27))]
    told += [grab("dee", "ride-9", at=at(hours=27))]
    return rain(), told


def uniform_pack() -> tuple[Campaign, list[Command]]:
    """The uniform rule, in yen, with what the luckiest gets."""
    campaign = Campaign(
        "uniform",
        pack.CouponPack(
            LuckySplit(JPY(5_000), parts=8, least=JPY(100), how="uniform"),
            open_for=hours(6),
            own="allowed",
        ),
        grants=(
            Grant(Cash(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
            Grant(Title("Lucky Dog"), to=pack.LUCKIEST, on=pack.EMPTIED),
            Grant(Credit(percent("12.5")), to=pack.LUCKIEST, on=pack.EMPTIED),
            Grant(Entry("spring-draw"), to=pack.SHARER, on=pack.EMPTIED),
        ),
        budget=JPY(50_000),
        rounding=Rounding.HALF_EVEN,
        zone="Asia/Tokyo",
    )
    told: list[Command] = [share("p1", by="ann", at=NOON), grab("ann", "p1", at=NOON)]
    return campaign, told + [grab(one, "p1", at=at(minutes=1)) for one in CROWD]


def short_pack() -> tuple[Campaign, list[Command]]:
    """A budget and a stock that run out: every policy, those that compete, every limit."""
    campaign = rain(
        mechanic=pack.CouponPack(EqualSplit(CNY("6.01"), parts=2), open_for=hours(1)),
        grants=(
            Grant(Credit(percent("66.6")), to=pack.GRABBER, on=pack.GRABBED, name="most"),
            Grant(Credit(percent("33.3")), to=pack.SHARER, on=pack.GRABBED, name="rest"),
            Grant(Coupon(CNY(3)), to=pack.SHARER, on=pack.OPENED, name="clip", if_short="clip"),
            BestOf(
                (
                    Grant(
                        Product("pot", worth=CNY(2), stock=1),
                        to=pack.GRABBER,
                        on=pack.GRABBED,
                        name="pot",
                    ),
                    Grant(
                        Coupon(CNY(1), valid_for=days(7), spend_at_least=CNY(9)),
                        to=pack.GRABBER,
                        on=pack.GRABBED,
                        name="one",
                        if_short="drop",
                        at_most=(Limit(2, per=CAMPAIGN), Limit(1, per=PAIR)),
                    ),
                )
            ),
            Grant(
                Right("sneaker", stock=1),
                to=pack.LUCKIEST,
                on=pack.EMPTIED,
                name="right",
                if_short="substitute",
                instead=Points(9),
                at_most=Limit(1, per=DAY),
            ),
        ),
        budget=CNY(25),
        rounding=Rounding.UP,
    )
    told: list[Command] = []
    for number in range(5):
        told.append(share(f"p{number}", by="ann", at=at(minutes=number)))
        told += [grab(one, f"p{number}", at=at(minutes=5)) for one in CROWD[number : number + 3]]
    return campaign, told


def asked_pack() -> tuple[Campaign, list[Command]]:
    """Conditions on who acts and on who gains, a velocity, and a window."""
    apart = ~SameDevice(between=(pack.GRABBER, pack.SHARER))
    campaign = rain(
        mechanic=pack.CouponPack(
            LadderSplit((CNY(5), CNY(3), CNY(1))), open_for=hours(2), own="allowed"
        ),
        grants=(
            Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, given=HasTag("vip")),
            Grant(Points(50), to=pack.SHARER, on=pack.GRABBED, given=PaidOrders(at_least=2)),
        ),
        given=apart & Velocity(at_most=2, within=minutes(30), key="devices"),
        window=Window(at(minutes=1), at(hours=1)),
    )
    told: list[Command] = [share("p1", by="ann", at=NOON), share("p1", by="ann", at=at(minutes=1))]
    told += [grab(one, "p1", at=at(minutes=2)) for one in ("bob", "carl", "dee", "eve", "ann")]
    told += [share(f"q{number}", by="bob", at=at(minutes=3)) for number in range(3)]
    told += [grab("ann", "q0", at=at(minutes=40)), grab("dee", "q0", at=at(hours=1))]
    return campaign, told


def weighted_pack() -> tuple[Campaign, list[Command]]:
    """Shares by weight."""
    campaign = rain(
        mechanic=pack.CouponPack(WeightedSplit(CNY(10), weights=(3, 2, 1)), open_for=hours(1)),
        grants=Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
        budget=UNLIMITED,
    )
    return campaign, [share("p1", at=NOON), *(grab(one, "p1", at=NOON) for one in CROWD[:4])]


def teapots() -> tuple[Campaign, list[Command]]:
    """Likes that redeem, are withdrawn and given back, capped by the day; and who misses."""
    campaign = likes(
        4,
        grants=(
            Grant(
                Product("teapot", worth=CNY(30), stock=1),
                to=collect.COLLECTOR,
                on=collect.REACHED,
                at_most=1,
                if_short="drop",
            ),
            Grant(Points(2), to=collect.LIKER, on=collect.LIKED, at_most=Limit(1, per=DAY)),
            Grant(Points(10), to=collect.COLLECTOR, on=collect.LAPSED),
        ),
        limits=(Cap("likes-a-day", 2, on=collect.LIKED, of=collect.LIKER, per=DAY),),
        zone="Asia/Shanghai",
    )
    told: list[Command] = [ask("a1", by="ann", at=NOON), ask("a2", by="bob", at=NOON)]
    told += [like(one, "a1", at=at(minutes=n)) for n, one in enumerate(CROWD[:3])]
    told += [
        like("member-1", "a2", at=at(hours=1)),
        unlike("member-1", "a1", at=at(hours=2)),
        like("member-1", "a1", at=at(hours=3)),
        like("ann", "a1", at=at(hours=3)),
        like("member-2", "a1", at=at(hours=3)),
        like("member-4", "a1", at=at(hours=4)),
        like("member-5", "a1", at=at(hours=4)),
        unlike("member-4", "a1", at=at(hours=4)),
        like("member-1", "a2", at=at(hours=13)),
        ask("a2", by="eve", at=at(hours=20)),
        collect.Expire(ask="a2", at=at(hours=48)),
        like("member-9", "a2", at=at(hours=49)),
        like("member-9", "a9", at=at(hours=49)),
    ]
    return campaign, told


def running_out() -> tuple[Campaign, list[Command]]:
    """Whoever asks is given something, as long as there is something: drop, clip, substitute."""
    campaign = likes(
        1,
        grants=(
            Grant(
                Product("cup", worth=CNY(2), stock=2),
                to=collect.COLLECTOR,
                on=collect.ASKED,
                name="cup",
                if_short="substitute",
                instead=Coupon(CNY(1)),
            ),
            Grant(
                Coupon(CNY("0.50")),
                to=collect.COLLECTOR,
                on=collect.ASKED,
                name="dropped",
                if_short="drop",
            ),
            Grant(
                Credit(CNY(1)),
                to=collect.COLLECTOR,
                on=collect.ASKED,
                name="clipped",
                if_short="clip",
            ),
        ),
        budget=CNY("11.70"),
        limits=(),
    )
    return campaign, [ask(f"a{number}", by=one) for number, one in enumerate(CROWD[:7])]


def old_accounts() -> tuple[Campaign, list[Command]]:
    """Accounts old enough, or of whose age nobody knows."""
    campaign = likes(2, given=AccountAge(at_least=days(7)), limits=())
    told: list[Command] = [ask("a1", by="ann", at=NOON)]
    return campaign, told + [like(one, "a1", at=at(hours=1)) for one in ("bob", "carl", "dee")]


def friends() -> tuple[Campaign, list[Command]]:
    """Codes and links, two levels, refunds early, late and too large, a dispute that is won."""
    campaign = Campaign(
        "friends",
        invite.Invite(
            matures_after=days(15),
            least=CNY(20),
            levels=2,
            code_uses=2,
            binds_for=days(90),
            rebinds="until_order",
            tiers=(2,),
        ),
        grants=(
            Grant(Coupon(CNY(5)), to=invite.INVITEE, on=invite.JOINED, name="welcome"),
            Grant(
                Credit(CNY(10)),
                to=invite.INVITER,
                on=invite.FIRST_ORDER,
                name="thanks",
                at_most=2,
                given=HasTag("vip"),
            ),
            Grant(Points(7), to=invite.INVITER, on=invite.tier(1), name="second"),
            Grant(Credit(percent("5")), to=invite.upline(1), on=invite.ORDERED, name="one"),
            Grant(Cash(percent("1.5")), to=invite.upline(2), on=invite.ORDERED, name="two"),
        ),
        budget=CNY(60),
        limits=(Cap("friends-a-day", 3, on=invite.JOINED, of=invite.INVITER, per=DAY),),
        zone="Asia/Shanghai",
    )
    told: list[Command] = [
        invite.Issue(by="ann", vanity="ann-tea", at=NOON),
        invite.Issue(by="bob", vanity="ANNTEA", at=NOON),
        invite.Issue(by="bob", vanity="free money", at=NOON),
        invite.Issue(by="carl", at=NOON),
        invite.Join(by="carl", code="ann tea", at=at(hours=1)),
        invite.Join(by="ann", code="anntea", at=at(hours=1)),
        invite.Join(by="bob", code="anntea", link="dee", at=at(hours=2)),
        invite.Join(by="dee", code="anntea", link="bob", at=at(hours=2)),
        invite.Join(by="ann", link="dee", at=at(hours=3)),
        invite.Join(by="eve", code="nobody", at=at(hours=3)),
    ]
    told += [
        invite.Join(by=one, link="carl", at=at(hours=4 + n)) for n, one in enumerate(CROWD[:5])
    ]
    told += [
        invite.Order(order="o1", by="carl", amount=CNY("99.99"), at=at(days=1)),
        invite.Order(order="o2", by="dee", amount=CNY(300), at=at(days=1)),
        invite.Refund(order="o3", refund="r1", by="desk", amount=CNY(9), at=at(days=2)),
        invite.Order(order="o3", by="member-1", amount=CNY(29), at=at(days=2)),
        invite.Refund(order="o1", refund="r2", by="desk", amount=CNY("33.33"), at=at(days=3)),
        invite.Hold(order="o2", by="desk", why="odd", at=at(days=4)),
        invite.Join(by="dee", link="ann", at=at(days=5)),
        invite.Mature(order="o3", buyer="member-1", inviter="carl", at=at(days=17)),
        invite.Release(order="o2", by="desk", why="fine", at=at(days=17)),
        invite.Refund(order="o1", refund="r3", by="desk", amount=CNY(90), at=at(days=18)),
        invite.Refund(order="o1", refund="r4", by="desk", amount=CNY("33.33"), at=at(days=19)),
        invite.ChargeBack(order="o2", by="bank", case="c1", at=at(days=20)),
        invite.Order(order="o4", by="member-2", amount=CNY(900), at=at(days=21)),
        invite.WinBack(order="o2", by="bank", case="c1", at=at(days=40)),
        invite.Refund(order="o4", refund="r5", by="desk", amount=CNY(1), at=at(days=41)),
        invite.Reject(order="o4", by="desk", why="late", at=at(days=42)),
        invite.Part(member="carl", at=at(days=90, hours=1)),
        invite.Order(order="o5", by="member-2", amount=CNY(50), at=at(days=120)),
    ]
    return campaign, told


STORIES = {
    "friends": friends,
    "rain-pack": rain_pack,
    "uniform-pack": uniform_pack,
    "short-pack": short_pack,
    "asked-pack": asked_pack,
    "weighted-pack": weighted_pack,
    "teapots": teapots,
    "old-accounts": old_accounts,
    "running-out": running_out,
}
AGES = {"ann": timedelta(days=30), "bob": timedelta(days=7), "carl": timedelta(days=6)}


def record(name: str) -> dict[str, Any]:
    """A story as it is kept: what was asked, what was known, what was decided."""
    campaign, commands = STORIES[name]()
    facts = {member: dict(told) for member, told in FACTS.items()}
    for member, age in AGES.items():
        facts[member]["registered_at"] = (at(hours=1) - age).isoformat()
    known = {member: readable(told) for member, told in facts.items()}
    shop = shop_of(campaign, entropy=DerivedEntropy("golden"), facts=known)
    keyed = [msgspec.structs.replace(one, key=f"k{n}") for n, one in enumerate(commands)]
    for command in keyed:
        shop.handle(campaign, command)
    return {
        "campaign": json.loads(Codec().campaign_json(campaign)),
        "hash": campaign.hash,
        "facts": facts,
        "commands": [json.loads(encode(one)) for one in keyed],
        "journal": [
            json.loads(encode(line.decision)) for line in shop.store.journal(campaign.name)
        ],
    }


def readable(told: dict[str, object]) -> dict[str, object]:
    """Facts as JSON has them, made into facts."""
    from datetime import datetime

    return {
        name: datetime.fromisoformat(str(value)) if name == "registered_at" else value
        for name, value in told.items()
    }


def main() -> None:
    folder = Path(__file__).parent / sys.argv[1]
    folder.mkdir(exist_ok=True)
    for name in STORIES:
        path = folder / f"{name}.json"
        if path.exists():
            print(f"{path.name} is kept as it is")
            continue
        text = json.dumps(record(name), ensure_ascii=False, indent=1, sort_keys=True)
        path.write_text(text + "\n", encoding="utf-8")
        print(f"{path.name} recorded")


if __name__ == "__main__":
    main()
