"""How conditions are put into words: what a role is called, how times, spans and lists read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from viralcommerce.values.spans import write_span
from viralcommerce.values.zones import Zone

_ZH_UNITS: Final = {"day": "天", "hour": "小时", "minute": "分钟", "second": "秒"}
_PIECE: Final = re.compile(r"([0-9.]+) (day|hour|minute|second)s? ?")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one campaign.

    Args:
        roles_en: what members read for a role, in English; the role itself unless said.
        roles_zh: the same in Chinese.
        zone: the IANA name of the zone whose clock times are told by.

    Example:
        >>> Wording(roles_zh={"liker": "点赞人"}).who_zh("liker")
        '点赞人'
    """

    roles_en: Mapping[str, str] = field(default_factory=dict[str, str])
    roles_zh: Mapping[str, str] = field(default_factory=dict[str, str])
    zone: str = "UTC"

    def who_en(self, role: str) -> str:
        """A role in English, with its article."""
        return f"the {self.roles_en.get(role, role)}" if role else "the member"

    def who_zh(self, role: str) -> str:
        """A role in Chinese."""
        return self.roles_zh.get(role, role) if role else "用户"

    def time(self, at: datetime) -> str:
        """A moment by the clock of the zone, which is named."""
        wall = Zone.of(self.zone).wall(at)
        return (
            f"{wall.isoformat(' ', 'auto' if wall.microsecond else _needed(wall))} ({self.zone})"
        )


def _needed(wall: datetime) -> str:
    return "seconds" if wall.second else "minutes"


def span_zh(span: timedelta) -> str:
    """A span in Chinese.

    Example:
        >>> span_zh(timedelta(days=7)), span_zh(timedelta(minutes=90))
        ('7天', '1小时30分钟')
    """
    return _PIECE.sub(lambda piece: f"{piece[1]}{_ZH_UNITS[piece[2]]}", write_span(span))


def listed_en(items: Sequence[str], joint: str) -> str:
    """``a``, ``a or b``, ``a, b or c``.

    Example:
        >>> listed_en(["a", "b", "c"], "or")
        'a, b or c'
    """
    if len(items) == 1:
        return items[0]
    return f"{', '.join(items[:-1])} {joint} {items[-1]}"


def listed_zh(items: Sequence[str], joint: str) -> str:
    """``甲``, ``甲或乙``, ``甲、乙或丙``."""
    if len(items) == 1:
        return items[0]
    return f"{'、'.join(items[:-1])}{joint}{items[-1]}"
