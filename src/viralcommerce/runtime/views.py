"""Views: what a page or a support call reads. At most two statements each, whatever the history.

A view is not a decision: it may be out of date the moment it is read, and writes nothing. What it
shows is proved by the audit, because it reads the very cells, quotas and ledger rows that the
audit replays.

What each reads is written once, in `viewing`; here are the two shells.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from viralcommerce.program import Program
from viralcommerce.runtime import viewing_invites as invites
from viralcommerce.runtime.effects import Look
from viralcommerce.runtime.errands import run, run_later
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.programs import Programs
from viralcommerce.runtime.ticking import Pin
from viralcommerce.runtime.viewing import (
    CampaignView,
    InstanceView,
    Read,
    Reading,
    Viewing,
    WalletLine,
)
from viralcommerce.runtime.viewing_invites import CodeView, Earnings, KeptBackOrder, PendingOrder

if TYPE_CHECKING:
    from viralcommerce.runtime.async_ports import AsyncStore

__all__ = [
    "AsyncViews",
    "CampaignView",
    "CodeView",
    "Earnings",
    "InstanceView",
    "KeptBackOrder",
    "PendingOrder",
    "Views",
    "WalletLine",
]

P = ParamSpec("P")
T = TypeVar("T")
Written = Callable[Concatenate[Viewing, P], Reading[T]]


class Shown(Generic[P, T]):
    """A view as a method of `Views`."""

    def __init__(self, written: Written[P, T]) -> None:
        self._written = written
        functools.update_wrapper(self, written)  # type: ignore[arg-type]

    @overload
    def __get__(self, views: None, owner: type[Views]) -> Shown[P, T]: ...
    @overload
    def __get__(self, views: Views, owner: type[Views]) -> Callable[P, T]: ...
    def __get__(self, views: Views | None, owner: type[Views]) -> Shown[P, T] | Callable[P, T]:
        if views is None:
            return self

        @functools.wraps(self._written)
        def shown(*values: P.args, **named: P.kwargs) -> T:
            return run(self._written(views.viewing, *values, **named), views.perform)

        return shown


class ShownLater(Generic[P, T]):
    """A view as a method of `AsyncViews`."""

    def __init__(self, written: Written[P, T]) -> None:
        self._written = written
        functools.update_wrapper(self, written)  # type: ignore[arg-type]

    @overload
    def __get__(self, views: None, owner: type[AsyncViews]) -> ShownLater[P, T]: ...
    @overload
    def __get__(
        self, views: AsyncViews, owner: type[AsyncViews]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(
        self, views: AsyncViews | None, owner: type[AsyncViews]
    ) -> ShownLater[P, T] | Callable[P, Coroutine[Any, Any, T]]:
        if views is None:
            return self

        @functools.wraps(self._written)
        async def shown(*values: P.args, **named: P.kwargs) -> T:
            return await run_later(self._written(views.viewing, *values, **named), views.perform)

        return shown


class Views:
    """Reads for pages and support, over a store.

    Args:
        store: to read from.
        programs: of the shop.
    """

    def __init__(self, store: Store, programs: Programs) -> None:
        self.viewing = Viewing(programs)
        self._store = store

    instance = Shown(Viewing.instance)
    wallet = Shown(Viewing.wallet)
    parts = Shown(Viewing.parts)
    campaign = Shown(Viewing.campaign)
    outbox = Shown(Viewing.outbox)
    poisoned = Shown(Viewing.poisoned)

    kept_back = Shown(invites.kept_back)
    earnings = Shown(invites.earnings)
    pending = Shown(invites.pending)
    code = Shown(invites.code)
    brought = Shown(invites.brought)
    above = Shown(invites.above)

    def perform(self, errand: Read | Pin | Look) -> object:
        """Read from the store, or have a version of a campaign ready."""
        if isinstance(errand, Pin):
            return self.viewing.programs.pinned(errand.campaign, errand.digest)
        if isinstance(errand, Look):
            session = self._store.session()
            try:
                return session.look(errand)
            finally:
                session.close()
        return errand.of(self._store)


class AsyncViews:
    """`Views`, awaited: the same reads, the same answers.

    Args:
        store: to read from.
        programs: of the shop.
        pin: has a version of a campaign ready.
    """

    def __init__(
        self, store: AsyncStore, programs: Programs, pin: Callable[[Pin], Awaitable[Program]]
    ) -> None:
        self.viewing = Viewing(programs)
        self._store = store
        self._pin = pin

    instance = ShownLater(Viewing.instance)
    wallet = ShownLater(Viewing.wallet)
    parts = ShownLater(Viewing.parts)
    campaign = ShownLater(Viewing.campaign)
    outbox = ShownLater(Viewing.outbox)
    poisoned = ShownLater(Viewing.poisoned)

    kept_back = ShownLater(invites.kept_back)
    earnings = ShownLater(invites.earnings)
    pending = ShownLater(invites.pending)
    code = ShownLater(invites.code)
    brought = ShownLater(invites.brought)
    above = ShownLater(invites.above)

    async def perform(self, errand: Read | Pin | Look) -> object:
        """Read from the store, or have a version of a campaign ready."""
        if isinstance(errand, Pin):
            return await self._pin(errand)
        if isinstance(errand, Look):
            session = self._store.session()
            try:
                return await session.look(errand)
            finally:
                await session.close()
        return await errand.of(self._store)
