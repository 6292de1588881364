"""What a process remembers of the stages of its campaigns, so that few commands read them."""

from __future__ import annotations

import time
from typing import Final, Self

from viralcommerce.runtime.life import Life

LEARNS_WITHIN: Final = 1.0
"""Seconds after which every process knows of a new stage."""


class Lives:
    """What was read, and when.

    A stage that is written in a host's transaction is seen there before it is committed, and may
    be rolled back. Each call in such a transaction has lives of its own, and tells the process
    what it reads unless this process wrote it so; what others wrote is committed if it is seen.

    Args:
        shared: of the process, for lives in a host's transaction.
    """

    def __init__(self, shared: Lives | None = None) -> None:
        self._shared = self if shared is None else shared
        self._read: dict[str, tuple[float, Life]] = {} if shared is None else dict(shared._read)
        self._unsure: set[tuple[str, Life]] = set()

    def within(self) -> Self:
        """Lives in a transaction of a host."""
        return type(self)(self._shared)

    def known(self, name: str) -> Life | None:
        """What was read of a campaign a short while ago."""
        known = self._read.get(name)
        if known is None or time.monotonic() - known[0] >= LEARNS_WITHIN:
            return None
        return known[1]

    def learn(self, name: str, life: Life) -> None:
        """Remember what was just read."""
        self._read[name] = read = (time.monotonic(), life)
        unsure = self._shared._unsure
        if self is self._shared:
            unsure.discard((name, life))
        elif (name, life) not in unsure:
            self._shared._read[name] = read

    def wrote(self, name: str, life: Life) -> None:
        """Read again before anything else."""
        self._read.pop(name, None)
        if self is not self._shared:
            self._shared._unsure.add((name, life))
