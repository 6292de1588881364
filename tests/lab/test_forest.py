"""Forests: what cannot be one (EC-58: a circle cannot), names, and a chain of a million."""

from __future__ import annotations

import random

import numpy as np
import pytest

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.forest import Forest
from viralcommerce.lab.measures import measure, subtree_sizes, subtree_sums

CANNOT_BE = {
    "self-loop": ([-1, 1], "member 1 is its own parent; a root's parent is -1"),
    "first": ([0], "member 0 is its own parent"),
    "too far": ([-1, 5], "member 1 has the parent 5, which is none of 0 to 0"),
    "below": ([-1, -2], "member 1 has the parent -2, which is none of 0 to 0"),
    "before all": ([-7], "member 0 has the parent -7, which is nobody, for it is the first"),
    "circle of two": ([-1, 2, 1], "members 1, 2 brought each other in a circle"),
    "circle ahead": ([-1, 2, 3, 1], "members 1, 2, 3 brought each other in a circle"),
    "children first": ([1, -1], "member 0 comes before its parent 1; number parents first"),
    "floats": ([-1.0, 0.0], "parents of type float64; give whole numbers"),
    "bools": ([True], "parents of type bool"),
    "text": (["a"], "give whole numbers"),
    "table": ([[-1, 0]], "parents in 2 dimensions"),
    "huge": (np.array([2**63], np.uint64), "a parent's number is 9,223,372,036,854,775,808"),
}


@pytest.mark.parametrize("case", CANNOT_BE)
def test_what_cannot_be_a_forest_is_refused_and_named(case: str) -> None:
    parent, says = CANNOT_BE[case]
    with pytest.raises(InvalidValue) as error:
        Forest(parent)
    assert says in error.value.message


@pytest.mark.parametrize("case", CANNOT_BE)
def test_a_forest_that_cannot_grow_stays_as_it_was(case: str) -> None:
    forest = Forest([-1, 0, -1])
    with pytest.raises(InvalidValue):
        forest.extend(np.array([0, 0, 99, 1]))
    assert (len(forest), forest.trees) == (3, 2)
    forest.extend([1, 3])
    assert forest.depth.tolist() == [0, 1, 0, 2, 3]


@pytest.mark.parametrize("parent", [3, -2, 99])
def test_one_that_cannot_be_appended_is_named(parent: int) -> None:
    forest = Forest([-1, 0, 0])
    with pytest.raises(InvalidValue, match="member 3"):
        forest.append(parent)
    assert len(forest) == 3


NAMES_CANNOT_BE = {
    "self-loop": (["ann", "bob"], [None, "bob"], "'bob' brought themselves"),
    "circle": (
        ["ann", "bob", "cai", "dan"],
        [None, "dan", "bob", "cai"],
        "'bob', 'dan', 'cai' brought each other in a circle",
    ),
    "unknown": (["ann"], ["zed"], "nobody is called 'zed'"),
    "two parents": (["ann", "bob", "bob"], [None, "ann", None], "'bob' is there twice"),
    "too few": (["ann", "bob"], [None], "2 ids and 1 parents"),
}


@pytest.mark.parametrize("case", NAMES_CANNOT_BE)
def test_names_that_cannot_be_a_forest_are_said(case: str) -> None:
    ids, parents, says = NAMES_CANNOT_BE[case]
    with pytest.raises(InvalidValue) as error:
        Forest.from_links(ids, parents)
    assert says in error.value.message


def test_a_circle_below_a_long_tail_is_found() -> None:
    """EC-58: not only circles of two, and not only from a member on the circle."""
    ids = list(range(1_000))
    parents = [each + 1 if each < 999 else 700 for each in ids]
    with pytest.raises(InvalidValue) as error:
        Forest.from_links(ids, parents)
    assert set(error.value.circle) <= set(range(700, 1_000))


def test_unordered_names_come_out_parents_first_and_keep_their_order_where_they_can() -> None:
    ids = [f"m{each}" for each in range(2_000)]
    parents = [None, *(f"m{random.Random(each).randrange(each)}" for each in range(1, 2_000))]
    sorted_one = Forest.from_links(ids, parents)
    assert sorted_one.labels == ids
    both = list(zip(ids, parents, strict=True))
    random.Random(5).shuffle(both)
    shuffled = Forest.from_links(*zip(*both, strict=True))
    said = {
        label: None if up < 0 else shuffled.labels[up]
        for label, up in zip(shuffled.labels, shuffled.parent.tolist(), strict=True)
    }
    assert said == dict(zip(ids, parents, strict=True))
    assert measure(shuffled).virality == pytest.approx(measure(sorted_one).virality)


def test_a_chain_of_a_million_needs_no_recursion() -> None:
    size = 1_000_000
    forest = Forest(np.arange(-1, size - 1))
    assert forest.depth[-1] == size - 1
    assert subtree_sizes(forest)[:3].tolist() == [size, size - 1, size - 2]
    assert (measure(forest).breadth, measure(forest).depth) == (1, size - 1)
    backwards = Forest.from_links(range(size), [*range(1, size), None])
    assert backwards.labels[0] == size - 1
    assert backwards.depth[-1] == size - 1


def test_labels_are_found_extended_and_refused() -> None:
    forest = Forest.from_links(["ann", "bob"], [None, "ann"])
    assert forest.number("bob") == 1
    forest.extend([1], labels=["cai"])
    assert list(forest.upline(forest.number("cai"))) == [1, 0]
    for labels in (None, ["ann"], ["dan", "eve"]):
        with pytest.raises(InvalidValue):
            forest.extend([0], labels=labels)
    with pytest.raises(InvalidValue, match="nobody is called"):
        forest.number("zed")
    with pytest.raises(InvalidValue, match="labels"):
        forest.append(0)
    assert list(forest.labels) == ["ann", "bob", "cai"]


def test_a_forest_without_names_says_so() -> None:
    forest = Forest([-1, 0])
    assert list(forest.labels) == [0, 1]
    with pytest.raises(InvalidValue, match="no labels"):
        forest.number("ann")
    with pytest.raises(InvalidValue, match="no labels"):
        forest.extend([0], labels=["ann"])
    with pytest.raises(InvalidValue, match="no member 9"):
        list(forest.upline(9))


def test_one_tree_alone_keeps_its_members_names() -> None:
    forest = Forest([-1, -1, 0, 1, 2, 0])
    alone = forest.only(0)
    assert list(alone.labels) == [0, 2, 4, 5]
    assert alone.parent.tolist() == [-1, 0, 1, 0]
    with pytest.raises(InvalidValue, match="no tree 2"):
        forest.only(2)


def test_arrays_cannot_be_written_to() -> None:
    forest = Forest([-1, 0])
    for array in (forest.parent, forest.tree, forest.depth):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_nobody_is_a_forest_too() -> None:
    forest = Forest()
    assert (len(forest), forest.trees, len(measure(forest))) == (0, 0, 0)
    assert repr(forest) == "Forest(0 members in 0 trees)"
    assert Forest.from_links([], []).labels == []


def test_sums_over_subtrees_keep_the_type_of_what_is_summed() -> None:
    forest = Forest([-1, 0, 1])
    spent = np.array([2**40, 7, 2**40])
    assert subtree_sums(forest, spent).tolist() == [2**41 + 7, 2**40 + 7, 2**40]
    with pytest.raises(InvalidValue, match="2 values for 3 members"):
        subtree_sums(forest, spent[:2])
