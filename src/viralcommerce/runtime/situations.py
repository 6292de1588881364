"""Situations: instances as the store had them, and as the commands of a batch leave them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import structs

from viralcommerce.decider import NO_LOOKUP, Balance, Lookup
from viralcommerce.messages import BY_CLOCK, Command, Event, State
from viralcommerce.program import Program
from viralcommerce.runtime.kinship import Held, lineage
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.ports import Cell, Chain, Found, Place, Wanted
from viralcommerce.runtime.programs import thaw_state
from viralcommerce.runtime.request import Context, Request, deadline_key

NOTHING: Final = Wanted()
SHELLS: Final = Command.stamps
"""What the shell stamps on every command; what else is filled in, the game fills in."""


Other = tuple[Request, Cell | None, Program, State]
"""An instance that a command of another one changes: what it was, and its situation afterwards."""


class Situations:
    """What a pass over a batch knows of every instance.

    Args:
        context: of the shop.
        found: what the store had.
        wanted: what it was asked for.
        beside: whether others may be forgotten before this is written: the store has many locks.

    Attributes:
        cells: those that a command has changed.
        hung: all that anything was hung under by that, if only for a while.
    """

    __slots__ = ("_held", "beside", "cells", "context", "found", "hung", "wanted")

    def __init__(
        self, context: Context, found: Found, wanted: Wanted = NOTHING, *, beside: bool = False
    ) -> None:
        self.context = context
        self.beside = beside
        self.found = found
        self.wanted = wanted
        self.cells: dict[Place, Cell] = {}
        self.hung: set[Place] = set()
        self._held: Held | None = None

    @property
    def held(self) -> Held:
        """What was locked and read of cells that hang under others."""
        if self._held is None:
            self._held = Held(self.found, self.wanted)
        return self._held

    def cell(self, place: Place) -> Cell | None:
        """An instance as the commands so far leave it."""
        return self.cells.get(place) or self.found.cells.get(place)

    def situation(self, request: Request) -> tuple[Cell | None, Program, State]:
        """The cell, the program it is pinned to, and its state."""
        program = request.program
        place = (program.name, request.instance)
        cell = self.cell(place)
        if cell is None:
            return None, program, program.mechanic.initial()
        if cell.rules != program.hash:
            program = self.context.programs.pinned(program.name, cell.rules)
        state = cell.state
        return cell, program, state if isinstance(state, State) else thaw_state(program, state)

    def informed(
        self, program: Program, command: Command, name: str, lookup: Lookup | None = None
    ) -> Command:
        """The command with what it is told of others, as this commit leaves them.

        Args:
            program: that it is decided by.
            command: as stamped.
            name: the store's name of its campaign.
            lookup: of the command, where it is known.

        Raises:
            Unread: what it must be told was not read.
        """
        mechanic = program.mechanic
        if lookup is None:
            lookup = mechanic.lookup(command)
        if lookup is NO_LOOKUP:
            alone: Command = mechanic.informed(command, {}, (), None)
            return alone
        states: dict[str, State] = {}
        for instance in lookup.cells:
            states.update(self._line((name, instance, 0)))
        line = self._line((name, lookup.above, lookup.levels)) if lookup.above else ()
        balance = self.balance(program, lookup.balance) if lookup.balance else None
        told: Command = mechanic.informed(command, states, line, balance)
        if self.beside:
            self.held.must_have_locked(told)
        return told

    def balance(self, program: Program, member: str) -> Balance | None:
        """What a member has; before anything is locked, nothing is known of it."""
        return None

    def _line(self, chain: Chain) -> list[tuple[str, State]]:
        if not self.found.all_locked:
            self.held.must_have_read(chain)
        name = chain[0]
        return [
            (instance, cell.state if isinstance(cell.state, State) else self._thawed(name, cell))
            for instance, cell in lineage(chain, self.found.seen, self.cells)
        ]

    def _thawed(self, name: str, cell: Cell) -> State:
        return thaw_state(self.context.programs.pinned(name, cell.rules), cell.state)

    def others(
        self, request: Request, program: Program, changed: Mapping[str, Sequence[Event]]
    ) -> list[Other]:
        """Other instances that a command changes, with the events of each: what they become."""
        found: list[Other] = []
        for instance, its in changed.items():
            other = structs.replace(request, instance=instance)
            cell, pinned, state = self.situation(other)
            if cell is None:  # begun by the command, under the rules that it is decided by
                pinned, state = program, program.mechanic.initial()
            found.append((other, cell, pinned, evolved(pinned, state, its)))
        return found

    def put(
        self, request: Request, program: Program, version: int, state: State, held: int
    ) -> None:
        """Note the new situation of an instance."""
        name = request.program.name
        cell = Cell(
            rules=program.hash,
            version=version,
            state=state,
            deadline=program.mechanic.deadline(state),
            held=held,
            parent=program.mechanic.parent(state) if program.mechanic.looks else "",
        )
        self.leave((name, request.instance), cell)

    def leave(self, place: Place, cell: Cell) -> None:
        """Note an instance as a command leaves it."""
        if cell.parent:
            self.hung.add((place[0], cell.parent))
        self.cells[place] = cell

    def circular(self, place: Place, parent: str, others: Collection[str] = ()) -> bool:
        """Whether hanging an instance under another would put it above itself.

        Args:
            place: of the instance.
            parent: what it is to hang under; "" for nothing.
            others: the instances that the command changes.

        Raises:
            Unread: one of all these is not locked, or a walk is needed that was not made.
        """
        if not (parent or others):
            return False
        if self.found.all_locked and place not in self.found.branches and place not in self.hung:
            return place[1] == parent  # a leaf stands above nobody
        self.held.must_hold(place, others, parent)
        return bool(parent) and self.held.circular(place, parent, self.cells, self.hung)


def overdue(command: Command, cell: Cell) -> bool:
    """Whether somebody comes upon an instance that the clock has not ended yet."""
    if cell.deadline is None or command.by == BY_CLOCK:
        return False
    return command.at >= cell.deadline


def ending(
    named: Program, instance: str, life: Life, pinned: Program, state: State, version: int
) -> Request:
    """The clock's command on an instance.

    Args:
        named: the newest version of its campaign.
        instance: what has come to its end.
        life: of the campaign.
        pinned: the version it was begun under.
        state: the situation it is in.
        version: of that situation.
    """
    expire = pinned.mechanic.expire(instance, state)
    expire = structs.replace(expire, key=deadline_key(instance, expire.at, version))
    return Request(named, expire, instance, life)


def as_it_stands(command: Command, program: Program, instance: str, state: State) -> Command:
    """The clock's command as its instance says it now, whom it is about above all.

    What was looked at before anything was locked may have been forgotten meanwhile.

    Args:
        command: as it was made of what was looked at.
        program: that the instance is pinned to.
        instance: what it is about.
        state: the situation it is in, under lock.
    """
    mechanic = program.mechanic
    deadline = mechanic.deadline(state)
    if deadline is None or command.at < deadline:  # others ended it; the game says so
        filled = command.stamps - SHELLS
        empty = {one.name: one.default for one in structs.fields(command) if one.name in filled}
        return structs.replace(command, **empty)
    now: Command = mechanic.expire(instance, state)
    if type(now) is not type(command):
        return command
    return structs.replace(now, at=command.at, key=command.key, entropy=command.entropy)


def come_upon(
    command: Command,
    named: Program,
    instance: str,
    life: Life,
    pinned: Program,
    state: State,
    version: int,
) -> Request:
    """The clock's command on an instance that somebody's command came upon after its time.

    What it may draw follows from the dice of that command, which nobody could know, and which are
    in nobody's hand: its end happens in the same commit, or not at all.
    """
    ended = ending(named, instance, life, pinned, state, version)
    if not pinned.mechanic.ends_by_chance:
        return ended
    return structs.replace(
        ended, command=structs.replace(ended.command, entropy=_derived(command, ended.command.key))
    )


def _derived(command: Command, key: str) -> str:
    seed = command.entropy
    if not seed or seed.startswith("="):  # nothing, or a script of a story
        return seed
    return hashlib.sha256(f"viralcommerce.ending.1:{seed}:{key}".encode()).hexdigest()[:32]


def parted(
    program: Program, events: Sequence[Event]
) -> tuple[Sequence[Event], Mapping[str, Sequence[Event]]]:
    """The events of a command's own instance, and those of each other one."""
    own: list[Event] = []
    others: dict[str, list[Event]] = {}
    for event in events:
        instance = program.mechanic.where(event)
        (others.setdefault(instance, []) if instance else own).append(event)
    return own, others


def evolved(program: Program, state: State, events: Sequence[Event]) -> State:
    """The situation after the events of a command."""
    for event in events:
        state = program.mechanic.evolve(state, event)
    return state
