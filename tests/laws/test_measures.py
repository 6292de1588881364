"""The laws of `viralcommerce.lab.measures`, and networkx beside them."""

from __future__ import annotations

import math
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trees import parents, trees
from viralcommerce.lab import measures as module
from viralcommerce.lab.exchange import to_networkx
from viralcommerce.lab.forest import Forest
from viralcommerce.lab.measures import measure, offspring, subtree_sizes


@pytest.fixture(autouse=True, params=[1, 4, 1 << 14])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many members are looked at together."""
    monkeypatch.setattr(module, "BLOCK", request.param)


@given(parents())
def test_counted(parent: list[int]) -> None:
    forest = Forest(parent)
    found = measure(forest)
    for tree in range(forest.trees):
        depths = forest.depth[forest.tree == tree]
        assert found.generations(tree).tolist() == np.bincount(depths).tolist()
        assert found.size[tree] == found.generations(tree).sum() == len(depths)
        assert found.depth[tree] == depths.max()
        assert found.breadth[tree] == found.generations(tree).max()
        assert found.mean_depth[tree] == pytest.approx(depths.mean())
    brought = offspring(forest)
    assert found.leaves.sum() == (brought == 0).sum()
    assert brought.tolist() == [parent.count(member) for member in range(len(parent))]


@given(trees(least=2))
def test_distance(parent: list[int]) -> None:
    graph = to_networkx(Forest(parent)).to_undirected()
    apart = dict(nx.all_pairs_shortest_path_length(graph))
    found = measure(Forest(parent))
    assert found.distance[0] == sum(apart[a][b] for a, b in combinations(graph, 2))
    assert found.virality[0] == pytest.approx(nx.average_shortest_path_length(graph))


@given(trees(least=2), st.data())
def test_root_blind(parent: list[int], data: st.DataObject) -> None:
    graph = to_networkx(Forest(parent)).to_undirected()
    root = data.draw(st.integers(0, len(parent) - 1))
    edges = {b: a for a, b in nx.bfs_edges(graph, root)}
    other = Forest.from_links(range(len(parent)), [edges.get(each) for each in range(len(parent))])
    assert measure(other).distance[0] == measure(Forest(parent)).distance[0]


@given(parents(least=1))
def test_bounds(parent: list[int]) -> None:
    found = measure(Forest(parent))
    for size, virality in zip(found.size.tolist(), found.virality.tolist(), strict=True):
        if size == 1:
            assert math.isnan(virality)
        else:
            assert 2 * (size - 1) / size - 1e-12 <= virality <= (size + 1) / 3 + 1e-12


@given(parents())
def test_subtree(parent: list[int]) -> None:
    found = subtree_sizes(Forest(parent)).tolist()
    brought = [0] * len(parent)
    for member, up in enumerate(parent):
        if up >= 0:
            brought[up] += found[member]
    assert found == [1 + each for each in brought]
