"""Who goes next: every order there is, orders that dice say, or one that was told."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

READS: Final = frozenset({"look", "due", "cell", "pending"})
"""Effects that change nothing, and hold nothing."""


class Picker(Protocol):
    """Says who goes next."""

    def pick(self, able: Mapping[int, str]) -> int:
        """One of those that can go on, as far as is known."""
        ...

    def blocked(self, one: int) -> None:
        """The one picked last waits for others: nothing has happened."""
        ...


class Seen(Exception):
    """From here on there are only orders that were run already."""


@dataclass
class _Choice:
    """Where several could go.

    Args:
        options: who is still to go first from here, the one that does now in front.
        effects: what each of those that can go is about to do.
        asleep: who need not go first, since that order was run: what they do touches nothing that
            was done since.
        refused: who tried to go and could not, to try again whenever this is run again.
    """

    options: list[int]
    effects: Mapping[int, str]
    asleep: set[int]
    refused: list[int] = field(default_factory=list)

    def after(self, effects: Mapping[int, str]) -> _Choice:
        """The choice that comes when the one in front has gone."""
        gone = self.effects[self.options[0]]
        tried = set(self.effects) - set(self.options)
        asleep = {
            one
            for one in (self.asleep | tried) & set(effects)
            if _touch_nothing_of_each_other(self.effects.get(one, ""), gone)
        }
        return _Choice([one for one in effects if one not in asleep], effects, asleep)


def _touch_nothing_of_each_other(one: str, other: str) -> bool:
    """Whether two effects may be swapped: asking the host touches no store, looking no row."""
    kinds = {one.partition(" ")[0], other.partition(" ")[0]}
    return "ask" in kinds or kinds <= READS


class Every:
    """Every order, depth first: what was picked is picked again up to the last choice.

    Of orders that differ only in neighbors that touch nothing of each other one is run (a sleep
    set, as in Godefroid's "Partial-Order Methods for the Verification of Concurrent Systems").
    """

    def __init__(self) -> None:
        self._choices: list[_Choice] = []
        self._depth = 0
        self._refused = 0

    def pick(self, able: Mapping[int, str]) -> int:
        """The next of an order that was not run yet.

        Raises:
            Seen: there is none.
        """
        if self._depth == len(self._choices):
            if self._choices:
                choice = self._choices[-1].after(able)
            else:
                choice = _Choice(list(able), able, set())
            if not choice.options:
                raise Seen
            self._choices.append(choice)
        choice = self._choices[self._depth]
        if self._refused < len(choice.refused):
            self._refused += 1
            return choice.refused[self._refused - 1]
        self._depth, self._refused = self._depth + 1, 0
        return choice.options[0]

    def blocked(self, one: int) -> None:
        """It cannot go here after all: the next of this choice, if one is left, goes instead."""
        if self._refused:
            return
        self._depth -= 1
        choice = self._choices[self._depth]
        choice.options.remove(one)
        choice.refused.append(one)
        self._refused = len(choice.refused)
        choice.effects = {who: what for who, what in choice.effects.items() if who != one}
        if not choice.options and choice.effects:
            raise Seen

    def another(self) -> bool:
        """Go on to the next order; whether there is one."""
        self._depth = self._refused = 0
        while self._choices:
            del self._choices[-1].options[:1]
            if self._choices[-1].options:
                return True
            self._choices.pop()
        return False


class Dice:
    """Whoever the dice say; for real stores, where there are too many orders for all.

    Args:
        seed: of the dice.
    """

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - dice that repeat

    def pick(self, able: Mapping[int, str]) -> int:
        """Any of them."""
        return self._dice.choice(sorted(able))

    def blocked(self, one: int) -> None:
        """Somebody else is picked then."""


class Told:
    """An order that was told; after it, whoever comes first."""

    def __init__(self, order: Iterable[int]) -> None:
        self._order: Iterator[int] = iter(order)

    def pick(self, able: Mapping[int, str]) -> int:
        """The next that is told of and can go."""
        for one in self._order:
            if one in able:
                return one
        return min(able)

    def blocked(self, one: int) -> None:
        """Somebody else is picked then."""


class First:
    """Some flows first, each to its end; at a turn of one of them others overtake it.

    Args:
        order: who goes before whom.
        one: a flow that begins before all of them.
        turns: how many effects of it come first.
    """

    def __init__(self, order: Sequence[int], one: int = -1, turns: int = 0) -> None:
        self._order = list(order)
        self._one = one
        self._turns = turns

    def pick(self, able: Mapping[int, str]) -> int:
        """The first that can go."""
        if self._turns and self._one in able:
            self._turns -= 1
            return self._one
        return next((i for i in self._order if i in able), min(able))

    def blocked(self, one: int) -> None:
        """Whoever holds it goes on."""
