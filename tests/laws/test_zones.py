"""The laws of values/zones.py, by their names: one test a law."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from viralcommerce.values.zones import Period, Zone, period_label, period_start, zone

ODD = [
    ("America/New_York", "2025-03-09T02:30"),
    ("America/New_York", "2025-11-02T01:30"),
    ("America/Sao_Paulo", "2018-11-04T00:00"),  # the clocks skip midnight
    ("America/Sao_Paulo", "2018-02-18T00:00"),  # they go back at midnight, to 23:00
    ("America/St_Johns", "2010-11-07T00:00"),  # at 00:01, to 23:01 of the day before
    ("America/Toronto", "1919-03-31T00:00"),  # from 23:30 to 00:30: midnight inside of the gap
    ("America/Juneau", "1867-10-19T00:00"),  # a day shown twice
    ("Pacific/Apia", "2011-12-30T12:00"),  # a day that never was
    ("Pacific/Kiritimati", "1994-12-31T12:00"),
    ("Asia/Manila", "1844-12-31T12:00"),
    ("Australia/Lord_Howe", "2025-10-05T02:15"),  # half an hour
    ("Antarctica/Troll", "2025-03-30T01:30"),  # two hours
    ("Africa/Casablanca", "2025-02-23T02:30"),
    ("Asia/Shanghai", "1986-05-04T02:30"),
    ("Europe/Dublin", "2025-10-26T01:30"),
    ("Asia/Kathmandu", "1986-01-01T00:07:30"),
]
zones = st.sampled_from([zone(name) for name, _ in ODD])
spans = st.one_of(
    st.timedeltas(timedelta(0), timedelta(hours=3)),
    st.timedeltas(timedelta(0), timedelta(days=400)),
    st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(seconds=1)]),
)
periods = st.sampled_from(Period)


@st.composite
def odd_hours(draw: st.DrawFn) -> tuple[Zone, datetime]:
    """A zone and a wall time, most often around a change of its clocks."""
    name, change = draw(st.sampled_from(ODD))
    sign = draw(st.sampled_from([-1, 1]))
    return zone(name), datetime.fromisoformat(change) + sign * draw(spans)


def moment(place: Zone, wall: datetime) -> datetime:
    """Some moment at or near a wall time, found without `Zone`."""
    return wall.replace(tzinfo=place.tz).astimezone(UTC)


@given(odd_hours(), spans)
def test_never_backwards(odd: tuple[Zone, datetime], later: timedelta) -> None:
    place, wall = odd
    assert place.instant(wall) <= place.instant(wall + later)


@given(odd_hours(), spans)
def test_the_first(odd: tuple[Zone, datetime], earlier: timedelta) -> None:
    place, wall = odd
    first = place.instant(wall)
    assert place.wall(first) >= wall
    assert place.wall(first - max(earlier, timedelta(microseconds=1))) < wall
    if (
        wall.replace(tzinfo=place.tz).astimezone(UTC).astimezone(place.tz).replace(tzinfo=None)
        == wall
    ):
        assert place.wall(first) == wall


@given(odd_hours(), spans, periods)
@example(
    (zone("America/St_Johns"), datetime.fromisoformat("2010-11-07T00:00")),
    timedelta(seconds=90),
    Period.DAY,
)
def test_in_order(odd: tuple[Zone, datetime], later: timedelta, period: Period) -> None:
    """EC-92, EC-2: days of 23 and 25 hours, days shown twice or never, weeks of 167 hours."""
    place, wall = odd
    at = moment(place, wall)
    assert period_label(at, period, place) <= period_label(at + later, period, place)
    assert period_label(at, period, place) == period_label(at, period, place.name)


@given(odd_hours(), spans, periods)
def test_starts(odd: tuple[Zone, datetime], earlier: timedelta, period: Period) -> None:
    place, wall = odd
    at = moment(place, wall)
    start, label = period_start(at, period, place), period_label(at, period, place)
    assert start <= at
    assert period_label(start, period, place) == label
    assert period_start(start, period, place) == start
    before = start - max(earlier, timedelta(microseconds=1))
    assert period_label(before, period, place) < label
