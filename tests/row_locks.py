"""The memory store, locked row by row as a server does it: units of work go on side by side.

So that the explorer drives our protocol through every order in which rows can be locked, and not
only through the orders of whole commits. It answers what was asked and no more, and refuses to
write what is not locked.
"""

from __future__ import annotations

from typing import Any

from viralcommerce.errors import StoreBusy
from viralcommerce.runtime.ports import Cell, Found, Place, Short, Stale, Wanted, Writes
from viralcommerce.runtime.recollection import same
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.memory_forest import walked


def as_supposed(wanted: Wanted, found: Found, supposed: Found) -> bool:
    """Whether what was found under the locks is what was supposed."""
    return not (
        found.gone
        or found.decisions.keys() & set(wanted.decisions)
        or any(not same(found.cells.get(one), supposed.cells.get(one)) for one in wanted.cells)
        or any(found.used.get(key, 0) != supposed.used.get(key, 0) for key in wanted.quotas)
    )


class RowLocks(MemoryStore):
    """One lock a row; who finds it held is told at once that the store is busy."""

    def __init__(self) -> None:
        super().__init__(busy_after=0)
        self.held: dict[tuple[str, ...], _RowSession] = {}

    def session(self) -> Any:
        """Begin a unit of work."""
        return _RowSession(self)

    def answers(self, wanted: Wanted) -> Found:
        """What was asked, and no more."""
        cells, used = self._cells, self._used
        return Found(
            decisions={
                one: self._decisions[one] for one in wanted.decisions if one in self._decisions
            },
            cells={place: cells[place] for place in wanted.cells if place in cells},
            used={key: used.get(key, 0) for key in wanted.quotas},
            gone=self._found(wanted).gone,
            seen={place: cell for chain in wanted.chains for place, cell in self._line(*chain)},
            branches={place for place in wanted.branches if place in self._below},
            above={place: walked(place, cells) for place in wanted.walks},
            histories=self.histories(wanted.histories),
        )

    def _line(self, name: str, instance: str, levels: int) -> list[tuple[Place, Cell]]:
        found: list[tuple[Place, Cell]] = []
        cell = self._cells.get((name, instance))
        while cell is not None and len(found) <= levels:
            found.append(((name, instance), cell))
            instance = cell.parent
            cell = self._cells.get((name, instance))
        return found

    def write(self, writes: Writes) -> Short | Stale | None:
        """Write all, or say what is short or stale."""
        short = self._short(writes.hot)
        if short is not None:
            return short
        for write in writes.cells:
            before = self._cells.get(write.place)
            if write.expected != (0 if before is None else before.version):
                return Stale(write.place)
        self._write(writes)
        return None


class _RowSession:
    """A unit of work: holds the rows it named until `commit` or `close`."""

    rehearses = True

    def __init__(self, store: RowLocks) -> None:
        self._store = store

    def look(self, wanted: Wanted) -> Found:
        return self._store.answers(wanted)

    def lock(self, wanted: Wanted) -> Found:
        held = self._store.held
        for row in (
            *(("key", *one) for one in wanted.decisions),
            *(("cell", *one) for one in wanted.cells),
            *(("quota", *one) for one in wanted.quotas),
        ):
            if held.setdefault(row, self) is not self:
                raise StoreBusy(f"rows: {row} is held; nothing was written; try again")
        return self._store.answers(wanted)

    def commit(self, writes: Writes) -> Short | Stale | None:
        mine = {row for row, whose in self._store.held.items() if whose is self}
        scopes = {(row[1], *row[3:]) for row in mine if row[0] == "quota"}
        for write in writes.cells:
            assert ("cell", *write.place) in mine, f"{write.place} is written and not locked"
        for name, quota, *scope in writes.used:  # sums stand under the lock of their balance
            assert (name, *scope) in scopes, f"{quota} of {scope} is written and not locked"
        answer = self._store.write(writes)
        if not isinstance(answer, Short):
            self.close()
        return answer

    def commit_if(self, wanted: Wanted, supposed: Found, writes: Writes) -> bool:
        done = False
        try:
            found = self.lock(wanted)
            if as_supposed(wanted, found, supposed):
                done = self.commit(writes) is None
        finally:
            self.close()
        return done

    def rules(self, digest: str) -> bytes:
        return self._store.rules(digest)

    def close(self) -> None:
        held = self._store.held
        for row in [row for row, whose in held.items() if whose is self]:
            del held[row]
