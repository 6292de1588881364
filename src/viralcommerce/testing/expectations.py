"""What a story may expect of a decision: awards, what is withheld, events, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

from msgspec import Struct

from viralcommerce.errors import InvalidValue
from viralcommerce.messages import Award, Event, Refusal, Withheld, shown_award
from viralcommerce.runtime.ports import Decision
from viralcommerce.values.money import Money

G = TypeVar("G")
W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class ExpectedAward:
    """An award somebody is to get; what is left empty may be anything. See `award`."""

    to: str
    what: Money | int | str | None = None
    reward: str = ""
    grant: str = ""
    role: str = ""

    def fits(self, award: Award) -> bool:
        """Whether an award is one like this."""
        return (
            award.to == self.to
            and self.reward in ("", award.reward)
            and self.grant in ("", award.grant)
            and self.role in ("", award.role)
            and self._is_what(award)
        )

    def _is_what(self, award: Award) -> bool:
        what = self.what
        if isinstance(what, Money):
            return (what.minor, what.currency) == (award.amount, award.asset)
        if isinstance(what, str):
            return what in (award.asset, award.asset.partition("/")[2])
        return what is None or what == award.amount

    def __str__(self) -> str:
        said = [f"{self.to} gets {'something' if self.what is None else self.what}"]
        said += [f"as {self.role}"] if self.role else []
        said += [f"as a {self.reward}"] if self.reward else []
        said += [f"from {self.grant}"] if self.grant else []
        return " ".join(said)


@dataclass(frozen=True, slots=True)
class ExpectedWithheld:
    """An award somebody is not to get; what is left empty may be anything. See `withheld`."""

    to: str
    code: str = ""
    grant: str = ""

    def fits(self, kept: Withheld) -> bool:
        """Whether what was withheld is this."""
        return (
            kept.to == self.to and self.code in ("", kept.code) and self.grant in ("", kept.grant)
        )

    def __str__(self) -> str:
        said = f"{self.to} does not get {self.grant or 'something'}"
        return f"{said}: {self.code}" if self.code else said


@dataclass(frozen=True, slots=True)
class Matching:
    """An event or a refusal of a class, with some operands said. See `matching`."""

    kind: type[Event | Refusal]
    operands: tuple[tuple[str, object], ...] = ()

    def fits(self, message: Struct) -> bool:
        """Whether a message is of that class and says those operands."""
        return isinstance(message, self.kind) and all(
            getattr(message, name) == value for name, value in self.operands
        )

    def __str__(self) -> str:
        said = ", ".join(f"{name}={value!s}" for name, value in self.operands)
        return f"{self.kind.__name__}({said})" if said else self.kind.__name__


Message = type[Event | Refusal] | Event | Refusal | Matching
"""How an event or a refusal is expected: its class, one with some operands, or the very one."""
Expected = ExpectedAward | ExpectedWithheld | Message


def award(
    to: str,
    what: Money | int | str | None = None,
    *,
    reward: str = "",
    grant: str = "",
    role: str = "",
) -> ExpectedAward:
    """Expect an award.

    Args:
        to: the member who is to get it.
        what: ``CNY("7.41")`` of money, ``50`` of points, ``"teapot"`` of a thing;
            anything if None.
        reward: the kind of reward, ``"coupon"``.
        grant: the name of the grant.
        role: as whom.
    """
    return ExpectedAward(to, what, reward, grant, role)


def withheld(to: str, code: str = "", *, grant: str = "") -> ExpectedWithheld:
    """Expect that an award is withheld.

    Args:
        to: the member who would have got it.
        code: why: ``"limit_reached"``, ``"not_eligible"``, ``"out_of_budget"``, ...
        grant: the name of the grant.
    """
    return ExpectedWithheld(to, code, grant)


def matching(kind: type[Event | Refusal], **operands: object) -> Matching:
    """Expect an event or a refusal with these operands, whatever the others are.

    Raises:
        InvalidValue: an operand that such a message does not have.
    """
    unknown = sorted(set(operands) - set(kind.__struct_fields__))
    if unknown:
        raise InvalidValue(
            f"matching: {kind.__name__} has no {', '.join(unknown)}; "
            f"choose from: {', '.join(sorted(kind.__struct_fields__))}"
        )
    return Matching(kind, tuple(operands.items()))


def fits(expected: Message, message: Struct) -> bool:
    """Whether a message is what was expected."""
    if isinstance(expected, Matching):
        return expected.fits(message)
    return isinstance(message, expected) if isinstance(expected, type) else message == expected


def is_refusal(expected: Expected) -> TypeGuard[Message]:
    """Whether a refusal is expected."""
    kind = expected.kind if isinstance(expected, Matching) else expected
    return issubclass(kind, Refusal) if isinstance(kind, type) else isinstance(kind, Refusal)


def said(expected: Expected) -> str:
    """What is expected, in one line."""
    if isinstance(expected, type):
        return expected.__name__
    if isinstance(expected, Refusal):
        return f"{type(expected).__name__}: {expected}"
    return str(expected)


def pair_off(
    wanted: Sequence[W], given: Sequence[G], fits: Callable[[W, G], bool]
) -> tuple[list[W], list[G]]:
    """Pair what is wanted with what is given, as many as can be; who is left on either side.

    Example:
        >>> pair_off(["a?", "ab"], ["ab", "ax"], lambda w, g: w in (g, g[0] + "?"))
        ([], [])
    """
    holder: dict[int, int] = {}

    def place(index: int, seen: set[int]) -> bool:
        for other, one in enumerate(given):
            if other not in seen and fits(wanted[index], one):
                seen.add(other)
                if other not in holder or place(holder[other], seen):
                    holder[other] = index
                    return True
        return False

    missing = [one for index, one in enumerate(wanted) if not place(index, set())]
    return missing, [one for other, one in enumerate(given) if other not in holder]


def refusal_problems(wanted: Message, decisions: Sequence[Decision]) -> list[str]:
    """What is wrong where a refusal is expected."""
    problems = []
    for decision in decisions:
        refusal = getattr(decision, "refusal", None)
        if refusal is None:
            problems.append(f"expected a refusal, {said(wanted)}, and it was accepted")
        elif not fits(wanted, refusal):
            problems.append(f"expected {said(wanted)}, got {type(refusal).__name__}: {refusal}")
    return problems or ([] if decisions else [f"expected {said(wanted)}, and nothing was decided"])


def award_problems(wanted: Sequence[ExpectedAward], given: Sequence[Award]) -> list[str]:
    """What is wrong with the awards; every one has to be expected."""
    missing, left = pair_off(wanted, given, ExpectedAward.fits)
    problems = [f"missing: {one}" for one in missing]
    return problems + [
        f"not expected: {one.to} gets {shown_award(one)} as {one.role} from {one.grant}"
        for one in left
    ]


def withheld_problems(wanted: Sequence[ExpectedWithheld], given: Sequence[Withheld]) -> list[str]:
    """What is wrong with what was withheld; where one is expected, every one has to be."""
    if not wanted:
        return []
    missing, left = pair_off(wanted, given, ExpectedWithheld.fits)
    problems = [f"missing: {one}" for one in missing]
    return problems + [
        f"not expected: {one.to} does not get {one.grant}: {one.code}" for one in left
    ]


def events_problems(
    wanted: Sequence[Message], given: Sequence[Any], *, every: str = "every"
) -> list[str]:
    """What is wrong with the events.

    Args:
        wanted: in order.
        given: what happened.
        every: ``"every"`` event has to be expected, or ``"some"`` have.
    """
    if every == "every":
        right = len(wanted) == len(given) and all(map(fits, wanted, given))
    else:
        waiting = iter(given)
        right = all(any(fits(one, event) for event in waiting) for one in wanted)
    if right:
        return []
    expected = ", ".join(map(said, wanted)) or "none"
    there = ", ".join(type(event).__name__ for event in given) or "none"
    return [f"expected the events {expected}, got {there}"] + [f"  {event!r}" for event in given]
