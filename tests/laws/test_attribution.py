"""The laws of spread/attribution.py, by their names: one test a law."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from viralcommerce.spread.attribution import (
    CampaignsInOrder,
    CodeBeatsLink,
    FirstTouch,
    LastTouch,
    Linear,
    LinkBeatsCode,
    Policy,
    Position,
    TimeDecay,
    WithinWindow,
    attribute,
)
from viralcommerce.spread.credited import Attribution
from viralcommerce.spread.touches import Touch, Trail
from viralcommerce.values.money import CNY
from viralcommerce.values.percent import percent
from viralcommerce.values.spans import days, hours

ORDER = datetime(2026, 11, 11, tzinfo=UTC)
touches = st.builds(
    Touch,
    at=st.integers(-72, 3).map(lambda hour: ORDER + timedelta(hours=hour)),
    campaign=st.sampled_from(["ride", "rain"]),
    sharer=st.sampled_from(["ann", "bob", "cat", "eve"]),
    how=st.sampled_from(["link", "code"]),
) | st.builds(
    Touch,
    at=st.integers(-72, 3).map(lambda hour: ORDER + timedelta(hours=hour)),
    campaign=st.just("ride"),
    visitor=st.sampled_from(["v-1", "v-8", "v-9"]),
)
MEMBERS = {"v-9": "dan"}
NEW_YORK = ZoneInfo("America/New_York")
leaves: st.SearchStrategy[Policy] = st.sampled_from([
    FirstTouch(),
    LastTouch(),
    Linear(),
    Position(),
    Position(first=percent(70), last=percent(30)),
    TimeDecay(),
    TimeDecay(half_life=hours(1)),
])  # fmt: skip
policies: st.SearchStrategy[Policy] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(lambda then: WithinWindow(hours(2), then)),
        inner.map(lambda then: WithinWindow(days(2), then)),
        inner.map(CodeBeatsLink),
        inner.map(LinkBeatsCode),
        inner.map(lambda then: CampaignsInOrder(("rain", "ride"), then)),
    ),
    max_leaves=3,
)
histories = st.lists(touches, max_size=7)


def trail_of(history: list[Touch]) -> Trail:
    trail = Trail.of("v-1")
    for touch in history:
        trail = trail.added(touch)
    return trail


def found(policy: Policy, history: list[Touch]) -> Attribution:
    return attribute(policy, trail_of(history), at=ORDER, buyer="bob", members=MEMBERS)


@given(policies, histories, st.integers(0, 10_000))
def test_sums_to_one(policy: Policy, history: list[Touch], cents: int) -> None:
    said = found(policy, history)
    total = sum((credit.share.share for credit in said.credited), Fraction(0))
    assert total == (1 if said.credited else 0)
    if said.credited:
        paid = said.amounts(CNY.minor(cents))
        assert sum(amount.minor for amount in paid.values()) == cents
        assert paid.keys() == said.shares().keys() == {credit.to for credit in said.credited}


@given(policies, histories)
def test_nobody_lost(policy: Policy, history: list[Touch]) -> None:
    said = found(policy, history)
    told = [*(each.touch for each in said.credited), *(each.touch for each in said.rejected)]
    assert Counter(told) == Counter(trail_of(history).touches)
    assert all(str(each.why).startswith("no: ") for each in said.rejected)
    assert all(each.share for each in said.credited)


@given(policies, histories, st.randoms(use_true_random=False))
def test_any_order(policy: Policy, history: list[Touch], random: "st.random.Random") -> None:
    shuffled = list(history)
    random.shuffle(shuffled)
    assert found(policy, shuffled) == found(policy, history)


@given(policies, histories, st.sampled_from([None, NEW_YORK]))
def test_any_zone(policy: Policy, history: list[Touch], ordered: ZoneInfo | None) -> None:
    """In New York an hour is shown twice in between; by the wall, a window would be one longer."""
    early = timedelta(days=9)
    order = ORDER - early
    moved = [structs.replace(touch, at=touch.at - early) for touch in history]
    shown = [structs.replace(touch, at=touch.at.astimezone(NEW_YORK)) for touch in moved]
    at = order.astimezone(ordered) if ordered else order
    one = attribute(policy, trail_of(shown), at=at, buyer="bob", members=MEMBERS)
    assert one == attribute(policy, trail_of(moved), at=order, buyer="bob", members=MEMBERS)


@given(policies, histories, st.integers(1, 99))
def test_later_touches(policy: Policy, history: list[Touch], minutes: int) -> None:
    late = Touch(at=ORDER + timedelta(minutes=minutes), campaign="rain", sharer="eve", how="code")
    assert found(policy, [*history, late]).credited == found(policy, history).credited


@given(policies, histories)
def test_own_touches(policy: Policy, history: list[Touch]) -> None:
    """EC-71: by member, and by the browser they shared from before signing in."""
    said = found(policy, history)
    assert "bob" not in said.shares()
    assert all(credit.touch.visitor != "v-1" for credit in said.credited)
