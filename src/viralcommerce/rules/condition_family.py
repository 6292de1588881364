"""What every condition is: a question about facts and time, combined with ``& | ~``.

Answers have three values: met, unmet, and unknown where a fact is missing (Kleene's logic):
unknown ``&`` unmet is unmet, unknown ``|`` met is met, and ``~`` unknown is unknown.

Laws:
    De Morgan: ``~(a & b)`` and ``~a | ~b`` have one answer; so do ``~(a | b)`` and ``~a & ~b``.
    Twice not: ``~~a`` is ``a``.
    Order: neither ``&`` nor ``|`` gives another answer, or names other leaves, in another order.
    Round trip: ``load(dump(condition))`` is the condition.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, NoReturn

from pydantic import BeforeValidator, Field

from viralcommerce.errors import InvalidRule, NoTruthValue
from viralcommerce.rules.base import OneOf, Rule, rule
from viralcommerce.rules.facts import Ask, Known
from viralcommerce.rules.wording import Wording
from viralcommerce.values.money import Money

MOST_DEPTH: Final = 16
"""How deep conditions may be nested; deeper ones nobody can read."""


class Condition(Rule):
    """What must hold: a leaf, or leaves combined with ``& | ~``. Without truth value."""

    def __and__(self, other: Condition) -> AllOf:
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))

    def __or__(self, other: Condition) -> AnyOf:
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))

    def __invert__(self) -> Condition:
        return self.part if isinstance(self, Not) else Not(self)

    def __bool__(self) -> NoReturn:
        raise NoTruthValue(
            f"{self.kind}: a condition is neither true nor false by itself; combine with & | ~, "
            "and ask compile_condition(...).test(facts, at)"
        )


@dataclass(frozen=True, slots=True)
class Inline:
    """A leaf in one line of Python, for plain facts; anything else is asked of `Leaf.holds`.

    Written by whoever writes the leaf's class, never made from a rule: what a rule holds goes
    into `constants`.

    Args:
        test: an expression of ``at``, of the facts ``{a}``, ``{b}`` (in the order of `Leaf.asks`)
            and of the constants ``{0}``, ``{1}``; as true or false as `Leaf.holds`.
        guard: an expression that is true only of facts that `test` understands.
        constants: what the expressions need.
        proven: whether a true `test` makes the guard needless.
        read: the test for facts that were checked when they were read (`screening.read`); "" where
            it is `test`, None where there is none. It raises where `Leaf.holds` must answer.
    """

    test: str
    guard: str = ""
    constants: tuple[object, ...] = ()
    proven: bool = False
    read: str | None = None


class Leaf(Condition):
    """One question about facts or time. A frozen value, declared ``@rule(kind)``."""

    counted = False
    """Whether the flow counts it, as it does a velocity; then it is only a top-level conjunct."""

    @abstractmethod
    def asks(self, subject: str) -> tuple[Ask, ...]:
        """The facts it needs, of whom; `subject` is the role that ``""`` stands for."""

    @abstractmethod
    def holds(self, known: Known, at: datetime) -> bool:
        """Whether it is met, when the host has told all that `asks` names.

        Args:
            known: the facts, read by type.
            at: the time of the command.

        Raises:
            MembersFailed: a fact of another type than asked.
        """

    @property
    def about(self) -> str:
        """The role that the phrases leave out; ``""`` where they name every role, or none."""
        return ""

    @property
    def amount(self) -> Money | None:
        """The amount of money that it compares with, where there is one."""
        return None

    @abstractmethod
    def says_en(self, wording: Wording) -> tuple[str, str]:
        """A noun phrase for what is met, and one for the contrary."""

    @abstractmethod
    def says_zh(self, wording: Wording) -> tuple[str, str]:
        """A Chinese predicate for what is met, and one for the contrary."""

    def inline(self) -> Inline | None:
        """How to ask it quickly; None to always ask `holds`."""
        return None

    def names(self) -> frozenset[str]:
        """The roles it names itself; ``""`` is none."""
        return frozenset(ask.role for ask in self.asks("") if ask.role)


def _parts(condition: Condition, group: type[AllOf | AnyOf]) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, group) else (condition,)


def _not_too_deep(value: object) -> object:
    """Refuse JSON that is nested too deep before anything descends into it."""
    level = [value]
    for _ in range(2 * MOST_DEPTH + 2):  # a condition and its list of parts, and a leaf's fields
        level = list({id(inner): inner for each in level for inner in _inside(each)}.values())
        if not level:
            return value
    raise InvalidRule(f"conditions nested more than {MOST_DEPTH} deep; write it flatter")


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value


def depth(condition: Condition) -> int:
    """How deep a condition is nested; a leaf is 1."""
    if isinstance(condition, Not):
        return 1 + depth(condition.part)
    if isinstance(condition, AllOf | AnyOf):
        return 1 + max(map(depth, condition.parts))
    return 1


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every leaf, in the order written."""
    if isinstance(condition, Not):
        yield from leaves(condition.part)
    elif isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from leaves(part)
    elif isinstance(condition, Leaf):
        yield condition
    else:
        raise InvalidRule(
            f"{condition.kind}: neither a leaf nor a combination; derive it from Leaf"
        )


def _check(condition: Condition, *, counts: bool) -> None:
    if depth(condition) > MOST_DEPTH:
        raise InvalidRule(f"conditions nested more than {MOST_DEPTH} deep; write it flatter")
    counted = next((leaf.kind for leaf in tuple(leaves(condition)) if leaf.counted), "")
    if counted and not counts:
        raise InvalidRule(
            f"{counted} is counted, so it is never unmet by itself; "
            "join it with & at the top of a campaign's given, not under | or ~"
        )


Parts = Annotated[
    tuple[Annotated[Condition, OneOf()], ...],
    BeforeValidator(_not_too_deep),
    Field(min_length=2),
]


@rule("all_of")
class AllOf(Condition):
    """Met when every part is; what ``&`` makes.

    Args:
        parts: two or more.

    Example:
        >>> from viralcommerce.rules.membership import HasTag, NewMember
        >>> (NewMember() & HasTag("vip") & HasTag("app")).parts
        (NewMember(of=''), HasTag(tag='vip', of=''), HasTag(tag='app', of=''))
    """

    parts: Parts

    def __post_init__(self) -> None:
        _check(self, counts=True)


@rule("any_of")
class AnyOf(Condition):
    """Met when one part is; what ``|`` makes. Parts after the first met one are not asked.

    Args:
        parts: two or more.

    Example:
        >>> from viralcommerce.rules.membership import HasTag, NewMember
        >>> len((NewMember() | HasTag("vip") | HasTag("app")).parts)
        3
    """

    parts: Parts

    def __post_init__(self) -> None:
        _check(self, counts=False)


@rule("not")
class Not(Condition):
    """Met when its part is unmet, and unknown when it is unknown; what ``~`` makes.

    Example:
        >>> from viralcommerce.rules.membership import NewMember
        >>> ~~NewMember() == NewMember()
        True
    """

    part: Annotated[Condition, OneOf(), BeforeValidator(_not_too_deep)]

    def __post_init__(self) -> None:
        _check(self, counts=False)
