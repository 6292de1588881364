"""The laws of values/instants.py, by their names: one test a law."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.values.instants import in_utc

YORK = ZoneInfo("America/New_York")
PUT_BACK = datetime(2026, 11, 1, 6, tzinfo=UTC)
"""When New York's clocks go from 2:00 back to 1:00."""
near = st.integers(-120, 120).map(lambda minutes: PUT_BACK + timedelta(minutes=minutes))
zones = st.sampled_from([YORK, ZoneInfo("Asia/Shanghai"), UTC])


@given(near, near, zones, zones)
def test_same_instant(one: datetime, other: datetime, here: ZoneInfo, there: ZoneInfo) -> None:
    said = in_utc(one.astimezone(here), "one"), in_utc(other.astimezone(there), "other")
    assert said == (one, other)
    assert said[1] - said[0] == other - one
