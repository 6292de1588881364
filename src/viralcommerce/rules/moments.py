"""Conditions about the time of the command: within one window, or within one that recurs."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.base import rule
from viralcommerce.rules.condition_family import Inline, Leaf
from viralcommerce.rules.facts import Ask, Known
from viralcommerce.rules.fields import SpanField, WindowField, Written, ZoneField
from viralcommerce.rules.wording import Wording, listed_en, listed_zh, span_zh
from viralcommerce.values.instants import in_utc
from viralcommerce.values.spans import write_span
from viralcommerce.values.windows import ALWAYS, Recurring

_DAYS_EN: Final = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_DAYS_ZH: Final = {
    "MO": "周一",
    "TU": "周二",
    "WE": "周三",
    "TH": "周四",
    "FR": "周五",
    "SA": "周六",
    "SU": "周日",
}
_EVERY_DAY: Final = "FREQ=DAILY"
_DAY: Final = "(?:MO|TU|WE|TH|FR|SA|SU)"
_SOME_DAYS: Final = re.compile(rf"FREQ=WEEKLY;BYDAY={_DAY}(?:,{_DAY})*")
_DAYS_OF_MONTH: Final = re.compile(r"FREQ=MONTHLY;BYMONTHDAY=[1-9][0-9]?(?:,[1-9][0-9]?)*")


class _OfTime(Leaf):
    """A leaf about the time of the command, which needs no fact."""

    def asks(self, subject: str) -> tuple[Ask, ...]:
        return ()


@rule("during")
class During(_OfTime):
    """A command within a window, half-open: its first instant counts, its last does not.

    Args:
        window: from when until when.

    Example:
        >>> from viralcommerce.values.windows import Window
        >>> nov_11 = During(Window(
        ...     datetime.fromisoformat("2026-11-11T00:00:00+08:00"),
        ...     datetime.fromisoformat("2026-11-12T00:00:00+08:00"),
        ... ))
        >>> nov_11.says_en(Wording(zone="Asia/Shanghai"))[0]
        'from 2026-11-11 00:00 (Asia/Shanghai) until before 2026-11-12 00:00 (Asia/Shanghai)'
    """

    window: WindowField

    def __post_init__(self) -> None:
        if self.window == ALWAYS:
            raise InvalidRule("window: it is always open; leave the condition out")

    def holds(self, known: Known, at: datetime) -> bool:
        return self.window.contains(in_utc(at, "at"))

    def inline(self) -> Inline:
        return Inline("{0} <= at < {1}", "", (self.window.opens, self.window.closes))

    def says_en(self, wording: Wording) -> tuple[str, str]:
        window = self.window
        if window.closes == ALWAYS.closes:
            opens = wording.time(window.opens)
            return f"from {opens} on", f"before {opens}"
        if window.opens == ALWAYS.opens:
            closes = wording.time(window.closes)
            return f"before {closes}", f"from {closes} on"
        opens, closes = wording.time(window.opens), wording.time(window.closes)
        return f"from {opens} until before {closes}", f"before {opens} or from {closes} on"

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        window = self.window
        if window.closes == ALWAYS.closes:
            opens = wording.time(window.opens)
            return f"自{opens}起", f"在{opens}之前"
        if window.opens == ALWAYS.opens:
            closes = wording.time(window.closes)
            return f"在{closes}之前", f"自{closes}起"
        opens, closes = wording.time(window.opens), wording.time(window.closes)
        return f"自{opens}起至{closes}前", f"在{opens}之前或自{closes}起"


def _wall(value: datetime) -> datetime:
    if value.tzinfo is not None:
        raise InvalidRule(f"{value.isoformat()} has a zone; give the wall time in `zone`")
    return value


def _read_wall(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRule(f"{text!r:.60} is no time; write it like 2026-01-02T20:00:00") from None


WallTime = Annotated[
    datetime,
    Written(
        datetime,
        _read_wall,
        datetime.isoformat,
        {"type": "string", "examples": ["2026-01-02T20:00:00"]},
    ),
    AfterValidator(_wall),
]
"""What a clock shows, without a zone."""


@rule("during_recurring")
class DuringRecurring(_OfTime):
    """A command within a window that recurs by the wall clock of a zone.

    Args:
        rule: an RFC 5545 recurrence rule, ``FREQ=WEEKLY;BYDAY=FR``.
        lasting: how long each opening is, in elapsed time.
        zone: the IANA name of the zone whose wall clock is meant.
        starts: the wall time from which the rule counts; it also says the time of day.

    Example:
        >>> from viralcommerce.values.spans import hours
        >>> happy_hours = DuringRecurring(
        ...     "FREQ=WEEKLY;BYDAY=FR", lasting=hours(2), zone="Asia/Shanghai",
        ...     starts=datetime(2026, 1, 2, 20),
        ... )
        >>> happy_hours.says_en(Wording())[0]
        'every Friday from 20:00 (Asia/Shanghai) for 2 hours, since 2026-01-02'
    """

    rule: Annotated[str, Field(strict=True, max_length=200)]
    lasting: SpanField = Field(kw_only=True)
    zone: ZoneField = Field(kw_only=True)
    starts: WallTime = Field(kw_only=True)

    def __post_init__(self) -> None:
        self.recurring.next_open(ALWAYS.opens)

    @property
    def recurring(self) -> Recurring:
        """The window itself."""
        return Recurring(self.rule, self.lasting, self.zone, self.starts)

    def holds(self, known: Known, at: datetime) -> bool:
        return self.recurring.contains(in_utc(at, "at"))

    def inline(self) -> Inline:
        return Inline("{0}(at)", "", (self.recurring.contains,))

    def says_en(self, wording: Wording) -> tuple[str, str]:
        often = self._often_en()
        if often:
            said = f"{often} from {self.starts:%H:%M} ({self.zone}) for {self._rest_en()}"
        else:
            said = f"the times of the rule {self.rule}, for {self._rest_en()}"
        return said, f"any time but {said}"

    def _rest_en(self) -> str:
        return f"{write_span(self.lasting)}, since {self.starts:%Y-%m-%d}"

    def _often_en(self) -> str:
        if self.rule == _EVERY_DAY:
            return "every day"
        if _SOME_DAYS.fullmatch(self.rule):
            days = self.rule.removeprefix("FREQ=WEEKLY;BYDAY=").split(",")
            return f"every {listed_en([_DAYS_EN[day] for day in days], 'and')}"
        if _DAYS_OF_MONTH.fullmatch(self.rule):
            days = self.rule.removeprefix("FREQ=MONTHLY;BYMONTHDAY=").split(",")
            return f"on day {listed_en(days, 'and')} of every month"
        return ""

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        often = self._often_zh()
        span, since = span_zh(self.lasting), f"{self.starts:%Y-%m-%d}"
        if not often:
            said = f"自{since}起按规则{self.rule}开放的{span}之内"
        else:
            said = f"自{since}起{often}{self.starts:%H:%M}（{self.zone}）起的{span}之内"
        return f"在{said}", f"不在{said}"

    def _often_zh(self) -> str:
        if self.rule == _EVERY_DAY:
            return "每天"
        if _SOME_DAYS.fullmatch(self.rule):
            days = self.rule.removeprefix("FREQ=WEEKLY;BYDAY=").split(",")
            return f"每{listed_zh([_DAYS_ZH[day] for day in days], '和')}"
        if _DAYS_OF_MONTH.fullmatch(self.rule):
            days = self.rule.removeprefix("FREQ=MONTHLY;BYMONTHDAY=").split(",")
            return f"每月{listed_zh([f'{day}日' for day in days], '和')}"
        return ""
