"""The contract of an awaited store: that of every store, through a bridge, and one law more.

In a plain script::

    check_async_store(lambda: MyStore.open("mydb://..."), lambda store: MySyncStore(store.url))

or in a pytest module, one test a law::

    class TestMyStore(AsyncStoreContract):
        async def make_store(self, folder):
            return await MyStore.open("mydb://...")

        def reading(self, store):
            return MySyncStore(store.url)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from viralcommerce.runtime.async_ports import AsyncStore
from viralcommerce.runtime.ports import Store
from viralcommerce.testing.bridges import Bridged, awaited
from viralcommerce.testing.cancellations import cancel_everywhere
from viralcommerce.testing.contracts.kit import StoreBench
from viralcommerce.testing.contracts.store import STORE_LAWS, StoreLaw
from viralcommerce.testing.contracts.store_races import share_and_batch
from viralcommerce.testing.laws import name_of, obeys, obeys_all

if TYPE_CHECKING:
    import pytest


def canceled_anywhere_the_same_key_settles(bench: StoreBench) -> None:
    """A task that is canceled wherever it waits, once or twice, has written all or nothing, holds
    nothing, and the same key tells.
    """
    store = cast("Bridged", bench.store())
    for times in (1, 2):
        awaited(cancel_everywhere(share_and_batch(), store.inner, store.reading, times=times))


ASYNC_STORE_LAWS: Final[tuple[StoreLaw, ...]] = (
    *STORE_LAWS,
    canceled_anywhere_the_same_key_settles,
)
"""What every store that is awaited promises."""


def check_async_store(
    make_store: Callable[[], Coroutine[Any, Any, AsyncStore]],
    reading: Callable[[AsyncStore], Store],
) -> None:
    """Hold an awaited store to its contract; takes some seconds. Not from within an event loop.

    Args:
        make_store: a new and empty store, at every call.
        reading: a store that blocks, on the same data as the one given.

    Raises:
        LawBroken: naming every law that it breaks, with what was seen.
    """
    benches: list[StoreBench] = []

    def bench() -> StoreBench:
        benches.append(StoreBench(lambda: bridged(make_store, reading)))
        return benches[-1]

    try:
        obeys_all(ASYNC_STORE_LAWS, bench)
    finally:
        for one in benches:
            one.close()


def bridged(
    make_store: Callable[[], Coroutine[Any, Any, AsyncStore]],
    reading: Callable[[AsyncStore], Store],
) -> Store:
    """A new store, as one that blocks."""
    store = awaited(make_store())
    return cast("Store", Bridged(store, reading(store)))


class AsyncStoreContract(ABC):
    """The contract for pytest: inherit, begin the name with ``Test``, say how to make one."""

    @abstractmethod
    async def make_store(self, folder: Path) -> AsyncStore:
        """A new and empty store.

        Args:
            folder: empty, for the store's files if it has any; another at every call.
        """

    @abstractmethod
    def reading(self, store: AsyncStore) -> Store:
        """A store that blocks, on the same data: for what an awaited one has no verb for."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each law."""
        metafunc.parametrize("law", ASYNC_STORE_LAWS, ids=name_of)

    def test_obeys(self, law: StoreLaw, tmp_path: Path) -> None:
        """The store obeys this law."""
        count = iter(range(1_000))

        def make() -> Store:
            folder = tmp_path / str(next(count))
            folder.mkdir()
            return bridged(lambda: self.make_store(folder), self.reading)

        bench = StoreBench(make)
        try:
            obeys(law, bench)
        finally:
            bench.close()
