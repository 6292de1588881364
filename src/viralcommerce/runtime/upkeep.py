"""Upkeep: what an operator asks of a store once in a while: to forget, to clear away."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from viralcommerce.runtime.erasure import Erasure, Forgotten
    from viralcommerce.runtime.ports import Cell
    from viralcommerce.runtime.sealing import RefusedLine, Sealing


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

    def unsealed(self, campaign: str, after: str, limit: int) -> Sequence[tuple[str, Cell]]:
        """Instances without a deadline and without a seal, by id, beginning after one.

        Raises:
            NotLive: this store keeps everything.
        """
        ...

    def seal(self, work: Sealing) -> bool:
        """Put seals in the place of the journal lines and keys of instances.

        All of it or nothing, beside commands of others. The last line of the journal stays, so
        that no position is given twice.

        Returns:
            Whether it was done; not, where one of them has changed since, or has the last line.
            A line has changed that was rewritten, too.
        """
        ...

    def drop_refusals(self, campaign: str, refusals: Sequence[RefusedLine]) -> int:
        """Drop refusals, and their keys, of instances that are sealed or never began; how many.

        Nothing follows from them. The last line of the journal stays, and so does one that was
        rewritten since it was read.

        Args:
            campaign: the store's name of it.
            refusals: lines of its journal.
        """
        ...

    def scrub(self) -> bool:
        """Clear what was overwritten out of the files; whether that could be done just now."""
        ...
