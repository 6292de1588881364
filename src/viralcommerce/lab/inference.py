"""K, how many others a member brings on average, with honest error bars.

Three questions, three answers:

- from the *sizes* of cascades that are over: `k_of_sizes`;
- from *how many* each member brought, all of them watched to the end: `k_of_offspring`;
- from a campaign that still *runs*, members having joined at different times:
  `viralcommerce.lab.running`.

Members differ: a few bring most. An interval that supposes them alike (Poisson) is too short, so
the dispersion k is estimated too and the interval says so. Cascades that were *chosen* for being
large say nothing about K of all; no formula mends that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.likelihood import (
    POISSON,
    crossing,
    cut_off,
    greatest,
    log_counts,
    log_sizes,
    score,
    tally,
)

_LEAST, _MOST = math.log(1e-3), math.log(1e4)
"""Between which the logarithm of the dispersion is looked for, the upper end being for a K of 1 or
less and rising with it; beyond, members are alike."""
_FURTHER, _FURTHEST = math.log(100), math.log(1e10)
"""Steps in which, and up to which times as large, an end of the interval is looked for."""
_FAR: Final = 1e3
"""A K beyond is not looked for; what may be larger has no upper end."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that was estimated, and between which numbers it may well be.

    Args:
        value: the estimate.
        low, high: the ends of the interval.
        level: how often such intervals hold the true number: 0.95 is 95 of 100 times.
    """

    value: float
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g}, {self.level:.0%})"


@dataclass(frozen=True, slots=True)
class KFactor:
    """K and the dispersion of members, from one set of data.

    Args:
        k: how many others a member brings on average.
        dispersion: k of the negative binomial; infinite where members look alike. Below 1, most
            members bring nobody and a few bring many.
        members: how many members it rests on.
        log_likelihood: of the data at the estimates.
    """

    k: Estimate
    dispersion: Estimate
    members: int
    log_likelihood: float


def k_of_sizes(
    sizes: Iterable[int],
    *,
    seeds: int = 1,
    dispersion: float | None = None,
    level: float = 0.95,
) -> KFactor:
    """K from the sizes of finished cascades.

    The estimate is 1 − seeds/members, for Poisson and for the negative binomial with any k; the
    interval is by profile likelihood (Farrington, Kanaan and Gay 2003; Blumberg and Lloyd-Smith
    2013). Finished cascades only: those that grow still pull it down.

    Args:
        sizes: of the cascades, seeds included.
        seeds: how many each cascade began with.
        dispersion: k where it is known, `POISSON` to suppose that members are alike; estimated
            along with K unless said.
        level: of the intervals.

    Raises:
        InvalidValue: no cascade, or one smaller than its seeds.

    Example:
        >>> found = k_of_sizes([1, 1, 1, 2, 5, 1, 3, 1, 1, 4], dispersion=POISSON)
        >>> str(found.k)
        '0.5 (0.251 to 0.877, 95%)'
    """
    if seeds < 1:
        raise InvalidValue(f"sizes: {seeds} seeds; a cascade has at least one")
    found = tally(sizes, least=seeds, what="sizes")
    value = 1 - seeds * found.count / found.total
    return _profiled(
        lambda k, shape: log_sizes(found, k, shape, seeds), value, found.total, dispersion, level
    )


def k_of_offspring(
    counts: Iterable[int], *, dispersion: float | None = None, level: float = 0.95
) -> KFactor:
    """K from how many others each member brought, by profile likelihood of the negative binomial.

    The interval ends where the likelihood, with the dispersion that suits each K best, is less
    than its greatest by half a quantile of chi-squared (Wilks 1938). A dispersion below 0.001 is
    not looked for. Of few members who all brought nobody, it says that nothing is known upward.

    Args:
        counts: one number for each member, of members watched until they bring nobody any more.
        dispersion: as for `k_of_sizes`.
        level: of the intervals.

    Raises:
        InvalidValue: no member, or one who brought less than nobody.

    Example:
        >>> found = k_of_offspring([0] * 90 + [1] * 5 + [4] * 3 + [9, 14])
        >>> str(found.k), str(found.dispersion)
        ('0.4 (0.162 to 1.33, 95%)', '0.0465 (0.0197 to 0.101, 95%)')
    """
    found = tally(counts, least=0, what="offspring")
    value = found.total / found.count
    return _profiled(
        lambda k, shape: log_counts(found, k, shape), value, found.count, dispersion, level
    )


def mean_offspring(counts: Iterable[int], *, level: float = 0.95) -> Estimate:
    """K from how many others each member brought, by their sample variance.

    The interval is the mean and so many standard errors to either side, from 0 on. It supposes no
    distribution and needs many members: a few hundred, more where few bring most. Members who all
    brought as many have no variance to go by, whatever their number: then it is `alike`.

    Raises:
        InvalidValue: fewer than two members, or one who brought less than nobody.

    Example:
        >>> str(mean_offspring([0] * 900 + [1] * 50 + [4] * 30 + [9, 14] * 10))
        '0.4 (0.29 to 0.51, 95%)'
    """
    found = tally(counts, least=0, what="offspring")
    members = found.count
    if members < 2:
        raise InvalidValue("offspring: one member has no variance; give at least two")
    mean = found.total / members
    if found.values.size == 1:
        return alike(int(found.values[0]), members, level=level)
    spread = float((found.values - mean) ** 2 @ found.times)
    error = score(level) * math.sqrt(spread / (members - 1) / members)
    return Estimate(mean, max(mean - error, 0.0), mean + error, level)


def alike(count: int, members: int, *, level: float = 0.95) -> Estimate:
    """K where every member brought as many, by the profile likelihood of `k_of_offspring`.

    That nobody differed is no proof that nobody would: the next one may bring many.

    Args:
        count: how many each brought.
        members: how many they are.
        level: of the interval.

    Raises:
        InvalidValue: no member, or fewer than nobody brought.

    Example:
        >>> str(alike(0, 1_000)), str(alike(1, 2)), str(alike(0, 2))
        ('0 (0 to 0.00583, 95%)', '1 (0.166 to 5.05, 95%)', '0 (0 to inf, 95%)')
    """
    return k_of_offspring(np.full(members, count), level=level).k


def standard_error(k: float, dispersion: float, members: int) -> float:
    """The standard error of K from so many members, all watched to the end: √(K(1 + K/k)/n).

    Raises:
        InvalidValue: a K below 0, a dispersion that is not above 0, or no member.

    Example:
        >>> round(standard_error(0.5, 0.1, 4610), 4)
        0.0255
    """
    _check("standard error", k, dispersion)
    if not members >= 1:
        raise InvalidValue(f"standard error: {members} members; give at least one")
    return math.sqrt(k * (1 + k / dispersion) / members)


def members_needed(k: float, dispersion: float, half_width: float, *, level: float = 0.95) -> int:
    """How many members must be watched to the end to know K that well.

    Args:
        k: what it is about.
        dispersion: of members, or `POISSON`.
        half_width: half of the interval's length.
        level: of the interval.

    Raises:
        InvalidValue: a number that is not above 0.

    Example:
        >>> [members_needed(0.5, k, 0.05) for k in (0.1, 0.5, 1.0, POISSON)]
        [4610, 1537, 1153, 769]
    """
    if not (k > 0 and dispersion > 0 and half_width > 0):
        raise InvalidValue("members needed: K, dispersion and half width must all be above 0")
    return math.ceil(score(level) ** 2 * k * (1 + k / dispersion) / half_width**2)


def coverage_if_alike(k: float, dispersion: float, *, level: float = 0.95) -> float:
    """How often an interval holds K if it supposes members alike who are not.

    It is as long as √K asks and would have to be as long as √(K(1 + K/k)), both being normal.

    Args:
        k: what it is about, 0 or more.
        dispersion: of members, or `POISSON`.
        level: that the interval claims.

    Raises:
        InvalidValue: a K below 0, a dispersion that is not above 0, or a level that is no part.

    Example:
        >>> round(coverage_if_alike(0.5, 0.1), 3)
        0.576
    """
    _check("coverage", k, dispersion)
    return 2 * NormalDist().cdf(score(level) / math.sqrt(1 + k / dispersion)) - 1


def corrected(found: Estimate, recorded: float) -> Estimate:
    """K where only a known part of the links, or of the members, was recorded.

    Each is recorded by itself with that chance, so what is seen is that part of K.

    Args:
        found: K as it was seen.
        recorded: the part that was recorded, above 0 and at most 1.

    Raises:
        InvalidValue: a part that is none.

    Example:
        >>> str(corrected(Estimate(0.4, 0.36, 0.44, 0.95), recorded=0.5))
        '0.8 (0.72 to 0.88, 95%)'
    """
    if not 0 < recorded <= 1:
        raise InvalidValue(f"recorded: {recorded} is no part; give one above 0 and at most 1")
    value, low, high = (each / recorded for each in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.level)


def _check(what: str, k: float, dispersion: float) -> None:
    if not (k >= 0 and dispersion > 0):
        raise InvalidValue(
            f"{what}: K of {k} and a dispersion of {dispersion}; give a K of 0 or more and a"
            " dispersion above 0, POISSON for members who are alike"
        )


def _profiled(
    likelihood: Callable[[float, float], float],
    value: float,
    members: int,
    dispersion: float | None,
    level: float,
) -> KFactor:
    """Estimates and intervals from a likelihood of K and dispersion, greatest at `value`."""
    if dispersion is not None and not dispersion > 0:
        raise InvalidValue(f"dispersion: {dispersion}; give one above 0, POISSON for none")
    below = cut_off(level)
    most = _MOST + math.log(max(value, 1.0))

    def at_best(k: float) -> tuple[float, float]:
        """The likelihood at a K, with the dispersion that suits it best, and that dispersion."""
        if dispersion is not None:
            return likelihood(k, dispersion), dispersion
        if k <= 0:
            return likelihood(k, POISSON), POISSON
        shape = math.exp(greatest(lambda log: likelihood(k, math.exp(log)), _LEAST, most))
        same = likelihood(k, POISSON)
        found = likelihood(k, shape)
        return (same, POISSON) if same >= found else (found, shape)

    best, shape = at_best(value)

    def within(k: float) -> float:
        return at_best(k)[0] - best + below

    low = crossing(within, value, 0.0) if value > 0 else 0.0
    far = _beyond(within, value)
    high = crossing(within, value, far) if far < math.inf else far
    if dispersion is not None:
        shapes = Estimate(shape, shape, shape, level)
    elif value <= 0:
        shapes = Estimate(shape, 0.0, shape, level)
    else:
        shapes = _shapes(lambda k: likelihood(value, k) - best + below, shape, most, level)
    return KFactor(Estimate(value, low, high, level), shapes, members, best)


def _beyond(within: Callable[[float], float], value: float) -> float:
    """A K that is too large to be in the interval."""
    high = max(2 * value, 1.0)
    while within(high) >= 0:
        high *= 2
        if high > _FAR:
            return math.inf
    return high


def _shapes(within: Callable[[float], float], shape: float, most: float, level: float) -> Estimate:
    """The interval of the dispersion; its upper end is infinite where members may be alike."""

    def inside(log: float) -> float:
        return within(math.exp(log))

    may_be_alike = within(POISSON) >= 0
    far = most
    while (inside(far) >= 0) is not may_be_alike and far < most + _FURTHEST:
        far += _FURTHER
    start = math.log(shape) if shape < math.inf else far
    low = math.exp(crossing(inside, start, _LEAST))
    high = math.inf if may_be_alike else math.exp(crossing(inside, start, far))
    return Estimate(shape, low, high, level)
