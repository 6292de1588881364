"""K of a campaign that still runs: members joined at different times and are watched still.

Dividing all invites by all members is too low while the campaign runs, since the newest members
have had no time. The *mean cumulative function* counts at each age only those who have been
watched that long (Nelson 1995; Lawless and Nadeau 1995): K(t) is how many others a member brings
within the age t, and the last K(t) is a lower bound of K. *Ever invited* is Kaplan–Meier's answer
to another question: which part of the members brings at least one other within the age t.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.forest import Forest
from viralcommerce.lab.inference import Estimate, alike
from viralcommerce.lab.likelihood import score
from viralcommerce.lab.order import NOBODY

Floats = npt.NDArray[np.float64]

_NOISE: Final = 1e-6
"""Standard errors below this part of what members alike would have are what rounding leaves."""


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Members, how long each has been watched, and at which ages they brought others.

    Args:
        spans: for each member, how long it has been watched since it came; any unit.
        who: for each invite, which member made it, by its place in `spans`.
        ages: for each invite, how long after that member came; at most its span.

    Raises:
        InvalidValue: an invite of nobody, before its member came, or after its span.
    """

    spans: Floats
    who: npt.NDArray[np.intp]
    ages: Floats

    def __post_init__(self) -> None:
        if not len(self.spans):
            raise InvalidValue("watched: nobody; give at least one member")
        if len(self.who) != len(self.ages):
            raise InvalidValue(
                f"watched: {len(self.who):,} invites and {len(self.ages):,} ages; give as many"
            )
        if not (np.isfinite(self.spans).all() and (self.spans >= 0).all()):
            raise InvalidValue("watched: a span that is negative or no number; give how long")
        if len(self.who) and not ((self.who >= 0) & (self.who < len(self.spans))).all():
            raise InvalidValue(f"watched: an invite of nobody; choose 0 to {len(self.spans) - 1}")
        out = np.flatnonzero(~((self.ages >= 0) & (self.ages <= self.spans[self.who])))
        if out.size:
            at = int(out[0])
            raise InvalidValue(
                f"watched: member {self.who[at]} was watched for {self.spans[self.who[at]]:g} and "
                f"brought somebody at the age {self.ages[at]:g}; count what is within the span"
            )

    @classmethod
    def of(cls, members: Sequence[tuple[float, Sequence[float]]]) -> Watched:
        """From each member's span and the ages at which it brought others."""
        who = [at for at, (_, ages) in enumerate(members) for _ in ages]
        every = [age for _, ages in members for age in ages]
        spans = np.array([span for span, _ in members], np.float64)
        return cls(spans, np.array(who, np.intp), np.array(every, np.float64))

    @classmethod
    def until(cls, forest: Forest, times: npt.ArrayLike, end: float) -> Watched:
        """From a forest, when each member came, and until when all were watched.

        Members who came later than `end` are left out. One who came before its parent, which only
        two clocks can do, counts as brought at the age 0.

        Args:
            forest: of the members.
            times: for each member when it came, in any unit from any moment.
            end: until when they were watched, likewise.

        Raises:
            InvalidValue: not one time for each member, or a time that is no number.
        """
        came = _numbers(times)
        if came.shape != (len(forest),):
            raise InvalidValue(f"watched: {came.size:,} times for {len(forest):,} members")
        if not np.isfinite(came).all():
            raise InvalidValue(
                "watched: a time that is no number; leave out whose time is unknown"
            )
        parent = forest.parent.astype(np.intp)
        end = float(_numbers(end))
        there = came <= end
        brought = np.flatnonzero(there & (parent != NOBODY))
        brought = brought[there[parent[brought]]]
        place = np.cumsum(there) - 1
        above = parent[brought]
        ages = np.maximum(came[brought] - came[above], 0.0)
        return cls((end - came)[there], place[above].astype(np.intp), ages)


def _numbers(times: npt.ArrayLike) -> Floats:
    try:
        return np.asarray(times, np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidValue(
            f"watched: times as numbers, not {times!r:.60}; of a datetime give the .timestamp()"
        ) from error


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A function of age that steps up where something happened.

    The interval at an age is the value times and over e to so many standard errors of its
    logarithm (Nelson 1995), so that it never is below 0; that of a part ends at 1. Where all who
    were watched did the same there is no error to go by, which proves nothing of the next one.
    Then K has the interval of `viralcommerce.lab.inference.alike`, of those who were at risk, and
    a part has that of Clopper and Pearson (1934): of none, or of all, among so many.

    Laws:
        Honest: whoever was watched, from the age 0 on the interval holds the value and has a
            length.
        Not seen: of an age that nobody was watched for, nothing is said.

    Args:
        ages: where it steps, ascending.
        at_risk: how many members were watched at least that long.
        events: how many invites (or first invites) happened at that age.
        values: of the function from that age on.
        errors: their standard errors.
        level: of the intervals.
        spans: how long each member was watched, ascending.
        is_part: whether it is which part of the members did something, not how often they did.

    Raises:
        InvalidValue: a level that is no part.
    """

    ages: Floats
    at_risk: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]
    values: Floats
    errors: Floats
    level: float
    spans: Floats
    is_part: bool = False

    def __post_init__(self) -> None:
        score(self.level)

    def at(self, age: float) -> Estimate:
        """The value at an age, with its interval; before the age 0 it is 0, surely.

        Args:
            age: at most the longest span.

        Raises:
            InvalidValue: an age at which nobody was watched any more, or that is no number.
        """
        if not age <= self.spans[-1]:
            raise InvalidValue(
                f"curve: nobody was watched at the age {age:g}; ask for {self.spans[-1]:g} or less"
            )
        if age < 0:
            return Estimate(0.0, 0.0, 0.0, self.level)
        return self._after(int(np.searchsorted(self.ages, age, side="right")) - 1, age)

    def _after(self, place: int, age: float) -> Estimate:
        """The value from a step on; of the place -1, before the first one."""
        if place < 0:
            watched = len(self.spans) - int(np.searchsorted(self.spans, age, side="left"))
            if not self.is_part:
                return alike(0, watched, level=self.level)
            return Estimate(0.0, 0.0, 1 - self._seldom(watched), self.level)
        value, error = float(self.values[place]), float(self.errors[place])
        at_risk = int(self.at_risk[place])
        if error == 0 and not self.is_part:
            return alike(round(value), at_risk, level=self.level)
        if error == 0:
            before = self._after(place - 1, float(self.ages[place])).low if place else 0.0
            low = 1 - (1 - before) * (1 - self._seldom(at_risk))
            return Estimate(value, low, value, self.level)
        spread = math.exp(score(self.level) * error / value)
        high = min(value * spread, 1.0) if self.is_part else value * spread
        return Estimate(value, value / spread, high, self.level)

    def _seldom(self, members: int) -> float:
        """The least chance of something that so many may all do, at this level."""
        return float(((1 - self.level) / 2) ** (1 / members))


def mean_cumulative(watched: Watched, *, level: float = 0.95) -> Curve:
    """How many others a member brings within each age, members being watched for different spans.

    The errors are Lawless and Nadeau's, which let members differ and invites come in bursts.

    Laws:
        Whole: where all were watched equally long, the last value is invites over members.
        No less: it is never below that ratio, and never falls.

    Example:
        >>> curve = mean_cumulative(
        ...     Watched.of([(10, [1, 3]), (7, [2]), (5, []), (4, [1]), (2, [])])
        ... )
        >>> curve.ages.tolist(), curve.at_risk.tolist(), curve.values.round(2).tolist()
        ([1.0, 2.0, 3.0], [5, 5, 4], [0.4, 0.6, 0.85])
    """
    ages, at, events = np.unique(watched.ages, return_inverse=True, return_counts=True)
    at_risk = _at_risk(watched.spans, ages)
    rates = events / at_risk
    values = np.cumsum(rates)
    errors = _spread(watched, ages, at, rates, at_risk)
    errors[errors < _NOISE * values / math.sqrt(len(watched.spans))] = 0.0
    return Curve(ages, at_risk, events, values, errors, level, np.sort(watched.spans))


def _at_risk(spans: Floats, ages: Floats) -> npt.NDArray[np.int64]:
    """How many were watched at least until each age."""
    return len(spans) - np.searchsorted(np.sort(spans), ages, side="left").astype(np.int64)


def _spread(
    watched: Watched,
    ages: Floats,
    at: npt.NDArray[np.intp],
    rates: Floats,
    at_risk: npt.NDArray[np.int64],
) -> Floats:
    """Lawless and Nadeau's standard errors, for all ages at once.

    With B(t) = Σ dN/Y² and own(t) = Σ over a member's own invites of 1/Y, the variance at t is the
    sum over members of (own − B)², each at t or at the end of its span, whichever comes first.
    """
    base = np.concatenate([[0.0], np.cumsum(rates / at_risk)])
    leaves = np.searchsorted(ages, watched.spans, side="right")
    order = np.lexsort((at, watched.who))
    who, step, more = watched.who[order], at[order], 1.0 / at_risk[at[order]]
    own = np.bincount(who, weights=more, minlength=len(watched.spans))
    before = np.concatenate([[0.0], np.cumsum(own)])[:-1]
    after = np.cumsum(more) - before[who]
    sums, squares, gone = (np.zeros(len(ages) + 1) for _ in range(3))
    np.add.at(sums, step, more)
    np.add.at(sums, leaves, -own)
    np.add.at(squares, step, after**2 - (after - more) ** 2)
    np.add.at(squares, leaves, -(own**2))
    np.add.at(gone, leaves, (own - base[leaves]) ** 2)
    still = np.cumsum(squares)[:-1] - 2 * base[1:] * np.cumsum(sums)[:-1] + at_risk * base[1:] ** 2
    spread: Floats = np.sqrt(np.maximum(np.cumsum(gone)[:-1] + still, 0.0))
    return spread


def ever_invited(watched: Watched, *, level: float = 0.95) -> Curve:
    """Which part of the members brings at least one other within each age.

    One less Kaplan and Meier's estimate of those who have not yet, with Greenwood's errors.

    Laws:
        Part: it is between 0 and 1, and never falls.
        All: where all were watched to the end, it is the part of them who brought anybody.

    Example:
        >>> curve = ever_invited(Watched.of([(10, [1, 3]), (7, [2]), (5, []), (4, [1]), (2, [])]))
        >>> curve.ages.tolist(), curve.values.round(3).tolist()
        ([1.0, 2.0], [0.4, 0.6])
    """
    first = np.full(len(watched.spans), np.inf)
    np.minimum.at(first, watched.who, watched.ages)
    has = np.isfinite(first)
    until = np.where(has, first, watched.spans)
    ages, events = np.unique(first[has], return_counts=True)
    at_risk = _at_risk(until, ages)
    stays = 1.0 - events / at_risk
    not_yet = np.cumprod(stays)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0.0)
    errors: Floats = np.asarray(not_yet * np.sqrt(np.cumsum(terms)), np.float64)
    values: Floats = np.asarray(1.0 - not_yet, np.float64)
    spans = np.sort(watched.spans)
    return Curve(ages, at_risk, events, values, errors, level, spans, is_part=True)
