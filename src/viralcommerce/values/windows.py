"""When something is open: once, or again and again; half-open, ``[opens, closes)``.

The instant it opens is in, the instant it closes is out, so that two windows that touch never
share a moment and never leave one over.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from viralcommerce.errors import InvalidValue, NaiveTime
from viralcommerce.values.instants import in_utc
from viralcommerce.values.recurrence import Openings, openings
from viralcommerce.values.zones import Zone

_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Window(msgspec.Struct, frozen=True, gc=False):
    """Open from one instant until just before another.

    Both are kept in UTC, so windows are equal when they are open at the same moments.

    Args:
        opens: the first moment in.
        closes: the first moment out; after `opens`.

    Raises:
        NaiveTime: an end without a zone.
        InvalidValue: it closes before it opens, or at once.

    Laws:
        Half open: it contains the moment it opens and not the moment it closes.
        Touching: of windows that touch, exactly one contains each moment between their ends.

    Example:
        >>> nov_11 = Window(
        ...     datetime.fromisoformat("2026-11-11T00:00:00+08:00"),
        ...     datetime.fromisoformat("2026-11-12T00:00:00+08:00"),
        ... )
        >>> nov_11.contains(datetime.fromisoformat("2026-11-11T15:59:59+00:00"))
        True
        >>> nov_11.contains(datetime.fromisoformat("2026-11-11T16:00:00+00:00"))
        False
    """

    opens: datetime
    closes: datetime

    def __post_init__(self) -> None:
        opens, closes = in_utc(self.opens, "window.opens"), in_utc(self.closes, "window.closes")
        if not opens < closes:
            raise InvalidValue(
                f"window: closes {closes.isoformat()} but opens {opens.isoformat()};"
                " it must close later than it opens"
            )
        msgspec.structs.force_setattr(self, "opens", opens)
        msgspec.structs.force_setattr(self, "closes", closes)

    @staticmethod
    def since(opens: datetime) -> Window:
        """Open from a moment on, without end."""
        return Window(opens, _LAST)

    @staticmethod
    def until(closes: datetime) -> Window:
        """Open as long as anybody remembers, until just before a moment."""
        return Window(_FIRST, closes)

    @property
    def ends(self) -> bool:
        """Whether it closes some day."""
        return self.closes != _LAST

    def contains(self, at: datetime) -> bool:
        """Whether it is open at a moment.

        Raises:
            NaiveTime: a moment without a zone.
        """
        try:
            return self.opens <= at < self.closes
        except TypeError:
            raise NaiveTime(f"window: {at!r:.60} has no zone; say which") from None

    def opening(self, at: datetime) -> Window | None:
        """The window itself if it is open at a moment or opens later; None if it is over.

        Raises:
            NaiveTime: a moment without a zone.
        """
        return self if in_utc(at, "window.at") < self.closes else None

    def next_open(self, at: datetime) -> datetime | None:
        """The earliest moment from `at` on when it is open; None if that never comes.

        Raises:
            NaiveTime: a moment without a zone.
        """
        moment = in_utc(at, "window.at")
        return max(moment, self.opens) if moment < self.closes else None


class Recurring(msgspec.Struct, frozen=True, gc=False):
    """Open again and again by the wall clock of a zone: every Friday from 20:00 for two hours.

    Each opening is a wall time; where the clocks skip it, it opens as they jump, where they show
    it twice, at the first. It then lasts its span in elapsed time, so two hours stay two hours in
    the night the clocks change. Openings that overlap are one open stretch for `contains`.

    Args:
        rule: an RFC 5545 recurrence rule, ``FREQ=WEEKLY;BYDAY=FR``; hourly or rarer; an ``UNTIL``
            is a wall time (no ``Z``), the last at which it may open.
        lasting: how long each opening is.
        zone: the IANA name of the zone whose wall clock is meant.
        starts: the wall time, without a zone, from which the rule counts, in whole seconds; it
            opens first at the first match from there on.

    Raises:
        InvalidValue: a rule that cannot be read or never matches, an unknown zone, no duration,
            or a start that has a zone.

    Laws:
        Plain: ``contains`` says what a search through all openings says.
        Next open: ``next_open`` is open, not before the moment asked, and nothing between is open.

    Example:
        >>> hours, first = timedelta(hours=2), datetime(2026, 1, 2, 20)
        >>> happy = Recurring("FREQ=WEEKLY;BYDAY=FR", hours, "Asia/Shanghai", first)
        >>> happy.contains(datetime.fromisoformat("2026-11-13T21:59:59+08:00"))
        True
        >>> happy.next_open(datetime.fromisoformat("2026-11-13T22:00:00+08:00")).isoformat()
        '2026-11-20T12:00:00+00:00'
    """

    rule: str
    lasting: timedelta
    zone: str
    starts: datetime

    def __post_init__(self) -> None:
        if self.lasting <= timedelta(0):
            raise InvalidValue(
                f"recurring: lasting {self.lasting} is no duration; give one above zero"
            )
        if self.starts.tzinfo is not None:
            raise InvalidValue(
                f"recurring: starts {self.starts.isoformat()} has a zone;"
                f" give the wall time in {self.zone}"
            )
        if self.starts.microsecond:
            raise InvalidValue(f"recurring: starts {self.starts.isoformat()}: give whole seconds")
        self._openings().first()

    def contains(self, at: datetime) -> bool:
        """Whether it is open at a moment.

        Raises:
            NaiveTime: a moment without a zone.
        """
        return self._openings().open_at(in_utc(at, "window.at"), self.lasting)

    def opening(self, at: datetime) -> Window | None:
        """The opening that holds a moment (of several, the latest), or the next; None if over.

        Raises:
            NaiveTime: a moment without a zone.
        """
        moment = in_utc(at, "window.at")
        known = self._openings()
        begun = known.latest(moment)
        if begun is not None and moment < _later(begun, self.lasting):
            return Window(begun, _later(begun, self.lasting))
        coming = known.following(moment)
        return None if coming is None else Window(coming, _later(coming, self.lasting))

    def next_open(self, at: datetime) -> datetime | None:
        """The earliest moment from `at` on when it is open; None if that never comes.

        Raises:
            NaiveTime: a moment without a zone.
        """
        opening = self.opening(at)
        return None if opening is None else max(opening.opens, at.astimezone(UTC))

    def _openings(self) -> Openings:
        return openings(self.rule, self.starts, Zone.of(self.zone))


def _later(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment + span
    except OverflowError:
        return _LAST


ALWAYS: Final = Window(_FIRST, _LAST)
"""Open at every moment."""
