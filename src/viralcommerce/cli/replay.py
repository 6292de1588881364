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
from viralcommerce.runtime.ports import Asked, Decision, Wanted
from viralcommerce.runtime.programs import SHADOW
from viralcommerce.runtime.shop import Shop

BATCH: Final = 1_000
"""How many events share one commit."""
MOST_LISTED: Final = 1_000
"""How many bad lines are listed; all are counted."""
MOST_DUE: Final = 100_000
"""How many deadlines are acted on among the events of one batch; others wait for the next."""

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_Said = tuple[str, datetime]


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
    """What the log itself tells of members: a port that answers for the events of one commit."""

    def __init__(self) -> None:
        self._told: Mapping[datetime, Told] = {}

    def tell(self, told: Mapping[datetime, Told]) -> None:
        """Know what was told at these moments, and nothing else."""
        self._told = told

    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        """What was told of each member at the moment that is asked about."""
        return [self._told.get(one.at, {}).get(one.member, {}) for one in asked]


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
            why = error.operands.get("why", error.message)
            raise type(error)(f"{why} ({self.resumes()})", **error.operands) from error
        return self.ran

    def resumes(self) -> str:
        """How far the log is committed, and what running it again does."""
        if not self._keeps:
            return "nothing is kept without --store"
        if self.ran.committed == 0:
            return "nothing of it is committed"
        return f"committed up to line {self.ran.committed}; run again to go on from there"

    def _batches(self) -> Iterator[list[Event]]:
        """Events that may share a commit: no key twice, none past a deadline just begun."""
        batch: list[Event] = []
        keys: set[str] = set()
        soon = _NEVER
        for event in self._events:
            if isinstance(event, Damage):
                self._bad(event)
                continue
            at = event.command.at
            key = event.command.key
            if len(batch) == self._at_once or at >= soon or key in keys:
                yield batch
                batch, keys, soon = [], set(), _NEVER
            batch.append(event)
            keys.add(key)
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
            self._decide(self._with_deadlines(waiting))
        self.ran.committed = batch[-1].number
        self.progress()

    def _with_deadlines(self, waiting: deque[Event]) -> list[Event]:
        """Take events, and before the first that is not earlier, the clock's commands.

        It stops at a deadline that an event taken before may have moved or met, and at an event
        that tells another thing of the same moment: facts are asked by member and moment.
        """
        latest = max(event.command.at for event in waiting)
        due = deque(command for _, command in self._shop.due(latest, limit=MOST_DUE))
        touched: set[str] = set()
        told: dict[datetime, Told] = {}
        steps: list[Event] = []
        while waiting:
            is_due = bool(due) and due[0].at <= waiting[0].command.at
            step = self._clock(due[0]) if is_due else waiting[0]
            if is_due and step.instance in touched:
                break
            if told.setdefault(step.command.at, step.told) != step.told:
                break
            if is_due:
                due.popleft()
            else:
                touched.add(step.instance)
                waiting.popleft()
            steps.append(step)
        self._members.tell(told)
        return steps

    def _clock(self, command: Command) -> Event:
        return Event(0, command, self._campaign.mechanic.instance(command), {})

    def _decide(self, steps: Sequence[Event]) -> None:
        """One commit."""
        commands = [step.command for step in steps]
        outcomes = self._shop.handle_many(self._campaign, commands, at_once=len(commands) or 1)
        self.ran.committed = max([self.ran.committed, *(step.number for step in steps)])
        for step, outcome in zip(steps, outcomes, strict=True):
            if isinstance(outcome, KeyReused):  # by another process, a moment ago
                self._reused(step)
            elif step.command.by == BY_CLOCK:
                self.ran.ended += isinstance(outcome, Accepted)
            elif isinstance(outcome, Accepted):
                self.ran.accepted += 1
            else:
                self.ran.refused += 1

    def _reused(self, event: Event) -> None:
        self.ran.events -= 1
        key = event.command.key
        said = f"the key {key!r} came before, with another command; it had no effect"
        self._bad(Damage(event.number, f"{said}; give every event a key of its own"))

    def _new(self, batch: Sequence[Event]) -> list[Event]:
        """The events that are to be decided: their keys are free, and the journal lacks them."""
        answered = self._answered(batch)
        unsure = [event for event in batch if not _is(event.command, answered)]
        there: dict[_Said, list[Command]] = {}
        moments = [(event.instance, event.command.at) for event in unsure]
        for line in self._shop.store.recorded(self.name, moments) if moments else ():
            command = self._read(line.decision).command
            there.setdefault((command.key, command.at), []).append(command)
        self.ran.there_already += len(batch) - len(unsure)
        return [event for event in unsure if self._is_new(event, answered, there)]

    def _answered(self, batch: Sequence[Event]) -> dict[str, Command]:
        """The commands that keys of these events were given to for ever."""
        places = tuple(sorted((self.name, event.command.key) for event in batch))
        session = self._shop.store.session()
        try:
            found = session.look(Wanted(decisions=places)).decisions
        finally:
            session.close()
        return {key: self._read(recorded).command for (_, key), recorded in found.items()}

    def _read(self, recorded: Decision | bytes) -> Decision:
        if not isinstance(recorded, bytes):
            return recorded
        decision: Decision = self._messages.decision(recorded)
        return decision

    def _is_new(
        self,
        event: Event,
        answered: Mapping[str, Command],
        there: Mapping[_Said, Sequence[Command]],
    ) -> bool:
        command = event.command
        before = answered.get(command.key)
        found = there.get((command.key, command.at), ())
        if any(one.says_as(command) for one in found):
            self.ran.there_already += 1
        elif before is None:
            return True
        elif before.says_as(command):
            self.ran.repeated += 1
        else:
            self._reused(event)
        return False

    def _tick(self, at: datetime) -> None:
        while ended := self._shop.tick(at):
            self.ran.ended += ended


def _is(command: Command, answered: Mapping[str, Command]) -> bool:
    """Whether this very command, with its time, was answered under its key."""
    before = answered.get(command.key)
    return before is not None and before.at == command.at and before.says_as(command)
