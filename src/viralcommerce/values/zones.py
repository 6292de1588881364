"""Time zones by their IANA name, and the days, weeks and months that quotas are counted in.

Two rules decide every odd hour, everywhere in this library:

- a wall time that the clocks *skip* means the moment they jump;
- a wall time that they show *twice* means the first.

So a later wall time is never an earlier instant, and no window opens after it closes. Every
instant made here is in UTC (aware times of one `zoneinfo` zone compare by the wall, not by time).
"""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, assert_never
from zoneinfo import ZoneInfo, available_timezones

from viralcommerce.errors import InvalidValue, NaiveTime

_MOST_KNOWN: Final = 4_096
_Span = tuple[datetime, datetime, str]
_NEVER: Final[_Span] = (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), "")


class Period(StrEnum):
    """What a limit is counted per: the local day, ISO week (from Monday) or month."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


DAY: Final = Period.DAY
WEEK: Final = Period.WEEK
MONTH: Final = Period.MONTH


class Zone:
    """A time zone known to IANA; made by `zone`, one object for each name.

    It remembers the period it last labeled, which changes no answer.

    Laws:
        Never backwards: a later wall time is not an earlier instant.
        The first: ``z.instant(w)`` is the first moment when ``z.wall`` shows w or more.
    """

    __slots__ = ("_known", "_latest", "name", "tz")

    name: str
    tz: ZoneInfo

    def __init__(self, name: str) -> None:
        self.name = name
        self.tz = _load(name)
        self._latest: dict[str, _Span] = dict.fromkeys(Period, _NEVER)
        self._known: dict[str, dict[date, _Span]] = {period: {} for period in Period}

    @staticmethod
    def of(zone: Zone | str) -> Zone:
        """The zone itself, or the one of that name."""
        return zone if isinstance(zone, Zone) else _zone(zone)

    def wall(self, moment: datetime) -> datetime:
        """What a clock in this zone shows at a moment, as a time without a zone.

        Raises:
            NaiveTime: a moment that has no zone to begin with.
        """
        if moment.utcoffset() is None:
            raise _naive(moment)
        try:
            return moment.astimezone(self.tz).replace(tzinfo=None, fold=0)
        except OverflowError:
            raise _outside(moment, self) from None

    def instant(self, wall: datetime) -> datetime:
        """The first instant, in UTC, at which a clock here shows this time or has passed it.

        Args:
            wall: a time without a zone.

        Raises:
            InvalidValue: a time that has a zone already, or lies outside the calendar.

        Example:
            >>> zone("America/New_York").instant(datetime(2025, 3, 9, 2, 30)).isoformat()
            '2025-03-09T07:00:00+00:00'
        """
        if wall.tzinfo is not None:
            raise InvalidValue(f"{wall.isoformat()}: give a wall time, without a zone")
        local = wall.replace(tzinfo=self.tz, fold=0)
        try:
            moment = local.astimezone(UTC)
            if moment.astimezone(self.tz).replace(tzinfo=None) == wall.replace(fold=0):
                return moment
        except OverflowError:
            raise _outside(wall, self) from None
        return self._jump(local.replace(fold=1).astimezone(UTC), moment)

    def _jump(self, before: datetime, after: datetime) -> datetime:
        """The second, between two moments, at which the clocks go forward."""
        old = before.astimezone(self.tz).utcoffset()
        low, high = 0, int((after - before).total_seconds())
        while high - low > 1:
            middle = (low + high) // 2
            if (before + timedelta(seconds=middle)).astimezone(self.tz).utcoffset() == old:
                low = middle
            else:
                high = middle
        return (before + timedelta(seconds=high)).replace(microsecond=0)

    def _held(self, moment: datetime, period: Period) -> _Span:
        """The period that holds an aware moment: when it opens, when it closes, and its name."""
        try:
            shown = moment.astimezone(self.tz).date()
            span = self._known[period].get(shown) or self._worked_out(shown, period)
            while moment >= span[1]:  # an hour shown again after midnight is of the new day
                shown = _next_first_day(_first_day(shown, period), period)
                span = self._worked_out(shown, period)
        except OverflowError:
            raise _outside(moment, self) from None
        self._latest[period] = span
        return span

    def _worked_out(self, day: date, period: Period) -> _Span:
        first = _first_day(day, period)
        opens, closes = self._midnight(first), self._midnight(_next_first_day(first, period))
        known = self._known[period]
        if len(known) >= _MOST_KNOWN:
            known.clear()
        span = known[day] = (opens, closes, _written(first, period))
        return span

    def _midnight(self, day: date) -> datetime:
        return self.instant(datetime.combine(day, time()))

    def __repr__(self) -> str:
        return f"zone({self.name!r})"

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return other.name == self.name if isinstance(other, Zone) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[object, ...]:
        return zone, (self.name,)


@functools.lru_cache(maxsize=1_024)
def _zone(name: str) -> Zone:
    return Zone(name)


def zone(name: str) -> Zone:
    """The time zone of an IANA name.

    Raises:
        InvalidValue: no such zone, or one that means something else on every machine.

    Example:
        >>> zone("Asia/Shanghai").wall(datetime(2026, 11, 11, tzinfo=UTC)).isoformat()
        '2026-11-11T08:00:00'
    """
    return _zone(name)


def period_start(at: datetime, period: Period, zone: Zone | str) -> datetime:
    """The instant, in UTC, at which the day, week or month that holds `at` began in a zone.

    Raises:
        NaiveTime: a moment without a zone.
        InvalidValue: an unknown zone.

    Example:
        >>> at = datetime.fromisoformat("2025-11-11T08:00:00+08:00")
        >>> period_start(at, DAY, "Asia/Shanghai").isoformat()
        '2025-11-10T16:00:00+00:00'
    """
    if at.utcoffset() is None:
        raise _naive(at)
    return Zone.of(zone)._held(at, period)[0]


def period_label(at: datetime, period: Period, zone: Zone | str) -> str:
    """The name of the day, week or month that holds `at` in a zone; what a quota is keyed by.

    Args:
        at: any moment with a zone.
        period: `DAY` gives ``2025-11-11``, `WEEK` the ISO week ``2025-W46``, `MONTH` ``2025-11``.
        zone: a `Zone`, or an IANA name.

    Raises:
        NaiveTime: a moment without a zone.
        InvalidValue: an unknown zone.

    Laws:
        In order: a later moment never has an earlier label.
        Starts: ``period_start`` has the label, and no moment before it has.

    Example:
        >>> at = datetime.fromisoformat("2025-11-10T17:00:00+00:00")
        >>> period_label(at, DAY, "Asia/Shanghai"), period_label(at, WEEK, "Asia/Shanghai")
        ('2025-11-11', '2025-W46')
    """
    place = zone if type(zone) is Zone else Zone.of(zone)
    opens, closes, label = place._latest[period]
    try:
        if opens <= at < closes:
            return label
    except TypeError:
        raise _naive(at) from None
    return place._held(at, period)[2]


def _first_day(day: date, period: Period) -> date:
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)
        case _:
            assert_never(period)


def _next_first_day(first: date, period: Period) -> date:
    match period:
        case Period.DAY:
            return first + timedelta(days=1)
        case Period.WEEK:
            return first + timedelta(days=7)
        case Period.MONTH:
            return _first_day(first + timedelta(days=31), period)
        case _:
            assert_never(period)


def _written(first: date, period: Period) -> str:
    match period:
        case Period.DAY:
            return first.isoformat()
        case Period.WEEK:
            year, week, _ = first.isocalendar()
            return f"{year:04d}-W{week:02d}"
        case Period.MONTH:
            return f"{first.year:04d}-{first.month:02d}"
        case _:
            assert_never(period)


def _load(name: str) -> ZoneInfo:
    machine_bound = ("localtime", "posixrules", "Factory", "right/", "posix/")
    if not str(name).startswith(machine_bound):
        try:
            return ZoneInfo(name)
        except (LookupError, ValueError, OSError, TypeError):
            pass
    from difflib import get_close_matches

    close = get_close_matches(str(name)[:60], available_timezones(), n=1)
    hint = f"did you mean {close[0]}?" if close else "give an IANA name like Asia/Shanghai"
    raise InvalidValue(f"zone: {name!r:.60} is no zone; {hint}")


def _outside(moment: datetime, zone: Zone) -> InvalidValue:
    return InvalidValue(f"{moment.isoformat()} in {zone}: at the end of the calendar")


def _naive(moment: datetime) -> NaiveTime:
    return NaiveTime(
        f"{moment.isoformat()} has no zone; say which, as in {moment.isoformat()}+08:00"
    )
