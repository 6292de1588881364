"""A third party's game: all who entered within an hour, and one of them is drawn at its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from viralcommerce import UNLIMITED, Campaign, Grant, Points, hours
from viralcommerce.decider import Carries, Mechanic, Reached
from viralcommerce.messages import BY_CLOCK, Command, Event, Refusal, State
from viralcommerce.refusals import NothingToEnd
from viralcommerce.rules.base import rule
from viralcommerce.values.dice import dice


class Enter(Command, frozen=True, kw_only=True):
    hat: str


class Draw(Command, frozen=True, kw_only=True):
    hat: str
    by: str = BY_CLOCK


class Entered(Event, frozen=True, kw_only=True):
    entrant: str
    closes: datetime


class Drawn(Event, frozen=True, kw_only=True):
    winner: str


class TooLate(Refusal, frozen=True, kw_only=True):
    en: ClassVar[str] = "{winner} was drawn"
    zh: ClassVar[str] = "{winner}已中奖"
    winner: str


class EmptyHat(State, frozen=True):
    pass


class Full(State, frozen=True, kw_only=True):
    names: tuple[str, ...]
    closes: datetime


class Over(State, frozen=True, kw_only=True):
    winner: str


@rule("raffle")
class Raffle(Mechanic[Enter | Draw, EmptyHat | Full | Over, Entered | Drawn]):
    """One of those who entered, drawn when time is over."""

    scope: ClassVar[str] = "hat"
    ends_by_chance: ClassVar[bool] = True
    milestones: ClassVar[Mapping[str, Carries]] = {
        "entered": Carries(("entrant",)),
        "drawn": Carries(("winner",), once=True, clock=True),
    }
    casts: ClassVar[Mapping[type[Command], tuple[str, ...]]] = {Enter: ("entrant",), Draw: ()}
    command_types: ClassVar[object] = Enter | Draw
    event_types: ClassVar[object] = Entered | Drawn
    refusal_types: ClassVar[object] = TooLate
    state_types: ClassVar[object] = EmptyHat | Full | Over

    def initial(self):
        return EmptyHat()

    def instance(self, command):
        return command.hat

    def cast(self, command, state):
        return {} if isinstance(command, Draw) else {"entrant": command.by}

    def decide(self, command, state):
        if isinstance(command, Draw):
            if not isinstance(state, Full) or command.at < state.closes:
                return NothingToEnd()
            winner = state.names[dice(command.entropy, "raffle").below(len(state.names))]
            return (Drawn(at=command.at, winner=winner),)
        if isinstance(state, Over):
            return TooLate(winner=state.winner)
        closes = state.closes if isinstance(state, Full) else command.at + hours(1)
        return (Entered(at=command.at, entrant=command.by, closes=closes),)

    def evolve(self, state, event):
        if isinstance(event, Drawn):
            return Over(winner=event.winner)
        names = state.names if isinstance(state, Full) else ()
        return Full(names=(*names, event.entrant), closes=event.closes)

    def reached(self, event):
        if isinstance(event, Drawn):
            return (Reached("drawn", {"winner": event.winner}),)
        return (Reached("entered", {"entrant": event.entrant}),)

    def deadline(self, state):
        return state.closes if isinstance(state, Full) else None

    def expire(self, instance, state):
        return Draw(hat=instance, at=state.closes)


RAFFLE = Campaign(
    "raffle",
    Raffle(),
    grants=(Grant(Points(100), to="winner", on="drawn"),),
    budget=UNLIMITED,
)
