"""One-level referral and the geometric mechanism: what is shared with those above, and fades."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from fractions import Fraction

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.schemes.tree import Exact, Tree, fraction


@dataclass(frozen=True)
class OneLevel:
    """A share of one's own contribution and one of the direct friends': ``o·C(u) + r·ΣC(child)``.

    Published properties: the baseline everybody compares with. BC, CCI, SL, USB, PO and URO hold;
    CSI fails (a friend's friend brings nothing), and so do USA and UGSA: whoever buys through a
    fake friend of their own is rewarded twice. Certainty: high.

    Args:
        own: of one's own contribution.
        friends: of the direct friends'.

    Example:
        >>> OneLevel(own=Fraction(1, 4), friends=Fraction(1, 4))(Tree((5, 3), (-1, 0)))
        (Fraction(2, 1), Fraction(3, 4))
    """

    _: KW_ONLY
    own: Exact
    friends: Exact

    def __post_init__(self) -> None:
        fraction(self.own + self.friends, "one level: own and friends together")

    def __call__(self, tree: Tree) -> tuple[Exact, ...]:
        paid = tree.contributions
        return tuple(
            self.own * paid[member] + self.friends * sum(paid[child] for child in below)
            for member, below in enumerate(tree.children)
        )


@dataclass(frozen=True)
class Geometric:
    """A share of everything below that fades with each level: ``b·Σ a**depth·C``.

    Published properties (Emek, Karidi, Tennenholtz and Zohar, EC 2011,
    doi:10.1145/1993574.1993606): the only kind, up to a constant, that has subtree locality,
    additivity and a budget. BC, CCI, CSI, SL, USB, PO and URO hold; USA and UGSA fail: an even
    split of x into a chain of fake accounts earns up to ``b·x / (1 - a)`` instead of ``b·x``.
    Certainty: high.

    Args:
        a: what is left from level to level; above 0, below 1.
        b: of one's own contribution; at most ``(1 - a)`` times what the budget is.

    Example:
        >>> Geometric(a=Fraction(1, 2), b=Fraction(1, 4))(Tree((5, 3), (-1, 0)))
        (Fraction(13, 8), Fraction(3, 4))
    """

    _: KW_ONLY
    a: Exact
    b: Exact

    def __post_init__(self) -> None:
        if not 0 < fraction(self.a, "geometric: a") < 1:
            raise InvalidValue(f"geometric: a is {self.a}; give more than 0 and less than 1")
        fraction(self.b, "geometric: b", most=1 - self.a)

    def __call__(self, tree: Tree) -> tuple[Exact, ...]:
        return tuple(self.b * below for below in tree.faded(self.a))

    def expected_share(self, k: Exact) -> Fraction:
        """The share of all contributions paid on a tree that dies out: ``b / (1 - a·K)``.

        Args:
            k: friends who contribute for each who does, below 1.
        """
        if not 0 <= k < 1:
            raise InvalidValue(f"geometric: k of {k}; give 0 or more, and less than 1")
        return Fraction(self.b / (1 - self.a * fraction(k, "geometric: k")))
