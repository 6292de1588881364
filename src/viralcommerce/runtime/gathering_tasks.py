"""Gathering for asyncio: whoever waits together is run by a task of its own.

A caller that is canceled takes nobody with it: what it wanted may have happened or not, and the
same key tells.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic

from viralcommerce.runtime.async_driver import AsyncDriver
from viralcommerce.runtime.gathering import Gathering, Lane, Ticket, Turn
from viralcommerce.runtime.request import Outcome, Request


class _Caller(Ticket):
    """A task that waits for an answer, or to be told that it must go alone."""

    __slots__ = ("enough", "news")

    def __init__(self, request: Request, news: asyncio.Future[None]) -> None:
        super().__init__(request)
        self.news = news
        self.enough = asyncio.Event()


class _Watch:
    """Tells callers who have waited for long enough that they must go alone.

    All wait equally long, so the first who came is the first who is told, and one timer of the
    loop does for all: one for each costs more than its place in a commit.

    Args:
        waits: how long, in seconds.
    """

    def __init__(self, waits: float) -> None:
        self._waits = waits
        self._watched: deque[tuple[float, _Caller]] = deque()
        self._is_set = False

    def over(self, caller: _Caller, loop: asyncio.AbstractEventLoop) -> None:
        """Watch over a caller who waits from now on."""
        watched = self._watched
        while watched and watched[0][1].news.done():
            watched.popleft()
        watched.append((loop.time() + self._waits, caller))
        if not self._is_set:
            self._set(loop)

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_set = True
        loop.call_at(self._watched[0][0], self._tell, loop)

    def _tell(self, loop: asyncio.AbstractEventLoop) -> None:
        watched, now = self._watched, loop.time()
        while watched and (watched[0][0] <= now or watched[0][1].news.done()):
            _wake((watched.popleft()[1],))
        self._is_set = False
        if watched:
            self._set(loop)


class AsyncGatherer:
    """Runs the commands of many tasks, together where they would wait for each other.

    Args:
        gathering: the bounds.
        driver: what runs them.
    """

    def __init__(self, gathering: Gathering, driver: AsyncDriver) -> None:
        self._gathering = gathering
        self._driver = driver
        self._waits = gathering.waits.total_seconds()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lanes: dict[str, Lane[_Caller]] = {}
        self._turns: set[asyncio.Task[None]] = set()
        self._watch = _Watch(self._waits)

    async def one(self, request: Request) -> Outcome:
        """The outcome of one command, as `AsyncDriver.one` has it.

        Raises:
            ViralCommerceError: as alone.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # in another loop, nobody is left of those who were here
            self._loop, self._lanes, self._turns = loop, {}, set()
            self._watch = _Watch(self._waits)
        name = request.program.name
        lane = self._lanes.get(name) or self._lanes.setdefault(name, Lane(self._gathering))
        caller = _Caller(request, loop.create_future())
        lingering = lane.enter(caller, monotonic())
        if lingering is not None:
            lingering.enough.set()
        turn: Turn[_Caller] | None = caller.turn
        if turn is not None:
            if not turn.awaits:
                return await self._at_once(lane, turn)
            self._start(lane, (turn,))
        self._watch.over(caller, loop)
        try:
            await caller.news
        finally:
            if caller.turn is None:
                self._start(lane, lane.withdraw(caller, monotonic()))
        return await self._driver.one(request) if caller.outcome is None else caller.outcome

    async def settle(self) -> None:
        """Wait for the turns that are under way."""
        if self._turns:
            await asyncio.wait(self._turns)

    async def _at_once(self, lane: Lane[_Caller], turn: Turn[_Caller]) -> Outcome:
        try:
            return await self._driver.one(turn.leader.request)
        finally:
            self._end(lane, turn)

    def _start(self, lane: Lane[_Caller], turns: Iterable[Turn[_Caller]]) -> None:
        for turn in turns:
            task = asyncio.create_task(self._run(lane, turn))
            self._turns.add(task)
            task.add_done_callback(self._turns.discard)

    async def _run(self, lane: Lane[_Caller], turn: Turn[_Caller]) -> None:
        try:
            if turn.awaits:
                with suppress(TimeoutError):
                    async with asyncio.timeout(turn.patience):
                        await turn.leader.enough.wait()
            lane.fill(turn)
            turn.tickets = [caller for caller in turn.tickets if not caller.news.done()]
            with suppress(Exception):  # whatever it is: each goes alone, and is told its own
                while turn.tickets:
                    _wake(turn.answer(await self._driver.first(turn.requests)))
        finally:
            self._end(lane, turn)

    def _end(self, lane: Lane[_Caller], turn: Turn[_Caller]) -> None:
        self._start(lane, lane.end(turn, monotonic()))
        _wake(turn.tickets)


def _wake(callers: Iterable[_Caller]) -> None:
    for caller in callers:
        if not caller.news.done():
            caller.news.set_result(None)
