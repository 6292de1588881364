"""Almost-uniform rewards for a chain: the same for all who pass on, and the rest to the last."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from fractions import Fraction

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.schemes.tree import Exact, Tree, fraction


@dataclass(frozen=True)
class AlmostUniform:
    """Of a chain of h people, at most H: the last gets ``1 + β·(H - h + 1)``, each other β.

    Published properties (Babaioff, Dobzinski, Oren and Zohar, EC 2012, arXiv:1111.2626, for
    passing on transactions): every chain costs ``1 + β·H``, so the last cannot gain by fake
    accounts. One who passes on gains β by each: the paper rules that out because those who pass
    on also race to be last, which members of a share tree do not; the falsifier finds it.
    Certainty: medium.

    Args:
        beta: β, for each who passes on.
        height: H, the longest chain that is paid.
        share: as a scheme, what of each contribution is handed out.

    Example:
        >>> [str(part) for part in AlmostUniform(beta=1, height=3).chain(2)]
        ['3', '1']
    """

    _: KW_ONLY
    beta: Exact
    height: int
    share: Exact = Fraction(1)

    def __post_init__(self) -> None:
        fraction(self.beta, "almost uniform: beta", most=10**18)
        fraction(self.share, "almost uniform: share")
        if self.height < 1:
            raise InvalidValue(f"almost uniform: height {self.height}; give 1 or more")

    def chain(self, people: int) -> tuple[Fraction, ...]:
        """What each of a chain gets, the last first; all nothing if it is too long.

        Raises:
            InvalidValue: nobody in it.
        """
        if people < 1:
            raise InvalidValue(f"almost uniform: a chain of {people}; give one or more people")
        if people > self.height:
            return (Fraction(0),) * people
        last = 1 + Fraction(self.beta) * (self.height - people + 1)
        return (last, *(Fraction(self.beta) for _ in range(people - 1)))

    def __call__(self, tree: Tree) -> tuple[Exact, ...]:
        rewards: list[Exact] = [Fraction(0)] * len(tree)
        whole = 1 + Fraction(self.beta) * self.height
        for buyer, paid in enumerate(tree.contributions):
            path = [buyer, *tree.above(buyer)]
            for member, part in zip(path, self.chain(len(path)), strict=True):
                rewards[member] += self.share * paid * part / whole
        return tuple(rewards)
