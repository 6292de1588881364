"""A log run through a shop: in batches, each one commit, with the deadlines that pass on the way.

Laws:
    Running a log again changes nothing, and says how many of its events were there already.
    Interrupted and run again, a log leaves the same tables as in one go.
    The clock acts in between, in the order of time, so the size of a batch decides nothing.
    Memory holds one batch, however long the log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from viralcommerce.campaign import Campaign
from viralcommerce.cli.events import Event, EventFile, Told
from viralcommerce.cli.lines import Damage
from viralcommerce.codec import messages_of
from viralcommerce.errors import InvalidMessage, KeyReused, StoreError, ViralCommerceError
from viralcommerce.messages import BY_CLOCK, Accepted, Command, Refusal
from viralcommerce.runtime.ports import Asked, Decision
from viralcommerce.runtime.programs import SHADOW
from viralcommerce.runtime.shop import Shop

BATCH: Final = 1_000
"""How many events share one commit."""
MOST_LISTED: Final = 1_000
"""How many bad lines are listed; all are counted."""
MOST_DUE: Final = 100_000
"""How many deadlines are acted on among the events of one batch; others wait for the next."""

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_Said = tuple[str, datetime, str]


class BadLine(Struct, frozen=True):
    """A line that was left out, and why."""

    line: int
    what: str


class Ran(Struct, kw_only=True):
    """What a run came to.

    Args:
        committed: the last line whose batch is committed.
        events: how many were read.
        accepted: decided now, with a yes.
        refused: decided now, with a no.
        there_already: decided by an earlier run, or a line that is there twice.
        repeated: keys that came again; answered as the first time.
        ended: instances that the clock ended on the way, at their deadline.
        late: events that happened before the line above them.
        bad: lines left out.
        bad_lines: the first of them.
        until: the moment up to which deadlines were acted on.
    """

    committed: int = 0
    events: int = 0
    accepted: int = 0
    refused: int = 0
    there_already: int = 0
    repeated: int = 0
    ended: int = 0
    late: int = 0
    bad: int = 0
    bad_lines: list[BadLine] = []
    until: datetime | None = None


class LogMembers:
    """What the log itself tells of members: a port that answers for the event at hand."""

    def __init__(self) -> None:
        self._told: Told = {}

    def tell(self, told: Told) -> None:
        """Know what one event tells, and nothing else."""
        self._told = told

    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        """What the event told of each member."""
        return [self._told.get(one.member, {}) for one in asked]


class Replay:
    """One log, run through a shop that has its campaign.

    Args:
        shop: built with `members` as its port.
        campaign: whose commands the log holds.
        events: the log.
        members: tells the shop what the log says of people.
        skips_bad: whether bad lines are counted and left out, rather than ending the run.
        keeps: whether the store outlives the run, so that another can go on from there.
        at_once: how many events share one commit, at least 1.

    Attributes:
        ran: what it has come to so far.
        name: what the store calls the campaign.
        progress: called after every commit.
    """

    def __init__(
        self,
        shop: Shop,
        campaign: Campaign,
        events: EventFile,
        members: LogMembers,
        *,
        skips_bad: bool = False,
        keeps: bool = True,
        at_once: int = BATCH,
    ) -> None:
        self.ran = Ran()
        self.progress: Callable[[], None] = lambda: None
        self._shop = shop
        self._campaign = campaign
        self._events = events
        self._members = members
        self._skips_bad = skips_bad
        self._keeps = keeps
        self._at_once = at_once
        self._messages = messages_of(type(campaign.mechanic))
        shadow = SHADOW if shop.stage(campaign).shadow else ""
        self.name = shadow + campaign.name
        self._latest: datetime | None = None

    def run(self, until: datetime | None = None) -> Ran:
        """Run the whole log, then the clock up to its last event, or to `until` if that is later.

        Raises:
            InvalidMessage: a bad line, where they are not left out; what came before is committed.
            StoreError: the store could not go on; what came before is committed.
        """
        try:
            for batch in self._batches():
                self._handle(batch)
            if self.ran.events == 0 and not self.ran.bad:
                raise InvalidMessage(f"{self._events.log.name}: it has no events; give one a line")
            moments = [moment for moment in (self._latest, until) if moment is not None]
            if moments:
                self.ran.until = max(moments)
                self._tick(self.ran.until)
        except StoreError as error:
            raise type(error)(f"{error.message} ({self.resumes()})", **error.operands) from error
        return self.ran

    def resumes(self) -> str:
        """How far the log is committed, and what running it again does."""
        if not self._keeps:
            return "nothing is kept without --store"
        if self.ran.committed == 0:
            return "nothing of it is committed"
        return f"committed up to line {self.ran.committed}; run again to go on from there"

    def _batches(self) -> Iterator[list[Event]]:
        """Events that may share a commit: none there twice, none past a deadline just begun."""
        batch: list[Event] = []
        said: set[_Said] = set()
        soon = _NEVER
        for event in self._events:
            if isinstance(event, Damage):
                self._bad(event)
                continue
            at = event.command.at
            saying = _said(event.instance, event.command)
            if len(batch) == self._at_once or at >= soon or saying in said:
                yield batch
                batch, said, soon = [], set(), _NEVER
            batch.append(event)
            said.add(saying)
            soon = min(soon, self._first_deadline(event.command))
            self.ran.events += 1
            self.ran.late += self._latest is not None and at < self._latest
            self._latest = at if self._latest is None else max(at, self._latest)
        if batch:
            yield batch

    def _bad(self, damage: Damage) -> None:
        where = f"{self._events.log.name}:{damage.number}"
        if not self._skips_bad:
            raise InvalidMessage(
                f"{where}: {damage.what} ({self.resumes()}; --skip-bad leaves bad lines out)"
            )
        self.ran.bad += 1
        if self.ran.bad <= MOST_LISTED:
            self.ran.bad_lines.append(BadLine(damage.number, damage.what))

    def _first_deadline(self, command: Command) -> datetime:
        """When the instance that a command may begin is due; never, where it begins none."""
        mechanic = self._campaign.mechanic
        state = mechanic.initial()
        try:
            events = mechanic.decide(command, state)
            for event in () if isinstance(events, Refusal) else events:
                state = mechanic.evolve(state, event)
            return mechanic.deadline(state) or _NEVER
        except ViralCommerceError:  # it draws, and has no dice yet
            return _NEVER

    def _handle(self, batch: Sequence[Event]) -> None:
        new = self._new(batch)
        if new:
            self._tick(min(event.command.at for event in batch))
        waiting = deque(new)
        while waiting:
            steps = self._with_deadlines(waiting)
            if self._events.tells:
                for step in steps:
                    self._members.tell(step.told)
                    self._decide([step])
            else:
                self._decide(steps)
        self.ran.committed = batch[-1].number
        self.progress()

    def _with_deadlines(self, waiting: deque[Event]) -> list[Event]:
        """Take events, and before the first that is not earlier, the clock's commands.

        It stops at a deadline that an event taken before may have moved or met.
        """
        mechanic = self._campaign.mechanic
        latest = max(event.command.at for event in waiting)
        due = deque(command for _, command in self._shop.due(latest, limit=MOST_DUE))
        touched: set[str] = set()
        steps: list[Event] = []
        while waiting:
            if due and due[0].at <= waiting[0].command.at:
                instance = mechanic.instance(due[0])
                if instance in touched:
                    break
                steps.append(Event(0, due.popleft(), instance, {}))
                continue
            touched.add(waiting[0].instance)
            steps.append(waiting.popleft())
        return steps

    def _decide(self, steps: Sequence[Event]) -> None:
        """One commit. Conditions are answered as of each event, so those go one by one."""
        commands = [step.command for step in steps]
        outcomes = self._shop.handle_many(self._campaign, commands, at_once=len(commands) or 1)
        self.ran.committed = max([self.ran.committed, *(step.number for step in steps)])
        for step, outcome in zip(steps, outcomes, strict=True):
            if step.command.by == BY_CLOCK:
                self.ran.ended += isinstance(outcome, Accepted)
                continue
            if isinstance(outcome, KeyReused):
                self.ran.events -= 1
                self._bad(Damage(step.number, _reused(step.command.key)))
            elif outcome.command.at != step.command.at:
                self.ran.repeated += 1
            elif isinstance(outcome, Accepted):
                self.ran.accepted += 1
            else:
                self.ran.refused += 1

    def _new(self, batch: Sequence[Event]) -> list[Event]:
        """The events that no earlier run, and no earlier batch, has had decided."""
        there: dict[_Said, list[Command]] = {}
        moments = [(event.instance, event.command.at) for event in batch]
        for line in self._shop.store.recorded(self.name, moments):
            recorded = line.decision
            decision: Decision = (
                self._messages.decision(recorded) if isinstance(recorded, bytes) else recorded
            )
            there.setdefault(_said(decision.instance, decision.command), []).append(
                decision.command
            )
        return [event for event in batch if not self._is_there(event, there)]

    def _is_there(self, event: Event, there: Mapping[_Said, Sequence[Command]]) -> bool:
        before = there.get(_said(event.instance, event.command), ())
        found = any(command.says_as(event.command) for command in before)
        self.ran.there_already += found
        return found

    def _tick(self, at: datetime) -> None:
        while ended := self._shop.tick(at):
            self.ran.ended += ended


def _said(instance: str, command: Command) -> _Said:
    return instance, command.at, command.key


def _reused(key: str) -> str:
    return (
        f"the key {key!r} came before, with another command; it had no effect; "
        "give every event a key of its own"
    )
