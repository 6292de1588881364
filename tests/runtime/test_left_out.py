"""What a tick cannot read or decide is left out, keeps nothing else from its end, and is told."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec import structs

from postgres import server_url
from shops import Chance, ask, at, likes, share, shop_of, small
from viralcommerce import CNY, Campaign, Credit, Grant, PaidOrders, days, percent
from viralcommerce.errors import InvalidRule, LeftOut, MembersFailed, StoreBusy, StoreCorrupt
from viralcommerce.mechanics import invite
from viralcommerce.runtime import ticking
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.async_ports import AsyncStore
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.ports import Asked
from viralcommerce.testing.doubles import FakeMembers, ScriptedClock

RIDES = Campaign(
    "rides",
    invite.Invite(matures_after=days(15), levels=1),
    grants=(
        Grant(
            Credit(percent(10)),
            to=invite.upline(1),
            on=invite.ORDERED,
            given=PaidOrders(at_least=1),
            name="l1",
        ),
    ),
    budget=CNY(100_000),
)
LATER = at(days=30)


class Wrong(FakeMembers):
    """Everybody has ordered; about ann the host says so in words, or raises."""

    def __init__(self, *, raises: bool = False) -> None:
        super().__init__()
        self.raises = raises

    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        if self.raises and any(one.member == "ann" for one in asked):
            raise KeyError("ann")
        self.asked += asked
        return [{"paid_orders": "9" if one.member == "ann" else 3} for one in asked]


def tick(shell: str, store: Any, *campaigns: Campaign, **said: Any) -> int:
    """One tick, of either shell."""
    limit, members = said.pop("limit", 1000), said.pop("members", FakeMembers())
    if shell == "sync":
        return shop_of(*campaigns, store=store, members=members).tick(LATER, limit=limit)

    async def later() -> int:
        awaited: AsyncStore = InThreads(store)
        if hasattr(store, "schema"):
            from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

            awaited = await AsyncPostgresStore.open(server_url(), schema=store.schema)
        ports: Any = {"members": members, "clock": ScriptedClock(LATER), "entropy": Chance()}
        ticked = await asyncio.gather(
            AsyncShop(awaited, campaigns, **ports).tick(LATER, limit=limit),
            return_exceptions=True,
        )
        if hasattr(store, "schema"):
            await awaited.close()
        if isinstance(ticked[0], BaseException):
            raise ticked[0]
        return ticked[0]

    return asyncio.run(later())


def spoil(store: Any, campaign: str, instance: str) -> None:
    """Make the state of an instance one that nobody can read."""
    if hasattr(store, "schema"):
        psycopg = pytest.importorskip("psycopg")
        with psycopg.connect(server_url(), autocommit=True) as connection:
            connection.execute(
                f"update {store.schema}.cells set state = '{{}}' where instance = %s", (instance,)
            )
    elif hasattr(store, "_cells"):
        place = (campaign, instance)
        store._cells[place] = structs.replace(store._cells[place], state=b"{}")
    else:
        connection = sqlite3.connect(store.path)
        connection.execute("update viral_cells set state = '{}' where instance = ?", (instance,))
        connection.commit()
        connection.close()


def left_in(store: Any, *names: str) -> list[str]:
    return [one.instance for one in store.due(LATER, 99, names)]


@pytest.mark.parametrize("shell", ["sync", "awaited"])
def test_what_cannot_be_read_keeps_nothing_else_from_its_end(store: Any, shell: str) -> None:
    """Also where more than a limit full of it stands first."""
    shop = shop_of(small(), likes(2), store=store)
    for n in range(7):
        shop.handle(small(), share(f"p{n}", at=at(minutes=n)))
    shop.handle(likes(2), ask("a1", at=at(minutes=9)))
    for n in range(5):
        spoil(store, "rain-pack", f"p{n}")
    with pytest.raises(
        LeftOut, match=r"^tick: rain-pack/p0 and 4 more could not be ended: cell: "
    ) as e:
        tick(shell, store, small(), likes(2), limit=2)
    told = e.value
    assert (told.campaign, told.instance, told.left, told.acted) == ("rain-pack", "p0", 5, 2)
    assert isinstance(told.__cause__, StoreCorrupt)
    with pytest.raises(LeftOut) as again:
        tick(shell, store, small(), likes(2), limit=2)
    assert (again.value.left, again.value.acted) == (5, 1)
    assert left_in(store, "rain-pack", "38-likes") == [f"p{n}" for n in range(5)]


@pytest.mark.parametrize("raises", [False, True], ids=["answers wrongly", "raises"])
@pytest.mark.parametrize("shell", ["sync", "awaited"])
def test_one_wrong_answer_of_the_host_keeps_nothing_else_from_its_end(
    store: Any, shell: str, *, raises: bool
) -> None:
    shop = shop_of(RIDES, small(), store=store, members=FakeMembers({"cat": {"paid_orders": 1}}))
    for by, above in (("bob", "ann"), ("dan", "cat")):
        shop.handle(RIDES, invite.Join(by=by, link=above))
    for n, by in enumerate(["bob", "bob", "bob", "dan", "dan"]):
        order = invite.Order(order=f"o{n}", by=by, amount=CNY(200), at=at(minutes=n))
        shop.handle(RIDES, order)
    shop.handle(small(), share(at=at(days=20)))
    ports: Any = {"members": Wrong(raises=raises)}
    with pytest.raises(LeftOut, match="rides/order/o0 and 2 more could not be ended: m") as told:
        tick(shell, store, RIDES, small(), limit=3, **ports)
    assert isinstance(told.value.__cause__, MembersFailed)
    assert (told.value.left, told.value.acted) == (3, 3)
    assert left_in(store, "rides", "rain-pack") == ["order/o0", "order/o1", "order/o2"]
    assert len(store.awards("cat")) == 2
    assert (
        tick(shell, store, RIDES, small(), members=FakeMembers({"ann": {"paid_orders": 1}})) == 3
    )


@pytest.mark.parametrize("shell", ["sync", "awaited"])
def test_a_version_that_cannot_be_compiled_keeps_nothing_else_from_its_end(
    store: Any, shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_of(small(), store=store)
    for n in range(3):
        shop.handle(small(), share(f"p{n}"))
    other = likes(2).replace(name="rain-pack")
    new = shop_of(other, store=store)
    new.handle(other, ask("a1", at=at(days=1)))
    tried: list[str] = []
    read = type(store).rules
    monkeypatch.setattr(type(store), "rules", lambda *a: tried.append(a[1]) or read(*a))
    with pytest.raises(LeftOut, match="rain-pack/p0 and 2 more could not be ended") as told:
        tick(shell, store, other)
    assert isinstance(told.value.__cause__, InvalidRule)
    assert told.value.acted == 1
    assert len(tried) <= 1, "once a tick, however many were begun under it"


def test_what_a_batch_wrote_before_it_failed_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_of(small())
    shop.handle_many(small(), [share(f"p{n}") for n in range(4)])
    first = shop._driver.first

    def falters(requests: Any, records: Any = None) -> Any:
        if len(requests) == 2:
            raise InvalidRule("the last two, together")
        return first(requests[:2] if len(requests) == 4 else requests, records)

    monkeypatch.setattr(shop._driver, "first", falters)
    assert shop.tick(LATER) == 4


@pytest.mark.parametrize("verb", ["due", "session"])
def test_a_store_that_is_busy_raises_at_once(store: Any, verb: str) -> None:
    shop = shop_of(small(), store=store)
    shop.handle_many(small(), [share(f"p{n}") for n in range(4)])
    asked = 0

    class Busy:
        def __getattr__(self, name: str) -> Any:
            return self.busy if name == verb else getattr(store, name)

        def busy(self, *_: object) -> Any:
            nonlocal asked
            asked += 1
            raise StoreBusy("others hold it")

    shop.store = shop._driver._store = Busy()  # type: ignore[assignment]
    with pytest.raises(StoreBusy):
        shop.tick(LATER)
    assert asked == 1


def test_a_host_that_is_away_is_not_asked_about_each_but_keeps_no_pack_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ticking, "MOST_RAISED", 4)
    members = FakeMembers({"ann": {"paid_orders": 1}})
    shop = shop_of(RIDES, small(), members=members)
    shop.handle(RIDES, invite.Join(by="bob", link="ann"))
    for n in range(64):
        shop.handle(RIDES, invite.Order(order=f"o{n}", by="bob", amount=CNY(200)))
        shop.handle(small(), share(f"p{n}", at=at(days=15)))
    times = 0

    def away(_: object) -> Any:
        nonlocal times
        times += 1
        raise ConnectionError("the host is away")

    monkeypatch.setattr(members, "facts", away)
    with pytest.raises(LeftOut, match="the host is away") as told:
        shop.tick(LATER)
    assert (told.value.left, told.value.acted) == (64, 64)
    assert times < 16
    monkeypatch.undo()
    assert shop.tick(LATER) == 64


def test_a_tick_looks_no_further_once_it_left_out_very_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ticking, "MOST_LEFT_OUT", 4)
    shop = shop_of(small())
    for n in range(9):
        shop.handle(small(), share(f"p{n}", at=at(minutes=n)))
        if n < 8:
            spoil(shop.store, "rain-pack", f"p{n}")
    with pytest.raises(LeftOut) as told:
        shop.tick(LATER, limit=1)
    assert (told.value.left, told.value.acted) == (4, 0)


def test_due_yields_what_can_be_read_and_then_says_what_could_not() -> None:
    shop = shop_of(small())
    for n in range(3):
        shop.handle(small(), share(f"p{n}", at=at(minutes=n)))
    spoil(shop.store, "rain-pack", "p0")
    found: list[Any] = []
    with pytest.raises(LeftOut, match=r"^due: rain-pack/p0 could not be ended: cell: "):
        found.extend(command.pack for _, command in shop.due(LATER, limit=2))  # type: ignore[attr-defined]
    assert found == ["p1", "p2"]
