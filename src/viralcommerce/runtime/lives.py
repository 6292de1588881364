"""What a process remembers of the stages of its campaigns, so that few commands read them."""

from __future__ import annotations

import time
from typing import Final, Self

from viralcommerce.runtime.life import Life

LEARNS_WITHIN: Final = 1.0
"""Seconds after which every process knows of a new stage."""


class Lives:
    """What was read, and when.

    A host's transaction may read what is older than what the process knows, and what was written
    there and will be rolled back. So each call in one has lives of its own. The process learns of
    them what its store says is the newest, unless this process wrote it in such a transaction.

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

    def learn(self, name: str, life: Life, *, newest: bool) -> None:
        """Remember what was just read.

        Args:
            name: of the campaign.
            life: as it was read.
            newest: whether it would have been read if others had committed another just before.
        """
        self._read[name] = read = (time.monotonic(), life)
        unsure = self._shared._unsure
        if self is self._shared:
            unsure.discard((name, life))
        elif newest and (name, life) not in unsure:
            self._shared._read[name] = read

    def wrote(self, name: str, life: Life) -> None:
        """Read again before anything else."""
        self._read.pop(name, None)
        if self is not self._shared:
            self._shared._unsure.add((name, life))
