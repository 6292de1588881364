"""Lengths of time, in words an operator writes: exact ones, and ones that follow a calendar.

==================  ==============================  =================================
said                means                           from noon before clocks go forward
==================  ==============================  =================================
``days(1)``         24 hours, wherever              13:00 on the next day
``CalendarDays(1)`` the same wall time, next day    12:00 on the next day
==================  ==============================  =================================
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from viralcommerce.errors import InexactNumber, InvalidValue
from viralcommerce.values.zones import (
    DAY,
    MONTH,
    WEEK,
    Period,
    Zone,
    period_label,
    period_start,
    zone,
)

_UNITS: Final = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_PIECE = r"([0-9]{1,15})"
_SPAN: Final = (
    rf"(?! )(?:{_PIECE} days?)?(?: ?\b{_PIECE} hours?)?(?: ?\b{_PIECE} minutes?)?"
    rf"(?: ?\b{_PIECE}(?:\.([0-9]{{1,6}}))? seconds?)?"
)
_HOURS_BELOW: Final = 3 * 86_400


def seconds(n: int) -> timedelta:
    """Exactly n seconds."""
    return _exactly(n, "seconds", 1)


def minutes(n: int) -> timedelta:
    """Exactly n times 60 seconds."""
    return _exactly(n, "minutes", 60)


def hours(n: int) -> timedelta:
    """Exactly n times 3,600 seconds."""
    return _exactly(n, "hours", 3_600)


def days(n: int) -> timedelta:
    """Exactly n times 24 hours; for "the same time, n days on" say `calendar_days`."""
    return _exactly(n, "days", 86_400)


def weeks(n: int) -> timedelta:
    """Exactly n times 168 hours."""
    return _exactly(n, "weeks", 7 * 86_400)


def _exactly(n: int, unit: str, length: int) -> timedelta:
    if type(n) is not int:
        raise InexactNumber(f"{unit}({n!r:.60}): give a whole number, or a smaller unit")
    if n < 0:
        raise InvalidValue(f"{unit}({n}): a span is not below zero")
    try:
        return timedelta(seconds=n * length)
    except OverflowError:
        raise InvalidValue(f"{unit}({n!s:.60}): longer than any calendar") from None


def read_span(text: str) -> timedelta:
    """Read ``"48 hours"`` or ``"1 day 12 hours"``: largest unit first, each at most once.

    Units are days (of 24 hours), hours, minutes and seconds; only seconds may have decimals.

    Raises:
        InvalidValue: another shape, or longer than a `timedelta` can be.

    Example:
        >>> read_span("1 day 12 hours") == hours(36)
        True
    """
    found = re.fullmatch(_SPAN, text)
    if found is None or not text:
        raise InvalidValue(
            f"span: cannot read {text!r:.60}; write it like '48 hours' or '1 day 12 hours'"
        )
    day, hour, minute, second, part = found.groups(default="")
    whole = sum(
        int(said or 0) * length
        for said, length in zip((day, hour, minute, second), _UNITS.values(), strict=True)
    )
    try:
        return timedelta(seconds=whole, microseconds=int(part.ljust(6, "0")))
    except OverflowError:
        raise InvalidValue(f"span: {text!r} is longer than any calendar") from None


def write_span(span: timedelta) -> str:
    """Write a span in words.

    Below three days it counts in hours, as shops do: ``48 hours``, ``36 hours``, ``7 days``.

    Raises:
        InvalidValue: below zero.

    Laws:
        Round trip: ``read_span(write_span(s)) == s``.

    Example:
        >>> write_span(days(2)), write_span(days(7)), write_span(minutes(90))
        ('48 hours', '7 days', '1 hour 30 minutes')
    """
    if span < timedelta(0):
        raise InvalidValue(f"span: {span} is below zero")
    left, micros = span.days * 86_400 + span.seconds, span.microseconds
    words: list[str] = []
    for unit, length in _UNITS.items():
        if unit == "day" and left < _HOURS_BELOW:
            continue
        count, left = divmod(left, length)
        said = str(count)
        if unit == "second" and micros:
            said = f"{count}.{micros:06d}".rstrip("0")
        if said != "0":
            words.append(f"{said} {unit}" if said == "1" else f"{said} {unit}s")
    return " ".join(words) or "0 seconds"


class CalendarDays(msgspec.Struct, frozen=True, gc=False):
    """The same wall time, n days on: 23, 24 or 25 hours a day, as the zone has it.

    Args:
        n: how many days, 1 or more.

    Raises:
        InvalidValue: less than one.

    Laws:
        Wall time kept: unless the clocks skip it, the result shows the time the moment showed.
    """

    n: int

    def __post_init__(self) -> None:
        _at_least_one(self.n, "calendar_days")

    def after(self, moment: datetime, zone: Zone | str) -> datetime:
        """The instant (in UTC) n calendar days after a moment; a skipped time is the jump itself.

        Raises:
            NaiveTime: a moment without a zone.
            InvalidValue: an unknown zone, or later than any calendar.

        Example:
            >>> noon = datetime.fromisoformat("2025-03-08T12:00:00-05:00")
            >>> calendar_days(1).after(noon, "America/New_York") - noon == hours(23)
            True
        """
        place = Zone.of(zone)
        wall = place.wall(moment)
        try:
            return place.instant(wall + timedelta(days=self.n))
        except OverflowError:
            raise InvalidValue(f"{self.n} days after {moment}: later than any calendar") from None


class CalendarMonths(msgspec.Struct, frozen=True, gc=False):
    """The same day and wall time, n months on; a day the month lacks becomes its last.

    Count from the *original* date: two single months from 31 January are 29 March, two months at
    once are 31 March.

    Args:
        n: how many months, 1 or more.

    Raises:
        InvalidValue: less than one.
    """

    n: int

    def __post_init__(self) -> None:
        _at_least_one(self.n, "calendar_months")

    def after(self, moment: datetime, zone: Zone | str) -> datetime:
        """The instant (in UTC) n months after a moment; a skipped time is the jump itself.

        Raises:
            NaiveTime: a moment without a zone.
            InvalidValue: an unknown zone, or later than any calendar.

        Example:
            >>> eve = datetime.fromisoformat("2024-01-31T20:00:00+08:00")
            >>> calendar_months(1).after(eve, "Asia/Shanghai").isoformat()
            '2024-02-29T12:00:00+00:00'
        """
        place = Zone.of(zone)
        wall = place.wall(moment)
        return place.instant(datetime.combine(month_later(wall.date(), self.n), wall.time()))


def calendar_days(n: int) -> CalendarDays:
    """The same wall time, n days on; see `CalendarDays`."""
    return CalendarDays(n)


def calendar_months(n: int) -> CalendarMonths:
    """The same day and wall time, n months on; see `CalendarMonths`."""
    return CalendarMonths(n)


def month_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last day where it is shorter.

    Args:
        day: the day to count from.
        months: how many months later; below zero, earlier.

    Raises:
        InvalidValue: outside the calendar.

    Example:
        >>> month_later(date(2024, 1, 31), 1).isoformat()
        '2024-02-29'
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise InvalidValue(f"{months} months after {day}: outside the calendar")
    import calendar  # two milliseconds that few programs need

    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _at_least_one(n: int, what: str) -> None:
    if type(n) is not int:
        raise InexactNumber(f"{what}({n!r:.60}): give a whole number")
    if not 1 <= n <= 3_660_000:
        raise InvalidValue(f"{what}({n}): give 1 or more, within the calendar")


__all__ = [
    "DAY",
    "MONTH",
    "WEEK",
    "CalendarDays",
    "CalendarMonths",
    "Period",
    "Zone",
    "calendar_days",
    "calendar_months",
    "days",
    "hours",
    "minutes",
    "month_later",
    "period_label",
    "period_start",
    "read_span",
    "seconds",
    "weeks",
    "write_span",
    "zone",
]
