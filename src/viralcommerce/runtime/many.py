"""Many commands in a row: what is raised on the way says which of them it is about."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from viralcommerce.errors import ViralCommerceError
from viralcommerce.messages import Command
from viralcommerce.runtime.request import Outcome, Request
from viralcommerce.values.saying import shown


@contextmanager
def named_by_place(
    outcomes: Sequence[Outcome], chunk: Sequence[Command], requests: Sequence[Request]
) -> Generator[None]:
    """Say of what is raised inside which commands it is about, and how many are decided.

    Args:
        outcomes: of the commands that were decided, in order; grows meanwhile.
        chunk: the commands at hand.
        requests: those of the chunk that could be taken up; grows until all are.

    Raises:
        ViralCommerceError: of the same class; `why` is its message alone, `decided` how many are.
    """
    before = len(outcomes)
    try:
        yield
    except ViralCommerceError as error:
        decided = len(outcomes)
        if len(requests) < len(chunk):  # one of them cannot even be asked
            first, last = before + len(requests), before + len(requests)
        else:
            first, last = decided, before + len(chunk) - 1
        said = _place(first, chunk[first - before], last, chunk[last - before])
        raise type(error)(
            f"{error.message} ({said}; {decided:,} are decided)",
            **{**error.operands, "why": error.message, "decided": decided},
        ) from error


def _place(first: int, one: Command, last: int, other: Command) -> str:
    if first == last:
        return f"commands[{first}]{_key(one)}"
    return f"commands[{first}]{_key(one)} to commands[{last}]{_key(other)}"


def _key(command: Command) -> str:
    key = getattr(command, "key", "")
    return f" with the key {shown(key)}" if key else ""
