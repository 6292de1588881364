"""The laws of runtime/flow.py, by their names: one test a law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shops import MembersOverTime, assert_clean, bounds, everything, plain, shop_of
from stories import FACTS, stories
from viralcommerce import Accepted, Refused
from viralcommerce.campaign import Campaign
from viralcommerce.errors import KeyReused
from viralcommerce.messages import Command
from viralcommerce.runtime.ports import Found, Session, Short, Stale, Store, Wanted, Writes
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore


def told(outcomes: list[Any]) -> list[object]:
    """Outcomes as plain data."""
    return [("reused", one.key) if isinstance(one, KeyReused) else plain(one) for one in outcomes]


def answers(store: Store, campaign: Campaign, commands: list[Command], at_once: int) -> object:
    """What a shop on that store answers, and all that it leaves behind."""
    shop = shop_of(campaign, store=store, members=MembersOverTime(FACTS))
    outcomes = shop.handle_many(campaign, commands, at_once=at_once)
    return told(outcomes), everything(store)


@settings(max_examples=200)
@given(stories(), st.integers(2, 20), st.integers(0, 9))
def test_batch(story: tuple[Campaign, list[Command]], at_once: int, on_disk: int) -> None:
    """EC-106, EC-113: now and then on SQLite too; and the books add up whatever happened."""
    campaign, commands = story
    store = MemoryStore()
    one_by_one = answers(store, campaign, commands, 1)
    assert_clean(store)
    assert answers(MemoryStore(), campaign, commands, at_once) == one_by_one
    if on_disk:
        return
    with TemporaryDirectory() as folder:
        for size in (1, at_once):
            disk = SqliteStore(Path(folder) / f"{size}.db")
            assert answers(disk, campaign, commands, size) == one_by_one
            assert_clean(disk)
            disk.close()


class Watched(MemoryStore):
    """A store that knows whether any of its locks is held."""

    locked = False

    def session(self) -> Any:
        return WatchedSession(self, super().session())


class WatchedSession:
    """A session that tells its store what it holds."""

    def __init__(self, store: Watched, inner: Session) -> None:
        self.store, self.inner = store, inner

    def look(self, wanted: Wanted) -> Found:
        return self.inner.look(wanted)

    def lock(self, wanted: Wanted) -> Found:
        self.store.locked = True
        return self.inner.lock(wanted)

    def commit(self, writes: Writes) -> Short | Stale | None:
        answer = self.inner.commit(writes)
        self.store.locked = answer is not None
        return answer

    def rules(self, digest: str) -> bytes:
        return self.inner.rules(digest)

    def close(self) -> None:
        self.inner.close()
        self.store.locked = False


class WatchingMembers(MembersOverTime):
    """Members who will not be asked under a lock."""

    def __init__(self, store: Watched) -> None:
        super().__init__(FACTS)
        self.store = store
        self.asked: list[Any] = []

    def facts(self, asked: Sequence[Any]) -> list[Mapping[str, object]]:
        assert not self.store.locked, "the host is asked under a lock"
        self.asked += asked
        return list(super().facts(asked))


@given(stories(), st.integers(1, 20))
def test_no_lock(story: tuple[Campaign, list[Command]], at_once: int) -> None:
    campaign, commands = story
    store = Watched()
    members = WatchingMembers(store)
    shop_of(campaign, store=store, members=members).handle_many(
        campaign, commands, at_once=at_once
    )
    assert not store.locked


@given(stories(), st.integers(1, 20))
def test_one_answer(story: tuple[Campaign, list[Command]], at_once: int) -> None:
    """RQ-19, EC-103: a retry gets the recorded answer; a transient failure is never pinned."""
    campaign, commands = story
    store = MemoryStore()
    shop = shop_of(campaign, store=store, members=MembersOverTime(FACTS))
    recorded: dict[str, Any] = {}
    for command, outcome in zip(
        commands, shop.handle_many(campaign, commands, at_once=at_once), strict=True
    ):
        before = recorded.get(command.key)
        if before is None:
            assert not isinstance(outcome, KeyReused)
            if isinstance(outcome, Accepted) or outcome.refusal.terminal:
                recorded[command.key] = outcome
        elif before.command.says_as(command):
            assert outcome == before
        else:
            assert isinstance(outcome, KeyReused)
    tables = everything(store)
    again = [command for command in commands if command.key in recorded]
    for command, outcome in zip(again, shop.handle_many(campaign, again), strict=True):
        if isinstance(outcome, Accepted | Refused):
            assert outcome == recorded[command.key]
        else:
            assert not recorded[command.key].command.says_as(command)
    assert everything(store) == tables


@given(stories(), st.integers(1, 20))
def test_never_passed(story: tuple[Campaign, list[Command]], at_once: int) -> None:
    """RQ-1, EC-26, EC-37: nothing finite is given more often than it is there, at any moment."""
    campaign, commands = story
    store = MemoryStore()
    shop = shop_of(campaign, store=store, members=MembersOverTime(FACTS))
    caps = bounds(campaign)
    for start in range(0, len(commands), at_once):
        shop.handle_many(campaign, commands[start : start + at_once], at_once=at_once)
        for (_, name, scope, _), used in store.quotas(campaign.name):
            assert used >= 0
            assert used <= caps.get((name, scope), used), f"{name} of {scope or 'all'}: {used}"
