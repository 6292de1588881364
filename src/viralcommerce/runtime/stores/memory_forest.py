"""Cells in memory that hang under others: what hangs under each, and what stands above."""

from __future__ import annotations

from collections.abc import Mapping

from viralcommerce.runtime.ports import Cell, Place


class Below:
    """Which instances hang under each; a place is in it where anything does."""

    def __init__(self) -> None:
        self._names: dict[Place, set[str]] = {}

    def __contains__(self, place: object) -> bool:
        return place in self._names

    def of(self, place: Place) -> tuple[str, ...]:
        """The instances that hang under one, in no order."""
        return tuple(self._names.get(place, ()))

    def rebuild(self, cells: Mapping[Place, Cell]) -> None:
        """Begin anew, with cells that have other names."""
        self._names.clear()
        for place, cell in cells.items():
            self.hang(place, None, cell)

    def hang(self, place: Place, before: Cell | None, after: Cell) -> None:
        """Take note of where a cell hangs now."""
        old, new = "" if before is None else before.parent, after.parent
        if old == new:
            return
        name, instance = place
        if old:
            names = self._names[name, old]
            names.discard(instance)
            if not names:
                del self._names[name, old]
        if new:
            beside = self._names.get((name, new))
            if beside is None:
                self._names[name, new] = {instance}
            else:
                beside.add(instance)


def walked(place: Place, cells: Mapping[Place, Cell]) -> set[str]:
    """The instances from a cell up to the root, itself included; a circle is gone round once."""
    name, instance = place
    found: set[str] = set()
    while instance and instance not in found:
        found.add(instance)
        cell = cells.get((name, instance))
        instance = "" if cell is None else cell.parent
    return found
