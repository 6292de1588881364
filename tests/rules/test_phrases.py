"""Words for members: made from the value, the contrary said as such."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from viralcommerce.rules.conditions import (
    CONDITIONS,
    AccountAge,
    Condition,
    DistinctFingerprints,
    During,
    DuringRecurring,
    FlagIs,
    HasTag,
    Leaf,
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
from viralcommerce.rules.phrases import leaf_phrases, phrase_en, phrase_zh
from viralcommerce.rules.wording import Wording, listed_zh
from viralcommerce.values.money import CNY
from viralcommerce.values.spans import days, hours, minutes
from viralcommerce.values.windows import Window

WORDS = Wording(
    roles_en={"liker": "friend who likes"},
    roles_zh={"liker": "点赞人", "collector": "集赞人"},
    zone="Asia/Shanghai",
)
EVE = datetime(2026, 11, 10, 16, tzinfo=UTC)
FIRST = datetime.fromisoformat("2026-01-02T20:00:00")
BOTH = ("liker", "collector")


def recurring(rule: str) -> DuringRecurring:
    return DuringRecurring(
        rule,
        lasting=minutes(90),
        zone="Asia/Shanghai",
        starts=FIRST,
    )


SAID: Sequence[tuple[Leaf, str, str, str, str]] = [
    (
        NewMember(),
        "a new member, without a paid order",
        "a member who has paid for an order",
        "为从未支付过订单的新用户",
        "为支付过订单的老用户",
    ),
    (
        AccountAge(at_least=days(7), of="liker"),
        "the friend who likes: an account at least 7 days old",
        "the friend who likes: an account less than 7 days old",
        "点赞人账号注册满7天",
        "点赞人账号注册未满7天",
    ),
    (
        PaidOrders(at_least=1),
        "at least 1 paid order",
        "fewer than 1 paid order",
        "已支付订单数不少于1",
        "已支付订单数少于1",
    ),
    (
        PaidOrders(at_most=3),
        "at most 3 paid orders",
        "more than 3 paid orders",
        "已支付订单数不超过3",
        "已支付订单数多于3",
    ),
    (
        PaidOrders(at_least=2, at_most=2),
        "exactly 2 paid orders",
        "fewer than 2 or more than 2 paid orders",
        "已支付订单数恰为2",
        "已支付订单数少于2或多于2",
    ),
    (
        NumberIs("score", at_least=1, at_most=3),
        '"score" 1 to 3',
        '"score" less than 1 or more than 3',
        "“score”在1至3之间",
        "“score”少于1或多于3",
    ),
    (HasTag("vip"), 'the tag "vip"', 'no tag "vip"', "拥有“vip”标签", "没有“vip”标签"),
    (
        Region(within=("CN/31", "CN/32", "US")),
        "a place within CN/31, CN/32 or US",
        "a place outside CN/31, CN/32 and US",
        "所在地区属于CN/31、CN/32或US",
        "所在地区不属于CN/31、CN/32或US",
    ),
    (
        Spent(at_least=CNY("60.50")),
        "at least ¥60.50 spent",
        "less than ¥60.50 spent",
        "累计消费满60.50元",
        "累计消费未满60.50元",
    ),
    (
        SameDevice(between=BOTH),
        "a device shared by the friend who likes and the collector",
        "no device shared by the friend who likes and the collector",
        "点赞人和集赞人使用过同一设备",
        "点赞人和集赞人没有使用过同一设备",
    ),
    (
        SameHousehold(between=BOTH),
        "one household for the friend who likes and the collector",
        "different households for the friend who likes and the collector",
        "点赞人和集赞人属于同一家庭",
        "点赞人和集赞人不属于同一家庭",
    ),
    (
        DistinctFingerprints(between=BOTH),
        "fingerprints that tell the friend who likes and the collector apart",
        "no fingerprints that tell the friend who likes and the collector apart",
        "身份特征表明点赞人和集赞人不是同一人",
        "身份特征不能表明点赞人和集赞人不是同一人",
    ),
    (
        During(Window(EVE, EVE + days(1))),
        "from 2026-11-11 00:00 (Asia/Shanghai) until before 2026-11-12 00:00 (Asia/Shanghai)",
        "before 2026-11-11 00:00 (Asia/Shanghai) or from 2026-11-12 00:00 (Asia/Shanghai) on",
        "自2026-11-11 00:00 (Asia/Shanghai)起至2026-11-12 00:00 (Asia/Shanghai)前",
        "在2026-11-11 00:00 (Asia/Shanghai)之前或自2026-11-12 00:00 (Asia/Shanghai)起",
    ),
    (
        During(Window.since(EVE)),
        "from 2026-11-11 00:00 (Asia/Shanghai) on",
        "before 2026-11-11 00:00 (Asia/Shanghai)",
        "自2026-11-11 00:00 (Asia/Shanghai)起",
        "在2026-11-11 00:00 (Asia/Shanghai)之前",
    ),
    (
        During(Window.until(EVE)),
        "before 2026-11-11 00:00 (Asia/Shanghai)",
        "from 2026-11-11 00:00 (Asia/Shanghai) on",
        "在2026-11-11 00:00 (Asia/Shanghai)之前",
        "自2026-11-11 00:00 (Asia/Shanghai)起",
    ),
    (
        recurring("FREQ=WEEKLY;BYDAY=SA,SU"),
        (
            "every Saturday and Sunday from 20:00 (Asia/Shanghai) for 1 hour 30 minutes, "
            "since 2026-01-02"
        ),
        (
            "any time but every Saturday and Sunday from 20:00 (Asia/Shanghai) "
            "for 1 hour 30 minutes, "
            "since 2026-01-02"
        ),
        "在自2026-01-02起每周六和周日20:00（Asia/Shanghai）起的1小时30分钟之内",
        "不在自2026-01-02起每周六和周日20:00（Asia/Shanghai）起的1小时30分钟之内",
    ),
    (
        recurring("FREQ=DAILY"),
        "every day from 20:00 (Asia/Shanghai) for 1 hour 30 minutes, since 2026-01-02",
        (
            "any time but every day from 20:00 (Asia/Shanghai) for 1 hour 30 minutes, "
            "since 2026-01-02"
        ),
        "在自2026-01-02起每天20:00（Asia/Shanghai）起的1小时30分钟之内",
        "不在自2026-01-02起每天20:00（Asia/Shanghai）起的1小时30分钟之内",
    ),
    (
        recurring("FREQ=MONTHLY;BYMONTHDAY=1,15"),
        (
            "on day 1 and 15 of every month from 20:00 (Asia/Shanghai) for 1 hour 30 minutes, "
            "since 2026-01-02"
        ),
        (
            "any time but on day 1 and 15 of every month from 20:00 (Asia/Shanghai) for 1 hour "
            "30 minutes, since 2026-01-02"
        ),
        "在自2026-01-02起每月1日和15日20:00（Asia/Shanghai）起的1小时30分钟之内",
        "不在自2026-01-02起每月1日和15日20:00（Asia/Shanghai）起的1小时30分钟之内",
    ),
    (
        recurring("FREQ=YEARLY;BYMONTH=11"),
        "the times of the rule FREQ=YEARLY;BYMONTH=11, for 1 hour 30 minutes, since 2026-01-02",
        (
            "any time but the times of the rule FREQ=YEARLY;BYMONTH=11, for 1 hour 30 minutes, "
            "since 2026-01-02"
        ),
        "在自2026-01-02起按规则FREQ=YEARLY;BYMONTH=11开放的1小时30分钟之内",
        "不在自2026-01-02起按规则FREQ=YEARLY;BYMONTH=11开放的1小时30分钟之内",
    ),
    (
        NumberIs("score", at_least=Decimal("2.5")),
        '"score" at least 2.5',
        '"score" less than 2.5',
        "“score”不少于2.5",
        "“score”少于2.5",
    ),
    (
        TextIs("channel", one_of=("app",)),
        '"channel" app',
        '"channel" not app',
        "“channel”为app",
        "“channel”不为app",
    ),
    (FlagIs("staff"), '"staff": yes', '"staff": no', "“staff”为是", "“staff”为否"),
    (
        MomentIs("seen", after=EVE),
        '"seen" from 2026-11-11 00:00 (Asia/Shanghai) on',
        '"seen" before 2026-11-11 00:00 (Asia/Shanghai)',
        "“seen”不早于2026-11-11 00:00 (Asia/Shanghai)",
        "“seen”早于2026-11-11 00:00 (Asia/Shanghai)",
    ),
    (
        MomentIs("seen", before=EVE),
        '"seen" before 2026-11-11 00:00 (Asia/Shanghai)',
        '"seen" from 2026-11-11 00:00 (Asia/Shanghai) on',
        "“seen”早于2026-11-11 00:00 (Asia/Shanghai)",
        "“seen”不早于2026-11-11 00:00 (Asia/Shanghai)",
    ),
    (
        MomentIs("seen", after=EVE, before=EVE + days(1)),
        (
            '"seen" from 2026-11-11 00:00 (Asia/Shanghai) until before 2026-11-12 00:00 '
            "(Asia/Shanghai)"
        ),
        (
            '"seen" before 2026-11-11 00:00 (Asia/Shanghai) or from 2026-11-12 00:00 '
            "(Asia/Shanghai) on"
        ),
        "“seen”不早于2026-11-11 00:00 (Asia/Shanghai)且早于2026-11-12 00:00 (Asia/Shanghai)",
        "“seen”早于2026-11-11 00:00 (Asia/Shanghai)或不早于2026-11-12 00:00 (Asia/Shanghai)",
    ),
]


@pytest.mark.parametrize("said", SAID, ids=lambda said: str(said[1]))
def test_each_leaf_and_its_contrary(said: tuple[Leaf, str, str, str, str]) -> None:
    leaf, met_en, contrary_en, met_zh, contrary_zh = said
    assert phrase_en(leaf, WORDS) == met_en
    assert phrase_en(~leaf, WORDS) == contrary_en
    assert phrase_zh(leaf, WORDS) == met_zh
    assert phrase_zh(~leaf, WORDS) == contrary_zh


def test_every_kind_has_its_words_here() -> None:
    said = {type(each[0]) for each in SAID}
    assert said == {cls for cls in CONDITIONS if issubclass(cls, Leaf)} - {Velocity}


@pytest.mark.parametrize(
    ("velocity", "english", "chinese"),
    [
        (
            Velocity(at_most=1, within=hours(1)),
            "at most once in 1 hour for each member",
            "每位用户在1小时内最多1次",
        ),
        (
            Velocity(at_most=20, within=days(1), key="fingerprints"),
            "at most 20 times in 24 hours for each fingerprint",
            "每个身份特征在24小时内最多20次",
        ),
        (
            Velocity(at_most=2, within=hours(1), key="field:office"),
            'at most 2 times in 1 hour for each "office"',
            "每个“office”在1小时内最多2次",
        ),
    ],
)
def test_velocities(velocity: Velocity, english: str, chinese: str) -> None:
    assert phrase_en(velocity) == english
    assert phrase_zh(velocity) == chinese
    assert velocity.says_en(WORDS)[1].startswith("more than")
    assert "超过" in velocity.says_zh(WORDS)[1]


VIP, APP, NEW = HasTag("vip"), HasTag("app"), NewMember()


@pytest.mark.parametrize(
    ("condition", "english", "chinese"),
    [
        (
            VIP & (APP | ~NEW),
            'the tag "vip", and (the tag "app", or a member who has paid for an order)',
            "拥有“vip”标签，且（拥有“app”标签，或为支付过订单的老用户）",
        ),
        (
            ~(VIP & APP),
            'no tag "vip", or no tag "app"',
            "没有“vip”标签，或没有“app”标签",
        ),
        (
            VIP & ~(APP | NEW),
            'the tag "vip", and no tag "app", and a member who has paid for an order',
            "拥有“vip”标签，且没有“app”标签，且为支付过订单的老用户",
        ),
        (
            VIP | ~(APP | NEW),
            'the tag "vip", or (no tag "app", and a member who has paid for an order)',
            "拥有“vip”标签，或（没有“app”标签，且为支付过订单的老用户）",
        ),
    ],
)
def test_brackets_stand_where_they_are_needed(
    condition: Condition, english: str, chinese: str
) -> None:
    assert phrase_en(condition) == english
    assert phrase_zh(condition) == chinese


def test_a_refusal_is_explained_from_the_condition_it_was_decided_by() -> None:
    """RQ-11."""
    phrases = leaf_phrases(VIP & ~(APP | NEW) & Velocity(at_most=1, within=hours(1)), "grabber")
    assert phrases == {
        "has_tag(of=grabber, tag=vip)": ('the tag "vip"', "拥有“vip”标签"),
        "not has_tag(of=grabber, tag=app)": ('no tag "app"', "没有“app”标签"),
        "not new_member(of=grabber)": (
            "a member who has paid for an order",
            "为支付过订单的老用户",
        ),
    }


def test_the_member_is_who_has_no_role() -> None:
    assert WORDS.who_en("") == "the member"
    assert WORDS.who_zh("") == "用户"
    assert listed_zh(["甲"], "或") == "甲"
