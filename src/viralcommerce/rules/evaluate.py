"""The plain interpreter of conditions: what each means, and why it is unmet.

It is the reference that compiled conditions are held to, and what they fall back on when a fact
is missing or out of the ordinary.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from viralcommerce.rules.base import dump
from viralcommerce.rules.condition_family import AllOf, AnyOf, Condition, Leaf, Not
from viralcommerce.rules.facts import Facts, Known

_PLAIN: Final = re.compile(r"[\w./:+-]+(?: [\w./:+-]+)*")


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why a condition is not met: a value, which names every leaf in the order written.

    Args:
        leaves: every leaf that is unmet, as `leaf_text` has it; a negated one begins with ``not``.
        missing: the facts, as (role, fact), for want of which nobody can say; empty where the
            condition is unmet whatever they are.
    """

    leaves: tuple[str, ...]
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def is_unknown(self) -> bool:
        """Whether it may be met yet, when more is known."""
        return bool(self.missing)


@dataclass(slots=True)
class _Answer:
    """Met, unmet or unknown (None); and on the way there, what was unmet and missing."""

    truth: bool | None
    leaves: list[str] = field(default_factory=list[str])
    missing: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def evaluate(condition: Condition, subject: str, facts: Facts, at: datetime) -> Unmet | None:
    """Ask a condition, plainly.

    Every part of an `AllOf` is asked, so that every reason is named; of an `AnyOf`, the parts up
    to the first that is met. (Under ``~`` they change places, as De Morgan has it.) A leaf that
    the flow counts is passed over.

    Args:
        condition: what is asked.
        subject: the role that ``""`` stands for.
        facts: what the host told, by role and fact.
        at: the time of the command.

    Returns:
        None when it is met, otherwise why not.

    Raises:
        MembersFailed: a fact of another type than asked.
        CurrencyMismatch: an amount in another currency than asked.
        NaiveTime: a leaf asks for the time, and `at` has no zone.

    Example:
        >>> from datetime import UTC
        >>> from viralcommerce.rules.conditions import HasTag, NewMember
        >>> noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
        >>> facts = {"grabber": {"paid_orders": 2, "tags": {"vip"}}}
        >>> evaluate(NewMember() & ~HasTag("vip"), "grabber", facts, noon).leaves
        ('new_member(of=grabber)', 'not has_tag(of=grabber, tag=vip)')
        >>> evaluate(NewMember(), "grabber", {}, noon).missing
        (('grabber', 'paid_orders'),)
    """
    answer = _ask(condition, subject, Known(facts, subject), at, wanted=True)
    if answer.truth:
        return None
    missing = dict.fromkeys(answer.missing) if answer.truth is None else ()
    return Unmet(tuple(dict.fromkeys(answer.leaves)), tuple(missing))


def _ask(
    condition: Condition, subject: str, known: Known, at: datetime, *, wanted: bool
) -> _Answer:
    match condition:
        case Not():
            return _ask(condition.part, subject, known, at, wanted=not wanted)
        case AllOf() if wanted:
            return _every(condition.parts, subject, known, at, wanted=wanted)
        case AnyOf() if not wanted:
            return _every(condition.parts, subject, known, at, wanted=wanted)
        case AllOf() | AnyOf():
            return _some(condition.parts, subject, known, at, wanted=wanted)
        case Leaf():
            return _ask_leaf(condition, subject, known, at, wanted=wanted)
        case _:
            raise TypeError(f"{condition!r} is neither a leaf nor a combination")


def _every(
    parts: tuple[Condition, ...], subject: str, known: Known, at: datetime, *, wanted: bool
) -> _Answer:
    whole = _Answer(truth=True)
    for part in parts:
        answer = _ask(part, subject, known, at, wanted=wanted)
        if answer.truth:
            continue
        if whole.truth is not False:
            whole.truth = answer.truth
        whole.leaves += answer.leaves
        whole.missing += answer.missing
    return whole


def _some(
    parts: tuple[Condition, ...], subject: str, known: Known, at: datetime, *, wanted: bool
) -> _Answer:
    whole = _Answer(truth=False)
    for part in parts:
        answer = _ask(part, subject, known, at, wanted=wanted)
        if answer.truth:
            return answer
        if answer.truth is None:
            whole.truth = None
            whole.missing += answer.missing
        whole.leaves += answer.leaves
    return whole


def _ask_leaf(leaf: Leaf, subject: str, known: Known, at: datetime, *, wanted: bool) -> _Answer:
    if leaf.counted:
        return _Answer(truth=True)
    missing = [(ask.role, ask.fact) for ask in leaf.asks(subject) if not known.tells(ask)]
    if missing:
        return _Answer(truth=None, missing=missing)
    if bool(leaf.holds(known, at)) is wanted:
        return _Answer(truth=True)
    return _Answer(truth=False, leaves=[leaf_text(leaf, subject, wanted=wanted)])


def leaf_text(leaf: Leaf, subject: str, *, wanted: bool = True) -> str:
    """A leaf as decisions and logs name it: its kind, whom it is about, what it asks.

    Stable, and different for different leaves; what is not plain is written as JSON.

    Example:
        >>> from viralcommerce.rules.conditions import AccountAge
        >>> from viralcommerce.values.spans import days
        >>> leaf_text(AccountAge(at_least=days(7)), "liker")
        'account_age(of=liker, at_least=7 days)'
    """
    said = dump(leaf)
    kind = said.pop("kind")
    if "of" in said:
        said = {"of": said.pop("of") or subject, **said}
    inside = ", ".join(
        f"{name}={_short(value)}" for name, value in said.items() if value is not None
    )
    return f"{kind}({inside})" if wanted else f"not {kind}({inside})"


def _short(value: object) -> str:
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}={_short(each)}' for name, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_short, value))}]"
    return str(value)
