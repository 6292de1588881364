"""The Shapley value of a referral game: buyer and all above share each purchase equally."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from fractions import Fraction

from viralcommerce.lab.schemes.tree import NOBODY, Exact, Tree, fraction


@dataclass(frozen=True)
class ShapleyPath:
    """Each purchase split equally over the buyer and everybody above: fair, and easily tricked.

    Published properties (Rahwan, Naroditskiy, Michalak, Wooldridge and Jennings,
    arXiv:1404.0542, 2014): the Shapley value of the game in which a purchase needs all above the
    buyer, hence efficient, symmetric and additive; the permission value of an additive game on a
    tree. CCI, CSI, PO and URO hold; SL, USB, USA and UGSA fail: whoever joins without a solicitor
    keeps all, and a fake friend between takes one share more. Certainty: high (brute force).

    Args:
        share: of each purchase that is handed out.

    Example:
        >>> ShapleyPath(share=1)(Tree((0, 0, 0, 4000), (-1, 0, 1, 2)))
        (Fraction(1000, 1), Fraction(1000, 1), Fraction(1000, 1), Fraction(1000, 1))
    """

    _: KW_ONLY
    share: Exact

    def __post_init__(self) -> None:
        fraction(self.share, "shapley: share")

    def __call__(self, tree: Tree) -> tuple[Exact, ...]:
        length = [1] * len(tree)
        for member in tree.order:
            if tree.parents[member] != NOBODY:
                length[member] = length[tree.parents[member]] + 1
        parts = [
            Fraction(paid) / on_path
            for paid, on_path in zip(tree.contributions, length, strict=True)
        ]
        for member in reversed(tree.order):
            if tree.parents[member] != NOBODY:
                parts[tree.parents[member]] += parts[member]
        return tuple(self.share * part for part in parts)
