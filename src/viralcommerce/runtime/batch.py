"""A batch: commands decided in a row, in memory, on what the store had.

Nothing here waits or writes. What a pass over the batch comes to is one `Writes`; if a hot quota
turns out short, or a quota was not read, the flow makes another pass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import structs

from viralcommerce.decider import NOTHING_PROMISED, Reached
from viralcommerce.errors import KeyReused
from viralcommerce.known import Facts
from viralcommerce.messages import (
    BY_CLOCK,
    Accepted,
    Award,
    Event,
    Refusal,
    Refused,
    ReverseAward,
    State,
)
from viralcommerce.plain import NOTHING_GIVEN, Plain, is_free, plain
from viralcommerce.pricing import Pricing
from viralcommerce.program import Program, QuotaKey
from viralcommerce.refusals import Circular, Forgotten
from viralcommerce.runtime.corrections import correct
from viralcommerce.runtime.erasure import turned_away
from viralcommerce.runtime.life import LIVE, life_refusal, window_refusal
from viralcommerce.runtime.ports import (
    Cell,
    CellWrite,
    Decision,
    Found,
    HotChange,
    Place,
    Record,
    Wanted,
    Writes,
)
from viralcommerce.runtime.programs import thaw_decision
from viralcommerce.runtime.request import REFUSED, Context, Outcome, Request
from viralcommerce.runtime.situations import (
    NOTHING,
    Other,
    as_it_stands,
    come_upon,
    evolved,
    overdue,
    parted,
)
from viralcommerce.runtime.taking_back import TakingBack


class Batch(TakingBack):
    """One pass over a batch, in memory, on what was found.

    Args:
        context: of the shop.
        found: what the store had.
        facts: what the host said, by member and moment.
        asked: the facts it was asked for, by member and moment.
        short: what was used of the hot quotas found short.
        wanted: what the store was asked for, and so what is locked.
        beside: see `Situations`.
    """

    __slots__ = (
        "decided", "hot", "learned", "needs", "records", "rules", "short",
    )  # fmt: skip

    def __init__(
        self,
        context: Context,
        found: Found,
        facts: Facts,
        asked: Mapping[tuple[str, datetime], frozenset[str]],
        short: Mapping[QuotaKey, int],
        wanted: Wanted = NOTHING,
        *,
        beside: bool = False,
    ) -> None:
        super().__init__(context, found, wanted, beside=beside)
        self.all_counted = found.all_used
        self.learned: dict[QuotaKey, int] = {}
        self.counted: Mapping[QuotaKey, int] = found.used
        if not found.all_used:
            self.learned.update(found.used)
            self.counted = self.learned
        self.facts = facts
        self.asked = asked
        self.short = short
        self.decided: dict[Place, Decision] = {}
        self.records: list[Record] = []
        self.used: dict[QuotaKey, int] = {}
        self.hot: dict[QuotaKey, int] = {}
        self.needs: dict[QuotaKey, tuple[int, int]] = {}
        self.missing: list[QuotaKey] = []
        self.rules: dict[str, bytes] = {}

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
        return Found(
            decisions=found.decisions,
            cells=found.cells,
            used=self.learned,
            gone=found.gone,
            seen=found.seen,
            branches=found.branches,
            above=found.above,
            histories=found.histories,
        )

    def writes(self) -> Writes | None:
        """What to commit, or nothing where nothing was decided anew."""
        if not self.records and not self.hot:
            return None
        found, changed = self.found.cells, self.cells
        cells = []
        for place in changed:
            before = found.get(place)
            cells.append(CellWrite(place, 0 if before is None else before.version, changed[place]))
        return Writes(
            records=self.records,
            cells=cells,
            used=self.used,
            hot=self._hot_changes() if self.hot or self.needs else {},
            rules=self.rules,
        )

    def _hot_changes(self) -> dict[QuotaKey, HotChange]:
        hot, needs = self.hot, self.needs
        changes = {
            key: HotChange(hot.get(key, 0), peak, cap) for key, (peak, cap) in needs.items()
        }
        for key, change in hot.items():
            if key not in needs:
                changes[key] = HotChange(change, 0, None)
        return changes

    def one(self, request: Request) -> Outcome | None:
        """Decide the next command on what the ones before it left; nothing while one `wants`."""
        command = request.command
        key = command.key
        if self.found.gone and turned_away(self.found.gone, request):
            return self._refuse(request, request.program, Forgotten())
        before = self._recorded(request, key)
        if before is not None:
            if before.command.says_as(command):
                return before
            return KeyReused(
                f"{request.program.name}: the key {key!r} was used for {before.command!r}, "
                f"not for {command!r}; give every wish a key of its own",
                key=key,
            )
        cell, program, state = self.situation(request)
        refusal: Refusal | None = None
        if command.by != BY_CLOCK:
            if cell is not None and overdue(command, cell):
                self._end(request, program, state, cell.version)
                if self.missing:
                    return None
                cell, program, state = self.situation(request)
            if request.life.stage != LIVE or request.program.ends:
                if type(command) not in program.mechanic.settling:
                    refusal = self._kept_out(request, begun=cell is not None)
        if refusal is not None:
            return self._refuse(request, program, refusal)
        if isinstance(command, ReverseAward):
            return self.take_back(request, command, program, cell, state)
        if program.mechanic.looks:
            if command.by == BY_CLOCK:
                command = as_it_stands(command, program, request.instance, state)
            told = self.told(program, command, request.program.name)
            if self.missing:
                return None
            if told is not request.command:
                request = Request(
                    request.program, told, request.instance, request.life, request.members
                )
        outcome = self._decide(request, program, cell, state)
        if program.mechanic.looks and outcome is not None:
            self.count_guess(program, request.command)
        return outcome

    def _kept_out(self, request: Request, *, begun: bool) -> Refusal | None:
        """Whether the stage of the campaign's life, or its window, keeps a command out."""
        refusal = life_refusal(request.life, begun=begun) if request.life.stage != LIVE else None
        if refusal is None and request.program.ends:
            refusal = window_refusal(request.program.window, request.command.at)
        return refusal

    def _recorded(self, request: Request, key: str) -> Decision | None:
        place = (request.program.name, key)
        before = self.decided.get(place)
        if before is None:
            recorded = self.found.decisions.get(place)
            if recorded is not None:
                return thaw_decision(request.program, recorded)
        return before

    def _end(self, request: Request, program: Program, state: State, version: int) -> None:
        """Act on a deadline that has passed, before the command that came upon it."""
        command, instance, life = request.command, request.instance, request.life
        ended = come_upon(command, request.program, instance, life, program, state, version)
        cell, pinned, now = self.situation(ended)
        if pinned.mechanic.looks:
            told = self.informed(pinned, ended.command, request.program.name)
            ended = structs.replace(ended, command=told)
        self._decide(ended, pinned, cell, now)

    def _decide(
        self, request: Request, program: Program, cell: Cell | None, state: State
    ) -> Decision | None:
        command = request.command
        mechanic = program.mechanic
        clock = command.by == BY_CLOCK
        if clock and program.asked[type(command)]:
            self.must_know(program, command, mechanic.cast(command, state))
        events = mechanic.decide(command, state)
        if isinstance(events, Refusal):
            return self._refuse(request, program, events)
        if not clock and type(command) in program.guarded:
            # after the game's own no: what nobody can cure comes before what they may
            refusal = self.guard(program, command, state)
            if self.missing:
                return None
            if refusal is not None:
                return self._refuse(request, program, refusal)
        version = 1 if cell is None else cell.version + 1
        reached: Sequence[Reached]
        if len(events) == 1:
            reached = mechanic.reached(events[0])
        else:
            reached = [one for event in events for one in mechanic.reached(event)]
        others: Sequence[Other] = ()
        if mechanic.looks:
            own, theirs = parted(program, events)
            state = evolved(program, state, own)
            if self._circular(request, cell, mechanic.parent(state), theirs):
                return self._refuse(request, program, Circular())
            others = self.others(request, program, theirs)
        else:
            state = evolved(program, state, events)
        priced: Pricing | Plain | None = None
        if program.is_plain:
            priced = plain(program, reached, request.instance, version, command.at)
        elif is_free(program, command, reached):
            priced = NOTHING_GIVEN
        if priced is None:
            priced = self._price(request, program, version, events, reached, clock=clock)
        if self.missing:
            return None
        if priced.refusal is not None:
            return self._refuse(request, program, priced.refusal)
        decision: Decision = Accepted(
            campaign=request.program.name,
            rules=program.hash,
            instance=request.instance,
            version=version,
            command=command,
            events=events,
            awards=tuple(priced.awards),
            withheld=tuple(priced.withheld),
            adjustments=priced.adjustments,
        )
        held = priced.hold if cell is None else priced.hold + cell.held
        self.put(request, program, version, state, held)
        for other, its_cell, its_program, its_state in others:
            its_version, its_held = (
                (1, 0) if its_cell is None else (its_cell.version + 1, its_cell.held)
            )
            self.put(other, its_program, its_version, its_state, its_held)
        if cell is None or others:
            self.rules[program.hash] = self.context.programs.json_of(program)
        if priced.used or priced.hot or program.velocities:
            self._add_quotas(request, program, priced)
        shadow = program.shadow
        parts = program.parts(reached)
        if mechanic.looks:
            parts += tuple([one for event in events for one in mechanic.takes_part(event)])
        transfers = () if shadow else tuple(priced.transfers)
        issue: tuple[Award, ...] = ()
        if not shadow and (self.context.issues or program.enters):
            issue = self.context.outgoing(program, priced.awards)
        self.records.append(Record(command.key, decision, transfers, parts, issue))
        self.decided[(decision.campaign, command.key)] = decision
        return decision

    def _circular(
        self, request: Request, cell: Cell | None, parent: str, others: Collection[str]
    ) -> bool:
        """Whether the new situation would put somebody above themselves.

        Raises:
            Unread: an instance that the command changes, or hangs its own under, is not locked.
        """
        if cell is not None and cell.parent == parent:
            parent = ""
        return self.circular((request.program.name, request.instance), parent, others)

    def _price(
        self,
        request: Request,
        program: Program,
        version: int,
        events: tuple[Event, ...],
        reached: Sequence[Reached],
        *,
        clock: bool,
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
            clock=clock,
        )
        mechanic = program.mechanic
        moves = [one for event in events for one in mechanic.moves(event)] if program.pays else ()
        pricing.price(reached, held, released, moves)
        if not pricing.missing and type(request.command) in program.mechanic.adjusting:
            correct(self.found, self.records, request, program, events, pricing)
        if pricing.missing:
            self.missing += pricing.missing
            return pricing
        for key, need in pricing.needs.items():
            before = self.needs.get(key)
            if before is None or need[0] - need[1] > before[0] - before[1]:
                self.needs[key] = need
        return pricing

    def _add_quotas(self, request: Request, program: Program, priced: Pricing | Plain) -> None:
        for key, change in priced.used.items():
            if change:
                self.used[key] = self.used.get(key, 0) + change
        for key, change in priced.hot.items():
            self.hot[key] = self.hot.get(key, 0) + change
        command = request.command
        settles = type(command) in program.mechanic.settling
        if program.velocities and command.by != BY_CLOCK and not settles:
            for velocity in program.velocities:
                label = velocity.within(command.at, program.zone)
                for scope in self.velocity_scopes(velocity.fact, command):
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
        if type(refusal) is Forgotten or (self.context.counts and not refusal.terminal):
            key = (request.program.name, REFUSED + refusal.code, "", "")
            self.hot[key] = self.hot.get(key, 0) + 1
            return decision
        self.record(Record(request.command.key if refusal.terminal else "", decision))
        return decision

    def record(self, record: Record) -> None:
        """Note a decision; under its key, if it has one."""
        self.records.append(record)
        if record.key:
            self.decided[(record.decision.campaign, record.key)] = record.decision
