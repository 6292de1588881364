"""Upkeep: what an operator asks of a store once in a while: to forget, to clear away."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from viralcommerce.runtime.erasure import Erasure, Forgotten


class Upkeep(Protocol):
    """What is asked of a store besides deciding and reading.

    Every method may raise `StoreError`.
    """

    def forget(self, erasure: Erasure) -> Forgotten:
        """Put the pseudonym in the member's place everywhere, and a tombstone for what gave way.

        All of it or nothing, beside commands of others; again, where nothing of them is left:
        nothing. See `rewriting.Rewriting` for what becomes what.

        Raises:
            StillOwed: the outbox holds what would have to be rewritten.
            StoreCorrupt: something that names them cannot be read.
        """
        ...

    def prune_tombstones(self, before: datetime) -> int:
        """Let those return who were forgotten before a moment; how many tombstones are gone."""
        ...

    def scrub(self) -> bool:
        """Clear what was overwritten out of the files; whether that could be done just now."""
        ...
