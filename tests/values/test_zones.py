"""Zones: names that mean one thing, odd hours decided, and the periods quotas are counted in."""

import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from viralcommerce.errors import InvalidValue, NaiveTime
from viralcommerce.values.spans import DAY, MONTH, WEEK, Period, hours
from viralcommerce.values.zones import Zone, period_label, period_start, zone


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_zone_is_known_by_its_name() -> None:
    shanghai = zone("Asia/Shanghai")
    assert shanghai is zone("Asia/Shanghai") is Zone.of("Asia/Shanghai") is Zone.of(shanghai)
    assert shanghai == Zone("Asia/Shanghai") != zone("Asia/Tokyo")
    assert hash(shanghai) == hash(Zone("Asia/Shanghai"))
    assert shanghai != "Asia/Shanghai"
    assert (str(shanghai), repr(shanghai)) == ("Asia/Shanghai", "zone('Asia/Shanghai')")
    assert pickle.loads(pickle.dumps(shanghai)) is shanghai


def test_a_misspelled_zone_is_answered_with_the_right_one() -> None:
    with pytest.raises(
        InvalidValue, match=r"'Asia/Shangai' is no zone; did you mean Asia/Shanghai\?"
    ):
        zone("Asia/Shangai")


@pytest.mark.parametrize(
    "name",
    ["", "Mars", "Asia", "../etc/passwd", "/etc/localtime", "a\0b", "x" * 5_000,
     "+08:00", "\u4e0a\u6d77", "localtime", "posixrules", "Factory",
     "right/Asia/Shanghai", "posix/Asia/Shanghai", None, 8],
)  # fmt: skip
def test_a_zone_that_is_none_or_the_machines_own_is_refused(name: Any) -> None:
    """RQ-9: what another machine would read differently is no zone."""
    with pytest.raises(InvalidValue, match="is no zone; "):
        zone(name)


def test_a_skipped_hour_is_the_jump() -> None:
    """EC-3, RQ-9."""
    jump = at("2025-03-09T03:00:00-04:00")
    new_york = zone("America/New_York")
    for wall in ("02:00", "02:30", "02:59:59.999999", "03:00"):
        assert new_york.instant(at(f"2025-03-09T{wall}")) == jump
    assert new_york.instant(at("2025-03-09T01:59:59")) == jump - timedelta(seconds=1)
    assert new_york.instant(at("2025-03-09T03:00:01")) == jump + timedelta(seconds=1)


def test_an_hour_shown_twice_is_the_first() -> None:
    """EC-3, RQ-9; a fold on the wall time asked for changes nothing."""
    new_york, wall = zone("America/New_York"), at("2025-11-02T01:30:00")
    assert new_york.instant(wall) == at("2025-11-02T01:30:00-04:00")
    assert new_york.instant(wall.replace(fold=1)) == at("2025-11-02T01:30:00-04:00")
    second = at("2025-11-02T01:30:00-05:00")
    assert new_york.wall(second) == wall
    assert new_york.wall(second).fold == 0


def test_instants_are_in_utc() -> None:
    """Aware times of one zoneinfo zone compare by the wall: the second 01:30 before 01:45."""
    assert zone("Asia/Shanghai").instant(at("2025-11-11T00:00")).tzinfo is UTC
    assert period_start(at("2025-11-11T00:00+08:00"), DAY, "Asia/Shanghai").tzinfo is UTC


def test_a_wall_time_has_no_zone_and_a_moment_has() -> None:
    with pytest.raises(InvalidValue, match="give a wall time, without a zone"):
        zone("UTC").instant(at("2025-11-11T00:00:00+08:00"))
    for ask in (
        lambda naive: zone("UTC").wall(naive),
        lambda naive: period_label(naive, DAY, "UTC"),
        lambda naive: period_start(naive, DAY, "UTC"),
    ):
        with pytest.raises(
            NaiveTime, match=r"2025-11-11T00:00:00 has no zone; say which, as in .*\+08:00"
        ):
            ask(at("2025-11-11T00:00:00"))


def test_whose_midnight() -> None:
    """EC-4: one moment lies in two days."""
    moment = at("2025-11-10T16:00:00+00:00")
    assert period_label(moment, DAY, "Asia/Shanghai") == "2025-11-11"
    assert period_label(moment, DAY, "America/New_York") == "2025-11-10"
    assert period_label(moment - timedelta(microseconds=1), DAY, "Asia/Shanghai") == "2025-11-10"
    assert period_start(moment + hours(5), DAY, "Asia/Shanghai") == moment


def test_a_period_is_half_open() -> None:
    """EC-1: each label changes at its start, never before."""
    for period, start, before in (
        (DAY, "2025-11-11", "2025-11-10"),
        (WEEK, "2025-11-10", "2025-11-09"),
        (MONTH, "2025-11-01", "2025-10-31"),
    ):
        opens = at(f"{start}T00:00:00+08:00")
        assert period_start(opens, period, "Asia/Shanghai") == opens
        label = period_label(opens, period, "Asia/Shanghai")
        assert label != period_label(opens - timedelta(microseconds=1), period, "Asia/Shanghai")
        assert label == period_label(at(f"{start}T23:59:59+08:00"), period, "Asia/Shanghai")
        noon = at(f"{before}T12:00:00+08:00")
        assert period_label(noon, period, "Asia/Shanghai") < label


def test_weeks_are_iso_weeks() -> None:
    """EC-92: 2026 has 53 weeks, and New Year's Day belongs to the old year's last."""
    assert period_label(at("2026-12-31T12:00+08:00"), WEEK, "Asia/Shanghai") == "2026-W53"
    assert period_label(at("2027-01-03T23:59+08:00"), WEEK, "Asia/Shanghai") == "2026-W53"
    assert period_label(at("2027-01-04T00:00+08:00"), WEEK, "Asia/Shanghai") == "2027-W01"
    assert period_label(at("2024-12-30T00:00+08:00"), WEEK, "Asia/Shanghai") == "2025-W01"


@pytest.mark.parametrize(
    ("monday", "length"), [("2025-03-03", 167), ("2025-10-27", 169), ("2025-06-02", 168)]
)
def test_a_week_in_new_york_may_have_167_or_169_hours(monday: str, length: int) -> None:
    """EC-92."""
    opens = zone("America/New_York").instant(at(monday))
    closes = opens + hours(length)
    assert period_start(closes - timedelta(microseconds=1), WEEK, "America/New_York") == opens
    assert period_start(closes, WEEK, "America/New_York") == closes


def test_a_day_whose_midnight_is_skipped_begins_at_the_jump() -> None:
    """Sao Paulo, 2018: the clocks went from 23:59:59 to 01:00."""
    jump = at("2018-11-04T01:00:00-02:00")
    assert period_start(at("2018-11-04T12:00:00-02:00"), DAY, "America/Sao_Paulo") == jump
    before = jump - timedelta(microseconds=1)
    assert period_label(before, DAY, "America/Sao_Paulo") == "2018-11-03"


def test_an_hour_shown_again_after_midnight_is_of_the_new_day() -> None:
    """St. John's, 2010: at 00:01 the clocks went back to 23:01 of the day before."""
    midnight = at("2010-11-07T00:00:00-02:30")
    again = midnight + timedelta(minutes=30)
    assert zone("America/St_Johns").wall(again) == at("2010-11-06T23:30:00")
    assert period_label(again, DAY, "America/St_Johns") == "2010-11-07"
    assert period_label(midnight, DAY, "America/St_Johns") == "2010-11-07"
    assert period_start(again, DAY, "America/St_Johns") == midnight


def test_a_day_that_never_was_has_no_moment() -> None:
    """Samoa went from 29 to 31 December 2011."""
    noon = at("2011-12-29T12:00:00-10:00")
    assert period_label(noon, DAY, "Pacific/Apia") == "2011-12-29"
    assert period_label(noon + hours(12), DAY, "Pacific/Apia") == "2011-12-31"


def test_labels_do_not_hang_on_what_was_asked_before() -> None:
    """RQ-9: the zone remembers its latest period, and more days than it keeps."""
    place = Zone("Asia/Shanghai")
    opens = at("2000-01-01T00:00:00+08:00")
    for day in range(5_000):
        moment = opens + timedelta(days=day)
        expected = moment.date().isoformat()
        assert period_label(moment, DAY, place) == expected
    assert period_label(opens, DAY, place) == "2000-01-01"
    assert period_label(opens, MONTH, place) == "2000-01"
    assert (
        period_label(opens.astimezone(timezone(timedelta(hours=-3))), DAY, place) == "2000-01-01"
    )


def test_the_calendar_ends() -> None:
    for moment in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        for name in ("Asia/Shanghai", "America/New_York"):
            with pytest.raises(InvalidValue, match="at the end of the calendar"):
                period_label(moment, WEEK, name)
    with pytest.raises(InvalidValue, match="at the end of the calendar"):
        zone("Asia/Shanghai").instant(at("0001-01-01"))
    with pytest.raises(InvalidValue, match="at the end of the calendar"):
        zone("Asia/Shanghai").wall(datetime.max.replace(tzinfo=UTC))


def test_periods_have_words() -> None:
    assert [Period("day"), Period("week"), Period("month")] == [DAY, WEEK, MONTH]
    assert period_label(at("2025-11-11T00:00+00:00"), Period("month"), "UTC") == "2025-11"
