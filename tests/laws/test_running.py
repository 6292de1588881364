"""The laws of `viralcommerce.lab.running`."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.running import Watched, ever_invited, mean_cumulative

Members = list[tuple[int, list[int]]]


@st.composite
def members(draw: st.DrawFn, *, span: int | None = None) -> Members:
    """Some members, each with a span and the ages within it at which it brought others."""
    found = []
    for _ in range(draw(st.integers(1, 12))):
        watched = draw(st.integers(0, 8)) if span is None else span
        found.append((watched, draw(st.lists(st.integers(0, watched), max_size=4))))
    return found


@given(members(span=6))
def test_whole(told: Members) -> None:
    curve = mean_cumulative(Watched.of(told))
    assert curve.at(6).value == pytest.approx(sum(len(ages) for _, ages in told) / len(told))


@given(members())
def test_no_less(told: Members) -> None:
    curve = mean_cumulative(Watched.of(told))
    naive = sum(len(ages) for _, ages in told) / len(told)
    assert curve.at(max(span for span, _ in told)).value >= naive - 1e-12
    assert (np.diff(curve.values) > 0).all()
    assert curve.at(-1).value == 0
    assert all(
        curve.at(age).low <= curve.at(age).value <= curve.at(age).high for age in curve.ages
    )


@given(members(), st.floats(0, 8), st.sampled_from([0.5, 0.95]))
def test_honest(told: Members, age: float, level: float) -> None:
    age = min(age, max(span for span, _ in told))
    for curve in (mean_cumulative, ever_invited):
        found = curve(Watched.of(told), level=level).at(age)
        assert 0 <= found.low <= found.value <= found.high
        assert found.low < found.high
        assert found.high <= 1 or curve is mean_cumulative


@given(members(), st.floats(1e-6, 8) | st.just(math.nan))
def test_not_seen(told: Members, later: float) -> None:
    longest = max(span for span, _ in told)
    for curve in (mean_cumulative(Watched.of(told)), ever_invited(Watched.of(told))):
        with pytest.raises(InvalidValue, match=rf"ask for {longest} or less"):
            curve.at(longest + later)


@given(members())
def test_part(told: Members) -> None:
    curve = ever_invited(Watched.of(told))
    assert ((curve.values >= 0) & (curve.values <= 1)).all()
    assert (np.diff(curve.values) >= 0).all()


@given(members(span=6))
def test_all(told: Members) -> None:
    curve = ever_invited(Watched.of(told))
    part = sum(bool(ages) for _, ages in told) / len(told)
    assert curve.at(6).value == pytest.approx(part)
