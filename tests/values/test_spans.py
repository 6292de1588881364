"""Spans: exact ones in words, and the ones that follow a calendar."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from viralcommerce.errors import InexactNumber, InvalidValue, NaiveTime
from viralcommerce.values.spans import (
    CalendarDays,
    CalendarMonths,
    calendar_days,
    calendar_months,
    days,
    hours,
    minutes,
    month_later,
    read_span,
    seconds,
    weeks,
    write_span,
    zone,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_day_is_24_hours_and_a_week_is_seven_of_them() -> None:
    assert weeks(1) == days(7) == hours(168) == minutes(10_080) == seconds(604_800)
    assert hours(0) == timedelta(0)


@pytest.mark.parametrize("count", [1.5, 2.0, True, "2", None])
@pytest.mark.parametrize(
    "unit", [seconds, minutes, hours, days, weeks, calendar_days, calendar_months]
)
def test_spans_are_counted_in_whole_numbers(unit: Any, count: Any) -> None:
    with pytest.raises(InexactNumber, match=rf"^{unit.__name__}\(.*\): give a whole number"):
        unit(count)


@pytest.mark.parametrize("unit", [seconds, minutes, hours, days, weeks])
def test_no_span_is_below_zero_or_beyond_the_calendar(unit: Any) -> None:
    with pytest.raises(InvalidValue, match=r"\(-1\): a span is not below zero"):
        unit(-1)
    with pytest.raises(InvalidValue, match="longer than any calendar"):
        unit(10**20)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (hours(48), "48 hours"),
        (days(1), "24 hours"),
        (hours(36), "36 hours"),
        (days(3), "3 days"),
        (hours(71), "71 hours"),
        (hours(73), "3 days 1 hour"),
        (days(365), "365 days"),
        (minutes(90), "1 hour 30 minutes"),
        (seconds(1), "1 second"),
        (timedelta(0), "0 seconds"),
        (timedelta(milliseconds=1500), "1.5 seconds"),
        (timedelta(microseconds=1), "0.000001 seconds"),
        (timedelta(seconds=1, microseconds=20), "1.00002 seconds"),
        (days(3) + timedelta(hours=1, minutes=1, seconds=1), "3 days 1 hour 1 minute 1 second"),
        (timedelta.max, "999999999 days 23 hours 59 minutes 59.999999 seconds"),
    ],
)
def test_spans_are_written_as_shops_say_them(span: timedelta, text: str) -> None:
    assert write_span(span) == text
    assert read_span(text) == span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1 day 12 hours", hours(36)),
        ("2 days", days(2)),
        ("1 days", days(1)),
        ("90 minutes", minutes(90)),
        ("0 days", timedelta(0)),
        ("0.250000 seconds", timedelta(milliseconds=250)),
    ],
)
def test_other_words_for_the_same_span_are_read_too(text: str, span: timedelta) -> None:
    assert read_span(text) == span


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "48", "48h", "48hours", "48 Hours", " 48 hours", "48 hours ", "48  hours",
        "-1 hours", "1.5 hours", "12 hours 1 day", "1 hour 1 hour", "1 hour1 minute", "2 weeks",
        "1 second 1",
        "\u0661 hours", "48 hours\n", "1 day, 2 hours", "0.0000001 seconds",
        "P2D", "1" * 16 + " days",
    ],
)  # fmt: skip
def test_a_span_is_read_in_words_only(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"span: cannot read .*; write it like '48 hours'"):
        read_span(text)


def test_a_span_ends_somewhere() -> None:
    with pytest.raises(InvalidValue, match="longer than any calendar"):
        read_span("1000000000 days")
    with pytest.raises(InvalidValue, match="below zero"):
        write_span(timedelta(microseconds=-1))


def test_one_calendar_day_is_the_same_wall_time_on_the_next_day() -> None:
    """EC-2, RQ-9: in the night the clocks go forward it is 23 hours, and 25 when they go back."""
    noon = at("2025-03-08T12:00:00-05:00")
    assert calendar_days(1).after(noon, "America/New_York") - noon == hours(23)
    noon = at("2025-11-01T12:00:00-04:00")
    assert calendar_days(1).after(noon, "America/New_York") - noon == hours(25)
    assert calendar_days(7).after(noon, zone("America/New_York")) - noon == days(7) + hours(1)
    assert calendar_days(2) == CalendarDays(2) != calendar_days(3)


def test_a_skipped_time_is_the_jump_and_a_doubled_one_the_first() -> None:
    before = at("2025-03-08T02:30:00-05:00")
    assert calendar_days(1).after(before, "America/New_York") == at("2025-03-09T03:00:00-04:00")
    before = at("2025-11-01T01:30:00-04:00")
    assert calendar_days(1).after(before, "America/New_York") == at("2025-11-02T01:30:00-04:00")


def test_calendar_spans_count_where_the_zone_is() -> None:
    """EC-4: at 23:00 UTC it is tomorrow in Shanghai already, and another month."""
    eve = at("2024-01-30T23:00:00+00:00")
    assert calendar_months(1).after(eve, "Asia/Shanghai") == at("2024-02-29T07:00:00+08:00")
    assert calendar_months(1).after(eve, "UTC") == at("2024-02-29T23:00:00+00:00")
    assert calendar_months(1).after(eve, "UTC").tzinfo is UTC


def test_months_are_anchored_to_the_original_date() -> None:
    first = at("2024-01-31T12:00:00+08:00")
    twice = calendar_months(1).after(
        calendar_months(1).after(first, "Asia/Shanghai"), "Asia/Shanghai"
    )
    assert twice == at("2024-03-29T12:00:00+08:00")
    assert CalendarMonths(2).after(first, "Asia/Shanghai") == at("2024-03-31T12:00:00+08:00")
    assert calendar_months(13).after(first, "Asia/Shanghai") == at("2025-02-28T12:00:00+08:00")


@pytest.mark.parametrize("kind", [calendar_days, calendar_months])
def test_calendar_spans_are_one_or_more_and_end_with_the_calendar(kind: Any) -> None:
    for count in (0, -1, 3_660_001):
        with pytest.raises(InvalidValue, match="give 1 or more, within the calendar"):
            kind(count)
    longest = kind(3_660_000)
    with pytest.raises(InvalidValue, match="calendar"):
        longest.after(at("2025-01-01T00:00:00+00:00"), "UTC")
    with pytest.raises(NaiveTime, match="has no zone; say which"):
        kind(1).after(at("2025-01-01T00:00:00"), "UTC")
    with pytest.raises(InvalidValue, match="is no zone"):
        kind(1).after(at("2025-01-01T00:00:00+00:00"), "Mars/Olympus")


def test_a_month_is_found_within_the_calendar_only() -> None:
    assert month_later(date(9999, 11, 30), 1) == date(9999, 12, 30)
    assert month_later(date(1, 2, 28), -1) == date(1, 1, 28)
    for day, months in ((date(9999, 12, 1), 1), (date(1, 1, 1), -1)):
        with pytest.raises(InvalidValue, match="outside the calendar"):
            month_later(day, months)
