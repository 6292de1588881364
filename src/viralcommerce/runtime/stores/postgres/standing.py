"""What stands in a host's transaction while we are in it: a savepoint, to go back to.

An interrupt (Ctrl-C, a worker's time limit) is raised wherever Python is, in the middle of a trip
too. Whatever was written by then must not be committed with the host's work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from viralcommerce.runtime.stores.postgres.drivers import Driver, Status, play
from viralcommerce.runtime.stores.postgres.failures import CANCELED, Failed
from viralcommerce.runtime.stores.postgres.statements import Rows, Step
from viralcommerce.runtime.stores.postgres.transactions import Script, Trip

T = TypeVar("T")
TRIES: Final = 5
"""How often we go back: the server may be told late to cancel, and cancel that."""


def begun_by(trip: Trip) -> bytes:
    """The savepoint that a trip begins with, if it does."""
    verb, _, name = trip[0].sql.partition(b" ")
    return name if verb == b"savepoint" else b""


def ended_by(trip: Trip, name: bytes) -> bool:
    """Whether a savepoint is released at the end of a trip."""
    return bool(name) and trip[-1].sql == b"release savepoint " + name


def undone_by(trip: Trip, name: bytes) -> bool:
    """Whether a trip goes back to a savepoint and releases it."""
    return ended_by(trip, name) and trip[0].sql == b"rollback to savepoint " + name


def only_reads(trip: Trip) -> bool:
    """Whether nothing is to be undone once a trip is over: a savepoint around what reads."""
    return bool(begun_by(trip)) and all(step.sql.startswith(b"select") for step in trip[1:-1])


def going_back(name: bytes) -> Trip:
    """Back to before the savepoint; where it does not stand, this fails the transaction."""
    return [Step(b"rollback to savepoint " + name), Step(b"release savepoint " + name)]


class Standing:
    """A host's connection; interrupted, it goes back to the savepoint that stands.

    The release of the savepoint has a trip of its own, so that it is as short as can be:
    interrupted during that, there is nothing to go back to, and the host's transaction is failed,
    so that nothing can be committed. A connection that cannot be used is closed, which comes to
    the same.

    Args:
        inner: of the host.
    """

    def __init__(self, inner: Driver) -> None:
        self._inner = inner
        self._name = b""

    @property
    def number(self) -> int:
        """Of the connection."""
        return self._inner.number

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or lost."""
        return self._inner.is_closed

    def status(self) -> Status:
        """Whether what is performed next is in a transaction."""
        return self._inner.status()

    def perform(self, trip: Trip) -> list[Rows]:
        """Run the steps of a trip."""
        self._name = self._name or begun_by(trip)
        if undone_by(trip, self._name):
            rows = self._inner.perform(trip)
            self._name = b""
            return rows
        if not ended_by(trip, self._name) or only_reads(trip):
            return self._inner.perform(trip)
        rows = self._inner.perform(trip[:-1]) if len(trip) > 1 else []
        return rows + self._inner.perform(trip[-1:])

    def play(self, script: Script[T]) -> T:
        """Run a script to its end, all of it or nothing."""
        try:
            result = play(script, self)
        except Failed:
            raise
        except BaseException:
            self.go_back()
            raise
        self.done()
        return result

    def done(self) -> None:
        """What was written stays."""
        self._name = b""

    def go_back(self) -> None:
        """Undo what was begun, if anything; an interrupt meanwhile does not end that."""
        name, self._name = self._name, b""
        if name:
            _through_interrupts(lambda: self._go_back(name))

    def calm(self) -> None:
        """Read what an interrupt left unread."""
        self._inner.calm()

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def _go_back(self, name: bytes) -> None:
        try:
            is_over = any(self._is_back(name) for _ in range(TRIES))
        except Exception:  # noqa: BLE001 - whatever it was, nothing may be committed
            is_over = False
        if not is_over:
            self._inner.close()

    def _is_back(self, name: bytes) -> bool:
        """Try to go back; whether that succeeded, or has failed the transaction."""
        if self._inner.is_closed:
            return True
        self._inner.calm()
        try:
            self._inner.perform(going_back(name))
        except Failed as error:
            return error.state not in ("", CANCELED)
        return True


def _through_interrupts(work: Callable[[], None]) -> None:
    """Work in a thread, where no signal is handled; the first interrupt is the one raised."""
    thread = threading.Thread(target=work, name="viralcommerce-undo")
    thread.start()
    while thread.is_alive():
        try:
            thread.join()
        except BaseException:  # noqa: BLE001, S112 - another one, and the first is to be raised
            continue
