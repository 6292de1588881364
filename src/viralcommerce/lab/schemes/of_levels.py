"""A shop's own commission scheme, as a scheme to compare and to attack."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from viralcommerce.lab.schemes.tree import NOBODY, Exact, Tree
from viralcommerce.spread.levels import Levels


@dataclass(frozen=True)
class OfLevels:
    """What everybody earns by a shop's `Levels`: each purchase pays those above its buyer.

    Exact, where the shop rounds each order down to minor units. Every seat is taken, so nothing is
    vacant but what lies above the root. Friends are counted in the order of their numbers.

    Args:
        levels: the scheme.

    Example:
        >>> from viralcommerce.spread.levels import FixedLevels
        >>> from viralcommerce.values.percent import percent
        >>> OfLevels(FixedLevels((percent(10), percent(5))))(Tree((0, 0, 100), (-1, 0, 1)))
        (Fraction(5, 1), Fraction(10, 1), Fraction(0, 1))
    """

    levels: Levels

    def __call__(self, tree: Tree) -> tuple[Exact, ...]:
        rewards: list[Exact] = [Fraction(0)] * len(tree)
        friend = [1] * len(tree)
        for below in tree.children:
            for place, child in enumerate(below, 1):
                friend[child] = place
        for buyer, paid in enumerate(tree.contributions):
            member = buyer
            for level in range(1, self.levels.depth + 1):
                above = tree.parents[member]
                if above == NOBODY:
                    break
                rewards[above] += self.levels.rate(level, friend[member]).share * paid
                member = above
        return tuple(rewards)
