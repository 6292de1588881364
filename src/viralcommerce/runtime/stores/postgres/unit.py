"""A unit of work on PostgreSQL as scripts of round trips, with no I/O: for sync and async shells.

Two or three round trips a command. `lock` begins a transaction and takes transaction-level
advisory locks: the gate and members, shared; keys and cells sorted by hash, then quotas sorted by
hash; the next statement, on a new snapshot, reads. `commit` sends everything and the commit at
once; what cannot be written fails in the server, and undoes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import structs

from viralcommerce.errors import StoreCorrupt
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.ports import (
    Cell,
    CellWrite,
    Found,
    Place,
    Short,
    Stale,
    Wanted,
    Writes,
)
from viralcommerce.runtime.stores.postgres.failures import (
    DIVISION_BY_ZERO,
    INVALID_TRANSACTION,
    NOT_AS_IT_IS,
    SERIALIZATION,
    UNIQUE,
    Failed,
)
from viralcommerce.runtime.stores.postgres.hot import (
    ALL,
    ANY,
    MINE,
    SAVEPOINT,
    UNDO,
    Change,
    Shards,
)
from viralcommerce.runtime.stores.postgres.statements import (
    CHAIN,
    PLACE,
    QUOTA,
    Part,
    Rows,
    Statements,
    Step,
    arrays,
    gate,
    lock_hash,
    locking,
    whole,
)
from viralcommerce.runtime.stores.postgres.tombstones import Tombstones
from viralcommerce.runtime.stores.postgres.transactions import HOSTED, OWN, Script, Trip
from viralcommerce.runtime.stores.postgres.writing import as_supposed, body
from viralcommerce.runtime.stores.rows import to_cell


class Unit:
    """One unit of work.

    Args:
        statements: of the schema.
        gated: the same, written only where a hot quota was taken.
        shards: of its hot quotas.
        known: the hashes of campaigns that are known to be stored.
        tombstones: of the schema.
        hosted: whether the transaction is the host's, and this is a savepoint in it.

    Attributes:
        mine: which row of a hot quota to take from first; any number, the connection's own.
        begun: whether anything may be locked.
        committing: whether the commit was sent and not answered yet.
    """

    def __init__(
        self,
        statements: Statements,
        gated: Statements,
        shards: Shards,
        known: set[str],
        tombstones: Tombstones,
        *,
        hosted: bool,
    ) -> None:
        self._statements = statements
        self._gated = gated
        self._shards = shards
        self._known = known
        self._tombstones = tombstones
        self._hosted = hosted
        self._begin, self._finish, self._undo = (
            [Step(sql) for sql in steps] for steps in (HOSTED if hosted else OWN)
        )
        self._how = ANY
        self._wrote = False
        self.mine = 0
        self.begun = False
        self.committing = False

    def look(self, wanted: Wanted) -> Script[Found]:
        """Read without locking; inside the savepoint where the transaction is the host's."""
        trip: Trip = []
        if self._hosted and not self.begun:
            trip = list(self._begin)
            self.begun = True
        before = len(trip)
        trip += self._reads(wanted)
        rows = yield trip
        return self._found(wanted, rows[before:])

    def lock(self, wanted: Wanted) -> Script[Found]:
        """Lock, then read."""
        trip = [] if self.begun else list(self._begin)
        self.begun = True
        trip += self._locks(wanted)
        if self._hosted and (wanted.cells or wanted.decisions):
            trip.append(self._tombstones.seen)
        before = len(trip)
        reads = self._reads(wanted)
        if not wanted.decisions and not wanted.cells:
            rows = yield [*trip, *reads]
            return self._found(wanted, rows[before:])
        if _is_one(wanted):
            rows = yield [*trip, self._tombstones.beside(reads[0], wanted), *reads[1:]]
            marked, rows[before] = self._tombstones.apart(rows[before])
        else:
            *rows, marked = yield [*trip, *reads, self._tombstones.step(wanted)]
        if (
            self._hosted
            and rows[before - 1]
            and (wanted.chains or wanted.branches or wanted.walks)
        ):
            raise Failed(NOT_AS_IT_IS, INVALID_TRANSACTION)
        if self._tombstones.learn(marked):
            (marked,) = yield [self._tombstones.step(wanted)]
        found = self._found(wanted, rows[before:])
        gone = self._tombstones.gone(wanted, marked)
        return structs.replace(found, gone=gone) if gone else found

    def undo(self, *, failed: bool = False) -> Script[None]:
        """Let the locks go; what was not committed never happened.

        A transaction that wrote nothing is committed: psycopg forgets its plans at a rollback.
        """
        if self.begun:
            self.begun = False
            yield list(self._undo if self._wrote or failed else self._finish)

    def rules(self, digest: str) -> Script[bytes]:
        """A campaign's JSON by hash."""
        rows = yield [Step(self._statements.rules, (digest,), answers=True)]
        if not rows[0]:
            raise StoreCorrupt(
                f"{self._statements.schema}: no rules with the hash {digest}; restore its table"
            )
        text: str = rows[0][0][0]
        return text.encode()

    def commit(self, writes: Writes) -> Script[Short | Stale | None]:
        """Write all and commit, or say what is short or stale."""
        trip = [] if self.begun else list(self._begin)
        self.begun = self._wrote = True
        hot = self._hot(writes)
        if any(key in self._shards.tight for key, _ in hot):
            self._how = ALL
        fast = bool(hot) and self._how != ALL
        straight = self._hosted and self._how == ANY and len(hot) == 1
        if fast and straight and self._shards.is_roomy(hot[0][0]):
            return (yield from self._through(trip, hot[0], writes))
        parts, guards = body(self._statements, writes, self._known)
        if fast and self._hosted:
            steps = self._shards.fast(hot, self.mine, self._how, must=False)
            taken = yield [*trip, SAVEPOINT, *steps]
            trip = []
            if not all(taken[-len(hot) :]):
                yield [UNDO]
                self._how += 1
                return (yield from self.commit(writes))
            for key, _ in hot:
                self._shards.took(key)
        elif fast:
            trip += [SAVEPOINT, *self._must_take(hot, self._how, parts, guards)]
        if hot and not fast:
            rows = yield [*trip, *self._shards.hold(hot)]
            trip = []
            held = {key: rows[2 * i - 2 * len(hot) + 1] for i, (key, _) in enumerate(hot)}
            short = self._shards.short(hot, held)
            if short is not None:
                return short
            trip += self._shards.careful(hot, held)
        if parts:
            trip.append(whole(parts, guards))
        try:
            yield from self._write([*trip, *self._finish])
        except Failed as error:
            if error.state == DIVISION_BY_ZERO and fast and not self._hosted:
                self.committing = False
                yield [UNDO]
                self._how += 1
                return (yield from self.commit(writes))
            return (yield from self._refused(error, writes))
        if not self._hosted:
            self._known.update(writes.rules)
        return None

    def commit_if(self, wanted: Wanted, supposed: Found, writes: Writes) -> Script[bool]:
        """Lock, and write all and commit if what is there is what was supposed.

        Whatever is in the way is an error in the server, and undoes it. In a transaction of the
        host, and where a hot quota is nearly drained, it is not tried.
        """
        hot = self._hot(writes)
        if self._hosted or any(key in self._shards.tight for key, _ in hot):
            return False
        parts, guards = body(self._statements, writes, self._known)
        found, exact = as_supposed(self._statements, wanted, supposed)
        parts |= found
        guards |= exact
        if wanted.members or wanted.decisions or wanted.cells:
            parts["gone"] = self._tombstones.in_the_way(wanted)
            guards["gone"] = 0
        trip = [*([] if self.begun else self._begin), *self._locks(wanted)]
        trip += self._must_take(hot, ANY, parts, guards)
        self.begun = self._wrote = True
        try:
            yield from self._write([*trip, whole(parts, guards), *self._finish])
        except Failed as error:
            if error.state not in (DIVISION_BY_ZERO, UNIQUE):
                raise
            self.committing = False
            yield from self.undo(failed=True)
            self._wrote = False
            return False
        self._known.update(writes.rules)
        return True

    def _must_take(
        self, hot: Sequence[Change], how: int, parts: dict[str, Part], guards: dict[str, int]
    ) -> Trip:
        """Take hot quotas, or fail: one among the parts, more in steps before them."""
        if len(hot) != 1:
            return self._shards.fast(hot, self.mine, how, must=True)
        parts["hot"], guards["hot"] = self._shards.fast_part(hot[0], self.mine, how), 1
        return []

    def _hot(self, writes: Writes) -> list[Change]:
        return sorted(
            (key, change)
            for key, change in writes.hot.items()
            if change.cap is not None or change.change
        )

    def _locks(self, wanted: Wanted) -> Trip:
        places = [("key", *place) for place in wanted.decisions]
        places += [("cell", *place) for place in wanted.cells]
        hashes = self._hashes(places) + self._hashes(("quota", *key) for key in wanted.quotas)
        shared = self._hashes(("member", member) for member in wanted.members)
        if places:
            shared.insert(0, gate(self._statements.schema))
        return locking(hashes, shared)

    def _through(self, trip: Trip, hot: Change, writes: Writes) -> Script[Short | Stale | None]:
        """Take one hot quota and write all the rest in one statement.

        Nothing is written, and no row is held, where others are at every row. A row that is free
        and does not cover the change is an error, so that it is let go, and all begins again; it
        is rare, see `Shards.is_roomy`.
        """
        parts, guards = body(self._gated, writes, self._known)
        all_of_it = {**self._shards.straight(hot, self.mine), **parts}
        try:
            rows = yield [*trip, whole(all_of_it, guards, gated=True), *self._finish]
        except Failed as error:
            if error.state != DIVISION_BY_ZERO:
                return (yield from self._refused(error, writes))
            self._shards.missed(hot[0])
            yield from self.undo(failed=True)
            return Stale(writes.cells[0].place if writes.cells else ("", ""))
        self.begun = False
        if rows[len(trip)][0][0]:
            return None
        self._how = MINE
        return (yield from self.commit(writes))

    def _refused(self, error: Failed, writes: Writes) -> Script[Stale]:
        """What was stale, where that is why the server refused it."""
        twin = error.state == UNIQUE and error.constraint == "keys_pkey"
        if not twin and error.state != DIVISION_BY_ZERO:
            raise error
        return (yield from self._stale(writes.cells))

    def _write(self, trip: Trip) -> Script[None]:
        self.committing = True
        yield trip
        self.committing = False
        self.begun = False

    def _stale(self, cells: Sequence[CellWrite]) -> Script[Stale]:
        """Undo, and find the cell that was not at the version that was read."""
        self.committing = False
        yield from self.undo()
        places = tuple(sorted(write.place for write in cells))
        found = yield from self.look(Wanted(cells=places))
        for write in cells:
            cell = found.cells.get(write.place)
            if (0 if cell is None else cell.version) != write.expected:
                return Stale(write.place)
        if self._hosted:
            raise Failed("what others wrote is not seen in this transaction", SERIALIZATION)
        return Stale(cells[0].place if cells else ("", ""))

    def _hashes(self, names: Iterable[tuple[str, ...]]) -> list[int]:
        schema = self._statements.schema
        return sorted(lock_hash(schema, name) for name in names)

    def _reads(self, wanted: Wanted) -> Trip:
        statements = self._statements
        decisions, cells, quotas = wanted.decisions, wanted.cells, wanted.quotas
        trip: Trip = []
        if _is_one(wanted):
            trip.append(Step(statements.one, (*decisions[0], *cells[0]), answers=True))
        else:
            for sql, keys in ((statements.decisions, decisions), (statements.cells, cells)):
                if keys:
                    trip.append(Step(sql, arrays(PLACE, keys), answers=True))
        if quotas:
            trip.append(Step(statements.quotas, arrays(QUOTA, quotas), answers=True))
        forest = statements.forest
        if wanted.chains:
            chains = arrays(CHAIN, wanted.chains)
            trip.append(Step(forest.chains.encode(), chains, answers=True))
        if wanted.branches:
            branches = arrays(PLACE, wanted.branches)
            trip.append(Step(forest.branches.encode(), branches, answers=True))
        trip += (
            Step(forest.walk.encode(), (instance, name), answers=True)
            for name, instance in wanted.walks
        )
        if wanted.histories:
            histories = arrays(PLACE, wanted.histories)
            trip.append(Step(statements.histories, histories, answers=True))
        return trip

    def _found(self, wanted: Wanted, rows: list[Rows]) -> Found:
        answers = iter(rows)
        decisions: dict[Place, Any] = {}
        cells: dict[Place, Cell] = {}
        if _is_one(wanted):
            ((decision, *cell),) = next(answers)
            if decision is not None:
                decisions[wanted.decisions[0]] = decision.encode()
            if cell[0] is not None:
                cells[wanted.cells[0]] = to_cell(tuple(cell))
        else:
            if wanted.decisions:
                decisions = {(name, key): text.encode() for name, key, text in next(answers)}
            if wanted.cells:
                cells = {(row[0], row[1]): to_cell(row[2:]) for row in next(answers)}
        used: dict[QuotaKey, int] = dict.fromkeys(wanted.quotas, 0)
        if wanted.quotas:
            used |= {(row[0], row[1], row[2], row[3]): row[4] for row in next(answers)}
        seen: dict[Place, Cell] = {}
        if wanted.chains:
            seen = {(row[0], row[1]): to_cell(row[2:]) for row in next(answers)}
        branches = {(row[0], row[1]) for row in next(answers)} if wanted.branches else set()
        above = {place: {row[0] for row in next(answers)} for place in wanted.walks}
        histories: dict[Place, list[bytes]] = {place: [] for place in wanted.histories}
        for name, instance, text in next(answers) if wanted.histories else ():
            histories[name, instance].append(text.encode())
        return Found(
            decisions=decisions,
            cells=cells,
            used=used,
            seen=seen,
            branches=branches,
            above=above,
            histories=histories,
        )


def _is_one(wanted: Wanted) -> bool:
    """Whether one command is at work, whose key and instance are read in one statement."""
    return len(wanted.decisions) == 1 and len(wanted.cells) == 1
