"""A forest of who brought whom, for millions of members: flat arrays of whole numbers.

Members are numbered as they come, so a parent's number is less than its children's and no circle
can be written down. Every array is filled in one pass over blocks that fit the processor's cache:
linear time, no recursion, a chain of a million as well as a star.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.order import NOBODY, Ints, Places, circle, parents_first, renumbered

BLOCK: Final = 1 << 14
"""How many members are looked at together; they and their parents' numbers fit a level-2 cache."""
MOST: Final = 2**31 - 1


class Forest:
    """Trees of who brought whom; members are added at the end and never changed.

    Args:
        parent: for each member the number of who brought it, less than its own, or -1 for a root.
        labels: for each member a name of its own, where they have names.

    Raises:
        InvalidValue: a parent that is not there, that comes later, or that is the member itself;
            labels that are too few, too many or twice the same.

    Laws:
        Depth: a root has depth 0, any other member one more than its parent.
        Tree: a member is in the tree of its parent; trees are numbered as their roots come.
        Growth: adding members in any portions gives the same forest as adding them at once.

    Example:
        >>> forest = Forest([-1, 0, 0, 1, -1])
        >>> forest.depth.tolist(), forest.tree.tolist(), forest.roots.tolist()
        ([0, 1, 1, 2, 0], [0, 0, 0, 0, 1], [0, 4])
    """

    __slots__ = ("_depth", "_labels", "_parent", "_places", "_size", "_tree", "_trees")

    def __init__(
        self, parent: npt.ArrayLike = (), *, labels: Iterable[Hashable] | None = None
    ) -> None:
        self._parent = np.empty(0, np.int32)
        self._tree = np.empty(0, np.int32)
        self._depth = np.empty(0, np.int32)
        self._size = self._trees = 0
        self._labels: list[Hashable] | None = None if labels is None else []
        self._places: dict[Hashable, int] = {}
        self.extend(parent, labels=labels)

    @classmethod
    def from_links(cls, ids: Iterable[Hashable], parents: Iterable[Hashable | None]) -> Forest:
        """A forest from names, in any order: children may stand before their parents.

        Where all parents stand before their children the members keep the order of the input;
        otherwise they are sorted by depth, and within a depth stand as in the input.

        Args:
            ids: the members, each once.
            parents: for each of them who brought it, or None.

        Raises:
            InvalidValue: a member twice, an unknown parent, a member that brought itself, members
                that brought each other in a circle, or not as many parents as ids.

        Example:
            >>> forest = Forest.from_links(["bob", "ann", "cai"], ["ann", None, "bob"])
            >>> forest.labels, forest.parent.tolist()
            (['ann', 'bob', 'cai'], [-1, 0, 1])
        """
        labels = list(ids)
        places = _numbered(labels)
        parent = np.array(
            [NOBODY if one is None else _place(places, one) for one in parents], np.int32
        )
        if len(parent) != len(labels):
            raise InvalidValue(
                f"forest: {len(labels):,} ids and {len(parent):,} parents; give one for each"
            )
        order = parents_first(parent, labels)
        if order is None:
            return cls(parent, labels=labels)
        return cls(renumbered(parent, order), labels=[labels[at] for at in order.tolist()])

    def append(self, parent: int = NOBODY) -> int:
        """Add one member, brought by `parent` or come by itself; its number.

        Raises:
            InvalidValue: there is no such parent, or the members of this forest have labels.
        """
        number = self._size
        if self._labels is not None:
            raise InvalidValue("forest: its members have labels; use extend, which takes them")
        if not NOBODY <= parent < number:
            raise InvalidValue(self._why(number, parent, number + 1))
        if number == len(self._parent):
            self._reserve(number + 1)
        self._parent[number] = parent
        if parent == NOBODY:
            self._tree[number], self._depth[number] = self._trees, 0
            self._trees += 1
        else:
            self._tree[number] = self._tree[parent]
            self._depth[number] = self._depth[parent] + 1
        self._size = number + 1
        return number

    def extend(self, parent: npt.ArrayLike, *, labels: Iterable[Hashable] | None = None) -> None:
        """Add members; all of them, or none where one cannot be.

        Args:
            parent: their parents' numbers, or -1; they may be among the members added here.
            labels: their names, if the members of this forest have names.

        Raises:
            InvalidValue: as for a new forest.
        """
        given = _whole_numbers(parent)
        first, last = self._size, self._size + len(given)
        named = self._named(labels, len(given))
        self._reserve(last)
        trees = self._trees
        for start in range(first, last, BLOCK):
            stop = min(start + BLOCK, last)
            block = given[start - first : stop - first].astype(np.intp)
            wrong = np.flatnonzero((block < NOBODY) | (block >= np.arange(start, stop)))
            if wrong.size:
                at = int(wrong[0])
                self._refuse(start + at, int(block[at]), last, given)
            self._parent[start:stop] = block
            trees = self._settle(block, start, stop, trees)
        if self._labels is not None:
            self._places.update(zip(named, range(first, last), strict=True))
            self._labels.extend(named)
        self._size, self._trees = last, trees

    def _settle(self, up: Places, start: int, stop: int, trees: int) -> int:
        """Trees and depths of one block whose earlier ones are settled; how many trees then.

        Members whose parent is in the block too jump to their grandparents, then twice as far,
        until all look at earlier blocks or at a root.
        """
        tree, depth = self._tree[start:stop], self._depth[start:stop]
        depth[:] = up >= 0
        roots = np.flatnonzero(up < 0)
        tree[roots] = np.arange(trees, trees + roots.size, dtype=np.int32)
        inside = np.flatnonzero(up >= start)
        while inside.size:
            above = up[inside] - start
            depth[inside] += depth[above]
            tree[inside] = tree[above]
            further = up[above]
            up[inside] = further
            inside = inside[further >= start]
        outside = np.flatnonzero(up >= 0)
        above = up[outside]
        depth[outside] += self._depth[above]
        tree[outside] = self._tree[above]
        return trees + roots.size

    def _reserve(self, size: int) -> None:
        """Make room; the arrays that were given out stay as they are."""
        if size > MOST:
            raise InvalidValue(f"forest: {size:,} members; at most {MOST:,} fit")
        if size <= len(self._parent):
            return
        room = min(max(size, self._size + self._size // 2 + 16 if self._size else size), MOST)
        for name in ("_parent", "_tree", "_depth"):
            wider = np.empty(room, np.int32)
            wider[: self._size] = getattr(self, name)[: self._size]
            setattr(self, name, wider)

    def _named(self, labels: Iterable[Hashable] | None, count: int) -> list[Hashable]:
        if (labels is None) != (self._labels is None):
            if not count and labels is None:
                return []
            said = "have labels; give them" if labels is None else "have no labels; leave them out"
            raise InvalidValue(f"forest: its members {said}")
        named = [] if labels is None else list(labels)
        if labels is not None and len(named) != count:
            raise InvalidValue(
                f"forest: {count:,} members and {len(named):,} labels; give one for each"
            )
        fresh: set[Hashable] = set()
        for one in named:
            if one in self._places or one in fresh:
                raise InvalidValue(f"forest: {one!r} is there twice; a member is brought once")
            fresh.add(one)
        return named

    def _refuse(self, number: int, parent: int, last: int, given: npt.NDArray[np.integer]) -> None:
        if number < parent < last:
            ahead = np.full(last, NOBODY, np.intp)
            ahead[: self._size] = self._parent[: self._size]
            ahead[self._size :] = given
            if found := circle(ahead, number):
                raise InvalidValue(
                    f"forest: members {', '.join(map(str, found))} brought each other in a "
                    "circle; a member is brought by one who was there before",
                    circle=found,
                )
        raise InvalidValue(self._why(number, parent, last), member=number, parent=parent)

    @staticmethod
    def _why(number: int, parent: int, last: int) -> str:
        if parent == number:
            return f"forest: member {number} is its own parent; a root's parent is {NOBODY}"
        if number < parent < last:
            return (
                f"forest: member {number} comes before its parent {parent}; number parents first, "
                "or give names to Forest.from_links, which sorts them"
            )
        before = f"none of 0 to {number - 1}" if number else "nobody, for it is the first"
        return (
            f"forest: member {number} has the parent {parent}, which is {before}; "
            f"a root's parent is {NOBODY}"
        )

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"Forest({self._size:,} members in {self._trees:,} trees)"

    @property
    def trees(self) -> int:
        """How many trees there are."""
        return self._trees

    @property
    def parent(self) -> Ints:
        """For each member the number of who brought it; -1 for a root."""
        return _read_only(self._parent[: self._size])

    @property
    def tree(self) -> Ints:
        """For each member the number of its tree, from 0, as the roots came."""
        return _read_only(self._tree[: self._size])

    @property
    def depth(self) -> Ints:
        """For each member how many links it is below its root, which has 0."""
        return _read_only(self._depth[: self._size])

    @property
    def roots(self) -> Places:
        """For each tree the number of its root."""
        return np.flatnonzero(self._parent[: self._size] < 0)

    @property
    def root(self) -> Ints:
        """For each member the number of its tree's root."""
        return self.roots.astype(np.int32)[self.tree]

    @property
    def labels(self) -> Sequence[Hashable]:
        """For each member its name; where they have none, its number."""
        return range(self._size) if self._labels is None else list(self._labels)

    def number(self, label: Hashable) -> int:
        """The number of the member of that name.

        Raises:
            InvalidValue: nobody here has that name.
        """
        if self._labels is None:
            raise InvalidValue("forest: its members have no labels; use their numbers")
        return _place(self._places, label)

    def upline(self, number: int) -> Iterator[int]:
        """Who brought that member, who brought that one, and so on up to the root."""
        if not 0 <= number < self._size:
            raise InvalidValue(f"forest: no member {number}; choose 0 to {self._size - 1}")
        above = int(self._parent[number])
        while above != NOBODY:
            yield above
            above = int(self._parent[above])

    def only(self, tree: int) -> Forest:
        """One tree as a forest of its own, with its members' labels (or numbers here) as labels.

        Raises:
            InvalidValue: there is no such tree.
        """
        if not 0 <= tree < self._trees:
            raise InvalidValue(f"forest: no tree {tree}; choose 0 to {self._trees - 1}")
        chosen = np.flatnonzero(self.tree == tree)
        above = np.searchsorted(chosen, self.parent[chosen]).astype(np.int32)
        above[0] = NOBODY
        labels = self.labels
        return Forest(above, labels=[labels[at] for at in chosen.tolist()])


def _numbered(labels: Sequence[Hashable]) -> dict[Hashable, int]:
    places = {label: at for at, label in enumerate(labels)}
    if len(places) != len(labels):
        seen: set[Hashable] = set()
        for one in labels:
            if one in seen:
                raise InvalidValue(f"forest: {one!r} is there twice; a member is brought once")
            seen.add(one)
    return places


def _place(places: dict[Hashable, int], label: Hashable) -> int:
    found = places.get(label)
    if found is None:
        raise InvalidValue(f"forest: nobody is called {label!r}; check the names")
    return found


def _whole_numbers(given: npt.ArrayLike) -> npt.NDArray[np.integer]:
    array = np.asarray(given)
    if array.ndim != 1:
        raise InvalidValue(f"forest: parents in {array.ndim} dimensions; give one row of them")
    if not array.size:
        return np.empty(0, np.int32)
    if array.dtype.kind not in "iu":
        raise InvalidValue(f"forest: parents of type {array.dtype}; give whole numbers")
    if array.dtype.kind == "u" and array.max() > MOST:
        raise InvalidValue(f"forest: a parent's number is {array.max():,}; at most {MOST:,}")
    return array


def _read_only(array: Ints) -> Ints:
    view = array.view()
    view.flags.writeable = False
    return view
