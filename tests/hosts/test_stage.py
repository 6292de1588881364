"""The stage of a campaign in hosts' transactions: read once a second, and never an old one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from postgres import RAIN, fresh_schema, server_url
from shops import Stopwatch
from viralcommerce import Accepted, Shop
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime import lives
from viralcommerce.runtime.aio import AsyncShop

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
OLD = "repeatable read"


class Process:
    """A shop of either shell whose commands are in hosts' transactions, all rolled back."""

    def __init__(self, shell: str) -> None:
        from viralcommerce.runtime.stores.postgres import PostgresStore
        from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

        self.schema = fresh_schema()
        self.shop = Shop(PostgresStore(server_url(), schema=self.schema), [RAIN])
        self.loop = asyncio.Runner()
        self.awaited: AsyncShop | None = None
        if shell == "tasks":
            opening = AsyncPostgresStore.open(server_url(), schema=self.schema)
            self.awaited = AsyncShop(self.loop.run(opening), [RAIN])
        self.read: list[str] = []

    def close(self) -> None:
        if self.awaited is not None:
            self.loop.run(self.awaited.close())
        self.loop.close()
        self.shop.close()

    def begun(self, level: str = "read committed") -> Any:
        """A host's connection whose transaction has read something."""
        begin = f"begin isolation level {level}"
        host: Any
        if self.awaited is None:
            host = psycopg.connect(server_url(), autocommit=True)
            host.execute(begin)
            host.execute("select 1")
        else:
            opening = psycopg.AsyncConnection.connect(server_url(), autocommit=True)
            host = self.loop.run(opening)
            self.loop.run(host.execute(begin))
            self.loop.run(host.execute("select 1"))
        return host

    def opens(self, host: Any) -> bool:
        """Whether a pack may be opened there; nothing of it stays."""
        share = pack.Share(pack="p", by="ann", key="k")
        if self.awaited is None:
            is_open = isinstance(self.shop.within(host).handle(RAIN, share), Accepted)
            host.execute("rollback")
            host.execute("begin")
            return is_open

        async def story(awaited: AsyncShop) -> bool:
            outcome = await awaited.within(host).handle(RAIN, share)
            await host.execute("rollback")
            await host.execute("begin")
            return isinstance(outcome, Accepted)

        return self.loop.run(story(self.awaited))

    def end(self, host: Any) -> None:
        if self.awaited is None:
            host.close()
        else:
            self.loop.run(host.close())

    def knows(self) -> str:
        """The stage as commands outside of any host's transaction have it."""
        shop: Any = self.awaited or self.shop
        known: Any = shop._lives.known("rain-pack")
        return known.stage if known else ""


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    watch = Stopwatch()
    monkeypatch.setattr(lives, "time", watch)
    return watch


@pytest.fixture(params=["threads", "tasks"])
def process(request: pytest.FixtureRequest) -> Iterator[Process]:
    process = Process(request.param)
    yield process
    process.close()


def paused(process: Process) -> None:
    """By another process."""
    with psycopg.connect(server_url()) as other:
        from viralcommerce.codec import encode
        from viralcommerce.runtime.life import Life

        text = encode(Life(stage="paused", by="olga", why="a pause")).decode()
        sql = f"insert into {process.schema}.lives (campaign, life) values ('rain-pack', %s)"
        other.execute(sql, (text,))


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    from viralcommerce.runtime.stores.postgres.reads import Reads

    read: list[str] = []
    for name in ("life", "life_inside"):
        asked = getattr(Reads, name)

        def counting(self: Any, campaign: str, asked: Any = asked) -> Any:
            read.append(campaign)
            return asked(self, campaign)

        monkeypatch.setattr(Reads, name, counting)
    return read


def test_it_is_read_once_a_second_however_many_transactions_there_are(
    process: Process, watch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counted(monkeypatch)
    host = process.begun()
    assert [process.opens(host) for _ in range(5)] == [True] * 5
    assert len(read) == 1
    watch.seconds += lives.LEARNS_WITHIN
    assert [process.opens(host) for _ in range(5)] == [True] * 5
    assert len(read) == 2
    paused(process)
    watch.seconds += lives.LEARNS_WITHIN
    assert [process.opens(host) for _ in range(5)] == [False] * 5
    assert len(read) == 3
    process.end(host)


def test_what_an_old_snapshot_sees_is_believed_by_nobody_else(
    process: Process, watch: Stopwatch
) -> None:
    host, old = process.begun(), process.begun(OLD)
    assert process.opens(host)
    paused(process)
    watch.seconds += lives.LEARNS_WITHIN
    assert process.opens(old), "it sees what was before it began"
    assert process.knows() == ""
    assert not process.opens(host)
    assert process.knows() == "paused"
    process.end(host)
    process.end(old)
