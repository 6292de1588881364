"""Measures of many trees at once, and of people who bring unlike many."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from viralcommerce.errors import InvalidValue
from viralcommerce.lab import measures
from viralcommerce.lab.forest import Forest
from viralcommerce.lab.measures import dispersion_index, measure, share_of_top


def test_one_deep_tree_among_many_single_members_takes_no_room_for_all() -> None:
    """Generations are kept tree after tree, never as trees times depth."""
    size = 60_000
    parent = np.concatenate([np.arange(-1, size - 1), np.full(size, -1)])
    found = measure(Forest(parent))
    assert len(found.breadths) == 2 * size
    assert found.depth[:2].tolist() == [size - 1, 0]
    assert np.isnan(found.virality[1:]).all()


def test_a_tree_too_large_for_whole_numbers_is_measured_in_floats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forest = Forest(np.arange(-1, 99_999))
    exact = measure(forest)
    monkeypatch.setattr(measures, "_EXACT_BELOW", 1)
    inexact = measure(forest)
    assert inexact.distance.dtype == np.float64
    assert inexact.virality[0] == pytest.approx(exact.virality[0], rel=1e-12)


def test_the_greatest_exact_sum_fits() -> None:
    largest = measures._EXACT_BELOW
    assert largest * (largest**2 - 1) // 6 < 2**63


def test_measuring_takes_little_more_room_than_the_arrays() -> None:
    size = 300_000
    draw = np.random.default_rng(1)
    parent = (draw.random(size) * np.arange(size)).astype(np.int32)
    parent[0] = -1
    tracemalloc.start()
    measure(Forest(parent))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 2 * 4 * parent.nbytes  # parent, tree, depth and subtree sizes


def test_dispersion_tells_many_alike_from_a_few_who_bring_all() -> None:
    assert dispersion_index([1] * 10) == 0
    assert dispersion_index([10] + [0] * 9) == pytest.approx(10)
    assert share_of_top([10] + [0] * 9, top=0.1) == 1
    assert share_of_top([1] * 10, top=0.2) == pytest.approx(0.2)
    for call in (
        lambda: dispersion_index([3]),
        lambda: dispersion_index([0, 0]),
        lambda: share_of_top([0, 0], top=0.5),
        lambda: share_of_top([1, 1], top=0),
        lambda: measure(Forest([-1])).generations(1),
    ):
        with pytest.raises(InvalidValue):
            call()
