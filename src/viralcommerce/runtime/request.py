"""What goes into a flow and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from viralcommerce.errors import KeyReused
from viralcommerce.messages import BY_CLOCK, Award, Command
from viralcommerce.program import Program
from viralcommerce.rules.rewards import ENTRY
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.ports import Decision
from viralcommerce.runtime.programs import Programs

Outcome = Decision | KeyReused
"""What a command comes to; `KeyReused` is a value here, so that a batch goes on without it."""


REFUSED: Final = "refused/"
"""What the quota begins with that counts transient refusals, where they are only counted."""


class Request(Struct, frozen=True, gc=False):
    """A stamped command and the newest version of its campaign.

    Args:
        program: the newest version.
        command: as stamped.
        instance: what it is about.
        life: of the campaign.
        members: whom it names.
    """

    program: Program
    command: Command
    instance: str
    life: Life
    members: tuple[str, ...] = ()


class Context(Struct, frozen=True, gc=False):
    """What a flow may use of its shop: all pure.

    Args:
        programs: the compiled campaigns.
        issues: whether awards go to an issuer through the outbox.
        counts: whether transient refusals are only counted, not journaled.
    """

    programs: Programs
    issues: bool
    counts: bool = False

    def outgoing(self, program: Program, awards: Sequence[Award]) -> tuple[Award, ...]:
        """Those of the awards that go into the outbox: the entries, and what the issuer issues.

        What is paid out in batches is not handed out as well.
        """
        if not self.issues:
            return tuple([one for one in awards if one.reward == ENTRY])
        pays = program.pays
        return tuple([one for one in awards if one.reward not in pays] if pays else awards)


class Recast(Exception):
    """The cast under lock names members that the host was not asked about.

    Args:
        members: whom.
        at: as of when.
        facts: what to ask of them.
    """

    def __init__(self, members: tuple[str, ...], at: datetime, facts: frozenset[str]) -> None:
        self.members = members
        self.at = at
        self.facts = facts


CLOCK_KEYS: Final = f"{BY_CLOCK}/"
"""What the keys of the clock's commands begin with, and no other command's."""


def deadline_key(instance: str, at: datetime, version: int) -> str:
    """The key of the clock's command on an instance: the same from every ticker.

    What has ended may begin again, and be over at the same moment as before: the version tells the
    two apart, of which each is ended once.

    Args:
        instance: what has come to its end.
        at: its deadline.
        version: its own, before it is ended.
    """
    return f"{CLOCK_KEYS}{instance}/{at.isoformat()}/{version}"


def is_deadline_key(key: str, instance: str, at: datetime) -> bool:
    """Whether a key is the clock's for an instance and its deadline, at any version."""
    head, _, version = key.rpartition("/")
    return head == f"{CLOCK_KEYS}{instance}/{at.isoformat()}" and version.isdecimal()
