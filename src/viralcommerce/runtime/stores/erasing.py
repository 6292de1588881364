"""How SQL stores forget: one script of statements for all of them, with no I/O.

Everything that may name the member is found by its text, read, rewritten as messages
(`rewriting.Rewriting`) and put back. Reading the journal takes as long as it is, and locks
nothing; then the member is locked, and the instances that name them.

What is written meanwhile, and what others go on writing (a key, a new instance with the id in its
name), is rewritten in all tables or in none: rows that appear come with a line of the journal, and
as long as there are new lines, everything is gone through once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from msgspec import structs

from viralcommerce.codec import encode
from viralcommerce.errors import StoreBusy
from viralcommerce.runtime.erasure import (
    SALT,
    Erasure,
    Forgotten,
    still_owed,
)
from viralcommerce.runtime.ports import Cell, Decision, Part, Place
from viralcommerce.runtime.rewriting import Rewriting
from viralcommerce.runtime.sealing import Seal
from viralcommerce.runtime.stores.erasing_rows import (
    amend,
    put_lines,
    put_postings,
    put_tombstones,
)
from viralcommerce.runtime.stores.rows import (
    CELL_COLUMNS,
    PENDING_COLUMNS,
    POSTING_COLUMNS,
    SEAL_COLUMNS,
    moment,
    to_cell,
    to_life,
    to_pending,
    to_seal,
)
from viralcommerce.runtime.stores.said import PAGE, Rows, Said, Script, by_trips

ROUNDS: Final = 16
"""How often everything is gone through, while others go on writing of them."""


class Dialect(Protocol):
    """What databases do each in their way."""

    holds: str
    """A function of a text and a part of it; above 0 where the one has the other."""
    keeps: str
    """What keeps rows that are selected from others until the end; nothing where all are kept."""

    def begin(self, erasure: Erasure) -> Script[None]:
        """Begin; what is written from now on is news."""
        ...

    def lock(self, places: Sequence[Place]) -> Script[bool]:
        """Lock the member against all that names them, the first time; and instances.

        Returns:
            Whether somebody else was forgotten since `begin`, who may have named them.
        """
        ...

    def news(self, escaped: str) -> Script[list[int]]:
        """The positions of the journal lines with a text that others have written since the last
        time, or since `begin`.
        """
        ...


def forgetting(dialect: Dialect, erasure: Erasure) -> Script[Forgotten]:
    """Forget a member; the transaction is left open, to be committed or undone.

    Raises:
        StillOwed: the outbox holds what would have to be rewritten.
        StoreCorrupt: something that names them cannot be read.
        StoreBusy: others write of them faster than it is rewritten.
    """
    yield from dialect.begin(erasure)
    return (yield from _Forgetting(dialect, erasure).run())


class _Forgetting:
    """The tables of a store, while a member is being forgotten."""

    def __init__(self, dialect: Dialect, erasure: Erasure) -> None:
        self.dialect = dialect
        self.erasure = erasure
        self.rules: dict[str, bytes] = {}
        self.rewriting = Rewriting(erasure, self.rules)
        self.raw = erasure.member
        self.escaped = encode(erasure.member).decode()[1:-1]
        self.locked: set[Place] = set()
        self.marks: dict[Place, int] = {}

    def run(self) -> Script[Forgotten]:
        done = Counter[str]()
        lines = yield from self._notice()
        for _ in range(ROUNDS):
            if (yield from self._lock()):  # what was found may have other names now
                lines = yield from self._notice()
                continue
            late = yield from self._news()
            if late:  # what it is about is not locked yet
                lines += late
                continue
            done["outbox"] += yield from self._outbox()
            done["lines"] += yield from self._lines(lines)
            done["cells"] += yield from self._cells()
            done["quotas"] += yield from self._quotas()
            done["postings"] += yield from self._postings()
            done["parts"] += yield from self._parts()
            done["lives"] += yield from self._lives()
            yield from self._seals()
            lines = yield from self._news()
            if not lines:
                break
        else:
            raise StoreBusy(
                f"forget: others were writing of {self.raw!r:.60} all the time; nothing was "
                "rewritten; try again"
            )
        if not done.total():
            return Forgotten()
        yield from self._tombstones()
        return structs.replace(Forgotten(pseudonym=self.erasure.pseudonym), **done)

    def _has(self, column: str) -> str:
        return f"{self.dialect.holds}({column}, %s) > 0"

    def _notice(self) -> Script[list[int]]:
        """Find the lines that may name them, and learn in which instances they took part."""
        last = 0
        lines: list[int] = []
        while True:
            sql = (
                "select position, decision from {s}journal where position > %s and "
                f"{self._has('decision')} order by position limit {PAGE}"
            )
            (rows,) = yield from self._with_rules(Said(sql, (last, self.escaped)))
            for position, text in rows:
                self.rewriting.notice(text.encode())
                lines.append(position)
            if len(rows) < PAGE:
                break
            last = rows[-1][0]
        yield from self._each_cell(self.rewriting.notice_cell)
        sql = "select campaign, instance from {s}parts where member = %s"
        (rows,) = yield [Said(sql, (self.raw,))]
        self.rewriting.own.update((campaign, instance) for campaign, instance in rows)
        return lines

    def _news(self) -> Script[list[int]]:
        """Lines that may name them, written since the last time; learn of them, too."""
        positions = yield from self.dialect.news(self.escaped)
        sql = "select decision from {s}journal where position = %s"
        for some in by_trips(positions):
            for rows in (yield from self._with_rules(*[Said(sql, (one,)) for one in some])):
                for (text,) in rows:
                    self.rewriting.notice(text.encode())
        return positions

    def _lock(self) -> Script[bool]:
        """Lock what they take part in, and every cell that is to be rewritten."""
        places = set(self.rewriting.own)
        yield from self._each_cell(lambda place, cell: places.update(self._put_cell(place, cell)))
        is_late = yield from self.dialect.lock(sorted(places - self.locked))
        self.locked |= places
        return is_late

    def _with_rules(self, *said: Said) -> Script[list[Rows]]:
        """The rows of each, once the rules that they are of are known: new rows may have new."""
        *answers, rules = yield [*said, Said("select hash, campaign from {s}rules")]
        self.rules.update((digest, text.encode()) for digest, text in rules)
        return answers

    def _each_cell(self, look: Callable[[Place, Cell], object]) -> Script[None]:
        """Look at every cell that may name them."""
        sql = self._cells_where("(campaign, instance) > (%s, %s)")
        sql += f" order by campaign, instance limit {PAGE}"
        last: Place = ("", "")
        while True:
            texts = (self.escaped, self.raw, self.raw)
            (rows,) = yield from self._with_rules(Said(sql, (*last, *texts)))
            for campaign, instance, *columns in rows:
                look((campaign, instance), to_cell(tuple(columns)))
            if len(rows) < PAGE:
                return
            last = rows[-1][:2]

    def _cells_where(self, place: str) -> str:
        texts = f"{self._has('state')} or {self._has('instance')} or {self._has('parent')}"
        columns = f"campaign, instance, {CELL_COLUMNS}"
        return f"select {columns} from {{s}}cells where {place} and ({texts})"

    def _put_cell(self, place: Place, cell: Cell) -> dict[Place, Said]:
        """How a cell is rewritten, by its place; nothing where it stays."""
        name = self.rewriting.instance(place)
        new = self.rewriting.cell(place, cell)
        state = encode(new.state)
        if (name, state, new.parent) == (place[1], cell.state, cell.parent):
            return {}
        sql = "update {s}cells set instance = %s, state = %s, parent = %s "
        sql += "where campaign = %s and instance = %s"
        return {place: Said(sql, (name, state.decode(), new.parent, *place))}

    def _outbox(self) -> Script[int]:
        """What is set aside in the outbox; refuses while something is on its way."""
        sql = (
            f"select due, {PENDING_COLUMNS} from {{s}}outbox "
            f"where {self._has('award')} or {self._has('error')}{self.dialect.keeps}"
        )
        (rows,) = yield [Said(sql, (self.escaped, self.raw))]
        every = [(due, to_pending(tuple(columns))) for due, *columns in rows]
        both = [(due, old, self.rewriting.pending(old)) for due, old in every]
        still = [old.award for due, old, new in both if due is not None and new.award != old.award]
        if still:
            raise still_owed(self.raw, still)
        sql = "update {s}outbox set member = %s, award = %s, error = %s where position = %s"
        puts = [
            Said(sql, (new.award.to, encode(new.award).decode(), new.error, new.position))
            for _, old, new in both
            if new != old
        ]
        yield from self._write(iter(puts))
        return len(puts)

    def _read(self, positions: Iterable[int]) -> Script[list[tuple[int, Decision]]]:
        """Lines of the journal, as they are now."""
        found: list[tuple[int, Decision]] = []
        sql = "select position, decision from {s}journal where position = %s"
        for some in by_trips(positions):
            answers = yield [Said(sql, (position,)) for position in some]
            found += [
                (position, self.rewriting.thawed(text.encode()))
                for rows in answers
                for position, text in rows
            ]
        return found

    def _write(self, statements: Iterator[Said]) -> Script[None]:
        for some in by_trips(statements):
            yield list(some)

    def _lines(self, positions: Iterable[int]) -> Script[int]:
        changed = 0
        for some in by_trips(positions):
            lines = yield from self._read(some)
            news = [(at, old, self.rewriting.decision(old)) for at, old in lines]
            different = [(at, old, new) for at, old, new in news if new != old]
            changed += len(different)
            yield from self._write(put_lines(different))
        return changed

    def _cells(self) -> Script[int]:
        changed = 0
        sql = self._cells_where("campaign = %s and instance = %s")
        texts = (self.escaped, self.raw, self.raw)
        for some in by_trips(sorted(self.locked)):
            puts: list[Said] = []
            for rows in (yield [Said(sql, (*place, *texts)) for place in some]):
                for campaign, instance, *columns in rows:
                    place = (campaign, instance)
                    puts += self._put_cell(place, to_cell(tuple(columns))).values()
            yield from self._write(iter(puts))
            changed += len(puts)
        return changed

    def _quotas(self) -> Script[int]:
        has = self._has("scope")
        sql = f"select distinct campaign, name, scope, period from {{s}}quotas where {has}"
        (rows,) = yield [Said(sql, (self.raw,))]
        puts = [
            Said(
                "update {s}quotas set scope = %s where campaign = %s and name = %s "
                "and scope = %s and period = %s",
                (new[2], *old),
            )
            for old in rows
            if (new := self.rewriting.quota(old)) != old
        ]
        yield from self._write(iter(puts))
        return len(puts)

    def _postings(self) -> Script[int]:
        texts = ("id", "instance", "source", "target", "reverses")
        anywhere = " or ".join(map(self._has, texts))
        sql = (
            f"select position, {POSTING_COLUMNS} from {{s}}ledger where position > %s "
            f"and ({anywhere} or {self._has('award')}) order by position limit {PAGE}"
        )
        changed = last = 0
        while True:
            (rows,) = yield [Said(sql, (last, *[self.raw] * len(texts), self.escaped))]
            puts = list(put_postings(self.rewriting, rows, self.marks))
            changed += len(puts)
            yield from self._write(iter(puts))
            if len(rows) < PAGE:
                return changed
            last = rows[-1][0]

    def _parts(self) -> Script[int]:
        sql = (
            "select campaign, member, role, instance, at from {s}parts "
            f"where member = %s or {self._has('instance')}"
        )
        (rows,) = yield [Said(sql, (self.raw, self.raw))]
        puts: list[Said] = []
        for campaign, member, role, instance, at in rows:
            old = Part(campaign, member, role, instance, moment(at))
            new = self.rewriting.part(old)
            if new != old:
                amend(self.marks, old, new)
                sql = "update {s}parts set member = %s, instance = %s where member = %s "
                sql += "and campaign = %s and instance = %s and role = %s"
                values = (new.member, new.instance, member, campaign, instance, role)
                puts.append(Said(sql, values))
        yield from self._write(iter(puts))
        return len(puts)

    def _seals(self) -> Script[None]:
        """The seals of what they took part in, and what its lines counted."""
        has = f"{self._has('state')} or {self._has('instance')}"
        wanted = [
            Said(f"select {SEAL_COLUMNS} from {{s}}seals where {has}", (self.escaped, self.raw))
        ]
        one = f"select {SEAL_COLUMNS} from {{s}}seals where campaign = %s and instance = %s"
        wanted += [Said(one, place) for place in sorted(self.marks)]
        found: dict[Place, Seal] = {}
        for said in by_trips(wanted):
            for rows in (yield said):
                found |= {(row[0], row[1]): to_seal(row) for row in rows}
        puts: list[Said] = []
        for place, seal in found.items():
            new = self.rewriting.seal(seal, self.marks.get(place, 0))
            sql = "update {s}seals set instance = %s, state = %s, digest = %s "
            sql += "where campaign = %s and instance = %s"
            state = encode(new.state).decode()
            puts.append(Said(sql, (new.instance, state, new.digest, *place)))
        sql = "select campaign, name, scope, period from {s}sealed_quotas where "
        (rows,) = yield [Said(sql + self._has("scope"), (self.raw,))]
        sql = "update {s}sealed_quotas set scope = %s where campaign = %s and name = %s "
        sql += "and scope = %s and period = %s"
        for key in rows:
            now = self.rewriting.quota(key)
            if now != key:
                puts.append(Said(sql, (now[2], *key)))
        yield from self._write(iter(puts))
        self.marks = {}

    def _lives(self) -> Script[int]:
        sql = f"select id, life from {{s}}lives where {self._has('life')}"
        (rows,) = yield [Said(sql, (self.escaped,))]
        puts = [
            Said("update {s}lives set life = %s where id = %s", (encode(new).decode(), ident))
            for ident, text in rows
            if (new := self.rewriting.life(old := to_life(text))) != old
        ]
        yield from self._write(iter(puts))
        return len(puts)

    def _tombstones(self) -> Script[None]:
        put = Said(
            "insert into {s}meta (name, value) values (%s, %s) on conflict (name) do nothing",
            (SALT, self.erasure.salt),
        )
        get = Said("select value from {s}meta where name = %s", (SALT,))
        ((salt,),) = (yield [put, get])[1]
        yield from self._write(put_tombstones(salt, self.rewriting.names, self.erasure))
