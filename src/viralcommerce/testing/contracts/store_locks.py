"""What a store promises about locks, keys and versions: one at a time, and nothing out of date."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from viralcommerce.errors import StoreBusy
from viralcommerce.runtime.ports import Found, Record, Short, Stale, Store, Wanted, Writes
from viralcommerce.testing.contracts.kit import (
    GRACE,
    NAME,
    StoreBench,
    begun,
    cell,
    commit,
    committed,
    keeping,
    nothing_changed,
    place,
    quota,
    tables,
    taking,
    thawed,
    thawed_cell,
    write,
    writes,
    yes,
)
from viralcommerce.testing.laws import Background, same, wrong


def claims_a_key_once(bench: StoreBench) -> None:
    """What is recorded under a key is what everybody finds under it, and stays what it was."""
    store = bench.store()
    unknown = Wanted(decisions=(place(NAME, "share-p"),))
    session = store.session()
    same(keeping(session, unknown), None, "the decision under a key nobody used")
    session.close()
    committed(store, begun("p", "share-p"))
    session = store.session()
    try:
        same(keeping(session, unknown), yes("p", "share-p"), "the decision found without a lock")
        under_lock = session.lock(unknown).decisions.get(place(NAME, "share-p"), b"null")
        same(thawed(under_lock), yes("p", "share-p"), "the decision found under lock")
    finally:
        session.close()
    committed(store, begun("q", "share-q"), writes(Record("", yes("q", "share-p", version=2))))
    session = store.session()
    same(keeping(session, unknown), yes("p", "share-p"), "the decision after others came")
    session.close()


def guards_versions(bench: StoreBench) -> None:
    """A cell is written only at the version that was read; else the commit is `Stale`."""
    store = bench.store()
    committed(store, begun("p"))
    committed(store, writes(Record("", yes("p", version=2)), cells=[write("p", 1)]))
    before = tables(store, "ann")
    for expected in (0, 1, 3):
        change = writes(Record("", yes("p", version=9)), cells=[write("p", expected, to=cell(9))])
        answer = commit(store, change)
        why = f"a cell at version 2 was written as if it were at {expected}"
        same(answer, Stale(place(NAME, "p")), why)
        nothing_changed(store, before, "a commit was stale")
    change = writes(Record("", yes("q", version=4)), cells=[write("q", 3, to=cell(4))])
    same(commit(store, change), Stale(place(NAME, "q")), "a cell at version 3 that is not there")
    nothing_changed(store, before, "a commit was stale")
    committed(store, writes(Record("", yes("p", version=3)), cells=[write("p", 2)]))


def reads_its_locks(bench: StoreBench) -> None:
    """Whoever locks finds what the one before committed; what a lock read cannot change."""
    store = bench.store()
    key = quota("limit", scope="member/ann")
    committed(store, begun("p", "k1"), writes(Record("", yes("p")), used={key: 1}))
    change = writes(Record("k2", yes("p", "k2", version=2)), cells=[write("p", 1)], used={key: 2})
    for wanted in (
        Wanted(cells=(place(NAME, "p"),)),
        Wanted(cells=(place(NAME, "p"),), quotas=(key,)),
    ):
        found = _second(store, wanted, change, [wanted])[0]
        version = 2 if wanted.quotas == () else 3
        now = found.cells.get(place(NAME, "p"))
        same(None if now is None else now.version, version, "the version that a second lock read")
        if wanted.quotas:
            same(found.used.get(key, 0), 5, "the quota that a second lock read")
        change = writes(
            Record("k3", yes("p", "k3", version=3)), cells=[write("p", 2)], used={key: 2}
        )


def locks_what_is_not_there(bench: StoreBench) -> None:
    """A key, a cell or a quota that nobody has written yet is locked like any other."""
    store = bench.store()
    key = quota("limit", scope="member/ann")
    change = writes(Record("share-p", yes("p", "share-p")), cells=[write("p")], used={key: 1})
    decisions, cells = (place(NAME, "share-p"),), (place(NAME, "p"),)
    wanted = Wanted(decisions=decisions, cells=cells, quotas=(key,))
    each = [Wanted(decisions=decisions), Wanted(cells=cells), Wanted(quotas=(key,))]
    by_key, by_cell, by_quota = _second(store, wanted, change, each)
    same(len(by_key.decisions), 1, "a key that was locked before it was there: decisions found")
    same(
        thawed_cell(by_cell.cells.get(place(NAME, "p"))),
        cell(1),
        "a cell that was locked before it was there",
    )
    same(by_quota.used.get(key, 0), 1, "a quota that was locked before it was there")


def looks_without_waiting(bench: StoreBench) -> None:
    """Looking never waits for a lock, and never sees what is not committed."""
    store = bench.store()
    committed(store, begun("p"))
    wanted = Wanted(cells=(place(NAME, "p"),))
    first = store.session()
    first.lock(wanted)

    def look() -> Found:
        session = store.session()
        try:
            return session.look(wanted)
        finally:
            session.close()

    looking = Background(look)
    try:
        if not looking.within(GRACE * 20):
            wrong("a look waits for somebody's lock")
        same(
            thawed_cell(looking.result().cells.get(place(NAME, "p"))), cell(1), "a cell looked at"
        )
    finally:
        first.close()


def closing_lets_go(bench: StoreBench) -> None:
    """A session that is closed, or committed, holds nothing; without a commit all is as before."""
    store = bench.store()
    committed(store, begun("p", "share-p"))
    before = tables(store, "ann")
    wanted = Wanted(
        decisions=(place(NAME, "new"),), cells=(place(NAME, "p"),), quotas=(quota("limit"),)
    )
    session = store.session()
    session.lock(wanted)
    session.close()
    session.close()
    nothing_changed(store, before, "a session was closed without a commit")
    after = Background(
        lambda: commit(store, writes(Record("", yes("p")), used={quota("limit"): 1}))
    )
    same(after.result(), None, "a commit after another session was closed")
    session = store.session()
    session.lock(wanted)
    session.commit(writes(Record("", yes("p")), used={quota("limit"): 1}))
    last = Background(
        lambda: commit(store, writes(Record("", yes("p")), used={quota("limit"): 1}))
    )
    same(last.result(), None, "a commit after another session committed")
    session.close()
    same(dict(store.quotas(NAME)), {quota("limit"): 3}, "the quota")


def short_writes_nothing(bench: StoreBench) -> None:
    """A quota that does not cover its change is `Short`: how much is left, nothing written, and
    the locks are still held for another try.
    """
    store = bench.store()
    budget = quota()
    committed(store, begun("p"), writes(Record("", yes("p")), hot={budget: taking(7, 10)}))
    before = tables(store, "ann")
    wanted = Wanted(cells=(place(NAME, "p"),))
    session = store.session()
    try:
        session.lock(wanted)
        change = writes(
            Record("k", yes("p", "k", version=2)),
            cells=[write("p", 1)],
            used={quota("limit"): 1},
            hot={quota("fits"): taking(1, 5), budget: taking(4, 10)},
        )
        same(session.commit(change), Short(budget, 3), "a quota with 3 left, asked for 4")
        nothing_changed(store, before, "a commit was short")
        waiting = _locking(store, wanted)
        if waiting.within(GRACE):
            wrong("the locks are gone after a commit was short")
        again = writes(
            Record("", yes("p", version=2)), cells=[write("p", 1)], hot={budget: taking(3, 10)}
        )
        same(session.commit(again), None, "the same commit with what was left")
    finally:
        session.close()
    same(waiting.result().cells[place(NAME, "p")].version, 2, "what waited for it")
    same(dict(store.quotas(NAME)), {budget: 10}, "the quotas")


def _second(store: Store, wanted: Wanted, change: Writes, each: Sequence[Wanted]) -> list[Found]:
    """What others find that lock while a first unit of work is under way, before it commits.

    A store that ignores held locks answers them at once, with what was there before.
    """
    first = store.session()
    try:
        first.lock(wanted)
        waiting = [_locking(store, one) for one in each]
        for one in waiting:
            one.within(GRACE / len(waiting))
        answer = first.commit(change)
        assert answer is None, f"the first commit is answered {answer!r}"
    finally:
        first.close()
    return [one.result() for one in waiting]


def _locking(store: Store, wanted: Wanted) -> Background[Found]:
    """Somebody else who locks; they have begun their unit of work when this answers.

    A store that lets nobody begin while another is at work is not waited for.
    """
    begun = threading.Event()
    other = Background(lambda: _locked(store, wanted, begun))
    begun.wait(GRACE * 20)
    return other


def _locked(store: Store, wanted: Wanted, begun: threading.Event) -> Found:
    """Lock, however long it takes; what was found of what was wanted, as it was then."""
    for _ in range(100):
        session = store.session()
        begun.set()
        try:
            found = session.lock(wanted)
            return Found(
                decisions={
                    p: found.decisions[p] for p in wanted.decisions if p in found.decisions
                },
                cells={p: found.cells[p] for p in wanted.cells if p in found.cells},
                used={key: found.used.get(key, 0) for key in wanted.quotas},
            )
        except StoreBusy:
            continue
        finally:
            session.close()
    return wrong("a lock was busy a hundred times")
