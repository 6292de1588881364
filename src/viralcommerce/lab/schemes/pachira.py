"""The Pachira lottery tree, and the scheme that pays what one may expect of it."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from fractions import Fraction

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.schemes.tree import NOBODY, Exact, Reward, Tree, fraction


@dataclass(frozen=True)
class Pachira:
    """Chances to win that reward bringing others: ``π(x) = β·x + (1 - β)·x**(1 + δ)``.

    A member wins with π of their subtree's share less π of each friend's; the house has the rest.

    Published properties (Douceur and Moscibroda, "Lottery Trees", SIGCOMM 2007): CCI, CSI, USB
    and USA hold and the value is proportional to contribution; the chances sum to 1 with the
    house's. A chain of fake accounts changes nothing, side by side they lose. Certainty: high
    (the formula also read in an implementation).

    Args:
        beta: 0 to 1; how much a contribution counts by itself.
        delta: above 0; how strongly a large subtree counts. A whole number keeps chances exact.

    Example:
        >>> Pachira(beta=Fraction(1, 2), delta=1).chances(Tree((1, 1), (-1, 0)))
        (Fraction(5, 8), Fraction(3, 8))
    """

    _: KW_ONLY
    beta: Exact
    delta: Reward

    def __post_init__(self) -> None:
        fraction(self.beta, "pachira: beta")
        if not self.delta > 0:
            raise InvalidValue(f"pachira: delta is {self.delta}; give more than 0")

    def weight(self, share: Fraction) -> Reward:
        """What a share of all contributions counts for: π."""
        power = 1 + self.delta
        raised = share**power if isinstance(power, int) else float(share) ** float(power)
        return self.beta * share + (1 - self.beta) * raised

    def chances(self, tree: Tree) -> tuple[Reward, ...]:
        """How likely each member wins; with a house as the only root, they sum to 1."""
        total = tree.total
        if not total:
            return (0,) * len(tree)
        weights = [self.weight(Fraction(below) / total) for below in tree.under()]
        chances = list(weights)
        for member, parent in enumerate(tree.parents):
            if parent != NOBODY:
                chances[parent] -= weights[member]
        return tuple(chances)


@dataclass(frozen=True)
class LPachira:
    """The budget cut by the chances of `Pachira`: ``Φ·C(T)·Pr(u)``, without a draw.

    Published properties (Lv and Moscibroda, PODC 2013; doi:10.1007/s00446-015-0250-y): BC, CCI,
    CSI, USB, USA, PO and URO hold; SL fails, for the total counts. Certainty: medium to high.
    UGSA holds if and only if ``Φ·(1 + δ·(1 - β)) <= 1`` (`is_safe_from_overspending`), which is
    derived here and not found in print; certainty: medium to high.

    Args:
        budget: Φ, the share of all contributions that is handed out.
        beta: as of `Pachira`.
        delta: as of `Pachira`.
    """

    _: KW_ONLY
    budget: Exact
    beta: Exact
    delta: Reward

    def __post_init__(self) -> None:
        fraction(self.budget, "l-pachira: budget")
        Pachira(beta=self.beta, delta=self.delta)

    @property
    def greatest_marginal_reward(self) -> Reward:
        """The most that one more unit contributed can ever return, over all trees."""
        return self.budget * (1 + self.delta * (1 - self.beta))

    @property
    def is_safe_from_overspending(self) -> bool:
        """Whether contributing more than one means to never pays."""
        return self.greatest_marginal_reward <= 1

    def __call__(self, tree: Tree) -> tuple[Reward, ...]:
        pot = self.budget * tree.total
        chances = Pachira(beta=self.beta, delta=self.delta).chances(tree)
        return tuple(pot * chance for chance in chances)
