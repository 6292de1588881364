"""Playing a story: its steps one by one, in a shop in memory with doubles for every port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from viralcommerce.campaign import Campaign
from viralcommerce.errors import InvalidValue
from viralcommerce.messages import Command, Refused
from viralcommerce.rules.base import Kinds
from viralcommerce.runtime.audit import AuditReport, audit
from viralcommerce.runtime.life import Stage
from viralcommerce.runtime.ports import Decision
from viralcommerce.runtime.shop import Shop
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import FakeMembers, ScriptedClock, ScriptedEntropy


@dataclass(frozen=True, slots=True)
class Knowing:
    """Facts that the members port learns, by member."""

    known: tuple[tuple[str, tuple[tuple[str, object], ...]], ...]


@dataclass(frozen=True, slots=True)
class Dice:
    """What the next draws fall as."""

    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class At:
    """The time."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class After:
    """Time passes."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class Staged:
    """The operator moves the campaign on."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Edited:
    """The shop is opened anew with another version."""

    campaign: Campaign


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody does something: ``"given"`` before, or ``"when"`` it is asked about.

    Args:
        verb: which.
        command: what.
        number: of the ``when``, in the book.
        raises: whether the story goes on although the host is told that this cannot be.
    """

    verb: str
    command: Command
    number: int = field(default=0, compare=False)
    raises: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """The clock acts on every deadline that has come."""

    number: int = field(default=0, compare=False)


GIVEN: Final = "given"
WHEN: Final = "when"
Step = Knowing | Dice | At | After | Staged | Edited | Act | Due


@dataclass(frozen=True, slots=True)
class Scene:
    """A step that was played.

    Args:
        step: what.
        at: when, in the zone the story tells time in.
        decisions: the answers to it.
        before: what the clock decided first, on deadlines that had passed.
        again: whether the answer is the one recorded under the command's key.
        error: what was raised.
    """

    step: Step
    at: datetime
    decisions: tuple[Decision, ...] = ()
    before: tuple[Decision, ...] = ()
    again: bool = False
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """A story that was played, to its end or to where it broke.

    Args:
        scenes: each step, the one that broke it included.
        audit: of the store afterwards.
        ended: whether every step was played.
    """

    scenes: tuple[Scene, ...]
    audit: AuditReport
    ended: bool

    @property
    def error(self) -> Exception | None:
        """What the last step raised, if anything."""
        return self.scenes[-1].error if self.scenes else None

    @property
    def last(self) -> tuple[Decision, ...]:
        """What was decided by the last step that asked anything."""
        asked = [scene for scene in self.scenes if isinstance(scene.step, Act | Due)]
        return asked[-1].decisions if asked else ()


@dataclass(slots=True)
class _Stage:
    """The shop of a story, and what its steps change."""

    campaign: Campaign
    kinds: Kinds
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: ScriptedClock = field(default_factory=ScriptedClock)
    members: FakeMembers = field(default_factory=FakeMembers)
    entropy: ScriptedEntropy = field(default_factory=ScriptedEntropy)
    dice: list[int] | None = None
    seen: dict[str, int] = field(default_factory=dict)

    def open(self) -> Shop:
        return Shop(
            self.store,
            (self.campaign,),
            members=self.members,
            clock=self.clock,
            entropy=self.entropy,
            kinds=self.kinds,
            elsewhere=self.campaign.entries,
        )

    def journaled(self) -> list[Decision]:
        """What the journal says since it was last asked."""
        found: list[Decision] = []
        for name in self.store.campaigns():
            for line in self.store.journal(name, self.seen.get(name, 0)):
                assert not isinstance(line.decision, bytes)
                found.append(line.decision)
                self.seen[name] = line.position
        return found

    def handle(self, shop: Shop, command: Command) -> Decision:
        """Decide; scripted dice are handed out as they are drawn, one value a draw."""
        if self.dice is None:
            return shop.handle(self.campaign, command)
        for count in range(len(self.dice) + 1):
            if self.campaign.mechanic.draws:
                self.entropy.script(*self.dice[:count], key=command.key)
            try:
                decision = shop.handle(self.campaign, command)
            except InvalidValue as error:
                if "value" in error.operands:  # a value that this draw cannot give
                    raise
                if count == len(self.dice):
                    raise InvalidValue(
                        f"story: {command.by} draws, and none of the {count} scripted values "
                        f"left is for it ({error}); script more with .dice(...)"
                    ) from error
            else:
                del self.dice[:count]
                return decision
        raise AssertionError("a story hands out its dice one by one")


def play(campaign: Campaign, kinds: Kinds, steps: Sequence[Step]) -> Played:
    """Play every step; stop where one raises that nobody expected to."""
    kinds = {**kinds, campaign.mechanic.kind: type(campaign.mechanic)}
    stage = _Stage(campaign, kinds)
    shop = stage.open()
    scenes: list[Scene] = []
    for number, step in enumerate(steps, 1):
        if isinstance(step, Edited):
            stage.campaign = step.campaign
            shop = stage.open()
        scene = _scene(stage, shop, step, number)
        scenes.append(scene)
        if scene.error is not None and not (isinstance(step, Act) and step.raises):
            break
    return Played(tuple(scenes), audit(stage.store, kinds=kinds), len(scenes) == len(steps))


def _scene(stage: _Stage, shop: Shop, step: Step, number: int) -> Scene:
    match step:
        case Act():
            return _act(stage, shop, step, number)
        case Due():
            shop.tick(limit=1_000_000)
            return Scene(step, stage.clock.local, tuple(stage.journaled()))
        case Knowing():
            stage.members.know({member: dict(facts) for member, facts in step.known})
        case Dice():
            stage.dice = [*(stage.dice or ()), *step.values]
        case At():
            stage.clock.at(step.moment)
        case After():
            stage.clock.forward(step.span)
        case Staged():
            shop.set_stage(stage.campaign, step.stage, by="operator", why="the story says so")
        case Edited():
            pass
    return Scene(step, stage.clock.local)


def _act(stage: _Stage, shop: Shop, step: Act, number: int) -> Scene:
    command = step.command
    at = stage.clock.local
    keyed = command if command.key else structs.replace(command, key=f"(step)/{number}")
    try:
        decision = stage.handle(shop, keyed)
    except Exception as error:  # noqa: BLE001 - whatever it is, the story is told first
        return Scene(step, at, error=error)
    fresh = stage.journaled()
    refused = step.verb == GIVEN and isinstance(decision, Refused)
    return Scene(
        step,
        at,
        (decision,),
        tuple(fresh[:-1]),
        again=not fresh,
        error=AssertionError("what is given was refused") if refused else None,
    )
