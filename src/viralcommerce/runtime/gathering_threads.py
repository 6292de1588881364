"""Gathering for threads: whoever has the turn takes along those who wait, and wakes them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic

from viralcommerce.runtime.driver import Driver
from viralcommerce.runtime.gathering import Gathering, Lane, Ticket, Turn
from viralcommerce.runtime.request import Outcome, Request


class _Caller(Ticket):
    """A thread that waits on a lock, until there is news."""

    __slots__ = ("news",)

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.news = threading.Lock()
        self.news.acquire()


class Gatherer:
    """Runs the commands of many threads, together where they would wait for each other.

    Args:
        gathering: the bounds.
        driver: what runs them.
    """

    def __init__(self, gathering: Gathering, driver: Driver) -> None:
        self._gathering = gathering
        self._driver = driver
        self._waits = gathering.waits.total_seconds()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._mutex = threading.Lock()
        self._lanes: dict[str, Lane[_Caller]] = {}

    def one(self, request: Request) -> Outcome:
        """The outcome of one command, as `Driver.one` has it.

        Raises:
            ViralCommerceError: as alone.
        """
        if self._pid != os.getpid():  # after a fork nobody is left of those who were here
            self._begin()
        name = request.program.name
        lane = self._lanes.get(name) or self._lanes.setdefault(name, Lane(self._gathering))
        caller = _Caller(request)
        try:
            with self._mutex:
                lingering = lane.enter(caller, monotonic())
            if lingering is not None:
                _wake((lingering,))
            if caller.turn is None:
                caller.news.acquire(timeout=self._waits)
            if caller.leads:
                self._lead(lane, caller)
        finally:
            if caller.outcome is None or caller.leads:
                self._leave(lane, caller)
        return self._driver.one(request) if caller.outcome is None else caller.outcome

    def _lead(self, lane: Lane[_Caller], caller: _Caller) -> None:
        turn: Turn[_Caller] | None = caller.turn
        if turn is None:
            return
        if turn.awaits:
            caller.news.acquire(timeout=turn.patience)
        with self._mutex:
            lane.fill(turn)
        if len(turn.tickets) == 1:
            caller.outcome = self._driver.one(caller.request)
            return
        with suppress(Exception):  # whatever it is: each goes alone, and is told its own
            while turn.tickets:
                _wake(turn.answer(self._driver.first(turn.requests)))

    def _leave(self, lane: Lane[_Caller], caller: _Caller) -> None:
        """Whoever comes after, and whoever came along, does not wait for this one any more."""
        with self._mutex:
            turn: Turn[_Caller] | None = caller.turn
            begun: list[Turn[_Caller]] = []
            if turn is None:
                begun = lane.withdraw(caller, monotonic())
            elif turn.leader is caller:
                begun = lane.end(turn, monotonic())
                _wake(turn.tickets)
        _wake(one.leader for one in begun)


def _wake(callers: Iterable[_Caller]) -> None:
    for caller in callers:
        if caller.news.locked():
            caller.news.release()
