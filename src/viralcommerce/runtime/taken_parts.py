"""Taken parts: who took part in what, held against what the journal says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from viralcommerce.messages import Accepted
from viralcommerce.program import Program
from viralcommerce.runtime.contents import Contents
from viralcommerce.runtime.findings import Problem
from viralcommerce.runtime.ports import Part
from viralcommerce.runtime.sealing import Sealed


class TakenParts:
    """The parts that members took in a campaign, each as of the first time.

    Args:
        name: the store's name of the campaign.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._taken: dict[tuple[str, str, str], datetime] = {}

    def note(self, program: Program, decision: Accepted[Any, Any]) -> None:
        """Take note of a decision, in journal order."""
        for event in decision.events:
            for one in program.mechanic.reached(event):
                role = program.actors[one.milestone]
                place = (decision.instance, role, one.cast[role])
                self._taken.setdefault(place, decision.command.at)
            for member, role in program.mechanic.takes_part(event):
                self._taken.setdefault((decision.instance, role, member), decision.command.at)

    def all(self) -> list[Part]:
        """The parts that must be there."""
        return [
            Part(self._name, member, role, instance, at)
            for (instance, role, member), at in self._taken.items()
        ]

    def check(self, store: Contents, sealed: Sealed) -> Iterator[Problem]:
        """What is wrong with the parts of a store, once the whole journal was noted.

        Args:
            store: that has them.
            sealed: takes those whose journal lines are gone.
        """
        for part in store.participants(self._name):
            at = self._taken.pop((part.instance, part.role, part.member), None)
            where = f"part of {part.member} in {part.instance}"
            if (at is None or part.at < at) and sealed.takes(part):
                continue
            if at is None:
                said = f"as {part.role}, which the journal does not know"
                yield Problem(self._name, where, said)
            elif at != part.at:
                yield Problem(self._name, where, f"is as of {part.at}, the journal says {at}")
        for instance, role, member in self._taken:
            said = f"as {role} is gone, the journal has it"
            yield Problem(self._name, f"part of {member} in {instance}", said)
