"""What goes wrong with PostgreSQL, in the house's words: where, what, and what to do."""

from __future__ import annotations

from typing import Final

from viralcommerce.errors import (
    RetryTransaction,
    SchemaMismatch,
    StoreBusy,
    StoreConflict,
    StoreError,
    StoreFull,
)

SERIALIZATION: Final = "40001"
DEADLOCK: Final = "40P01"
UNIQUE: Final = "23505"
DIVISION_BY_ZERO: Final = "22012"
CANCELED: Final = "57014"
FAILED_BEFORE: Final = "25P02"
STALE_PLAN: Final = "0A000"
FORGOTTEN: Final = frozenset({"26000", STALE_PLAN})
"""The server has forgotten a plan, or it does not fit the tables any more."""
INVALID_TRANSACTION: Final = "25000"
NOT_AS_IT_IS: Final = (
    "this must read what is there now, and the host's transaction reads what was there when it "
    "began; begin it at READ COMMITTED"
)
_LOST: Final = {"57P01", "57P02", "57P03", "25P03", "57P05"}


class Failed(Exception):
    """What a server or a driver raised, in one form for every driver; its cause is the original.

    Args:
        said: in its words.
        state: the SQLSTATE; "" where the driver raised by itself.
        constraint: the name of the one that was violated, if any.
        lost: whether the driver lost the connection.
    """

    def __init__(
        self, said: object, state: str | None, *, constraint: str | None = None, lost: bool = False
    ) -> None:
        super().__init__(str(said).strip().partition("\n")[0])
        self.state = state or ""
        self.constraint = constraint or ""
        self.lost = lost or self.state in _LOST or self.state.startswith("08")


def translation(
    where: str, error: Failed, *, committing: bool = False, hosted: bool = False
) -> StoreError:
    """The house's error for one of a driver's.

    Args:
        where: the store.
        error: what was raised.
        committing: whether a commit was under way.
        hosted: whether the transaction is the host's.
    """
    state, said = error.state, str(error)
    if error.lost:
        return _lost(where, said, committing=committing, hosted=hosted)
    if hosted and state == FAILED_BEFORE:
        return RetryTransaction(
            f"{where}: the host's transaction has failed already ({said}); roll it back, begin "
            "again, and call again"
        )
    if hosted and state == STALE_PLAN:
        return RetryTransaction(
            f"{where}: the tables were changed under the host's connection ({said}); roll its "
            "transaction back, begin again, and call again"
        )
    if state in FORGOTTEN and not hosted:
        return StoreConflict(
            f"{where}: the server has dropped what was prepared ({said}); nothing was written; "
            "try again"
        )
    if state in (SERIALIZATION, DEADLOCK):
        if hosted:
            return RetryTransaction(
                f"{where}: the host's transaction stands in the way of another ({said}); roll it "
                "back, begin again, and call again"
            )
        return StoreConflict(
            f"{where}: undone in favor of another transaction ({said}); nothing was written; try "
            "again"
        )
    if state == "53200":
        return StoreConflict(
            f"{where}: no room in the lock table ({said}); nothing was written; use smaller "
            "batches (at_once=), or raise max_locks_per_transaction"
        )
    if state in ("55P03", CANCELED):
        return StoreBusy(
            f"{where}: others held the locks for longer than the timeout ({said}); nothing was "
            "written; try again, or give busy_after= more seconds"
        )
    if state in ("53100", "53400"):
        return StoreFull(f"{where}: no room left ({said}); nothing was written; make room")
    if state == "53300":
        return StoreBusy(
            f"{where}: the server takes no more connections ({said}); give a smaller pool, or a "
            "pooler between"
        )
    if state in ("42P01", "3F000", "42703"):
        return SchemaMismatch(
            f"{where}: a table or column is missing ({said}); run "
            "viralcommerce.runtime.stores.postgres.migrate(url)"
        )
    if state == "25006":
        return StoreError(f"{where}: a replica may not be written ({said}); name the primary")
    return StoreError(f"{where}: {said}; nothing was written")


def _lost(where: str, said: str, *, committing: bool, hosted: bool) -> StoreError:
    if hosted:
        return RetryTransaction(
            f"{where}: the host's connection was lost ({said}), and its transaction with it; "
            "connect, begin again, and call again"
        )
    if committing:
        return StoreError(
            f"{where}: the connection was lost during the commit ({said}), and nobody knows "
            "whether it was written; ask again with the same key, which tells"
        )
    return StoreConflict(
        f"{where}: the connection was lost before the commit ({said}); nothing was written; try "
        "again"
    )
