"""Placing and measuring a million members: ours, whole-array NumPy, igraph and networkx.

The work is the same for all: from an array of parents (the graph libraries: a list of links, made
before the clock starts) to size, depth, breadth and structural virality of every cascade; all must
come to the same numbers. The floor is NumPy over whole arrays: depths by pointer jumping, sizes
generation by generation.

Peers take turns in one run; the best turn of each counts (networkx has one), and only ratios mean
anything. Memory is what NumPy and Python allocate at the peak, over the arrays that a forest and
its subtree sizes are.

Run it alone: ``python benchmarks/cascades.py``. Without igraph or networkx it says so.
"""

from __future__ import annotations

import importlib.util
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from viralcommerce.lab.forest import Forest
from viralcommerce.lab.measures import measure

MEMBERS = 1_000_000
TURNS = 7
MOST_OF_FLOOR, MOST_MEMORY = 1.5, 2.0
LEAST_IGRAPH, LEAST_NETWORKX = 4.0, 60.0

Parents = npt.NDArray[np.int32]
Answer = tuple[int, int, int, int, float]
"""How many cascades and members, the deepest, the widest, and the sum of all viralities."""


def tree(members: int) -> Parents:
    """One random recursive tree: everybody is brought by anybody who was there."""
    draw = np.random.default_rng(1)
    parent = np.empty(members, np.int32)
    parent[0] = -1
    parent[1:] = (draw.random(members - 1) * np.arange(1, members)).astype(np.int32)
    return parent


def forest(members: int) -> Parents:
    """Cascades of Pareto(1.2) size, in turns; 7 of 10 members are brought by the root itself."""
    draw = np.random.default_rng(2)
    sizes: list[int] = []
    left = members
    while left > 0:
        sizes.append(min(left, int(1 + draw.pareto(1.2) * 2), members // 5))
        left -= sizes[-1]
    of = np.repeat(np.arange(len(sizes)), sizes)
    draw.shuffle(of)
    parent = np.full(members, -1, np.int32)
    there: dict[int, list[int]] = {}
    by_root, which = draw.random(members), draw.random(members)
    for member, cascade in enumerate(of.tolist()):
        before = there.setdefault(cascade, [])
        if before:
            chosen = int(which[member] * len(before)) if by_root[member] >= 0.7 else 0
            parent[member] = before[chosen]
        before.append(member)
    return parent


def links(parent: Parents) -> list[tuple[int, int]]:
    """Who brought whom, as graph libraries take it."""
    children = np.flatnonzero(parent >= 0)
    return list(zip(parent[children].tolist(), children.tolist(), strict=True))


def ours(parent: Parents, _: object) -> Answer:
    found = measure(Forest(parent))
    return answer(found.size, found.depth, found.breadth, np.nan_to_num(found.virality))


def floor(parent: Parents, _: object) -> Answer:
    members = len(parent)
    is_root = parent < 0
    above = np.where(is_root, np.arange(members, dtype=np.int32), parent)
    depth = (~is_root).astype(np.int32)
    while True:
        further = above[above]
        if np.array_equal(further, above):
            break
        depth += depth[above]
        above = further
    return rest(depth, levels(depth, parent), above, is_root)


def levels(depth: npt.NDArray[np.int32], parent: Parents) -> npt.NDArray[np.int64]:
    """Subtree sizes, generation by generation from the last."""
    order = np.argsort(depth.astype(np.int16), kind="stable")
    ends = np.cumsum(np.bincount(depth))
    sizes = np.ones(len(depth), np.int64)
    for level in range(len(ends) - 1, 0, -1):
        members = order[ends[level - 1] : ends[level]]
        np.add.at(sizes, parent[members], sizes[members])
    return sizes


def rest(depth: Any, sizes: Any, root: Any, is_root: Any) -> Answer:
    """Size, depth, breadth and virality of every cascade, from each member's depth and subtree."""
    roots = np.flatnonzero(is_root)
    rank = np.empty(len(depth), np.int32)
    rank[roots] = np.arange(len(roots), dtype=np.int32)
    of, size, width = rank[root], sizes[roots], int(depth.max()) + 1
    counts = np.bincount(of * np.int64(width) + depth, minlength=len(roots) * width)
    table = counts.reshape(len(roots), width)
    deepest = width - 1 - np.argmax(table[:, ::-1] > 0, axis=1)
    members = size.astype(float)
    apart = np.bincount(of, weights=sizes * (members[of] - sizes), minlength=len(roots))
    with np.errstate(all="ignore"):
        virality = np.where(size > 1, 2 * apart / (members * (members - 1)), 0.0)
    return answer(size, deepest, table.max(1), virality)


def igraph(parent: Parents, edges: list[tuple[int, int]]) -> Answer:
    import igraph as ig

    members = len(parent)
    crown = [(members, root) for root in np.flatnonzero(parent < 0).tolist()]
    graph = ig.Graph(n=members + 1, edges=edges + crown, directed=True)
    order, starts, above = (np.array(each) for each in graph.bfs(members, mode="out"))
    depth = np.empty(members + 1, np.int64)
    root = np.arange(members + 1)
    sizes = np.ones(members + 1, np.int64)
    for level in range(len(starts) - 1):
        depth[order[starts[level] : starts[level + 1]]] = level - 1
    for level in range(2, len(starts) - 1):
        layer = order[starts[level] : starts[level + 1]]
        root[layer] = root[above[layer]]
    for level in range(len(starts) - 2, 0, -1):
        layer = order[starts[level] : starts[level + 1]]
        np.add.at(sizes, above[layer], sizes[layer])
    return rest(depth[:members], sizes[:members], root[:members], parent < 0)


def networkx(parent: Parents, edges: list[tuple[int, int]]) -> Answer:
    import networkx as nx

    members = len(parent)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(members))
    graph.add_edges_from(edges)
    depth, root, sizes = [0] * members, list(range(members)), [1] * members
    order = list(nx.topological_sort(graph))
    for member in order:
        for child in graph.successors(member):
            depth[child], root[child] = depth[member] + 1, root[member]
    for member in reversed(order):
        for up in graph.predecessors(member):
            sizes[up] += sizes[member]
    return rest(np.array(depth), np.array(sizes), np.array(root), parent < 0)


def answer(size: Any, depth: Any, breadth: Any, virality: Any) -> Answer:
    deepest, widest = int(depth.max()), int(breadth.max())
    return len(size), int(size.sum()), deepest, widest, round(float(virality.sum()), 4)


PEERS: dict[str, Callable[[Parents, list[tuple[int, int]]], Answer]] = {
    "ours": ours,
    "NumPy floor": floor,
    "igraph": igraph,
    "networkx": networkx,
}


def times(parent: Parents, turns: int) -> dict[str, float]:
    """Seconds of the best turn, by peer; those that are not installed are left out."""
    there = [
        name
        for name in PEERS
        if name in {"ours", "NumPy floor"} or importlib.util.find_spec(name) is not None
    ]
    best: dict[str, float] = dict.fromkeys(there, float("inf"))
    answers, edges = set(), links(parent)
    for turn in range(turns):
        for name in there:
            if turn and name == "networkx":
                continue
            begun = time.perf_counter()
            answers.add(PEERS[name](parent, edges))
            best[name] = min(best[name], time.perf_counter() - begun)
    assert len(answers) == 1, answers
    return best


def memory(parent: Parents) -> float:
    """What ours allocates at the peak, over parent, tree, depth and subtree sizes."""
    tracemalloc.start()
    ours(parent, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / (4 * parent.nbytes)


def misses(best: dict[str, float], room: float) -> list[str]:
    """Which bounds do not hold."""
    found = []
    if best["ours"] > MOST_OF_FLOOR * best["NumPy floor"]:
        found.append(f"more than {MOST_OF_FLOOR} of the floor")
    for name, least in (("igraph", LEAST_IGRAPH), ("networkx", LEAST_NETWORKX)):
        if name in best and best[name] < least * best["ours"]:
            found.append(f"less than {least:.0f} times as fast as {name}")
    if room > MOST_MEMORY:
        found.append(f"more than {MOST_MEMORY:.0f} times the arrays")
    return found


def test_measures_keep_to_their_bounds() -> None:
    for make in (tree, forest):
        parent = make(MEMBERS // 5)
        assert misses(times(parent, 3), memory(parent)) == []


def main() -> int:
    wrong = []
    for make in (tree, forest):
        parent = make(MEMBERS)
        best, room = times(parent, TURNS), memory(parent)
        print(f"{make.__name__}: {MEMBERS:,} members, {int((parent < 0).sum()):,} cascades")
        for name in PEERS:
            if name not in best:
                print(f"  {name:12} is not installed; left out")
                continue
            ratio = best[name] / best["ours"]
            print(f"  {name:12} {best[name] * 1e3:8.1f} ms  {ratio:7.2f} x ours")
        print(f"  memory of ours at the peak: {room:.2f} x the arrays")
        wrong += [f"{make.__name__}: {each}" for each in misses(best, room)]
    chain = np.arange(-1, MEMBERS - 1, dtype=np.int32)
    begun = time.perf_counter()
    ours(chain, None)
    print(f"chain of {MEMBERS:,}: ours {(time.perf_counter() - begun) * 1e3:.1f} ms")
    for each in wrong:
        print(f"NO: {each}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
