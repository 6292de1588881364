"""Schemes against known answers.

``tree7/*``, ``darpa/*``, ``shapley/*``, ``pachira/*``, ``l_pachira/*``, ``cdrm/*``,
``geometric/*``, ``properties/table``, ``budget/commission_share``.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

import pytest

from oracles import oracle
from viralcommerce.lab.attacks import Attack, Split, broom, tried
from viralcommerce.lab.properties import (
    PROPERTIES,
    Broken,
    Finding,
    growth,
    least_return,
    properties,
)
from viralcommerce.lab.schemes.cdrm import Cdrm1, Cdrm2
from viralcommerce.lab.schemes.geometric import Geometric, OneLevel
from viralcommerce.lab.schemes.pachira import LPachira, Pachira
from viralcommerce.lab.schemes.red_balloon import RedBalloon
from viralcommerce.lab.schemes.shapley_path import ShapleyPath
from viralcommerce.lab.schemes.tdrm import Tdrm
from viralcommerce.lab.schemes.tree import NOBODY, Scheme, Tree
from viralcommerce.spread.levels import MORE_THAN_TWO, FixedLevels
from viralcommerce.values.percent import percent

F = Fraction
HALF, QUARTER = F(1, 2), F(1, 4)
SCHEMES: dict[str, Scheme] = {
    "geometric(a=1/2,b=1/4,Phi=1/2)": Geometric(a=HALF, b=QUARTER),
    "direct_only(own=1/4,ref=1/4)": OneLevel(own=QUARTER, friends=QUARTER),
    "l_pachira(Phi=1/2,beta=1/2,delta=1)": LPachira(budget=HALF, beta=HALF, delta=1),
    "tdrm(mu=1,lambda=2/5,phi=1/10,a=1/2,b=1/2)": Tdrm(
        mu=1, share=F(2, 5), own=F(1, 10), a=HALF, b=HALF
    ),
    "cdrm1(Phi=1/2,theta=2/5)": Cdrm1(budget=HALF, theta=F(2, 5)),
    "cdrm2(Phi=1/2,theta=2/5)": Cdrm2(budget=HALF, theta=F(2, 5)),
    "shapley_path(share=1/2)": ShapleyPath(share=HALF),
}
TABLE = oracle("properties/table").expect


@functools.cache
def row(name: str) -> dict[str, Finding]:
    return properties(SCHEMES[name], budget=HALF)


names = pytest.mark.parametrize("name", SCHEMES)


def tree_of(nodes: list[list[Any]]) -> tuple[list[str], Tree]:
    """The tree of an oracle, and its members' names (or numbers) in order."""
    people = [who for who, _, _ in nodes]
    parents = [NOBODY if above is None else people.index(above) for _, _, above in nodes]
    return people, Tree([F(paid) for _, paid, _ in nodes], parents)


@pytest.mark.parametrize(
    "name", ["geometric", "direct_only", "l_pachira", "cdrm1", "shapley_path"]
)
def test_tree7(name: str) -> None:
    given, known, _ = oracle(f"tree7/{name}")
    people, tree = tree_of(given["nodes[name,contribution,parent]"])
    rewards = SCHEMES[given["mechanism"]](tree)
    assert dict(zip(people, rewards, strict=True)) == known["rewards"]
    assert sum(rewards) == known["total"] <= known["budget_PhiC(T)"] == tree.total * HALF


def test_pachira_prob_with_root() -> None:
    given, known, _ = oracle("pachira/prob_with_root")
    people, tree = tree_of(given["nodes"])
    chances = Pachira(beta=given["beta"], delta=given["delta"]).chances(tree)
    assert dict(zip(people, chances, strict=True)) == known["prob"]
    assert sum(chances) == known["sum"] == 1


def test_pachira_prob_float() -> None:
    given, known, tol = oracle("pachira/prob_float")
    people, tree = tree_of(given["nodes"])
    chances = Pachira(beta=F(given["beta"]), delta=given["delta"]).chances(tree)
    assert dict(zip(people, chances, strict=True)) == pytest.approx(known["prob"], abs=tol)


def test_pachira_sybil_identities() -> None:
    given, known, _ = oracle("pachira/sybil_identities")
    lottery = Pachira(beta=given["beta"], delta=given["delta"])
    one, other = given["split"]
    rest = given["C(T)"] - given["u"]
    assert lottery.chances(Tree((given["u"], rest), (-1, -1)))[0] == known["single"]
    assert sum(lottery.chances(Tree((one, other, rest), (-1, 0, -1)))[:2]) == known["chain"]
    assert sum(lottery.chances(Tree((one, other, rest), (-1, -1, -1)))[:2]) == known["siblings"]


@pytest.mark.parametrize("case", range(2))
def test_l_pachira_ugsa_threshold(case: int) -> None:
    """And the marginal reward comes as near to its supremum as one likes."""
    given, known, tol = oracle("l_pachira/ugsa_threshold")
    budget, beta, delta = given["cases[Phi,beta,delta]"][case]
    scheme = LPachira(budget=budget, beta=beta, delta=delta)
    assert scheme.greatest_marginal_reward == known["sup_marginal_reward"][case]
    assert scheme.is_safe_from_overspending is known["ugsa_safe"][case]
    step, friend = F(1, 1000), 10**6
    one, more = (scheme(Tree((paid, friend), (-1, 0)))[0] for paid in (F(1), 1 + step))
    marginal = (more - one) / step
    assert 0 <= scheme.greatest_marginal_reward - marginal <= tol


def test_darpa_chain4() -> None:
    given, known, _ = oracle("darpa/chain4")
    prize = given["prize_per_balloon"]
    paid = RedBalloon(prize).chain(len(given["chain"]))
    assert dict(zip(given["chain"], paid, strict=True)) == known["pay"]
    assert prize - sum(paid) == known["undistributed_to_charity"]
    as_tree = RedBalloon(HALF)(Tree((0, 0, 0, 2 * prize), (-1, 0, 1, 2)))
    assert as_tree[::-1] == paid


def test_darpa_budget() -> None:
    given, known, _ = oracle("darpa/budget")
    balloon = RedBalloon(given["prize"])
    assert [sum(balloon.chain(people)) for people in given["n"]] == known["paid"]


def test_darpa_sybil_gain() -> None:
    given, known, _ = oracle("darpa/sybil_gain")
    balloon = RedBalloon(given["prize"])
    chains = [balloon.chain(fakes + 2) for fakes in given["k"]]
    assert [sum(chain[:-1]) for chain in chains] == known["finder_total"]
    assert [chain[-1] for chain in chains] == known["true_recruiter"]


def test_shapley_tree7() -> None:
    given, known, _ = oracle("shapley/tree7")
    people, tree = tree_of(given["nodes"])
    rewards = ShapleyPath(share=1)(tree)
    assert dict(zip(people, rewards, strict=True)) == known["shapley"]
    assert sum(rewards) == known["sum"]


def test_shapley_darpa_chain() -> None:
    given, known, _ = oracle("shapley/darpa_chain")
    rewards = ShapleyPath(share=1)(Tree((0, 0, 0, given["value"]), (-1, 0, 1, 2)))
    assert set(rewards) == {known["each"]}


def test_shapley_unit_chain() -> None:
    given, known, _ = oracle("shapley/unit_chain")
    size = given["n"]
    assert list(ShapleyPath(share=1)(Tree((1,) * size, range(-1, size - 1)))) == known["reward"]


def test_geometric_sybil_chain() -> None:
    given, known, _ = oracle("geometric/sybil_chain")
    scheme, paid = Geometric(a=given["a"], b=given["b"]), given["x"]
    for accounts, total in zip(given["n"], known["total_reward"], strict=True):
        chain = Tree((F(paid, accounts),) * accounts, range(-1, accounts - 1))
        assert sum(scheme(chain)) == total
    assert scheme.b * paid / (1 - scheme.a) == known["limit"]


@pytest.mark.parametrize(
    ("one", "other", "below"), [(1, 1, 0), (F(1, 2), 2, 3), (5, F(1, 3), F(7, 2))]
)
def test_cdrm_identities(one: F, other: F, below: F) -> None:
    """The algebra of the oracle, at points; derivatives by exact differences."""
    known = oracle("cdrm/identities").expect
    theta = F(2, 5)
    chain = Tree((one, other, below), (-1, 0, 1))
    first, second = Cdrm1(budget=HALF, theta=theta), Cdrm2(budget=HALF, theta=theta)
    lost = sum(first(chain)[:2]) - first.reward(one + other, below)
    assert known["CDRM1_chain_split_delta"] == "-theta*x1*x2/((x2 + y + 1)*(x1 + x2 + y + 1))"
    assert lost == -theta * one * other / ((other + below + 1) * (one + other + below + 1))
    assert known["CDRM2_chain_split_delta"] == "0"
    gap = sum(second(chain)[:2]) - second.reward(one + other, below)
    assert gap == pytest.approx(0, abs=1e-12)
    step, all_there = F(1, 10**6), one + below + 1
    slope = (first.reward(one + step, below) - first.reward(one, below)) / step
    assert known["CDRM1_dR/dx"] == "Phi - theta*y/(x + y + 1)**2 - theta/(x + y + 1)**2"
    assert float(slope - HALF + theta * (below + 1) / all_there**2) == pytest.approx(0, abs=1e-5)
    steep = (second.reward(one + step, below) - second.reward(one, below)) / float(step)
    assert known["CDRM2_dR/dx"] == "Phi - theta/(x + y + 1)"
    assert steep == pytest.approx(float(HALF - theta / all_there), abs=1e-5)


@names
@pytest.mark.slow
def test_properties_table(name: str) -> None:
    """None raised where there is none."""
    assert {each: finding.holds for each, finding in row(name).items()} == TABLE["table"][name]
    for each in ("BC", "CCI", "CSI", "SL", "USB"):
        if row(name)[each].holds:
            assert (
                TABLE["details"][name][each]
                == f"no counterexample in {row(name)[each].cases} cases"
            )


@names
def test_properties_table_returns_and_growth(name: str) -> None:
    details = TABLE["details"][name]
    least = least_return(SCHEMES[name])
    assert float(least) == pytest.approx(details["RPC"]["min R/C seen"], rel=1e-14)
    grown = next(known for said, known in details.items() if said.startswith("URO"))
    assert [float(each) for each in growth(SCHEMES[name])] == pytest.approx(grown, rel=1e-14)


STORED = [
    (name, each)
    for name in SCHEMES
    for each in PROPERTIES
    if isinstance(TABLE["details"][name].get(each), dict)
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "each"), STORED, ids=lambda part: part.partition("(")[0])
def test_properties_table_counterexamples(name: str, each: str) -> None:
    """Every stored counterexample is the first that is found again, with its numbers."""
    stored = TABLE["details"][name][each]["violated"]
    broken = row(name)[each].broken
    if stored["tree"] == "u (C=1) with 60 children of C=1":
        found = tried(SCHEMES[name], broom(60), 0, Split((1, 1), (-1, 0), (1,) * 60))
        assert broken == found
        assert found.gain == pytest.approx(stored["profit_sybil"] - stored["profit_single"])
        assert float(found.before) - 1 == pytest.approx(stored["profit_single"])
        return
    _, tree = tree_of(stored["tree"])
    assert broken is not None
    assert broken.tree == tree
    if isinstance(broken, Attack):
        friends = tuple(stored["children_to"])
        parts = tuple(F(part) for part in stored["parts"])
        assert broken.member == stored["node"]
        assert broken.split == Split(parts, tuple(stored["attach(-1=real parent)"]), friends)
        if each == "USA":
            assert float(broken.before) == pytest.approx(stored["single"])
            assert float(broken.after) == pytest.approx(stored["sybil"])
        else:
            assert float(broken.before) - 1 == pytest.approx(stored["profit_single"])
            assert float(broken.after) - 1 == pytest.approx(stored["profit_sybil"])
        return
    assert isinstance(broken, Broken)
    if each == "CSI":
        assert broken.member == stored["node"]
        assert broken.what.endswith(f"below member {stored['new_leaf_under']}")
        assert broken.before == broken.after
    elif each == "USB":
        joined = stored["reward_by_join_point"]
        assert (broken.before, broken.after) == (F(joined["0"]), F(joined["None"]))
    elif "before" in stored:
        assert float(broken.before) == stored["before"]
        assert float(broken.after) == stored["after_adding_unrelated_root_C3"]
    else:
        changed = stored["reward_changes_when_an_ancestor_is_added_above"]
        assert [float(broken.before), float(broken.after)] == changed


def test_budget_commission_share() -> None:
    given, known, tol = oracle("budget/commission_share")
    rates = tuple(percent(str(F(str(rate)) * 100)) for rate in given["rates"])
    scheme = FixedLevels(rates, deeper=MORE_THAN_TWO)
    endless = Geometric(a=F(str(given["geometric"]["a"])), b=F(str(given["geometric"]["b"])))
    growths = [F(str(k)) for k in given["K"]]
    shares = [float(scheme.expected_share(k)) for k in growths]
    assert shares == pytest.approx(known["share"], abs=tol)
    assert float(sum(rate.share for rate in rates)) == pytest.approx(known["headline_sum"])
    faded = [float(endless.expected_share(k)) for k in growths]
    assert faded == pytest.approx(known["geometric_share"], abs=tol)
