"""A small tree of contributions: what schemes reward, in exact numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Final, Protocol

from viralcommerce.errors import InexactNumber, InvalidRule, InvalidValue

NOBODY: Final = -1
"""The parent of who came by themselves."""

Exact = int | Fraction
Reward = int | Fraction | float
"""What a scheme pays; a float only where the formula has a logarithm or an odd power."""


class Tree:
    """Who brought whom, and what each contributed; one root or several.

    Args:
        contributions: of each member, zero or more; whole numbers or fractions.
        parents: of each member the number of who brought it, or -1; in any order.

    Raises:
        InvalidValue: a contribution below zero, a parent that is not there, or a circle.
        InexactNumber: a float.

    Example:
        >>> tree = Tree((5, 3, 2), (-1, 0, 0))
        >>> tree.children, list(tree.above(1))
        (((1, 2), (), ()), [0])
    """

    __slots__ = ("children", "contributions", "order", "parents")

    def __init__(self, contributions: Sequence[Exact], parents: Sequence[int]) -> None:
        size = len(contributions)
        if len(parents) != size:
            raise InvalidValue(f"tree: {size} contributions and {len(parents)} parents")
        below: list[list[int]] = [[] for _ in parents]
        order: list[int] = []
        for member, (amount, parent) in enumerate(zip(contributions, parents, strict=True)):
            if not isinstance(amount, int | Fraction):
                raise InexactNumber(
                    f"tree: contributions[{member}] is {amount!r:.40}; give a whole number or a"
                    " Fraction"
                )
            if amount < 0 or not NOBODY <= parent < size:
                raise InvalidValue(
                    f"tree: member {member} contributes {amount} below {parent}; give zero or"
                    f" more, below {NOBODY} to {size - 1}"
                )
            (order if parent == NOBODY else below[parent]).append(member)
        for member in order:  # it grows while it is read
            order += below[member]
        if len(order) < size:
            raise InvalidValue(f"tree: {sorted(set(range(size)) - set(order))} are in a circle")
        self.contributions: Final = tuple(contributions)
        self.parents: Final = tuple(parents)
        self.children: Final = tuple(map(tuple, below))
        self.order: Final = tuple(order)
        """All members, parents before children."""

    @property
    def total(self) -> Exact:
        """What all contributed."""
        return sum(self.contributions)

    def above(self, member: int) -> Iterator[int]:
        """Who brought a member, then who brought that one, up to the root."""
        while (member := self.parents[member]) != NOBODY:
            yield member

    def under(self) -> list[Exact]:
        """What everybody's subtree contributed, themselves included."""
        sums = list(self.contributions)
        for member in reversed(self.order):
            if self.parents[member] != NOBODY:
                sums[self.parents[member]] += sums[member]
        return sums

    def faded(self, ratio: Exact) -> list[Exact]:
        """What everybody's subtree contributed, each level below counting `ratio` of the last."""
        sums = list(self.contributions)
        for member in reversed(self.order):
            if self.parents[member] != NOBODY:
                sums[self.parents[member]] += ratio * sums[member]
        return sums

    def __len__(self) -> int:
        return len(self.contributions)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tree):
            return NotImplemented
        return (self.contributions, self.parents) == (other.contributions, other.parents)

    def __hash__(self) -> int:
        return hash((self.contributions, self.parents))

    def __repr__(self) -> str:
        return f"Tree({self.contributions}, {self.parents})"


class Scheme(Protocol):
    """What each member of a tree is paid: any function of a tree."""

    def __call__(self, tree: Tree) -> Sequence[Reward]:
        """The reward of every member, in the order of the tree's members."""
        ...


@dataclass(frozen=True)
class Checked:
    """A scheme whose answers are looked at, so that one that cannot be is said where it is given.

    Args:
        scheme: any function of a `Tree`, or another that is checked.

    Raises:
        InvalidRule: it is no function.
        InvalidValue: when asked, if it does not answer one number for each member.

    Example:
        >>> Checked(lambda tree: [0])(Tree((1, 2), (-1, 0)))
        Traceback (most recent call last):
        ...
        viralcommerce.errors.InvalidValue: scheme: 1 rewards for a tree of 2; give one for each \
member, in their order
    """

    scheme: Scheme

    def __post_init__(self) -> None:
        if isinstance(self.scheme, Checked):
            object.__setattr__(self, "scheme", self.scheme.scheme)
        if not callable(self.scheme):
            raise InvalidRule(
                f"scheme: {type(self.scheme).__name__} is no commission scheme; give one like"
                " FixedLevels, or a function from a Tree to the rewards of its members"
            )

    def __call__(self, tree: Tree) -> Sequence[Reward]:
        rewards = self.scheme(tree)
        try:
            count = len(rewards)
        except TypeError:
            raise InvalidValue(
                f"scheme: {rewards!r:.80} ({type(rewards).__name__}) for a tree of {len(tree)};"
                " give the rewards as a list"
            ) from None
        if count != len(tree):
            raise InvalidValue(
                f"scheme: {count} rewards for a tree of {len(tree)}; give one for each member, in"
                " their order"
            )
        for member, reward in enumerate(rewards):
            if not isinstance(reward, Real):
                raise InvalidValue(
                    f"scheme: member {member} is paid {reward!r:.40}"
                    f" ({type(reward).__name__}); give a number, a Fraction where it is exact"
                )
        return rewards


def fraction(value: Exact, what: str, *, least: Exact = 0, most: Exact = 1) -> Fraction:
    """A parameter of a scheme, exact and within its bounds.

    Raises:
        InexactNumber: a float.
        InvalidValue: out of bounds.
    """
    if not isinstance(value, int | Fraction):
        raise InexactNumber(f"{what}: {value!r:.40} is not exact; give a Fraction")
    if not least <= value <= most:
        raise InvalidValue(f"{what}: {value} is not {least} to {most}")
    return Fraction(value)
