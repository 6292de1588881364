"""The order in which members come, parents first; and the circles that have none."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from viralcommerce.errors import InvalidValue

Ints = npt.NDArray[np.int32]
"""One whole number for each member, or for each tree."""
Places = npt.NDArray[np.intp]
"""Numbers of members or trees, to index arrays with."""

NOBODY: Final = -1
"""The parent of who came by themselves."""

_NAMED: Final = 8


def parents_first(parent: npt.NDArray[np.integer], labels: Sequence[Hashable]) -> Places | None:
    """In which order to take members so that parents come first; None where they do already.

    Args:
        parent: for each the place of its parent in any order, or -1.
        labels: names to say where something is wrong.

    Raises:
        InvalidValue: a member that brought itself, or a circle.
    """
    up = parent.astype(np.intp)
    here = np.arange(len(up))
    if (up < here).all():
        return None
    own = np.flatnonzero(up == here)
    if own.size:
        raise InvalidValue(
            f"forest: {labels[int(own[0])]!r} brought themselves; a root has no parent"
        )
    depth = (up >= 0).astype(np.int32)
    inside = np.flatnonzero(up >= 0)
    for _ in range(len(up).bit_length() + 1):
        if not inside.size:
            return np.argsort(depth, kind="stable")
        above = up[inside]
        depth[inside] += depth[above]
        further = up[above]
        up[inside] = further
        inside = inside[further >= 0]
    found = circle(parent.astype(np.intp), int(inside[0]))
    names = ", ".join(repr(labels[at]) for at in found)
    raise InvalidValue(
        f"forest: {names} brought each other in a circle; one of them came otherwise",
        circle=[labels[at] for at in found],
    )


def renumbered(parent: npt.NDArray[np.integer], order: Places) -> Ints:
    """Parents by their new numbers, where these members are taken, in that order.

    Args:
        parent: of all members, by their old numbers.
        order: the members who are taken; who brought one of them is among them.
    """
    new = np.full(len(parent) + 1, NOBODY, np.int32)  # the last is for roots, whose parent is -1
    new[order] = np.arange(len(order), dtype=np.int32)
    found: Ints = new[parent[order]]
    return found


def astray(parent: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Who does not come to a root by following parents: for a circle, or a parent unknown.

    Args:
        parent: for each the place of its parent in any order, -1 for a root, below that where the
            parent is unknown.
    """
    up = parent.astype(np.intp)
    inside = np.flatnonzero(up >= 0)
    for _ in range(len(up).bit_length() + 1):
        further = up[up[inside]]
        up[inside] = further
        inside = inside[further >= 0]
    lost: npt.NDArray[np.bool_] = up != NOBODY
    return lost


def circle(parent: npt.NDArray[np.intp], start: int) -> list[int]:
    """Members on the circle that following parents from `start` runs into, the first few.

    Args:
        parent: for each its parent's place, or -1; places outside end the walk.
        start: where to set out.

    Returns:
        At most eight of them, in the order of the walk; none where it comes to a root.
    """
    seen: set[int] = set()
    at = start
    while 0 <= at < len(parent) and at not in seen:
        seen.add(at)
        at = int(parent[at])
    if at not in seen:
        return []
    found = [at]
    above = int(parent[at])
    while above != at and len(found) < _NAMED:
        found.append(above)
        above = int(parent[above])
    return found
