"""Recollection: what a process remembers of instances that everybody is at.

So that a batch can be rehearsed before anything is read. It is a guess, never an answer: what is
locked is compared with it by value, whoever wrote it and however (a restored database, an id that
was erased), and where anything differs, what was decided on the guess is thrown away.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from viralcommerce.codec import encode
from viralcommerce.messages import State
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.ports import Cell, Found, Place, Wanted

MOST_CELLS: Final = 200
MOST_QUOTAS: Final = 10_000
"""How much is remembered."""
LUCKY: Final = 4
"""How often in a row a supposition is checked before it is acted on."""


class Recollection:
    """Instances and quotas as the last commits of this process left them; safe for threads."""

    __slots__ = ("_cells", "_doubted", "_right", "used")

    def __init__(self) -> None:
        self._cells: dict[Place, Cell] = {}
        self._doubted: frozenset[Place] = frozenset()
        self._right = 0
        self.used: dict[QuotaKey, int] = {}

    def guess(self, wanted: Wanted) -> Found | None:
        """What the store has of what is wanted, as far as this process knows; nothing where it
        does not, as of lines, branches, and what was given.
        """
        if wanted.chains or wanted.branches or wanted.walks or wanted.histories:
            return None
        found: dict[Place, Cell] = {}
        for place in wanted.cells:
            cell = self._cells.get(place)  # another thread may forget it
            if cell is None:
                return None
            found[place] = cell
        return Found(decisions={}, cells=found, used={})

    def note(self, batch: Batch) -> None:
        """Remember what a commit wrote; what was written longest ago is forgotten first."""
        cells = self._cells
        for place, cell in batch.cells.items():
            cells.pop(place, None)
            cells[place] = cell
        if len(cells) > MOST_CELLS:
            with suppress(RuntimeError):  # another thread forgets, too
                for place in list(itertools.islice(cells, len(cells) - MOST_CELLS)):
                    cells.pop(place, None)
        if len(self.used) > MOST_QUOTAS:
            self.used = {}
        for key, count in batch.counted.items():
            self.used[key] = count + batch.used.get(key, 0)

    def doubts(self, places: Sequence[Place]) -> bool:
        """Whether the last guess about one of these was wrong: others are at it, too."""
        return not self._doubted.isdisjoint(places)

    def doubt(self, places: Sequence[Place]) -> None:
        """A guess about these was wrong."""
        before = self._doubted if len(self._doubted) < MOST_CELLS else frozenset()
        self._doubted = before.union(places)

    def trust(self, places: Sequence[Place]) -> None:
        """A guess about these was right."""
        self._doubted = self._doubted.difference(places)

    @property
    def is_lucky(self) -> bool:
        """Whether quotas of instances that nobody remembered have been as supposed of late."""
        return self._right >= LUCKY

    def reckon(self, *, right: bool) -> None:
        """Note whether such quotas were as supposed."""
        self._right = self._right + 1 if right else 0

    def forget(self, places: Sequence[Place]) -> None:
        """Guess nothing about these until they are written again."""
        for place in places:
            self._cells.pop(place, None)


def same(one: Cell | None, other: Cell | None) -> bool:
    """Whether two cells are equal, in whatever form each has its state."""
    if one is None or other is None:
        return one is other
    return (
        one.version == other.version
        and one.rules == other.rules
        and one.deadline == other.deadline
        and one.held == other.held
        and one.parent == other.parent
        and _text(one.state) == _text(other.state)
    )


def _text(state: object) -> object:
    return encode(state) if isinstance(state, State) else state
