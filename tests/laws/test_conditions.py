"""The laws of conditions (rules/condition_family.py, compiled.py, needs.py): one test a law."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import product
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from viralcommerce.errors import ViralCommerceError
from viralcommerce.rules.base import dump, load
from viralcommerce.rules.compiled import compile_condition
from viralcommerce.rules.condition_family import leaves
from viralcommerce.rules.conditions import (
    CONDITIONS,
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
    Velocity,
)
from viralcommerce.rules.evaluate import Unmet, evaluate, leaf_text
from viralcommerce.rules.facts import Facts
from viralcommerce.rules.needs import needs, prune, roles_of
from viralcommerce.rules.phrases import leaf_phrases, phrase_en, phrase_zh
from viralcommerce.values.money import CNY, USD
from viralcommerce.values.spans import days, hours
from viralcommerce.values.windows import Window

KINDS = {cls.kind: cls for cls in CONDITIONS}
NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
NAIVE = datetime.fromisoformat("2026-11-11T12:00:00")
SHANGHAI = ZoneInfo("Asia/Shanghai")
ROLES = ("liker", "collector", "friend")
SUBJECT = "liker"
Truth = float  # 0 unmet, 0.5 unknown, 1 met

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


def kleene(condition: Condition, facts: Facts, at: datetime) -> Truth:
    """The truth of a condition from the truth of its leaves, by Kleene's tables alone."""
    match condition:
        case Not():
            return 1 - kleene(condition.part, facts, at)
        case AllOf():
            return min(kleene(part, facts, at) for part in condition.parts)
        case AnyOf():
            return max(kleene(part, facts, at) for part in condition.parts)
        case _:
            return truth(evaluate(condition, SUBJECT, facts, at))


def truth(unmet: Unmet | None) -> Truth:
    if unmet is None:
        return 1
    return 0.5 if unmet.missing else 0


@given(conditions, right_facts, times)
def test_three_values(condition: Condition, facts: Facts, at: datetime) -> None:
    """RQ-11: unknown is its own answer, and says which facts; unmet says which leaves."""
    unmet = evaluate(condition, SUBJECT, facts, at)
    assert truth(unmet) == kleene(condition, facts, at)
    if unmet is None:
        return
    asked = {(role, fact) for role, names in needs(condition, SUBJECT).items() for fact in names}
    assert set(unmet.missing) <= asked
    assert all(facts.get(role, {}).get(fact) is None for role, fact in unmet.missing)
    assert unmet.missing or unmet.leaves
    assert set(unmet.leaves) <= set(leaf_phrases(condition, SUBJECT))


@given(conditions, conditions, right_facts, times)
def test_de_morgan(a: Condition, b: Condition, facts: Facts, at: datetime) -> None:
    assert plainly(~(a & b), facts, at) == plainly(~a | ~b, facts, at)
    assert plainly(~(a | b), facts, at) == plainly(~a & ~b, facts, at)


@given(conditions, any_facts, any_times)
def test_twice_not(a: Condition, facts: Facts, at: datetime) -> None:
    assert plainly(Not(Not(a)), facts, at) == plainly(a, facts, at)
    assert ~Not(a) == a


def shuffled(
    condition: Condition, dice: Callable[[list[Condition]], list[Condition]]
) -> Condition:
    match condition:
        case Not():
            return Not(shuffled(condition.part, dice))
        case AllOf() | AnyOf():
            return type(condition)(tuple(dice([shuffled(each, dice) for each in condition.parts])))
        case _:
            return condition


@given(conditions, right_facts, times, st.randoms(use_true_random=False))
def test_order(condition: Condition, facts: Facts, at: datetime, dice: object) -> None:
    def mixed(parts: list[Condition]) -> list[Condition]:
        dice.shuffle(parts)  # type: ignore[attr-defined]
        return parts

    before = evaluate(condition, SUBJECT, facts, at)
    after = evaluate(shuffled(condition, mixed), SUBJECT, facts, at)
    assert truth(before) == truth(after)
    if before is not None and after is not None:
        assert set(before.leaves) == set(after.leaves)
        assert set(before.missing) == set(after.missing)


@given(conditions)
def test_round_trip(condition: Condition) -> None:
    text = json.dumps(dump(condition))
    again = load(json.loads(text), Condition, KINDS)
    assert again == condition
    assert hash(again) == hash(condition)
    assert json.dumps(dump(again)) == text


@settings(max_examples=300)
@given(conditions, any_facts, any_times)
def test_compiled_is_plain(condition: Condition, facts: Facts, at: datetime) -> None:
    """Answers, reasons in their order, facts missing, and errors word for word."""
    check = compile_condition(condition, SUBJECT)
    assert outcome(lambda: check.test(facts, at)) == plainly(condition, facts, at)


def test_each_leaf_compiled_is_plain_on_every_value() -> None:
    """Not left to chance: each kind of leaf, and its contrary, on each right and wrong value."""
    seen = set()
    for leaf in EACH_LEAF:
        seen.add(type(leaf))
        asks = leaf.asks(SUBJECT)
        choices = [[*RIGHT.get(ask.fact, []), *WRONG, None] for ask in asks]
        for condition in (leaf, ~leaf, leaf | HasTag("vip", of="friend")):
            check = compile_condition(condition, SUBJECT)
            for values in product(*choices):
                facts: dict[str, dict[str, object]] = {"friend": {"tags": set()}}
                for ask, value in zip(asks, values, strict=True):
                    facts.setdefault(ask.role, {})[ask.fact] = value
                for at in (NOON, NOON - hours(1), NAIVE):
                    compiled = outcome(lambda f=facts, t=at, c=check: c.test(f, t))  # type: ignore[misc]
                    assert compiled == plainly(condition, facts, at), (condition, facts, at)
    assert seen == {cls for cls in CONDITIONS if issubclass(cls, Leaf)} - {Velocity}


def is_plain(value: object) -> bool:
    """What compiled code answers for itself: the usual types, times in UTC."""
    if isinstance(value, datetime):
        return value.tzinfo is UTC
    return not isinstance(value, Decimal | Fraction)


def test_plain_facts_are_never_handed_over() -> None:
    """What is fast stays fast: the interpreter is asked for the odd fact only."""
    for leaf in EACH_LEAF:
        asks = leaf.asks(SUBJECT)
        values = product(*(filter(is_plain, RIGHT[ask.fact]) for ask in asks))
        for each in values:
            facts: dict[str, dict[str, object]] = {}
            for ask, value in zip(asks, each, strict=True):
                facts.setdefault(ask.role, {})[ask.fact] = value
            for condition in (leaf, ~leaf):
                check = compile_condition(condition, SUBJECT)
                assert "Known" not in check.source
                expected = plainly(condition, facts, NOON)
                check.test.__globals__["slow"] = None
                assert check.test(facts, NOON) == expected


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


@given(conditions, st.sampled_from(HOSTILE), any_facts)
def test_no_text(condition: Condition, hostile: str, facts: Facts) -> None:
    """Nothing an operator writes is ever parsed as code, in Python or from JSON."""
    other = relabeled(condition, hostile)
    other = load(json.loads(json.dumps(dump(other))), Condition, KINDS)
    check = compile_condition(other, SUBJECT)
    assert check.source == compile_condition(condition, SUBJECT).source
    assert hostile not in check.source
    known = {role: {**each, f"field:{hostile}": hostile} for role, each in facts.items()}
    assert outcome(lambda: check.test(known, NOON)) == plainly(other, known, NOON)


@given(conditions, right_facts, times)
def test_neutral(condition: Condition, facts: Facts, at: datetime) -> None:
    assert prune(condition, frozenset(ROLES), SUBJECT) is condition


@given(conditions, st.sets(st.sampled_from(ROLES)))
def test_no_strangers(condition: Condition, cast: set[str]) -> None:
    left = prune(condition, frozenset(cast), SUBJECT)
    if left is None:
        return
    assert set(needs(left, SUBJECT)) <= cast
    assert roles_of(left) <= cast
    assert prune(left, frozenset(cast), SUBJECT) is left


@given(conditions, st.sets(st.sampled_from(ROLES)), right_facts, times)
def test_what_is_pruned_neither_helps_nor_hinders(
    condition: Condition, cast: set[str], facts: Facts, at: datetime
) -> None:
    """Against a model that carries "does not apply" through the tables."""

    def model(each: Condition) -> Truth | None:
        match each:
            case Not():
                inner = model(each.part)
                return None if inner is None else 1 - inner
            case AllOf() | AnyOf():
                values = [value for part in each.parts if (value := model(part)) is not None]
                if not values:
                    return None
                return min(values) if isinstance(each, AllOf) else max(values)
            case _:
                if set(needs(each, SUBJECT)) <= cast:
                    return truth(evaluate(each, SUBJECT, facts, at))
                return None

    left = prune(condition, frozenset(cast), SUBJECT)
    expected = model(condition)
    if left is None:
        assert expected is None
    else:
        assert truth(evaluate(left, SUBJECT, facts, at)) == expected


@given(conditions)
def test_needs_is_what_is_read(condition: Condition) -> None:
    """One question to the host is enough: nothing is read that was not asked for."""

    class Watched(dict[str, object]):
        def __init__(self, role: str) -> None:
            super().__init__()
            self.role = role

        def get(self, name: str, default: object = None) -> object:
            read.add((self.role, name))
            return default

        def __getitem__(self, name: str) -> object:
            read.add((self.role, name))
            raise KeyError(name)

    read: set[tuple[str, str]] = set()
    compile_condition(condition, SUBJECT).test({role: Watched(role) for role in ROLES}, NOON)
    asked = {(role, fact) for role, facts in needs(condition, SUBJECT).items() for fact in facts}
    assert read <= asked


@given(conditions)
def test_words_of_a_contrary_are_others(condition: Condition) -> None:
    """Prose comes from the value: what it says and what its contrary says differ."""
    for phrase in (phrase_en, phrase_zh):
        assert phrase(condition) != phrase(Not(condition))
        assert phrase(Not(Not(condition))) == phrase(condition)


@given(conditions)
def test_leaf_texts_tell_leaves_apart(condition: Condition) -> None:
    """A leaf about ``""`` and one about the subject by name are one leaf, the others are not."""
    written = set()
    for leaf in leaves(condition):
        data = dump(leaf)
        if "of" in data:
            data["of"] = leaf.about or SUBJECT
        written.add(json.dumps(data, sort_keys=True))
    assert len({leaf_text(leaf, SUBJECT) for leaf in leaves(condition)}) == len(written)
