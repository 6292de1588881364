"""What must come to its end though whoever waits for it is canceled, for asyncio."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Await work in a task of its own; canceled, it is waited for, however often.

    Raises:
        asyncio.CancelledError: afterwards, whatever the work came to: who asked has gone.
    """
    task = asyncio.ensure_future(work)
    canceled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            canceled = error
    if canceled is not None:
        task.exception()
        raise canceled
    return task.result()


async def at_once_or_to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """The same without a task where the work has nothing to wait for.

    Args:
        work: does not ask which task it runs in (as timeouts do) before it first waits.
    """
    try:
        awaited = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    return await to_its_end(_rest(work, awaited))


async def _rest(work: Coroutine[Any, Any, T], awaited: object) -> T:
    return await _resumed(work, awaited)


@types.coroutine
def _resumed(work: Coroutine[Any, Any, T], awaited: object) -> Generator[object, Any, T]:
    """Work that waits already, from there on."""
    try:
        while True:
            try:
                said = yield awaited
            except BaseException as error:  # noqa: BLE001 - into the work with it
                awaited = work.throw(error)
            else:
                awaited = work.send(said)
    except StopIteration as done:
        result: T = done.value
        return result
