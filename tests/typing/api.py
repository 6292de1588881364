"""What a user's type checker must make of the library. Checked by mypy and pyright, never run."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, assert_type

from viralcommerce import (
    DAY,
    UNLIMITED,
    AccountAge,
    Award,
    Campaign,
    Cap,
    Grant,
    Limit,
    NewMember,
    Points,
    Refused,
    SameDevice,
    Shop,
    hours,
)
from viralcommerce.codec import Codec
from viralcommerce.errors import CurrencyMismatch, InvalidRule, ViralCommerceError
from viralcommerce.kinds import KINDS
from viralcommerce.mechanics import collect, invite
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Accepted
from viralcommerce.readings.liability import liability
from viralcommerce.readings.schema import schema
from viralcommerce.readings.terms import Terms, terms
from viralcommerce.readings.why import Explanation, why
from viralcommerce.rules.limits import Unlimited
from viralcommerce.rules.rewards import Coupon, Product, Reward
from viralcommerce.rules.splits import LuckySplit, Split
from viralcommerce.spread.levels import FixedLevels
from viralcommerce.spread.rows import grants_of
from viralcommerce.values.dice import Dice, ScriptedDice, SeededDice
from viralcommerce.values.money import CNY, Currency, Money
from viralcommerce.values.percent import WHOLE, Percent, percent
from viralcommerce.values.rounding import Rounding, divide
from viralcommerce.values.spans import days, read_span


def amounts() -> None:
    assert_type(CNY, Currency)
    assert_type(CNY(60), Money)
    assert_type(CNY("7.41"), Money)
    assert_type(CNY(Decimal("7.41")) + CNY(1), Money)
    assert_type(CNY(60).minor, int)
    assert_type(CNY(60).major, Decimal)
    assert_type(CNY(1) * 3, Money)
    assert_type(CNY(1) < CNY(2), bool)
    assert_type(percent(5), Percent)
    assert_type(WHOLE.of(CNY(60), rounding=Rounding.DOWN), Money)
    assert_type(divide(7, 2, Rounding.HALF_EVEN), int)


def floats_are_refused_by_type() -> None:
    CNY(7.41)  # type: ignore[arg-type]
    percent(7.5)  # type: ignore[arg-type]
    CNY(1) * 1.5  # type: ignore[operator]


def spans() -> None:
    assert_type(days(7), timedelta)
    assert_type(read_span("48 hours"), timedelta)


def splits(throws: Sequence[int]) -> None:
    split: Split = LuckySplit(CNY(60), parts=10, least=CNY(3))
    dice: Dice = SeededDice("c0ffee")
    assert_type(split.share(6_000, 0, dice), int)
    assert_type(split.share(6_000, 0, ScriptedDice(throws)), int)
    assert_type(split.total, Money)


def rewards() -> None:
    coupon: Reward = Coupon(WHOLE, valid_for=days(7))
    product: Reward = Product("teapot", worth=CNY(30), stock=2_000)
    assert_type(coupon.price, Money | None)
    assert_type(product.units, int)
    Coupon()  # type: ignore[call-arg]
    Product("teapot", CNY(30))  # type: ignore[call-arg]


def readings(
    campaign: Campaign, decision: Accepted[pack.Grab, pack.Events], mine: type[Reward]
) -> None:
    assert_type(terms(campaign), Terms)
    assert_type(terms(campaign, "zh").sections[0].clauses, tuple[str, ...])
    terms(campaign, "fr")  # type: ignore[arg-type]
    assert_type(why(decision, "operator", "zh", campaign=campaign), Explanation)
    assert_type(why(decision).codes, tuple[str, ...])
    why(decision, "boss")  # type: ignore[arg-type]
    assert_type(liability(campaign, instances=10).worst, Money | Unlimited)
    assert_type(liability(campaign).expected, Fraction | Unlimited)
    assert_type(liability(campaign).one.least, Money)
    assert_type(schema(pack.CouponPack, kinds=KINDS | {"mine": mine}), dict[str, Any])
    assert_type(Codec(KINDS | {"mine": mine}).read_campaign(b"{}"), Campaign)


def errors(error: CurrencyMismatch) -> None:
    as_base: ViralCommerceError = error
    as_builtin: ValueError = error
    assert_type(InvalidRule("a pack: no parts").message, str)
    raise as_base from as_builtin


def a_shop_writes_campaigns_and_decides() -> None:
    """The README says it so: one grant, one limit, one scope need no tuple."""
    rain_pack = Campaign(
        "rain-pack",
        pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
        grants=(
            Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
            Grant(
                Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED, at_most=Limit(5, per=pack.PACK)
            ),
            Grant(give=Points(2), to=pack.SHARER, on=pack.GRABBED, at_most=20, given=NewMember()),
        ),
        given=~SameDevice(between=(pack.GRABBER, pack.SHARER)) & AccountAge(at_least=days(7)),
        budget=CNY(200_000),
        limits=(Cap("grabs-a-day", 3, on=pack.GRABBED, of=pack.GRABBER, per=DAY),),
    )
    teapot = Product("teapot", worth=CNY(30), stock=2_000)
    likes = Campaign(
        "likes",
        collect.Collect(goal=38, within=hours(48)),
        grants=Grant(teapot, to=collect.COLLECTOR, on=collect.REACHED, at_most=1),
        budget=UNLIMITED,
    )
    friends = Campaign(
        "friends",
        invite.Invite(matures_after=days(15), least=CNY(50), levels=2),
        grants=(
            Grant(Coupon(CNY(10)), to=invite.INVITEE, on=invite.JOINED),
            *grants_of(FixedLevels((percent(5),)), on=invite.ORDERED, to=invite.upline),
        ),
        budget=CNY(9_000),
    )
    assert_type(liability(friends, largest=CNY(300)).worst, Money | Unlimited)
    with Shop.open("memory:", rain_pack, likes, friends) as shop:
        shop.handle(friends, invite.Order(order="o-1", by="bob", amount=CNY(99)))
        match shop.handle(rain_pack, pack.Grab(pack="ride-1", by="bob")):
            case Accepted(awards=awards):
                assert_type(awards, tuple[Award, ...])
            case Refused(refusal=refusal):
                assert_type(refusal, Any)
