"""Inside an awaiting host's own transaction: units of work that are savepoints in it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from viralcommerce.errors import StoreError
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.ports import Found, Wanted
from viralcommerce.runtime.stores.postgres.async_drivers import async_driver_of, play
from viralcommerce.runtime.stores.postgres.async_reading import AsyncPostgresTables
from viralcommerce.runtime.stores.postgres.async_session import AsyncPostgresSession
from viralcommerce.runtime.stores.postgres.async_standing import AsyncStanding
from viralcommerce.runtime.stores.postgres.failures import Failed, translation
from viralcommerce.runtime.stores.postgres.hosted import (
    alone,
    can_undo,
    guarded,
    must_be_inside,
)
from viralcommerce.runtime.stores.postgres.reads import Query, Stream
from viralcommerce.runtime.stores.postgres.tables import Tables
from viralcommerce.runtime.stores.postgres.transactions import Script
from viralcommerce.runtime.stores.postgres.unit import Unit
from viralcommerce.runtime.stores.postgres.upkeep import forgetting
from viralcommerce.runtime.stores.unwrapping import async_driver_connection

T = TypeVar("T")


class AsyncHostSession(AsyncPostgresSession[AsyncStanding]):
    """`hosted.HostSession`, awaited; canceled in the middle, it leaves the host's work.

    Args:
        unit: a hosted one.
        take: gives the host's connection.
        where: the store, for errors.

    Raises:
        RetryTransaction: from `look` and `lock`, when the connection is in no transaction, or in
            one that has failed already.
    """

    hosted = True

    def __init__(
        self, unit: Unit, take: Callable[[], Awaitable[AsyncStanding]], where: str
    ) -> None:
        super().__init__(unit, take, _keep, where)

    async def look(self, wanted: Wanted) -> Found:
        """Begin a savepoint, then read."""
        await self._begin()
        return await super().look(wanted)

    async def lock(self, wanted: Wanted) -> Found:
        """Begin a savepoint, lock, then read."""
        await self._begin()
        return await super().lock(wanted)

    async def _begin(self) -> None:
        if not self._unit.begun:
            self._driver = await self._take()
            self._unit.mine = self._driver.number
            must_be_inside(self._driver.status(), self._where)

    async def close(self) -> None:
        """Let the locks go; what is under way to whoever asked is not replaced."""
        raised = sys.exception()
        try:
            await super().close()
        except StoreError:
            if raised is None:
                raise

    async def _abandon(self, driver: AsyncStanding) -> None:
        self._unit.begun = False
        await driver.go_back()

    async def _undo(self, driver: AsyncStanding, error: Failed | None = None) -> None:
        bad = error is not None or (self._unit.begun and driver.status() == "failed")
        try:
            if not driver.is_closed and (error is None or can_undo(error)):
                await play(self._unit.undo(failed=bad), driver)
        except Failed as worse:
            raise translation(self._where, worse, hosted=True) from worse
        finally:
            self._unit.begun = False


async def _keep(_: AsyncStanding) -> None:
    """The connection stays the host's."""


class AsyncHostedPostgresStore(AsyncPostgresTables):
    """`hosted.HostedPostgresStore`, awaited.

    Args:
        tables: of the same database.
        connection: the host's: of psycopg 3, asyncpg or SQLAlchemy.
    """

    reads_newest = False

    def __init__(self, tables: Tables, connection: object) -> None:
        self.tables = tables
        self.schema = tables.schema
        self._host = connection

    async def _driver(self) -> AsyncStanding:
        found = await async_driver_connection(self._host, self.schema)
        return AsyncStanding(async_driver_of(found, self.schema))

    def session(self) -> AsyncPostgresSession[Any]:
        """Begin a unit of work inside the host's transaction."""
        return AsyncHostSession(self.tables.unit(hosted=True), self._driver, self.schema)

    async def _ask(self, query: Query[T]) -> T:
        return query.read(await self._play(alone(query.step)))

    async def _stream(self, stream: Stream[T]) -> AsyncIterator[T]:
        for row in await self._play(alone(stream.step)):
            yield stream.read(row)

    async def _play(self, script: Script[T]) -> T:
        driver = await self._driver()
        try:
            outside = driver.status() == "outside"
            return await play(script if outside else guarded(script), driver)
        except Failed as error:
            raise translation(self.schema, error, hosted=True) from error

    async def forget(self, erasure: Erasure) -> Forgotten:
        """Put the pseudonym in the member's place, when the host commits."""
        driver = await self._driver()
        must_be_inside(driver.status(), self.schema)
        try:
            return await play(forgetting(self.schema, erasure, hosted=True), driver)
        except Failed as error:
            raise translation(self.schema, error, hosted=True) from error
        finally:
            await driver.go_back()  # nothing stands here, unless something else was raised

    async def life(self, campaign: str) -> Life:
        """The stage of life."""
        life, self.reads_newest = await self._ask(self.tables.reads.life_inside(campaign))
        return life

    async def scrub(self) -> bool:
        """Nothing can be written anew inside of a transaction."""
        return False

    async def close(self) -> None:
        """Leave the host's connection as it is."""
