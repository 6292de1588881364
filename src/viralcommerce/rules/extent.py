"""How often a milestone is reached in one instance, and what amounts it carries: for costing.

A mechanic says in a few *lives* how one of its instances can go; a split says what its shares can
be. Everything is exact, or says by how much it may be off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from viralcommerce.rules.split_odds import Chances

NOTHING = Fraction(0)


def _not_known() -> Chances | None:
    return None


@dataclass(frozen=True, slots=True)
class Amount:
    """What is known beforehand of one amount, in minor units.

    Args:
        least: it is never below.
        most: it is never above.
        mean: on average.
        within: the true mean is no further than this from `mean`; 0 is exact.
        law: gives how likely each amount is, or None where that would take too long.
    """

    least: int
    most: int
    mean: Fraction
    within: Fraction = NOTHING
    law: Callable[[], Chances | None] = _not_known


@dataclass(frozen=True, slots=True)
class Times:
    """How often one instance reaches a milestone in one of its lives.

    Args:
        at_least: in every such life.
        at_most: in any such life.
        amounts: what it carries the first time, the second, ...: `at_most` of them, or none.
        together: the least and the most that all of `amounts` add up to, where they are tied.
    """

    at_least: int
    at_most: int
    amounts: tuple[Amount, ...] = ()
    together: tuple[int, int] | None = None


ONCE = Times(1, 1)
Life = Mapping[str, Times]
"""One way an instance can go: by milestone; one that is left out is not reached."""


def certain(amount: int) -> Amount:
    """An amount that is known beforehand."""
    return Amount(amount, amount, Fraction(amount), NOTHING, lambda: {amount: Fraction(1)})
