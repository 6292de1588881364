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
from viralcommerce.errors import StoreCorrupt, StoreError, UnknownCampaign
from viralcommerce.kinds import KINDS
from viralcommerce.messages import Accepted, Transfer
from viralcommerce.program import QuotaKey
from viralcommerce.rules.base import Kinds
from viralcommerce.rules.rewards import ENTRY
from viralcommerce.runtime.audit import CampaignAudit
from viralcommerce.runtime.books import Books
from viralcommerce.runtime.entries import entry_key
from viralcommerce.runtime.findings import MOST_PROBLEMS, UNREADABLE, Problem
from viralcommerce.runtime.ports import Cell, Line, Posting, Store
from viralcommerce.runtime.programs import Programs, thaw_decision
from viralcommerce.runtime.recollection import same
from viralcommerce.runtime.sealing import RefusedLine, Seal, Sealing, digest, mark, stands_alone
from viralcommerce.runtime.stamping import aware
from viralcommerce.runtime.waiting import ALL

AT_ONCE = 100
"""How many instances are sealed in one commit."""
HandOut = Callable[[Sequence[Line]], None]


class Archived(Struct, frozen=True, kw_only=True):
    """What came of archiving.

    Args:
        instances: how many were sealed.
        lines: of the journal that were dropped.
        problems: why instances were left: they cannot be read, or what they come to is not what
            is kept of them (at most `MOST_PROBLEMS` of a campaign).
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
        UnknownCampaign: the store has none of that name.
        NaiveTime: a moment without a zone.
        StoreError: the store could not be read or written; what was sealed stays so.
    """
    programs = Programs((), Codec(kinds), store.rules, asks_nobody=False)
    until = aware(before)
    there = store.campaigns()
    for name in campaigns:
        if name not in there:
            choices = ", ".join(there) or "none"
            raise UnknownCampaign(
                f"archive: no campaign {name!r:.60}; choose from: {choices}", name=name
            )
    every = [_Archiving(store, programs, name, until, to) for name in campaigns or there]
    for one in every:
        one.run()
    return Archived(
        instances=sum(one.instances for one in every),
        lines=sum(one.lines for one in every),
        problems=tuple(problem for one in every for problem in one.problems),
    )


class _Proved(Struct):
    """An instance that was proved: its seal, what its lines counted, and the lines.

    `names` are the ids of the awards it gave, and the keys of its commands.
    """

    seal: Seal
    used: dict[QuotaKey, int]
    keys: tuple[tuple[str, str, int], ...]
    lines: tuple[Line, ...]
    names: set[str]


class _Archiving:
    """The archiving of one campaign."""

    def __init__(
        self,
        store: Store,
        programs: Programs,
        name: str,
        before: datetime,
        to: HandOut | None,
    ) -> None:
        self.store = store
        self.programs = programs
        self.name = name
        self.before = before
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
            settled = self._settled(proved)
            if settled and not self._seal(settled):
                for one in settled:
                    self._seal([one])
        self._drop_refusals()

    def _settled(self, proved: Sequence[_Proved]) -> list[_Proved]:
        """Those of which no award waits, nor the entry that began them.

        Read after their lines: what was given before and does not wait is settled for good.
        """
        if not proved:
            return []
        owed: set[str] = set()
        for waiting in (*self.store.pending(ALL), *self.store.poisoned(ALL)):
            award = waiting.award
            owed.add(award.id)
            if award.reward == ENTRY:
                owed.add(entry_key(award.asset.partition("/")[2], award.id))
        return [one for one in proved if not one.names & owed]

    def _drop_refusals(self) -> None:
        """What was refused of what is sealed, or never began, as far back as is old enough."""
        some: list[tuple[Line, RefusedLine]] = []
        for line in self.store.journal(self.name):
            head = _head(line)
            if head is None or head.decision != "no" or head.command.at >= self.before:
                continue  # lines stand in the order they were written in, not in that of times
            some.append((line, RefusedLine(line, head.instance, head.command.key)))
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
            keys=tuple(sorted(key for one in proved for key in one.keys)),
            lines=tuple(line for one in proved for line in one.lines),
        )
        if not self.store.seal(work):
            return False
        self.instances += len(proved)
        self.lines += sum(one.seal.lines for one in proved)
        return True

    def _proved(self, instance: str, cell: Cell) -> Iterator[_Proved]:
        """The instance, if it may go, and comes to what is kept of it."""
        try:
            found = self._prove(instance, cell)
        except UNREADABLE as error:
            if isinstance(error, StoreError) and not isinstance(error, StoreCorrupt):
                raise
            found = [Problem(self.name, instance, f"cannot be read: {error}")]
        if isinstance(found, _Proved):
            yield found
        elif found and same(self.store.cell(self.name, instance), cell):
            # and not what somebody changed meanwhile
            self.problems += found[: MOST_PROBLEMS - len(self.problems)]

    def _prove(self, instance: str, cell: Cell) -> _Proved | list[Problem]:
        """What was proved, or all that does not add up; nothing where it may not go."""
        program = self.programs.pinned(self.name, cell.rules)
        if cell.held or not stands_alone(program):
            return []
        lines = tuple(self.store.history(self.name, instance))
        decisions = [thaw_decision(program, line.decision) for line in lines]
        if not lines or max(one.command.at for one in decisions) >= self.before:
            return []
        audit = CampaignAudit(self.store, self.programs, self.name)
        audit.books = rows = _Rows(self.name)
        found = [one for line in lines for one in audit.line(line)]
        replayed = audit.instances[instance]
        found += [Problem(self.name, instance, said) for said in replayed.differs(cell)]
        if found:
            return found
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
        given = {award.id for one in decisions for award in getattr(one, "awards", ())}
        bound = [
            (self.name, one.command.key, line.position)
            for line, one in zip(lines, decisions, strict=True)
            if _binds(one)
        ]
        names = given.union(one.command.key for one in decisions)
        return _Proved(seal, dict(audit.used), tuple(bound), lines, names)


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


def _head(line: Line) -> _Head | None:
    """What a line says of itself; nothing where it cannot be read."""
    text = line.decision
    try:
        return _decoder.decode(text if isinstance(text, bytes) else encode(text))
    except msgspec.MsgspecError:
        return None
