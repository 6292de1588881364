"""Kept keys: each answers with the line that was decided under it, and none is gone unless pruned.

The keys of a campaign and its journal are read side by side, in the order of positions, so that
proving millions of keys takes no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from viralcommerce.runtime.contents import Contents
from viralcommerce.runtime.findings import Problem


class Wish(Struct, frozen=True):
    """What a line of the journal says of its key.

    Args:
        key: of the command.
        at: when it came.
        binds: whether it was decided for good; None where that cannot be told, because the rules
            were never pinned: a refusal before anything began.
    """

    key: str
    at: datetime
    binds: bool | None = None


class KeptKeys:
    """The keys of a campaign, held against its journal, line by line.

    Args:
        store: that has them.
        name: its name of the campaign.
    """

    def __init__(self, store: Contents, name: str) -> None:
        self._name = name
        self._keys = store.keys(name)
        self._next = next(self._keys, None)
        self._kept_since = store.kept_since()

    def line(self, position: int, wish: Wish | None) -> Iterator[Problem]:
        """What is wrong with the keys up to a line of the journal, in journal order.

        Args:
            position: of the line.
            wish: what it says of its key; None where it cannot be read.
        """
        yield from self._astray(position)
        found = False
        while self._next is not None and self._next.position == position:
            kept, self._next = self._next, next(self._keys, None)
            if wish is None:
                yield self._problem(kept.key, f"answers with line {position}, which says nothing")
            elif kept.key != wish.key:
                said = f"answers with what was decided for {wish.key!r}"
                yield self._problem(kept.key, said)
            elif wish.binds is False:
                yield self._problem(kept.key, f"answers with line {position}, which left it free")
            else:
                found = True
                if kept.at != wish.at:
                    said = f"is kept as of {kept.at}, its command came at {wish.at}"
                    yield self._problem(kept.key, said)
        if wish is not None and wish.binds and not found:
            since = self._kept_since
            if since is None or wish.at >= since:
                yield self._problem(wish.key, f"is gone; line {position} was decided under it")

    def rest(self) -> Iterator[Problem]:
        """What is wrong with the keys beyond the end of the journal."""
        yield from self._astray(None)

    def _astray(self, before: int | None) -> Iterator[Problem]:
        while self._next is not None and (before is None or self._next.position < before):
            kept, self._next = self._next, next(self._keys, None)
            said = f"answers with line {kept.position}, which this campaign has not"
            yield self._problem(kept.key, said)

    def _problem(self, key: str, what: str) -> Problem:
        return Problem(self._name, f"key {key}", what)
