"""Erasure: what it takes to forget a member, and what comes of it.

Everywhere in a store the member's id gives way to one pseudonym, drawn at random, which nothing
leads back from. What keeps a return out is a fingerprint of the id: a hash with a secret of the
store's own, which does not say which pseudonym was theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Final

from msgspec import Struct

from viralcommerce.errors import InvalidValue, StillOwed
from viralcommerce.messages import BY_CLOCK, GONE, Award
from viralcommerce.rules.base import Kinds
from viralcommerce.runtime.ports import Entropy, Wanted
from viralcommerce.runtime.request import Request
from viralcommerce.values.ids import check_id

SALT: Final = "tombstones"
"""What a store calls its secret among the facts about its tables."""
Name = tuple[str, ...]
"""``("member", id)``, ``("cell", campaign, instance)`` or ``("key", campaign, key)``."""


class Erasure(Struct, frozen=True, kw_only=True):
    """A member to forget.

    Args:
        member: who.
        pseudonym: what stands for them from now on.
        salt: the secret that fingerprints are made with, in a store that has none yet.
        at: when.
        kinds: the closed mapping of rule kinds, to read what the store has.
    """

    member: str
    pseudonym: str
    salt: str
    at: datetime
    kinds: Kinds


class Forgotten(Struct, frozen=True, kw_only=True):
    """What was rewritten when a member was forgotten; all 0 where there was nothing of them.

    Args:
        pseudonym: what stands for them now; "" where nothing does.
        lines: of the journal.
        cells: instances.
        quotas: counts.
        postings: rows of the ledger.
        parts: that they took, or that others took in what was named after them.
        lives: stages of life of campaigns.
        outbox: awards that were set aside.
        is_scrubbed: whether the bytes are gone from the files too, as far as the store can tell.
    """

    pseudonym: str = ""
    lines: int = 0
    cells: int = 0
    quotas: int = 0
    postings: int = 0
    parts: int = 0
    lives: int = 0
    outbox: int = 0
    is_scrubbed: bool = False

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to forget."""
        return not self.pseudonym


def erasure(member: str, *, entropy: Entropy, at: datetime, kinds: Kinds) -> Erasure:
    """An erasure of a member.

    Args:
        member: their id.
        entropy: where the pseudonym and, if need be, the store's secret come from.
        at: the moment.
        kinds: the closed mapping of rule kinds.

    Raises:
        InvalidValue: an id that no member can have.
    """
    check_id(member, "forget")
    if member == BY_CLOCK or is_gone(member):
        raise InvalidValue(f"forget: {member!r:.60} is no member; give an id that commands carry")
    nonce = entropy.key()
    salt = entropy.seed(f"{SALT}/{nonce}")
    return Erasure(member=member, pseudonym=f"{GONE}{nonce}", salt=salt, at=at, kinds=kinds)


def still_owed(member: str, awards: Sequence[Award]) -> StillOwed:
    """The refusal to forget somebody for whom awards are on their way."""
    first = ", ".join(award.id for award in awards[:3])
    return StillOwed(
        f"forget: {member}: {len(awards)} awards with their name wait in the outbox ({first}); "
        "deliver them, then forget",
        member=member,
        awards=tuple(award.id for award in awards),
    )


def is_gone(member: str) -> bool:
    """Whether an id stands for somebody who was forgotten."""
    return member.startswith(GONE)


def fingerprint(secret: str, name: Name) -> str:
    """The keyed hash of a name: BLAKE2b with the store's secret, 256 bits, hexadecimal.

    Example:
        >>> fingerprint("s", ("member", "ann"))[:16]
        '92afad6ce1789e07'
    """
    text = "\x1f".join(name).encode()
    return blake2b(text, key=secret.encode()[:64], digest_size=32).hexdigest()


def fingerprints(secret: str, wanted: Wanted) -> dict[str, Name]:
    """The names that a unit of work is about, by their fingerprints."""
    names: list[Name] = [("member", member) for member in wanted.members]
    names += [("key", *place) for place in wanted.decisions]
    names += [("cell", *place) for place in wanted.cells]
    return {fingerprint(secret, name): name for name in names}


def turned_away(gone: frozenset[Name], request: Request) -> bool:
    """Whether a command names somebody, or something, that was forgotten."""
    name = request.program.name
    return (
        ("cell", name, request.instance) in gone
        or ("key", name, request.command.key) in gone
        or any(("member", member) in gone for member in request.members)
    )
