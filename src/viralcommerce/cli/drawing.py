"""Share trees drawn as circles around their root, one ring a generation, as parts of an SVG."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from viralcommerce.cli.charts import MAIN, WARM
from viralcommerce.lab.forest import Forest
from viralcommerce.lab.measures import offspring, subtree_sizes, subtree_sums

Floats = npt.NDArray[np.float64]

MOST: Final = 1_200
"""How many members a drawing shows at most: those who brought most, directly or not."""
_TURN: Final = 2 * math.pi


class Ring(Struct, frozen=True):
    """One generation: its color, its links to the one before, and its members, as SVG paths."""

    color: str
    links: str
    dots: str


class Drawing(Struct, frozen=True, kw_only=True):
    """A tree, drawn in circles around its root.

    Args:
        name: of the cascade.
        what: why it is shown: the largest, the deepest.
        about: its measures, in words.
        rings: the last generation first, so that earlier ones lie on top.
        box: the part of the plane that it takes, as an SVG's view box.
        dot: how wide a member is.
        root: how wide the root is.
        line: how wide a link is.
        left_out: how many members are not drawn.
    """

    name: str
    what: str
    about: str
    rings: list[Ring]
    box: str
    dot: float
    root: float
    line: float
    left_out: int


def drawn(tree: Forest, *, name: str, what: str, about: str) -> Drawing:
    """Draw a forest of one tree.

    Args:
        tree: its members, parents first.
        name, what, about: as in `Drawing`.
    """
    shown, left_out = _pruned(tree)
    angles, radii = _placed(shown)
    x, y = radii * np.cos(angles), radii * np.sin(angles)
    deepest = int(shown.depth.max())
    rings = []
    for depth in range(deepest, -1, -1):
        members = np.flatnonzero(shown.depth == depth).tolist()
        dots = "".join(f"M{x[at]:.1f} {y[at]:.1f}h0" for at in members)
        links = ""
        if depth:
            parents = shown.parent
            links = "".join(_link(int(parents[at]), at, angles, radii) for at in members)
        rings.append(Ring(_color(depth, deepest), links, dots))
    middle_x, middle_y = (x.min() + x.max()) / 2, (y.min() + y.max()) / 2
    half = max(float(np.ptp(x)), float(np.ptp(y)), 1.0) / 2 * 1.08
    dot = half * min(0.09, max(0.018, 0.44 / math.sqrt(len(shown))))
    return Drawing(
        name=name,
        what=what,
        about=about,
        rings=rings,
        box=f"{middle_x - half:.1f} {middle_y - half:.1f} {2 * half:.1f} {2 * half:.1f}",
        dot=round(dot, 2),
        root=round(max(1.7 * dot, 0.06 * half), 2),
        line=round(min(0.014 * half, max(0.003 * half, dot / 5)), 2),
        left_out=left_out,
    )


def _pruned(tree: Forest) -> tuple[Forest, int]:
    """The tree with the members who brought most; each stands with all who brought them."""
    if len(tree) <= MOST:
        return Forest(tree.parent), 0
    keep = np.sort(np.argsort(-subtree_sizes(tree), kind="stable")[:MOST])
    above = np.searchsorted(keep, tree.parent[keep]).astype(np.int32)
    above[0] = -1
    return Forest(above), len(tree) - MOST


def _placed(tree: Forest) -> tuple[Floats, Floats]:
    """Angles and radii: every member who brought nobody has an equal part of the circle, and who
    brought others stands in the middle of them.
    """
    leaves = subtree_sums(tree, (offspring(tree) == 0).astype(np.int32)).tolist()
    parents = tree.parent.tolist()
    begins = [0.0] * len(tree)
    used = [0.0] * len(tree)
    for at, above in enumerate(parents):
        if above >= 0:
            begins[at] = begins[above] + used[above]
            used[above] += leaves[at]
    middle = np.array(begins) + np.array(leaves) / 2
    steps = np.bincount(tree.depth)[1:] ** (1 / 3)  # a ring with many has more room before it
    radii = np.concatenate([[0.0], np.cumsum(steps)])
    return middle / leaves[0] * _TURN - math.pi / 2, radii[tree.depth] / max(radii[-1], 1.0) * 100


def _link(above: int, at: int, angles: Floats, radii: Floats) -> str:
    """A curve that leaves the parent along its own ray and comes in along the child's."""
    start, end, half = radii[above], radii[at], (radii[above] + radii[at]) / 2
    if not start:
        return f"M0 0L{_point(end, angles[at])}"
    bends = f"{_point(half, angles[above])} {_point(half, angles[at])}"
    return f"M{_point(start, angles[above])}C{bends} {_point(end, angles[at])}"


def _point(radius: float, angle: float) -> str:
    return f"{radius * math.cos(angle):.1f} {radius * math.sin(angle):.1f}"


def _color(depth: int, deepest: int) -> str:
    """From the page's main color at the root to its warm one at the last generation."""
    part = depth / deepest if deepest else 0.0
    ends = zip(_rgb(MAIN), _rgb(WARM), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in ends)


def _rgb(color: str) -> tuple[int, ...]:
    return tuple(int(color[at : at + 2], 16) for at in (1, 3, 5))
