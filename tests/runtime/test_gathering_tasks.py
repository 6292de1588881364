"""Tasks that gather: the same answers as threads, and canceled they harm nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gathered import assert_as_one_by_one, gathers, waiting
from postgres import fresh_schema, server_url
from shops import MembersOverTime, code, grab, share, small
from stories import FACTS, stories
from viralcommerce import HasTag, Shop
from viralcommerce.campaign import Campaign
from viralcommerce.errors import KeyReused, MembersFailed, NotLive
from viralcommerce.messages import Command
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.async_driver import AsyncDriver
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.gathering import Gathering
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.stores.memory import MemoryStore

BIG = small(total=200, parts=100)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands went together, turn by turn."""
    found: list[int] = []
    first = AsyncDriver.first

    async def firsts(driver: AsyncDriver, requests: Any, records: Any = None) -> Any:
        found.append(len(requests))
        return await first(driver, requests, records)

    monkeypatch.setattr(AsyncDriver, "first", firsts)
    return found


class Kept(MemoryStore):
    """A store that can be looked at when its shop is closed."""

    def close(self) -> None:
        """Stay open."""


def opened(store: MemoryStore, campaign: Campaign = BIG, **options: Any) -> AsyncShop:
    """A shop with one pack."""
    entropy = DerivedEntropy("gathered")
    members = options.get("members")
    Shop(store, [campaign], entropy=entropy, members=members).handle(
        campaign, share(key="share", by="ann")
    )
    options.setdefault("gathers", gathers())
    return AsyncShop(InThreads(store), [campaign], entropy=entropy, **options)


async def told(work: Awaitable[object]) -> object:
    """What somebody gets who calls: an answer, or what is raised."""
    try:
        return await work
    except (KeyReused, MembersFailed, NotLive) as error:
        return error


def test_tasks_that_wait_for_one_pack_go_together(sizes: list[int]) -> None:
    store = Kept()

    async def run() -> list[object]:
        async with opened(store) as shop:
            return await asyncio.gather(*(shop.handle(BIG, grab(f"u{n}")) for n in range(12)))

    answers = asyncio.run(run())
    assert [code(one) for one in answers] == ["yes"] * 12
    assert sizes == [1, 11]
    assert_as_one_by_one(store, BIG, answers)


@settings(max_examples=30, deadline=None)
@given(stories(), st.integers(2, 6), st.integers(1, 20))
def test_the_same_answers_as_one_by_one(
    story: tuple[Campaign, list[Command]], callers: int, at_most: int
) -> None:
    """EC-106: the law of gathering, by tasks."""
    campaign, commands = story
    store = Kept()

    async def call(shop: AsyncShop, row: Sequence[Command]) -> list[object]:
        return [await told(shop.handle(campaign, command)) for command in row]

    async def run() -> list[list[object]]:
        members = MembersOverTime(FACTS)
        async with AsyncShop(
            InThreads(store),
            [campaign],
            members=members,
            entropy=DerivedEntropy("gathered"),
            gathers=gathers(at_most=at_most),
        ) as shop:
            return await asyncio.gather(
                *(call(shop, commands[number::callers]) for number in range(callers))
            )

    rows = asyncio.run(run())
    answers = [answer for row in rows for answer in row]
    assert len(answers) == len(commands)
    assert_as_one_by_one(store, campaign, answers, FACTS)


class Gate:
    """A members port that waits until the test lets it go on; some it cannot answer about."""

    def __init__(self, moody: str = "") -> None:
        self.moody = moody
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    async def facts(self, asked: Sequence[Any]) -> Sequence[Mapping[str, object]]:
        self.reached.set()
        await self.opened.wait()
        if self.moody in {one.member for one in asked}:
            raise ConnectionError("the host is away")
        return [{"tags": {"vip"}} for _ in asked]


GUARDED = small(total=200, parts=100, given=HasTag("vip", of="grabber"))


async def gated(
    moody: str, then: Callable[[AsyncShop, Gate, list[asyncio.Task[Any]]], Awaitable[None]]
) -> list[object]:
    """One grabs and the host takes its time; six wait for it; then something happens."""
    store = Kept()
    entropy = DerivedEntropy("gathered")
    gate = Gate(moody)
    knowing: Any = MembersOverTime({"ann": {"tags": {"vip"}}})
    Shop(store, [GUARDED], entropy=entropy, members=knowing).handle(GUARDED, share(key="share"))
    members: Any = gate
    async with AsyncShop(
        InThreads(store), [GUARDED], entropy=entropy, members=members, gathers=gathers()
    ) as shop:
        tasks = [asyncio.create_task(told(shop.handle(GUARDED, grab("u0", key="u0"))))]
        await gate.reached.wait()
        gate.reached.clear()
        for n in range(1, 7):
            wish = shop.handle(GUARDED, grab(f"u{n}", key=f"u{n}"))
            tasks.append(asyncio.create_task(told(wish)))
        while waiting(shop) < 6:
            await asyncio.sleep(0)
        await then(shop, gate, tasks)
        gate.opened.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        again = await asyncio.gather(
            *(told(shop.handle(GUARDED, grab(f"u{n}", key=f"u{n}"))) for n in range(7))
        )
        for one, other in zip(answers, again, strict=True):
            assert one == other or isinstance(one, BaseException), "the same key tells"
        assert waiting(shop) == 0
    assert audit(store).is_clean
    return list(answers)


def codes(answers: Sequence[object]) -> list[str]:
    return [type(one).__name__ if isinstance(one, BaseException) else code(one) for one in answers]


async def nothing(shop: AsyncShop, gate: Gate, tasks: list[asyncio.Task[Any]]) -> None:
    """Nothing happens."""


def test_only_the_one_whom_the_host_cannot_answer_about_is_told_so() -> None:
    answers = asyncio.run(gated("u3", nothing))
    assert codes(answers) == ["yes"] * 3 + ["MembersFailed"] + ["yes"] * 3


@pytest.mark.parametrize("who", [0, 1, 4])
def test_whoever_is_canceled_while_it_waits_takes_nobody_with_it(who: int) -> None:
    async def cancel(shop: AsyncShop, gate: Gate, tasks: list[asyncio.Task[Any]]) -> None:
        tasks[who].cancel()

    expected = ["yes"] * 7
    expected[who] = "CancelledError"
    assert codes(asyncio.run(gated("", cancel))) == expected


@pytest.mark.parametrize("who", [1, 4])
def test_whoever_is_canceled_on_its_way_takes_nobody_with_it(who: int) -> None:
    async def cancel(shop: AsyncShop, gate: Gate, tasks: list[asyncio.Task[Any]]) -> None:
        gate.opened.set()
        await tasks[0]
        gate.opened.clear()
        await gate.reached.wait()
        tasks[who].cancel()

    expected = ["yes"] * 7
    expected[who] = "CancelledError"
    assert codes(asyncio.run(gated("", cancel))) == expected


def test_everybody_is_canceled_and_others_go_on() -> None:
    async def cancel(shop: AsyncShop, gate: Gate, tasks: list[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()

    assert codes(asyncio.run(gated("", cancel))) == ["CancelledError"] * 7


def test_whoever_waits_too_long_goes_alone() -> None:
    """The one who has its turn never comes back; the others do not wait for it."""
    store = Kept()

    async def run() -> None:
        from datetime import timedelta

        shop = opened(store, gathers=gathers(waits=timedelta(milliseconds=10)))
        driver, stuck = shop._driver, asyncio.Event()
        one = driver.one

        async def hangs(request: Any) -> Any:
            if request.command.by == "stuck":
                await stuck.wait()
            return await one(request)

        driver.one = hangs  # type: ignore[method-assign]
        hanging = asyncio.create_task(shop.handle(BIG, grab("stuck")))
        answers = await asyncio.gather(*(shop.handle(BIG, grab(f"u{n}")) for n in range(5)))
        assert codes(answers) == ["yes"] * 5
        assert not hanging.done()
        stuck.set()
        assert code(await hanging) == "yes"
        await shop.close()

    asyncio.run(run())


def test_closed_it_tells_those_who_wait_and_leaves_no_task_behind() -> None:
    async def run() -> list[object]:
        shop = opened(MemoryStore())
        tasks = [asyncio.create_task(told(shop.handle(BIG, grab(f"u{n}")))) for n in range(5)]
        while waiting(shop) < 4:
            await asyncio.sleep(0)
        await shop.close()
        answers = await asyncio.gather(*tasks)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return answers

    assert set(codes(asyncio.run(run()))[1:]) == {"NotLive"}


def test_another_event_loop_begins_anew() -> None:
    """The first loop was torn down in the middle."""
    shop = opened(MemoryStore())

    async def leave() -> None:
        for n in range(3):
            asyncio.get_running_loop().create_task(_ignore(shop.handle(BIG, grab(f"u{n}"))))
        await asyncio.sleep(0)

    async def _ignore(work: Awaitable[object]) -> None:
        await work

    asyncio.run(leave())
    assert code(asyncio.run(shop.handle(BIG, grab("eve")))) == "yes"


def test_tasks_on_postgresql() -> None:
    """EC-113: sixteen tasks, one hot pack, one hot budget, some canceled at any moment."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    from viralcommerce.runtime.stores.postgres import PostgresStore
    from viralcommerce.runtime.stores.postgres.aio import AsyncPostgresStore

    schema = fresh_schema()

    async def call(shop: AsyncShop, n: int, answers: list[object]) -> None:
        for m in range(4):
            answers.append(await shop.handle(BIG, grab(f"u{n}-{m}", key=f"{n}-{m}")))
            own = share(f"own{n}-{m}", by=f"u{n}", key=f"own{n}-{m}")
            answers.append(await shop.handle(BIG, own))

    async def run() -> None:
        store = await AsyncPostgresStore.open(server_url(), schema=schema)
        entropy = DerivedEntropy("gathered")
        answers: list[object] = []
        async with AsyncShop(store, [BIG], entropy=entropy, gathers=Gathering()) as shop:
            await shop.handle(BIG, share(key="share"))
            tasks = [asyncio.create_task(call(shop, n, answers)) for n in range(16)]
            for number, task in enumerate(tasks[::4]):
                while len(answers) < 10 * number:
                    await asyncio.sleep(0)
                task.cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(one) for one in done} <= {type(None), asyncio.CancelledError}
            assert {code(one) for one in answers} == {"yes"}
            assert len(answers) >= 12 * 8
            for answer in answers:
                again = await shop.handle(BIG, answer.command)
                assert again == answer

    asyncio.run(run())
    look = PostgresStore(server_url(), schema=schema)
    assert audit(look).is_clean
    look.close()
