"""Work that comes to its end though whoever waits for it is canceled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from viralcommerce.runtime.uncanceled import at_once_or_to_its_end, to_its_end

WAYS = pytest.mark.parametrize("way", [to_its_end, at_once_or_to_its_end])
Way = Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]]


@WAYS
def test_an_answer_and_a_failure_come_through_whether_it_waits_or_not(way: Way) -> None:
    async def work(waits: int, *, fails: bool) -> str:
        for _ in range(waits):
            await asyncio.sleep(0.001)
        if fails:
            raise KeyError("a teapot")
        return "a teapot"

    async def run() -> None:
        for waits in (0, 1, 3):
            assert await way(work(waits, fails=False)) == "a teapot"
            with pytest.raises(KeyError):
                await way(work(waits, fails=True))

    asyncio.run(run())


@WAYS
def test_a_failure_of_what_it_waits_for_is_its_own_to_handle(way: Way) -> None:
    async def work(later: asyncio.Future[None]) -> str:
        try:
            await later
        except KeyError:
            await asyncio.sleep(0)
            return "handled"
        return "nothing was raised"

    async def run() -> object:
        later = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.01, later.set_exception, KeyError("a teapot"))
        return await way(work(later))

    assert asyncio.run(run()) == "handled"


@WAYS
@pytest.mark.parametrize("fails", [False, True])
def test_canceled_again_and_again_it_ends_first(way: Way, *, fails: bool) -> None:
    async def run() -> list[str]:
        done: list[str] = []
        gate = asyncio.Event()

        async def work() -> None:
            await gate.wait()
            done.append("ended")
            if fails:
                raise KeyError("nobody is told")

        task = asyncio.ensure_future(_awaited(way(work())))
        for _ in range(3):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.sleep(0.01)
        assert not task.done()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        return done

    assert asyncio.run(run()) == ["ended"]


async def _awaited(work: Awaitable[Any]) -> None:
    await work
