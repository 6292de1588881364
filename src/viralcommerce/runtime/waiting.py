"""What waits in the outbox, held against the ledger: nothing is delivered that was not given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from viralcommerce.codec import encode
from viralcommerce.messages import Award
from viralcommerce.runtime.findings import Problem
from viralcommerce.runtime.outbox import Outbox
from viralcommerce.runtime.ports import Posting

ALL: Final = 2**31 - 1


class Waiting:
    """The entries of an outbox, those set aside included, until the ledger has each.

    Args:
        store: at rest.

    Raises:
        StoreError: it could not be read.
    """

    def __init__(self, store: Outbox) -> None:
        self._entries: dict[str, dict[str, int]] = {}
        self._twice: list[Problem] = []
        for entry in (*store.pending(ALL), *store.poisoned(ALL)):
            mine = self._entries.setdefault(entry.campaign, {})
            if entry.award.id in mine:
                self._twice.append(
                    _problem(
                        entry.campaign, entry.award.id, "waits twice: it would be given twice"
                    )
                )
            mine[entry.award.id] = _print(entry.at, entry.award)

    def seen(self, posting: Posting) -> Iterator[Problem]:
        """What is wrong with the entry of a ledger row, if there is one."""
        award = posting.transfer.award
        if award is None:
            return
        waits = self._entries.get(posting.campaign, {}).pop(award.id, None)
        if waits is not None and waits != _print(posting.at, award):
            yield _problem(posting.campaign, award.id, "is not what the ledger says was given")

    def rest(self, campaigns: Sequence[str]) -> Iterator[Problem]:
        """What is wrong with the outbox as a whole, once all ledgers were seen.

        Args:
            campaigns: whose ledgers were seen; empty where all of them were.
        """
        yield from self._twice
        for campaign, entries in self._entries.items():
            for ident in entries if not campaigns or campaign in campaigns else ():
                yield _problem(campaign, ident, "waits to be delivered and was never given")


def _problem(campaign: str, ident: str, what: str) -> Problem:
    return Problem(campaign, f"outbox {ident}", what)


def _print(at: datetime, award: Award) -> int:
    """An award as one number, which another has once in a lifetime."""
    return hash((at, encode(award)))
