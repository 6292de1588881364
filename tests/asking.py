"""Stories about conditions: few people and values, right and wrong facts, each kind of leaf."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from viralcommerce.errors import ViralCommerceError
from viralcommerce.rules.conditions import (
    AccountAge,
    AllOf,
    AnyOf,
    Condition,
    DistinctFingerprints,
    During,
    DuringRecurring,
    FlagIs,
    HasTag,
    Leaf,
    MomentIs,
    NewMember,
    Not,
    NumberIs,
    PaidOrders,
    Region,
    SameDevice,
    SameHousehold,
    Spent,
    TextIs,
)
from viralcommerce.rules.evaluate import Unmet, evaluate
from viralcommerce.rules.facts import Facts
from viralcommerce.values.money import CNY, USD
from viralcommerce.values.spans import days, hours
from viralcommerce.values.windows import Window

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
NAIVE = datetime.fromisoformat("2026-11-11T12:00:00")
SHANGHAI = ZoneInfo("Asia/Shanghai")
ROLES = ("liker", "collector", "friend")
SUBJECT = "liker"

roles = st.sampled_from(["", "collector", "friend"])
pairs = st.sampled_from([("liker", "collector"), ("collector", "friend"), ("friend", "liker")])
counts = st.integers(1, 4)
bounds = st.one_of(
    st.tuples(counts, st.none()),
    st.tuples(st.none(), counts),
    st.tuples(counts, counts).map(lambda pair: (min(pair), max(pair))),
)
decimals = st.sampled_from([1, 2, Decimal("1.5"), Decimal("2.25")])
moments = st.sampled_from([NOON + days(n) - days(3) for n in range(4)])


def one_leaf() -> st.SearchStrategy[Condition]:
    """Few people, few values, so that leaves meet, clash and touch their bounds."""
    some = st.sampled_from
    friday = DuringRecurring(
        "FREQ=WEEKLY;BYDAY=WE",
        lasting=hours(2),
        zone="Asia/Shanghai",
        starts=datetime.fromisoformat("2026-01-07T20:00:00"),
    )
    return st.one_of(
        roles.map(lambda of: NewMember(of=of)),
        st.tuples(some([days(1), days(2)]), roles).map(
            lambda each: AccountAge(at_least=each[0], of=each[1])
        ),
        st.tuples(bounds, roles).map(
            lambda each: PaidOrders(at_least=each[0][0], at_most=each[0][1], of=each[1])
        ),
        st.tuples(some(["vip", "app"]), roles).map(lambda each: HasTag(each[0], of=each[1])),
        st.tuples(some([("CN",), ("CN/31", "US")]), roles).map(
            lambda each: Region(within=each[0], of=each[1])
        ),
        st.tuples(some([CNY(1), CNY(2)]), roles).map(
            lambda each: Spent(at_least=each[0], of=each[1])
        ),
        pairs.map(lambda pair: SameDevice(between=pair)),
        pairs.map(lambda pair: SameHousehold(between=pair)),
        pairs.map(lambda pair: DistinctFingerprints(between=pair)),
        some([During(Window(NOON, NOON + hours(1))), During(Window.until(NOON)), friday]),
        st.tuples(decimals, decimals, roles).map(
            lambda each: NumberIs(
                "score", at_least=min(each[:2]), at_most=max(each[:2]), of=each[2]
            )
        ),
        st.tuples(decimals, roles).map(
            lambda each: NumberIs("score", at_least=each[0], of=each[1])
        ),
        st.tuples(some([("app",), ("app", "")]), roles).map(
            lambda each: TextIs("channel", one_of=each[0], of=each[1])
        ),
        roles.map(lambda of: FlagIs("staff", of=of)),
        st.tuples(moments, roles).map(lambda each: MomentIs("seen", after=each[0], of=each[1])),
        st.tuples(moments, roles).map(
            lambda each: MomentIs("seen", after=each[0], before=each[0] + days(1), of=each[1])
        ),
    )


def grown(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(parts.map(AllOf), parts.map(AnyOf), inner.map(Not))


conditions = st.recursive(one_leaf(), grown, max_leaves=7)

RIGHT: dict[str, list[object]] = {
    "registered_at": [
        NOON - days(1),
        NOON - days(1) + timedelta(microseconds=1),
        (NOON - days(2)).astimezone(SHANGHAI),
        NOON + days(1),
    ],
    "paid_orders": [0, 1, 2, 3, 4, 5],
    "tags": [set(), {"vip"}, frozenset({"vip", "app"}), ["app"], ()],
    "region": ["CN", "CN/31", "CN/31/Pudong", "CN/310", "US", "CNX"],
    "spent": [CNY(0), CNY(1), CNY("1.99"), CNY(2)],
    "devices": [{"d1"}, {"d2"}, ["d1", "d2"], set(), ()],
    "household": ["h1", "h2"],
    "fingerprints": [{"f1"}, {"f2"}, ("f1", "f2"), frozenset()],
    "field:score": [0, 1, 2, 3, Decimal("1.5"), Decimal("2.250"), Fraction(3, 2), Fraction(9, 4)],
    "field:channel": ["app", "web", ""],
    "field:staff": [True, False],
    "field:seen": [NOON - days(3), NOON - days(2), (NOON - days(1)).astimezone(SHANGHAI), NOON],
}
WRONG: list[object] = [
    "9", "", 1, True, 1.5, float("nan"), Decimal("NaN"), -1, b"vip", {"": 1}, [1], ["", "vip"],
    NAIVE, datetime.max.replace(tzinfo=timezone(-hours(14))), USD(1), [[]], object,
]  # fmt: skip


@st.composite
def told(draw: st.DrawFn, *, wrong: bool) -> Facts:
    """What a host tells: much of it, some of it as None, now and then something else."""
    facts: dict[str, dict[str, object]] = {}
    often = draw(st.integers(0, 5))
    for role in draw(st.sets(st.sampled_from(ROLES))) if draw(st.integers(0, 4)) == 0 else ROLES:
        known: dict[str, object] = {}
        for name, values in RIGHT.items():
            dice = draw(st.integers(0, 9))
            if wrong and dice == 9:
                known[name] = draw(st.sampled_from(WRONG))
            elif dice >= often // 2:
                known[name] = draw(st.sampled_from([*values, None] if dice == 8 else values))
        facts[role] = known
    return facts


any_facts = told(wrong=True)
right_facts = told(wrong=False)
times = st.sampled_from([NOON, NOON.astimezone(SHANGHAI), NOON - hours(1), NOON + hours(2)])
any_times = st.one_of(times, st.just(NAIVE))


def outcome(ask: Callable[[], Unmet | None]) -> object:
    """What came of it: an answer, or an error with its words."""
    try:
        return ask()
    except ViralCommerceError as error:
        return type(error), str(error)


def plainly(condition: Condition, facts: Facts, at: datetime) -> object:
    return outcome(lambda: evaluate(condition, SUBJECT, facts, at))


EACH_LEAF: list[Leaf] = [
    NewMember(),
    AccountAge(at_least=days(1)),
    PaidOrders(at_least=2),
    PaidOrders(at_most=2),
    PaidOrders(at_least=1, at_most=2),
    HasTag("vip"),
    Region(within=("CN/31", "US")),
    Spent(at_least=CNY(1)),
    SameDevice(between=("liker", "collector")),
    SameHousehold(between=("liker", "collector")),
    DistinctFingerprints(between=("liker", "collector")),
    During(Window(NOON - hours(1), NOON)),
    DuringRecurring(
        "FREQ=DAILY",
        lasting=hours(1),
        zone="UTC",
        starts=NAIVE,
    ),
    NumberIs("score", at_least=2),
    NumberIs("score", at_most=Decimal("2.25")),
    NumberIs("score", at_least=1, at_most=2),
    TextIs("channel", one_of=("app", "")),
    FlagIs("staff"),
    MomentIs("seen", after=NOON - days(2)),
    MomentIs("seen", before=NOON - days(2)),
    MomentIs("seen", after=NOON - days(2), before=NOON),
]


HOSTILE = [
    '"]; __import__("os").abort() #',
    "'''",
    "{0}{a}{b}{}",
    "c0 or True",
    "x0 in c1: return None",
    "%s %(x)s \\\\N{DIGIT ONE}",
    "told[0]; at = subject",
]


def relabeled(condition: Condition, hostile: str) -> Condition:
    """The same shape, with a hostile text wherever a text may stand, and other amounts."""
    match condition:
        case Not():
            return Not(relabeled(condition.part, hostile))
        case AllOf() | AnyOf():
            return type(condition)(tuple(relabeled(part, hostile) for part in condition.parts))
        case HasTag():
            return HasTag(hostile, of=condition.of)
        case TextIs():
            texts = (hostile, f"\n        raise SystemExit  # {hostile}")
            return TextIs(hostile, one_of=texts, of=condition.of)
        case FlagIs():
            return FlagIs(f"flag {hostile}", of=condition.of)
        case Region():
            return Region(within=(hostile,), of=condition.of)
        case Spent():
            return Spent(at_least=CNY(77), of=condition.of)
        case _:
            return condition
