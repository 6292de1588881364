"""The teller of random stories: plays the bare mechanic along, to know what is likely next."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from msgspec import inspect, structs

from viralcommerce.campaign import Campaign
from viralcommerce.errors import InvalidValue
from viralcommerce.messages import Command, Refusal, State
from viralcommerce.testing.doubles import FIRST_MOMENT, moment
from viralcommerce.values.money import Money
from viralcommerce.values.zones import DAY, period_start

_TICK: Final = timedelta(microseconds=1)
_TO_A_LANDMARK: Final = timedelta(-1)
_STEPS: Final = (
    *(timedelta(0),) * 3,
    timedelta(seconds=1),
    timedelta(minutes=10),
    timedelta(hours=5),
    *(_TO_A_LANDMARK,) * 2,
)
_ROUND: Final = (-timedelta(seconds=1), -_TICK, timedelta(0), _TICK, timedelta(hours=1))
_CROWDS: Final = (3, 3, 3, 12, 12, 12, 210)
_GOES_HOME: Final = 3
"""After how many refusals in a row the rest of a crowd does not bother."""
_STAMPS: Final = frozenset({"at", "key", "entropy"})
_ACTIONS: Final = (*("likely",) * 6, "anything", "anything", "retry", "retry", "clock", "crowd")


class Teller:
    """Tells one story.

    Args:
        campaign: what it is about.
        people: who acts.
        instances: how many things they act on.
        fields: how to draw fields, by name.
        draw: Hypothesis' choice.

    Attributes:
        told: the commands so far.
    """

    def __init__(
        self,
        campaign: Campaign,
        people: tuple[str, ...],
        instances: int,
        fields: Mapping[str, SearchStrategy[Any]],
        draw: DrawFn,
    ) -> None:
        self.draw = draw
        self.campaign = campaign
        self.mechanic = campaign.mechanic
        self.people = people
        self.ids = tuple(f"{self.mechanic.scope}-{n}" for n in range(1, instances + 1))
        self.most_ids = 3 * instances
        self.fields = fields
        self.told: list[Command] = []
        self.states: dict[str, State] = {}
        self.crowds = 0
        casts = self.mechanic.casts
        self.wishes = tuple(kind for kind, roles in casts.items() if roles)
        self.clocks = tuple(kind for kind, roles in casts.items() if not roles)
        self.at = self._beginning()

    def go_on(self) -> None:
        """Tell what happens next."""
        self._let_time_pass()
        match self.draw(st.sampled_from(_ACTIONS)):
            case "retry" if self.told:
                self._retry(self.draw(st.sampled_from(self.told)))
            case "clock" if self.clocks:
                self._clock()
            case "crowd":
                self._crowd()
            case "anything":
                kind = self.draw(st.sampled_from(self.wishes))
                self._tell(self._made(kind, self._person(), self._id()))
            case _:
                self._tell(self._likely(self._person(), self._id()))

    def _beginning(self) -> datetime:
        """While the campaign is open, or around the ends of its window."""
        first = moment(FIRST_MOMENT).astimezone(UTC)
        hour, window = timedelta(hours=1), self.campaign.window
        begins = [first] if window.contains(first) else []
        begins += [window.closes - hour] if window.ends else []
        begins += [window.opens - hour] if window.opens.year > 1 else []
        return self.draw(st.sampled_from(begins))

    def _let_time_pass(self) -> None:
        """A little, or to one of the moments round which everything turns."""
        step = self.draw(st.sampled_from(_STEPS))
        if step != _TO_A_LANDMARK:
            self.at += step
            return
        near = [mark + by for mark in self._landmarks() for by in _ROUND]
        self.at = self.draw(st.sampled_from([one for one in near if one > self.at]))

    def _landmarks(self) -> list[datetime]:
        """Deadlines, the ends of the window, and midnight."""
        deadlines = (self.mechanic.deadline(state) for state in self.states.values())
        marks = sorted({one for one in deadlines if one is not None})
        window = self.campaign.window
        opens = window.next_open(self.at)
        opening = window.opening(self.at)
        if opens is not None:
            marks.append(opens)
        if opening is not None and opening.ends:
            marks.append(opening.closes)
        tomorrow = self.at + timedelta(days=1)
        return [*marks, period_start(tomorrow, DAY, self.campaign.zone)]

    def _person(self) -> str:
        return self.draw(st.sampled_from(self.people))

    def _id(self) -> str:
        return self.draw(st.sampled_from(self.ids))

    def _likely(self, by: str, instance: str) -> Command:
        """A command that the mechanic would say yes to: about this, another or a new thing."""
        about = dict.fromkeys((instance, *self.ids))
        if len(self.ids) < self.most_ids:
            about[f"{self.mechanic.scope}-{len(self.ids) + 1}"] = None
        made = [self._made(kind, by, instance) for kind in self.wishes]
        for other in about:
            likely = [one for one in self._about(other, made) if self._events(one)]
            if likely:
                self.ids += () if other in self.ids else (other,)
                return self.draw(st.sampled_from(likely))
        return self.draw(st.sampled_from(made))

    def _about(self, instance: str, commands: list[Command]) -> list[Command]:
        """The same wishes about another thing."""
        scope = self.mechanic.scope
        return [
            structs.replace(one, **{scope: instance}) if hasattr(one, scope) else one
            for one in commands
        ]

    def _retry(self, before: Command) -> None:
        """The same wish again: with its key, later or not, or as a new wish."""
        later = structs.replace(before, at=self.at)
        anew = structs.replace(later, key=self._key())
        self._tell(self.draw(st.sampled_from((later, later, before, anew))))

    def _clock(self) -> None:
        """The clock acts, on time where something is due, else too early."""
        due = [
            (instance, state)
            for instance, state in self.states.items()
            if (deadline := self.mechanic.deadline(state)) is not None and deadline <= self.at
        ]
        if due:
            instance, state = self.draw(st.sampled_from(due))
            expire = self.mechanic.expire(instance, state)
            self._tell(structs.replace(expire, key=self._key()))
        else:
            kind = self.draw(st.sampled_from(self.clocks))
            self._tell(self._made(kind, "", self._id()))

    def _crowd(self) -> None:
        """Strangers come, and each does the same one or two things, as long as it works."""
        self.crowds += 1
        instance, first = self._id(), f"stranger-{self.crowds}-1"
        deeds = self.draw(st.sampled_from((1, 1, 2)))
        for _ in range(deeds):
            self._tell(self._likely(first, instance))
        like, refused = self.told[-deeds:], 0
        for number in range(2, self.draw(st.sampled_from(_CROWDS)) + 1):
            for deed in like:
                by = f"stranger-{self.crowds}-{number}"
                again = structs.replace(deed, by=by, key=self._key(), entropy=self._seed())
                refused = 0 if self._events(again) else refused + 1
                self._tell(again)
            if refused >= _GOES_HOME:
                return

    def _tell(self, command: Command) -> None:
        """Tell a command, and play it along."""
        self.told.append(command)
        full = self._informed(command)
        instance = self.mechanic.instance(full)
        self.states[instance] = self._state(instance, command.at)
        self._note(instance, self._events(command))

    def _note(self, instance: str, events: tuple[Any, ...]) -> None:
        """Play events along, wherever they happen."""
        for event in events:
            place = self.mechanic.where(event) or instance
            state = self.states.get(place) or self.mechanic.initial()
            self.states[place] = self.mechanic.evolve(state, event)

    def _state(self, instance: str, at: datetime) -> State:
        """The situation at a moment: what is overdue is ended first, as a shop does."""
        state: State = self.states.get(instance) or self.mechanic.initial()
        deadline = self.mechanic.deadline(state)
        if deadline is None or deadline > at:
            return state
        ended = self.mechanic.decide(self._informed(self.mechanic.expire(instance, state)), state)
        for event in () if isinstance(ended, Refusal) else ended:
            if not self.mechanic.where(event):
                state = self.mechanic.evolve(state, event)
        return state

    def _events(self, command: Command) -> tuple[Any, ...]:
        full = self._informed(command)
        instance = self.mechanic.instance(full)
        above = self.mechanic.binds(full)
        if above and instance in (one for one, _ in self._line(above, len(self.states))):
            return ()
        events = self.mechanic.decide(full, self._state(instance, full.at))
        return () if isinstance(events, Refusal) else events

    def _informed(self, command: Command) -> Command:
        """The command as a shop would fill it in and tell it of others."""
        mechanic = self.mechanic
        if type(command) in mechanic.filling:
            command = mechanic.filled(command, hashlib.sha256(command.key.encode()).digest())
        if not mechanic.looks:
            return command
        lookup = mechanic.lookup(command)
        known = {one: self.states[one] for one in lookup.cells if one in self.states}
        line = self._line(lookup.above, lookup.levels) if lookup.above else []
        informed: Command = mechanic.informed(command, known, line, None)
        return informed

    def _line(self, instance: str, levels: int) -> list[tuple[str, State]]:
        """An instance and those above it, as far as they have begun."""
        found: list[tuple[str, State]] = []
        while instance in self.states and len(found) <= levels:
            state = self.states[instance]
            found.append((instance, state))
            instance = self.mechanic.parent(state)
        return found

    def _key(self) -> str:
        return f"key-{len(self.told) + 1}"

    def _seed(self) -> str:
        if not self.mechanic.draws:
            return ""
        return hashlib.sha256(f"story/{len(self.told)}".encode()).hexdigest()[:32]

    def _made(self, kind: type[Command], by: str, instance: str) -> Command:
        """A command of a type, its fields drawn; `by` nobody is the clock."""
        values: dict[str, Any] = {"at": self.at, "key": self._key(), "entropy": self._seed()}
        for field in fields_of(kind):
            if field.name in _STAMPS or field.name in kind.stamps:
                continue
            if field.name == "by":
                if by:
                    values["by"] = by
            elif field.name in self.fields:
                values[field.name] = self.draw(self.fields[field.name])
            elif field.name == self.mechanic.scope:
                values[field.name] = instance
            elif field.required or self.draw(st.booleans()):
                values[field.name] = self.draw(
                    values_of(field.type, self.campaign, self.people + self.ids, self.at)
                )
        return kind(**values)


@functools.cache
def fields_of(kind: type[Command]) -> tuple[inspect.Field, ...]:
    """The fields of a command, with their types."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return info.fields


def values_of(
    kind: inspect.Type, campaign: Campaign, names: tuple[str, ...], at: datetime
) -> SearchStrategy[Any]:
    """Values of a field: names of people and things, small numbers, moments near now.

    Raises:
        InvalidValue: a type of which no values come to mind.
    """

    def inner(one: inspect.Type) -> SearchStrategy[Any]:
        return values_of(one, campaign, names, at)

    match kind:
        case inspect.StrType():
            return st.sampled_from(names)
        case inspect.IntType():
            least = kind.ge or 0
            return st.integers(least, least + 9 if kind.le is None else kind.le)
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateTimeType():
            return st.sampled_from([at + by for by in _ROUND])
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.EnumType():
            return st.sampled_from(sorted(kind.cls, key=repr))
        case inspect.NoneType():
            return st.none()
        case inspect.UnionType():
            return st.one_of([inner(one) for one in kind.types])
        case inspect.VarTupleType():
            return st.lists(inner(kind.item_type), max_size=3).map(tuple)
        case inspect.ListType():
            return st.lists(inner(kind.item_type), max_size=3)
        case inspect.StructType(cls=cls) if cls is Money:
            currency = campaign.currency or "CNY"
            return st.sampled_from([Money(n, currency) for n in (1, 99, 100, 1_000, 60_000)])
        case inspect.StructType():
            required = {one.name: inner(one.type) for one in kind.fields if one.required}
            return st.builds(kind.cls, **required)
        case _:
            raise InvalidValue(
                f"stories: a field is a {type(kind).__name__}, and no values of that come to "
                "mind; say them with fields={name: strategy}"
            )
