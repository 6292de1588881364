"""The outbox: awards that wait to be delivered, and what a store does for those who deliver.

A relay claims the oldest entries that are due under a lease, delivers them, and settles what came
of each: delivered, to be tried again later, or set aside. Whoever dies in between leaves a lease
that runs out, and another takes the entries up; so each is delivered at least once.

Laws of a store, held by its contract:
    In line: of one member an entry is claimed only together with every older one that waits.
    Alone: an entry that was tried before is claimed without younger ones of its member.
    One holder: what is under a lease is claimed by nobody else before the lease is over.
    Own lease: only whoever holds an entry puts it back; anybody may say that it was delivered.
    Aside: what is set aside is claimed by nobody, holds nobody up, and is seen.
    Left to others: what a claim says that it cannot deliver stays as it is, and so does everything
        younger of the same member.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from viralcommerce.messages import Award
from viralcommerce.rules.rewards import ENTRY


class Pending(Struct, frozen=True, gc=False):
    """An award that waits in the outbox.

    Args:
        position: its place in line, and its name towards the store.
        campaign: that gave it.
        award: what is to be delivered.
        at: when it was given.
        tries: how often it was claimed without being delivered, this time included.
        error: what went wrong the last time, if anything did.
    """

    position: int
    campaign: str
    award: Award
    at: datetime
    tries: int = 0
    error: str = ""


def leads_into(award: Award) -> str:
    """The campaign that an entry leads into; nothing where it is no entry."""
    return award.asset.partition("/")[2] if award.reward == ENTRY else ""


class Reach(Struct, frozen=True, kw_only=True, gc=False):
    """What a shop can deliver.

    What its campaigns give and nobody has is its own, too: who gave it sees that it leads nowhere.

    Args:
        issues: whether it has an issuer, for all that is no entry.
        campaigns: that it has; entries into these are its own.
        elsewhere: campaigns that another shop has.
    """

    issues: bool
    campaigns: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()

    def has(self, campaign: str, award: Award) -> bool:
        """Whether what a campaign gave is delivered here."""
        target = leads_into(award)
        if not target:
            return self.issues
        return target in self.campaigns or (
            campaign in self.campaigns and target not in self.elsewhere
        )


class Claim(Struct, frozen=True, kw_only=True, gc=False):
    """What a relay takes upon itself.

    Args:
        by: whose lease it is: a key nobody else has.
        at: the present moment, by the relay's clock.
        until: the lease is over at this moment.
        limit: how many entries at most.
        reach: of the shop; all that waits, unless said.
    """

    by: str
    at: datetime
    until: datetime
    limit: int
    reach: Reach | None = None


class Later(Struct, frozen=True, gc=False):
    """An entry to be put back: nothing younger of its member is due before it is.

    Args:
        position: of the entry.
        due: when it may be claimed again.
        tries: how often it has been tried by now.
        error: what went wrong, if anything did.
    """

    position: int
    due: datetime
    tries: int
    error: str = ""


class Poisoned(Struct, frozen=True, gc=False):
    """An entry to be set aside, where it stays until somebody says to try it again."""

    position: int
    tries: int
    error: str


class Settled(Struct, frozen=True, kw_only=True, gc=False):
    """What became of the entries of a claim.

    Args:
        by: whose lease it was.
        delivered: these leave the outbox, whoever holds them now.
        later: these are put back, where the lease is still this one.
        poisoned: these are set aside, likewise.
    """

    by: str
    delivered: tuple[int, ...] = ()
    later: tuple[Later, ...] = ()
    poisoned: tuple[Poisoned, ...] = ()


class Backlog(Struct, frozen=True, kw_only=True):
    """How an outbox stands.

    Args:
        depth: how many entries wait, those under a lease included.
        oldest: when the oldest of them was given; None where nothing waits.
        poisoned: how many are set aside.
    """

    depth: int
    oldest: datetime | None
    poisoned: int


class Outbox(Protocol):
    """What a store does for those who deliver. Every method may raise `StoreError`."""

    def pending(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that wait, claimed or not; those set aside are not among them."""
        ...

    def claim(self, claim: Claim) -> Sequence[Pending]:
        """Take the oldest entries that are due under a lease, in order; see the laws above."""
        ...

    def settle(self, settled: Settled) -> None:
        """Write down what became of a claim: all of it, or nothing."""
        ...

    def poisoned(self, limit: int) -> Sequence[Pending]:
        """The oldest entries that are set aside."""
        ...

    def retry(self, positions: Sequence[int]) -> int:
        """Put what is set aside back in line, as if it had never been tried; how many were."""
        ...

    def backlog(self) -> Backlog:
        """How the outbox stands."""
        ...
