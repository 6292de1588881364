"""TDRM, the topology-dependent reward mechanism: everybody is cut into a chain first."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from fractions import Fraction

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.schemes.tree import Exact, Tree, fraction


@dataclass(frozen=True)
class Tdrm:
    """The geometric mechanism after its own best attack: splitting further cannot pay.

    Each member becomes a chain of nodes that contribute `mu`, the remainder at its head, with the
    friends on its tail. A node w of it is paid ``(λ/μ)·C(w)·Σ a**depth·b·C(x) + φ·C(w)`` over all
    x below, and a member what the chain is.

    Published properties (Lv and Moscibroda, PODC 2013): all but UGSA; whoever has many friends
    gains by a fake parent that contributes too. Certainty: medium (the formula from memory, its
    claims confirmed by exhaustive search).

    Args:
        mu: what one node contributes; above 0.
        share: λ, of what is below.
        own: φ, of one's own contribution; with λ at most the budget.
        a: what is left from level to level; above 0, below 1.
        b: at most ``1 - a``.
    """

    _: KW_ONLY
    mu: Exact
    share: Exact
    own: Exact
    a: Exact
    b: Exact

    def __post_init__(self) -> None:
        fraction(self.mu, "tdrm: mu", most=10**18)
        fraction(self.a, "tdrm: a")
        if not self.mu > 0 or not 0 < self.a < 1:
            raise InvalidValue(
                f"tdrm: mu {self.mu} and a {self.a}; give both more than 0, and a less than 1"
            )
        fraction(self.b, "tdrm: b", most=1 - self.a)
        fraction(self.share + self.own, "tdrm: share and own together")

    def __call__(self, tree: Tree) -> tuple[Exact, ...]:
        rewards: list[Exact] = [Fraction(0)] * len(tree)
        sums: list[Exact] = [Fraction(0)] * len(tree)  # of each member's head, fading
        each = Fraction(self.share) / self.mu
        for member in reversed(tree.order):
            below = self.a * sum(sums[child] for child in tree.children[member])
            for amount in self._chain(tree.contributions[member]):
                here = self.b * amount + below
                rewards[member] += each * amount * here + self.own * amount
                below = self.a * here
                sums[member] = here
        return tuple(rewards)

    def _chain(self, amount: Exact) -> list[Exact]:
        """The nodes of a member, from the tail to the head."""
        whole, rest = divmod(amount, self.mu)
        chain: list[Exact] = [self.mu] * int(whole)
        return [*chain, rest] if rest or not chain else chain
