"""Two shells, equal transcripts wherever a store raises or times out; canceled at every await."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from postgres import fresh_schema, server_url
from test_parity import EVERYBODY, LUCK, told, told_later
from viralcommerce import Shop
from viralcommerce.errors import StoreBusy, StoreConflict, StoreError
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing import FakeMembers, ScriptedClock
from viralcommerce.testing.cancellations import cancel_everywhere
from viralcommerce.testing.contracts.kit import AT, tables
from viralcommerce.testing.races import Flow, Race


class Failing:
    """A store whose sessions raise at the n-th effect, before it is performed or after.

    Args:
        inner: the store.
        at: which effect of all its sessions, the first being 1.
        error: what is raised.
        after: whether the effect was performed; then only the answer is lost.
    """

    def __init__(self, inner: Any, at: int, error: Exception, *, after: bool) -> None:
        self.inner, self.at, self.error, self.after = inner, at, error, after
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def session(self) -> FailingSession:
        return FailingSession(self.inner.session(), self)


class FailingSession:
    """A session that may raise."""

    def __init__(self, inner: Any, store: Failing) -> None:
        self.inner, self.store = inner, store

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.inner, name)
        if name not in ("look", "lock", "commit"):
            return verb

        def told(values: Any) -> Any:
            self.store.count += 1
            raises = self.store.count == self.store.at
            if raises and not self.store.after:
                raise self.store.error
            answer = verb(values)
            if raises:
                raise self.store.error
            return answer

        return told


GRABS = [pack.Grab(pack="p", by=by, key=f"p-{by}") for by in ("bob", "cat", "bob", "dan")]


def failing(at: int, error: Exception, *, after: bool) -> tuple[Any, Any]:
    """What both shells tell of the same commands on a store that raises once; and their tables."""

    def ports() -> Any:
        return {
            "members": FakeMembers(EVERYBODY),
            "clock": ScriptedClock(AT),
            "entropy": DerivedEntropy("x"),
        }

    def begun() -> Failing:
        store = MemoryStore()
        Shop(store, [LUCK], **ports()).handle(LUCK, pack.Share(pack="p", by="ann", key="p"))
        return Failing(store, at, error, after=after)

    def sync() -> Any:
        store = begun()
        shop = Shop(store, [LUCK], **ports())  # type: ignore[arg-type]
        lines = [told(lambda one=one: shop.handle(LUCK, one)) for one in GRABS + GRABS]  # type: ignore[misc]
        assert audit(store.inner).is_clean
        return lines, tables(store.inner, *EVERYBODY), store.count >= at

    async def later() -> Any:
        store = begun()
        async with AsyncShop(InThreads(store), [LUCK], **ports()) as shop:  # type: ignore[arg-type]
            lines = [await told_later(lambda one=one: shop.handle(LUCK, one)) for one in GRABS * 2]  # type: ignore[misc]
            return lines, tables(store.inner, *EVERYBODY), store.count >= at

    return sync(), asyncio.run(later())


BUSY, CONFLICT = StoreBusy("others held it"), StoreConflict("undone")
UNKNOWN, LATE = StoreError("nobody knows"), TimeoutError("no answer")


@pytest.mark.parametrize(
    ("error", "after"),
    [
        *((error, False) for error in (BUSY, CONFLICT, UNKNOWN, LATE)),
        *((error, True) for error in (BUSY, UNKNOWN, LATE)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else f"after={value}",
)
def test_both_shells_tell_the_same_wherever_a_store_raises_or_times_out(
    error: Exception, *, after: bool
) -> None:
    """RQ-19, RQ-22: and the same keys settle it; what was undone was never performed."""
    at = 1
    while True:
        one, other = failing(at, error, after=after)
        assert one == other, at
        if not one[2]:
            break
        for first, again in zip(one[0], one[0][len(GRABS) :], strict=False):
            if not any(line.startswith(type(error).__name__) for line in (first, again)):
                assert again == first, "asked again, the same"
        at += 1
    assert at > 9


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_canceled_at_every_await_nothing_is_half_written_and_the_same_key_settles(
    kind: str, times: int, tmp_path: Path
) -> None:
    """RQ-19, RQ-22: members are awaited too; whoever is impatient cancels twice."""
    flows: list[Flow] = [
        pack.Grab(pack="p", by="bob", at=AT, key="p-bob"),
        [pack.Grab(pack="p", by=by, at=AT, key=f"p-{by}") for by in ("cat", "dan")],
    ]
    before = [pack.Share(pack="p", by="ann", at=AT, key="p")]
    race = Race(LUCK, flows, before, members=FakeMembers(EVERYBODY))

    async def run() -> int:
        if kind == "postgres":
            return await canceled_on_postgres(race, times)
        store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "shop.db")
        done = await cancel_everywhere(race, InThreads(store), store, times=times)
        store.close()
        return done.points

    assert asyncio.run(run()) >= 6


async def canceled_on_postgres(race: Race, times: int) -> int:
    from viralcommerce.runtime.stores.postgres import PostgresStore
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    schema = fresh_schema()
    look: Any = PostgresStore(server_url(), schema=schema)
    store = await AsyncPostgresStore.open(
        server_url(), schema=schema, most_connections=2, busy_after=5
    )
    done = await cancel_everywhere(race, store, look, times=times)
    free = [await store.take() for _ in range(2)]  # not one connection was lost
    for connection in free:
        await store.give_back(connection)
    await store.close()
    look.close()
    return done.points
