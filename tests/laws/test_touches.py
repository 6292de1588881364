"""The laws of spread/touches.py, by their names: one test a law."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from viralcommerce.errors import InvalidValue
from viralcommerce.spread.touches import Touch, Trail, TrailOfAnother

START = datetime(2026, 11, 1, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
touches = st.builds(
    Touch,
    at=st.integers(0, 4).map(lambda hour: START + timedelta(hours=hour)),
    campaign=st.sampled_from(["ride", "rain"]),
    sharer=st.sampled_from(["ann", "cat", "eve"]),
    how=st.sampled_from(["link", "code"]),
)


@st.composite
def trails(draw: st.DrawFn, member: str = "") -> Trail:
    trail = Trail.of(draw(st.sampled_from(["v-1", "v-2", "v-3"])))
    for touch in draw(st.lists(touches, max_size=4)):
        trail = trail.added(touch)
    there = trail.signed_in(member) if member else trail
    assert isinstance(there, Trail)
    return there


@given(trails(), trails(), touches)
def test_append_only(one: Trail, other: Trail, touch: Touch) -> None:
    assert {*one.touches, touch} == set(one.added(touch).touches)
    assert {*one.touches, *other.touches} == set(one.merged(other).touches)
    assert {*one.visitors, *other.visitors} == set(one.merged(other).visitors)


@given(trails(), trails(member="bob"), trails(), touches, touches)
def test_any_order(one: Trail, two: Trail, three: Trail, touch: Touch, later: Touch) -> None:
    """RQ-17: whichever answer comes last, or twice."""
    assert one.merged(two) == two.merged(one)
    assert one.merged(two).merged(three) == one.merged(two.merged(three))
    assert one.merged(one) == one
    assert one.added(touch).added(later) == one.added(later).added(touch)
    assert one.added(touch).added(touch) == one.added(touch)
    assert one.added(touch).merged(two) == one.merged(two).added(touch)
    assert [each.at for each in one.touches] == sorted(each.at for each in one.touches)


@given(st.lists(touches, max_size=4))
def test_any_zone(told: list[Touch]) -> None:
    """New York's clocks are put back in between, and show one hour twice."""
    plain = shown = Trail.of("v-1")
    for touch in told:
        then = touch.at + timedelta(hours=4)
        plain = plain.added(structs.replace(touch, at=then))
        shown = shown.added(structs.replace(touch, at=then.astimezone(NEW_YORK)))
    assert shown == plain
    assert [touch.at.tzinfo for touch in shown.touches] == [UTC] * len(plain.touches)


@given(trails(member="ann"), trails(member="bob"))
def test_one_member(anns: Trail, bobs: Trail) -> None:
    with pytest.raises(InvalidValue, match="'ann' and 'bob' are two members"):
        anns.merged(bobs)
    assert anns.signed_in("bob", bobs) == TrailOfAnother()
