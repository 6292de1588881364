"""The laws of values/spans.py, by their names: one test a law."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.values.spans import calendar_days, read_span, write_span, zone

spans = st.one_of(
    st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
    st.timedeltas(timedelta(0)),
)


@given(spans)
def test_round_trip(span: timedelta) -> None:
    assert read_span(write_span(span)) == span


@given(
    st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2030-01-01")),
    st.integers(1, 400),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"]),
)
def test_wall_time_kept(naive: datetime, days: int, name: str) -> None:
    """EC-2: a calendar day is not 86,400 seconds."""
    place, start = zone(name), naive.replace(tzinfo=UTC)
    end = calendar_days(days).after(start, name)
    wanted = place.wall(start) + timedelta(days=days)
    shown = place.wall(end)
    assert shown == wanted or (shown > wanted and place.wall(end - timedelta(seconds=1)) < wanted)
    assert abs(end - start - timedelta(days=days)) <= timedelta(hours=2)
