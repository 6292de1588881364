"""Archiving: the journal of what is over is proved once more, handed out, and dropped.

What may go are the lines of instances that are over: without a deadline, whose commands all came
before a moment, of a game whose instances stand alone, with nothing in the outbox; and refusals
of what is sealed or never began. Before they go they are audited; a seal keeps what came of them.
What can be proved afterwards:

- that no cell, part, ledger row or quota of theirs has changed since, and all that came after;
- by the lines that were handed out, that they came to this seal: their digest is in it.

What cannot: why a decision was what it was, without those lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from viralcommerce.codec import Codec, encode
from viralcommerce.kinds import KINDS
from viralcommerce.messages import Accepted, Transfer
from viralcommerce.program import QuotaKey
from viralcommerce.rules.base import Kinds
from viralcommerce.runtime.audit import CampaignAudit
from viralcommerce.runtime.books import Books
from viralcommerce.runtime.findings import Problem
from viralcommerce.runtime.ports import Cell, Line, Place, Posting, Store
from viralcommerce.runtime.programs import Programs, thaw_decision
from viralcommerce.runtime.sealing import RefusedLine, Seal, Sealing, digest, mark, stands_alone
from viralcommerce.runtime.waiting import ALL

AT_ONCE = 100
"""How many instances are sealed in one commit."""
HandOut = Callable[[Sequence[Line]], None]


class Archived(Struct, frozen=True, kw_only=True):
    """What came of archiving.

    Args:
        instances: how many were sealed.
        lines: of the journal that were dropped.
        problems: why instances were left: what they come to is not what is kept of them.
    """

    instances: int
    lines: int
    problems: tuple[Problem, ...]


def archive(
    store: Store,
    *,
    before: datetime,
    to: HandOut | None = None,
    kinds: Kinds = KINDS,
    campaigns: Sequence[str] = (),
) -> Archived:
    """Seal what is over and older than a moment, and drop its journal lines and keys.

    Beside commands; interrupted, it goes on where it was the next time it is called. Lines are
    handed out before they are dropped, so after an interruption some are handed out again.

    Args:
        store: on disk.
        before: the commands of an instance all came before it.
        to: gets the lines of some instances at a time, and keeps them; nobody, unless said.
        kinds: the closed mapping of rule kinds.
        campaigns: the store's names of them; all unless said.

    Raises:
        NotLive: a store that keeps everything.
        StoreError: the store could not be read or written; what was sealed stays so.
    """
    programs = Programs((), Codec(kinds), store.rules, asks_nobody=False)
    owed = {one.award.id for one in (*store.pending(ALL), *store.poisoned(ALL))}
    every = [
        _Archiving(store, programs, name, before, owed, to)
        for name in campaigns or store.campaigns()
    ]
    for one in every:
        one.run()
    return Archived(
        instances=sum(one.instances for one in every),
        lines=sum(one.lines for one in every),
        problems=tuple(problem for one in every for problem in one.problems),
    )


class _Proved(Struct):
    """An instance that was proved: its seal, what its lines counted, and the lines."""

    seal: Seal
    used: dict[QuotaKey, int]
    keys: tuple[Place, ...]
    lines: tuple[Line, ...]


class _Archiving:
    """The archiving of one campaign."""

    def __init__(
        self,
        store: Store,
        programs: Programs,
        name: str,
        before: datetime,
        owed: set[str],
        to: HandOut | None,
    ) -> None:
        self.store = store
        self.programs = programs
        self.name = name
        self.before = before
        self.owed = owed
        self.to = to
        self.instances = 0
        self.lines = 0
        self.problems: list[Problem] = []

    def run(self) -> None:
        """Go through the instances by id."""
        after = ""
        while page := self.store.unsealed(self.name, after, AT_ONCE):
            after = page[-1][0]
            proved = [one for instance, cell in page for one in self._proved(instance, cell)]
            if proved and not self._seal(proved):
                for one in proved:
                    self._seal([one])
        self._drop_refusals()

    def _drop_refusals(self) -> None:
        """What was refused of what is sealed, or never began, as far back as is old enough."""
        some: list[tuple[Line, RefusedLine]] = []
        for line in self.store.journal(self.name):
            head = _head(line)
            if head.command.at >= self.before:
                break
            if head.decision == "no":
                refused = RefusedLine(line.position, head.instance, head.command.key)
                some.append((line, refused))
            if len(some) == AT_ONCE:
                self._drop(some)
                some = []
        self._drop(some)

    def _drop(self, some: Sequence[tuple[Line, RefusedLine]]) -> None:
        if some and self.to is not None:
            self.to([line for line, _ in some])
        if some:
            self.lines += self.store.drop_refusals(self.name, [refused for _, refused in some])

    def _seal(self, proved: Sequence[_Proved]) -> bool:
        used: dict[QuotaKey, int] = {}
        for one in proved:
            for key, count in one.used.items():
                used[key] = used.get(key, 0) + count
        if self.to is not None:
            self.to([line for one in proved for line in one.lines])
        work = Sealing(
            seals=tuple(one.seal for one in proved),
            quotas={key: count for key, count in used.items() if count},
            keys=tuple(sorted({key for one in proved for key in one.keys})),
        )
        if not self.store.seal(work):
            return False
        self.instances += len(proved)
        self.lines += sum(one.seal.lines for one in proved)
        return True

    def _proved(self, instance: str, cell: Cell) -> Iterator[_Proved]:
        """The instance, if it may go, and comes to what is kept of it."""
        program = self.programs.pinned(self.name, cell.rules)
        if not stands_alone(program):
            return
        lines = tuple(self.store.history(self.name, instance))
        decisions = [thaw_decision(program, line.decision) for line in lines]
        given = {award.id for one in decisions for award in getattr(one, "awards", ())}
        if not lines or max(one.command.at for one in decisions) >= self.before:
            return
        if given & self.owed:
            return
        audit = CampaignAudit(self.store, self.programs, self.name)
        audit.books = rows = _Rows(self.name)
        found = [one for line in lines for one in audit.line(line.position, line.decision)]
        replayed = audit.instances[instance]
        found += [Problem(self.name, instance, said) for said in replayed.differs(cell)]
        if found:
            self.problems += found
            return
        marks = [*rows.marks, *map(mark, audit.parts.all())]
        seal = Seal(
            campaign=self.name,
            instance=instance,
            rules=cell.rules,
            version=cell.version,
            state=cell.state,
            at=max(one.command.at for one in decisions),
            lines=len(lines),
            rows=len(marks),
            digest=digest(marks),
        )
        keys = tuple((self.name, one.command.key) for one in decisions if _binds(one))
        yield _Proved(seal, dict(audit.used), keys, lines)


class _Rows(Books):
    """Books that keep the mark of each row that follows from a journal."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._campaign = name
        self.marks: list[int] = []

    def note(self, decision: Accepted[Any, Any], transfers: Sequence[Transfer]) -> None:
        """Take note of the rows that follow from a decision."""
        for row in transfers:
            at = decision.command.at
            self.marks.append(mark(Posting(self._campaign, decision.instance, at, row)))


def _binds(decision: Any) -> bool:
    """Whether a decision was recorded under its key."""
    return isinstance(decision, Accepted) or decision.refusal.terminal


class _Command(Struct):
    key: str
    at: datetime


class _Head(Struct):
    """The part of a line that says what it was about, and how it ended."""

    decision: str
    instance: str
    command: _Command


_decoder: Final = msgspec.json.Decoder(_Head)


def _head(line: Line) -> _Head:
    text = line.decision
    return _decoder.decode(text if isinstance(text, bytes) else encode(text))
