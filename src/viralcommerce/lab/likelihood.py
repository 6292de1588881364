"""How likely the sizes of finished cascades are, if every member brings K others on average.

A *cascade* is all who came through one seed, or through several seeds together. How many others a
member brings is Poisson, or negative binomial with dispersion k where members differ: the smaller
k, the more is brought by few. The total size is then Borel–Tanner, or its negative binomial
counterpart (Dwass 1969: P(T = n) = m/n · P(n members bring n − m others)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from viralcommerce.errors import InvalidValue

POISSON: Final = math.inf
"""The dispersion of members who are all alike."""

_LARGE: Final = 1e5
"""From here on two terms of Stirling's series are right to every digit."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """How often each number was seen.

    Args:
        values: the numbers, each once, ascending.
        times: how often each.
    """

    values: Floats
    times: Floats

    @property
    def count(self) -> int:
        """How many were seen."""
        return int(self.times.sum())

    @property
    def total(self) -> int:
        """What they add up to."""
        return int(self.values @ self.times)


def tally(numbers: Iterable[int], *, least: int, what: str) -> Tally:
    """How often each number was seen, checked.

    Args:
        numbers: whole ones.
        least: none is smaller.
        what: they are, for messages.

    Raises:
        InvalidValue: no number at all, one that is not whole, or one that is too small.
    """
    given = np.asarray(numbers if isinstance(numbers, np.ndarray) else list(numbers))
    if not given.size:
        raise InvalidValue(f"{what}: none given; give at least one")
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise InvalidValue(f"{what}: {given.dtype} numbers; give a row of whole ones")
    if given.min() < least:
        raise InvalidValue(f"{what}: {given.min()} is too small; the least is {least}")
    values, times = np.unique(given, return_counts=True)
    return Tally(values.astype(np.float64), times.astype(np.float64))


def log_gamma(x: Floats) -> Floats:
    """The logarithm of the gamma function, for numbers above 0, to some fourteen digits.

    Stirling's series, eight places further up; NumPy has none of its own.

    Example:
        >>> log_gamma(np.array([0.5, 5.0])).round(12).tolist()
        [0.572364942925, 3.178053830348]
    """
    up = x + 8.0
    product = x.copy()
    for step in range(1, 8):
        product *= x + step
    inverse = 1.0 / up
    square = inverse * inverse
    series = 1 / 1188 - square * 691 / 360360
    for term in (1 / 1680, 1 / 1260, 1 / 360, 1 / 12):
        series = term - square * series
    return (
        (up - 0.5) * np.log(up)
        - up
        + 0.5 * math.log(2 * math.pi)
        + inverse * series
        - np.log(product)
    )


def checked_offspring(k_factor: float, dispersion: float) -> None:
    """Whether there can be such a number of others that a member brings.

    Raises:
        InvalidValue: K is no number of at least 0, or the dispersion none above 0.
    """
    if not (0 <= k_factor < math.inf):
        raise InvalidValue(f"K: {k_factor}; give how many a member brings on average, 0 or more")
    if not dispersion > 0:
        raise InvalidValue(
            f"dispersion: {dispersion}; give a number above 0, or POISSON where members are alike"
        )


def log_size(size: int, k_factor: float, dispersion: float = POISSON, seeds: int = 1) -> float:
    """The logarithm of the chance that a cascade ends with that many members.

    Args:
        size: of the whole cascade, seeds included.
        k_factor: how many others a member brings on average; at least 0.
        dispersion: k of the negative binomial, or `POISSON`.
        seeds: how many it began with.

    Raises:
        InvalidValue: K is below 0, or the dispersion not above it.

    Example:
        >>> [round(math.exp(log_size(n, 0.5)), 4) for n in (1, 2, 3)]
        [0.6065, 0.1839, 0.0837]
        >>> [round(math.exp(log_size(n, 0.8, 0.5)), 4) for n in (1, 2, 3)]
        [0.6202, 0.1183, 0.0565]
    """
    checked_offspring(k_factor, dispersion)
    if size < seeds:
        return -math.inf
    return log_sizes(tally([size], least=seeds, what="size"), k_factor, dispersion, seeds)


def log_sizes(sizes: Tally, k_factor: float, dispersion: float = POISSON, seeds: int = 1) -> float:
    """The logarithm of the chance of all these cascades together.

    Example:
        >>> ten = tally([1, 1, 1, 2, 5, 1, 3, 1, 1, 4], least=1, what="sizes")
        >>> round(log_sizes(ten, 0.5), 6), round(log_sizes(ten, 0.5, 0.2), 6)
        (-13.894918, -15.211023)
    """
    first = np.log(seeds / sizes.values)
    others = _log_others(sizes.values, sizes.values - seeds, k_factor, dispersion)
    return float((first + others) @ sizes.times)


def log_counts(counts: Tally, k_factor: float, dispersion: float = POISSON) -> float:
    """The logarithm of the chance that members brought 0, 1, 2, ... others this often."""
    members = np.ones_like(counts.values)
    return float(_log_others(members, counts.values, k_factor, dispersion) @ counts.times)


def _log_others(members: Floats, others: Floats, k_factor: float, dispersion: float) -> Floats:
    """The logarithm of the chance that so many members bring so many others together."""
    if k_factor <= 0:
        return np.where(others > 0, -np.inf, 0.0)
    if dispersion == POISSON:
        mean = members * k_factor
        return others * np.log(mean) - mean - log_gamma(others + 1)
    shape, odds = members * dispersion, k_factor / dispersion
    ways = _log_rising(shape, others) - log_gamma(others + 1)
    return ways + others * math.log(odds) - (shape + others) * math.log1p(odds)


def _log_rising(x: Floats, more: Floats) -> Floats:
    """The logarithm of gamma(x + more) / gamma(x).

    Of large numbers the two logarithms are nearly the same, and their difference is noise; there
    it is taken term by term of Stirling's series.
    """
    if x.max() < _LARGE:
        return log_gamma(x + more) - log_gamma(x)
    up = x + more
    series = (x - 0.5) * np.log1p(more / x) + more * np.log(up) - more + (1 / up - 1 / x) / 12
    return np.where(x < _LARGE, log_gamma(up) - log_gamma(x), series)


def cut_off(level: float) -> float:
    """By how much a log-likelihood may fall below its greatest within an interval of that level.

    Half the quantile of chi-squared with one degree of freedom (Wilks 1938).

    Example:
        >>> round(cut_off(0.95), 4)
        1.9207
    """
    if not 0 < level < 1:
        raise InvalidValue(f"level: {level} is no part; give one between 0 and 1, such as 0.95")
    return NormalDist().inv_cdf((1 + level) / 2) ** 2 / 2


def score(level: float) -> float:
    """How many standard errors an interval of that level goes to either side.

    Raises:
        InvalidValue: a level that is no part.

    Example:
        >>> round(score(0.95), 3)
        1.96
    """
    return math.sqrt(2 * cut_off(level))


def greatest(of: Callable[[float], float], low: float, high: float) -> float:
    """Where a function of one hump is greatest, by golden section, to some six digits.

    The function itself is then right to twelve, since it is flat there.
    """
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = of(left), of(right)
    while high - low > 1e-6 * (1 + abs(high)):
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = of(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = of(left)
    return (low + high) / 2


def crossing(of: Callable[[float], float], inside: float, outside: float) -> float:
    """Where a function changes sign between two places; `outside` where it does not.

    By false position, halving the weight of an end that stays (the Illinois rule), and by
    bisection while the function is infinite.

    Args:
        of: at least 0 at `inside`.
        inside: where to set out.
        outside: where to look at most.
    """
    at_inside, at_outside = of(inside), of(outside)
    if at_outside >= 0:
        return outside
    stayed = 0
    while abs(outside - inside) > 1e-12 * (1 + abs(inside)):
        if at_outside == -math.inf:
            middle = (inside + outside) / 2
        else:
            middle = inside + (outside - inside) * at_inside / (at_inside - at_outside)
        if middle in (inside, outside):
            return middle
        found = of(middle)
        if found >= 0:
            inside, at_inside = middle, found
            stayed = max(stayed, 0) + 1
            at_outside = at_outside / 2 if stayed > 1 else at_outside
        else:
            outside, at_outside = middle, found
            stayed = min(stayed, 0) - 1
            at_inside = at_inside / 2 if stayed < -1 else at_inside
        if found == 0:
            return middle
    return (inside + outside) / 2
