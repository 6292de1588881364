"""Attacks with fake accounts: one member as several, on every small tree.

A member who attacks is replaced by up to so many accounts of their own. Their contribution is cut
among these in steps of a grid, perhaps with more added; the first account stays where the member
was, each other stands beside it or below an earlier one; and each friend is brought by any of
them. The honest alternative is the one account with the original contribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from itertools import combinations, pairwise, product

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.schemes.tree import NOBODY, Checked, Exact, Reward, Scheme, Tree


@dataclass(frozen=True)
class Bounds:
    """How far attacks are searched: everything within these bounds is tried.

    Args:
        people: in a tree, the attacker among them.
        contributions: what each of them may contribute.
        accounts: that the attacker may use.
        grid: the step in which contributions are cut.
        least: what a fake account contributes at least; 0 for accounts that buy nothing.
        extra: what the attacker may contribute beyond the original.
        brooms: large trees beside the small ones: so many friends of 1 each, or one of so much.

    Raises:
        InvalidValue: bounds within which nothing can be tried.
    """

    _: KW_ONLY
    people: int = 3
    contributions: tuple[Exact, ...] = (1, 2)
    accounts: int = 3
    grid: Fraction = Fraction(1, 2)
    least: Exact = 0
    extra: tuple[Exact, ...] = (0, Fraction(1, 2), 1)
    brooms: tuple[int, ...] = (10, 60)

    def __post_init__(self) -> None:
        if self.people < 1 or self.accounts < 1 or self.grid <= 0 or self.least < 0:
            raise InvalidValue(
                f"bounds: {self.people} people, {self.accounts} accounts, steps of {self.grid}"
                f" from {self.least}; give at least one of each, and a step above 0"
            )
        if not self.contributions or 0 not in self.extra or min(self.extra) < 0:
            raise InvalidValue("bounds: give some contributions, and an extra of 0 among others")


@dataclass(frozen=True)
class Split:
    """One member as several accounts.

    Args:
        parts: what each account contributes.
        below: the account that each stands below, -1 for where the member stood.
        friends: for each friend of the member's, the account that brings them.
    """

    parts: tuple[Exact, ...]
    below: tuple[int, ...]
    friends: tuple[int, ...]


@dataclass(frozen=True)
class Attack:
    """A split that pays.

    Args:
        tree: the honest tree.
        member: who attacks.
        split: as which accounts.
        before: the reward of the honest account.
        after: the rewards of all the accounts together.
    """

    tree: Tree
    member: int
    split: Split
    before: Reward
    after: Reward

    @property
    def paid(self) -> Exact:
        """What the accounts contribute together."""
        return sum(self.split.parts)

    @property
    def extra(self) -> Exact:
        """What is contributed beyond the original."""
        return self.paid - self.tree.contributions[self.member]

    @property
    def gain(self) -> Reward:
        """How much better off the attacker is, after what the extra costs."""
        return self.after - self.before - self.extra

    def __str__(self) -> str:
        parts = self.split.parts
        accounts = "; ".join(
            f"account {place} contributes {part}"
            + (f", below account {above + 1}" if above != NOBODY else "")
            for place, (part, above) in enumerate(zip(parts, self.split.below, strict=True), 1)
        )
        brings = self.split.friends
        friends = "".join(
            f"; friend {place} brought by account {account + 1}"
            for place, account in enumerate(brings, 1)
        )
        if len(set(brings)) == 1:
            friends = f"; friends brought by account {brings[0] + 1}" if len(parts) > 1 else ""
        honest = self.tree.contributions[self.member]
        return (
            f"member {self.member + 1} of {_drawn(self.tree)} gains {_shown(self.gain)}: by one"
            f" account, {honest} earns {_shown(self.before)}; by {len(parts)}, {self.paid} earns"
            f" {_shown(self.after)} ({accounts}{friends})"
        )


def _shown(amount: Reward) -> str:
    return f"{amount:.6g}" if isinstance(amount, float) else str(amount)


def _drawn(tree: Tree) -> str:
    """``1(2 1(3))``: what everybody contributes, and in brackets whom they brought."""
    if len(tree) > 12:
        return f"a tree of {len(tree)}"
    drawn = [str(amount) for amount in tree.contributions]
    for member in reversed(tree.order):
        if below := tree.children[member]:
            drawn[member] += f"({' '.join(drawn[child] for child in below)})"
    return " ".join(drawn[member] for member in tree.order if tree.parents[member] == NOBODY)


def forests(people: int, contributions: Sequence[Exact]) -> Iterator[Tree]:
    """Every tree or forest of 1 to so many people, each brought by an earlier one or by nobody.

    Example:
        >>> sum(1 for _ in forests(3, (1, 2)))
        58
    """
    for size in range(1, people + 1):
        for parents in product(*(range(-1, member) for member in range(size))):
            for amounts in product(contributions, repeat=size):
                yield Tree(amounts, parents)


def broom(friends: int) -> Tree:
    """A member of 1 with so many friends of 1 each."""
    return Tree((1,) * (friends + 1), (NOBODY, *(0,) * friends))


def heavy(friend: int) -> Tree:
    """A member of 1 with one friend of so much."""
    return Tree((1, friend), (NOBODY, 0))


def splits(paid: Exact, friends: int, bounds: Bounds) -> Iterator[Split]:
    """Every split of what the accounts contribute together, one account first."""
    for accounts in range(1, bounds.accounts + 1):
        for parts in _cuts(paid, accounts, bounds):
            for below in product(*(range(-1, account) for account in range(accounts))):
                for brings in _brings(friends, accounts):
                    yield Split(parts, below, brings)


def _cuts(paid: Exact, accounts: int, bounds: Bounds) -> Iterator[tuple[Exact, ...]]:
    spare = Fraction(paid - accounts * bounds.least) / bounds.grid
    steps = int(spare)
    if spare < 0 or spare != steps:
        return
    for bars in combinations(range(steps + accounts - 1), accounts - 1):
        edges = (-1, *bars, steps + accounts - 1)
        yield tuple(
            bounds.least + bounds.grid * (after - before - 1) for before, after in pairwise(edges)
        )


def _brings(friends: int, accounts: int) -> Iterator[tuple[int, ...]]:
    """Which account brings each friend; of many friends, all are brought by the same."""
    if friends > 3:
        yield from ((account,) * friends for account in range(accounts))
    else:
        yield from product(range(accounts), repeat=friends)


def attacked(tree: Tree, member: int, split: Split) -> tuple[Tree, range]:
    """The tree after a split, and the numbers of the attacker's accounts in it.

    The accounts come first, so that fake friends come before those who are real.
    """
    accounts = len(split.parts)
    number = {
        old: new
        for new, old in enumerate((each for each in range(len(tree)) if each != member), accounts)
    }
    number[NOBODY] = NOBODY
    above = number[tree.parents[member]]
    amounts = [*split.parts]
    parents = [above if place == NOBODY else place for place in split.below]
    brings = dict(zip(tree.children[member], split.friends, strict=True))
    for other, amount in enumerate(tree.contributions):
        if other != member:
            amounts.append(amount)
            parents.append(brings[other] if other in brings else number[tree.parents[other]])
    return Tree(amounts, parents), range(accounts)


def tried(scheme: Scheme, tree: Tree, member: int, split: Split) -> Attack:
    """What a split comes to under a scheme, whether it pays or not.

    Raises:
        InvalidRule: it is no commission scheme.
        InvalidValue: a function that does not say one number for each member.
    """
    scheme = Checked(scheme)
    after, accounts = attacked(tree, member, split)
    rewards = scheme(after)
    return Attack(
        tree=tree,
        member=member,
        split=split,
        before=scheme(tree)[member],
        after=sum(rewards[account] for account in accounts),
    )


def pays(gain: Reward) -> bool:
    """Whether a gain is one; a float's is, beyond what rounding leaves."""
    return gain > 1e-9 if isinstance(gain, float) else gain > 0
