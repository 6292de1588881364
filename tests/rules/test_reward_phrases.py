"""What members read of a reward by itself, in both languages, to the letter."""

from __future__ import annotations

import pytest

from viralcommerce import (
    CNY,
    UNLIMITED,
    WHOLE,
    Cap,
    Cash,
    Coupon,
    Credit,
    Limit,
    Points,
    Product,
    Right,
    days,
    percent,
)
from viralcommerce.errors import InvalidRule
from viralcommerce.rules.base import rule
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import DAY, MONTH, WEEK, canonical, quota_name
from viralcommerce.rules.rewards import Entry, Reward, Title

HALF = percent(50)
PHRASES: dict[str, tuple[Reward, str, str]] = {
    "a coupon of money": (
        Coupon(CNY(2), valid_for=days(7)),
        "a ¥2 coupon, valid for 7 days",
        "2元优惠券（自发放起7天内有效）",
    ),
    "a coupon of a share": (
        Coupon(HALF),
        "a coupon for 50% of the amount, valid without end",
        "面额为相应金额50%的优惠券（长期有效）",
    ),
    "a coupon of all of it": (
        Coupon(WHOLE, spend_at_least=CNY(20)),
        "a coupon for the amount, for an order of at least ¥20, valid without end",
        "面额为相应金额的优惠券（订单满20元可用，长期有效）",
    ),
    "credit": (
        Credit(CNY("2.50")),
        "¥2.50 as shop credit, valid without end",
        "2.50元余额（长期有效）",
    ),
    "credit of a share": (
        Credit(HALF),
        "50% of the amount as shop credit, valid without end",
        "金额为相应金额50%的余额（长期有效）",
    ),
    "cash": (Cash(CNY(2)), "¥2 in cash", "2元现金"),
    "cash of a share": (Cash(HALF), "50% of the amount in cash", "金额为相应金额50%的现金"),
    "one point": (Points(1), "1 point", "1积分"),
    "points": (
        Points(2_000, worth=CNY(2)),
        "2,000 points worth ¥2",
        "2000积分（价值2元）",
    ),
    "as many things as are earned": (
        Product("cup", worth=CNY(1), stock=UNLIMITED),
        '"cup" worth ¥1, as many as are earned',
        "“cup”一件（价值1元，数量不限）",
    ),
    "so many things": (
        Product("cup", worth=CNY(1), stock=2_000),
        '"cup" worth ¥1, 2,000 in all',
        "“cup”一件（价值1元，共2000件）",
    ),
    "a right": (
        Right("tea", stock=30),
        'the right to buy "tea", valid without end, 30 in all',
        "“tea”购买资格一份（长期有效，共30份）",
    ),
    "an entry": (Entry("spring"), 'an entry into "spring"', "“spring”活动参与资格一次"),
    "a title": (Title("star"), 'the title "star"', "“star”称号"),
}


@pytest.mark.parametrize("what", PHRASES)
def test_a_reward_is_said_by_itself(what: str) -> None:
    reward, english, chinese = PHRASES[what]
    assert reward.phrase_en() == english
    assert reward.phrase_zh() == chinese


def test_what_a_percentage_is_of_can_be_said() -> None:
    assert Cash(HALF).phrase_en("the order") == "50% of the order in cash"
    assert Cash(HALF).phrase_zh("订单金额") == "金额为订单金额50%的现金"


def test_a_bound_of_two_periods_says_where() -> None:
    with pytest.raises(InvalidRule) as raised:
        Limit(3, per=(DAY, WEEK))
    assert raised.value.message.startswith("Limit: limit: per=")
    with pytest.raises(InvalidRule) as raised:
        Cap("cap", 3, on="grabbed", of="grabber", per=(DAY, MONTH))
    assert "cap cap: per=" in raised.value.message
    with pytest.raises(InvalidRule, match="mine: per=") as raised:
        canonical((DAY, MONTH), "mine")
    assert canonical("day", "mine") == ("day",)


def test_a_bound_is_counted_by_its_own_name() -> None:
    assert quota_name(Limit(3)) == "/member"
    assert quota_name(Limit(3, per=DAY), "thanks") == "thanks/member/day"


def test_a_yes_is_no_count() -> None:
    with pytest.raises(InvalidRule, match=r"at_most: True is no count; give a whole number"):
        Grant(Points(1), to="grabber", on="grabbed", at_most=True)


@rule("sticker")
class Sticker(Reward):
    """A third party's reward that does not say how it reads."""

    size: int = 3


def test_a_reward_that_does_not_say_how_it_reads_is_spelled_out() -> None:
    assert "sticker" in Sticker().phrase_en()
    assert "3" in Sticker().phrase_zh()
