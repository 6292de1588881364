"""What tests of gathering share: a store with a door, and threads that come together."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from shops import MembersOverTime, assert_clean, everything, plain
from viralcommerce import Shop
from viralcommerce.campaign import Campaign
from viralcommerce.errors import KeyReused
from viralcommerce.messages import Command
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.gathering import Gathering, Lane
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.programs import thaw_decision
from viralcommerce.runtime.stores.memory import MemoryStore

PATIENCE: Final = 20.0
"""Seconds after which a test gives up; what is right takes none of them."""


@contextmanager
def interruptible() -> Generator[None]:
    """SIGINT interrupts, also where the tests were started with it ignored (a job of a script)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Door:
    """A store at which the first unit of work waits until the test opens it.

    Args:
        store: the one behind it.
    """

    def __init__(self, store: Any) -> None:
        self.store = store
        self.opened, self.reached = threading.Event(), threading.Event()
        self.sessions = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def session(self) -> Any:
        self.sessions += 1
        if self.sessions == 1:
            self.reached.set()
            assert self.opened.wait(PATIENCE)
        return self.store.session()


def behind(shop: Shop) -> Any:
    """The store behind the door of a shop."""
    door: Any = shop.store
    return door.store


def waiting(shop: Any) -> int:
    """How many callers of a shop, or of one for asyncio, wait for their turn."""
    lanes: list[Lane[Any]] = list(shop._runner._lanes.values())
    queues = [
        queue for lane in lanes for held in (lane._held, lane._ready) for queue in held.values()
    ]
    return sum(map(len, queues))


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    pause = threading.Event()
    for _ in range(int(PATIENCE * 1000)):
        if true():
            return
        pause.wait(0.001)
    raise AssertionError("it never came to be")


def told(work: Callable[[], object]) -> object:
    """What somebody gets who calls: an answer, or what is raised."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - it is the answer
        return error


def all_at_once(shop: Shop, campaign: Campaign, rows: Sequence[Sequence[Command]]) -> list[object]:
    """What callers in threads of their own are told, each about its row of commands, in order.

    The first caller is held at the door of the store until all others wait for it.
    """
    answers: list[list[object]] = [[] for _ in rows]

    def call(number: int) -> None:
        for command in rows[number]:
            answers[number].append(told(lambda one=command: shop.handle(campaign, one)))  # type: ignore[misc]

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(rows))]
    threads[0].start()
    door: Any = shop.store
    assert door.reached.wait(PATIENCE)
    for thread in threads[1:]:
        thread.start()
    until(lambda: waiting(shop) == len(rows) - 1)
    door.opened.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a caller was forgotten"
    return [answer for row in answers for answer in row]


def gathers(**bounds: Any) -> Gathering:
    """Commands of one campaign one commit after the other, so that the journal is the order."""
    return Gathering(**{"side_by_side": 1, **bounds})


def without_positions(store: Store) -> dict[str, Any]:
    """Everything a store holds, but for the numbers of its lines."""
    found = everything(store)
    for name in store.campaigns():
        found[name]["journal"] = [line for _, line in found[name]["journal"]]
    return found


def assert_as_one_by_one(
    store: Store, campaign: Campaign, answers: Sequence[object], facts: Any = None
) -> None:
    """What the journal says, one by one, gives the same tables, and all answers are in it."""
    decided = [plain(line.decision) for line in store.journal(campaign.name)]
    again = MemoryStore()
    members = None if facts is None else MembersOverTime(facts)
    shop = Shop(again, [campaign], members=members, entropy=DerivedEntropy("gathered"))
    program = shop._programs.newest[campaign.name]
    for line in store.journal(campaign.name):
        shop.handle(campaign, thaw_decision(program, line.decision).command)
    assert without_positions(again) == without_positions(store)
    assert_clean(store)
    for answer in answers:
        if isinstance(answer, KeyReused):
            assert any(one["command"]["key"] == answer.key for one in decided)
        else:
            assert plain(answer) in decided
