"""The audit: replay the journal, and hold cells, quotas and ledger against it.

What is proved, for every campaign in a store:

- every accepted command is decided again, from the state before it, and comes to the same events;
- every command that its game refused is refused again, for the same reason;
- every line of the journal is filed under the instance and the moment that it says itself;
- every key that is kept answers with the line decided under it, and none is gone but by pruning;
- every part that a member took is there, as of the first time, and no other;
- versions run 1, 2, 3, ... and each instance keeps the rules it was begun under;
- every cell is the fold of its events, with the deadline and the hold that follow from it;
- every award is what the rules give its recipient for what was reached, to the last minor unit,
  and no grant is neither given nor withheld;
- every reversal takes back an award that was given, once, and all that it counted on;
- the ledger holds the rows that follow from the journal, each once, and no other;
- what waits in the outbox is an award of the ledger, as it was given, once;
- held = granted + released + still held, for every instance;
- every quota is what the journal says was used, and none is above its cap.

What cannot be read is a problem too. Facts are not journaled, so conditions are not asked again,
and a velocity that counts a fact's value is not recounted. Memory grows with the instances,
members and ledger rows, some 200 bytes a row, not with the journal or its keys.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from typing import Any

from viralcommerce.campaign import Campaign
from viralcommerce.codec import Codec
from viralcommerce.errors import StoreCorrupt, StoreError, ViralCommerceError
from viralcommerce.kinds import KINDS
from viralcommerce.messages import BY_CLOCK, Accepted, Refused, ReverseAward
from viralcommerce.program import Program, QuotaKey
from viralcommerce.rules.base import Kinds
from viralcommerce.rules.limits import Unlimited
from viralcommerce.runtime.books import Books
from viralcommerce.runtime.circles import circles
from viralcommerce.runtime.findings import MOST_PROBLEMS, UNREADABLE, AuditReport, Problem
from viralcommerce.runtime.journal_heads import misfiled, read_head
from viralcommerce.runtime.kept_keys import KeptKeys, Wish
from viralcommerce.runtime.ports import Decision, Line, Store
from viralcommerce.runtime.programs import SHADOW, Programs, thaw_decision, thaw_state
from viralcommerce.runtime.replayed import Replayed
from viralcommerce.runtime.repricing import Repricing
from viralcommerce.runtime.request import REFUSED
from viralcommerce.runtime.reversed_awards import ReversedAwards
from viralcommerce.runtime.sealing import Sealed
from viralcommerce.runtime.taken_parts import TakenParts
from viralcommerce.runtime.told_balances import told_wrong
from viralcommerce.runtime.waiting import Waiting

__all__ = ["AuditReport", "Problem", "audit"]


def audit(
    store: Store,
    *,
    kinds: Kinds = KINDS,
    campaigns: Sequence[str] = (),
    newest: Sequence[Campaign] = (),
) -> AuditReport:
    """Prove a store against its own journal.

    Args:
        store: at rest: what others write meanwhile may look like a problem.
        kinds: the closed mapping of rule kinds, to read the pinned campaigns.
        campaigns: the store's names of those to audit; all of them unless said.
        newest: campaigns as they are now. A budget that was raised since counts from then on for
            what was begun before, and the store knows of it only when something is begun anew.

    Raises:
        StoreError: the store could not be read.
    """
    programs = Programs((), Codec(kinds), store.rules, asks_nobody=False)
    audits = [CampaignAudit(store, programs, name) for name in campaigns or store.campaigns()]
    for campaign in newest:
        for one in audits:
            if one.name.removeprefix(SHADOW) == campaign.name:
                one.allow(campaign)
    problems: list[Problem] = []
    waiting = _waiting(store, problems)
    for one in audits:
        _append(problems, one.run(waiting))
    if waiting is not None:
        _append(problems, waiting.rest(campaigns))
    return AuditReport(
        problems=tuple(problems),
        commands=sum(one.accepted + one.refused for one in audits),
        accepted=sum(one.accepted for one in audits),
        refused=sum(one.refused for one in audits),
        instances=sum(len(one.instances) for one in audits),
        awards=sum(one.awards for one in audits),
        spent={one.name: one.books.spent(one.currency) for one in audits if one.currency},
    )


def _append(problems: list[Problem], found: Iterator[Problem]) -> None:
    """Keep the first problems; all of it is looked at, and counted."""
    for problem in found:
        if len(problems) < MOST_PROBLEMS:
            problems.append(problem)


def _waiting(store: Store, problems: list[Problem]) -> Waiting | None:
    """The outbox; where it cannot be read, that is a problem."""
    try:
        return Waiting(store)
    except UNREADABLE as error:
        if isinstance(error, StoreError) and not isinstance(error, StoreCorrupt):
            raise
        problems.append(Problem("", "outbox", f"cannot be read: {error}"))
        return None


class CampaignAudit:
    """The audit of one campaign."""

    def __init__(self, store: Store, programs: Programs, name: str) -> None:
        self.store = store
        self.programs = programs
        self.name = name
        self.shadow = name.startswith(SHADOW)
        self.instances: dict[str, Replayed] = {}
        self.used: Tally[QuotaKey] = Tally()
        self.caps: dict[QuotaKey, int] = {}
        self.uncounted: set[str] = set()
        self.books = Books(name)
        self.sealed = Sealed(name)
        self.reversed = ReversedAwards(store, name)
        self.budget: int | None = None
        self.unlimited = False
        self.currency = ""
        self.budget_key: QuotaKey | None = None
        self.accepted = 0
        self.refused = 0
        self.awards = 0
        self.parts = TakenParts(name)
        self.wish: Wish | None = None

    def allow(self, campaign: Campaign) -> None:
        """Take note of what a version of the campaign lets it spend."""
        if isinstance(campaign.budget, Unlimited):
            self.unlimited = True
        else:
            self.budget = max(self.budget or 0, campaign.budget.minor)

    def run(self, waiting: Waiting | None) -> Iterator[Problem]:
        """Every problem of this campaign, in the order in which it was found."""
        yield from self._read("seals", self._begin())
        yield from self._read("journal", self._check_journal())
        yield from self._read("cells", self._check_cells())
        yield from self._read("parts", self.parts.check(self.store, self.sealed))
        if not self.shadow:
            yield from self._read("ledger", self.books.check(self.store, waiting, self.sealed))
            yield from self._read("ledger", self._check_holds())
        yield from self.sealed.check()
        yield from self._read("quotas", self._check_quotas())

    def _begin(self) -> Iterator[Problem]:
        """Go on from what was proved before, where its lines are gone."""
        for seal in self.store.seals(self.name):
            if not self._knows(seal.rules):
                yield self._problem(seal.instance, f"sealed with rules {seal.rules[:8]}, unknown")
                continue
            program = self.programs.pinned(self.name, seal.rules)
            state = thaw_state(program, seal.state)
            self.instances[seal.instance] = Replayed(program, state, seal.version)
            self.sealed.expect(seal)
            self._meet(program)
        self.used.update(dict(self.store.sealed_quotas(self.name)))

    def _read(self, where: str, problems: Iterator[Problem]) -> Iterator[Problem]:
        """The problems, the last of which may be that nothing more can be read."""
        try:
            yield from problems
        except UNREADABLE as error:
            if isinstance(error, StoreError) and not isinstance(error, StoreCorrupt):
                raise
            yield self._problem(where, f"cannot be read: {error}")

    def _check_journal(self) -> Iterator[Problem]:
        keys = KeptKeys(self.store, self.name)
        for line in self.store.journal(self.name):
            self.wish = None
            yield from self._read(f"journal {line.position}", self.line(line))
            yield from keys.line(line.position, self.wish)
        yield from keys.rest()

    def _problem(self, where: str, what: str) -> Problem:
        return Problem(self.name, where, what)

    def line(self, line: Line) -> Iterator[Problem]:
        position, decision = line.position, line.decision
        if isinstance(decision, bytes):
            head = read_head(decision)
            for said in misfiled(line, head):
                yield self._problem(f"{head.instance} (journal {position})", said)
            digest = head.rules
            program = self.programs.pinned(self.name, digest) if self._knows(digest) else None
            if program is None:
                # a refusal before anything began is not pinned; it changes nothing
                self.wish = head.command
                self.refused += head.decision == "no"
                if head.decision != "no":
                    yield self._problem(
                        f"journal {position}", f"decided by rules {digest[:8]} that are not there"
                    )
                return
            decision = thaw_decision(program, decision)
        where = f"{decision.instance} (journal {position})"
        yield from self._check_place(where, decision)
        binds = isinstance(decision, Accepted) or decision.refusal.terminal
        self.wish = Wish(decision.command.key, decision.command.at, binds)
        if not isinstance(decision, Accepted):
            self.refused += 1
            yield from self._refuse_again(where, decision)
            return
        self.accepted += 1
        program = self.programs.pinned(self.name, decision.rules)
        instance = self.instances.get(decision.instance)
        if instance is None:
            instance = self.instances[decision.instance] = Replayed(program)
        if instance.program.hash != decision.rules:
            yield self._problem(
                where, f"decided by {decision.rules}, begun {instance.program.hash}"
            )
        if decision.version != instance.version + 1:
            yield self._problem(where, f"version {decision.version} after {instance.version}")
        if isinstance(decision.command, ReverseAward):
            instance.standing.note(decision)
            yield from self.reversed.check(where, program, decision, self.books, self.used)
        else:
            if wrong := told_wrong(program, decision.command, self.used):
                yield self._problem(where, wrong)
            yield from self._replay(where, instance, decision)
            yield from self._price(where, program, instance, decision)
        instance.version = decision.version

    def _check_place(self, where: str, decision: Decision) -> Iterator[Problem]:
        if decision.campaign != self.name:
            yield self._problem(where, f"is a decision of {decision.campaign}")
        if self._knows(decision.rules) and not isinstance(decision.command, ReverseAward):
            mechanic = self.programs.pinned(self.name, decision.rules).mechanic
            about = mechanic.instance(decision.command)
            if about != decision.instance:
                yield self._problem(where, f"is about {about}")

    def _knows(self, digest: str) -> bool:
        try:
            self.programs.pinned(self.name, digest)
        except ViralCommerceError as error:
            if isinstance(error, StoreError) and not isinstance(error, StoreCorrupt):
                raise
            return False
        return True

    def _refuse_again(self, where: str, decision: Refused[Any, Any]) -> Iterator[Problem]:
        """What the game itself refused is refused again; the rest hangs on facts and times."""
        instance = self.instances.get(decision.instance)
        if instance is None:
            if not self._knows(decision.rules):
                return
            instance = Replayed(self.programs.pinned(self.name, decision.rules))
        mechanic = instance.program.mechanic
        if isinstance(decision.refusal, mechanic.refusal_types):  # type: ignore[arg-type]
            again = mechanic.decide(decision.command, instance.state)
            if again != decision.refusal:
                yield self._problem(where, f"decided again it is {again!r}, not {decision!r}")

    def _replay(
        self, where: str, instance: Replayed, decision: Accepted[Any, Any]
    ) -> Iterator[Problem]:
        mechanic = instance.program.mechanic
        again = mechanic.decide(decision.command, instance.state)
        if again != decision.events:
            yield self._problem(where, f"decided again it is {again!r}, not {decision.events!r}")
        others: dict[str, Replayed] = {}
        try:
            for event in decision.events:
                elsewhere = mechanic.where(event)
                changed = instance if not elsewhere else self._other(elsewhere, instance.program)
                if elsewhere:
                    others[elsewhere] = changed
                changed.state = changed.program.mechanic.evolve(changed.state, event)
        except ViralCommerceError as error:
            yield self._problem(where, f"cannot follow what came before: {error}")
        for other in others.values():
            other.version += 1

    def _other(self, name: str, program: Program) -> Replayed:
        """Another instance than the command's own, begun by the command if need be."""
        return self.instances.setdefault(name, Replayed(program))

    def _price(
        self,
        where: str,
        program: Program,
        instance: Replayed,
        decision: Accepted[Any, Any],
    ) -> Iterator[Problem]:
        if self.currency and program.currency not in ("", self.currency):
            said = f"is in {program.currency}, the campaign began in {self.currency}"
            yield self._problem(where, said)
        self._meet(program)
        self.awards += len(decision.awards)
        self.parts.note(program, decision)
        again = Repricing(program, decision, instance.standing, self.used)
        if tuple(again.awards) != decision.awards:
            yield self._problem(
                where, f"its rules give {again.awards!r}, it gave {list(decision.awards)!r}"
            )
        if again.adjustments != decision.adjustments:
            yield self._problem(
                where, f"it must take {again.adjustments!r}, it took {decision.adjustments!r}"
            )
        if program.mechanic.adjusting:
            instance.standing.note(decision)
        for grant, who in again.lost:
            yield self._problem(where, f"{grant} for {who} is neither given nor withheld")
        instance.held += again.hold
        for key, change in again.counted().items():
            self.used[key] += change
        for key, cap in again.caps.items():
            self.caps[key] = max(self.caps.get(key, 0), cap)
        if not self.shadow:
            self.books.note(decision, again.transfers)
        settles = type(decision.command) in program.mechanic.settling
        if decision.command.by != BY_CLOCK and not settles:
            for velocity in program.velocities:
                if velocity.fact:
                    self.uncounted.add(velocity.name)
                else:
                    scope = f"member/{decision.command.by}"
                    label = velocity.within(decision.command.at, program.zone)
                    key = (self.name, velocity.name, scope, label)
                    self.used[key] += 1
                    self.caps[key] = max(self.caps.get(key, 0), velocity.at_most)

    def _meet(self, program: Program) -> None:
        """Take note of a version that something was begun under."""
        if not self.currency:
            self.currency, self.budget_key = program.currency, program.budget_key
        self.allow(program.campaign)

    def _check_cells(self) -> Iterator[Problem]:
        seen, parents = 0, dict[str, str]()
        for name, cell in self.store.cells(self.name):
            parents[name] = cell.parent
            instance = self.instances.get(name)
            if instance is None:
                yield self._problem(name, "a cell that the journal does not know")
                continue
            seen += 1
            for said in instance.differs(cell):
                yield self._problem(name, said)
        if seen != len(self.instances):
            lost = sorted(set(self.instances) - {name for name, _ in self.store.cells(self.name)})
            yield self._problem(", ".join(lost[:5]), f"{len(lost)} cells are gone")
        for circle in circles(parents):
            yield self._problem(", ".join(circle[:5]), f"{len(circle)} stand above themselves")

    def _check_holds(self) -> Iterator[Problem]:
        for name, instance in self.instances.items():
            there = self.books.holds[name]
            if there != instance.held or instance.held < 0:
                yield self._problem(name, f"holds {instance.held}, the ledger says {there}")

    def _check_quotas(self) -> Iterator[Problem]:
        expected = {key: used for key, used in self.used.items() if used}
        if self.budget is not None and not self.unlimited and self.budget_key is not None:
            self.caps[self.budget_key] = self.budget
        for key, used in self.store.quotas(self.name):
            where = "quota " + "/".join(part for part in key[1:] if part)
            if key[1] in self.uncounted or key[1].startswith(REFUSED):
                continue
            wanted = expected.pop(key, 0)
            if used != wanted:
                yield self._problem(where, f"{used} used, the journal says {wanted}")
            cap = self.caps.get(key)
            if cap is not None and used > cap:
                yield self._problem(where, f"{used} used of {cap}: over-given")
        for key, used in expected.items():
            where = "quota " + "/".join(part for part in key[1:] if part)
            yield self._problem(where, f"nothing recorded, the journal says {used}")
