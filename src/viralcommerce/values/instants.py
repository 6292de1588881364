"""Instants: moments as UTC has them, so that no two are compared by the clock on a wall.

Python compares and subtracts two times of one zone by what its clocks show. Where these are put
back, an hour is shown twice: both of its times look alike, and a span across it is an hour off.
So a moment that a host gives is taken to UTC where it comes in.
"""

from __future__ import annotations

from datetime import UTC, datetime

from viralcommerce.errors import InvalidValue, NaiveTime


def in_utc(moment: datetime, what: str) -> datetime:
    """The same instant in UTC.

    Args:
        moment: aware.
        what: its field, for the message: ``touch.at``.

    Raises:
        NaiveTime: it has no zone.
        InvalidValue: it is no datetime, or outside the calendar in UTC.

    Laws:
        Same instant: it is as far from every other moment as before, whatever the zone.

    Example:
        >>> in_utc(datetime.fromisoformat("2026-11-11T08:00:00+08:00"), "touch.at").isoformat()
        '2026-11-11T00:00:00+00:00'
    """
    if not isinstance(moment, datetime):
        raise InvalidValue(
            f"{what}: expected a datetime, not {moment!r:.60} ({type(moment).__name__})"
        )
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise NaiveTime(
            f"{what}: {moment.isoformat()} has no zone;"
            f" say which, as in {moment.isoformat()}+08:00"
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidValue(f"{what}: {moment.isoformat()} is at the end of the calendar") from None
