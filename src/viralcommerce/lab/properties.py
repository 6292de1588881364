"""Which properties a scheme has, by exhaustive search on small trees.

For every property the search looks for a case that breaks it. What it finds is a proof. That it
finds none is a proof for these trees and no further; the names are explained in
`viralcommerce.lab.schemes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from viralcommerce.lab.attacks import (
    Attack,
    Bounds,
    Split,
    broom,
    forests,
    heavy,
    pays,
    splits,
    tried,
)
from viralcommerce.lab.schemes.tree import NOBODY, Checked, Exact, Reward, Scheme, Tree

PROPERTIES: Final = ("BC", "CCI", "CSI", "SL", "USB", "USA", "UGSA", "PO", "URO")
"""The names of the properties, in the order of the table."""
TABLE: Final = Bounds(least=Fraction(1, 2), extra=(0, 1), brooms=(60,))
"""The bounds of the table: fake accounts contribute something."""

_LARGE: Final = (1, 10, 100, 400)
_CLOSE: Final = 1e-9


@dataclass(frozen=True)
class Broken:
    """A case that breaks a property of trees.

    Args:
        tree: where.
        member: whose reward it is about; -1 for all together.
        what: what was done, in words.
        before: the reward without it, or what is allowed.
        after: the reward with it.
    """

    tree: Tree
    member: int
    what: str
    before: Reward
    after: Reward


@dataclass(frozen=True)
class Finding:
    """What the search for one property came to.

    Args:
        holds: whether no case breaks it, or for PO and URO whether one shows it.
        cases: how many were looked at.
        broken: the first case that breaks it.
    """

    holds: bool
    cases: int
    broken: Broken | Attack | None = None


def properties(scheme: Scheme, *, budget: Exact = 1, bounds: Bounds = TABLE) -> dict[str, Finding]:
    """The row of a scheme in the table of properties.

    Args:
        scheme: any function of a `Tree`.
        budget: the share of all contributions that it says it hands out at most.
        bounds: which trees and splits are looked at.

    Raises:
        InvalidRule: it is no function.
        InvalidValue: a function that does not say one number for each member.

    Example:
        >>> from viralcommerce.lab.schemes.geometric import Geometric
        >>> row = properties(Geometric(a=Fraction(1, 2), b=Fraction(1, 4)), budget=Fraction(1, 2))
        >>> [name for name, finding in row.items() if not finding.holds]
        ['USA', 'UGSA']
    """
    scheme = Checked(scheme)
    searches = {
        "BC": _over_budget(scheme, budget, bounds),
        "CCI": _contributing_more(scheme, bounds),
        "CSI": _soliciting_more(scheme, bounds),
        "SL": _from_outside(scheme, bounds),
        "USB": _bypassing(scheme, bounds),
        "USA": _splitting(scheme, bounds, (0,)),
        "UGSA": _splitting(scheme, bounds, bounds.extra),
    }
    row = {name: _first(search) for name, search in searches.items()}
    return row | {"PO": _profit(scheme), "URO": _unbounded(scheme)}


def least_return(scheme: Scheme, bounds: Bounds = TABLE) -> Reward:
    """The least reward for each unit contributed, over the small trees: the φ of φ-RPC."""
    scheme = Checked(scheme)
    return min(
        reward / Fraction(amount)
        for tree in forests(bounds.people, bounds.contributions)
        for reward, amount in zip(scheme(tree), tree.contributions, strict=True)
    )


def growth(scheme: Scheme) -> tuple[Reward, ...]:
    """The reward of a member of 1 with 1, 10, 100, 400 friends of 1 each, and with one of 60."""
    scheme = Checked(scheme)
    trees = [*(broom(friends) for friends in _LARGE), heavy(60)]
    return tuple(scheme(tree)[0] for tree in trees)


def _first(cases: Iterator[Broken | Attack | None]) -> Finding:
    count = 0
    for broken in cases:
        count += 1
        if broken is not None:
            return Finding(holds=False, cases=count, broken=broken)
    return Finding(holds=True, cases=count)


def _over_budget(scheme: Scheme, budget: Exact, bounds: Bounds) -> Iterator[Broken | None]:
    for tree in forests(bounds.people, bounds.contributions):
        allowed, paid = budget * tree.total, sum(scheme(tree))
        said = "all rewards together exceed the budget"
        yield Broken(tree, -1, said, allowed, paid) if pays(paid - allowed) else None


def _contributing_more(scheme: Scheme, bounds: Bounds) -> Iterator[Broken | None]:
    for tree in forests(bounds.people, bounds.contributions):
        rewards = scheme(tree)
        for member in range(len(tree)):
            amounts = list(tree.contributions)
            amounts[member] += 1
            after = scheme(Tree(amounts, tree.parents))[member]
            rises = pays(after - rewards[member])
            said = "the member contributes 1 more"
            yield None if rises else Broken(tree, member, said, rewards[member], after)


def _soliciting_more(scheme: Scheme, bounds: Bounds) -> Iterator[Broken | None]:
    for tree in forests(bounds.people, bounds.contributions):
        rewards = scheme(tree)
        for member in range(len(tree)):
            for place in range(len(tree)):
                if place == member or member in tree.above(place):
                    after = scheme(joined(tree, 1, place))[member]
                    rises = pays(after - rewards[member])
                    said = f"somebody who contributes 1 joins below member {place}"
                    yield None if rises else Broken(tree, member, said, rewards[member], after)


def _from_outside(scheme: Scheme, bounds: Bounds) -> Iterator[Broken | None]:
    for tree in forests(bounds.people, bounds.contributions):
        rewards = scheme(tree)
        aside = scheme(joined(tree, 3, NOBODY))
        for member, before in enumerate(rewards):
            said = "somebody who contributes 3 joins below nobody"
            yield (
                None
                if _same(before, aside[member])
                else Broken(tree, member, said, before, aside[member])
            )
        for top in range(len(tree)):
            over = scheme(_topped(tree, top))
            for member, before in enumerate(rewards):
                if member == top or top in tree.above(member):
                    said = f"somebody who contributes 1 is put above member {top}"
                    yield (
                        None
                        if _same(before, over[member])
                        else Broken(tree, member, said, before, over[member])
                    )


def _bypassing(scheme: Scheme, bounds: Bounds) -> Iterator[Broken | None]:
    for tree in forests(bounds.people, bounds.contributions):
        alone = scheme(joined(tree, 1, NOBODY))[-1]
        yield None
        for place in range(len(tree)):
            below = scheme(joined(tree, 1, place))[-1]
            said = f"a newcomer of 1 joins below nobody rather than below member {place}"
            yield None if _same(below, alone) else Broken(tree, len(tree), said, below, alone)


def _splitting(
    scheme: Scheme, bounds: Bounds, extras: tuple[Exact, ...]
) -> Iterator[Attack | None]:
    for tree in forests(bounds.people, bounds.contributions):
        for member, below in enumerate(tree.children):
            for extra in extras:
                paid = tree.contributions[member] + extra
                for split in splits(paid, len(below), bounds):
                    yield _paying(tried(scheme, tree, member, split))
    for friends in bounds.brooms:
        for tree in (broom(friends), heavy(friends)):
            for extra in extras:
                yield _paying(tried(scheme, tree, 0, _put_above(tree, extra)))


def _put_above(tree: Tree, extra: Exact) -> Split:
    """A fake account above the member, which contributes the extra."""
    honest = tree.contributions[0]
    return Split((extra, honest), (NOBODY, 0), (1,) * len(tree.children[0]))


def _paying(attack: Attack) -> Attack | None:
    return attack if pays(attack.gain) else None


def _profit(scheme: Scheme) -> Finding:
    trees = [*(broom(friends) for friends in _LARGE), *(heavy(60 * size) for size in _LARGE)]
    reached = any(not pays(tree.contributions[0] - scheme(tree)[0]) for tree in trees)
    return Finding(holds=reached, cases=len(trees))


def _unbounded(scheme: Scheme) -> Finding:
    """It still doubles from a hundred friends to four hundred."""
    rewards = growth(scheme)
    hundred, four_hundred = rewards[2], rewards[3]
    return Finding(holds=not pays(2 * hundred - four_hundred), cases=len(rewards))


def joined(tree: Tree, amount: Exact, place: int) -> Tree:
    """The tree with somebody more at its end, below a member or below nobody."""
    return Tree((*tree.contributions, amount), (*tree.parents, place))


def _topped(tree: Tree, member: int) -> Tree:
    """The tree with somebody of 1 between a member and whoever brought them."""
    parents = list(tree.parents)
    parents[member] = len(tree)
    return Tree((*tree.contributions, 1), (*parents, tree.parents[member]))


def _same(one: Reward, other: Reward) -> bool:
    gap = one - other
    return abs(gap) <= _CLOSE if isinstance(gap, float) else gap == 0
