"""The laws of conditions (rules/condition_family.py, compiled.py, needs.py): one test a law."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from asking import (
    EACH_LEAF,
    HOSTILE,
    NAIVE,
    NOON,
    RIGHT,
    ROLES,
    SUBJECT,
    WRONG,
    any_facts,
    any_times,
    conditions,
    outcome,
    plainly,
    relabeled,
    right_facts,
    times,
)
from viralcommerce.rules.base import dump, load
from viralcommerce.rules.compiled import compile_condition
from viralcommerce.rules.condition_family import leaves
from viralcommerce.rules.conditions import (
    CONDITIONS,
    AllOf,
    AnyOf,
    Condition,
    HasTag,
    Leaf,
    Not,
    Velocity,
)
from viralcommerce.rules.evaluate import Unmet, evaluate, leaf_text
from viralcommerce.rules.facts import Facts
from viralcommerce.rules.needs import needs, prune, roles_of
from viralcommerce.rules.phrases import leaf_phrases, phrase_en, phrase_zh
from viralcommerce.values.spans import hours

KINDS = {cls.kind: cls for cls in CONDITIONS}
Truth = float  # 0 unmet, 0.5 unknown, 1 met


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
