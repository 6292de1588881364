"""Touches: what is kept of a visitor, and whose it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from viralcommerce.errors import InvalidValue, NaiveTime
from viralcommerce.spread.touches import Touch, Trail, TrailOfAnother

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
LINK = Touch(at=NOON, campaign="ride", sharer="ann")
LATER = NOON + timedelta(hours=1)
CODE = Touch(at=LATER, campaign="ride", sharer="cat", how="code", name="7F3K")


def test_nothing_is_lost_at_the_login() -> None:
    """EC-67: neither the first touch nor a later code; the old cookie is one more visitor."""
    app = Trail.of("v-app").added(CODE).signed_in("bob")
    assert isinstance(app, Trail)
    both = Trail.of("v-web").added(LINK).signed_in("bob", app)
    assert both == Trail(visitors=("v-app", "v-web"), member="bob", touches=(LINK, CODE))


def test_whoever_signs_in_second_on_a_browser_inherits_nothing() -> None:
    """EC-57: it is told, as a value; the host gives the browser a new visitor id."""
    anns = Trail.of("v-1").added(LINK).signed_in("ann")
    assert isinstance(anns, Trail)
    assert anns.signed_in("bob") == TrailOfAnother()
    assert anns.signed_in("ann") == anns


def test_members_and_visitors_are_not_mixed_up() -> None:
    """EC-69: a touch says which of both shared it."""
    for wrong in ({}, {"sharer": "ann", "visitor": "v-1"}):
        said: dict[str, Any] = wrong
        with pytest.raises(InvalidValue, match=r"touch: .*name one of them"):
            Touch(at=NOON, campaign="ride", **said)


def test_a_touch_that_cannot_be_is_refused() -> None:
    with pytest.raises(NaiveTime, match="has no zone"):
        Touch(at=NOON.replace(tzinfo=None), campaign="ride", sharer="ann")
    with pytest.raises(InvalidValue, match=r"touch\.campaign"):
        Touch(at=NOON, campaign="", sharer="ann")
    with pytest.raises(InvalidValue, match=r"trail\.visitor"):
        Trail.of("")
    with pytest.raises(InvalidValue, match=r"trail\.member"):
        Trail.of("v-1").signed_in(" ")


def test_order_is_by_instant_whatever_the_zone() -> None:
    beijing = timezone(timedelta(hours=8))
    seven = datetime(2026, 11, 11, 19, tzinfo=beijing)
    early = Touch(at=seven, campaign="ride", sharer="eve")
    assert Trail.of("v-1").added(LINK).added(early).touches == (early, LINK)


def test_a_trail_is_plain_json() -> None:
    trail = Trail.of("v-1").added(LINK).added(CODE)
    text = msgspec.json.encode(trail)
    assert msgspec.json.decode(text, type=Trail) == trail
    assert b'"how":"code"' in text
    with pytest.raises(msgspec.ValidationError, match="name one of them"):
        msgspec.json.decode(text.replace(b'"sharer":"ann"', b'"sharer":""'), type=Trail)
