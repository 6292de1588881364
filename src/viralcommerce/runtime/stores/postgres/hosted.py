"""Inside the host's own transaction: units of work that are savepoints in it.

A host's connection is looked up anew for each unit of work: a session of SQLAlchemy has another
one after each commit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from viralcommerce.errors import NotLive, RetryTransaction, StoreError
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.ports import Found, Wanted
from viralcommerce.runtime.sealing import RefusedLine, Sealing
from viralcommerce.runtime.stores.postgres.drivers import (
    Driver,
    Status,
    driver_of,
    play,
)
from viralcommerce.runtime.stores.postgres.failures import FAILED_BEFORE, Failed, translation
from viralcommerce.runtime.stores.postgres.reading import PostgresTables
from viralcommerce.runtime.stores.postgres.reads import Query, Stream
from viralcommerce.runtime.stores.postgres.session import PostgresSession
from viralcommerce.runtime.stores.postgres.standing import Standing
from viralcommerce.runtime.stores.postgres.statements import Rows, Step
from viralcommerce.runtime.stores.postgres.tables import Tables
from viralcommerce.runtime.stores.postgres.transactions import Script
from viralcommerce.runtime.stores.postgres.unit import Unit
from viralcommerce.runtime.stores.postgres.upkeep import forgetting
from viralcommerce.runtime.stores.unwrapping import driver_connection

T = TypeVar("T")
_SAVEPOINT: Final = Step(b"savepoint viralcommerce_read")
_RELEASE: Final = Step(b"release savepoint viralcommerce_read")
_UNDO: Final = [Step(b"rollback to savepoint viralcommerce_read"), _RELEASE]


class HostSession(PostgresSession[Standing]):
    """A unit of work inside the host's transaction: one savepoint, committed when the host does.

    Args:
        unit: a hosted one.
        take: gives the host's connection.
        where: the store, for errors.

    Raises:
        RetryTransaction: from `look` and `lock`, when the connection is in no transaction, or in
            one that has failed already.
    """

    hosted = True

    def __init__(self, unit: Unit, take: Callable[[], Standing], where: str) -> None:
        super().__init__(unit, take, lambda _: None, where)

    def look(self, wanted: Wanted) -> Found:
        """Begin a savepoint, then read."""
        self._begin()
        return super().look(wanted)

    def lock(self, wanted: Wanted) -> Found:
        """Begin a savepoint, lock, then read."""
        self._begin()
        return super().lock(wanted)

    def _begin(self) -> None:
        if not self._unit.begun:
            self._driver = self._take()
            self._unit.mine = self._driver.number
            must_be_inside(self._driver.status(), self._where)

    def close(self) -> None:
        """Let the locks go; what is under way to whoever asked is not replaced."""
        raised = sys.exception()
        try:
            super().close()
        except StoreError:
            if raised is None:
                raise

    def _run(self, script: Script[T]) -> T:
        try:
            result = super()._run(script)
            if self._driver is not None and not self._unit.begun:
                self._driver.done()
        except StoreError:
            raise
        except BaseException:  # an interrupt
            self._unit.begun = False
            if self._driver is not None:
                self._driver.go_back()
            raise
        return result

    def _undo(self, driver: Standing, error: Failed | None = None) -> None:
        bad = error is not None or (self._unit.begun and driver.status() == "failed")
        try:
            if not driver.is_closed and (error is None or can_undo(error)):
                play(self._unit.undo(failed=bad), driver)
        except Failed as worse:
            raise translation(self._where, worse, hosted=True) from worse
        finally:
            self._unit.begun = False


class HostedPostgresStore(PostgresTables):
    """A store whose units of work are savepoints in the host's transaction; reads see it too.

    Args:
        tables: of the same database.
        connection: the host's: of psycopg 3 or 2, SQLAlchemy or Django.

    Attributes:
        reads_newest: whether the transaction is known to see what others commit meanwhile.
    """

    reads_newest = False

    def __init__(self, tables: Tables, connection: object) -> None:
        self.tables = tables
        self.schema = tables.schema
        self._host = connection

    def _driver(self) -> Standing:
        return Standing(self._of_the_host())

    def _of_the_host(self) -> Driver:
        return driver_of(driver_connection(self._host, self.schema), self.schema)

    def session(self) -> PostgresSession[Any]:
        """Begin a unit of work inside the host's transaction."""
        return HostSession(self.tables.unit(hosted=True), self._driver, self.schema)

    def _ask(self, query: Query[T]) -> T:
        return query.read(self._play(alone(query.step)))

    def _stream(self, stream: Stream[T]) -> Iterator[T]:
        for row in self._play(alone(stream.step)):
            yield stream.read(row)

    def _play(self, script: Script[T]) -> T:
        driver = self._driver()
        try:
            return driver.play(script if driver.status() == "outside" else guarded(script))
        except Failed as error:
            raise translation(self.schema, error, hosted=True) from error

    def forget(self, erasure: Erasure) -> Forgotten:
        """Put the pseudonym in the member's place, when the host commits."""
        driver = self._driver()
        must_be_inside(driver.status(), self.schema)
        try:
            return driver.play(forgetting(self.schema, erasure, hosted=True))
        except Failed as error:
            raise translation(self.schema, error, hosted=True) from error

    def life(self, campaign: str) -> Life:
        """The stage of life."""
        life, self.reads_newest = self._ask(self.tables.reads.life_inside(campaign))
        return life

    def seal(self, work: Sealing) -> bool:
        """Refuse: lines that are gone must be gone for everybody."""
        raise NotLive(f"{self.schema}: seal with the store itself, not within a transaction")

    def drop_refusals(self, campaign: str, refusals: Sequence[RefusedLine]) -> int:
        """Refuse, likewise."""
        raise NotLive(f"{self.schema}: drop with the store itself, not within a transaction")

    def scrub(self) -> bool:
        """Nothing can be written anew inside of a transaction."""
        return False

    def close(self) -> None:
        """Leave the host's connection as it is."""


def alone(step: Step) -> Script[Rows]:
    """One statement, for its rows."""
    rows = yield [step._replace(answers=True)]
    return rows[0]


def guarded(script: Script[T]) -> Script[T]:
    """A script each of whose trips has a savepoint, so that its failure is not the host's."""
    try:
        trip = next(script)
        while True:
            try:
                rows = yield [_SAVEPOINT, *trip, _RELEASE]
            except Failed as error:
                if can_undo(error):
                    yield _UNDO
                raise
            trip = script.send(rows[1:-1])
    except StopIteration as done:
        result: T = done.value
        return result


def can_undo(error: Failed) -> bool:
    """Whether there is a savepoint to go back to."""
    return not error.lost and error.state != FAILED_BEFORE


def must_be_inside(status: Status, where: str) -> None:
    """Refuse a connection of the host that is in no transaction, or in a failed one.

    Raises:
        RetryTransaction: begin one, then call again.
    """
    if status != "inside":
        what = "has failed" if status == "failed" else "has not begun"
        raise RetryTransaction(
            f"{where}: the transaction of the host's connection {what}, so nothing could commit "
            "together; begin one, and call again"
        )
