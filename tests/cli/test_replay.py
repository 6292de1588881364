"""A log run through a shop: the laws of `viralcommerce.cli.replay`, on stories of few people."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commandline import CAMPAIGN, event
from viralcommerce.campaign import Campaign
from viralcommerce.cli.events import EventFile
from viralcommerce.cli.lines import LogFile
from viralcommerce.cli.replay import LogMembers, Ran, Replay
from viralcommerce.codec import Codec
from viralcommerce.errors import StoreBusy
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.ports import Session, Short, Stale, Store, Writes
from viralcommerce.runtime.shop import Shop
from viralcommerce.runtime.stores.memory import MemoryStore

START = datetime(2025, 11, 11, tzinfo=UTC)
TIGHT = {**CAMPAIGN, "budget": "CNY 9.00"}
ASKING = {**CAMPAIGN, "given": {"kind": "new_member"}}


def campaign(rules: Any) -> Campaign:
    return Codec().read_campaign(json.dumps(rules))


def replay(
    folder: Path, rules: Any, log: Iterable[Any], store: Store, *, at_once: int = 1_000
) -> Ran:
    file = folder / "log.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in log))
    value, members = campaign(rules), LogMembers()
    entropy = DerivedEntropy("tests")
    shop = Shop(store, [value], members=members, entropy=entropy)
    with LogFile(str(file)) as opened:
        events = EventFile(opened, value, entropy)
        return Replay(shop, value, events, members, skips_bad=True, at_once=at_once).run()


def tables(store: Store) -> tuple[Any, ...]:
    return (
        [line.decision for line in store.journal("tea")],
        list(store.cells("tea")),
        list(store.quotas("tea")),
        list(store.postings("tea")),
    )


class Stopping(MemoryStore):
    """A store that is busy for good after some commits."""

    def __init__(self, commits: int) -> None:
        super().__init__()
        self.commits = commits

    def session(self) -> Any:
        session = super().session()
        commit = session.commit

        def counted(writes: Writes) -> Short | Stale | None:
            if self.commits == 0:
                raise StoreBusy("store: somebody else writes to it")
            self.commits -= 1
            return commit(writes)

        return Intercepted(session, counted)


class Intercepted:
    """A session whose `commit` is another."""

    def __init__(self, session: Session, commit: Any) -> None:
        self._session = session
        self.commit = commit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


@st.composite
def logs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Two packs, four people, times around two deadlines; retries, keys and lines used twice."""
    lines: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 24))):
        hours = draw(st.sampled_from([0, 1, 1, 2, 23, 24, 24, 25, 26, 48, 49, 50]))
        at = (START + timedelta(hours=hours)).isoformat()
        kind = draw(st.sampled_from(["share", "grab", "grab"]))
        pack, by = draw(st.sampled_from(["p1", "p2"])), draw(st.sampled_from("abcd"))
        orders = draw(st.sampled_from([{}, {"paid_orders": 0}, {"paid_orders": 1}]))
        key = f"k{draw(st.sampled_from([number, number, number, number // 2]))}"
        lines.append(event(key, at, kind, pack, by, facts={by: orders} if orders else {}))
        if draw(st.integers(0, 9)) == 0:
            lines.append({**lines[0], "at": at})  # a retry, later
    if draw(st.booleans()):
        lines.sort(key=lambda line: line["at"])
    again = draw(st.lists(st.integers(0, len(lines) - 1), max_size=3))
    return [*lines, *(lines[place] for place in again)]


RULES = st.sampled_from([CAMPAIGN, TIGHT, ASKING])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay")


@given(log=logs(), rules=RULES)
def test_running_a_log_again_changes_nothing(folder: Path, log: Any, rules: Any) -> None:
    """RQ-19: nothing is given twice on a retry, and a transient refusal stays as it was."""
    store = MemoryStore()
    first = replay(folder, rules, log, store)
    before = tables(store)
    again = replay(folder, rules, log, store)
    assert tables(store) == before
    assert again.there_already + again.repeated == again.events == first.events
    assert (again.accepted, again.refused, again.ended) == (0, 0, 0)
    assert audit(store).is_clean


@given(log=logs(), rules=RULES, at_once=st.integers(1, 9), commits=st.integers(0, 9))
def test_interrupted_and_run_again_a_log_leaves_the_same_tables(
    folder: Path, log: Any, rules: Any, at_once: int, commits: int
) -> None:
    """RQ-19: a retry finishes what was begun, and does none of it twice."""
    whole, stopping = MemoryStore(), Stopping(commits)
    replay(folder, rules, log, whole, at_once=at_once)
    with contextlib.suppress(StoreBusy):
        replay(folder, rules, log, stopping, at_once=at_once)
    stopping.commits = -1  # from now on it works
    replay(folder, rules, log, stopping, at_once=at_once)
    assert tables(stopping) == tables(whole)


@given(log=logs(), rules=RULES, at_once=st.integers(1, 9))
def test_the_size_of_a_batch_decides_nothing(
    folder: Path, log: Any, rules: Any, at_once: int
) -> None:
    """The clock acts in between, in the order of time, however many events share a commit."""
    one_by_one, batches = MemoryStore(), MemoryStore()
    assert replay(folder, rules, log, one_by_one, at_once=1) == replay(
        folder, rules, log, batches, at_once=at_once
    )
    assert tables(one_by_one) == tables(batches)
