"""The red-balloon split: half to the finder, half of the rest to whoever brought the finder."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.schemes.tree import Exact, Tree, fraction


@dataclass(frozen=True)
class RedBalloon:
    """A prize halved from the finder upward; what nobody is left to take is not paid.

    Published properties (Pickard et al., "Time-critical social mobilization", Science 334:509,
    2011, arXiv:1008.3172): it found ten balloons within nine hours; a chain of n takes
    ``1 - 2**-n`` of the prize, so the budget holds at any length. It is the geometric mechanism
    with ``a = b = 1/2``: a finder who invites k fake accounts first gets ``1 - 2**-(k + 1)`` of
    the prize, at the cost of those above. Cost-optimal where false reports are checked
    (Naroditskiy et al., PLoS ONE 7:e45924, 2012). Certainty: high.

    Args:
        prize: for each found; as a scheme, the share of each contribution that is handed out.

    Example:
        >>> [str(part) for part in RedBalloon(4000).chain(4)]
        ['2000', '1000', '500', '250']
    """

    prize: Exact

    def __post_init__(self) -> None:
        fraction(self.prize, "red balloon: prize", most=10**18)

    def chain(self, people: int) -> tuple[Fraction, ...]:
        """What each of a chain gets, the finder first.

        Raises:
            InvalidValue: nobody in it.
        """
        if people < 1:
            raise InvalidValue(f"red balloon: a chain of {people}; give one or more people")
        return tuple(Fraction(self.prize) / 2**place for place in range(1, people + 1))

    def __call__(self, tree: Tree) -> tuple[Exact, ...]:
        half = Fraction(1, 2)
        return tuple(self.prize * half * below for below in tree.faded(half))
