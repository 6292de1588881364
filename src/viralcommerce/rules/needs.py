"""What a condition needs, who it names, and what is left of it for a smaller cast."""

from __future__ import annotations

from collections.abc import Iterator

from viralcommerce.errors import InvalidRule
from viralcommerce.rules.condition_family import AllOf, AnyOf, Condition, Not, leaves
from viralcommerce.rules.facts import FactKind
from viralcommerce.rules.velocity import Velocity


def needs(condition: Condition, subject: str) -> dict[str, frozenset[str]]:
    """The facts to ask the host for, by role, so that it is asked once.

    Args:
        condition: what is to be answered.
        subject: the role that ``""`` stands for.

    Raises:
        InvalidRule: two leaves ask one fact as two different things.

    Example:
        >>> from viralcommerce.rules.conditions import HasTag, SameDevice
        >>> needs(HasTag("vip") & SameDevice(between=("liker", "collector")), "liker") == {
        ...     "liker": {"tags", "devices"}, "collector": {"devices"}
        ... }
        True
    """
    return {role: frozenset(kinds) for role, kinds in kinds_asked(condition, subject).items()}


def kinds_asked(condition: Condition, subject: str) -> dict[str, dict[str, FactKind]]:
    """The facts to ask for, by role, with what each must look like.

    Raises:
        InvalidRule: two leaves ask one fact as two different things.
    """
    asked: dict[str, dict[str, FactKind]] = {}
    for leaf in leaves(condition):
        for ask in leaf.asks(subject):
            known = asked.setdefault(ask.role, {}).setdefault(ask.fact, ask.kind)
            if known is not ask.kind:
                raise InvalidRule(
                    f"{leaf.kind}: {ask.role}.{ask.fact} is asked as {known} and as {ask.kind}; "
                    "one fact is one of them"
                )
    return asked


def roles_of(condition: Condition) -> frozenset[str]:
    """The roles that a condition names itself, beside its subject."""
    return frozenset().union(*(leaf.names() for leaf in leaves(condition)))


def velocities(condition: Condition) -> tuple[Velocity, ...]:
    """The leaves that the flow counts; they are no part of what `compile_condition` asks."""
    return tuple(leaf for leaf in leaves(condition) if isinstance(leaf, Velocity))


def prune(condition: Condition, roles: frozenset[str], subject: str) -> Condition | None:
    """What is left of a condition when only some roles take part; None when nothing is.

    A leaf about a role that takes no part does not apply: it neither helps nor hinders what it is
    joined to, and ``~`` of it does not apply either.

    Args:
        condition: as the campaign has it.
        roles: the cast of one command.
        subject: the role that ``""`` stands for.

    Laws:
        Neutral: with every role taking part, the condition is left as it is.
        No strangers: what is left names only `roles`.

    Example:
        >>> from viralcommerce.rules.conditions import AccountAge, SameDevice
        >>> from viralcommerce.values.spans import days
        >>> old = AccountAge(at_least=days(7))
        >>> prune(old & ~SameDevice(between=("liker", "collector")), frozenset({"liker"}), "liker")
        AccountAge(at_least=datetime.timedelta(days=7), of='')
    """
    match condition:
        case Not():
            part = prune(condition.part, roles, subject)
            if part is None:
                return None
            return condition if part is condition.part else Not(part)
        case AllOf() | AnyOf():
            parts = tuple(_pruned(condition.parts, roles, subject))
            if parts == condition.parts:
                return condition
            if len(parts) > 1:
                return type(condition)(parts)
            return parts[0] if parts else None
        case _:
            asks = (ask for leaf in leaves(condition) for ask in leaf.asks(subject))
            return condition if all(ask.role in roles for ask in asks) else None


def _pruned(
    parts: tuple[Condition, ...], roles: frozenset[str], subject: str
) -> Iterator[Condition]:
    for part in parts:
        left = prune(part, roles, subject)
        if left is not None:
            yield left
