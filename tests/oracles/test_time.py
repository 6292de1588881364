"""Time against known answers: ``time/*``."""

import ast
from datetime import date, datetime, timedelta

from oracles import oracle
from viralcommerce.values.spans import (
    DAY,
    WEEK,
    calendar_days,
    calendar_months,
    hours,
    month_later,
    period_label,
    period_start,
    zone,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_relativedelta() -> None:
    known = oracle("time/relativedelta")
    for (day, said), expected in zip(known.given["cases"], known.expect["result"], strict=True):
        step = ast.literal_eval(said)
        months = step.get("months", 0) + 12 * step.get("years", 0)
        later = month_later(date.fromisoformat(day), months) + timedelta(step.get("days", 0))
        assert later.isoformat() == expected


def test_month_not_associative() -> None:
    known = oracle("time/month_not_associative")
    day = date.fromisoformat(known.given["d"])
    assert month_later(month_later(day, 1), 1).isoformat() == known.expect["(d+1m)+1m"]
    assert month_later(day, 2).isoformat() == known.expect["d+2m"]
    assert month_later(month_later(day, 1), -1).isoformat() == known.expect["(d+1m)-1m"]

    noon = at(f"{day}T12:00:00+00:00")
    two = calendar_months(2).after(noon, "UTC")
    assert two.date().isoformat() == known.expect["d+2m"]


def test_day_length() -> None:
    """EC-2: a day of the calendar is not 24 hours."""
    known = oracle("time/day_length")
    for said, length in zip(known.given["days"], known.expect["hours"], strict=True):
        name, day = said.split()
        opens = zone(name).instant(at(day))
        closes = zone(name).instant(at(day) + timedelta(days=1))
        assert closes - opens == timedelta(hours=length)
        assert period_start(closes - timedelta(microseconds=1), DAY, name) == opens
        assert period_start(closes, DAY, name) == closes


def test_wall_vs_absolute() -> None:
    """EC-2: 24 hours, or the same time tomorrow; each is said."""
    known = oracle("time/wall_vs_absolute")
    start = at(known.given["start"])
    assert start + hours(24) == at(known.expect["+24h_absolute"])
    tomorrow = calendar_days(1).after(start, "America/New_York")
    assert tomorrow == at(known.expect["+1_calendar_day"])


def test_region_midnight() -> None:
    """EC-4: whose midnight? The zone's that the quota names."""
    known = oracle("time/region_midnight")
    for name, expected in zip(known.given["zones"], known.expect["utc"], strict=True):
        opens = zone(name).instant(at("2025-07-01"))
        assert opens.isoformat() == expected
        assert period_label(opens, DAY, name) == "2025-07-01"
        assert period_label(opens - timedelta(microseconds=1), DAY, name) == "2025-06-30"


def test_iso_week() -> None:
    """EC-92: years of 53 weeks, and days that belong to another year's week."""
    known = oracle("time/iso_week")
    for day, (year, week, _) in zip(known.given["dates"], known.expect["iso"], strict=True):
        noon = at(f"{day}T12:00:00+08:00")
        assert period_label(noon, WEEK, "Asia/Shanghai") == f"{year}-W{week:02d}"
