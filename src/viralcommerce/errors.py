"""What a programmer is told: one tree of exceptions.

A member who is told no gets a value (a refusal); whoever writes or runs the host gets one of
these.
Every leaf is also the builtin that describes it, so both kinds of ``except`` work::

    ViralCommerceError
    ├── InvalidRule            (ValueError)      a rule, grant or campaign that cannot be
    ├── InvalidValue           (ValueError)      an amount, span, id or code that cannot be
    │   ├── CurrencyMismatch                     two currencies where one is needed
    │   └── NaiveTime                            a time without a zone
    ├── InexactNumber          (TypeError)       a float where exactness is owed
    ├── NoTruthValue           (TypeError)       ``if condition:``, ``if decision:``
    ├── InvalidMessage         (ValueError)      a command, event or line that cannot be read
    ├── KeyReused              (ValueError)      one idempotency key, two different payloads
    ├── UnknownCampaign        (LookupError)     a name no campaign of this shop has
    ├── StoreError             (RuntimeError)    the store could not do its work
    │   ├── StoreBusy                            locked by others for longer than the timeout
    │   │   └── StoreConflict                    undone in favor of others, again and again
    │   ├── StoreFull                            no room left on the disk
    │   ├── StoreCorrupt                         not a store, or a damaged one
    │   ├── SchemaMismatch                       tables too old, too new, or missing
    │   └── RetryTransaction                     only a new host transaction cures this
    ├── StillOwed              (RuntimeError)    a member to forget who waits for something
    ├── MembersFailed          (RuntimeError)    the members port raised or answered out of shape
    ├── LeftOut                (RuntimeError)    deadlines that a tick could not act on
    └── NotLive                (RuntimeError)    a verb that needs an open shop

Messages are lowercase: *where: what, with values; what to do*. Operands are attributes too.
"""

from __future__ import annotations

from typing import Any


class ViralCommerceError(Exception):
    """The base of every exception this library raises on purpose.

    Args:
        message: where, what, and what to do.
        operands: the values the message names; each becomes an attribute.
    """

    def __init__(self, message: str, **operands: Any) -> None:
        super().__init__(message)
        self.message = message
        self.operands = operands
        for name, value in operands.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_revive, (type(self), self.message, self.operands))


def _revive(
    kind: type[ViralCommerceError], message: str, operands: dict[str, Any]
) -> ViralCommerceError:
    return kind(message, **operands)


class InvalidRule(ViralCommerceError, ValueError):
    """A rule, grant or campaign that cannot be; raised while it is built."""


class InvalidValue(ViralCommerceError, ValueError):
    """An amount, percent, span, id or code that cannot be."""


class CurrencyMismatch(InvalidValue):
    """Two currencies where one is needed; both are named."""


class NaiveTime(InvalidValue):
    """A time without a zone: nobody can say which instant it is."""


class InexactNumber(ViralCommerceError, TypeError):
    """A float where an exact number is owed."""


class NoTruthValue(ViralCommerceError, TypeError):
    """A condition or a decision was used as a bool; the message says what to ask instead."""


class InvalidMessage(ViralCommerceError, ValueError):
    """A command, event or line of input that cannot be read."""


class KeyReused(ViralCommerceError, ValueError):
    """One idempotency key came with two different payloads."""


class UnknownCampaign(ViralCommerceError, LookupError):
    """No campaign of this shop has that name."""


class StoreError(ViralCommerceError, RuntimeError):
    """The store could not do its work; nothing was written.

    Unless the message says that nobody knows: then asking again with the same key tells.
    """


class StoreBusy(StoreError):
    """The store was locked by others for longer than its timeout; nothing was written."""


class StoreConflict(StoreBusy):
    """The database undid it in favor of others, or lost the connection first; nothing was written.

    Deadlocks and serialization failures are tried again by the shop, within a bound; this is
    raised where that was not enough.
    """


class StoreFull(StoreError):
    """The disk has no room left; nothing was written."""


class StoreCorrupt(StoreError):
    """The file is not a store, or a damaged one."""


class SchemaMismatch(StoreError):
    """The tables are missing, too old or too new for this version."""


class RetryTransaction(StoreError):
    """Only a new transaction of the host cures this: roll back, begin again, call again."""


class StillOwed(ViralCommerceError, RuntimeError):
    """Something of a member is on its way to the issuer, so they cannot be forgotten yet."""


class MembersFailed(ViralCommerceError, RuntimeError):
    """The members port raised, or answered something other than what was asked."""


class LeftOut(ViralCommerceError, RuntimeError):
    """Some deadlines could not be acted on; all others that had come were.

    It says which stood first (``campaign``, ``instance``), how many were left out (``left``), how
    many others were acted on (``acted``), and is raised from what failed first.
    """

    campaign: str
    instance: str
    left: int
    acted: int


class NotLive(ViralCommerceError, RuntimeError):
    """The shop is closed, or the verb is not allowed in the campaign's present state of life."""
