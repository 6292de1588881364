"""The doubles do as they are told, and keep the contracts of their ports."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from viralcommerce import CNY, Award, hours
from viralcommerce.errors import InvalidValue, NaiveTime
from viralcommerce.runtime.ports import Asked
from viralcommerce.testing import FakeIssuer, FakeMembers, ScriptedClock, ScriptedEntropy
from viralcommerce.values.dice import dice

AT = datetime(2026, 11, 11, 2, tzinfo=UTC)


def teapot(number: int = 1) -> Award:
    return Award(
        id=str(number),
        grant="g",
        to="ann",
        role="collector",
        reward="product",
        asset="product/teapot",
        amount=1,
    )


def test_a_clock_stands_still_until_told() -> None:
    clock = ScriptedClock("2026-11-11T10:00+08:00")
    assert clock.now() == clock.now() == AT
    assert clock.now().tzinfo is UTC
    clock.at("2026-11-11T09:00+08:00")
    assert clock.now() == AT - hours(1), "a clock may be set back"


def test_two_hours_are_two_hours_whatever_the_clocks_of_a_zone_do() -> None:
    """EC-2: the night the clocks go forward in Berlin."""
    from zoneinfo import ZoneInfo

    berlin = ZoneInfo("Europe/Berlin")
    clock = ScriptedClock(datetime(2026, 3, 29, 1, 30, tzinfo=berlin))
    before = clock.now()
    clock.forward(hours(2))
    assert clock.now() - before == hours(2)
    assert clock.local.isoformat() == "2026-03-29T04:30:00+02:00"


def test_a_time_without_a_zone_is_no_time() -> None:
    with pytest.raises(NaiveTime, match="has no zone"):
        ScriptedClock("2026-11-11T10:00")
    with pytest.raises(NaiveTime, match="has no zone"):
        ScriptedClock().at(AT.replace(tzinfo=None))
    with pytest.raises(InvalidValue, match="'noon' is no time"):
        ScriptedClock().at("noon")


def test_chance_repeats_and_salts_part() -> None:
    first, again, other = ScriptedEntropy(), ScriptedEntropy(), ScriptedEntropy("pepper")
    rows = [[one.seed(one.key()) for _ in range(5)] for one in (first, again, other)]
    assert rows[0] == rows[1]
    assert not set(rows[0]) & set(rows[2])
    assert len(set(rows[0])) == 5
    assert all(dice(seed).below(6) in range(6) for seed in rows[0])
    assert [first.key(), first.key()] == ["key-6", "key-7"]


def test_scripts_come_in_order_and_to_their_keys() -> None:
    entropy = ScriptedEntropy()
    entropy.script(CNY("7.41"), 300)
    entropy.script(5, key="k")
    entropy.script(6)
    entropy.script(key="nothing")
    assert entropy.seed("k") == "=5"
    assert entropy.seed("a") == "=741,300"
    assert entropy.seed("b") == "=6"
    assert entropy.seed("k") == "=5", "a retry with the key gets the same dice"
    assert entropy.seed("nothing") == ""
    assert entropy.seed("c") == ScriptedEntropy().seed("c"), "then they are counted"


def test_members_tell_what_they_know_and_remember_the_questions() -> None:
    members = FakeMembers({"bob": {"paid_orders": 3, "household": "h"}})
    asked = [
        Asked("bob", frozenset({"paid_orders", "region"}), AT),
        Asked("cat", frozenset({"paid_orders"}), AT),
    ]
    assert members.facts(asked) == [{"paid_orders": 3}, {}]
    members.know({"bob": {"paid_orders": None, "region": "CN"}, "cat": {"paid_orders": 0}})
    assert members.facts(asked) == [{"region": "CN"}, {"paid_orders": 0}]
    assert members.asked == asked * 2


def test_members_fail_when_told_to() -> None:
    members = FakeMembers()
    members.fail(TimeoutError("the profile service is down"))
    with pytest.raises(TimeoutError):
        members.facts([Asked("bob", frozenset(), AT)])
    members.fail(None)
    assert members.facts([Asked("bob", frozenset(), AT)]) == [{}]


def test_an_issuer_hands_each_award_out_once() -> None:
    """RQ-19."""
    issuer = FakeIssuer()
    issuer.issue(teapot())
    issuer.issue(teapot())
    issuer.issue(teapot(2))
    assert [award.id for award in issuer.issued] == ["1", "2"]
    assert issuer.attempts == ["1", "1", "2"]
    assert issuer.times(teapot()) == 1
    assert len(issuer.given("ann")) == 2
    assert issuer.given("bob") == []


def test_an_issuer_fails_as_often_as_told_and_then_works() -> None:
    issuer = FakeIssuer()
    issuer.fail(OSError("no answer"), ValueError("what?"))
    with pytest.raises(OSError, match="no answer"):
        issuer.issue(teapot())
    with pytest.raises(ValueError, match="what"):
        issuer.issue(teapot())
    assert issuer.times(teapot()) == 0
    issuer.issue(teapot())
    assert issuer.times(teapot()) == 1
