"""Screening: the tree of questions, what is too tangled for it, what was not read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asking import (
    EACH_LEAF,
    HOSTILE,
    NOON,
    RIGHT,
    SUBJECT,
    conditions,
    outcome,
    plainly,
    relabeled,
)
from viralcommerce.errors import InvalidRule, InvalidValue
from viralcommerce.rules.condition_family import Condition
from viralcommerce.rules.conditions import FlagIs, HasTag, NumberIs, Spent, TextIs
from viralcommerce.rules.facts import Facts
from viralcommerce.rules.screening import Screening, read
from viralcommerce.values.money import CNY, USD


def test_each_leaf_screened_is_plain_on_every_value() -> None:
    """Not left to chance: each kind of leaf, its contrary, and beside another, on every value."""
    for leaf in EACH_LEAF:
        asks = leaf.asks(SUBJECT)
        for condition in (leaf, ~leaf, leaf | HasTag("x", of="friend"), ~leaf & ~FlagIs("no")):
            events: list[Facts] = []
            for number in range(24):
                facts: dict[str, dict[str, object]] = {"friend": {"tags": set()}}
                for ask in asks:
                    values = [*RIGHT.get(ask.fact, []), None]
                    facts.setdefault(ask.role, {})[ask.fact] = values[number % len(values)]
                facts.setdefault(SUBJECT, {})["field:no"] = number % 5 == 0
                events.append(facts)
            rows = read(events, condition, subject=SUBJECT)
            assert Screening(condition, SUBJECT).each(rows, NOON) == [
                plainly(condition, facts, NOON) for facts in events
            ]


@given(st.lists(st.booleans(), min_size=1, max_size=7), st.integers(0, 127))
def test_every_way_through_the_tree(wanted: list[bool], answers: int) -> None:
    """As many questions as the tree has, one more, and on: each names what is unmet."""
    flags = [FlagIs(f"f{n}") if is_so else ~FlagIs(f"f{n}") for n, is_so in enumerate(wanted)]
    rule: Condition = flags[0]
    for flag in flags[1:]:
        rule = rule & flag
    facts = {SUBJECT: {f"field:f{n}": bool(answers >> n & 1) for n in range(len(wanted))}}
    rows = read([facts], rule, subject=SUBJECT)
    assert Screening(rule, SUBJECT).each(rows, NOON) == [plainly(rule, facts, NOON)]


@given(conditions, st.sampled_from(HOSTILE))
def test_no_text_of_a_rule_is_code(condition: Condition, hostile: str) -> None:
    other = Screening(relabeled(condition, hostile), SUBJECT)
    assert other.source == Screening(condition, SUBJECT).source
    assert hostile not in other.source


def test_wide_and_tangled_conditions_are_asked_one_by_one() -> None:
    wide: Condition = HasTag("t0")
    for number in range(1, 40):
        wide = wide & HasTag(f"t{number}")
    tangled = FlagIs("a") | (FlagIs("b") & FlagIs("c"))
    facts = {SUBJECT: {"tags": {"t1"}, "fields": {"a": False, "b": True, "c": False}}}
    for rule in (wide, tangled):
        screening = Screening(rule, SUBJECT)
        assert not screening.source
        answers = screening.each(read([facts], rule, subject=SUBJECT), NOON)
        assert answers == [plainly(rule, {SUBJECT: {"tags": {"t1"}, "field:a": False,
            "field:b": True, "field:c": False}}, NOON)]  # fmt: skip


def test_several_rules_over_what_was_read_once() -> None:
    young, old = NumberIs("age", at_most=6), NumberIs("age", at_least=7)
    from_here = TextIs("country", one_of=("DE",))
    events = [{SUBJECT: {"fields": {"age": age, "country": "DE"}}} for age in range(10)]
    rows = read(events, young & from_here, subject=SUBJECT)
    met = [
        sum(answer is None for answer in Screening(rule, SUBJECT).each(rows, [NOON] * 10))
        for rule in (young, old, young & from_here)
    ]
    assert met == [7, 3, 7]


def test_what_was_not_read_for_a_condition_is_not_asked() -> None:
    rows = read([{SUBJECT: {"spent": CNY(1)}}], Spent(at_least=CNY(2)), subject=SUBJECT)
    with pytest.raises(InvalidValue, match=r"liker\.field:staff was not read as true or false"):
        Screening(FlagIs("staff"), SUBJECT).each(rows, NOON)
    with pytest.raises(InvalidValue, match="2 times for 1 events; give each event one"):
        Screening(Spent(at_least=CNY(2)), SUBJECT).each(rows, [NOON, NOON])
    with pytest.raises(InvalidRule, match="one fact is one of them"):
        read([], NumberIs("x", at_least=1), TextIs("x", one_of=("a",)), subject=SUBJECT)


def test_an_amount_in_another_currency_is_no_answer() -> None:
    """Neither yes nor no, wherever it stands among the events."""
    rule = Spent(at_least=CNY(2))
    events = [{SUBJECT: {"spent": amount}} for amount in (CNY(1), CNY(3), USD(5))]
    answer = outcome(
        lambda: Screening(rule, SUBJECT).each(read(events, rule, subject=SUBJECT), NOON)
    )
    assert answer == plainly(rule, events[2], NOON)


def test_times_of_one_zone_are_not_compared_by_the_wall() -> None:
    at = datetime(2026, 11, 11, 12, tzinfo=UTC)
    for leaf in EACH_LEAF:
        rows = read([{}], leaf, subject=SUBJECT)
        assert Screening(leaf, SUBJECT).each(rows, at) == [plainly(leaf, {}, at)]
