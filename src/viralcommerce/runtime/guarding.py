"""Guarding: whether the campaign's conditions let somebody act, on what the host said of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from viralcommerce.balances import BORNE_OF, shown_balance
from viralcommerce.decider import Balance
from viralcommerce.known import Facts
from viralcommerce.messages import Command, Refusal, State
from viralcommerce.program import Program, QuotaKey
from viralcommerce.refusals import FactMissing, LimitReached, NotEligible
from viralcommerce.runtime.request import REFUSED, Recast
from viralcommerce.runtime.situations import Situations
from viralcommerce.values.spans import Period, period_label


class Guarding(Situations):
    """A pass over a batch that knows what the host said, and what is counted so far."""

    __slots__ = ("all_counted", "asked", "counted", "facts", "missing", "used")

    facts: Facts
    asked: Mapping[tuple[str, datetime], frozenset[str]]
    all_counted: bool
    counted: Mapping[QuotaKey, int]
    used: dict[QuotaKey, int]
    missing: list[QuotaKey]

    def balance(self, program: Program, member: str) -> Balance | None:
        """What a member has, as this commit leaves it."""
        borne = self._used(program.balance_key(member, BORNE_OF))
        return shown_balance(program, self._used(program.balance_key(member)), borne)

    def told(self, program: Program, command: Command, name: str) -> Command:
        """The command as `informed`; told of nothing, where its member has no guess left today."""
        bound = program.mechanic.guesses_of(command)
        if bound and self._used(_guess_key(program, command)) >= bound:
            nothing: Command = program.mechanic.informed(command, {}, (), None)
            return nothing
        return self.informed(program, command, name)

    def count_guess(self, program: Program, command: Command) -> None:
        """Count a guess that hit nothing, whatever else became of it."""
        if program.mechanic.guesses_of(command) and program.mechanic.guessed_wrong(command):
            key = _guess_key(program, command)
            self.used[key] = self.used.get(key, 0) + 1

    def guard(self, program: Program, command: Command, state: State) -> Refusal | None:
        """The campaign's conditions, about the one who acts."""
        cast = program.mechanic.cast(command, state)
        if not cast:
            return None
        self.must_know(program, command, cast)
        guard = program.guards.get(type(command))
        if guard is not None:
            facts, at = self.facts, command.at
            unmet = guard.test({role: facts.get((m, at), {}) for role, m in cast.items()}, at)
            if unmet is not None:
                if unmet.missing:
                    return FactMissing(facts=tuple(f"{r}.{fact}" for r, fact in unmet.missing))
                return NotEligible(unmet=unmet.leaves)
        return self._too_fast(program, command, cast)

    def must_know(self, program: Program, command: Command, cast: Mapping[str, str]) -> None:
        """Begin again where the cast names somebody whom the host was not asked about.

        Raises:
            Recast: says whom.
        """
        facts = program.asked[type(command)]
        if facts:
            asked, at = self.asked, command.at
            nothing: frozenset[str] = frozenset()
            unknown = [m for m in cast.values() if not facts <= asked.get((m, at), nothing)]
            if unknown:
                raise Recast(tuple(unknown), at, facts)

    def velocity_scopes(self, fact: str, command: Command) -> tuple[str, ...]:
        """Whom or what a velocity counts for a command: the member, or each value of a fact."""
        if not fact:
            return (f"member/{command.by}",)
        value = self.facts.get((command.by, command.at), {}).get(fact)
        if isinstance(value, (set, frozenset, list, tuple)):
            return tuple(f"{fact}/{item}" for item in sorted(set(map(str, value))))
        return () if value is None else (f"{fact}/{value}",)

    def _too_fast(
        self, program: Program, command: Command, cast: Mapping[str, str]
    ) -> Refusal | None:
        for velocity in program.velocities:
            scopes = self.velocity_scopes(velocity.fact, command)
            if not scopes:
                return FactMissing(facts=(f"actor.{velocity.fact}",))
            for scope in scopes:
                label = velocity.within(command.at, program.zone)
                if self._used((program.name, velocity.name, scope, label)) >= velocity.at_most:
                    return LimitReached(cap=velocity.name, at_most=velocity.at_most)
        return None

    def _used(self, key: QuotaKey) -> int:
        so_far = self.counted.get(key)
        if so_far is None:
            if not self.all_counted:
                self.missing.append(key)
            so_far = 0
        return so_far + self.used.get(key, 0)


def _guess_key(program: Program, command: Command) -> QuotaKey:
    """A member's wrong guesses of a day; like what is refused, they are not in every journal."""
    day = period_label(command.at, Period.DAY, program.zone)
    return (program.name, f"{REFUSED}guess", f"member/{command.by}", day)
