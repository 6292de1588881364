"""Facts: what the host tells of a member, by name, and what each must look like.

================= =========================== ==============================================
fact              Python                      is
================= =========================== ==============================================
``registered_at`` aware `datetime`            when the account was opened
``paid_orders``   `int`, 0 or more            orders paid and not refunded in full
``tags``          set, list, tuple of `str`   what the host calls the member
``region``        `str`                       a path from the large to the small: ``CN/31/Pudong``
``devices``       set, list, tuple of `str`   devices the member has used
``household``     `str`                       who lives together; never an IP address
``fingerprints``  set, list, tuple of `str`   normalized marks of a person: phone, card, address
``spent``         `Money`                     what was paid, less what was given back
``field:NAME``    as the condition asks       a custom field (see `flat`)
================= =========================== ==============================================

A fact left out, or None, is *unknown*. An empty collection is known: the member has none. A fact
of another type is the host's mistake and raises: ``"9"`` is never compared with 10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from typing import Final

from viralcommerce.errors import MembersFailed
from viralcommerce.values.money import Money
from viralcommerce.values.saying import shown

Facts = Mapping[str, Mapping[str, object]]
"""What is known: by role, then by fact."""
Number = int | Decimal | Fraction
"""Numbers that are what they say; a float is not."""

FIELD: Final = "field:"
_FIELDS: Final = "fields"
_STR: Final = frozenset({str})


class FactKind(StrEnum):
    """What a fact looks like; the value is how a message says it."""

    MOMENT = "a time with a zone"
    COUNT = "a whole number of 0 or more"
    NUMBER = "an exact, finite number"
    TEXT = "text"
    NAME = "text that is not empty"
    NAMES = "a set, list or tuple of texts, none empty"
    MONEY = "an amount of money"
    FLAG = "true or false"


@dataclass(frozen=True, slots=True)
class Ask:
    """One fact that a condition needs: of whom, which, and what it must look like."""

    role: str
    fact: str
    kind: FactKind


class Known:
    """What the host told of a cast, read by type.

    Args:
        facts: by role, then by fact.
        subject: the role that ``""`` stands for.
    """

    __slots__ = ("_facts", "_subject")

    def __init__(self, facts: Facts, subject: str) -> None:
        self._facts = facts
        self._subject = subject

    def tells(self, ask: Ask) -> bool:
        """Whether the host told this fact."""
        return self._facts.get(ask.role, {}).get(ask.fact) is not None

    def moment(self, of: str, fact: str) -> datetime:
        """A fact that is a time, in UTC.

        Raises:
            MembersFailed: it is something else, or has no zone; as from every reader here.
        """
        value = self._value(of, fact)
        if isinstance(value, datetime) and value.utcoffset() is not None:
            try:
                return value.astimezone(UTC)
            except OverflowError:  # the first or the last day of the calendar
                pass
        raise self._unfit(of, fact, FactKind.MOMENT)

    def count(self, of: str, fact: str) -> int:
        """A fact that counts things."""
        value = self._value(of, fact)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise self._unfit(of, fact, FactKind.COUNT)

    def number(self, of: str, fact: str) -> Number:
        """A fact that is a number."""
        value = self._value(of, fact)
        if isinstance(value, int | Fraction) and not isinstance(value, bool):
            return value
        if isinstance(value, Decimal) and value.is_finite():
            return value
        raise self._unfit(of, fact, FactKind.NUMBER)

    def text(self, of: str, fact: str) -> str:
        """A fact that is text, empty or not."""
        value = self._value(of, fact)
        if isinstance(value, str):
            return value
        raise self._unfit(of, fact, FactKind.TEXT)

    def name(self, of: str, fact: str) -> str:
        """A fact that names something, so that two empty ones are not the same thing."""
        value = self._value(of, fact)
        if isinstance(value, str) and value:
            return value
        raise self._unfit(of, fact, FactKind.NAME)

    def names(self, of: str, fact: str) -> frozenset[str]:
        """A fact that is a collection of names; a lone text is none."""
        value = self._value(of, fact)
        if isinstance(value, set | frozenset | list | tuple):
            found = [item for item in value if isinstance(item, str) and item]
            if len(found) == len(value):
                return frozenset(found)
        raise self._unfit(of, fact, FactKind.NAMES)

    def money(self, of: str, fact: str) -> Money:
        """A fact that is an amount."""
        value = self._value(of, fact)
        if isinstance(value, Money):
            return value
        raise self._unfit(of, fact, FactKind.MONEY)

    def flag(self, of: str, fact: str) -> bool:
        """A fact that is true or false, and not 1, 0 or a word."""
        value = self._value(of, fact)
        if isinstance(value, bool):
            return value
        raise self._unfit(of, fact, FactKind.FLAG)

    def of_kind(self, kind: FactKind, of: str, fact: str) -> object:
        """A fact that is of a kind."""
        return _OF_KIND[kind](self, of, fact)

    def _value(self, of: str, fact: str) -> object:
        return self._facts[of or self._subject][fact]

    def _unfit(self, of: str, fact: str, kind: FactKind) -> MembersFailed:
        return unfit(of or self._subject, fact, kind, self._value(of, fact))


_OF_KIND: Final[Mapping[FactKind, Callable[[Known, str, str], object]]] = {
    FactKind.MOMENT: Known.moment,
    FactKind.COUNT: Known.count,
    FactKind.NUMBER: Known.number,
    FactKind.TEXT: Known.text,
    FactKind.NAME: Known.name,
    FactKind.NAMES: Known.names,
    FactKind.MONEY: Known.money,
    FactKind.FLAG: Known.flag,
}


def plain_names(value: object) -> bool:
    """Whether a fact is a collection of names; `Known.names` says what is wrong with it."""
    if not isinstance(value, set | frozenset | list | tuple):
        return False
    return set(map(type, value)) <= _STR and "" not in value


def unfit(who: str, fact: str, kind: FactKind, value: object) -> MembersFailed:
    """What to tell a host whose fact is not what it must be."""
    return MembersFailed(
        f"members: {who}.{fact}: expected {kind}, not {shown(value)} ({type(value).__name__})",
        who=who,
        fact=fact,
        expected=str(kind),
    )


def flat(answer: Mapping[str, object]) -> dict[str, object]:
    """A host's answer about one member with its custom fields beside the other facts.

    Example:
        >>> flat({"paid_orders": 3, "fields": {"score": 7}})
        {'paid_orders': 3, 'field:score': 7}
    """
    if _FIELDS not in answer:
        return dict(answer)
    facts = {name: value for name, value in answer.items() if name != _FIELDS}
    fields = answer[_FIELDS]
    if fields is None:
        return facts
    if not isinstance(fields, Mapping):
        raise MembersFailed(f"members: fields: expected names and values, not {shown(fields)}")
    return facts | {f"{FIELD}{name}": value for name, value in fields.items()}


def read_facts(
    answer: Mapping[str, object], kinds: Mapping[str, FactKind], *, who: str = "member"
) -> dict[str, object]:
    """A host's answer as JSON has it, made into facts: times, amounts and decimals are strings.

    Args:
        answer: facts by name, custom fields under ``fields``.
        kinds: what the conditions ask, from `viralcommerce.rules.needs.kinds_asked`.
        who: the member or role, for messages.

    Raises:
        MembersFailed: a string that cannot be read as what is asked.

    Example:
        >>> read_facts({"spent": "CNY 60.00"}, {"spent": FactKind.MONEY})
        {'spent': Money(minor=6000, currency='CNY')}
    """
    facts = flat(answer)
    for fact, kind in kinds.items():
        reader = _READERS.get(kind)
        value = facts.get(fact)
        if reader is not None and isinstance(value, str):
            try:
                facts[fact] = reader(value)
            except (ValueError, InvalidOperation):
                raise unfit(who, fact, kind, value) from None
    return facts


_READERS: Final[Mapping[FactKind, Callable[[str], object]]] = {
    FactKind.MOMENT: datetime.fromisoformat,
    FactKind.NUMBER: Decimal,
    FactKind.MONEY: Money.parse,
}
