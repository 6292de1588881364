"""The laws of `viralcommerce.lab.forest`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trees import parents
from viralcommerce.lab import forest as module
from viralcommerce.lab.forest import Forest


@pytest.fixture(autouse=True, params=[1, 4, 1 << 14])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many members are looked at together."""
    monkeypatch.setattr(module, "BLOCK", request.param)


@given(parents())
def test_depth(parent: list[int]) -> None:
    found = Forest(parent).depth.tolist()
    assert found == [0 if up < 0 else found[up] + 1 for up in parent]


@given(parents())
def test_tree(parent: list[int]) -> None:
    forest = Forest(parent)
    tree = forest.tree.tolist()
    roots = [member for member, up in enumerate(parent) if up < 0]
    assert forest.roots.tolist() == roots
    assert [tree[member] for member in roots] == list(range(forest.trees))
    assert all(tree[member] == tree[up] for member, up in enumerate(parent) if up >= 0)
    assert forest.root.tolist() == [roots[each] for each in tree]


@given(parents(least=1), st.lists(st.integers(0, 20), max_size=6))
def test_growth(parent: list[int], portions: list[int]) -> None:
    whole, grown = Forest(parent), Forest()
    at = 0
    for portion in portions:
        early = grown.depth
        before = early.tolist()
        grown.extend(parent[at : at + portion])
        at = min(at + portion, len(parent))
        assert early.tolist() == before  # an array once given out stays as it was
    for up in parent[at:]:
        grown.append(up)
    for name in ("parent", "tree", "depth", "roots", "root"):
        assert np.array_equal(getattr(grown, name), getattr(whole, name)), name
    assert (len(grown), grown.trees) == (len(whole), whole.trees)
