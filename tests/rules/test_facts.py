"""Facts: read by type, flattened, and read from JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from viralcommerce.errors import MembersFailed
from viralcommerce.rules.conditions import AccountAge, FlagIs, NumberIs, Spent
from viralcommerce.rules.facts import Ask, FactKind, Known, flat, plain_names, read_facts
from viralcommerce.rules.needs import kinds_asked
from viralcommerce.values.money import CNY
from viralcommerce.values.spans import days

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)


def test_a_hosts_json_becomes_facts() -> None:
    condition = (
        AccountAge(at_least=days(7))
        & Spent(at_least=CNY(60))
        & NumberIs("score", at_least=1)
        & FlagIs("staff")
    )
    answer = {
        "registered_at": "2026-11-01T00:00:00+08:00",
        "spent": "CNY 61.50",
        "fields": {"score": "2.5", "staff": True},
        "nickname": "CNY 1.00",
    }
    assert read_facts(answer, kinds_asked(condition, "liker")["liker"]) == {
        "registered_at": datetime.fromisoformat("2026-11-01T00:00:00+08:00"),
        "spent": CNY("61.50"),
        "field:score": Decimal("2.5"),
        "field:staff": True,
        "nickname": "CNY 1.00",
    }


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FactKind.MOMENT, "last week"),
        (FactKind.MONEY, "61.50"),
        (FactKind.MONEY, "XXY 1.00"),
        (FactKind.NUMBER, "many"),
    ],
)
def test_a_text_that_is_not_what_is_asked_names_the_fact(kind: FactKind, text: str) -> None:
    with pytest.raises(MembersFailed, match=f"members: ann.x: expected {kind}, not '{text}'"):
        read_facts({"x": text}, {"x": kind}, who="ann")


def test_custom_fields_stand_beside_the_others() -> None:
    assert flat({"tags": ["vip"], "fields": {"tags": 3}}) == {"tags": ["vip"], "field:tags": 3}
    assert flat({"tags": []}) == {"tags": []}
    assert flat({"fields": None}) == {}
    with pytest.raises(MembersFailed, match="fields: expected names and values, not 3"):
        flat({"fields": 3})


def test_a_fact_that_is_none_is_not_told() -> None:
    known = Known({"liker": {"tags": None, "region": "", "paid_orders": 0}}, "liker")
    told = {
        fact: known.tells(Ask("liker", fact, FactKind.TEXT))
        for fact in ("tags", "region", "paid_orders", "spent")
    }
    assert told == {"tags": False, "region": True, "paid_orders": True, "spent": False}
    assert not known.tells(Ask("friend", "tags", FactKind.NAMES))


def test_times_at_the_end_of_the_calendar_are_the_hosts_mistake() -> None:
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))
    with pytest.raises(MembersFailed, match="expected a time with a zone"):
        Known({"liker": {"registered_at": last}}, "liker").moment("", "registered_at")


def test_times_are_read_in_utc_and_subclasses_are_what_they_are() -> None:
    class Stamp(datetime):
        pass

    class Tag(str):
        __slots__ = ()

    shanghai = Stamp(2026, 11, 11, 20, tzinfo=timezone(timedelta(hours=8)))
    known = Known({"liker": {"registered_at": shanghai, "tags": [Tag("vip")]}}, "liker")
    assert known.moment("liker", "registered_at") == NOON
    assert known.names("", "tags") == {"vip"}


def test_plain_names_are_what_compiled_code_may_look_into() -> None:
    for plain in (set(), {"a"}, frozenset({"a"}), ["a", "b"], ("a",)):
        assert plain_names(plain)
    for other in ("a", {""}, [""], ["a", 1], [["a"]], {"a": 1}, None, 3):
        assert not plain_names(other)
