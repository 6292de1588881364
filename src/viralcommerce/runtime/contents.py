"""What a store has, all of it, streamed: what audits and exports read.

Nothing here is on the way of a command. A store streams it in one statement each, so that reading
millions of rows takes no memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from viralcommerce.program import QuotaKey

if TYPE_CHECKING:
    from viralcommerce.runtime.ports import Cell, Line, Part, Posting
    from viralcommerce.runtime.sealing import Seal


class KeptKey(Struct, frozen=True, gc=False):
    """An idempotency key that is kept: the journal line it answers with, and when it was asked."""

    key: str
    position: int
    at: datetime


class Contents(Protocol):
    """Everything that a store has of a campaign, table by table.

    Every method may raise `StoreError`.
    """

    def campaigns(self) -> Sequence[str]:
        """The names under which anything was recorded, sorted."""
        ...

    def journal(self, campaign: str, after: int = 0) -> Iterator[Line]:
        """The journal of a campaign in order, from a position on, streamed."""
        ...

    def cells(self, campaign: str) -> Iterator[tuple[str, Cell]]:
        """Every instance of a campaign, by id, streamed."""
        ...

    def quotas(self, campaign: str) -> Iterator[tuple[QuotaKey, int]]:
        """Every quota of a campaign that is not 0, in key order, streamed."""
        ...

    def postings(self, campaign: str) -> Iterator[Posting]:
        """The ledger of a campaign in order, streamed."""
        ...

    def keys(self, campaign: str) -> Iterator[KeptKey]:
        """Every key of a campaign that is kept, in the order of their journal lines, streamed."""
        ...

    def kept_since(self) -> datetime | None:
        """The moment before which keys may be gone, because they were pruned; None: never."""
        ...

    def participants(self, campaign: str) -> Iterator[Part]:
        """Who took part in a campaign, in what and as what, in any order, streamed."""
        ...

    def seals(self, campaign: str) -> Iterator[Seal]:
        """What stands for instances whose journal lines are gone, by id, streamed."""
        ...

    def sealed_quotas(self, campaign: str) -> Iterator[tuple[QuotaKey, int]]:
        """What those lines counted on quotas, in all, in key order, streamed."""
        ...
