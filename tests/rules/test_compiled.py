"""Compiled conditions: the code that is written, what it hands over, leaves of third parties."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Annotated

import pytest
from pydantic import Field

from viralcommerce.errors import InvalidRule, MembersFailed
from viralcommerce.rules import compiled
from viralcommerce.rules.base import dump, load, rule
from viralcommerce.rules.compiled import compile_condition
from viralcommerce.rules.conditions import (
    CONDITIONS,
    AllOf,
    AnyOf,
    Condition,
    FlagIs,
    HasTag,
    Leaf,
    NewMember,
    Not,
    NumberIs,
    TextIs,
    Velocity,
)
from viralcommerce.rules.evaluate import Unmet, evaluate
from viralcommerce.rules.facts import Ask, FactKind, Known
from viralcommerce.rules.wording import Wording
from viralcommerce.values.spans import hours

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
RULE = NumberIs("age", at_most=6) & ~HasTag("blocked") & (FlagIs("staff") | NewMember())


@rule("lucky_number")
class LuckyNumber(Leaf):
    """A third party's leaf: a whole number that the host calls lucky divides the count."""

    divisor: Annotated[int, Field(strict=True, ge=1)]

    def asks(self, subject: str) -> tuple[Ask, ...]:
        return (Ask(subject, "paid_orders", FactKind.COUNT),)

    def holds(self, known: Known, at: datetime) -> bool:
        return known.count("", "paid_orders") % self.divisor == 0

    def says_en(self, wording: Wording) -> tuple[str, str]:
        return f"a multiple of {self.divisor} orders", f"no multiple of {self.divisor} orders"

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        return f"订单数是{self.divisor}的倍数", f"订单数不是{self.divisor}的倍数"


def test_the_source_is_flat_and_in_tracebacks() -> None:
    check = compile_condition(RULE, "grabber")
    name = check.test.__code__.co_filename
    assert "".join(linecache.getlines(name)) == check.source
    assert check.source.startswith("def test(facts, at):\n")
    assert "age" not in check.source
    assert "blocked" not in check.source
    linecache.checkcache(name)
    assert linecache.getlines(name)


def test_every_reason_is_there_already_when_asked() -> None:
    """RQ-11: the same finished value for the same reasons, not made anew."""
    check = compile_condition(RULE, "grabber")
    facts: dict[str, dict[str, object]] = {
        "grabber": {"field:age": 9, "tags": {"blocked"}, "field:staff": False, "paid_orders": 2}
    }
    unmet = check.test(facts, NOON)
    assert unmet is check.test(facts, NOON)
    assert unmet == Unmet(
        (
            "number_is(of=grabber, field=age, at_most=6)",
            "not has_tag(of=grabber, tag=blocked)",
            "flag_is(of=grabber, field=staff)",
            "new_member(of=grabber)",
        )
    )


@pytest.mark.parametrize("width", [8, 9, 64, 3_000])
def test_wide_conditions_name_every_leaf(width: int) -> None:
    leaves = tuple(HasTag(f"t{number}") for number in range(width))
    facts = {"grabber": {"tags": {"t1"}}}
    expected = tuple(
        f"has_tag(of=grabber, tag=t{number})" for number in range(width) if number != 1
    )
    every = compile_condition(AllOf(leaves), "grabber").test(facts, NOON)
    assert every is not None
    assert every.leaves == expected
    assert compile_condition(AnyOf(leaves), "grabber").test(facts, NOON) is None
    none = compile_condition(~AnyOf(leaves), "grabber").test(facts, NOON)
    assert none == Unmet(("not has_tag(of=grabber, tag=t1)",))


def test_reasons_that_are_kept_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_MOST_KNOWN", 4)
    leaves = tuple(HasTag(f"t{number}") for number in range(12))
    check = compile_condition(AllOf(leaves), "grabber")
    for number in range(12):
        facts = {"grabber": {"tags": {f"t{number}"}}}
        assert check.test(facts, NOON) == evaluate(AllOf(leaves), "grabber", facts, NOON)
    assert len(check.test.__globals__["told"]) == 4


def test_deeply_nested_conditions_compile() -> None:
    deep: Condition = NewMember()
    for number in range(7):
        deep = (deep | FlagIs(f"any {number}")) & FlagIs(f"all {number}")
    check = compile_condition(~deep, "grabber")
    flags: dict[str, object] = {f"field:all {number}": True for number in range(7)}
    flags |= {f"field:any {number}": False for number in range(7)}
    for orders in (0, 1):
        facts = {"grabber": {**flags, "paid_orders": orders}}
        assert check.test(facts, NOON) == evaluate(~deep, "grabber", facts, NOON)
        assert (check.test(facts, NOON) is None) is (orders == 1)


def small_conditions() -> Iterator[Condition]:
    """Every way to join three flags with & and |, and to put ~ before any of it."""
    one, two, three = ((FlagIs(name), ~FlagIs(name)) for name in "abc")
    groups = (AllOf, AnyOf)
    pairs = [group((a, b)) for group, a, b in product(groups, one, two)]
    for group, inner, c in product(groups, [*pairs, *map(Not, pairs)], three):
        for parts in ((inner, c), (c, inner)):
            yield group(parts)
            yield Not(group(parts))


def test_small_conditions_without_exception() -> None:
    """Met, unmet, unknown: compiled and plain agree on every row of every truth table."""
    for condition in small_conditions():
        check = compile_condition(condition, "x")
        for values in product((True, False, None), repeat=3):
            facts = {"x": dict(zip(("field:a", "field:b", "field:c"), values, strict=True))}
            assert check.test(facts, NOON) == evaluate(condition, "x", facts, NOON)


def test_anys_in_anys_as_deep_as_can_be() -> None:
    deep: Condition = FlagIs("last")
    for number in range(14):
        deep = AnyOf((AllOf((deep, FlagIs("sure"))) if number % 2 else deep, FlagIs(f"f{number}")))
        if number == 6:
            break
    facts = {"grabber": {"field:last": True, "field:sure": True}}
    facts["grabber"] |= {f"field:f{number}": False for number in range(14)}
    assert compile_condition(deep, "grabber").test(facts, NOON) is None
    facts["grabber"]["field:sure"] = False
    assert compile_condition(deep, "grabber").test(facts, NOON) == evaluate(
        deep, "grabber", facts, NOON
    )


def test_numbers_that_are_no_int_are_answered_too() -> None:
    check = compile_condition(NumberIs("score", at_least=Decimal("2.5")), "grabber")
    assert check.test({"grabber": {"field:score": Decimal("2.50")}}, NOON) is None
    assert check.test({"grabber": {"field:score": 2}}, NOON) is not None


def test_a_wrong_fact_raises_from_compiled_code_too() -> None:
    """EC-23."""
    check = compile_condition(NumberIs("score", at_least=10), "grabber")
    with pytest.raises(
        MembersFailed,
        match=r"^members: grabber.field:score: expected an exact, finite number, not '9' \(str\)$",
    ) as caught:
        check.test({"grabber": {"field:score": "9"}}, NOON)
    assert caught.value.operands == {
        "who": "grabber",
        "fact": "field:score",
        "expected": "an exact, finite number",
    }


def test_one_fact_is_not_asked_as_two_things() -> None:
    with pytest.raises(InvalidRule, match=r"grabber\.field:x is asked as an exact, finite number"):
        compile_condition(NumberIs("x", at_least=1) & TextIs("x", one_of=("a",)), "grabber")
    of_another = NumberIs("x", at_least=1) & TextIs("x", one_of=("a",), of="sharer")
    assert compile_condition(of_another, "grabber").subject == "grabber"


def test_what_the_flow_counts_is_passed_over() -> None:
    fast = Velocity(at_most=3, within=hours(1))
    assert compile_condition(fast, "grabber").test({}, NOON) is None
    assert evaluate(fast, "grabber", {}, NOON) is None
    check = compile_condition(fast & NewMember(), "grabber")
    assert check.test({"grabber": {"paid_orders": 1}}, NOON) == Unmet(("new_member(of=grabber)",))


def test_a_third_party_leaf_needs_no_line_of_code_of_its_own() -> None:
    condition = ~LuckyNumber(3) & (LuckyNumber(2) | HasTag("vip"))
    kinds = {cls.kind: cls for cls in (*CONDITIONS, LuckyNumber)}
    assert load(dump(condition), Condition, kinds) == condition
    check = compile_condition(condition, "grabber")
    for orders in (*range(7), None, "many"):
        for tags in (set[str](), {"vip"}):
            facts = {"grabber": {"paid_orders": orders, "tags": tags}}
            if orders == "many":
                with pytest.raises(MembersFailed, match="a whole number of 0 or more"):
                    check.test(facts, NOON)
            else:
                assert check.test(facts, NOON) == evaluate(condition, "grabber", facts, NOON)
    assert check.test({}, NOON) == Unmet((), (("grabber", "paid_orders"), ("grabber", "tags")))


def test_a_condition_that_is_neither_leaf_nor_combination_is_refused() -> None:
    @rule("odd")
    class Odd(Condition):
        """Derived from the wrong class."""

    for ask in (
        lambda: compile_condition(Odd(), "grabber"),
        lambda: Odd() & NewMember(),
    ):
        with pytest.raises(InvalidRule, match="odd: neither a leaf nor a combination"):
            ask()
