"""Schemes: trees that cannot be, parameters out of bounds, and identities they are known by."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.errors import InexactNumber, InvalidValue, ViralCommerceError
from viralcommerce.lab.schemes.almost_uniform import AlmostUniform
from viralcommerce.lab.schemes.cdrm import Cdrm1, Cdrm2
from viralcommerce.lab.schemes.geometric import Geometric, OneLevel
from viralcommerce.lab.schemes.pachira import LPachira, Pachira
from viralcommerce.lab.schemes.red_balloon import RedBalloon
from viralcommerce.lab.schemes.shapley_path import ShapleyPath
from viralcommerce.lab.schemes.tdrm import Tdrm
from viralcommerce.lab.schemes.tree import NOBODY, Tree

HALF = Fraction(1, 2)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    size = draw(st.integers(1, 9))
    parents = [draw(st.integers(-1, member - 1)) for member in range(size)]
    amounts = [draw(st.fractions(0, 5, max_denominator=6)) for _ in range(size)]
    order = draw(st.permutations(range(size)))
    number = {old: new for new, old in enumerate(order)} | {NOBODY: NOBODY}
    return Tree([amounts[old] for old in order], [number[parents[old]] for old in order])


@given(trees(), st.sampled_from([Fraction(1, 3), HALF]), st.integers(1, 3))
def test_pachira_chances_sum_to_one_with_the_house(tree: Tree, beta: Fraction, delta: int) -> None:
    housed = Tree(
        (*tree.contributions, 0),
        (*(len(tree) if above == NOBODY else above for above in tree.parents), NOBODY),
    )
    chances = Pachira(beta=beta, delta=delta).chances(housed)
    assert sum(chances) == (1 if tree.total else 0)
    assert all(chance >= 0 for chance in chances)


@given(trees())
def test_nobody_is_paid_more_than_the_budget(tree: Tree) -> None:
    for scheme in (
        OneLevel(own=Fraction(1, 4), friends=Fraction(1, 4)),
        Geometric(a=HALF, b=Fraction(1, 4)),
        RedBalloon(HALF),
        LPachira(budget=HALF, beta=HALF, delta=1),
        Tdrm(mu=1, share=Fraction(2, 5), own=Fraction(1, 10), a=HALF, b=HALF),
        Cdrm1(budget=HALF, theta=Fraction(2, 5)),
        ShapleyPath(share=HALF),
        AlmostUniform(beta=HALF, height=3, share=HALF),
    ):
        rewards = scheme(tree)
        assert len(rewards) == len(tree)
        assert all(reward >= 0 for reward in rewards)
        assert sum(rewards) <= HALF * tree.total
    close = Cdrm2(budget=HALF, theta=Fraction(2, 5))(tree)
    assert sum(close) <= float(HALF * tree.total) + 1e-9


@given(trees())
def test_shapley_hands_out_all_of_it(tree: Tree) -> None:
    assert sum(ShapleyPath(share=1)(tree)) == tree.total


@given(st.integers(1, 6), st.fractions(0, 3, max_denominator=8))
def test_almost_uniform_chains_all_cost_the_same(height: int, beta: Fraction) -> None:
    scheme = AlmostUniform(beta=beta, height=height)
    for people in range(1, height + 1):
        assert sum(scheme.chain(people)) == 1 + beta * height
    assert set(scheme.chain(height + 1)) == {0}


@given(st.fractions(0, 4, max_denominator=4))
def test_tdrm_is_the_geometric_mechanism_of_the_chain(paid: Fraction) -> None:
    """Alone, a member of many μ is paid as the chain of them is."""
    scheme = Tdrm(mu=1, share=Fraction(2, 5), own=Fraction(1, 10), a=HALF, b=HALF)
    (alone,) = scheme(Tree((paid,), (-1,)))
    whole, rest = divmod(paid, 1)
    nodes = [rest, *[1] * int(whole)] if rest or not whole else [1] * int(whole)
    chain = Tree(nodes, range(-1, len(nodes) - 1))
    below = Geometric(a=HALF, b=HALF)(chain)
    expected = sum(
        Fraction(2, 5) * amount * reward + Fraction(1, 10) * amount
        for amount, reward in zip(nodes, below, strict=True)
    )
    assert alone == expected


@pytest.mark.parametrize(
    ("amounts", "parents", "said"),
    [
        ((1, 1), (-1,), "2 contributions and 1 parents"),
        ((-1,), (-1,), "contributes -1"),
        ((1,), (1,), "below 1; give"),
        ((1,), (-2,), "below -2"),
        ((1,), (0,), r"\[0\] are in a circle"),
        ((1, 1, 1), (1, 0, -1), r"\[0, 1\] are in a circle"),
        ((0.5,), (-1,), "contributions\\[0\\] is 0.5"),
    ],
)
def test_a_tree_that_cannot_be(amounts: Any, parents: Any, said: str) -> None:
    """EC-58: a circle, of one and of two."""
    with pytest.raises((InvalidValue, InexactNumber), match=f"tree: .*{said}"):
        Tree(amounts, parents)


def test_trees_are_values() -> None:
    tree = Tree((1, HALF), (-1, 0))
    assert tree == Tree((1, HALF), (-1, 0))
    assert hash(tree) == hash(Tree((1, HALF), (-1, 0)))
    assert tree != Tree((1, HALF), (-1, -1))
    assert tree != "a tree"
    assert repr(tree) == "Tree((1, Fraction(1, 2)), (-1, 0))"


@pytest.mark.parametrize(
    "make",
    [
        lambda: OneLevel(own=HALF, friends=1),
        lambda: OneLevel(own=0.25, friends=0),  # type: ignore[arg-type]
        lambda: Geometric(a=1, b=0),
        lambda: Geometric(a=0, b=0),
        lambda: Geometric(a=HALF, b=1),
        lambda: Geometric(a=HALF, b=HALF).expected_share(1),
        lambda: RedBalloon(-1),
        lambda: RedBalloon(1).chain(0),
        lambda: Pachira(beta=2, delta=1),
        lambda: Pachira(beta=HALF, delta=0),
        lambda: LPachira(budget=2, beta=HALF, delta=1),
        lambda: Tdrm(mu=0, share=0, own=0, a=HALF, b=0),
        lambda: Tdrm(mu=1, share=1, own=1, a=HALF, b=0),
        lambda: Tdrm(mu=1, share=0, own=0, a=HALF, b=1),
        lambda: Cdrm1(budget=HALF, theta=1),
        lambda: Cdrm2(budget=2, theta=1),
        lambda: ShapleyPath(share=2),
        lambda: AlmostUniform(beta=1, height=0),
        lambda: AlmostUniform(beta=1, height=1).chain(0),
    ],
)
def test_parameters_out_of_bounds(make: Any) -> None:
    with pytest.raises(ViralCommerceError):
        make()
