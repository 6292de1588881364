"""The driver: performs what flows ask for against the ports of one shop, and waits for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from viralcommerce.errors import MembersFailed, NotLive, StoreConflict
from viralcommerce.runtime.effects import Ask, CommitIf, Lock, Look, Restart, Supposing
from viralcommerce.runtime.flow import flow_on
from viralcommerce.runtime.ports import Asked, Found, Members, Record, Store, Writes
from viralcommerce.runtime.recollection import Recollection
from viralcommerce.runtime.request import Context, Outcome, Request
from viralcommerce.runtime.straight import straight
from viralcommerce.values.saying import said

T = TypeVar("T")
CONFLICTS: Final = 8
"""How often what the store undid in favor of others is begun again."""


class Driver:
    """Performs effects. As safe for threads as the store and the ports are.

    Args:
        store: where everything is kept.
        context: what flows may use of the shop.
        members: what the host knows about people, if it was given.

    Attributes:
        closed: whether everything is refused from now on.
    """

    def __init__(self, store: Store, context: Context, members: Members | None) -> None:
        self._store = store
        self._context = context
        self._members = members
        self._memory = Recollection()
        self.closed = False

    def one(self, request: Request) -> Outcome:
        """The outcome of one command; straight through, where it asks nobody."""
        if request.program.is_straight:
            if self.closed:
                raise shop_is_closed()
            session = self._store.session()
            try:
                outcome = straight(self._context, request, session)
                if outcome is not None:
                    return outcome
            except StoreConflict:  # nothing of it is written
                pass
            finally:
                session.close()
        return self.all((request,))[0]

    def all(
        self, requests: tuple[Request, ...], records: list[Record] | None = None
    ) -> list[Outcome]:
        """Drive flows until every request has its outcome.

        Args:
            requests: what to run.
            records: gets what is decided anew, if anybody wants to know.
        """
        outcomes = self.first(requests, records)
        while len(outcomes) < len(requests):
            outcomes += self.first(requests[len(outcomes) :], records)
        return outcomes

    def first(
        self, requests: tuple[Request, ...], records: list[Record] | None = None
    ) -> list[Outcome]:
        """The outcomes of the first of these requests, at least of one; in one commit.

        What conflicts begins again, within a bound; what is raised has written nothing of them,
        or says that nobody knows.
        """
        return self.again(lambda: self._drive(requests, records))

    def again(self, work: Callable[[], T]) -> T:
        """What work on the store comes to, begun again where it was undone in favor of others."""
        if self.closed:
            raise shop_is_closed()
        conflicts = 0
        while True:
            try:
                return work()
            except StoreConflict:  # nothing of it is written
                if conflicts == CONFLICTS:
                    raise
                time.sleep(pause(conflicts))
                conflicts += 1

    def _drive(self, requests: tuple[Request, ...], records: list[Record] | None) -> list[Outcome]:
        """Drive one flow: perform each effect, send back its answer."""
        session = self._store.session()
        running = flow_on(session, self._context, requests, self._memory)
        try:
            effect = next(running)
            while True:
                if type(effect) is Restart:  # a closed session may be somebody else's already
                    session.close()
                    session = self._store.session()
                    effect = running.send(None)
                elif type(effect) is Lock:
                    effect = running.send(session.lock(effect))
                elif type(effect) is Writes:
                    answer = session.commit(effect)
                    if answer is None and records is not None:
                        records += effect.records
                    effect = running.send(answer)
                elif type(effect) is Look:
                    effect = running.send(session.look(effect))
                elif type(effect) is Ask:
                    effect = running.send(self._ask(effect.asked))
                elif type(effect) is CommitIf:
                    commit_if: Supposing = session.commit_if  # type: ignore[attr-defined]
                    is_done = commit_if(effect.lock, effect.supposed, effect.writes)
                    if is_done and records is not None:
                        records += effect.writes.records
                    effect = running.send(is_done)
        except StopIteration as done:
            outcomes: list[Outcome] = done.value
            return outcomes
        finally:
            running.close()
            session.close()

    def look(self, look: Look) -> Found:
        """Read in a unit of work of its own, without locking."""
        session = self._store.session()
        try:
            return session.look(look)
        finally:
            session.close()

    def _ask(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        if self._members is None:
            return [{} for _ in asked]
        try:
            return self._members.facts(asked)
        except Exception as error:
            raise members_failed(asked, error) from error


def shop_is_closed() -> NotLive:
    """What a closed shop says to every verb."""
    return NotLive("shop: it is closed; open another")


def pause(conflicts: int) -> float:
    """Seconds to wait before what conflicted is run again: twice as long each time, jittered."""
    return 0.001 * (1 << conflicts) * (1 + os.urandom(1)[0] / 255)


def members_failed(asked: Sequence[Asked], error: Exception) -> MembersFailed:
    """What to tell a host whose members port raised."""
    return MembersFailed(
        f"members: asked about {', '.join(one.member for one in asked[:3])}: "
        f"{said(error)}; nothing was decided"
    )
