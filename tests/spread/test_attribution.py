"""Attribution: who is credited, and the line that says why not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from viralcommerce.errors import InvalidRule, NaiveTime
from viralcommerce.rules.base import Rule, dump, load, rule
from viralcommerce.spread.attribution import (
    POLICIES,
    CampaignsInOrder,
    CodeBeatsLink,
    FirstTouch,
    LastTouch,
    Linear,
    LinkBeatsCode,
    Policy,
    Position,
    TimeDecay,
    Weighed,
    WithinWindow,
    attribute,
)
from viralcommerce.spread.credited import Attribution
from viralcommerce.spread.touches import Touch, Trail
from viralcommerce.values.money import CNY
from viralcommerce.values.percent import percent
from viralcommerce.values.spans import days, hours, minutes

ORDER = datetime(2026, 11, 11, tzinfo=UTC)


def touch(sharer: str, ago: float, **said: Any) -> Touch:
    return Touch(at=ORDER - timedelta(days=ago), **{"campaign": "ride", "sharer": sharer, **said})


def found(policy: Policy, *touches: Touch, buyer: str = "bob", **said: Any) -> Attribution:
    trail = Trail.of("v-1")
    for each in touches:
        trail = trail.added(each)
    return attribute(policy, trail, **{"at": ORDER, "buyer": buyer, **said})


def shares(said: Attribution) -> dict[str, str]:
    return {who: str(share) for who, share in said.shares().items()}


def reasons(said: Attribution) -> list[tuple[str, str]]:
    return [(each.touch.sharer, each.why.code) for each in said.rejected]


JOURNEY = (touch("ann", 9), touch("cat", 3, how="code"), touch("dan", 1), touch("eve", 0.5))


@pytest.mark.parametrize(
    ("policy", "credited", "left_out"),
    [
        (FirstTouch(), {"ann": "100%"}, ["not_first"] * 3),
        (LastTouch(), {"eve": "100%"}, ["not_last"] * 3),
        (Linear(), {"ann": "25%", "cat": "25%", "dan": "25%", "eve": "25%"}, []),
        (Position(), {"ann": "40%", "cat": "10%", "dan": "10%", "eve": "40%"}, []),
        (
            Position(first=percent(50), last=percent(50)),
            {"ann": "50%", "eve": "50%"},
            ["no_share"] * 2,
        ),
        (CodeBeatsLink(LastTouch()), {"cat": "100%"}, ["beaten_by_code"] * 3),
        (LinkBeatsCode(FirstTouch()), {"ann": "100%"}, ["beaten_by_link", *["not_first"] * 2]),
        (
            WithinWindow(days(7), FirstTouch()),
            {"cat": "100%"},
            ["before_window", "not_first", "not_first"],
        ),
        (WithinWindow(hours(1), LastTouch()), {}, ["before_window"] * 4),
    ],
    ids=lambda value: value.kind if isinstance(value, Rule) else "",
)
def test_named_policies(policy: Policy, credited: dict[str, str], left_out: list[str]) -> None:
    """RQ-18."""
    said = found(policy, *JOURNEY)
    assert shares(said) == credited
    assert [code for _, code in reasons(said)] == left_out


def test_a_code_typed_later_is_not_lost_to_an_earlier_link() -> None:
    """EC-67: and of several codes the last one typed counts, if the policy says so."""
    codes = (touch("ann", 5), touch("cat", 2, how="code"), touch("eve", 1, how="code"))
    assert shares(found(CodeBeatsLink(LastTouch()), *codes)) == {"eve": "100%"}
    assert shares(found(CodeBeatsLink(FirstTouch()), *codes)) == {"cat": "100%"}


def test_which_of_two_programs_goes_first_is_written_down() -> None:
    """EC-67: partners before friends, whoever came last."""
    policy = CampaignsInOrder(("partners", "ride"), LastTouch())
    partner = touch("blogger", 20, campaign="partners")
    said = found(policy, partner, touch("ann", 1), touch("x", 1, campaign="else"))
    assert shares(said) == {"blogger": "100%"}
    assert str(said.rejected[0].why) == "no: partners comes before this campaign"
    assert shares(found(policy, touch("ann", 1))) == {"ann": "100%"}
    assert shares(found(policy, touch("x", 1, campaign="else"))) == {}


def test_an_order_that_is_canceled_leaves_nothing_behind() -> None:
    """EC-68: the next order is attributed by its own time, as if the first had never been."""
    trail = Trail.of("v-1").added(touch("ann", 9)).added(touch("cat", 1))
    policy = WithinWindow(days(7), LastTouch())
    canceled = attribute(policy, trail, at=ORDER - days(5), buyer="bob")
    assert shares(canceled) == {"ann": "100%"}
    later = attribute(policy, trail, at=ORDER, buyer="bob")
    assert shares(later) == {"cat": "100%"}
    assert attribute(policy, trail, at=ORDER + days(30), buyer="bob").credited == ()


def test_nobody_is_credited_for_their_own_order() -> None:
    """EC-71: nor for what they shared from the same browser before signing in."""
    said = found(
        Linear(), touch("bob", 1), touch("", 2, visitor="v-1"), touch("", 3, visitor="v-7")
    )
    assert reasons(said) == [("", "sharer_unknown"), ("", "own_touch"), ("bob", "own_touch")]
    said = found(Linear(), touch("", 3, visitor="v-7"), members={"v-7": "ann"})
    assert shares(said) == {"ann": "100%"}
    said = found(Linear(), touch("", 3, visitor="v-7"), members={"v-7": "bob"})
    assert reasons(said) == [("", "own_touch")]


def test_a_guest_has_no_own_links_but_their_browsers() -> None:
    said = found(Linear(), touch("ann", 1), touch("", 2, visitor="v-1"), buyer="")
    assert shares(said) == {"ann": "100%"}
    assert found(Linear(), buyer="") == Attribution()


def test_a_window_is_half_open() -> None:
    policy = WithinWindow(days(7), LastTouch())
    assert not found(policy, touch("ann", 7)).credited
    tick = timedelta(microseconds=1)
    late = Touch(at=ORDER - days(7) + tick, campaign="ride", sharer="ann")
    assert shares(found(policy, late)) == {"ann": "100%"}
    now = Touch(at=ORDER, campaign="ride", sharer="ann", how="code")
    assert shares(found(policy, now)) == {"ann": "100%"}


def test_decay_halves_and_sums_exactly() -> None:
    policy = TimeDecay(half_life=days(1))
    said = found(policy, touch("ann", 2), touch("cat", 1), touch("eve", 0))
    assert shares(said) == {"ann": "1/7", "cat": "2/7", "eve": "4/7"}
    odd = found(TimeDecay(half_life=days(7)), touch("ann", 2.5), touch("cat", 1.3))
    assert sum((each.share.share for each in odd.credited), Fraction(0)) == 1
    old = found(policy, touch("ann", 99_000), touch("cat", 1))
    assert reasons(old) == [("ann", "no_share")]


def test_money_is_cut_to_the_last_unit() -> None:
    said = found(Linear(), touch("ann", 3), touch("cat", 2), touch("ann", 1), touch("eve", 0.5))
    assert {who: str(paid) for who, paid in said.amounts(CNY("0.99")).items()} == {
        "ann": "CNY 0.49",
        "cat": "CNY 0.25",
        "eve": "CNY 0.25",
    }
    assert Attribution().amounts(CNY(1)) == {}


def test_policies_are_rules_like_any_other() -> None:
    kinds = {policy.kind: policy for policy in POLICIES}
    policy = CampaignsInOrder(
        ("a", "b"), CodeBeatsLink(WithinWindow(days(30), Position(first=percent(60))))
    )
    written = dump(policy)
    assert written["kind"] == "campaigns_in_order"
    assert written["then"]["then"]["within"] == "30 days"
    assert load(written, Rule, kinds) == policy
    assert hash(policy) == hash(load(written, Rule, kinds))
    for each in POLICIES:
        assert each.__doc__


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Position(first=percent(60), last=percent(60)), "more than the whole"),
        (lambda: Position(first=percent(0)), "give both something"),
        (lambda: TimeDecay(half_life=days(0)), "it is nothing"),
        (lambda: CampaignsInOrder((), Linear()), "campaigns"),
        (lambda: WithinWindow(7, Linear()), "within"),  # type: ignore[arg-type]
        (lambda: CodeBeatsLink("last_touch"), "then"),  # type: ignore[arg-type]
        (lambda: load({"kind": "last"}, Rule, {"last_touch": LastTouch}), "unknown kind 'last'"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(InvalidRule, match=said):
        make()


def test_a_policy_of_somebody_elses() -> None:
    @rule("most_recent_two")
    class MostRecentTwo(Policy):
        def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
            return (Fraction(0),) * (len(touches) - 2) + (Fraction(1),) * min(len(touches), 2)

    assert shares(found(MostRecentTwo(), *JOURNEY)) == {"dan": "50%", "eve": "50%"}

    @rule("forgetful")
    class Forgetful(Policy):
        def weigh(self, touches: Sequence[Touch], at: datetime) -> Weighed:
            return ()

    with pytest.raises(InvalidRule, match="forgetful: weighed 0 of 4 touches"):
        found(Forgetful(), *JOURNEY)


def test_a_time_has_a_zone() -> None:
    with pytest.raises(NaiveTime, match="has no zone"):
        found(Linear(), at=ORDER.replace(tzinfo=None))


def test_an_hour_that_a_clock_shows_twice_is_two() -> None:
    """A touch at the first 1:30, an order at the second 1:10: forty minutes later, not before."""
    york = ZoneInfo("America/New_York")
    came = Touch(at=datetime(2026, 11, 1, 1, 30, tzinfo=york), campaign="ride", sharer="ann")
    ordered = datetime(2026, 11, 1, 1, 10, tzinfo=york, fold=1)
    assert shares(found(LastTouch(), came, at=ordered)) == {"ann": "100%"}
    again = structs.replace(came, at=datetime(2026, 11, 1, 1, 30, tzinfo=york, fold=1))
    assert len(Trail.of("v-1").added(came).added(again).touches) == 2


def test_a_window_is_a_span_and_not_what_clocks_show() -> None:
    """From midnight to midnight are 25 hours where the clocks are put back in between."""
    york = ZoneInfo("America/New_York")
    came = Touch(at=datetime(2026, 11, 1, tzinfo=york), campaign="ride", sharer="ann")
    ordered = datetime(2026, 11, 2, tzinfo=york)
    for within, credited in ((minutes(1_470), {}), (minutes(1_501), {"ann": "100%"})):
        assert shares(found(WithinWindow(within, LastTouch()), came, at=ordered)) == credited
