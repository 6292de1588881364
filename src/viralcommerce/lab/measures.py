"""What share trees look like: how large, how deep, how wide, and how far from person to person.

Arrays in, arrays out, in linear time and without recursion. `measure` takes a forest apart tree by
tree; `subtree_sizes` and `offspring` say it member by member.

*Depth* counts links from the root, which has 0. A *generation* is all members of one depth; the
*breadth* of a tree is its largest generation. *Structural virality* is the mean distance between
two members of a tree, links counted in either direction (Goel, Anderson, Hofman and Watts 2016,
doi:10.1287/mnsc.2015.2158): near 2 where one member brought everybody, large where every member
brought a few. It does not know which member is the root, so read depth and breadth beside it, and
it is not a number where there is no pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.forest import BLOCK, Forest
from viralcommerce.lab.order import Ints, Places

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Number = TypeVar("Number", bound=np.number)

_EXACT_BELOW: Final = 3_800_000
"""Trees up to this size have a total distance below 2**63, whatever their shape."""
_ONES: Final = np.ones(BLOCK, np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """One number for each tree of a forest, in the order of their roots.

    Args:
        size: how many members it has.
        depth: how many links its last generation is below its root.
        breadth: how many members its largest generation has.
        leaves: how many of its members have brought nobody.
        mean_depth: of all its members.
        distance: over all pairs of its members, the sum of the links between them; exact up to
            3.8 million members a tree.
        virality: the mean of these distances; not a number (NaN) where there is one member only.
        starts: where each tree's generations begin in `breadths`; one more than there are trees.
        breadths: the sizes of the generations, tree after tree.

    Laws:
        Counted: every member is in one generation of one tree.
        Distance: the mean distance is that over all pairs, found one by one.
        Root blind: another member of the same tree as its root leaves the virality as it is.
        Bounds: no tree of n members has less virality than a star, 2(n-1)/n, or more than a
            chain, (n+1)/3.
    """

    size: Longs
    depth: Longs
    breadth: Longs
    leaves: Longs
    mean_depth: Floats
    distance: Longs | Floats
    virality: Floats
    starts: Places
    breadths: Ints

    def __len__(self) -> int:
        return len(self.size)

    def generations(self, tree: int) -> Ints:
        """How many members of that tree have depth 0, 1, 2, ...

        Raises:
            InvalidValue: there is no such tree.
        """
        if not 0 <= tree < len(self):
            raise InvalidValue(f"measures: no tree {tree}; choose 0 to {len(self) - 1}")
        return self.breadths[self.starts[tree] : self.starts[tree + 1]]

    def growth(self, tree: int) -> Floats:
        """How many times as large as the generation before it each generation of that tree is."""
        sizes = self.generations(tree)
        return sizes[1:] / sizes[:-1]


def measure(forest: Forest) -> Measures:
    """Take a forest apart tree by tree.

    Example:
        >>> found = measure(Forest([-1, 0, 0, 0, 1, 1, 2, 4, 4, 4, 7, 10]))
        >>> found.size.tolist(), found.depth.tolist(), found.breadth.tolist()
        ([12], [5], [3])
        >>> found.generations(0).tolist(), round(found.virality[0], 3)
        ([1, 3, 3, 3, 1, 1], np.float64(3.045))
    """
    trees, sizes = forest.trees, subtree_sizes(forest)
    size = sizes[forest.roots].astype(np.int64)
    depth = np.zeros(trees, np.int32)
    leaves = np.zeros(trees, np.int32)
    depths = np.zeros(trees, np.int64)
    exact = not trees or int(size.max()) <= _EXACT_BELOW
    distance: Longs | Floats
    distance = np.zeros(trees, np.int64) if exact else np.zeros(trees, np.float64)
    for start in range(0, len(forest), BLOCK):
        block = slice(start, start + BLOCK)
        tree = forest.tree[block].astype(np.intp)
        below, deep = sizes[block].astype(np.int64), forest.depth[block]
        np.maximum.at(depth, tree, deep)
        np.add.at(depths, tree, deep.astype(np.int64))
        np.add.at(leaves, tree, (below == 1).astype(np.int32))
        across = below * (size[tree] - below)
        np.add.at(distance, tree, across if exact else across.astype(np.float64))
    starts = np.zeros(trees + 1, np.intp)
    np.cumsum(depth + 1, out=starts[1:])
    breadths = _breadths(forest, starts)
    members = size.astype(np.float64)
    with np.errstate(invalid="ignore"):
        virality = 2.0 * distance / (members * (members - 1.0))
    return Measures(
        size=size,
        depth=depth.astype(np.int64),
        breadth=np.maximum.reduceat(breadths, starts[:-1]).astype(np.int64)
        if trees
        else np.zeros(0, np.int64),
        leaves=leaves.astype(np.int64),
        mean_depth=depths / members,
        distance=distance,
        virality=virality,
        starts=starts,
        breadths=breadths,
    )


def _breadths(forest: Forest, starts: Places) -> Ints:
    found = np.zeros(int(starts[-1]), np.int32)
    for start in range(0, len(forest), BLOCK):
        block = slice(start, start + BLOCK)
        at = starts[forest.tree[block]] + forest.depth[block]
        np.add.at(found, at, _ONES[: at.size])
    return found


def subtree_sizes(forest: Forest) -> Ints:
    """For each member how many it has brought, directly or not, itself included.

    Laws:
        Subtree: a member's number is one more than the sum of those that it brought itself.

    Example:
        >>> subtree_sizes(Forest([-1, 0, 0, 1, 1, 2, 5, 5, 0])).tolist()
        [9, 3, 4, 1, 1, 3, 1, 1, 1]
    """
    return subtree_sums(forest, np.ones(len(forest), np.int32))


def subtree_sums(forest: Forest, values: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """For each member the sum of a number over all that it has brought, itself included.

    Args:
        forest: of the members.
        values: one number for each, such as what it spent in minor units; the sums have the same
            type, so give one that holds them.

    Raises:
        InvalidValue: not one number for each member.

    Example:
        >>> subtree_sums(Forest([-1, 0, 0, 1]), np.array([0, 500, 90, 7])).tolist()
        [597, 507, 90, 7]
    """
    if len(values) != len(forest):
        raise InvalidValue(f"sums: {len(values):,} values for {len(forest):,} members")
    sums, parent = values.copy(), forest.parent
    for start in range((len(forest) - 1) // BLOCK * BLOCK, -1, -BLOCK):
        up = parent[start : start + BLOCK].astype(np.intp)
        within = sums[start : start + BLOCK]
        outside = np.flatnonzero((up >= 0) & (up < start))
        above = up[outside]
        up -= start
        inside = np.flatnonzero(up >= 0)
        while inside.size:  # each hands on to who is twice as far above, as far as the block goes
            to = up[inside]
            np.add.at(within, to, within[inside])
            further = up[to]
            up[inside] = further
            inside = inside[further >= 0]
        np.add.at(sums, above, within[outside])
    return sums


def offspring(forest: Forest) -> Ints:
    """For each member how many it brought itself.

    Example:
        >>> offspring(Forest([-1, 0, 0, 1])).tolist()
        [2, 1, 0, 0]
    """
    found, parent = np.zeros(len(forest), np.int32), forest.parent
    for start in range(0, len(forest), BLOCK):
        up = parent[start : start + BLOCK]
        up = up[up >= 0].astype(np.intp)
        np.add.at(found, up, _ONES[: up.size])
    return found


def dispersion_index(counts: npt.ArrayLike) -> float:
    """The variance of counts over their mean: 1 if all members are alike, more if some bring most.

    Args:
        counts: how many each member brought, as `offspring` says.

    Raises:
        InvalidValue: fewer than two members, or nobody brought anybody.

    Example:
        >>> dispersion_index([0, 0, 0, 4]), dispersion_index([1, 1, 1, 1])
        (4.0, 0.0)
    """
    given = np.asarray(counts, np.float64)
    if given.size < 2 or not given.sum():
        raise InvalidValue(
            f"dispersion: {given.size} members who brought {int(given.sum())}; "
            "it needs two members and one who was brought"
        )
    return float(given.var(ddof=1) / given.mean())


def share_of_top(counts: npt.ArrayLike, top: float) -> float:
    """What part of all who were brought, that part of the members brought who brought most.

    Args:
        counts: how many each member brought.
        top: the part of the members, above 0 and at most 1; at least one member is meant.

    Raises:
        InvalidValue: nobody brought anybody, or a part that is none.

    Example:
        >>> share_of_top([0, 1, 0, 7, 0, 0, 2, 0, 0, 0], top=0.1)
        0.7
    """
    given = np.sort(np.asarray(counts, np.float64))[::-1]
    if not 0 < top <= 1:
        raise InvalidValue(f"share of top: {top} is no part; give one above 0 and at most 1")
    if not given.sum():
        raise InvalidValue("share of top: nobody brought anybody")
    return float(given[: max(1, round(top * given.size))].sum() / given.sum())
