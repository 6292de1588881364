"""Cancellation: a task of asyncio is canceled at each point where it waits; then it asks again.

Whatever was under way, nothing may be half-written or held, and the same keys must settle it::

    await cancel_everywhere(race, store, reading)
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from viralcommerce.errors import ViralCommerceError
from viralcommerce.messages import Command
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.async_ports import AsyncStore
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.ports import Asked, Members, Store
from viralcommerce.testing.doubles import FakeIssuer, ScriptedClock
from viralcommerce.testing.judging import Judge, Played
from viralcommerce.testing.races import Flow, Race


@dataclass(frozen=True)
class Canceled:
    """What was tried.

    Args:
        points: how many times a task was canceled, each time where it waited for something else.
    """

    points: int


async def cancel_everywhere(
    race: Race, store: AsyncStore, reading: Store, *, times: int = 1
) -> Canceled:
    """Cancel every flow of a race at every point where it waits, and run it again.

    Args:
        race: flows made of commands.
        store: awaited; each cancellation gets a campaign of its own in it.
        reading: one that blocks, on the same data.
        times: how often it is canceled, at points that follow each other: some are impatient.

    Raises:
        LawBroken: the first point after which something does not hold.
    """
    judge = Judge(race, passing=False)
    points = 0
    for index in range(len(race.flows)):
        at = 0
        while True:
            at += 1
            again = race.named(f"{race.campaign.name}-{index}-{at}-{times}")
            shop = _shop(again, store)
            for command in again.before:
                await shop.handle(again.campaign, command)
            work = _Canceling(_run(again, again.flows[index], shop), range(at, at + times))
            if not await _was_canceled(work):
                break
            points += 1
            answers = [await _run(again, flow, shop) for flow in again.flows]
            where = f"canceled at point {at} of flow {index + 1}: "
            await asyncio.to_thread(judge.hold, again, reading, answers, Played([], [], []), where)
    return Canceled(points)


class _Later:
    """A members port that answers later.

    Args:
        inner: what it answers.
    """

    def __init__(self, inner: Members) -> None:
        self._inner = inner

    async def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        await asyncio.sleep(0)
        return self._inner.facts(asked)


def _shop(race: Race, store: AsyncStore) -> AsyncShop:
    return AsyncShop(
        store,
        [race.campaign],
        members=None if race.members is None else _Later(race.members),
        issuer=FakeIssuer(),
        clock=ScriptedClock(race.at),
        entropy=DerivedEntropy("a race"),
    )


async def _run(race: Race, flow: Flow, shop: AsyncShop) -> object:
    try:
        if isinstance(flow, Command):
            return await shop.handle(race.campaign, flow)
        if not callable(flow):
            return await shop.handle_many(race.campaign, list(flow))
    except ViralCommerceError as error:
        return error
    return await shop.tick()


async def _was_canceled(work: _Canceling) -> bool:
    task = asyncio.ensure_future(_wait_for(work))
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
    return work.canceled


async def _wait_for(work: _Canceling) -> None:
    await work


class _Canceling:
    """A coroutine whose task is canceled where it waits for the n-th time.

    Args:
        work: the coroutine.
        points: at which of the times that it waits, the first being 1.
    """

    def __init__(self, work: Coroutine[Any, Any, object], points: range) -> None:
        self._work = work
        self._points = points
        self.canceled = False

    def __await__(self) -> Generator[Any, Any, object]:
        waits = 0
        thrown: BaseException | None = None
        while True:
            try:
                waited = self._work.send(None) if thrown is None else self._work.throw(thrown)
            except StopIteration as done:
                return done.value
            waits += 1
            task = asyncio.current_task()
            if waits in self._points and task is not None:
                self.canceled = True
                task.cancel()
            try:
                yield waited
                thrown = None
            except BaseException as error:  # noqa: BLE001 - it is for the work to handle
                thrown = error
