"""Errands: how a shell runs what was written as a generator, sync or awaited."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, TypeVar

from viralcommerce.errors import InvalidValue
from viralcommerce.values.saying import said

E = TypeVar("E")
T = TypeVar("T")

LONGEST_ERROR: Final = 500
"""The most characters of an error that are kept."""


def run(errands: Generator[E, Any, T], perform: Callable[[E], object]) -> T:
    """Perform each errand and send back its answer; what is raised is thrown in."""
    try:
        errand = next(errands)
        while True:
            try:
                answer = perform(errand)
            except BaseException as error:  # noqa: BLE001 - the generator raises it again
                errand = errands.throw(error)
            else:
                errand = errands.send(answer)
    except StopIteration as done:
        result: T = done.value
        return result


async def run_later(errands: Generator[E, Any, T], perform: Callable[[E], Awaitable[object]]) -> T:
    """`run`, awaited; canceled, the generator may still settle what it did."""
    try:
        errand = next(errands)
        while True:
            try:
                answer = await perform(errand)
            except BaseException as error:  # noqa: BLE001 - the generator raises it again
                errand = errands.throw(error)
            else:
                errand = errands.send(answer)
    except StopIteration as done:
        result: T = done.value
        return result


def done_at_once(answer: object) -> None:
    """Hold an issuer whom nobody awaits to what it says: that it is done.

    Raises:
        InvalidValue: it is to be awaited.
    """
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise InvalidValue(
            "issuer: issue() is to be awaited, and nothing was handed out; give it to an AsyncShop"
        )


def told(error: Exception) -> str:
    """An exception in words that every store can keep."""
    plain = said(error).encode(errors="replace").decode().replace("\0", " ")
    return plain[:LONGEST_ERROR]
