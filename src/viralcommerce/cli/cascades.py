"""What a file of who brought whom comes to: the numbers behind the table, JSON and page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from viralcommerce.cli.links import BadLine, Links
from viralcommerce.errors import InvalidMessage, InvalidValue
from viralcommerce.lab.forest import Forest
from viralcommerce.lab.inference import Estimate, KFactor, k_of_offspring
from viralcommerce.lab.measures import Measures, measure, offspring, share_of_top
from viralcommerce.lab.running import Watched, mean_cumulative

Floats = npt.NDArray[np.float64]

_POINTS: Final = 200
"""How many points a curve has at most."""


class Cascade(Struct, frozen=True, kw_only=True):
    """One tree of who brought whom.

    Args:
        name: its name, or its root's id.
        size: how many members it has.
        depth: how many links its last member is below its root.
        breadth: the size of its largest generation.
        leaves: how many of its members brought nobody.
        mean_depth: of its members.
        virality: the mean distance between two members; None where there is one only.
        half: seconds until half of its members had come, where all times are known.
        span: seconds until the last of them had come, likewise.
    """

    name: str
    size: int
    depth: int
    breadth: int
    leaves: int
    mean_depth: float
    virality: float | None
    half: float | None
    span: float | None


class K(Struct, frozen=True, kw_only=True):
    """How many others a member brings, and between which numbers that may well be.

    Args:
        value, low, high: of K; the interval is one of 95 % and lets members differ.
        dispersion: how much they differ; None where they look alike. The smaller, the fewer
            members bring most.
        members: how many it rests on.
    """

    value: float
    low: float
    high: float | None
    dispersion: float | None
    members: int


class Age(Struct, frozen=True, kw_only=True):
    """K within an age: how many others a member had brought by then.

    Args:
        seconds: since the member came.
        at_risk: how many members were watched that long.
        value, low, high: of K, with an interval of 95 %; none where nothing is known upward.
    """

    seconds: float
    at_risk: int
    value: float
    low: float
    high: float | None


class Running(Struct, frozen=True, kw_only=True):
    """A campaign that was watched until some moment and runs still.

    Args:
        members: how many had come by then.
        naive: all whom they had brought, over all of them: too low, most had little time.
        ages: K by age; the last is the most that can be said.
    """

    members: int
    naive: float
    ages: list[Age]


class Measured(Struct, frozen=True, kw_only=True):
    """What one file comes to.

    Args:
        file: its name.
        sha256: of it.
        layout: which columns said what.
        members: how many it has.
        dated: whether its times are dates.
        untimed: members whose time is not known.
        early: members who came before who brought them, which only two clocks can do.
        k: over all members, as if all cascades were over.
        k_of_brought: over members who were brought, without roots; None where there are none.
        top_share: which part of all who were brought the hundredth of the members brought that
            brought most; None where nobody was brought.
        generations: how many members have depth 0, 1, 2, ...
        offspring: how many members brought each number of others: pairs.
        growth: by seconds since the root, which part of all who were brought had come: pairs.
        running: K by age, where it was asked until when members were watched.
        cascades: the largest first.
        bad: how many lines were left out.
        bad_lines: the first of them.
    """

    file: str
    sha256: str
    layout: str
    members: int
    dated: bool
    untimed: int
    early: int
    k: K
    k_of_brought: K | None
    top_share: float | None
    generations: list[int]
    offspring: list[tuple[int, int]]
    growth: list[tuple[float, float]]
    running: Running | None
    cascades: list[Cascade]
    bad: int
    bad_lines: Sequence[BadLine]


class Found(Struct, frozen=True, kw_only=True):
    """What ``measure --json`` prints."""

    files: list[Measured]
    library: str
    report: str | None = None
    table: str | None = None


def measured(
    links: Links, *, file: str, sha256: str, layout: str, until: datetime | float | None
) -> tuple[Measured, npt.NDArray[np.intp]]:
    """What a file comes to, and which tree of its forest each cascade is.

    Args:
        links: what was read of it.
        file: its name.
        sha256: of it.
        layout: how it was read.
        until: until when members were watched, as the file's times are; None where they were
            watched until cascades were over.

    Raises:
        InvalidMessage: the file's times are not such that it can be said who was watched how long.
    """
    forest, found = links.forest, measure(links.forest)
    brought = offspring(forest)
    was_brought = brought[forest.parent >= 0]
    ages = links.times - links.times[forest.root]
    order = np.argsort(-found.size, kind="stable")
    values, times = np.unique(brought, return_counts=True)
    parent = forest.parent[forest.parent >= 0]
    early = links.times[forest.parent >= 0] < links.times[parent]
    return Measured(
        file=file,
        sha256=sha256,
        layout=layout,
        members=len(forest),
        dated=links.dated,
        untimed=int(np.isnan(links.times).sum()),
        early=int(early.sum()),
        k=_k(k_of_offspring(brought)),
        k_of_brought=_k(k_of_offspring(was_brought)) if was_brought.size else None,
        top_share=share_of_top(brought, 0.01) if was_brought.size else None,
        generations=np.bincount(forest.depth).tolist(),
        offspring=list(zip(values.tolist(), times.tolist(), strict=True)),
        growth=_growth(ages[forest.parent >= 0]),
        running=None if until is None else _running(links, until, file),
        cascades=_cascades(links, found, ages, order),
        bad=links.bad,
        bad_lines=links.bad_lines,
    ), order


def _k(found: KFactor) -> K:
    return K(
        value=found.k.value,
        low=found.k.low,
        high=_finite(found.k.high),
        dispersion=_finite(found.dispersion.value),
        members=found.members,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _growth(ages: Floats) -> list[tuple[float, float]]:
    """Which part had come by each of some ages."""
    known = np.sort(np.maximum(ages[np.isfinite(ages)], 0.0))
    if not known.size:
        return []
    at = np.unique(np.linspace(0, known.size - 1, _POINTS).round().astype(np.intp))
    parts = (at + 1) / known.size
    return list(zip(known[at].tolist(), parts.tolist(), strict=True))


def _running(links: Links, until: datetime | float, file: str) -> Running:
    is_date = isinstance(until, datetime)
    if np.isnan(links.times).all():
        raise InvalidMessage(f"{file}: no time in it; --until needs to know when members came")
    if is_date != links.dated:
        kinds = (
            ("numbers", "a number of seconds") if is_date else ("dates", "a date with its zone")
        )
        raise InvalidMessage(f"{file}: its times are {kinds[0]}; give --until as {kinds[1]}")
    end = until.timestamp() if isinstance(until, datetime) else until
    try:
        watched = Watched.until(links.forest, links.times, end)
    except InvalidValue as error:
        raise InvalidMessage(f"{file}: {error.message}") from None
    curve = mean_cumulative(watched)
    steps = np.unique(np.linspace(0, curve.ages.size - 1, _POINTS).round().astype(np.intp))
    ages = []
    for step in steps.tolist() if curve.ages.size else ():
        found: Estimate = curve.at(float(curve.ages[step]))
        ages.append(
            Age(
                seconds=float(curve.ages[step]),
                at_risk=int(curve.at_risk[step]),
                value=found.value,
                low=found.low,
                high=_finite(found.high),
            )
        )
    return Running(
        members=len(watched.spans), naive=len(watched.ages) / len(watched.spans), ages=ages
    )


def _cascades(
    links: Links, found: Measures, ages: Floats, order: npt.NDArray[np.intp]
) -> list[Cascade]:
    half, span = _clock(links.forest, found, ages)
    return [
        Cascade(
            name=links.cascades[int(tree)],
            size=int(found.size[tree]),
            depth=int(found.depth[tree]),
            breadth=int(found.breadth[tree]),
            leaves=int(found.leaves[tree]),
            mean_depth=float(found.mean_depth[tree]),
            virality=_finite(float(found.virality[tree])),
            half=_finite(float(half[tree])),
            span=_finite(float(span[tree])),
        )
        for tree in order.tolist()
    ]


def _clock(forest: Forest, found: Measures, ages: Floats) -> tuple[Floats, Floats]:
    """For each tree, after how many seconds half of its members, and all, had come."""
    by_age = np.lexsort((ages, forest.tree))  # who has no age stands last in their tree
    ends = np.cumsum(found.size)
    middle = ends - found.size + (found.size - 1) // 2
    span = ages[by_age[ends - 1]]
    half = np.where(np.isfinite(span), ages[by_age[middle]], np.nan)
    return half, span
