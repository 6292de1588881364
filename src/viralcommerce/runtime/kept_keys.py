"""Kept keys: each answers with what was decided under it, and none is gone among those kept.

Keys may be pruned: those of commands older than a moment. Whether one that is not there was pruned
follows from the others: a key that was recorded before it, and is as old, would have gone with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from viralcommerce.messages import Command
from viralcommerce.runtime.findings import Problem
from viralcommerce.runtime.ports import Decision, Store, Wanted

AT_ONCE: Final = 500
"""How many keys are asked for at once."""


class KeptKeys:
    """The keys of a campaign, in the order in which they were recorded.

    Args:
        store: that should have them.
        name: its name of the campaign.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._noted: list[tuple[str, datetime]] = []
        self._oldest: datetime | None = None

    def note(self, command: Command) -> None:
        """A command was decided for good, in journal order."""
        self._noted.append((command.key, command.at))

    def check(self, *, last: bool = False) -> Iterator[Problem]:
        """What is wrong with the keys noted, once there are enough, or they are the last."""
        if not last and len(self._noted) < AT_ONCE:
            return
        noted, self._noted = self._noted, []
        wanted = tuple((self._name, key) for key in sorted({key for key, _ in noted}))
        session = self._store.session()
        try:
            answers = session.look(Wanted(decisions=wanted)).decisions
        finally:
            session.close()
        for key, at in noted:
            answer = answers.get((self._name, key))
            if answer is not None:
                self._oldest = at if self._oldest is None else min(self._oldest, at)
                if _key_of(answer) != key:
                    said = f"answers with what was decided for {_key_of(answer)!r}"
                    yield Problem(self._name, f"key {key}", said)
            elif self._oldest is not None and at >= self._oldest:
                yield Problem(self._name, f"key {key}", "is gone, and older ones are kept")


def _key_of(answer: Decision | bytes) -> str:
    found = _answer.decode(answer) if isinstance(answer, bytes) else answer
    key: str = found.command.key
    return key


class _Command(Struct):
    key: str = ""


class _Answer(Struct):
    """The part of a journal line that says which key it was decided under."""

    command: _Command


_answer = msgspec.json.Decoder(_Answer)
