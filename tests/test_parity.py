"""One flow, two shells: equal transcripts, also when ports raise; canceled, nothing is held."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from postgres import fresh_schema, fresh_store, server_url
from viralcommerce import (
    CNY,
    WHOLE,
    Campaign,
    Coupon,
    Grant,
    LuckySplit,
    PaidOrders,
    Shop,
    days,
)
from viralcommerce.errors import (
    KeyReused,
    MembersFailed,
    NotLive,
    StoreError,
)
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Award
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.ports import Asked, Wanted
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing import FakeIssuer, FakeMembers, ScriptedClock
from viralcommerce.testing.contracts.kit import AT, tables

LUCK = Campaign(
    "luck",
    pack.CouponPack(LuckySplit(CNY(60), parts=3, least=CNY(3)), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
        Grant(
            Coupon(CNY(2)),
            to=pack.SHARER,
            on=pack.GRABBED,
            given=PaidOrders(at_least=1),
            at_most=5,
            if_short="drop",
        ),
    ),
    given=PaidOrders(at_most=9),
    budget=CNY(200),
)
EVERYBODY = {
    name: {"paid_orders": n} for n, name in enumerate(("ann", "bob", "cat", "dan", "eve"))
}
COMMANDS = [
    pack.Share(pack="p", by="ann", key="p"),
    *(pack.Grab(pack="p", by=by, key=f"p-{by}") for by in ("bob", "cat", "dan", "eve")),
    pack.Grab(pack="p", by="bob", key="p-bob"),
    pack.Share(pack="q", by="bob", key="q"),
    pack.Grab(pack="q", by="stranger", key="q-stranger"),
    pack.Grab(pack="q", by="ann", key="p-bob"),
    pack.Grab(pack="q", by="ann", key="q-ann"),
    pack.Share(pack="r", by="cat", key="r"),
    pack.Share(pack="s", by="cat", key="s"),
]
TOLD = (KeyReused, MembersFailed, ConnectionError, TimeoutError, StoreError, NotLive)
"""What a transcript tells of, rather than of an answer."""


class SlowMembers(FakeMembers):
    """Awaited."""

    def facts(self, asked: Sequence[Asked]) -> Any:
        return self._later(asked)

    async def _later(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        await asyncio.sleep(0)
        return super().facts(asked)


def told(work: Callable[[], object]) -> str:
    try:
        return str(work())
    except TOLD as error:
        return f"{type(error).__name__}: {error}"


async def told_later(work: Callable[[], Awaitable[object]]) -> str:
    try:
        return str(await work())
    except TOLD as error:
        return f"{type(error).__name__}: {error}"


def sync_transcript(store: Any, *, many: bool) -> tuple[list[str], dict[str, object]]:
    members, issuer, clock = FakeMembers(EVERYBODY), FakeIssuer(), ScriptedClock(AT)
    shop = Shop(
        store, [LUCK], members=members, issuer=issuer, clock=clock, entropy=DerivedEntropy("x")
    )
    lines = []
    if many:
        lines += [str(one) for one in shop.handle_many(LUCK, COMMANDS)]
    else:
        lines += [told(lambda one=one: shop.handle(LUCK, one)) for one in COMMANDS]  # type: ignore[misc]
    members.fail(ConnectionError("the host is away"))
    lines.append(told(lambda: shop.handle(LUCK, pack.Share(pack="t", by="dan", key="t"))))
    issuer.fail(ConnectionError("the issuer is away"))
    lines.append(told(shop.deliver))
    lines.append(told(shop.deliver))
    shop.set_stage(LUCK, "paused", by="op", why="lunch")
    lines.append(told(lambda: shop.handle(LUCK, pack.Share(pack="u", by="dan", key="u"))))
    clock.forward(days(2))
    lines += [told(shop.tick), told(shop.tick)]
    there = tables(store, *EVERYBODY)
    clean = audit(store).problems
    assert not clean, clean
    shop.close()
    lines.append(told(lambda: shop.handle(LUCK, COMMANDS[0])))
    return lines, there


async def async_transcript(
    store: Any, look: Any, *, many: bool
) -> tuple[list[str], dict[str, object]]:
    members, issuer, clock = SlowMembers(EVERYBODY), FakeIssuer(), ScriptedClock(AT)
    shop = AsyncShop(
        store, [LUCK], members=members, issuer=issuer, clock=clock, entropy=DerivedEntropy("x")
    )
    lines = []
    if many:
        lines += [str(one) for one in await shop.handle_many(LUCK, COMMANDS)]
    else:
        lines += [await told_later(lambda one=one: shop.handle(LUCK, one)) for one in COMMANDS]  # type: ignore[misc]
    members.fail(ConnectionError("the host is away"))
    lines.append(
        await told_later(lambda: shop.handle(LUCK, pack.Share(pack="t", by="dan", key="t")))
    )
    issuer.fail(ConnectionError("the issuer is away"))
    lines.append(await told_later(shop.deliver))
    lines.append(await told_later(shop.deliver))
    await shop.set_stage(LUCK, "paused", by="op", why="lunch")
    lines.append(
        await told_later(lambda: shop.handle(LUCK, pack.Share(pack="u", by="dan", key="u")))
    )
    clock.forward(days(2))
    lines += [await told_later(shop.tick), await told_later(shop.tick)]
    there = tables(look, *EVERYBODY)
    await shop.close()
    lines.append(await told_later(lambda: shop.handle(LUCK, COMMANDS[0])))
    return lines, there


@pytest.mark.parametrize("many", [False, True], ids=["one by one", "many"])
def test_both_shells_tell_the_same_on_every_store(tmp_path: Path, *, many: bool) -> None:
    expected = sync_transcript(MemoryStore(), many=many)
    assert len(expected[0]) == len(COMMANDS) + 7
    memory, disk = MemoryStore(), SqliteStore(tmp_path / "a.db")
    stores: dict[str, tuple[list[str], dict[str, object]]] = {
        "postgres": sync_transcript(fresh_store(), many=many),
        "async memory": asyncio.run(async_transcript(InThreads(memory), memory, many=many)),
        "async sqlite": asyncio.run(async_transcript(InThreads(disk), disk, many=many)),
        "async postgres": asyncio.run(async_postgres(many=many)),
    }
    for name, (lines, there) in stores.items():
        assert lines == expected[0], name
        assert there == expected[1], name


async def async_postgres(*, many: bool) -> tuple[list[str], dict[str, object]]:
    from viralcommerce.runtime.stores.postgres import PostgresStore
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    schema = fresh_schema()
    look = PostgresStore(server_url(), schema=schema)
    try:
        store = await AsyncPostgresStore.open(server_url(), schema=schema)
        return await async_transcript(store, look, many=many)
    finally:
        look.close()


def test_canceled_in_the_middle_nothing_is_held_and_nothing_written() -> None:
    """A task that waits for a lock is canceled: others go on at once."""
    from viralcommerce.runtime.stores.postgres import PostgresStore
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    schema = fresh_schema()

    async def run() -> None:
        store = await AsyncPostgresStore.open(server_url(), schema=schema)
        members = SlowMembers(EVERYBODY)
        async with AsyncShop(store, [LUCK], members=members) as shop:
            await shop.handle(LUCK, pack.Share(pack="p", by="ann"))
            holder = store.session()
            await holder.lock(Wanted(cells=(("luck", "p"),)))
            grab = pack.Grab(pack="p", by="bob", key="bob")
            waiting = [asyncio.create_task(shop.handle(LUCK, grab)) for _ in range(5)]
            await asyncio.sleep(0.2)
            for task in waiting:
                task.cancel()
            done = await asyncio.gather(*waiting, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in done)
            await holder.close()
            answers = await asyncio.gather(*(shop.handle(LUCK, grab) for _ in range(8)))
            assert len({repr(answer) for answer in answers}) == 1

    asyncio.run(run())
    look = PostgresStore(server_url(), schema=schema)
    assert audit(look).is_clean
    assert audit(look).accepted == 2
    look.close()


def test_an_issuer_may_be_awaited_and_an_old_version_is_read_when_it_is_needed() -> None:
    class Later:
        def __init__(self) -> None:
            self.issued: list[str] = []

        async def issue(self, award: Award) -> None:
            await asyncio.sleep(0)
            self.issued.append(award.id)

    async def run() -> None:
        store = MemoryStore()
        issuer = Later()
        members = FakeMembers(EVERYBODY)
        old = AsyncShop(InThreads(store), [LUCK], members=members, clock=ScriptedClock(AT))
        await old.handle(LUCK, pack.Share(pack="p", by="ann"))
        newer = LUCK.replace(budget=CNY(300))
        clock = ScriptedClock(AT)
        new = AsyncShop(InThreads(store), [newer], members=members, issuer=issuer, clock=clock)
        answer = await new.handle(newer, pack.Grab(pack="p", by="bob"))
        assert answer.rules == LUCK.hash, "a promise made is kept"
        assert (await new.deliver()).delivered == len(issuer.issued) > 0
        clock.forward(days(2))
        third = AsyncShop(InThreads(store), [newer], members=members, clock=clock)
        assert await third.tick() == 1

    asyncio.run(run())
