"""What a host's type checker must make of `viralcommerce.testing`. Checked, never run."""

from typing import assert_type

from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.async_ports import AsyncStore
from viralcommerce.runtime.erasure import Forgotten
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.outbox import Backlog
from viralcommerce.runtime.ports import Clock, Entropy, Issuer, Members, Store
from viralcommerce.runtime.shop import Shop
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.postgres import PostgresStore
from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing import (
    FakeIssuer,
    FakeMembers,
    ScriptedClock,
    ScriptedEntropy,
    Story,
    award,
    matching,
    withheld,
)
from viralcommerce.testing.contracts import check_issuer, check_members, check_store
from viralcommerce.values.money import CNY


def hosts_test(campaign: Campaign) -> None:
    story = Story(campaign).at("2026-11-11T10:00+08:00").given(pack.Share(pack="p", by="ann"))
    assert_type(story, Story)
    told = story.dice(741, CNY("7.41")).when(pack.Grab(pack="p", by="bob"))
    assert_type(told.then(award("bob", CNY("7.41")), withheld("ann"), pack.Grabbed), Story)
    assert_type(told.then(pack.OwnPack), Story)
    assert_type(told.then_refused(pack.AlreadyGrabbed, by="bob"), Story)
    assert_type(told.then_events(matching(pack.Grabbed, parts_left=9)), Story)
    told.then_refused(pack.Grabbed)  # type: ignore[arg-type]
    told.then_events(pack.OwnPack)  # type: ignore[arg-type]
    story.when("grab")  # type: ignore[arg-type]


def hosts_implement(store: Store) -> None:
    clock: Clock = ScriptedClock()
    entropy: Entropy = ScriptedEntropy()
    members: Members = FakeMembers({"bob": {"paid_orders": 3}})
    issuer: Issuer = FakeIssuer()
    Shop(store, members=members, issuer=issuer, clock=clock, entropy=entropy)
    check_store(MemoryStore)
    check_issuer(FakeIssuer, times=FakeIssuer.times)
    check_members(FakeMembers, known={"bob": {"paid_orders": 3}})
    check_store(FakeIssuer)  # type: ignore[arg-type]


async def on_asyncio(url: str, theirs: AsyncStore, connection: object) -> None:
    stores: list[AsyncStore] = [
        await AsyncPostgresStore.open(url),
        (await AsyncPostgresStore.open(url)).within(connection),
        InThreads(MemoryStore()),
    ]
    for store in [*stores, theirs]:
        assert_type(await store.backlog(), Backlog)
        async with AsyncShop(store) as shop:
            assert_type(await shop.forget("ann"), Forgotten)


def in_a_transaction(store: PostgresStore, other: SqliteStore, connection: object) -> None:
    stores: list[Store] = [store, other, store.within(connection), other.within(connection)]
    for each in stores:
        Shop(each)
