"""Sessions on PostgreSQL: the sync shell around a unit of work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from viralcommerce.runtime.ports import Found, Short, Stale, Wanted, Writes
from viralcommerce.runtime.stores.postgres.drivers import Driver, play
from viralcommerce.runtime.stores.postgres.failures import Failed, translation
from viralcommerce.runtime.stores.postgres.transactions import Script
from viralcommerce.runtime.stores.postgres.unit import Unit

T = TypeVar("T")
D = TypeVar("D", bound=Driver)


class PostgresSession(Generic[D]):
    """A unit of work on a connection that is taken when it is first needed.

    Args:
        unit: what to do.
        take: gives an idle connection, in autocommit.
        give_back: takes it, whatever became of it.
        where: the store, for errors.
    """

    rehearses = True
    hosted = False

    def __init__(
        self,
        unit: Unit,
        take: Callable[[], D],
        give_back: Callable[[D], None],
        where: str,
    ) -> None:
        self._unit = unit
        self._take = take
        self._give_back = give_back
        self._where = where
        self._driver: D | None = None

    def look(self, wanted: Wanted) -> Found:
        """Read; between looking and locking no connection is held."""
        found = self._run(self._unit.look(wanted))
        self._rest()
        return found

    def lock(self, wanted: Wanted) -> Found:
        """Begin a transaction, lock, then read on a new snapshot."""
        return self._run(self._unit.lock(wanted))

    def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all and commit, or say what is short or stale."""
        return self._run(self._unit.commit(writes))

    def commit_if(self, wanted: Wanted, supposed: Found, writes: Writes) -> bool:
        """Lock, compare, write all and commit, if all is as supposed; else all is let go."""
        return self._run(self._unit.commit_if(wanted, supposed, writes))

    def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        found = self._run(self._unit.rules(digest))
        self._rest()
        return found

    def close(self) -> None:
        """Let the locks go, and the connection."""
        driver, self._driver = self._driver, None
        if driver is not None:
            try:
                self._undo(driver)
            finally:
                self._give_back(driver)

    def _run(self, script: Script[T]) -> T:
        if self._driver is None:
            self._driver = self._take()
            self._unit.mine = self._driver.number
        driver = self._driver
        try:
            return play(script, driver)
        except Failed as error:
            committing, self._unit.committing = self._unit.committing, False
            self._undo(driver, error)
            raise translation(
                self._where, error, committing=committing, hosted=self.hosted
            ) from error

    def _undo(self, driver: D, error: Failed | None = None) -> None:
        """Roll back; a connection that cannot even do that is closed."""
        try:
            if error is not None and error.lost:
                driver.close()
            elif not driver.is_closed:
                play(self._unit.undo(failed=error is not None), driver)
        except Failed:
            driver.close()
        self._unit.begun = False

    def _rest(self) -> None:
        if self._driver is not None and not self._unit.begun:
            driver, self._driver = self._driver, None
            self._give_back(driver)
