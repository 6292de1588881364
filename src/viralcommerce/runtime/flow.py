"""The flow: how commands run, written once, with no I/O.

A generator of effects that a shell performs::

    look    unlocked: keys seen? cells; the mechanic names the cast
    ask     the members port, once for the whole batch, under no lock
    lock    keys, cells, then the quotas that pricing counts on
    decide  each command in a row, on what the ones before it left
    commit  cells, journal, ledger, quotas, outbox and keys: all or nothing

One command is a batch of one.

Laws:
    A batch answers as its commands would one by one, and leaves the same tables.
    The host is never asked under a lock.
    A key answers with its recorded decision for ever; a transient refusal leaves it free.
    A hot quota found short is priced again with what is left; it is never passed.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, structs

from viralcommerce.decider import NOTHING_PROMISED, Reached
from viralcommerce.errors import KeyReused, MembersFailed, StoreBusy
from viralcommerce.messages import BY_CLOCK, Accepted, Command, Event, Refusal, Refused, State
from viralcommerce.pricing import Facts, Pricing, QuotaKey
from viralcommerce.program import Program
from viralcommerce.refusals import (
    FactMissing,
    LimitReached,
    NotEligible,
    NotYetOpen,
    WindowClosed,
)
from viralcommerce.runtime.life import Life, life_refusal
from viralcommerce.runtime.ports import (
    Asked,
    Cell,
    CellWrite,
    Decision,
    Found,
    Place,
    Record,
    Short,
    Stale,
    Wanted,
    Writes,
)
from viralcommerce.runtime.programs import Programs, thaw_decision, thaw_state

RESTARTS: Final = 16
"""How often a flow begins again (a cast or a cell changed under it) before it gives up."""


class Look(Wanted, frozen=True, kw_only=True, gc=False):
    """Read without locking."""


class Lock(Wanted, frozen=True, kw_only=True, gc=False):
    """Lock and read."""


class Ask(Struct, frozen=True, gc=False):
    """Ask the host about members."""

    asked: tuple[Asked, ...]


class Restart(Struct, frozen=True, gc=False):
    """Release every lock: the flow begins again."""


Effect = Look | Ask | Lock | Writes | Restart
"""What a flow yields; `Writes` are to be committed."""
Outcome = Decision | KeyReused
Flow = Generator[Effect, Any, list[Outcome]]


class Request(Struct, frozen=True, gc=False):
    """A stamped command and the newest version of its campaign."""

    program: Program
    command: Command
    instance: str
    life: Life


class Context(Struct, frozen=True, gc=False):
    """What a flow may use of its shop: all pure.

    Args:
        programs: the compiled campaigns.
        issues: whether awards go to an issuer through the outbox.
    """

    programs: Programs
    issues: bool


class _Recast(Exception):
    """The cast under lock names a member that the host was not asked about."""


def flow(context: Context, requests: Sequence[Request]) -> Flow:
    """Run commands through look, ask, lock, decide and commit.

    Raises:
        StoreBusy: casts or cells kept changing for `RESTARTS` times.
        MembersFailed: the host answered out of shape.
    """
    keys, cells = _places(requests)
    asks = any(request.program.asks for request in requests)
    for _ in range(RESTARTS):
        facts: dict[str, Mapping[str, object]] = {}
        asked: frozenset[str] = frozenset()
        if asks:
            looked: Found = yield Look(decisions=keys, cells=cells)
            questions = Batch(context, looked, {}, asked, {}).questions(requests)
            asked = frozenset(question.member for question in questions)
            if questions:
                answers = yield Ask(questions)
                facts = _facts(questions, answers)
        found: Found = yield Lock(decisions=keys, cells=cells)
        left: dict[QuotaKey, int] = {}
        while True:
            batch = Batch(context, found, facts, asked if asks else None, left)
            try:
                outcomes = batch.run(requests)
            except _Recast:
                yield Restart()
                break
            if batch.missing:
                more: Found = yield Lock(quotas=tuple(sorted(set(batch.missing))))
                used = {**found.used, **dict.fromkeys(batch.missing, 0), **more.used}
                found = Found(decisions=found.decisions, cells=found.cells, used=used)
                continue
            writes = batch.writes()
            if writes is None:
                return outcomes
            answer: Short | Stale | None = yield writes
            if answer is None:
                return outcomes
            if isinstance(answer, Stale):
                yield Restart()
                break
            left[answer.key] = answer.left
    raise StoreBusy(
        f"{requests[0].program.name}/{requests[0].instance}: changed by others {RESTARTS} times "
        "while it was being decided; nothing was written; try again",
    )


def _places(requests: Sequence[Request]) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    if len(requests) == 1:
        one = requests[0]
        name = one.program.name
        return ((name, one.command.key),), ((name, one.instance),)
    keys = {(request.program.name, request.command.key) for request in requests}
    cells = {(request.program.name, request.instance) for request in requests}
    return tuple(sorted(keys)), tuple(sorted(cells))


def _facts(
    questions: Sequence[Asked], answers: Sequence[Mapping[str, object]]
) -> dict[str, Mapping[str, object]]:
    if len(answers) != len(questions):
        raise MembersFailed(
            f"members: {len(questions)} questions got {len(answers)} answers; "
            "answer each, in order, with an empty mapping where nothing is known"
        )
    return {question.member: answer for question, answer in zip(questions, answers, strict=True)}


class Batch:
    """One pass over a batch, in memory, on what was found.

    Args:
        context: of the shop.
        found: what the store had.
        facts: by member.
        asked: the members the host was asked about; None where nothing needs asking.
        left: of hot quotas found short.
    """

    __slots__ = (
        "asked", "cells", "context", "decided", "facts", "found", "hot", "hot_caps", "left",
        "missing", "records", "rules", "used",
    )  # fmt: skip

    def __init__(
        self,
        context: Context,
        found: Found,
        facts: Facts,
        asked: frozenset[str] | None,
        left: Mapping[QuotaKey, int],
    ) -> None:
        self.context = context
        self.found = found
        self.facts = facts
        self.asked = asked
        self.left = left
        self.cells: dict[Place, Cell] = {}
        self.decided: dict[Place, Decision] = {}
        self.records: list[Record] = []
        self.used: dict[QuotaKey, int] = {}
        self.hot: dict[QuotaKey, int] = {}
        self.hot_caps: dict[QuotaKey, int] = {}
        self.missing: list[QuotaKey] = []
        self.rules: dict[str, bytes] = {}

    def questions(self, requests: Sequence[Request]) -> tuple[Asked, ...]:
        """What to ask the host, once, for all that the conditions need."""
        wanted: dict[str, tuple[frozenset[str], datetime]] = {}
        for request in requests:
            program, command = request.program, request.command
            if (program.name, command.key) in self.found.decisions:
                continue
            _, pinned, state = self._situation(request)
            facts = pinned.asked.get(type(command), frozenset())
            if not facts:
                continue
            for member in pinned.mechanic.cast(command, state).values():
                before = wanted.get(member, (frozenset(), command.at))
                wanted[member] = (before[0] | facts, max(before[1], command.at))
        return tuple(Asked(m, facts, at) for m, (facts, at) in sorted(wanted.items()))

    def run(self, requests: Sequence[Request]) -> list[Outcome]:
        """Decide each in a row."""
        return [self._one(request) for request in requests]

    def writes(self) -> Writes | None:
        """What to commit, or nothing where nothing was decided anew."""
        if not self.records:
            return None
        found = self.found.cells
        cells = [
            CellWrite(place, found[place].version if place in found else 0, cell)
            for place, cell in self.cells.items()
        ]
        caps = self.hot_caps
        return Writes(
            records=self.records,
            cells=cells,
            used={key: change for key, change in self.used.items() if change},
            hot={key: (change, caps.get(key)) for key, change in self.hot.items() if change},
            rules=self.rules,
        )

    def _situation(self, request: Request) -> tuple[Cell | None, Program, State]:
        """The cell, the program it is pinned to, and its state."""
        program = request.program
        place = (program.name, request.instance)
        cell = self.cells.get(place) or self.found.cells.get(place)
        if cell is None:
            return None, program, program.mechanic.initial()
        if cell.rules != program.hash:
            program = self.context.programs.pinned(program.name, cell.rules)
        return cell, program, thaw_state(program, cell.state)

    def _one(self, request: Request) -> Outcome:
        command = request.command
        place = (request.program.name, command.key)
        before = self._recorded(request, place)
        if before is not None:
            if before.command.says_as(command):
                return before
            return KeyReused(
                f"{place[0]}: the key {command.key!r} was used for {before.command!r}, "
                f"not for {command!r}; give every wish a key of its own",
                key=command.key,
            )
        cell, program, state = self._situation(request)
        clock = command.by == BY_CLOCK
        if not clock and cell is not None and cell.deadline is not None:
            if command.at >= cell.deadline:
                self._end(request, program, state)
                cell, program, state = self._situation(request)
        refusal = life_refusal(request.life, begun=cell is not None, clock=clock)
        if refusal is None and not clock:
            refusal = _outside(request.program, command.at)
        if refusal is None:
            refusal = self._guard(program, command, state)
        if refusal is not None:
            return self._refuse(request, program, refusal)
        return self._decide(request, program, cell, state)

    def _recorded(self, request: Request, place: Place) -> Decision | None:
        before = self.decided.get(place)
        if before is None:
            recorded = self.found.decisions.get(place)
            before = None if recorded is None else thaw_decision(request.program, recorded)
        return before

    def _end(self, request: Request, program: Program, state: State) -> None:
        """Act on a deadline that has passed, before the command that came upon it."""
        expire = program.mechanic.expire(request.instance, state)
        place = (request.program.name, deadline_key(request.instance, expire.at))
        if place in self.decided:
            return
        ended = Request(
            request.program, structs.replace(expire, key=place[1]), request.instance, request.life
        )
        cell, pinned, now = self._situation(ended)
        self._decide(ended, pinned, cell, now)

    def _guard(self, program: Program, command: Command, state: State) -> Refusal | None:
        """The campaign's conditions, about the one who acts."""
        kind = type(command)
        guard = program.guards.get(kind)
        needs_facts = bool(program.asked[kind])
        if guard is None and not program.velocities and not needs_facts:
            return None
        cast = program.mechanic.cast(command, state)
        if not cast:
            return None
        if needs_facts and self.asked is not None and not self.asked.issuperset(cast.values()):
            raise _Recast
        if guard is not None:
            unmet = guard.test(
                {role: self.facts.get(m, {}) for role, m in cast.items()}, command.at
            )
            if unmet is not None:
                if unmet.missing:
                    return FactMissing(facts=tuple(f"{r}.{fact}" for r, fact in unmet.missing))
                return NotEligible(unmet=unmet.leaves)
        return self._too_fast(program, command, cast)

    def _too_fast(
        self, program: Program, command: Command, cast: Mapping[str, str]
    ) -> Refusal | None:
        for velocity in program.velocities:
            scopes = self._velocity_scopes(velocity.fact, command.by)
            if not scopes:
                return FactMissing(facts=(f"actor.{velocity.fact}",))
            for scope in scopes:
                label = velocity.within(command.at, program.zone)
                if self._used((program.name, velocity.name, scope, label)) >= velocity.at_most:
                    return LimitReached(cap=velocity.name, at_most=velocity.at_most)
        return None

    def _velocity_scopes(self, fact: str, member: str) -> tuple[str, ...]:
        if not fact:
            return (f"member/{member}",)
        value = self.facts.get(member, {}).get(fact)
        if isinstance(value, (set, frozenset, list, tuple)):
            return tuple(f"{fact}/{item}" for item in sorted(map(str, value)))
        return () if value is None else (f"{fact}/{value}",)

    def _used(self, key: QuotaKey) -> int:
        so_far = self.found.used.get(key)
        if so_far is None:
            if not self.found.all_used:
                self.missing.append(key)
            so_far = 0
        return so_far + self.used.get(key, 0)

    def _decide(
        self, request: Request, program: Program, cell: Cell | None, state: State
    ) -> Decision:
        command = request.command
        mechanic = program.mechanic
        events = mechanic.decide(command, state)
        if isinstance(events, Refusal):
            return self._refuse(request, program, events)
        version = 1 if cell is None else cell.version + 1
        reached: Sequence[Reached]
        if len(events) == 1:
            reached = mechanic.reached(events[0])
        else:
            reached = [one for event in events for one in mechanic.reached(event)]
        priced = self._price(request, program, version, events, reached)
        if priced.refusal is not None:
            return self._refuse(request, program, priced.refusal)
        for event in events:
            state = mechanic.evolve(state, event)
        hold = priced.hold + (0 if cell is None else cell.held)
        decision: Decision = Accepted(
            campaign=request.program.name,
            rules=program.hash,
            instance=request.instance,
            version=version,
            command=command,
            events=events,
            awards=tuple(priced.awards),
            withheld=tuple(priced.withheld),
        )
        place = (request.program.name, request.instance)
        self.cells[place] = Cell(
            rules=program.hash,
            version=version,
            state=state,
            deadline=mechanic.deadline(state),
            held=hold,
        )
        if cell is None:
            self.rules[program.hash] = self.context.programs.json_of(program)
        self._add_quotas(request, program, priced)
        shadow = request.life.shadow
        self._record(
            Record(
                command.key,
                decision,
                () if shadow else priced.transfers,
                [
                    (one.cast[role], role)
                    for one in reached
                    for role in (program.actors[one.milestone],)
                ],
                self.context.issues and not shadow,
            )
        )
        return decision

    def _price(
        self,
        request: Request,
        program: Program,
        version: int,
        events: tuple[Event, ...],
        reached: Sequence[Reached],
    ) -> Pricing:
        held = released = 0
        promised = program.mechanic.promised
        for event in events:
            promise = promised(event)
            if promise is not NOTHING_PROMISED:
                held += promise.held.minor if promise.held is not None else 0
                released += promise.released.minor if promise.released is not None else 0
        pricing = Pricing(
            program,
            request.program.budget,
            request.command,
            request.instance,
            version,
            self.facts,
            self.found,
            self.used,
            self.hot,
            self.left,
        )
        pricing.price(reached, held, released)
        if pricing.missing:
            self.missing += pricing.missing
        return pricing

    def _add_quotas(self, request: Request, program: Program, priced: Pricing) -> None:
        for key, change in priced.used.items():
            self.used[key] = self.used.get(key, 0) + change
        for key, change in priced.hot.items():
            self.hot[key] = self.hot.get(key, 0) + change
        if priced.caps:
            self.hot_caps.update(priced.caps)
        command = request.command
        if program.velocities and command.by != BY_CLOCK:
            for velocity in program.velocities:
                label = velocity.within(command.at, program.zone)
                for scope in self._velocity_scopes(velocity.fact, command.by):
                    key = (program.name, velocity.name, scope, label)
                    self.used[key] = self.used.get(key, 0) + 1

    def _refuse(self, request: Request, program: Program, refusal: Refusal) -> Decision:
        decision: Decision = Refused(
            campaign=request.program.name,
            rules=program.hash,
            instance=request.instance,
            command=request.command,
            refusal=refusal,
        )
        self._record(Record(request.command.key if refusal.terminal else "", decision))
        return decision

    def _record(self, record: Record) -> None:
        self.records.append(record)
        if record.key:
            self.decided[(record.decision.campaign, record.key)] = record.decision


def deadline_key(instance: str, at: datetime) -> str:
    """The key of the clock's command on an instance: the same from every ticker."""
    return f"(clock)/{instance}/{at.isoformat()}"


def _outside(program: Program, at: datetime) -> Refusal | None:
    window = program.window
    if window.contains(at):
        return None
    opens = window.next_open(at)
    return WindowClosed(closes=window.closes) if opens is None else NotYetOpen(opens=opens)
