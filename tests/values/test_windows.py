"""Windows: half-open, in UTC, and the nights the clocks change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from viralcommerce.errors import InvalidValue, NaiveTime
from viralcommerce.values.spans import days, hours, minutes
from viralcommerce.values.windows import ALWAYS, Recurring, Window

INSTANT = timedelta(microseconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


NOV_11 = Window(at("2026-11-11T00:00:00+08:00"), at("2026-11-12T00:00:00+08:00"))
FRIDAYS = Recurring("FREQ=WEEKLY;BYDAY=FR", hours(2), "Asia/Shanghai", at("2026-01-02T20:00"))


def test_a_window_opens_at_its_first_instant_and_is_shut_at_its_last() -> None:
    """EC-1, RQ-9."""
    assert NOV_11.contains(at("2026-11-10T16:00:00+00:00"))
    assert not NOV_11.contains(at("2026-11-10T16:00:00+00:00") - INSTANT)
    assert NOV_11.contains(at("2026-11-11T23:59:59.999999+08:00"))
    assert not NOV_11.contains(at("2026-11-12T00:00:00+08:00"))


def test_one_window_said_in_two_zones_is_one_window() -> None:
    """EC-5, RQ-9: it holds instants, and saving it again shifts nothing."""
    elsewhere = Window(at("2026-11-10T16:00:00+00:00"), at("2026-11-11T11:00:00-05:00"))
    assert elsewhere == NOV_11
    assert hash(elsewhere) == hash(NOV_11)
    assert NOV_11.opens.tzinfo is UTC
    saved = NOV_11
    for _ in range(3):
        saved = msgspec.json.decode(msgspec.json.encode(saved), type=Window)
    assert saved == NOV_11


def test_a_window_closes_after_it_opens() -> None:
    for closes in (NOV_11.opens, NOV_11.opens - INSTANT):
        with pytest.raises(InvalidValue, match="it must close later than it opens"):
            Window(NOV_11.opens, closes)


@pytest.mark.parametrize("window", [NOV_11, ALWAYS, FRIDAYS])
def test_a_time_without_a_zone_is_in_no_window(window: Any) -> None:
    naive = at("2026-11-11T00:00:00")
    for ask in (window.contains, window.opening, window.next_open):
        with pytest.raises(NaiveTime, match="has no zone; say which"):
            ask(naive)
    with pytest.raises(NaiveTime, match=r"window\.closes: 2026-11-11T00:00:00 has no zone"):
        Window(NOV_11.opens, naive)


def test_a_window_may_lack_either_end() -> None:
    since, until = Window.since(NOV_11.opens), Window.until(NOV_11.closes)
    assert since.contains(at("9999-12-31T23:59:59+00:00"))
    assert not since.contains(NOV_11.opens - INSTANT)
    assert until.contains(at("0001-01-01T00:00:00+00:00"))
    assert not until.contains(NOV_11.closes)
    assert (since.ends, until.ends, ALWAYS.ends, NOV_11.ends) == (False, True, False, True)
    assert ALWAYS.contains(datetime.min.replace(tzinfo=UTC))


def test_when_it_is_next_open() -> None:
    before, during = NOV_11.opens - days(1), NOV_11.opens + hours(1)
    assert NOV_11.next_open(before) == NOV_11.opens
    assert NOV_11.next_open(during) == during
    assert NOV_11.next_open(NOV_11.closes) is None
    assert NOV_11.opening(before) is NOV_11
    assert NOV_11.opening(NOV_11.closes - INSTANT) is NOV_11
    assert NOV_11.opening(NOV_11.closes) is None


def test_the_calendar_ends_for_windows_too() -> None:
    with pytest.raises(InvalidValue, match="at the end of the calendar"):
        Window(NOV_11.opens, at("9999-12-31T23:59:59-12:00"))


def test_every_friday_for_two_hours() -> None:
    assert not FRIDAYS.contains(at("2026-01-02T19:59:59.999999+08:00"))
    assert FRIDAYS.contains(at("2026-01-02T20:00:00+08:00"))
    assert FRIDAYS.contains(at("2026-11-13T21:59:59.999999+08:00"))
    assert not FRIDAYS.contains(at("2026-11-13T22:00:00+08:00"))
    assert not FRIDAYS.contains(at("2026-11-14T20:00:00+08:00"))
    assert not FRIDAYS.contains(at("2025-12-26T20:00:00+08:00"))


def test_the_next_friday() -> None:
    friday = Window(at("2026-11-13T20:00:00+08:00"), at("2026-11-13T22:00:00+08:00"))
    assert FRIDAYS.opening(at("2026-11-12T00:00:00+08:00")) == friday
    assert FRIDAYS.opening(friday.opens) == friday
    assert FRIDAYS.opening(friday.closes) == Window(
        friday.opens + days(7), friday.closes + days(7)
    )
    assert FRIDAYS.next_open(friday.opens + hours(1)) == friday.opens + hours(1)
    assert FRIDAYS.next_open(friday.closes) == friday.opens + days(7)
    assert FRIDAYS.next_open(at("2020-01-01T00:00:00+00:00")) == at("2026-01-02T20:00:00+08:00")


def test_each_friday_is_found_after_the_one_before_it() -> None:
    """What was answered last changes no answer, not even at the very instant it ends."""
    for week in (0, 1, 0, 2, 1):
        opens = at("2026-01-02T20:00:00+08:00") + days(7 * week)
        assert FRIDAYS.contains(opens + hours(1))
        assert not FRIDAYS.contains(opens + hours(3))
        assert FRIDAYS.contains(opens + days(7))
        assert not FRIDAYS.contains(opens + days(7) - INSTANT)


def test_a_window_inside_the_skipped_hour_opens_as_the_clocks_jump() -> None:
    """EC-3, RQ-9: daily at 02:30 for half an hour, in the night without a 02:30."""
    nightly = Recurring("FREQ=DAILY", minutes(30), "America/New_York", at("2025-03-01T02:30"))
    night = nightly.opening(at("2025-03-09T00:00:00-05:00"))
    assert night == Window(at("2025-03-09T03:00:00-04:00"), at("2025-03-09T03:30:00-04:00"))
    assert nightly.contains(at("2025-03-10T02:30:00-04:00"))
    assert not nightly.contains(at("2025-03-10T03:00:00-04:00"))


def test_a_window_inside_the_doubled_hour_opens_once() -> None:
    """EC-3, RQ-9: daily at 01:30, in the night with two of them."""
    nightly = Recurring("FREQ=DAILY", minutes(30), "America/New_York", at("2025-10-01T01:30"))
    assert nightly.contains(at("2025-11-02T01:30:00-04:00"))
    assert not nightly.contains(at("2025-11-02T01:30:00-05:00"))
    assert nightly.contains(at("2025-11-03T01:30:00-05:00"))


def test_two_hours_stay_two_hours_when_the_clocks_change() -> None:
    """EC-3: by the wall it closes at 04:00, not at 03:00."""
    nightly = Recurring("FREQ=DAILY", hours(2), "America/New_York", at("2025-03-01T01:00"))
    night = nightly.opening(at("2025-03-09T00:00:00-05:00"))
    assert night == Window(at("2025-03-09T01:00:00-05:00"), at("2025-03-09T04:00:00-04:00"))


def test_openings_that_overlap_are_one_stretch() -> None:
    daily = Recurring("FREQ=DAILY", hours(30), "UTC", at("2026-01-01T00:00"))
    assert daily.contains(at("2030-06-01T05:59:59+00:00"))
    assert daily.next_open(at("2030-06-01T05:59:59+00:00")) == at("2030-06-01T05:59:59+00:00")


def test_a_rule_may_end() -> None:
    counted = Recurring("FREQ=DAILY;COUNT=2", hours(1), "UTC", at("2026-01-01T10:00"))
    until = Recurring("FREQ=DAILY;UNTIL=20260102T100000", hours(1), "UTC", at("2026-01-01T10:00"))
    for rule in (counted, until):
        last = at("2026-01-02T10:00:00+00:00")
        assert rule.contains(last)
        assert rule.next_open(last + minutes(59)) == last + minutes(59)
        assert rule.next_open(last + hours(1)) is None
        assert rule.opening(last + hours(1)) is None
        assert not rule.contains(last + days(1))


def test_a_rule_without_an_end_is_not_searched_for_ever() -> None:
    """A broken date in a log must not cost a minute."""
    assert FRIDAYS.next_open(at("2125-12-01T00:00:00+00:00")) is not None
    daily = Recurring("FREQ=DAILY", hours(1), "UTC", at("2028-02-29T20:00"))
    last = at("2128-02-28T20:00:00+00:00")
    assert daily.next_open(last) == last
    assert daily.next_open(last + hours(1)) is None
    late = Recurring("FREQ=YEARLY", hours(1), "UTC", at("9990-03-01T20:00"))
    assert late.next_open(at("9998-12-31T00:00:00+00:00")) == at("9999-03-01T20:00:00+00:00")
    assert FRIDAYS.next_open(at("9999-01-01T00:00:00+00:00")) is None
    assert not FRIDAYS.contains(at("9999-01-01T12:00:00+00:00"))


def test_an_opening_may_outlast_the_calendar() -> None:
    once = Recurring("FREQ=DAILY;COUNT=1", timedelta.max, "UTC", at("2026-01-01T00:00"))
    opening = once.opening(at("2026-01-02T00:00:00+00:00"))
    assert opening == Window.since(at("2026-01-01T00:00:00+00:00"))
    assert once.contains(at("9999-01-01T00:00:00+00:00"))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "cannot read"),
        ("every friday", "cannot read"),
        ("freq=weekly", "cannot read"),
        ("RRULE:FREQ=DAILY", "cannot read"),
        ("FREQ=DAILY\nEXDATE=20260101", "cannot read"),
        ("FREQ=DAILY;" + "BYHOUR=1;" * 60, "cannot read"),
        ("BYDAY=FR", "FREQ=None"),
        ("FREQ=SECONDLY", "choose from: HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=MINUTELY", "choose from: HOURLY"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ in .* stands twice"),
        ("FREQ=DAILY;DTSTART=20260101T000000", "DTSTART in .* is no part of a rule here"),
        ("FREQ=YEARLY;BYEASTER=0", "BYEASTER in .* is no part of a rule here"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 in .*; give 1 or more"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0 in .*; give 1 or more"),
        ("FREQ=DAILY;COUNT=-1", "COUNT=-1 in .*; give 1 or more"),
        ("FREQ=DAILY;INTERVAL=1000000000", "give 1 or more"),
        ("FREQ=DAILY;UNTIL=20261231T235959Z", "the last wall time at which it may open"),
        ("FREQ=DAILY;UNTIL=20261231", "without a zone, like 20261231T235959"),
        ("FREQ=DAILY;UNTIL=20261331T000000", "without a zone"),
        ("FREQ=DAILY;UNTIL=20251231T000000", "matches nothing"),
        ("FREQ=DAILY;BYHOUR=25", "is no RFC 5545 rule"),
        ("FREQ=WEEKLY;BYDAY=FREITAG", "is no RFC 5545 rule"),
        ("FREQ=DAILY;BYMINUTE=0,10,20,30,40", "BYMINUTE in .* has more than 4 values"),
        ("FREQ=DAILY;BYSECOND=0,30", "BYSECOND in .* has more than 1 values"),
        ("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "is a day that never comes"),
        ("FREQ=DAILY;BYMONTH=13", "a day that never comes|is no RFC 5545 rule"),
        ("FREQ=HOURLY;INTERVAL=2;BYHOUR=1", "is no RFC 5545 rule|matches nothing"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_as_it_is_made(rule: str, said: str) -> None:
    with pytest.raises(InvalidValue, match=rf"recurring: .*({said})"):
        Recurring(rule, hours(1), "Asia/Shanghai", at("2026-01-02T20:00"))


def test_a_rule_may_be_as_long_and_as_rare_as_this() -> None:
    rule = "FREQ=DAILY;INTERVAL=999999999;BYHOUR=20"
    padded = rule + ",20" * ((500 - len(rule)) // 3)
    assert len(padded) in (498, 499, 500)
    padded = padded.replace("BYHOUR=20", "BYHOUR=" + "0" * (500 - len(padded)) + "20")
    once = Recurring(padded, hours(1), "UTC", at("2026-01-02T20:00"))
    assert once.contains(at("2026-01-02T20:00:00+00:00"))
    assert once.next_open(at("2026-01-03T00:00:00+00:00")) is None


def test_the_rest_of_a_recurring_window_is_checked_too() -> None:
    start = at("2026-01-02T20:00")
    for wrong, said in (
        (("FREQ=DAILY", hours(0), "UTC", start), "lasting 0:00:00 is no duration"),
        (("FREQ=DAILY", hours(1), "UTC+8", start), "'UTC[+]8' is no zone"),
        (("FREQ=DAILY", hours(1), "UTC", start.replace(tzinfo=UTC)), "has a zone; give the wall"),
        (("FREQ=DAILY", hours(1), "UTC", start + INSTANT), "give whole seconds"),
    ):
        with pytest.raises(InvalidValue, match=said):
            Recurring(*wrong)


def test_the_first_opening_is_the_first_match_from_the_start() -> None:
    """A start that does not match is no opening: 2 January 2026 is a Friday."""
    mondays = Recurring("FREQ=WEEKLY;BYDAY=MO", hours(1), "UTC", at("2026-01-02T20:00"))
    assert mondays.next_open(at("2026-01-01T00:00:00+00:00")) == at("2026-01-05T20:00:00+00:00")
    assert not mondays.contains(at("2026-01-02T20:00:00+00:00"))
