"""The openings of recurring windows: RFC 5545 rules, laid out on the time line as far as asked."""

from __future__ import annotations

import functools
import re
import threading
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from viralcommerce.errors import InvalidValue
from viralcommerce.values.zones import Zone

if TYPE_CHECKING:
    from dateutil.rrule import rrule

YEARS: Final = 100
"""How long after its start a rule without an end still opens."""

_RULE: Final = r"[A-Z]+=[A-Z0-9,+-]+(?:;[A-Z]+=[A-Z0-9,+-]+)*"
_UNTIL: Final = r"[0-9]{8}T[0-9]{6}"
_RARE_ENOUGH: Final = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS: Final = (
    "FREQ INTERVAL COUNT UNTIL WKST BYSETPOS BYMONTH BYMONTHDAY BYYEARDAY BYWEEKNO BYDAY"
    " BYHOUR BYMINUTE BYSECOND"
)
_DATES: Final = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO")
_MOST_MINUTES: Final = 4
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Openings:
    """All the moments at which a rule opens, in order; worked out once, as far as was asked.

    Args:
        rule: the RFC 5545 rule.
        starts: the wall time it counts from.
        zone: whose wall.

    Raises:
        InvalidValue: a rule that cannot be read.
    """

    __slots__ = ("_ahead", "_known", "_latest", "_lock", "_rule", "_zone")

    def __init__(self, rule: str, starts: datetime, zone: Zone) -> None:
        self._rule, self._zone = rule, zone
        self._ahead: Iterator[datetime] | None = _walls(rule, starts)
        self._known: list[datetime] = []
        self._latest: tuple[datetime, datetime] = (_LAST, _LAST)
        self._lock = threading.Lock()

    def first(self) -> datetime:
        """The first opening of all.

        Raises:
            InvalidValue: there is none.
        """
        opening = self.following(datetime.min.replace(tzinfo=UTC))
        if opening is None:
            raise InvalidValue(f"recurring: {self._rule!r} matches nothing in {YEARS} years")
        return opening

    def latest(self, moment: datetime) -> datetime | None:
        """The last opening not after a moment in UTC; None before the first."""
        index = self._after(moment)
        return self._known[index - 1] if index else None

    def following(self, moment: datetime) -> datetime | None:
        """The first opening after a moment in UTC; None after the last."""
        index = self._after(moment)
        return self._known[index] if index < len(self._known) else None

    def open_at(self, moment: datetime, lasting: timedelta) -> bool:
        """Whether some opening of this duration holds a moment in UTC: then the latest does."""
        begun, coming = self._latest
        if begun <= moment < coming:
            return moment - begun < lasting
        index = self._after(moment)
        if index == 0:
            return False
        begun = self._known[index - 1]
        self._latest = (begun, self._known[index] if index < len(self._known) else _LAST)
        return moment - begun < lasting

    def _after(self, moment: datetime) -> int:
        """How many openings are not after a moment, with the next one known if there is one."""
        if self._ahead is not None and (not self._known or self._known[-1] <= moment):
            with self._lock:
                self._reach_past(moment)
        return bisect_right(self._known, moment)

    def _reach_past(self, moment: datetime) -> None:
        while self._ahead is not None and (not self._known or self._known[-1] <= moment):
            wall = next(self._ahead, None)
            if wall is None:
                self._ahead = None
            else:
                self._known.append(self._zone.instant(wall))


@functools.lru_cache(maxsize=256)
def openings(rule: str, starts: datetime, zone: Zone) -> Openings:
    """The openings of a rule, shared by all windows that have the same."""
    return Openings(rule, starts, zone)


def _walls(written: str, starts: datetime) -> Iterator[datetime]:
    """The wall times a rule gives, in order."""
    parts = _parts(written)
    horizon = starts.replace(year=min(starts.year + YEARS, 9999), day=min(starts.day, 28))
    until = parts.pop("UNTIL", None)
    if until is not None:
        horizon = min(horizon, _until(written, until))
    count = _counting(written, parts, "COUNT")
    parts.pop("COUNT", None)  # counted here, so that the horizon holds for it too
    _refuse_days_that_never_come(written, parts)
    try:
        walls = _rrule(parts, starts).replace(until=horizon)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise InvalidValue(
            f"recurring: {written!r:.80} is no RFC 5545 rule ({error});"
            " write it like 'FREQ=WEEKLY;BYDAY=FR'"
        ) from None
    return islice(iter(walls), count)


def _rrule(parts: dict[str, str], starts: datetime) -> rrule:
    from dateutil.rrule import rrule, rrulestr  # heavy; only recurring windows pay for it

    rule = rrulestr(";".join(f"{name}={said}" for name, said in parts.items()), dtstart=starts)
    assert isinstance(rule, rrule)
    return rule


def _parts(rule: str) -> dict[str, str]:
    if len(rule) > 500 or re.fullmatch(_RULE, rule) is None:
        raise InvalidValue(
            f"recurring: cannot read {rule!r:.80}; write it like 'FREQ=WEEKLY;BYDAY=FR'"
        )
    pairs = [part.split("=", 1) for part in rule.split(";")]
    names = [name for name, _ in pairs]
    for name in names:
        if name not in _PARTS.split() or names.count(name) > 1:
            said = "stands twice" if names.count(name) > 1 else "is no part of a rule here"
            raise InvalidValue(f"recurring: {name} in {rule!r:.80} {said}; parts are {_PARTS}")
    parts = dict(pairs)
    if parts.get("FREQ") not in _RARE_ENOUGH:
        raise InvalidValue(
            f"recurring: FREQ={parts.get('FREQ')} in {rule!r:.80};"
            f" choose from: {', '.join(_RARE_ENOUGH)}"
        )
    for name, most in (("BYMINUTE", _MOST_MINUTES), ("BYSECOND", 1)):
        if parts.get(name, "").count(",") >= most:
            raise InvalidValue(f"recurring: {name} in {rule!r:.80} has more than {most} values")
    _counting(rule, parts, "INTERVAL")
    return parts


def _counting(rule: str, parts: dict[str, str], name: str) -> int | None:
    said = parts.get(name)
    if said is None:
        return None
    if not said.isdigit() or len(said) > 9 or int(said) < 1:
        raise InvalidValue(f"recurring: {name}={said} in {rule!r:.80}; give 1 or more")
    return int(said)


def _refuse_days_that_never_come(rule: str, parts: dict[str, str]) -> None:
    """Find 30 February before dateutil looks for it, day by day, in eight thousand years."""
    dates: dict[str, str] = {name: parts[name] for name in _DATES if name in parts}
    one_cycle_left = datetime(9999 - 400, 1, 1)  # noqa: DTZ001 - a wall time
    try:
        if not dates or any(True for _ in _rrule({"FREQ": "YEARLY", **dates}, one_cycle_left)):
            return
    except (ValueError, TypeError, LookupError):
        return  # said better when the whole rule is read
    said = ";".join(f"{name}={value}" for name, value in dates.items())
    raise InvalidValue(f"recurring: {said} in {rule!r:.80} is a day that never comes")


def _until(rule: str, said: str) -> datetime:
    try:
        if re.fullmatch(_UNTIL, said):
            return datetime.strptime(said, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - a wall time
    except ValueError:
        pass
    raise InvalidValue(
        f"recurring: UNTIL={said} in {rule!r:.80}; give the last wall time at which it may open,"
        " without a zone, like 20261231T235959"
    )
