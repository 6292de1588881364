"""Conditions: what each asks, of whom, at its bounds; what cannot be written or be read."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from viralcommerce.errors import (
    CurrencyMismatch,
    InvalidRule,
    MembersFailed,
    NaiveTime,
    NoTruthValue,
)
from viralcommerce.rules.base import adapter, dump, load, made
from viralcommerce.rules.condition_family import MOST_DEPTH, depth
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
from viralcommerce.values.money import CNY, USD
from viralcommerce.values.spans import days, hours
from viralcommerce.values.windows import ALWAYS, Window

KINDS = {cls.kind: cls for cls in CONDITIONS}
NAIVE = datetime.fromisoformat("2026-11-11T12:00:00")
NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
VIP = HasTag("vip")
NEW = NewMember()


def ask(condition: Condition, at: datetime = NOON, **ann: object) -> bool:
    """Whether a condition about ann alone is met; it must not be unknown."""
    unmet = evaluate(condition, "liker", {"liker": ann}, at)
    assert unmet is None or not unmet.missing
    return unmet is None


def ask_two(condition: Condition, fact: str, ann: object, bob: object) -> bool:
    facts = {"liker": {fact: ann}, "collector": {fact: bob}}
    unmet = evaluate(condition, "liker", facts, NOON)
    assert unmet is None or not unmet.missing
    return unmet is None


# -- membership -----------------------------------------------------------------------------------


def test_new_is_who_never_paid_however_lately_they_registered() -> None:
    """EC-13: not thirty seconds since registration, not two equal timestamps."""
    assert ask(NEW, paid_orders=0, registered_at=NOON - days(400))
    assert not ask(NEW, paid_orders=1, registered_at=NOON)


def test_an_account_is_old_enough_at_the_instant_it_reaches_the_age() -> None:
    week = AccountAge(at_least=days(7))
    assert ask(week, registered_at=NOON - days(7))
    assert not ask(week, registered_at=NOON - days(7) + timedelta(microseconds=1))
    assert not ask(week, registered_at=NOON + days(1))


def test_age_is_elapsed_time_where_the_clocks_changed() -> None:
    """Two times of one zone would be subtracted by the wall: an hour too much in spring."""
    new_york = ZoneInfo("America/New_York")
    registered = datetime(2026, 3, 7, 12, tzinfo=new_york)
    next_noon = datetime(2026, 3, 8, 12, tzinfo=new_york)
    assert not ask(AccountAge(at_least=days(1)), next_noon, registered_at=registered)
    assert ask(AccountAge(at_least=hours(23)), next_noon, registered_at=registered)


def test_paid_orders_count_their_bounds_in() -> None:
    some = PaidOrders(at_least=2, at_most=3)
    assert [ask(some, paid_orders=n) for n in range(5)] == [False, False, True, True, False]
    assert ask(PaidOrders(at_most=0), paid_orders=0)


def test_a_tag_is_had_to_the_letter() -> None:
    assert ask(VIP, tags={"vip"})
    assert ask(VIP, tags=("app", "vip"))
    assert not ask(VIP, tags={"VIP", "vip2"})


def test_empty_collections_are_known_to_be_empty() -> None:
    """EC-117: no tags is an answer, and so is not having the tag."""
    assert not ask(VIP, tags=set())
    assert ask(~VIP, tags=[])
    assert not ask_two(SameDevice(between=("liker", "collector")), "devices", [], set())


def test_a_region_holds_the_places_inside_it_and_no_others() -> None:
    shanghai = Region(within=("CN/31", "US"))
    assert ask(shanghai, region="CN/31")
    assert ask(shanghai, region="CN/31/Pudong")
    assert not ask(shanghai, region="CN/310")
    assert not ask(shanghai, region="CN")


def test_spent_compares_amounts_of_one_currency() -> None:
    spent = Spent(at_least=CNY(100))
    assert ask(spent, spent=CNY(100))
    assert not ask(spent, spent=CNY("99.99"))
    with pytest.raises(CurrencyMismatch, match=r"USD 500\.00 cannot be compared with CNY 100\.00"):
        ask(spent, spent=USD(500))


# -- two members ----------------------------------------------------------------------------------


def test_one_person_with_two_accounts_shares_a_device() -> None:
    """RQ-16."""
    same = SameDevice(between=("liker", "collector"))
    assert ask_two(same, "devices", {"phone"}, ["phone", "tablet"])
    assert not ask_two(same, "devices", {"phone"}, {"other phone"})


def test_roommates_share_a_household_and_are_not_one_person() -> None:
    """EC-65, RQ-16: a dormitory or a carrier's address says nothing about devices."""
    facts: dict[str, dict[str, object]] = {
        "liker": {"household": "dorm 4", "devices": {"a"}},
        "collector": {"household": "dorm 4", "devices": {"b"}},
    }
    between = ("liker", "collector")
    assert evaluate(SameHousehold(between=between), "liker", facts, NOON) is None
    assert evaluate(~SameDevice(between=between), "liker", facts, NOON) is None


def test_people_are_told_apart_by_fingerprints_only_where_both_have_some() -> None:
    """RQ-16: any one mark in common is enough, and none at all proves nothing."""
    apart = DistinctFingerprints(between=("liker", "collector"))
    assert ask_two(apart, "fingerprints", {"card 1"}, {"card 2"})
    assert not ask_two(apart, "fingerprints", {"card 1", "phone 1"}, {"card 2", "phone 1"})
    assert not ask_two(apart, "fingerprints", set(), {"card 2"})


def test_two_empty_names_are_not_one_thing() -> None:
    between = ("liker", "collector")
    with pytest.raises(MembersFailed, match=r"liker\.household: expected text that is not empty"):
        ask_two(SameHousehold(between=between), "household", "", "")
    with pytest.raises(MembersFailed, match="none empty, not \\[''\\]"):
        ask_two(SameDevice(between=between), "devices", [""], [""])


def test_a_lone_text_is_no_collection() -> None:
    """``"vip" in "vip-lounge"`` would be true."""
    with pytest.raises(MembersFailed, match=r"liker.tags: expected a set, list or tuple"):
        ask(VIP, tags="vip-lounge")


# -- time -----------------------------------------------------------------------------------------


def test_a_window_has_its_first_instant_and_not_its_last() -> None:
    evening = During(Window(NOON, NOON + hours(1)))
    assert ask(evening, NOON)
    assert ask(evening, NOON + hours(1) - timedelta(microseconds=1))
    assert not ask(evening, NOON + hours(1))


def test_a_window_may_have_one_end() -> None:
    assert ask(During(Window.since(NOON)), NOON)
    assert not ask(During(Window.until(NOON)), NOON)


def test_a_window_that_recurs() -> None:
    fridays = DuringRecurring(
        "FREQ=WEEKLY;BYDAY=FR",
        lasting=hours(2),
        zone="Asia/Shanghai",
        starts=datetime.fromisoformat("2026-01-02T20:00:00"),
    )
    friday = datetime(2026, 11, 13, 12, tzinfo=UTC)  # 20:00 in Shanghai
    assert ask(fridays, friday)
    assert not ask(fridays, friday + hours(2))
    assert not ask(fridays, friday - days(1))


def test_the_time_of_a_command_has_a_zone() -> None:
    for condition in (AccountAge(at_least=days(1)), During(Window.since(NOON))):
        with pytest.raises(NaiveTime, match="at: 2026-11-11T12:00:00 has no zone"):
            ask(condition, NAIVE, registered_at=NOON)


# -- custom fields --------------------------------------------------------------------------------


def number(value: object, **bounds: int | Decimal) -> bool:
    return ask(NumberIs("score", **bounds), **{"field:score": value})  # type: ignore[arg-type]


def test_numbers_are_compared_as_numbers() -> None:
    """EC-23: nine is less than ten, and the bound is on the side it says."""
    assert not number(9, at_least=10)
    assert number(9, at_most=10)
    assert number(10, at_least=10, at_most=10)
    assert number(Decimal("9.5"), at_least=9)
    assert number(Fraction(19, 2), at_least=Decimal("9.5"), at_most=Decimal("9.5"))
    assert not number(Fraction(19, 2), at_least=Decimal("9.51"))


@pytest.mark.parametrize(
    "value", ["9", 9.0, True, float("nan"), Decimal("NaN"), Decimal("Infinity"), [9]]
)
def test_what_is_no_exact_number_is_the_hosts_mistake(value: object) -> None:
    """EC-23: "9" > "10" is not an answer but an error that names the fact."""
    with pytest.raises(MembersFailed, match=r"liker.field:score: expected an exact, finite num"):
        number(value, at_least=1)


def test_none_of_several_texts_is_none_of_them() -> None:
    """EC-23: "not one of a, b" is not true of a because it is not b."""
    app_or_web = TextIs("channel", one_of=("app", "web"))
    for channel, met in (("app", True), ("web", True), ("shop", False), ("", False)):
        assert ask(app_or_web, **{"field:channel": channel}) is met
        assert ask(~app_or_web, **{"field:channel": channel}) is not met
    with pytest.raises(MembersFailed, match="expected text, not 1 "):
        ask(~app_or_web, **{"field:channel": 1})


def test_a_flag_is_true_or_false_and_nothing_like_it() -> None:
    staff = FlagIs("staff")
    assert ask(staff, **{"field:staff": True})
    assert ask(~staff, **{"field:staff": False})
    for value in (1, 0, "true", "no"):
        with pytest.raises(MembersFailed, match="expected true or false"):
            ask(staff, **{"field:staff": value})


def test_a_moment_lies_in_a_half_open_stretch() -> None:
    seen = MomentIs("seen", after=NOON - days(1), before=NOON)
    assert ask(seen, **{"field:seen": NOON - days(1)})
    assert ask(seen, **{"field:seen": (NOON - hours(1)).astimezone(ZoneInfo("Asia/Shanghai"))})
    assert not ask(seen, **{"field:seen": NOON})
    assert not ask(seen, **{"field:seen": NOON - days(2)})
    with pytest.raises(MembersFailed, match="expected a time with a zone"):
        ask(seen, **{"field:seen": NAIVE})


# -- three values ---------------------------------------------------------------------------------


def test_a_missing_fact_is_unknown_and_named() -> None:
    """RQ-11."""
    week = AccountAge(at_least=days(7), of="collector")
    expected = Unmet((), (("collector", "registered_at"),))
    for facts in ({}, {"collector": {}}, {"collector": {"registered_at": None}}):
        assert evaluate(week, "liker", facts, NOON) == expected
        assert evaluate(~week, "liker", facts, NOON) == expected
    assert expected.is_unknown


def test_a_pair_names_every_fact_that_is_missing() -> None:
    same = SameDevice(between=("liker", "collector"))
    unmet = evaluate(~same, "liker", {}, NOON)
    assert unmet == Unmet((), (("liker", "devices"), ("collector", "devices")))


def test_unmet_is_unmet_whatever_the_missing_fact_is() -> None:
    facts = {"liker": {"paid_orders": 1}}
    assert evaluate(NEW & VIP, "liker", facts, NOON) == Unmet(("new_member(of=liker)",))
    unknown = evaluate(NEW | VIP, "liker", facts, NOON)
    assert unknown == Unmet(("new_member(of=liker)",), (("liker", "tags"),))
    assert evaluate(~NEW | VIP, "liker", facts, NOON) is None


def test_an_any_that_is_unmet_decides_for_an_all() -> None:
    """Nobody waits for a fact that cannot help."""
    facts = {"liker": {"paid_orders": 1, "region": "US"}}
    lost = (NEW | Region(within=("CN",))) & VIP
    assert evaluate(lost, "liker", facts, NOON) == Unmet(
        ("new_member(of=liker)", "region(of=liker, within=[CN])")
    )


def test_a_reason_is_a_value() -> None:
    unmet = Unmet(("new_member(of=liker)",))
    assert not unmet.is_unknown
    with pytest.raises(dataclasses.FrozenInstanceError):
        unmet.leaves = ()  # type: ignore[misc]
    assert not hasattr(unmet, "__dict__")


def test_a_counted_leaf_is_passed_over_even_where_its_fact_is_missing() -> None:
    fast = Velocity(at_most=1, within=hours(1), key="devices")
    assert evaluate(fast, "liker", {}, NOON) is None


@pytest.mark.parametrize(
    ("leaf", "text"),
    [
        (HasTag("a b"), "has_tag(of=liker, tag=a b)"),
        (HasTag("a, b)"), 'has_tag(of=liker, tag="a, b)")'),
        (HasTag('"', of="friend"), 'has_tag(of=friend, tag="\\"")'),
        (TextIs("ch", one_of=("", "web")), 'text_is(of=liker, field=ch, one_of=["", web])'),
        (NumberIs("n", at_most=Decimal("1.5")), "number_is(of=liker, field=n, at_most=1.5)"),
        (SameDevice(between=("a", "b")), "same_device(between=[a, b])"),
        (During(Window.since(NOON)), "during(window={opens=2026-11-11T12:00:00+00:00})"),
    ],
)
def test_what_a_leaf_is_called_in_decisions_and_logs(leaf: Leaf, text: str) -> None:
    assert leaf_text(leaf, "liker") == text
    assert leaf_text(leaf, "liker", wanted=False) == f"not {text}"


def test_every_unmet_leaf_is_named_once_in_order() -> None:
    """RQ-11."""
    facts = {"liker": {"paid_orders": 1, "tags": {"staff"}, "spent": CNY(1)}}
    strict = NEW & ~HasTag("staff") & (VIP | Spent(at_least=CNY(60))) & NEW
    unmet = evaluate(strict, "liker", facts, NOON)
    assert unmet == Unmet(
        (
            "new_member(of=liker)",
            "not has_tag(of=liker, tag=staff)",
            "has_tag(of=liker, tag=vip)",
            "spent(of=liker, at_least=CNY 60.00)",
        )
    )


def test_after_the_first_met_part_of_an_any_nothing_is_asked() -> None:
    assert ask(VIP | NEW, tags={"vip"}, paid_orders="many")
    with pytest.raises(MembersFailed, match=r"liker\.paid_orders: expected a whole number"):
        ask(VIP | NEW, tags=set(), paid_orders="many")


# -- putting together -----------------------------------------------------------------------------


def test_and_or_not_read_flat() -> None:
    web = TextIs("channel", one_of=("web",))
    assert NEW & VIP & web == NEW & (VIP & web) == AllOf((NEW, VIP, web))
    assert NEW | VIP | web == NEW | (VIP | web) == AnyOf((NEW, VIP, web))
    assert Not(NEW) == ~NEW
    assert ~~NEW == NEW
    assert (NEW | VIP) & web == AllOf((AnyOf((NEW, VIP)), web))


@pytest.mark.parametrize("condition", [NEW, NEW & VIP, ~NEW], ids=lambda each: each.kind)
def test_a_condition_has_no_truth_value(condition: Condition) -> None:
    with pytest.raises(NoTruthValue, match=r"combine with & \| ~"):
        bool(condition)


def test_and_between_words_is_refused_rather_than_forgetting_one() -> None:
    with pytest.raises(NoTruthValue):
        _ = NEW and VIP


@pytest.mark.parametrize("cls", CONDITIONS, ids=lambda cls: cls.kind)
def test_kinds_are_the_names_in_snake_case(cls: type[Condition]) -> None:
    assert cls.kind == "".join(
        f"_{each.lower()}" if each.isupper() else each for each in cls.__name__
    ).lstrip("_")
    assert adapter(cls).json_schema()["type"] == "object"


def test_only_what_a_condition_is_about_stands_without_its_name() -> None:
    """``AccountAge(days(7))`` does not say at least or at most."""
    bare = {
        cls.kind: [field.name for field in dataclasses.fields(made(cls)) if not field.kw_only]  # type: ignore[arg-type]
        for cls in CONDITIONS
    }
    assert {kind: names for kind, names in bare.items() if names} == {
        "all_of": ["parts"],
        "any_of": ["parts"],
        "not": ["part"],
        "has_tag": ["tag"],
        "during": ["window"],
        "during_recurring": ["rule"],
        "number_is": ["field"],
        "text_is": ["field"],
        "flag_is": ["field"],
        "moment_is": ["field"],
    }


def test_conditions_are_values() -> None:
    condition = NEW & ~SameDevice(between=("liker", "collector")) | Spent(at_least=CNY(5))
    for twin in (pickle.loads(pickle.dumps(condition)), copy.deepcopy(condition)):
        assert twin == condition
        assert hash(twin) == hash(condition)


def test_bounds_that_are_equal_are_one_value() -> None:
    assert dump(NumberIs("score", at_least=Decimal("2.50"))) == dump(
        NumberIs("score", at_least="2.5")  # type: ignore[arg-type]
    )
    assert NumberIs("score", at_least=Decimal("2.0")).at_least == 2
    assert type(NumberIs("score", at_least=Decimal("2E+1")).at_least) is int


def test_a_moment_is_one_value_in_every_zone() -> None:
    here = MomentIs("seen", after=NOON.astimezone(ZoneInfo("Asia/Shanghai")))
    assert dump(here) == dump(MomentIs("seen", after=NOON))


def test_a_set_of_texts_is_written_in_one_order() -> None:
    unordered = TextIs("channel", one_of={"web", "app"})  # type: ignore[arg-type]
    assert unordered.one_of == ("app", "web")


def test_roles_of_a_mechanic_are_plain_text_inside() -> None:
    class Role(str):
        __slots__ = ()

    assert type(HasTag("vip", of=Role("liker")).of) is str
    assert type(SameDevice(between=(Role("a"), Role("b"))).between[0]) is str


# -- what cannot be -------------------------------------------------------------------------------


IMPOSSIBLE: dict[str, Callable[[], object]] = {
    "at_least: every account is 0:00:00 old": lambda: AccountAge(at_least=timedelta(0)),
    "neither at_least nor at_most": PaidOrders,
    "above at_most=1": lambda: PaidOrders(at_least=2, at_most=1),
    "greater than or equal to 1": lambda: PaidOrders(at_least=0),
    "valid integer": lambda: PaidOrders(at_least=True),
    "'  ' begins or ends with a blank": lambda: HasTag("  "),
    "unseen character U\\+200B": lambda: HasTag("vip\u200b"),
    "region 'CN//31' has an empty step": lambda: Region(within=("CN//31",)),
    "'CN' is named twice": lambda: Region(within=("CN", "CN")),
    "at least 1 item": lambda: TextIs("channel", one_of=()),
    "everybody has spent nothing": lambda: Spent(at_least=CNY(0)),
    "compared with itself": lambda: SameDevice(between=("liker", "liker")),
    "should match pattern": lambda: HasTag("vip", of="The Liker"),
    "it is always open": lambda: During(ALWAYS),
    "'FREQ=NEVER'": lambda: recurring("FREQ=NEVER"),
    "has a zone": lambda: recurring("FREQ=DAILY", starts=NOON),
    "is no exact number": lambda: NumberIs("score", at_least=0.5),  # type: ignore[arg-type]
    "'ten' is no number": lambda: NumberIs("score", at_least="ten"),  # type: ignore[arg-type]
    "is not finite": lambda: NumberIs("score", at_least=Decimal("NaN")),
    "more than 38 digits": lambda: NumberIs("score", at_least=Decimal("1E+999999")),
    "neither after nor before": lambda: MomentIs("seen"),
    "swap them": lambda: MomentIs("seen", after=NOON, before=NOON),
    "has no zone": lambda: MomentIs("seen", after=NAIVE),
    "at least 2 items": lambda: AllOf((NEW,)),
    "expected a condition": lambda: Not("new_member"),  # type: ignore[arg-type]
    "not in whole seconds": lambda: Velocity(at_most=1, within=timedelta(milliseconds=1)),
    "'paid_orders' cannot be counted by; choose from: .*household": lambda: Velocity(
        at_most=1, within=hours(1), key="paid_orders"
    ),
}


def recurring(rule: str, starts: datetime = NAIVE) -> DuringRecurring:
    return DuringRecurring(rule, lasting=hours(2), zone="Asia/Shanghai", starts=starts)


@pytest.mark.parametrize("said", IMPOSSIBLE)
def test_what_cannot_be_is_refused_when_built(said: str) -> None:
    with pytest.raises(InvalidRule, match=said):
        IMPOSSIBLE[said]()


def test_conditions_nested_too_deep_are_refused() -> None:
    deep: Condition = NEW
    for _ in range(MOST_DEPTH - 1):
        deep = Not(deep)
    assert depth(deep) == MOST_DEPTH
    assert load(dump(deep), Condition, KINDS) == deep
    with pytest.raises(InvalidRule, match="nested more than 16 deep"):
        Not(deep)


@pytest.mark.parametrize("levels", [MOST_DEPTH, 50, 100_000])
def test_json_nested_too_deep_is_refused_before_it_is_descended_into(levels: int) -> None:
    nots: dict[str, object] = {"kind": "new_member"}
    alls = nots
    for _ in range(levels):
        nots = {"kind": "not", "part": nots}
        alls = {"kind": "all_of", "parts": [alls, alls]}
    for data in (nots, alls):
        with pytest.raises(InvalidRule, match="nested more than 16 deep"):
            load(data, Condition, KINDS)


def test_json_that_is_no_condition_is_told_so() -> None:
    with pytest.raises(InvalidRule, match="unknown kind 'eval'; choose from: account_age"):
        load({"kind": "not", "part": {"kind": "eval", "code": "1"}}, Condition, KINDS)
    with pytest.raises(InvalidRule, match="at_lest"):
        load({"kind": "paid_orders", "at_lest": 1}, Condition, KINDS)
