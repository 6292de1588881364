"""One pass over a campaign's journal: everything that a table or a report says is counted here.

It reads the store and not the run, so a report is the same after one run, after many, or after a
year of a live shop. Memory does not grow with the journal.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from viralcommerce.adjusting import BACK
from viralcommerce.campaign import Campaign
from viralcommerce.cli.summary import Gain, Kept, Reason, Spend, Summary
from viralcommerce.cli.totals import Totals
from viralcommerce.cli.watches import Watched, watch
from viralcommerce.codec import Codec, messages_of
from viralcommerce.decider import AnyMechanic, Promised
from viralcommerce.errors import StoreCorrupt
from viralcommerce.kinds import KINDS
from viralcommerce.messages import BY_CLOCK, Accepted, Award, Refusal, ReverseAward
from viralcommerce.program import Program
from viralcommerce.runtime.ports import Decision, Store
from viralcommerce.runtime.programs import Programs
from viralcommerce.values.money import Money

TOP: Final = 20
"""How many members are named."""
MOST_MOMENTS: Final = 600
"""How many points spending over time has at most."""
EVERY: Final = 10_000
"""How many decisions lie between two calls of `progress`."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


def summarize(
    store: Store,
    campaign: Campaign,
    name: str,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Everything a report says about one campaign of a store.

    Args:
        store: read once, from the beginning of the journal.
        campaign: its newest version.
        name: what the store calls it.
        progress: called with the number of decisions read so far.
    """
    programs = Programs((campaign,), Codec(KINDS), store.rules, asks_nobody=False)
    with Totals() as totals:
        tally = _Tally(programs.named(campaign), programs, name, totals, store)
        for count, line in enumerate(store.journal(name), 1):
            tally.see(line.decision)
            if count % EVERY == 0:
                progress(count)
        return tally.summary(name)


class _Tally:
    def __init__(
        self, newest: Program, programs: Programs, name: str, totals: Totals, store: Store
    ) -> None:
        self._store = store
        self._newest = newest
        self._programs = programs
        self._name = name
        self._totals = totals
        self._decode = messages_of(type(newest.mechanic)).decision
        self._watch = watch(newest.mechanic)
        self._by_hash: dict[str, Program] = {newest.hash: newest}
        self._accepted = self._refused = self._clock = 0
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._gains: dict[tuple[str, str, str, str], list[int]] = {}
        self._reasons: Counter[type[Refusal]] = Counter()
        self._kept: Counter[tuple[str, str]] = Counter()
        self._spend = _Timeline()

    def see(self, recorded: Decision | bytes) -> None:
        decision: Decision = self._read(recorded) if isinstance(recorded, bytes) else recorded
        command = decision.command
        at = command.at
        self._first = at if self._first is None or at < self._first else self._first
        self._last = at if self._last is None or at > self._last else self._last
        accepted = isinstance(decision, Accepted)
        if command.by == BY_CLOCK:
            self._clock += 1
        elif accepted:
            self._accepted += 1
        else:
            self._refused += 1
        if isinstance(decision, Accepted):
            self._see_accepted(decision)
        elif command.by != BY_CLOCK:
            self._reasons[type(decision.refusal)] += 1

    def _read(self, recorded: bytes) -> Decision:
        try:
            found: Decision = self._decode(recorded)
        except StoreCorrupt:  # an older version of the campaign played another game
            program = self._program(_head.decode(recorded).rules)
            found = messages_of(type(program.mechanic)).decision(recorded)
        return found

    def _program(self, digest: str) -> Program:
        program = self._by_hash.get(digest)
        if program is None:
            program = self._by_hash[digest] = self._programs.pinned(self._name, digest)
        return program

    def _see_accepted(self, decision: Accepted[Any, Any]) -> None:
        program = self._program(decision.rules)
        given = 0
        for award in decision.awards:
            given += self._see_award(award)
        if decision.adjustments:
            given += self._see_adjustments(decision)
        for kept in decision.withheld:
            self._kept[(kept.grant, kept.code)] += 1
        held = _held(program.mechanic, program.drawn, decision)
        if given or held:
            self._spend.add(decision.command.at, given, held)
        if self._watch is not None:
            self._watch.see(decision, program.mechanic)

    def _see_award(self, award: Award) -> int:
        cost = 0 if award.cost is None else award.cost.minor
        key = (award.grant, award.role, award.reward, award.asset)
        found = self._gains.get(key)
        if found is None:
            found = self._gains[key] = [0, 0, 0, 0]
        found[0] += 1
        found[1] += award.amount
        found[2] += cost
        self._totals.add(award.to, award.asset, award.amount)
        return cost

    def _see_adjustments(self, decision: Accepted[Any, Any]) -> int:
        """What is taken back, and given again, of earlier awards of the same instance."""
        earlier: dict[str, Award] = {}
        for line in self._store.history(self._name, decision.instance):
            before = (
                self._read(line.decision) if isinstance(line.decision, bytes) else line.decision
            )
            if isinstance(before, Accepted):
                earlier |= {award.id: award for award in before.awards}
        given = 0
        for one in decision.adjustments:
            award = earlier[one.award]
            sign = -1 if one.way == BACK else 1
            found = self._gains[(award.grant, award.role, award.reward, award.asset)]
            found[3] -= sign * one.amount
            cost = 0
            if award.cost is not None:
                whole = award.cost.minor if one.amount == award.amount else 0
                cost = sign * (one.amount if award.asset == award.cost.currency else whole)
            found[2] += cost
            self._totals.add(one.to, one.asset, sign * one.amount, awards=0)
            given += cost
        return given

    def summary(self, name: str) -> Summary:
        newest = self._newest
        gains = [self._gain(key, found) for key, found in sorted(self._gains.items())]
        asset = self._asset(gains)
        spend = self._spend.points()
        watched = Watched() if self._watch is None else self._watch.told()
        return Summary(
            campaign=name,
            rules=newest.hash,
            zone=newest.zone,
            currency=newest.currency,
            budget=newest.budget,
            decisions=self._accepted + self._refused + self._clock,
            accepted=self._accepted,
            refused=self._refused,
            by_clock=self._clock,
            first=self._first,
            last=self._last,
            gains=gains,
            reasons=[
                Reason(kind.__struct_config__.tag, times, _meaning(kind))  # type: ignore[arg-type]
                for kind, times in self._reasons.most_common()
            ],
            kept=[Kept(grant, code, times) for (grant, code), times in self._kept.most_common()],
            given=spend[-1].given if spend else 0,
            held=spend[-1].held if spend else 0,
            gainers=self._totals.gainers(),
            asset=asset,
            top=self._totals.top(asset, TOP),
            spread=self._totals.spread(asset),
            spend=spend,
            packs=watched.packs,
            asks=watched.asks,
            invites=watched.invites,
        )

    def _gain(self, key: tuple[str, str, str, str], found: list[int]) -> Gain:
        grant, role, reward, asset = key
        awards, amount, cost, back = found
        return Gain(
            grant=grant,
            role=role,
            reward=reward,
            asset=asset,
            awards=awards,
            amount=amount,
            back=back,
            cost=Money(cost, self._newest.currency) if cost else None,
        )

    def _asset(self, gains: list[Gain]) -> str:
        """The money, where any was given; else what was given most often."""
        if any(gain.asset == self._newest.currency for gain in gains):
            return self._newest.currency
        often: Counter[str] = Counter()
        for gain in gains:
            often[gain.asset] += gain.awards
        return often.most_common(1)[0][0] if often else self._newest.currency


class _Timeline:
    """Spending by time, in steps that widen so that there are never too many."""

    def __init__(self) -> None:
        self._width = 1
        self._steps: dict[int, tuple[int, int]] = {}

    def add(self, at: datetime, given: int, held: int) -> None:
        """Count a change at a moment."""
        step = (at - _EPOCH) // _SECOND // self._width
        before = self._steps.get(step, (0, 0))
        self._steps[step] = (before[0] + given, before[1] + held)
        while len(self._steps) > MOST_MOMENTS:
            self._widen()

    def _widen(self) -> None:
        self._width *= 2
        wider: dict[int, tuple[int, int]] = {}
        for step, (given, held) in self._steps.items():
            before = wider.get(step // 2, (0, 0))
            wider[step // 2] = (before[0] + given, before[1] + held)
        self._steps = wider

    def points(self) -> list[Spend]:
        """What was given and held at the end of each step in which that changed."""
        points: list[Spend] = []
        given = held = 0
        for step, change in sorted(self._steps.items()):
            given += change[0]
            held += change[1]
            points.append(Spend(_EPOCH + (step + 1) * self._width * _SECOND, given, held))
        return points


def _held(mechanic: AnyMechanic, drawn: frozenset[str], decision: Accepted[Any, Any]) -> int:
    """The change of what an instance holds, in minor units: promised, released and drawn."""
    if isinstance(decision.command, ReverseAward):  # what was drawn goes to the budget
        return 0
    held = 0
    for event in decision.events:
        promise: Promised = mechanic.promised(event)
        held += promise.held.minor if promise.held is not None else 0
        held -= promise.released.minor if promise.released is not None else 0
        for reached in mechanic.reached(event):
            if reached.milestone in drawn and reached.amount is not None:
                held -= reached.amount.minor
    return held


def _meaning(kind: type[Refusal]) -> str:
    """What a refusal means: the first clause of its documentation."""
    said = inspect.getdoc(kind) or ""
    return said.partition("\n")[0].partition(";")[0].rstrip(".")


class _Head(msgspec.Struct):
    """The part of a journal line that says which rules it was decided by."""

    rules: str


_head = msgspec.json.Decoder(_Head)
