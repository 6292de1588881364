"""A stage: flows in threads that take turns, so that a test says who goes when, and who dies.

A flow stops before each of its effects (and wherever an adapter calls `turn`) until it is told to
go on; only one runs at a time, so that the same orders give the same results. `StagedStore` and
its kin stop before what they pass on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, cast

from viralcommerce.errors import StoreBusy, StoreConflict
from viralcommerce.messages import Award
from viralcommerce.runtime.effects import Supposing
from viralcommerce.runtime.ports import (
    Asked,
    Found,
    Issuer,
    Members,
    Session,
    Short,
    Stale,
    Store,
    Wanted,
    Writes,
)

T = TypeVar("T")
PATIENCE: Final = 60.0
"""Seconds after which a flow that nobody holds up is taken to hang."""
_here = threading.local()


class Crashed(BaseException):
    """The worker is gone: no handler of its own sees this, and it does nothing more."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong at an effect of a flow.

    Args:
        at: which effect; the first is 1.
        when: before it is performed, or when it was and the flow has not learned of it.
        error: what is raised; `Crashed` ends the flow and lets go of its session.
    """

    at: int
    when: Literal["before", "after"]
    error: Callable[[], BaseException] = Crashed


class Actor:
    """One flow in a thread of its own.

    Args:
        name: of the flow, for whoever reads an order.
        work: the flow.
        tries: whether a lock that others hold is refused at once, and may be tried again.
        fault: what goes wrong with it, if anything.

    Attributes:
        doing: the effect before which it stands.
        turns: how many effects it has begun.
        is_done: whether it has ended.
        is_blocked: whether somebody else must go on first.
        is_refused: whether it could not go when it was its turn.
        has_failed: whether its fault has come to pass.
        answer: what it came to.
        error: what it raised.
    """

    def __init__(
        self, name: str, work: Callable[[], object], *, tries: bool, fault: Fault | None = None
    ) -> None:
        self.name = name
        self.tries = tries
        self.doing = ""
        self.turns = 0
        self.is_done = self.is_blocked = self.is_refused = False
        self.has_failed = self.is_away = False
        self.answer: object = None
        self.error: BaseException | None = None
        self._work = work
        self._fault = fault
        self._dead = self._at_rest = False
        self._go = threading.Semaphore(0)
        self._came = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self.is_away = True
        self.came(PATIENCE)

    def _run(self) -> None:
        _here.actor = self
        try:
            self.answer = self._work()
        except BaseException as error:  # noqa: BLE001 - whoever runs the stage looks at it
            self.error = error
        self.is_done, self.is_blocked = True, False
        self._came.release()

    def _wait(self) -> None:
        self._came.release()
        self._go.acquire()
        if self._dead:
            raise Crashed

    def turn(self, what: str) -> None:
        """Stand before an effect until told to go on."""
        if self._at_rest:
            return
        if self._dead:
            raise Crashed
        self.is_blocked, self.doing = False, what
        self._wait()
        self.turns += 1
        self._fail("before")

    def performed(self) -> None:
        """The effect is done, and the flow about to learn of it."""
        self._fail("after")

    def _fail(self, when: str) -> None:
        fault = self._fault
        if fault is not None and (fault.at, fault.when) == (self.turns, when):
            self.has_failed = True
            error = fault.error()
            self._dead = isinstance(error, Crashed)
            raise error

    def wait_for_others(self) -> None:
        """Somebody else holds what this one needs, and nothing has happened."""
        self.is_blocked = self.is_refused = True
        self._wait()

    def begin_again(self) -> None:
        """All that this one did is undone; somebody else must go on first."""
        self.is_blocked, self.doing = True, "begin again"
        self._wait()

    @contextmanager
    def letting_go(self) -> Generator[None]:
        """What happens within is no effect of the flow: connections close, dead or alive."""
        before, self._at_rest = self._at_rest, True
        try:
            yield
        finally:
            self._at_rest = before

    def advance(self, grace: float) -> bool:
        """Perform the effect before which it stands; whether it has come to the next, or the end.

        Args:
            grace: seconds after which it is taken to wait for others inside the store.
        """
        if not self.is_away:
            self.is_away, self.is_refused = True, False
            self._go.release()
        return self.came(grace) and not self.is_refused

    def came(self, seconds: float) -> bool:
        """Wait for it; whether it stands before an effect, or has ended."""
        if self.is_away and self._came.acquire(timeout=seconds):
            self.is_away = False
        return not self.is_away

    def kill(self) -> None:
        """End it where it stands; inside a store it is left to what the store does."""
        self._dead = True
        while not self.is_done and not self.is_away:
            self.advance(PATIENCE)


def turn(what: str) -> None:
    """A point where others may go first, and a worker may die; outside a stage, nothing.

    For adapters and their drivers: between two statements that ought to be one.

    Args:
        what: is about to happen, for whoever reads the order.
    """
    actor = acting()
    if actor is not None:
        actor.turn(what)


def acting() -> Actor | None:
    """The flow whose thread this is, if it is one's."""
    actor: Actor | None = getattr(_here, "actor", None)
    return actor


def staged(store: Store) -> Store:
    """A store whose effects, and those of its sessions, are turns."""
    return cast("Store", StagedStore(store))


class StagedStore:
    """A store in front of which flows take turns; what is no effect is passed on as it is.

    Args:
        inner: the store.
    """

    EFFECTS: Final = frozenset(
        {"due", "cell", "pending", "claim", "settle", "set_life", "prune_keys"}
    )

    def __init__(self, inner: Store) -> None:
        self.inner = inner

    def session(self) -> StagedSession:
        """Begin a unit of work."""
        return StagedSession(self.inner.session())

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.inner, name)
        if name not in self.EFFECTS:
            return verb

        def told(*values: Any) -> Any:
            turn(name)
            return _performed(verb(*values))

        return told


class StagedSession:
    """A unit of work in front of which its flow takes turns.

    Args:
        inner: the session.
    """

    def __init__(self, inner: Session) -> None:
        self.inner = inner

    @property
    def rehearses(self) -> bool:
        """As the session does."""
        return bool(getattr(self.inner, "rehearses", False))

    def look(self, wanted: Wanted) -> Found:
        """Read without locking."""
        return self._effect(_said("look", wanted), lambda: self.inner.look(wanted))

    def lock(self, wanted: Wanted) -> Found:
        """Lock and read; where others hold it, wait until somebody has gone on."""
        return self._effect(
            _said("lock", wanted), lambda: self._when_free(lambda: self.inner.lock(wanted))
        )

    def _when_free(self, perform: Callable[[], T]) -> T:
        actor = acting()
        while True:
            try:
                return perform()
            except StoreBusy:
                if actor is None or not actor.tries:
                    raise
                actor.wait_for_others()

    def commit(self, writes: Writes) -> Short | Stale | None:
        """Write all, or nothing and say why."""
        return self._effect("commit", lambda: self.inner.commit(writes))

    @property
    def commit_if(self) -> Supposing | None:
        """Lock, compare and commit in one step, if the session can; wait as for a lock."""
        inner: Supposing | None = getattr(self.inner, "commit_if", None)
        if inner is None:
            return None
        return lambda *said: self._effect(
            _said("commit if", said[0]), lambda: self._when_free(lambda: inner(*said))
        )

    def rules(self, digest: str) -> bytes:
        """A campaign's JSON by hash."""
        return self.inner.rules(digest)

    def close(self) -> None:
        """Let go, dead or alive: a database does that for a worker that is gone."""
        actor = acting()
        if actor is None:
            self.inner.close()
            return
        with actor.letting_go():
            self.inner.close()

    def _effect(self, what: str, perform: Callable[[], T]) -> T:
        try:
            turn(what)
            return _performed(perform())
        except StoreConflict:  # what says that all was undone has undone it
            self.close()
            raise


class StagedMembers:
    """A members port in front of which flows take turns.

    Args:
        inner: the port.
    """

    def __init__(self, inner: Members) -> None:
        self.inner = inner

    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        """Ask the host."""
        turn(f"ask about {', '.join(sorted({one.member for one in asked}))}")
        return _performed(self.inner.facts(asked))


class StagedIssuer:
    """An issuer in front of which flows take turns.

    Args:
        inner: the port.
    """

    def __init__(self, inner: Issuer) -> None:
        self.inner = inner

    def issue(self, award: Award) -> None:
        """Hand one award out."""
        turn(f"issue {award.id}")
        self.inner.issue(award)
        _performed(None)


def _performed(answer: T) -> T:
    actor = acting()
    if actor is not None:
        actor.performed()
    return answer


def _said(verb: str, wanted: Wanted) -> str:
    names = [f"key {key}" for _, key in wanted.decisions]
    names += [f"cell {instance}" for _, instance in wanted.cells]
    names += [" ".join(filter(None, ("quota", *key[1:]))) for key in wanted.quotas]
    return f"{verb} {', '.join(names)}"
