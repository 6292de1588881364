"""CDRM, contribution-deterministic rewards: of one's own and of all below, wherever it stands."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction

from viralcommerce.lab.schemes.tree import Exact, Tree, fraction


@dataclass(frozen=True)
class Cdrm1:
    """``(Φ - θ / (1 + x + y))·x``, of one's own contribution x and y of all below.

    Published properties (Lv and Moscibroda, PODC 2013): all but PO and URO, for no reward exceeds
    Φ of one's own contribution. A chain split x = x₁ + x₂ changes the reward by
    ``-θ·x₁·x₂ / ((1 + x₂ + y)·(1 + x₁ + x₂ + y))``, a loss. Certainty: medium (the formula from
    memory), high (the algebra).

    Args:
        budget: Φ.
        theta: θ, at most Φ.

    Example:
        >>> Cdrm1(budget=Fraction(1, 2), theta=Fraction(2, 5))(Tree((1, 1), (-1, 0)))
        (Fraction(11, 30), Fraction(3, 10))
    """

    _: KW_ONLY
    budget: Exact
    theta: Exact

    def __post_init__(self) -> None:
        _check(self.budget, self.theta)

    def reward(self, own: Exact, below: Exact) -> Exact:
        """Of one's own contribution and all below."""
        return (self.budget - Fraction(self.theta) / (1 + own + below)) * own

    def __call__(self, tree: Tree) -> tuple[Exact, ...]:
        under = zip(tree.contributions, tree.under(), strict=True)
        return tuple(self.reward(own, all_under - own) for own, all_under in under)


@dataclass(frozen=True)
class Cdrm2:
    """``Φ·x + θ·ln((1 + y) / (1 + x + y))``, of one's own contribution x and y of all below.

    Published properties (Lv and Moscibroda, PODC 2013): all but PO and URO. A chain split changes
    nothing: the logarithms telescope. Certainty: medium (the formula from memory), high (the
    algebra). A logarithm makes it the one scheme here that is computed in floats.

    Args:
        budget: Φ.
        theta: θ, at most Φ.
    """

    _: KW_ONLY
    budget: Exact
    theta: Exact

    def __post_init__(self) -> None:
        _check(self.budget, self.theta)

    def reward(self, own: Exact, below: Exact) -> float:
        """Of one's own contribution and all below."""
        return float(self.budget * own) - float(self.theta) * math.log1p(own / (1 + below))

    def __call__(self, tree: Tree) -> tuple[float, ...]:
        under = zip(tree.contributions, tree.under(), strict=True)
        return tuple(self.reward(own, all_under - own) for own, all_under in under)


def _check(budget: Exact, theta: Exact) -> None:
    fraction(budget, "cdrm: budget")
    fraction(theta, "cdrm: theta", most=budget)
