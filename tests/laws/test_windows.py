"""The laws of values/windows.py, by their names: one test a law."""

from datetime import UTC, datetime, timedelta, timezone

from dateutil.rrule import rrulestr
from hypothesis import assume, given
from hypothesis import strategies as st

from viralcommerce.values.windows import Recurring, Window
from viralcommerce.values.zones import zone

START = datetime.fromisoformat("2025-02-20T00:00")
offsets = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
moments = st.builds(
    lambda minutes, zone: (START.replace(tzinfo=UTC) + timedelta(minutes=minutes)).astimezone(
        zone
    ),
    st.integers(0, 3_000),
    offsets,
)


@given(moments, moments)
def test_half_open(one: datetime, other: datetime) -> None:
    """EC-1, RQ-9: the instant it opens is in, the instant it closes is out."""
    assume(one != other)
    window = Window(min(one, other), max(one, other))
    instant = timedelta(microseconds=1)
    assert window.contains(window.opens)
    assert window.contains(window.closes - instant)
    assert not window.contains(window.closes)
    assert not window.contains(window.opens - instant)


@given(moments, moments, moments, moments)
def test_touching(one: datetime, two: datetime, three: datetime, at: datetime) -> None:
    """EC-1: windows that touch share no moment and leave none over."""
    first, middle, last = sorted([one, two, three])
    assume(first < middle < last and first <= at < last)
    assert Window(first, middle).contains(at) != Window(middle, last).contains(at)


ZONES = ["America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "America/Sao_Paulo"]
RULES = [
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=2;BYHOUR=1,2",
    "FREQ=WEEKLY;BYDAY=SU,MO",
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,SA",
    "FREQ=MONTHLY;BYDAY=2SU;COUNT=5",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=HOURLY;INTERVAL=5",
    "FREQ=DAILY;UNTIL=20250420T000000",
    "FREQ=YEARLY;BYMONTH=3,11;BYDAY=SU",
]
recurrings = st.builds(
    Recurring,
    st.sampled_from(RULES),
    st.sampled_from([timedelta(minutes=20), timedelta(hours=2), timedelta(hours=30)]),
    st.sampled_from(ZONES),
    st.sampled_from([START, START + timedelta(hours=2, minutes=30)]),
)
asked = st.builds(
    lambda step, micros: (
        START.replace(tzinfo=UTC) + timedelta(minutes=10 * step, microseconds=micros)
    ),
    st.integers(-200, 20_000),
    st.sampled_from([0, -1]),
)


def searched(recurring: Recurring) -> list[tuple[datetime, datetime]]:
    """Every opening of some years, one after the other."""
    until = START + timedelta(days=400)
    place, found = zone(recurring.zone), []
    for wall in rrulestr(recurring.rule, dtstart=recurring.starts):
        if wall > until:
            break
        found.append((place.instant(wall), place.instant(wall) + recurring.lasting))
    return found


@given(recurrings, asked)
def test_plain(recurring: Recurring, at: datetime) -> None:
    """EC-3: the nights the clocks change are among them."""
    expected = any(opens <= at < closes for opens, closes in searched(recurring))
    assert recurring.contains(at) == expected


@given(recurrings, asked)
def test_next_open(recurring: Recurring, at: datetime) -> None:
    coming = recurring.next_open(at)
    spans = searched(recurring)
    expected = [max(opens, at) for opens, closes in spans if closes > at]
    assert coming == (min(expected) if expected else None)
    assert coming is None or recurring.contains(coming)
