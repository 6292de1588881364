"""Views on every store, and in both shells: the same answers, in as few statements."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from postgres import fresh_schema, server_url
from shops import NOON, ask, at, grab, like, likes, share, shop_of, small
from viralcommerce import Shop
from viralcommerce.errors import UnknownCampaign
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.async_ports import AsyncStore
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.outbox import Settled
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.runtime.views import AsyncViews, Views
from viralcommerce.testing.doubles import FakeIssuer, FakeMembers, ScriptedClock

SMALL = small()
LIKES = likes(2)
OLDER = small(parts=2)
"""The version of the packs that some were begun under."""
VIEWS: dict[str, Callable[[Any], Any]] = {
    "instance": lambda views: views.instance("rain-pack", "p1", at=NOON),
    "an instance that is not there": lambda views: views.instance("rain-pack", "p99", at=NOON),
    "an instance of older rules": lambda views: views.instance("rain-pack", "p-old", at=NOON),
    "wallet": lambda views: views.wallet("bob", at=NOON),
    "parts": lambda views: views.parts("bob"),
    "campaign": lambda views: views.campaign("rain-pack"),
    "outbox": lambda views: views.outbox(),
    "poisoned": lambda views: views.poisoned(3),
}


def busy(store: Any) -> None:
    """Some history in two campaigns, one of which had another version before."""
    shop_of(OLDER, store=store).handle(OLDER, share("p-old"))
    shop = shop_of(SMALL, LIKES, store=store, issuer=FakeIssuer())
    for number in range(4):
        shop.handle(SMALL, share(f"p{number}"))
        for member in ("bob", "cid"):
            shop.handle(SMALL, grab(member, f"p{number}", at=at(minutes=number)))
    shop.handle(LIKES, ask("a1", by="bob"))
    shop.handle(LIKES, like("ann", "a1"))
    shop.handle(LIKES, like("cid", "a1"))


def fresh(store: Any) -> Shop:
    """A shop that has not met the older version."""
    return shop_of(SMALL, LIKES, store=store)


def awaited(store: AsyncStore) -> AsyncShop:
    return AsyncShop(store, (SMALL, LIKES), members=FakeMembers({}), clock=ScriptedClock(NOON))


@asynccontextmanager
async def opened(kind: str, folder: Path, counted: list[str]) -> AsyncIterator[Any]:
    """A blocking store with some history, and the same data awaited."""
    if kind != "postgres":
        inner: Any = MemoryStore() if kind == "memory" else SqliteStore(folder / "viral.db")
        busy(inner)
        yield inner, InThreads(inner)
        inner.close()
        return
    import psycopg

    from viralcommerce.runtime.stores.postgres import PostgresStore
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    class Counting(psycopg.Cursor[Any]):
        def execute(self, query: Any, *said: Any, **more: Any) -> Any:
            counted.append(str(query))
            return super().execute(query, *said, **more)

    class AsyncCounting(psycopg.AsyncCursor[Any]):
        async def execute(self, query: Any, *said: Any, **more: Any) -> Any:
            counted.append(str(query))
            return await super().execute(query, *said, **more)

    class Counted(PostgresStore):
        def pool_options(self) -> dict[str, Any]:
            options = super().pool_options()
            options["kwargs"]["cursor_factory"] = Counting
            return options

    blocking = Counted(server_url(), schema=fresh_schema())
    busy(blocking)
    later = await AsyncPostgresStore.open(server_url(), schema=blocking.schema)
    later._pool.kwargs["cursor_factory"] = AsyncCounting  # type: ignore[index]
    await later._pool.drain()  # those that were made before count nothing
    yield blocking, later
    await later.close()
    blocking.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
def test_both_shells_show_the_same(kind: str, tmp_path: Path) -> None:
    async def both() -> None:
        async with opened(kind, tmp_path, []) as (blocking, later):
            shop = awaited(later)
            for name, view in VIEWS.items():
                assert await view(shop.views) == view(fresh(blocking).views), name
            with pytest.raises(UnknownCampaign):
                await shop.views.campaign("sun-pack")

    asyncio.run(both())


@pytest.mark.parametrize("what", VIEWS)
def test_a_view_takes_at_most_two_statements_on_postgresql(what: str, tmp_path: Path) -> None:
    """RQ-10: whichever shell shows it, and where a version must be read, too."""

    async def both() -> None:
        counted: list[str] = []
        async with opened("postgres", tmp_path, counted) as (blocking, later):
            counted.clear()
            VIEWS[what](fresh(blocking).views)
            assert 1 <= len(counted) <= 2, counted
            counted.clear()
            await VIEWS[what](awaited(later).views)
            assert 1 <= len(counted) <= 2, counted

    asyncio.run(both())


def test_no_view_reads_a_whole_table_on_postgresql(tmp_path: Path) -> None:
    """RQ-10: each statement has an index to go by."""

    async def explained() -> None:
        counted: list[str] = []
        async with opened("postgres", tmp_path, counted) as (blocking, _):
            with blocking._connection() as connection:
                connection.execute("set enable_seqscan = off")
                reads = blocking.tables.reads
                for query in (
                    reads.cell("rain-pack", "p1"),
                    reads.awards("bob"),
                    reads.parts("bob"),
                    reads.used("rain-pack"),
                    reads.life("rain-pack"),
                    reads.rules(SMALL.hash),
                ):
                    rows = connection.execute(b"explain " + query.step.sql, query.step.values)
                    plan = "\n".join(line for (line,) in rows)
                    assert "Seq Scan" not in plan, plan
                connection.execute("reset enable_seqscan")

    asyncio.run(explained())


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
def test_streams_are_awaited_row_by_row(kind: str, tmp_path: Path) -> None:
    async def streamed() -> None:
        async with opened(kind, tmp_path, []) as (blocking, later):
            for verb in ("journal", "cells", "quotas", "postings", "keys", "participants"):
                rows = [row async for row in getattr(later, verb)("rain-pack")]
                assert rows == list(getattr(blocking, verb)("rain-pack")), verb
            assert [row async for row in later.journal("rain-pack", 5)] == list(
                blocking.journal("rain-pack", 5)
            )
            assert await later.campaigns() == blocking.campaigns()
            assert await later.instances("rain-pack", "p1", 2) == blocking.instances(
                "rain-pack", "p1", 2
            )
            assert await later.history("rain-pack", "p1") == blocking.history("rain-pack", "p1")
            assert list(await later.lives("rain-pack")) == list(blocking.lives("rain-pack"))

    asyncio.run(streamed())


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
def test_a_stream_that_nobody_reads_to_its_end_lets_its_connection_go(
    kind: str, tmp_path: Path
) -> None:
    async def begun() -> None:
        async with opened(kind, tmp_path, []) as (_, later):
            for _ in range(40):  # more than there are connections
                lines = later.journal("rain-pack")
                await anext(lines)
                await lines.aclose()
            assert await later.campaigns()

    asyncio.run(begun())


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
def test_upkeep_is_awaited(kind: str, tmp_path: Path) -> None:
    """Forgetting, tombstones and keys: see test_forget."""

    async def kept() -> None:
        async with opened(kind, tmp_path, []) as (blocking, later):
            shop = awaited(later)
            while waiting := blocking.pending(100):
                blocking.settle(_delivered(waiting))
            done = await shop.forget("bob")
            assert done.lines > 5
            assert not await shop.views.wallet("bob", at=NOON)
            assert await shop.views.wallet(done.pseudonym, at=NOON)
            assert (await shop.handle(SMALL, grab("bob", "p1"))).refusal.code == "forgotten"  # type: ignore[union-attr]
            assert await later.prune_tombstones(at(days=1)) == 1
            assert await later.prune_keys(at(days=1)) > 5
            assert isinstance(await later.scrub(), bool)

    asyncio.run(kept())


def _delivered(waiting: Any) -> Settled:
    return Settled(by="test", delivered=tuple(one.position for one in waiting))


def test_both_kinds_of_views_have_the_same_verbs() -> None:
    def verbs(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert verbs(Views) == verbs(AsyncViews)
    assert {"instance", "wallet", "parts", "campaign", "outbox", "poisoned"} < verbs(Views)


def test_what_views_read_every_store_has() -> None:
    for verb in ("cell", "awards", "parts", "used", "life", "backlog", "poisoned"):
        assert hasattr(AsyncStore, verb), verb
        assert hasattr(MemoryStore, verb), verb
