"""The falsifier: it finds what pays, the cheapest first, and nothing where nothing does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inviting import rides
from viralcommerce.errors import InvalidRule, InvalidValue
from viralcommerce.lab.attacks import Attack, Bounds, Split, attacked, forests, splits, tried
from viralcommerce.lab.falsify import cheapest_attack, main, verdict
from viralcommerce.lab.properties import growth, least_return, properties
from viralcommerce.lab.schemes.almost_uniform import AlmostUniform
from viralcommerce.lab.schemes.cdrm import Cdrm1
from viralcommerce.lab.schemes.geometric import Geometric
from viralcommerce.lab.schemes.of_levels import OfLevels
from viralcommerce.lab.schemes.pachira import LPachira
from viralcommerce.lab.schemes.red_balloon import RedBalloon
from viralcommerce.lab.schemes.tree import NOBODY, Reward, Tree
from viralcommerce.rules.base import dump
from viralcommerce.spread.levels import (
    MORE_THAN_TWO,
    FixedLevels,
    GeometricLevels,
    HeadcountTiers,
    Levels,
    Tier,
)
from viralcommerce.values.percent import percent

HALF = Fraction(1, 2)
QUICK = Bounds(people=2, brooms=(10,))


def own_only(tree: Tree) -> Sequence[Reward]:
    return [HALF * paid for paid in tree.contributions]


def test_a_shops_own_levels_are_attacked() -> None:
    """A fake inviter who buys nothing: the oldest trick, and the cheapest."""
    attack = cheapest_attack(FixedLevels((percent(10), percent(5))))
    assert attack == Attack(
        tree=Tree((1,), (NOBODY,)),
        member=0,
        split=Split((0, 1), (NOBODY, 0), ()),
        before=0,
        after=Fraction(1, 10),
    )
    assert attack.extra == 0
    assert str(attack) == (
        "member 1 of 1 gains 1/10: by one account, 1 earns 0; by 2, 1 earns 1/10 (account 1"
        " contributes 0; account 2 contributes 1, below account 1)"
    )


@pytest.mark.parametrize(
    ("levels", "accounts", "gain"),
    [
        (FixedLevels((percent(10),)), 3, Fraction(1, 10)),
        (FixedLevels((percent(10), percent(5))), 3, Fraction(1, 10)),
        (
            GeometricLevels(percent(10), ratio=percent(50), levels=3, deeper=MORE_THAN_TWO),
            2,
            Fraction(1, 10),
        ),
        (HeadcountTiers((Tier(1, percent(1)), Tier(2, percent(9)))), 3, Fraction(1, 100)),
    ],
)
def test_the_fewest_accounts_first(levels: Levels, accounts: int, gain: Fraction) -> None:
    attack = cheapest_attack(levels, Bounds(accounts=accounts))
    assert attack is not None
    assert (len(attack.split.parts), attack.paid, attack.gain) == (2, 1, gain)


def test_fake_friends_before_real_ones_raise_the_headcount() -> None:
    """Where one's own orders earn nothing, one fake friend makes the real one the second."""

    def others_only(tree: Tree) -> Sequence[Reward]:
        paid = OfLevels(HeadcountTiers((Tier(1, percent(1)), Tier(2, percent(9)))))(tree)
        bonus = [
            0 if tree.parents[member] == NOBODY else paid[member] for member in range(len(tree))
        ]
        return [each - own for each, own in zip(paid, bonus, strict=True)]

    tree = Tree((1, 2), (NOBODY, 0))
    fake = Split((1, 0), (NOBODY, 0), (0,))
    attack = tried(others_only, tree, 0, fake)
    assert (attack.before, attack.after) == (Fraction(2, 100), Fraction(18, 100))


@pytest.mark.parametrize("scheme", [own_only, Cdrm1(budget=HALF, theta=Fraction(2, 5))])
def test_nothing_is_found_where_nothing_pays(scheme: Any) -> None:
    assert cheapest_attack(scheme, QUICK) is None
    assert verdict(scheme, QUICK) == (
        "no attack pays with up to 2 people who contribute 1, 2, 3 accounts, and steps of 1/2"
    )


@pytest.mark.parametrize(("budget", "safe"), [(HALF, True), (Fraction(4, 5), False)])
def test_l_pachira_is_safe_up_to_its_threshold(budget: Fraction, safe: bool) -> None:
    scheme = LPachira(budget=budget, beta=HALF, delta=1)
    assert scheme.is_safe_from_overspending is safe
    found = cheapest_attack(scheme, QUICK)
    assert (found is None) is safe
    if found:
        assert found.extra > 0


def test_a_red_balloon_is_a_geometric_mechanism() -> None:
    one = cheapest_attack(RedBalloon(HALF), QUICK)
    other = cheapest_attack(Geometric(a=HALF, b=Fraction(1, 4)), QUICK)
    assert one == other
    assert one is not None
    assert one.gain == Fraction(1, 8)


def test_who_passes_on_gains_by_clones_of_almost_uniform_rewards() -> None:
    attack = cheapest_attack(AlmostUniform(beta=HALF, height=3), QUICK)
    assert attack is not None
    assert attack.tree == Tree((1, 1), (NOBODY, 0))
    last = tried(
        AlmostUniform(beta=HALF, height=3), Tree((1,), (-1,)), 0, Split((0, 1), (-1, 0), ())
    )
    assert last.gain == 0, "the last of a chain cannot gain"


def test_floats_are_compared_with_what_rounding_leaves() -> None:
    def noisy(tree: Tree) -> Sequence[Reward]:
        return [0.5 * float(paid) + 1e-13 * len(tree) for paid in tree.contributions]

    assert cheapest_attack(noisy, QUICK) is None


@pytest.mark.parametrize(
    ("scheme", "kind", "said"),
    [
        (rides(), InvalidRule, "^scheme: Invite is no commission scheme; give one like"),
        (lambda tree: [0], InvalidValue, "^scheme: 1 rewards for a tree of 2; give one for each"),
        (lambda tree: [0] * 9, InvalidValue, "^scheme: 9 rewards for a tree of"),
        (lambda tree: None, InvalidValue, r"^scheme: None \(NoneType\) for a tree of"),
        (lambda tree: ["1"] * len(tree), InvalidValue, "^scheme: member 0 is paid '1'"),
    ],
)
def test_a_scheme_that_cannot_be_is_said(scheme: Any, kind: type[Exception], said: str) -> None:
    for ask in (
        lambda: cheapest_attack(scheme, QUICK),
        lambda: verdict(scheme, QUICK),
        lambda: tried(scheme, Tree((1, 1), (NOBODY, 0)), 0, Split((0, 1), (NOBODY, 0), (0,))),
        lambda: properties(scheme),
        lambda: least_return(scheme),
        lambda: growth(scheme),
    ):
        with pytest.raises(kind, match=said.replace("tree of 2", r"tree of \d+")):
            ask()


small = st.sampled_from(list(forests(3, (1, 2))))


@given(small, st.data())
def test_an_attack_keeps_everybody_else(tree: Tree, data: st.DataObject) -> None:
    """Whatever the split: the same people, the same contributions, below the same people."""
    member = data.draw(st.integers(0, len(tree) - 1))
    bounds = Bounds(extra=(0,))
    ways = list(splits(tree.contributions[member], len(tree.children[member]), bounds))
    split = data.draw(st.sampled_from(ways))
    after, accounts = attacked(tree, member, split)
    assert sum(after.contributions) == tree.total
    assert len(after) == len(tree) - 1 + len(split.parts)
    others = sorted(set(range(len(tree))) - {member})
    assert [after.contributions[len(accounts) + place] for place in range(len(others))] == [
        tree.contributions[other] for other in others
    ]
    whole = Split((tree.contributions[member],), (NOBODY,), (0,) * len(tree.children[member]))
    assert tried(own_only, tree, member, whole).gain == 0
    assert sorted(attacked(tree, member, whole)[0].under()) == sorted(tree.under())


@given(small)
def test_levels_pay_what_the_shop_pays(tree: Tree) -> None:
    scheme = FixedLevels((percent(10), percent(5)))
    rewards = OfLevels(scheme)(tree)
    for member in range(len(tree)):
        first = sum(tree.contributions[child] for child in tree.children[member])
        second = sum(
            tree.contributions[grandchild]
            for child in tree.children[member]
            for grandchild in tree.children[child]
        )
        assert rewards[member] == Fraction(first, 10) + Fraction(second, 20)


def test_the_row_of_a_shops_own_levels() -> None:
    """EC-61: a share of one's own order would be a policy; without one, splitting is one."""
    row = properties(OfLevels(FixedLevels((percent(10),))), budget=Fraction(1, 10))
    assert [name for name, finding in row.items() if not finding.holds] == [
        "CCI", "CSI", "USA", "UGSA",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": 0},
        {"accounts": 0},
        {"grid": Fraction(0)},
        {"extra": (1,)},
        {"contributions": ()},
    ],
)
def test_bounds_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match="bounds: "):
        Bounds(**wrong)


def test_it_prints_the_cheapest_attack(capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps(dump(FixedLevels((percent(10), percent(5)))))
    assert main([text]) == 1
    assert capsys.readouterr().out.startswith("member 1 of 1 gains 1/10: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give one commission scheme as JSON"),
        (["x", "y"], "give one commission scheme as JSON"),
        (["nonsense"], "Expecting value"),
        (['{"kind": "lottery"}'], "unknown kind 'lottery'"),
        (['{"kind": "tier", "at_least": 1, "rate": "5%"}'], "a tier is no commission scheme"),
        (['{"kind": "fixed_levels", "rates": ["5%", "4%", "3%"]}'], "say deeper=MORE_THAN_TWO"),
        (['{"kind": "fixed_levels", "rates": [0.1]}'], "float"),
        (["[" * 100_000], "falsify: nested too deeply; give one commission scheme"),
    ],
)
def test_what_it_cannot_read(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_it_runs_as_a_module() -> None:
    text = '{"kind": "fixed_levels", "rates": ["10%"]}'
    told = subprocess.run(
        [sys.executable, "-m", "viralcommerce.lab.falsify", text],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (told.returncode, told.stderr) == (1, "")
    assert told.stdout.startswith("member 1 of 1 gains 1/10")
