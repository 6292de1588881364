"""Gathering: commands that would wait for each other go together, in one commit.

Whoever comes when nothing is in the way goes at once, alone. Whoever comes while a command about
the same instance is under way, or while as many commits of the campaign are under way as may be
side by side, waits; when the way is free, all who wait go together in the next. Where the last
turn had more than one, the next may linger for a moment, since those who were answered are likely
to be back; whoever comes meanwhile goes along, about whatever. Here is only who goes when; threads
and tasks are in `gathering_threads` and `gathering_tasks`.

Laws:
    Same answers: gathered commands are answered as one by one, in the order of their commits, and
        leave the same tables.
    Unharmed: whoever shares a commit with a command that fails, is refused or is given up is
        answered as if alone.
    Bounded: nobody waits for others for longer than `Gathering.waits`, and nobody is forgotten.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from viralcommerce.errors import InexactNumber, InvalidValue
from viralcommerce.runtime.request import Outcome, Request
from viralcommerce.values.spans import days, seconds

_A_SECOND: Final = seconds(1)
_A_DAY: Final = days(1)
LINGERS: Final = 0.125
"""How long a turn may linger for those who were just answered, in parts of the last turn. Without
it the first of sixteen who is back goes alone, and fifteen wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """How a shop gathers what is waiting.

    Args:
        at_most: how many commands share one commit, at least 1.
        waits: how long a caller waits for others; then it goes alone. At most a day.
        side_by_side: how many commits of one campaign a process has under way, at least 1.

    Raises:
        InvalidValue: fewer than one, or no time at all.
        InexactNumber: no whole number.

    Example:
        >>> Gathering(at_most=0)
        Traceback (most recent call last):
        viralcommerce.errors.InvalidValue: gathering: at_most=0; give 1 or more
    """

    at_most: int = 100
    waits: timedelta = _A_SECOND
    side_by_side: int = 2

    def __post_init__(self) -> None:
        for name in ("at_most", "side_by_side"):
            count = getattr(self, name)
            if type(count) is not int:
                raise InexactNumber(f"gathering: {name}={count!r:.60}; give a whole number")
            if count < 1:
                raise InvalidValue(f"gathering: {name}={count}; give 1 or more")
        if type(self.waits) is not timedelta or not timedelta(0) < self.waits <= _A_DAY:
            raise InvalidValue(
                f"gathering: waits={self.waits!r:.60}; give a span of a day at most, as in "
                "seconds(1)"
            )


class Ticket:
    """A caller's command while it waits.

    Attributes:
        turn: in which it goes, once that is known.
        outcome: what it came to; nothing until then, and for ever where it must go alone.
    """

    __slots__ = ("outcome", "request", "turn")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.turn: Turn[Any] | None = None
        self.outcome: Outcome | None = None

    @property
    def leads(self) -> bool:
        """Whether it is this caller's turn, and the others only come along."""
        return self.turn is not None and self.turn.leader is self


T = TypeVar("T", bound=Ticket)


class Turn(Generic[T]):
    """Commands that go together.

    Attributes:
        leader: whose turn it is.
        tickets: those without an answer; the leader's is the first.
        cells: the instances that they are about.
        began: when.
        size: how many set out.
        awaits: how many others are likely to come along, if it lingers.
        patience: for how many seconds it may.
    """

    __slots__ = ("awaits", "began", "cells", "leader", "patience", "size", "tickets")

    def __init__(self, leader: T, began: float) -> None:
        self.leader = leader
        self.tickets = [leader]
        self.cells = {leader.request.instance}
        self.began = began
        self.size = 1
        self.awaits = 0
        self.patience = 0.0

    @property
    def requests(self) -> tuple[Request, ...]:
        """What is to be run."""
        return tuple([ticket.request for ticket in self.tickets])

    def answer(self, outcomes: Sequence[Outcome]) -> list[T]:
        """Hand the first of them their outcomes; who they are."""
        answered = self.tickets[: len(outcomes)]
        for ticket, outcome in zip(answered, outcomes, strict=True):
            ticket.outcome = outcome
        del self.tickets[: len(outcomes)]
        return answered


class Lane(Generic[T]):
    """Who waits for what, among the commands of one campaign in one process.

    Instances take turns, and those who wait for one go in the order in which they came.

    Args:
        gathering: the bounds.
    """

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self._waits = gathering.waits.total_seconds()
        self._under_way: dict[Turn[T], None] = {}
        self._busy: dict[str, Turn[T]] = {}
        self._held: dict[str, deque[T]] = {}  # what waits for an instance that is busy
        self._ready: dict[str, deque[T]] = {}  # what waits for its turn only
        self._waiting = 0
        self._expected = 0  # how many were here when the last turn was over,
        self._until = 0.0  # and until when they are likely to be back
        self._lingering: Turn[T] | None = None

    def enter(self, ticket: T, now: float) -> T | None:
        """Take a command in: it has its turn at once, or it waits.

        Returns:
            Whoever lingers and need not any longer.
        """
        cell = ticket.request.instance
        is_full = len(self._under_way) >= self._gathering.side_by_side
        if cell in self._busy:
            self._held.setdefault(cell, deque()).append(ticket)
        elif not (is_full or self._lingering or cell in self._ready):
            self._linger(self._begin(ticket, now), now)
        else:
            self._ready.setdefault(cell, deque()).append(ticket)
        if ticket.turn is None:
            self._waiting += 1
            lingering = self._lingering
            if lingering is not None and self._waiting >= lingering.awaits:
                self._lingering = None
                return lingering.leader
        return None

    def fill(self, turn: Turn[T]) -> None:
        """Take along in a turn whoever can come along, as it sets out."""
        if self._lingering is turn:
            self._lingering = None
        (first,) = turn.cells
        self._board(turn, self._held, first)
        while self._ready and len(turn.tickets) < self._gathering.at_most:
            cell = next(iter(self._ready))
            self._busy[cell] = turn
            turn.cells.add(cell)
            self._held[cell] = self._ready.pop(cell)
            self._board(turn, self._held, cell)
        turn.size = len(turn.tickets)

    def end(self, turn: Turn[T], now: float) -> list[Turn[T]]:
        """A turn is over; the turns that begin now."""
        self._free(turn)
        if turn.size > 1:
            self._expected = turn.size + self._waiting
            self._until = now + LINGERS * min(now - turn.began, self._waits)
        begun = self._next(now)
        if begun:
            self._linger(begun[0], now)
        return begun

    def withdraw(self, ticket: T, now: float) -> list[Turn[T]]:
        """Somebody waits no longer; the turns that begin now.

        What has been under way for longer than anybody waits is lost, or slow: it holds nobody
        back any more.
        """
        cell = ticket.request.instance
        for waiting in (self._held, self._ready):
            queue = waiting.get(cell)
            if queue is not None and ticket in queue:
                queue.remove(ticket)
                self._waiting -= 1
                if not queue:
                    del waiting[cell]
        for turn in [one for one in self._under_way if now - one.began >= self._waits]:
            self._free(turn)
        return self._next(now)

    def _begin(self, leader: T, now: float) -> Turn[T]:
        turn = leader.turn = Turn(leader, now)
        self._under_way[turn] = None
        self._busy[leader.request.instance] = turn
        return turn

    def _linger(self, turn: Turn[T], now: float) -> None:
        """Let a turn wait a moment for those who were here just now."""
        others = min(self._expected, self._gathering.at_most) - 1
        if now < self._until and self._waiting < others and self._lingering is None:
            turn.awaits, turn.patience = others, self._until - now
            self._lingering = turn
        self._expected = 0

    def _board(self, turn: Turn[T], waiting: dict[str, deque[T]], cell: str) -> None:
        queue = waiting.get(cell)
        if queue is None:
            return
        while queue and len(turn.tickets) < self._gathering.at_most:
            ticket = queue.popleft()
            ticket.turn = turn
            turn.tickets.append(ticket)
            self._waiting -= 1
        if not queue:
            del waiting[cell]

    def _free(self, turn: Turn[T]) -> None:
        if self._lingering is turn:
            self._lingering = None
        if turn not in self._under_way:  # it was freed before
            return
        del self._under_way[turn]
        for cell in turn.cells:
            del self._busy[cell]
            queue = self._held.pop(cell, None)
            if queue is not None:
                self._ready[cell] = queue

    def _next(self, now: float) -> list[Turn[T]]:
        begun: list[Turn[T]] = []
        while self._ready and len(self._under_way) < self._gathering.side_by_side:
            cell = next(iter(self._ready))
            queue = self._ready.pop(cell)
            begun.append(self._begin(queue.popleft(), now))
            self._waiting -= 1
            if queue:
                self._held[cell] = queue
        return begun
