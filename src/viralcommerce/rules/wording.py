"""How rules are put into words: what a role is called, how times, spans and amounts read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from viralcommerce.rules.base import Rule, dump
from viralcommerce.values.money import Money
from viralcommerce.values.spans import write_span
from viralcommerce.values.zones import Zone

Language = Literal["en", "zh"]
"""A language that members read."""

_ZH_UNITS: Final = {"day": "天", "hour": "小时", "minute": "分钟", "second": "秒"}
_ZH_MONEY: Final = {
    "CNY": "元",
    "HKD": "港元",
    "MOP": "澳门元",
    "TWD": "新台币",
    "USD": "美元",
    "EUR": "欧元",
    "GBP": "英镑",
    "JPY": "日元",
    "KRW": "韩元",
    "SGD": "新加坡元",
    "THB": "泰铢",
    "MYR": "林吉特",
}
_PIECE: Final = re.compile(r"([0-9.]+) (day|hour|minute|second)s? ?")


class Words(NamedTuple):
    """One thing said in English and in Chinese, side by side so that neither falls behind."""

    en: str
    zh: str

    def of(self, language: Language) -> str:
        """What is said in one language."""
        return self.zh if language == "zh" else self.en


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


def in_chinese(amount: Money) -> str:
    """An amount as a Chinese sentence has it; whole amounts without decimals.

    Example:
        >>> from viralcommerce.values.money import CNY
        >>> in_chinese(CNY(60)), in_chinese(CNY("3.50"))
        ('60元', '3.50元')
    """
    unit = _ZH_MONEY.get(amount.currency)
    if unit is None:
        return str(amount)
    whole = amount.major.to_integral_value()
    return f"{whole if whole == amount.major else amount.major}{unit}"


def spelled_out(rule: Rule) -> Words:
    """A rule that says nothing of itself: its kind and all its fields, as an operator writes them.

    Example:
        >>> from viralcommerce.rules.limits import Limit
        >>> spelled_out(Limit(3, per="day")).en
        'limit (at_most: 3, per: day)'
    """
    said = dump(rule)
    kind = said.pop("kind")
    inside = [f"{name}: {_plain(value)}" for name, value in said.items() if value is not None]
    if not inside:
        return Words(kind, kind)
    return Words(f"{kind} ({', '.join(inside)})", f"{kind}（{'，'.join(inside)}）")


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_plain(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(_plain, value))
    return str(value)
