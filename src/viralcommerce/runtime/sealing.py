"""Sealing: what stands for an instance that is over once its journal lines are gone.

A seal keeps the situation the instance came to, what it counted on every quota, and one number for
all rows that followed from it. So the audit goes on from there: it proves that nothing of what is
kept has changed since the lines were proved and dropped, and everything that came after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Final

from msgspec import Struct

from viralcommerce.codec import encode
from viralcommerce.program import Program, QuotaKey
from viralcommerce.runtime.findings import Problem
from viralcommerce.runtime.ports import Line, Part, Place, Posting

_ALL: Final = 1 << 128


class Seal(Struct, frozen=True, kw_only=True):
    """What is kept of the journal of an instance that is over.

    Args:
        campaign: the store's name of it.
        instance: its id.
        rules: the hash of the version it was begun under.
        version: how many commands had changed it.
        state: the situation it came to; a store may give back the JSON bytes.
        at: when the last of its commands came.
        lines: how many of the journal it stands for.
        rows: how many rows of the ledger, and parts, followed from them.
        digest: of these rows, in any order: see `mark`.
    """

    campaign: str
    instance: str
    rules: str
    version: int
    state: object
    at: datetime
    lines: int
    rows: int
    digest: str

    @property
    def place(self) -> Place:
        """Where the instance is."""
        return (self.campaign, self.instance)


class Sealing(Struct, frozen=True, kw_only=True):
    """Instances to seal in one commit.

    Args:
        seals: one for each.
        quotas: what their lines counted, in all.
        keys: of their commands, with the campaign and the line that each answers with.
        lines: of the journal, as they were proved.
    """

    seals: tuple[Seal, ...]
    quotas: dict[QuotaKey, int]
    keys: tuple[tuple[str, str, int], ...]
    lines: tuple[Line, ...]


class RefusedLine(Struct, frozen=True, gc=False):
    """A refusal in the journal: nothing follows from it.

    Args:
        line: as it was read.
        instance: what it was about.
        key: of its command.
    """

    line: Line
    instance: str
    key: str


def mark(row: Posting | Part) -> int:
    """A row as a number of 128 bits; rows are added up, so that their order does not matter."""
    kind = b"posting" if isinstance(row, Posting) else b"part"
    return int.from_bytes(blake2b(encode(row), digest_size=16, person=kind).digest(), "big")


def digest(marks: Iterable[int]) -> str:
    """The digest of rows by their marks."""
    return f"{sum(marks) % _ALL:032x}"


def amended(old: str, change: int) -> str:
    """A digest after rows were rewritten: the new marks less the old ones."""
    return f"{(int(old, 16) + change) % _ALL:032x}"


class Sealed:
    """The rows of sealed instances, as they are found, held against their seals.

    Args:
        name: the store's name of the campaign.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._seals: dict[str, tuple[int, str]] = {}
        self._found: dict[str, tuple[int, int]] = {}

    def expect(self, seal: Seal) -> None:
        """Take note of a seal."""
        self._seals[seal.instance] = (seal.rows, seal.digest)

    def takes(self, row: Posting | Part) -> bool:
        """Whether a row that the journal does not have may be one of a sealed instance's."""
        if row.instance not in self._seals:
            return False
        rows, total = self._found.get(row.instance, (0, 0))
        self._found[row.instance] = (rows + 1, total + mark(row))
        return True

    def check(self) -> Iterator[Problem]:
        """What is wrong with the rows of sealed instances, once all were found."""
        for instance, (rows, sealed) in self._seals.items():
            found, total = self._found.get(instance, (0, 0))
            if found != rows:
                said = f"sealed with {rows} rows of ledger and parts, {found} are there"
                yield Problem(self._name, instance, said)
            elif digest((total,)) != sealed:
                said = "its rows of ledger and parts are not those that were sealed"
                yield Problem(self._name, instance, said)


def stands_alone(program: Program) -> bool:
    """Whether instances of a game hang on no other, and stay as they are once they are over.

    Balances are counted across instances: what one command gives hangs on all before it.
    """
    mechanic = program.mechanic
    return not (mechanic.looks or mechanic.adjusting or mechanic.settling or program.pays)
