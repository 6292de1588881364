"""What K means: how surely a cascade dies out, how fast it grows, where it ends.

Every member brings others independently, K on average: Poisson, or negative binomial with
dispersion k where few bring most (a Galton–Watson process). Sizes of cascades that die out are in
`viralcommerce.lab.likelihood`.
"""

from __future__ import annotations

import math

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.likelihood import POISSON, checked_offspring, crossing, greatest


def generating(chance: float, k_factor: float, dispersion: float = POISSON) -> float:
    """The chance that all whom a member brings have something that each has with that chance.

    It is the probability generating function of how many a member brings.

    Raises:
        InvalidValue: K is below 0, or the dispersion not above it.

    Example:
        >>> round(generating(0.0, 0.8), 4), round(generating(0.0, 0.8, 0.5), 4)
        (0.4493, 0.6202)
    """
    checked_offspring(k_factor, dispersion)
    if dispersion == POISSON:
        return math.exp(-k_factor * (1 - chance))
    return math.exp(-dispersion * math.log1p(k_factor / dispersion * (1 - chance)))


def dead_by(generation: int, k_factor: float, dispersion: float = POISSON) -> float:
    """The chance that a cascade from one seed has nobody in that generation.

    Args:
        generation: the seed's is 0, in which there is always somebody.

    Example:
        >>> [round(dead_by(g, 1.5), 4) for g in (0, 1, 2)]
        [0.0, 0.2231, 0.3118]
    """
    chance = 0.0
    for _ in range(generation):
        chance = generating(chance, k_factor, dispersion)
    return chance


def dies_out(k_factor: float, dispersion: float = POISSON, *, seeds: int = 1) -> float:
    """The chance that a cascade ends by itself: 1 where K is at most 1.

    Args:
        k_factor: how many others a member brings on average.
        dispersion: of members, or `POISSON`.
        seeds: how many it begins with.

    Raises:
        InvalidValue: as `generating`.

    Example:
        >>> round(dies_out(1.5), 4), round(dies_out(1.5, 0.1), 4), dies_out(0.9)
        (0.4172, 0.9323, 1.0)
    """
    checked_offspring(k_factor, dispersion)
    if k_factor <= 1:
        return 1.0

    def over(chance: float) -> float:
        """Above 0 below the smaller root, below 0 between it and 1, which is the other one."""
        return generating(chance, k_factor, dispersion) - chance

    found = crossing(over, 0.0, greatest(lambda chance: -over(chance), 0.0, 1.0))
    return found**seeds


def mean_size(k_factor: float, *, seeds: int = 1) -> float:
    """How many members a cascade has on average in the end; infinite where K is at least 1.

    Example:
        >>> mean_size(0.5), mean_size(0.75, seeds=100)
        (2.0, 400.0)
    """
    return seeds / (1 - k_factor) if k_factor < 1 else math.inf


def size_variance(k_factor: float, dispersion: float = POISSON, *, seeds: int = 1) -> float:
    """The variance of the size that a cascade has in the end; infinite where K is at least 1.

    Raises:
        InvalidValue: as `generating`.

    Example:
        >>> size_variance(0.5), size_variance(0.5, 0.1)
        (4.0, 24.0)
    """
    checked_offspring(k_factor, dispersion)
    if k_factor >= 1:
        return math.inf
    return seeds * k_factor * (1 + k_factor / dispersion) / (1 - k_factor) ** 3


def expected_members(k_factor: float, generation: int, *, seeds: int = 1) -> float:
    """How many members there are on average up to a generation: seeds·(K^(g+1) − 1)/(K − 1).

    Example:
        >>> expected_members(2.0, 3), expected_members(1.0, 3), expected_members(0.5, 2, seeds=8)
        (15.0, 4.0, 14.0)
    """
    return math.fsum(seeds * k_factor**each for each in range(generation + 1))


def growth_rate(k_factor: float, delay: float, shape: float = 1.0) -> float:
    """How fast a campaign grows, per unit of time, at first: e to the rate times the time.

    The solution of Euler and Lotka's equation for invites that take a gamma-distributed time
    (Wallinga and Lipsitch 2007, doi:10.1098/rspb.2006.3754).

    Args:
        k_factor: above 0; below 1 the rate is negative.
        delay: the mean time from when a member came to when it brought another.
        shape: of that time's distribution: 1 exponential, `math.inf` always the same delay.

    Raises:
        InvalidValue: a number that is not above 0.

    Example:
        >>> [round(growth_rate(1.5, 3.0, shape), 4) for shape in (1, 2, math.inf)]
        [0.1667, 0.1498, 0.1352]
    """
    if not (k_factor > 0 and delay > 0 and shape > 0):
        raise InvalidValue("growth rate: K, delay and shape must all be above 0")
    if shape == math.inf:
        return math.log(k_factor) / delay
    return shape * math.expm1(math.log(k_factor) / shape) / delay


def final_share(k_factor: float) -> float:
    """Which part of a finite market a campaign reaches in the end: z = 1 − exp(−K·z).

    For K at most 1 it is 0: such a campaign reaches few, whatever the market's size.

    Example:
        >>> [round(final_share(k), 4) for k in (0.9, 1.5, 2.0)]
        [0.0, 0.5828, 0.7968]
    """
    return 1 - dies_out(k_factor)
