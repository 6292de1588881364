"""Conditions about custom fields: what a host knows of its members and this library does not.

One class for each type, so that a number is compared with numbers only: ``"9" > "10"`` cannot be
written, and a host that tells ``"9"`` where a number is asked is told so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.base import rule
from viralcommerce.rules.bounds import (
    beyond_en,
    beyond_zh,
    bounded,
    check_bounds,
    within_en,
    within_zh,
)
from viralcommerce.rules.condition_family import Inline, Leaf
from viralcommerce.rules.condition_fields import Label, RoleField, Texts
from viralcommerce.rules.facts import FIELD, Ask, FactKind, Known, Number
from viralcommerce.rules.fields import TimeField
from viralcommerce.rules.membership import PLAIN_MOMENT
from viralcommerce.rules.wording import Wording, listed_en, listed_zh

_MOST_DIGITS: Final = 38


def _exact(value: object) -> int | Decimal:
    """A bound as an operator writes it; equal ones are one value, so that they hash alike."""
    if isinstance(value, int) and not isinstance(value, bool):
        found = Decimal(value)
    elif isinstance(value, Decimal):
        found = value
    elif isinstance(value, str):
        try:
            found = Decimal(value)
        except InvalidOperation:
            raise InvalidRule(f"{value!r:.60} is no number; write it like 12.5") from None
    else:
        raise InvalidRule(
            f"{value!r:.60} is no exact number; give an int, a Decimal, or text like '12.5'"
        )
    digits, exponent = found.as_tuple().digits, found.as_tuple().exponent
    if not isinstance(exponent, int):
        raise InvalidRule(f"{value!r:.60} is not finite; leave the bound out instead")
    if len(digits) > _MOST_DIGITS or abs(exponent) > _MOST_DIGITS:
        raise InvalidRule(f"{value!r:.60} has more than {_MOST_DIGITS} digits")
    plain = format(found, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return Decimal(plain) if "." in plain else int(plain)


def _written(bound: int | Decimal) -> int | str:
    return bound if isinstance(bound, int) else format(bound, "f")


Exact = Annotated[
    int | Decimal,
    BeforeValidator(_exact),
    PlainSerializer(_written),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer"},
                {
                    "type": "string",
                    "pattern": r"^\s*[+-]?([0-9_]+\.?[0-9_]*|\.[0-9_]+)([eE][+-]?[0-9_]+)?\s*$",
                },
            ]
        }
    ),
]
"""A number without a float: whole, or decimals as text."""


class _OfField(Leaf):
    """A leaf about one custom field of one member."""

    of: str
    field: str
    looks: ClassVar[FactKind]

    @property
    def fact(self) -> str:
        """The name the fact goes by."""
        return f"{FIELD}{self.field}"

    def asks(self, subject: str) -> tuple[Ask, ...]:
        return (Ask(self.of or subject, self.fact, self.looks),)

    @property
    def about(self) -> str:
        return self.of


@rule("number_is")
class NumberIs(_OfField):
    """A custom field that is a number within bounds.

    Args:
        field: the host's name of it.
        at_least: the least that will do; give this, `at_most` or both.
        at_most: the most that will do.
        of: the role it is about.

    Example:
        >>> NumberIs("score", at_least="2.50").at_least
        Decimal('2.5')
        >>> NumberIs("score", at_least=3, at_most=9).says_en(Wording())
        ('"score" 3 to 9', '"score" less than 3 or more than 9')
    """

    looks = FactKind.NUMBER

    field: Label
    at_least: Exact | None = Field(default=None, kw_only=True)
    at_most: Exact | None = Field(default=None, kw_only=True)
    of: RoleField = Field(default="", kw_only=True)

    def __post_init__(self) -> None:
        check_bounds(self.at_least, self.at_most)

    def holds(self, known: Known, at: datetime) -> bool:
        number = known.number(self.of, self.fact)
        enough = self.at_least is None or _compare(number, self.at_least) >= 0
        return enough and (self.at_most is None or _compare(number, self.at_most) <= 0)

    def inline(self) -> Inline:
        test, constants = bounded("{a}", self.at_least, self.at_most)
        return Inline(test, "type({a}) is int", constants, read="")

    def says_en(self, wording: Wording) -> tuple[str, str]:
        return (
            f'"{self.field}" {within_en(self.at_least, self.at_most)}',
            f'"{self.field}" {beyond_en(self.at_least, self.at_most)}',
        )

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        return (
            f"“{self.field}”{within_zh(self.at_least, self.at_most)}",
            f"“{self.field}”{beyond_zh(self.at_least, self.at_most)}",
        )


def _compare(number: Number, bound: int | Decimal) -> int:
    """-1, 0 or 1; exact (a `Decimal` and a `Fraction` cannot be compared as they are)."""
    if isinstance(number, Fraction):
        exact = Fraction(bound)
        return (number > exact) - (number < exact)
    return (number > bound) - (number < bound)


@rule("text_is")
class TextIs(_OfField):
    """A custom field that is one of these texts, to the letter; ``~`` of it is none of them.

    Args:
        field: the host's name of it.
        one_of: the texts that will do.
        of: the role it is about.

    Example:
        >>> TextIs("channel", one_of=("app", "web")).says_en(Wording())
        ('"channel" app or web', '"channel" neither app nor web')
    """

    looks = FactKind.TEXT

    field: Label
    one_of: Texts = Field(kw_only=True)
    of: RoleField = Field(default="", kw_only=True)

    def holds(self, known: Known, at: datetime) -> bool:
        return known.text(self.of, self.fact) in self.one_of

    def inline(self) -> Inline:
        texts = (frozenset(self.one_of),)
        return Inline("{a} in {0}", "type({a}) is str", texts, proven=True, read="")

    def says_en(self, wording: Wording) -> tuple[str, str]:
        neither = "neither " if len(self.one_of) > 1 else "not "
        return (
            f'"{self.field}" {listed_en(self.one_of, "or")}',
            f'"{self.field}" {neither}{listed_en(self.one_of, "nor")}',
        )

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        texts = listed_zh(self.one_of, "或")
        return f"“{self.field}”为{texts}", f"“{self.field}”不为{texts}"


@rule("flag_is")
class FlagIs(_OfField):
    """A custom field that is true; ``~`` of it is false.

    Args:
        field: the host's name of it.
        of: the role it is about.
    """

    looks = FactKind.FLAG

    field: Label
    of: RoleField = Field(default="", kw_only=True)

    def holds(self, known: Known, at: datetime) -> bool:
        return known.flag(self.of, self.fact)

    def inline(self) -> Inline:
        return Inline("{a} is True", "{a} is False", proven=True, read="")

    def says_en(self, wording: Wording) -> tuple[str, str]:
        return f'"{self.field}": yes', f'"{self.field}": no'

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        return f"“{self.field}”为是", f"“{self.field}”为否"


@rule("moment_is")
class MomentIs(_OfField):
    """A custom field that is a time in a half-open stretch.

    Args:
        field: the host's name of it.
        after: from this time on, itself included; give this, `before` or both.
        before: up to this time, itself excluded.
        of: the role it is about.

    Example:
        >>> since = datetime.fromisoformat("2026-11-11T00:00:00+08:00")
        >>> MomentIs("birthday_seen", after=since).says_en(Wording(zone="Asia/Shanghai"))[0]
        '"birthday_seen" from 2026-11-11 00:00 (Asia/Shanghai) on'
    """

    looks = FactKind.MOMENT

    field: Label
    after: TimeField | None = Field(default=None, kw_only=True)
    before: TimeField | None = Field(default=None, kw_only=True)
    of: RoleField = Field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if self.after is None and self.before is None:
            raise InvalidRule("neither after nor before is given; give one or both")
        for name, moment in (("after", self.after), ("before", self.before)):
            if moment is not None:  # one instant is written one way
                object.__setattr__(self, name, moment.astimezone(UTC))
        if self.after is not None and self.before is not None and self.after >= self.before:
            raise InvalidRule(f"after={self.after} is not before {self.before}; swap them?")

    def holds(self, known: Known, at: datetime) -> bool:
        moment = known.moment(self.of, self.fact)
        begun = self.after is None or moment >= self.after
        return begun and (self.before is None or moment < self.before)

    def inline(self) -> Inline:
        if self.before is None:
            return Inline("{a} >= {0}", PLAIN_MOMENT, (self.after,), read="")
        if self.after is None:
            return Inline("{a} < {0}", PLAIN_MOMENT, (self.before,), read="")
        return Inline("{0} <= {a} < {1}", PLAIN_MOMENT, (self.after, self.before), read="")

    def says_en(self, wording: Wording) -> tuple[str, str]:
        after = "" if self.after is None else wording.time(self.after)
        before = "" if self.before is None else wording.time(self.before)
        name = f'"{self.field}"'
        if not before:
            return f"{name} from {after} on", f"{name} before {after}"
        if not after:
            return f"{name} before {before}", f"{name} from {before} on"
        return (
            f"{name} from {after} until before {before}",
            f"{name} before {after} or from {before} on",
        )

    def says_zh(self, wording: Wording) -> tuple[str, str]:
        after = "" if self.after is None else wording.time(self.after)
        before = "" if self.before is None else wording.time(self.before)
        name = f"“{self.field}”"
        if not before:
            return f"{name}不早于{after}", f"{name}早于{after}"
        if not after:
            return f"{name}早于{before}", f"{name}不早于{before}"
        return (
            f"{name}不早于{after}且早于{before}",
            f"{name}早于{after}或不早于{before}",
        )
