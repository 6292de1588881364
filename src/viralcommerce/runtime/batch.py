"""A batch: commands decided in a row, in memory, on what the store had.

Nothing here waits or writes. What a pass over the batch comes to is one `Writes`; if a hot quota
turns out short, or a quota was not read, the flow makes another pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import structs

from viralcommerce.decider import NOTHING_PROMISED, Reached
from viralcommerce.errors import KeyReused
from viralcommerce.messages import BY_CLOCK, Accepted, Command, Event, Refusal, Refused, State
from viralcommerce.pricing import Facts, Pricing
from viralcommerce.program import Program, QuotaKey
from viralcommerce.refusals import (
    FactMissing,
    LimitReached,
    NotEligible,
    NotYetOpen,
    WindowClosed,
)
from viralcommerce.runtime.life import LIVE, life_refusal
from viralcommerce.runtime.ports import (
    Asked,
    Cell,
    CellWrite,
    Decision,
    Found,
    HotChange,
    Place,
    Record,
    Writes,
)
from viralcommerce.runtime.programs import thaw_decision, thaw_state
from viralcommerce.runtime.request import Context, Outcome, Recast, Request, deadline_key


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
        "all_counted", "asked", "caps", "cells", "context", "counted", "decided", "facts",
        "found", "hot", "learned", "left", "missing", "peaks", "records", "rules", "used",
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
        self.all_counted = found.all_used
        self.learned: dict[QuotaKey, int] = {}
        self.counted: Mapping[QuotaKey, int] = found.used
        if not found.all_used:
            self.learned.update(found.used)
            self.counted = self.learned
        self.facts = facts
        self.asked = asked
        self.left = left
        self.cells: dict[Place, Cell] = {}
        self.decided: dict[Place, Decision] = {}
        self.records: list[Record] = []
        self.used: dict[QuotaKey, int] = {}
        self.hot: dict[QuotaKey, int] = {}
        self.peaks: dict[QuotaKey, int] = {}
        self.caps: dict[QuotaKey, int] = {}
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

    def wants(self) -> tuple[QuotaKey, ...]:
        """The quotas that must be read before the command at hand can be decided."""
        return tuple(sorted(set(self.missing)))

    def learn(self, used: Mapping[QuotaKey, int]) -> None:
        """Take note of quotas that were read; an absent one is 0."""
        self.learned.update(dict.fromkeys(self.missing, 0))
        self.learned.update(used)
        self.missing = []

    def found_and_learned(self) -> Found:
        """What was found, with the quotas that were read since: for another pass."""
        if self.all_counted:
            return self.found
        found = self.found
        return Found(decisions=found.decisions, cells=found.cells, used=self.learned)

    def writes(self) -> Writes | None:
        """What to commit, or nothing where nothing was decided anew."""
        if not self.records:
            return None
        found = self.found.cells
        cells = [
            CellWrite(place, found[place].version if place in found else 0, cell)
            for place, cell in self.cells.items()
        ]
        return Writes(
            records=self.records,
            cells=cells,
            used=self.used,
            hot=self._hot_changes() if self.hot else {},
            rules=self.rules,
        )

    def _hot_changes(self) -> dict[QuotaKey, HotChange]:
        peaks, caps = self.peaks, self.caps
        return {
            key: HotChange(change, peaks.get(key, 0), caps.get(key))
            for key, change in self.hot.items()
        }

    def _situation(self, request: Request) -> tuple[Cell | None, Program, State]:
        """The cell, the program it is pinned to, and its state."""
        program = request.program
        place = (program.name, request.instance)
        cell = self.cells.get(place) or self.found.cells.get(place)
        if cell is None:
            return None, program, program.mechanic.initial()
        if cell.rules != program.hash:
            program = self.context.programs.pinned(program.name, cell.rules)
        state = cell.state
        return cell, program, state if isinstance(state, State) else thaw_state(program, state)

    def one(self, request: Request) -> Outcome | None:
        """Decide the next command on what the ones before it left; nothing while one `wants`."""
        command = request.command
        key = command.key
        before = self._recorded(request, key)
        if before is not None:
            if before.command.says_as(command):
                return before
            return KeyReused(
                f"{request.program.name}: the key {key!r} was used for {before.command!r}, "
                f"not for {command!r}; give every wish a key of its own",
                key=key,
            )
        cell, program, state = self._situation(request)
        refusal: Refusal | None = None
        if command.by != BY_CLOCK:
            at = command.at
            if cell is not None and cell.deadline is not None and at >= cell.deadline:
                self._end(request, program, state)
                if self.missing:
                    return None
                cell, program, state = self._situation(request)
            if request.life.stage != LIVE:
                refusal = life_refusal(request.life, begun=cell is not None)
            if refusal is None and request.program.ends:
                refusal = _outside(request.program, at)
            if refusal is None and type(command) in program.guarded:
                refusal = self._guard(program, command, state)
        if self.missing:
            return None
        if refusal is not None:
            return self._refuse(request, program, refusal)
        return self._decide(request, program, cell, state)

    def _recorded(self, request: Request, key: str) -> Decision | None:
        place = (request.program.name, key)
        before = self.decided.get(place)
        if before is None:
            recorded = self.found.decisions.get(place)
            if recorded is not None:
                return thaw_decision(request.program, recorded)
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
        cast = program.mechanic.cast(command, state)
        if not cast:
            return None
        if needs_facts and self.asked is not None and not self.asked.issuperset(cast.values()):
            raise Recast
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
        so_far = self.counted.get(key)
        if so_far is None:
            if not self.all_counted:
                self.missing.append(key)
            so_far = 0
        return so_far + self.used.get(key, 0)

    def _decide(
        self, request: Request, program: Program, cell: Cell | None, state: State
    ) -> Decision | None:
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
        if self.missing:
            return None
        if priced.refusal is not None:
            return self._refuse(request, program, priced.refusal)
        for event in events:
            state = mechanic.evolve(state, event)
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
            held=priced.hold + (0 if cell is None else cell.held),
        )
        if cell is None:
            self.rules[program.hash] = self.context.programs.json_of(program)
        if priced.used or priced.hot or program.velocities:
            self._add_quotas(request, program, priced)
        shadow = request.life.shadow
        parts: list[tuple[str, str]] = []
        for one in reached:
            role = program.actors[one.milestone]
            parts.append((one.cast[role], role))
        transfers = () if shadow else priced.transfers
        issue = self.context.issues and not shadow
        self._record(Record(command.key, decision, transfers, parts, issue))
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
        for event in events if program.promises else ():
            promise = program.mechanic.promised(event)
            if promise is not NOTHING_PROMISED:
                held += promise.held.minor if promise.held is not None else 0
                released += promise.released.minor if promise.released is not None else 0
        pricing = Pricing(
            program,
            request.program.budget,
            request.command.at,
            request.instance,
            version,
            self,
        )
        pricing.price(reached, held, released)
        if pricing.missing:
            self.missing += pricing.missing
        return pricing

    def _add_quotas(self, request: Request, program: Program, priced: Pricing) -> None:
        for key, change in priced.used.items():
            if change:
                self.used[key] = self.used.get(key, 0) + change
        for key, change in priced.hot.items():
            now = self.hot[key] = self.hot.get(key, 0) + change
            if change > 0:
                self.peaks[key] = max(self.peaks.get(key, 0), now)
        if priced.caps:
            self.caps.update(priced.caps)
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


def _outside(program: Program, at: datetime) -> Refusal | None:
    window = program.window
    if window.contains(at):
        return None
    opens = window.next_open(at)
    return WindowClosed(closes=window.closes) if opens is None else NotYetOpen(opens=opens)
