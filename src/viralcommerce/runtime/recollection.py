"""Recollection: what a process remembers of instances that everybody is at.

So that a batch can be rehearsed before anything is read. It is a guess, never an answer: what is
locked is compared with it by value, whoever wrote it and however (a restored database, an id that
was erased), and where anything differs, what was decided on the guess is thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from viralcommerce.codec import encode
from viralcommerce.messages import State
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.ports import Cell, Found, Place

MOST_CELLS: Final = 100
MOST_QUOTAS: Final = 10_000
"""How much is remembered; then it is forgotten."""


class Recollection:
    """Instances and quotas as the last commits of this process left them; safe for threads."""

    __slots__ = ("_cells", "used")

    def __init__(self) -> None:
        self._cells: dict[Place, Cell] = {}
        self.used: dict[QuotaKey, int] = {}

    def guess(self, places: Sequence[Place]) -> Found | None:
        """What the store has, as far as this process knows; nothing where it does not."""
        cells = self._cells
        found = {place: cells[place] for place in places if place in cells}
        if len(found) < len(places):
            return None
        return Found(decisions={}, cells=found, used={})

    def note(self, batch: Batch) -> None:
        """Remember what a commit wrote, of instances that it changed more than once."""
        if len(self._cells) > MOST_CELLS:
            self._cells = {}
        if len(self.used) > MOST_QUOTAS:
            self.used = {}
        before = batch.found.cells
        for place, cell in batch.cells.items():
            found = before.get(place)
            if cell.version > (1 if found is None else found.version + 1):
                self._cells[place] = cell
        for key, count in batch.counted.items():
            self.used[key] = count + batch.used.get(key, 0)

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
