"""The published odds of a lucky split, exact: what each position gets, how much that varies.

Everything counts whole units (fen, cents, yen) with ``least`` taken out first, so that one unit is
the smallest share: a split of `total` into `parts`, none below `least`, is the split of
``total - parts * (least - 1)`` with ``least - 1`` added to each share. Two ways to cut:

=========== ======================================== =========================================
way         the next share, `left` for `people`      what is fair about it
=========== ======================================== =========================================
double mean uniform on 1 .. floor(2 left/people) - 1 every position has the mean total/parts,
                                                     up to rounding; later ones vary more
uniform     P(k) = C(left - k - 1, people - 2)       all ways to cut are equally likely, so
            / C(left - 1, people - 1)                all positions have one and the same law
=========== ======================================== =========================================

The last always gets what is left. *Position* counts from 0, the first opener. A *limit* is what
the odds tend to as units become infinitely fine against the total, which is then 1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import comb
from typing import NamedTuple, Protocol

from viralcommerce.errors import InvalidValue
from viralcommerce.values.money import Money

Chances = Mapping[int, Fraction]
"""How likely each share is, in minor units; adds up to exactly 1."""

MOST_OUTCOMES = 200_000
"""How many ways to cut `outcomes` and `luckiest` list at most; beyond, simulate."""
_EXACT = 5_000_000
_STATES = 4_000_000
_PRECISION = 256
_POINT = Fraction(1)


class Cut(Protocol):
    """What the odds need of a split."""

    @property
    def parts(self) -> int:
        """How many shares."""
        ...

    @property
    def total(self) -> Money:
        """What is cut."""
        ...

    def ways(self) -> int:
        """An upper bound on how many different rows of shares it can give."""
        ...

    def chances(self, left: int, taken: int) -> Chances:
        """The law of the next share."""
        ...


class Moments(NamedTuple):
    """Means and variances by position, in minor units.

    Args:
        means: of each position's share.
        variances: of each position's share.
        within: no mean and no standard deviation is further than this from the exact one; 0 where
            they are exact.
    """

    means: tuple[Fraction, ...]
    variances: tuple[Fraction, ...]
    within: Fraction


def double_mean_chances(left: int, people: int) -> Chances:
    """The law of the next share under the double-mean rule, one unit being the least.

    Example:
        >>> double_mean_chances(6, 3)
        {1: Fraction(1, 3), 2: Fraction(1, 3), 3: Fraction(1, 3)}
    """
    if people == 1:
        return {left: _POINT}
    most = 2 * left // people - 1
    return {share: Fraction(1, most) for share in range(1, most + 1)}


def uniform_chances(left: int, people: int) -> Chances:
    """The law of the next share where all ways to cut are equally likely, one unit the least.

    Example:
        >>> uniform_chances(6, 3)
        {1: Fraction(2, 5), 2: Fraction(3, 10), 3: Fraction(1, 5), 4: Fraction(1, 10)}
    """
    if people == 1:
        return {left: _POINT}
    ways = comb(left - 1, people - 1)
    most = left - people + 1
    return {k: Fraction(comb(left - k - 1, people - 2), ways) for k in range(1, most + 1)}


def uniform_moments(total: int, parts: int) -> Moments:
    """Mean ``M/n`` and variance ``M(M-n)(n-1) / (n^2 (n+1))`` for every position.

    Example:
        >>> uniform_moments(100, 5).variances[0]
        Fraction(760, 3)
    """
    mean = Fraction(total, parts)
    variance = Fraction(total * (total - parts) * (parts - 1), parts * parts * (parts + 1))
    return Moments((mean,) * parts, (variance,) * parts, Fraction(0))


@functools.lru_cache(maxsize=64)
def double_mean_moments(total: int, parts: int) -> Moments:
    """Means and variances of the double-mean rule on whole units, one unit being the least.

    Exact for packets of everyday size (up to about 1,600 units in 10 parts, or
    2,400 in 3). Up to 4 million units
    times parts they come from the same recursion in fixed point, off by less than 1e-20 units;
    beyond, from the continuous rule: drawn from the same uniform numbers the two splits never
    differ by more than two units a step, so no share by more than ``2 * parts``.

    Example:
        >>> [float(round(mean, 3)) for mean in double_mean_moments(100, 5).means]
        [20.0, 19.872, 19.876, 20.126, 20.126]
    """
    if total * parts > _STATES:
        mean = Fraction(total, parts)
        limit = double_mean_limit(parts)
        scaled = tuple(variance * total * total for variance in limit)
        return Moments((mean,) * parts, scaled, Fraction(2 * parts))
    means: list[Fraction] = []
    variances: list[Fraction] = []
    exact = is_small(total, parts)
    for people, scale, weights in _stages(total, parts, 0 if exact else 1 << _PRECISION):
        first = second = 0
        for left, weight in weights.items():
            if people == 1:
                first += 6 * weight * left
                second += 6 * weight * left * left
            else:
                most = 2 * left // people - 1
                first += 3 * weight * (most + 1)
                second += weight * (most + 1) * (2 * most + 1)
        mean = Fraction(first, 6 * scale)
        means.append(mean)
        variances.append(Fraction(second, 6 * scale) - mean * mean)
    within = Fraction(0) if exact else Fraction(1, 10**20)
    return Moments(tuple(means), tuple(variances), within)


def double_mean_shares(total: int, parts: int, position: int) -> Chances:
    """The whole law of one position's share under the double-mean rule, one unit being the least.

    Raises:
        InvalidValue: where there are too many units for an exact answer, or no such position.

    Example:
        >>> double_mean_shares(6, 3, 2)[4]
        Fraction(1, 12)
    """
    if not 0 <= position < parts:
        raise InvalidValue(f"split odds: no position {position}; choose from 0 to {parts - 1}")
    if not is_small(total, parts):
        raise InvalidValue(
            f"split odds: {total} units in {parts} parts are too many for exact odds; "
            "ask for a smaller packet of the same shape"
        )
    for people, scale, weights in _stages(total, parts, 0):
        if parts - people < position:
            continue
        if people == 1:
            return {left: Fraction(weight, scale) for left, weight in sorted(weights.items())}
        most_of = {left: 2 * left // people - 1 for left in weights}
        whole = math.lcm(*most_of.values())
        ending = [0] * (max(most_of.values()) + 1)
        for left, weight in weights.items():
            ending[most_of[left]] += weight * (whole // most_of[left])
        reaching = 0
        falling: list[tuple[int, Fraction]] = []
        for share in range(len(ending) - 1, 0, -1):
            reaching += ending[share]
            falling.append((share, Fraction(reaching, scale * whole)))
        return dict(reversed(falling))
    raise AssertionError("the last stage has returned")


def double_mean_limit(parts: int) -> tuple[Fraction, ...]:
    """Variances by position of the double-mean rule where units are infinitely fine, total 1.

    ``E[R'^2] = E[R^2] (1 - 2/m + 4/(3 m^2))`` for what is left before `m` openers; every mean is
    ``1/parts``. The variance grows with the position; the last two are equal.

    Example:
        >>> double_mean_limit(3)
        (Fraction(1, 27), Fraction(4, 81), Fraction(4, 81))
    """
    left = Fraction(1)  # the mean square of what is left
    mean_square = Fraction(1, parts * parts)
    variances: list[Fraction] = []
    for people in range(parts, 1, -1):
        spread = Fraction(4, 3 * people * people)
        variances.append(left * spread - mean_square)
        left *= 1 - Fraction(2, people) + spread
    return (*variances, left - mean_square)


def luckiest_of_three_limit() -> tuple[float, float, float]:
    """The chance of each of three openers to be the luckiest, double mean, infinitely fine units.

    The first has ``3 ln(4/3) - 1/2``, by integration over its share in ``U(0, 2/3)``; the other
    two share the rest equally.

    Example:
        >>> [round(chance, 4) for chance in luckiest_of_three_limit()]
        [0.363, 0.3185, 0.3185]
    """
    first = 3 * math.log(4 / 3) - 0.5
    return (first, (1 - first) / 2, (1 - first) / 2)


def uniform_greatest_limit(parts: int) -> Fraction:
    """The mean of the greatest share, uniform, infinitely fine units, total 1: ``H_n / n``.

    Source: L. Holst, On the lengths of the pieces of a stick broken at random, 1980.

    Example:
        >>> uniform_greatest_limit(10)
        Fraction(7381, 25200)
    """
    return sum((Fraction(1, k) for k in range(1, parts + 1)), Fraction(0)) / parts


def uniform_greatest(total: int, parts: int) -> Fraction:
    """The mean of the greatest share on whole units, uniform, one unit being the least.

    ``P(none above b) = sum over k of (-1)^k C(n, k) C(M - k b - 1, n - 1) / C(M - 1, n - 1)``;
    the mean is the sum over b of the contrary.

    Example:
        >>> uniform_greatest(6, 3)
        Fraction(16, 5)
    """
    ways = comb(total - 1, parts - 1)
    above = 0
    for bound in range(total - parts + 1):
        none = sum(
            (-1) ** k * comb(parts, k) * comb(total - k * bound - 1, parts - 1)
            for k in range(parts + 1)
            if total - k * bound >= parts
        )
        above += ways - none
    return Fraction(above, ways)


def uniform_smallest_limit(parts: int) -> Fraction:
    """The mean of the smallest share, uniform, infinitely fine units, total 1: ``1 / n^2``."""
    return Fraction(1, parts * parts)


def uniform_none_above_limit(parts: int, bound: Fraction) -> Fraction:
    """The chance that no share exceeds `bound`, uniform, infinitely fine units, total 1.

    ``sum over k of (-1)^k C(n, k) max(0, 1 - k bound)^(n-1)``: inclusion and exclusion over who
    exceeds it (Feller II, chapter I).

    Example:
        >>> uniform_none_above_limit(2, Fraction(3, 4))
        Fraction(1, 2)
    """
    chance = Fraction(0)
    for k in range(parts + 1):
        rest = 1 - k * bound
        if rest <= 0:
            break
        chance += (-1) ** k * comb(parts, k) * rest ** (parts - 1)
    return chance


def dirichlet_variance(parts: int, alpha: Fraction) -> Fraction:
    """The variance of a share, symmetric Dirichlet law, total 1: ``(n-1)/(n^2 (n alpha + 1))``.

    A yardstick for how wild a split is: uniform is ``alpha = 1``, equal parts are the limit of
    large alpha. Solve it for alpha to name the spread of any other split.

    Example:
        >>> dirichlet_variance(10, Fraction(1))
        Fraction(9, 1100)
    """
    return Fraction(parts - 1) / (parts * parts * (parts * alpha + 1))


def outcomes(split: Cut) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every row of shares the split can give, in minor units, and its chance; adds up to 1.

    Raises:
        InvalidValue: where there may be more than `MOST_OUTCOMES` of them.
    """
    if split.ways() > MOST_OUTCOMES:
        raise InvalidValue(
            f"split odds: up to {split.ways()} outcomes are too many to list; "
            f"ask for a smaller packet of the same shape, with at most {MOST_OUTCOMES}"
        )
    stack: list[tuple[tuple[int, ...], int, Fraction]] = [((), split.total.minor, _POINT)]
    while stack:
        shares, left, chance = stack.pop()
        if len(shares) == split.parts:
            yield shares, chance
            continue
        for share, odds in split.chances(left, len(shares)).items():
            stack.append(((*shares, share), left - share, chance * odds))


def luckiest(split: Cut) -> tuple[Fraction, ...]:
    """The chance of each position to be the luckiest; of equal shares the earliest counts.

    Raises:
        InvalidValue: as `outcomes`.
    """
    chances = [Fraction(0)] * split.parts
    for shares, chance in outcomes(split):
        chances[shares.index(max(shares))] += chance
    return tuple(chances)


def is_small(total: int, parts: int) -> bool:
    """Whether the exact numbers take a fraction of a second and a few megabytes."""
    harmonic = sum(1 / people for people in range(2, parts + 1))
    return total * total * harmonic <= _EXACT


def _stages(total: int, parts: int, scale: int) -> Iterator[tuple[int, int, dict[int, int]]]:
    """How likely each amount is to be left before each draw of the double-mean rule.

    Args:
        total: units to cut.
        parts: how many openers.
        scale: 0 for exact chances; otherwise the fixed denominator, chances being rounded down.

    Yields:
        how many openers remain, the denominator, and the numerators by what is left.
    """
    is_exact = scale == 0
    scale = scale or 1
    weights = {total: scale}
    for people in range(parts, 0, -1):
        yield people, scale, weights
        if people == 1:
            return
        most_of = {left: 2 * left // people - 1 for left in weights}
        whole = math.lcm(*most_of.values()) if is_exact else 1
        top = max(weights) - 1
        steps = [0] * (top + 2)  # differences of the next weights, by what is left
        for left, weight in weights.items():
            most = most_of[left]
            each = weight * (whole // most) if is_exact else weight // most
            steps[left - most] += each
            steps[left] -= each
        scale *= whole
        weights = {}
        here = 0
        for left in range(top + 1):
            here += steps[left]
            if here:
                weights[left] = here
