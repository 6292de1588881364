"""Sessions on PostgreSQL, awaited: the async shell around a unit of work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from viralcommerce.runtime.ports import Found, Short, Stale, Wanted, Writes
from viralcommerce.runtime.stores.postgres.async_drivers import AsyncDriver, play
from viralcommerce.runtime.stores.postgres.failures import Failed, translation
from viralcommerce.runtime.stores.postgres.transactions import Script
from viralcommerce.runtime.stores.postgres.unit import Unit

T = TypeVar("T")
D = TypeVar("D", bound=AsyncDriver)


class AsyncPostgresSession(Generic[D]):
    """A unit of work, awaited; canceled in the middle, it closes its connection.

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
        take: Callable[[], Awaitable[D]],
        give_back: Callable[[D], Awaitable[None]],
        where: str,
    ) -> None:
        self._unit = unit
        self._take = take
        self._give_back = give_back
        self._where = where
        self._driver: D | None = None

    async def look(self, wanted: Wanted) -> Found:
        """Read; between looking and locking no connection is held."""
        found = await self._run(self._unit.look(wanted))
        if self._driver is not None and not self._unit.begun:
            driver, self._driver = self._driver, None
            await self._give_back(driver)
        return found

    async def lock(self, wanted: Wanted) -> Found:
        """Begin a transaction, lock, then read on a new snapshot."""
        return await self._run(self._unit.lock(wanted))

    async def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all and commit, or say what is short or stale."""
        return await self._run(self._unit.commit(writes))

    async def commit_if(self, wanted: Wanted, supposed: Found, writes: Writes) -> bool:
        """Lock, compare, write all and commit, if all is as supposed; else all is let go."""
        return await self._run(self._unit.commit_if(wanted, supposed, writes))

    async def close(self) -> None:
        """Let the locks go, and the connection."""
        driver, self._driver = self._driver, None
        if driver is not None:
            try:
                await self._undo(driver)
            finally:
                await self._give_back(driver)

    async def _run(self, script: Script[T]) -> T:
        if self._driver is None:
            self._driver = await self._take()
            self._unit.mine = self._driver.number
        driver = self._driver
        try:
            return await play(script, driver)
        except Failed as error:
            committing, self._unit.committing = self._unit.committing, False
            await self._undo(driver, error)
            raise translation(
                self._where, error, committing=committing, hosted=self.hosted
            ) from error
        except BaseException:  # canceled: what the server is at nobody waits for
            await self._abandon(driver)
            raise

    async def _abandon(self, driver: D) -> None:
        self._unit.begun = False
        await driver.close()

    async def _undo(self, driver: D, error: Failed | None = None) -> None:
        """Roll back; a connection that cannot even do that is closed."""
        try:
            if error is not None and error.lost:
                await driver.close()
            elif not driver.is_closed:
                await play(self._unit.undo(failed=error is not None), driver)
        except Failed:
            await driver.close()
        self._unit.begun = False
