"""The falsifier: the cheapest attack with fake accounts that pays, on any scheme, or none.

It knows nothing of a scheme but what it pays, so that a shop's own terms are attacked like a
published one's. Everything within the bounds is tried, the cheapest first: what costs the attacker
least, then by the fewest accounts, among the fewest people. What it finds is proof that can be
checked by hand. That it finds nothing is proof up to the bounds, and no further.

Run it on a scheme as a shop writes it::

    python -m viralcommerce.lab.falsify '{"kind": "fixed_levels", "rates": ["10%", "5%"]}'
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from viralcommerce.errors import InvalidRule
from viralcommerce.lab.attacks import (
    Attack,
    Bounds,
    Split,
    attacked,
    broom,
    forests,
    heavy,
    pays,
    splits,
)
from viralcommerce.lab.schemes.of_levels import OfLevels
from viralcommerce.lab.schemes.tree import Checked, Exact, Reward, Scheme, Tree
from viralcommerce.rules.base import Rule, load
from viralcommerce.spread.levels import LEVELS, Levels

USUAL = Bounds()
"""Three people, three accounts, halves, and accounts that buy nothing."""


class _Case(NamedTuple):
    """One thing to try, and what it costs: contribution, accounts, people, all contributions."""

    cost: tuple[Exact, int, int, Exact]
    tree: Tree
    member: int
    split: Split


def cheapest_attack(scheme: Scheme | Levels, bounds: Bounds = USUAL) -> Attack | None:
    """The cheapest attack that pays, of those the most profitable; none where there is none.

    Args:
        scheme: any function of a `Tree`, or a shop's own commission scheme.
        bounds: how far to search.

    Raises:
        InvalidRule: it is no commission scheme.
        InvalidValue: a function that does not say one number for each member.

    Example:
        >>> from viralcommerce.spread.levels import FixedLevels
        >>> from viralcommerce.values.percent import percent
        >>> print(cheapest_attack(FixedLevels((percent(10),))))
        member 1 of 1 gains 1/10: by one account, 1 earns 0; by 2, 1 earns 1/10 \
(account 1 contributes 0; account 2 contributes 1, below account 1)
    """
    pay = Checked(OfLevels(scheme) if isinstance(scheme, Levels) else scheme)
    honest: dict[Tree, Sequence[Reward]] = {}
    for _, cases in groupby(_cases(bounds), key=lambda case: case.cost):
        found: Attack | None = None
        for case in cases:
            before = honest.get(case.tree)
            if before is None:
                before = honest[case.tree] = pay(case.tree)
            tree, accounts = attacked(case.tree, case.member, case.split)
            rewards = pay(tree)
            after = sum(rewards[account] for account in accounts)
            attack = Attack(case.tree, case.member, case.split, before[case.member], after)
            if pays(attack.gain) and (found is None or attack.gain > found.gain):
                found = attack
        if found:
            return found
    return None


def _cases(bounds: Bounds) -> list[_Case]:
    """Everything within the bounds, the cheapest first."""
    cases = list(_small(bounds))
    for friends in bounds.brooms:
        cases += _large(broom(friends), bounds)
        cases += _large(heavy(friends), bounds)
    return sorted(cases, key=lambda case: case.cost)


def _small(bounds: Bounds) -> Iterator[_Case]:
    for tree in forests(bounds.people, bounds.contributions):
        for member, below in enumerate(tree.children):
            for extra in bounds.extra:
                paid = tree.contributions[member] + extra
                for split in splits(paid, len(below), bounds):
                    if extra or len(split.parts) > 1:
                        yield _case(tree, member, split, paid)


def _large(tree: Tree, bounds: Bounds) -> Iterator[_Case]:
    """On a broom: the member at its top, as one account or two."""
    for extra in bounds.extra:
        paid = tree.contributions[0] + extra
        for split in splits(paid, len(tree.children[0]), bounds):
            if len(split.parts) == 2 or (extra and len(split.parts) == 1):
                yield _case(tree, 0, split, paid)


def _case(tree: Tree, member: int, split: Split, paid: Exact) -> _Case:
    return _Case((paid, len(split.parts), len(tree), tree.total), tree, member, split)


def verdict(scheme: Scheme | Levels, bounds: Bounds = USUAL) -> str:
    """The cheapest attack in a sentence, or up to where there is none."""
    attack = cheapest_attack(scheme, bounds)
    if attack:
        return str(attack)
    contributions = ", ".join(map(str, bounds.contributions))
    return (
        f"no attack pays with up to {bounds.people} people who contribute {contributions}, "
        f"{bounds.accounts} accounts, and steps of {bounds.grid}"
    )


def main(arguments: Sequence[str]) -> int:
    """Read a commission scheme as JSON, and say which attack on it is the cheapest.

    Returns:
        The exit code: 0 where none pays, 1 where one does, 2 where the scheme cannot be.
    """
    try:
        if len(arguments) != 1:
            raise InvalidRule("falsify: give one commission scheme as JSON")
        scheme = load(json.loads(arguments[0]), Rule, {kind.kind: kind for kind in LEVELS})
        if not isinstance(scheme, Levels):
            raise InvalidRule(f"falsify: a {scheme.kind} is no commission scheme")
    except RecursionError:
        sys.stderr.write("falsify: nested too deeply; give one commission scheme as JSON\n")
        return 2
    except (InvalidRule, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    attack = cheapest_attack(scheme)
    sys.stdout.write(f"{attack or verdict(scheme)}\n")
    return 1 if attack else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
