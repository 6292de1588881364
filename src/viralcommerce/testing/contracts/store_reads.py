"""What a store promises about reading: what was written, all of it, in order, also afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

from msgspec import structs

from viralcommerce.errors import NotLive
from viralcommerce.kinds import KINDS
from viralcommerce.messages import Accepted
from viralcommerce.runtime.erasure import Erasure
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Claim, Settled
from viralcommerce.runtime.ports import Due, Posting, Record, Store, Wanted
from viralcommerce.runtime.sealing import Sealing
from viralcommerce.testing.contracts.kit import (
    AT,
    CLOSES,
    NAME,
    OTHER,
    StoreBench,
    award,
    begun,
    cell,
    committed,
    moved,
    no,
    place,
    quota,
    rules_of,
    tables,
    thawed,
    thawed_cell,
    write,
    writes,
    yes,
)
from viralcommerce.testing.laws import same, wrong

_TICK = timedelta(microseconds=1)


def keeps_what_it_was_given(bench: StoreBench) -> None:
    """Everything comes back as it was given: great numbers, microseconds, and every alphabet."""
    store = bench.store()
    given = award("包/1", to="陈")
    rows = [moved("包/0"), moved("包/1", given=given), moved("包/2", reverses="包/1")]
    decision = yes("券包 🧧", "k-é", at=AT + _TICK, awards=(given,))
    great = structs.replace(cell(deadline=CLOSES + _TICK), held=2**62)
    keys = {quota("limit", scope="member/陈\tann", period="2026-W46"): 2**33, quota(): 2**62}
    committed(
        store,
        writes(
            Record("k-é", decision, rows, [("陈", "sharer")], issue=[given]),
            Record("", no("券包 🧧", "k2", at=AT + 2 * _TICK)),
            cells=[write("券包 🧧", to=great)],
            used=keys,
            rules=rules_of(),
        ),
    )
    store = bench.restarted(store)
    lines = [thawed(line) for line in store.journal(NAME)]
    same(lines[0], decision, "the decision in the journal")
    same(lines[1:], [no("券包 🧧", "k2", at=AT + 2 * _TICK)], "the refusal in the journal")
    same(thawed_cell(store.cell(NAME, "券包 🧧")), great, "the cell")
    same(dict(store.quotas(NAME)), keys, "the quotas")
    ledger = [Posting(NAME, "券包 🧧", AT + _TICK, row) for row in rows]
    same(list(store.postings(NAME)), ledger, "the ledger")
    same(list(store.awards("陈")), ledger[1:2], "the rows that gave the member something")
    same([one.award for one in store.pending(9)], [given], "the outbox")


def streams_in_order(bench: StoreBench) -> None:
    """Journal and ledger stream in the order of commits, cells and quotas in that of ids."""
    store = bench.store()
    for index, instance in enumerate(("c", "a", "ab", "b", "B")):
        change = writes(
            Record("", yes(instance), [moved(f"{instance}/0"), moved(f"{instance}/1")]),
            Record("", no(instance, "k")),
            cells=[write(instance)],
            used={quota("limit", scope=f"pack/{instance}"): index + 1, quota("zero"): 0},
        )
        committed(store, begun(f"other-{index}", of=OTHER), change)
    committed(store, writes(Record("", no("a", "k")), used={quota("limit", scope="pack/c"): -1}))
    lines = list(store.journal(NAME))
    expected = [(i, kind) for i in ("c", "a", "ab", "b", "B") for kind in (True, False)]
    journal = [(one.instance, isinstance(one, Accepted)) for one in map(thawed, lines)]
    same(journal, [*expected, ("a", False)], "the journal")
    positions = [line.position for line in lines]
    if any(later <= sooner for sooner, later in itertools.pairwise(positions)):
        wrong(f"the positions of the journal do not rise: {positions}")
    for index in (0, 3, len(lines) - 1):
        rest = list(store.journal(NAME, lines[index].position))
        same(rest, lines[index + 1 :], f"the journal after its line {index}")
    rows = [f"{instance}/{n}" for instance in ("c", "a", "ab", "b", "B") for n in (0, 1)]
    same([row.transfer.id for row in store.postings(NAME)], rows, "the ledger")
    ids = ["B", "a", "ab", "b", "c"]
    same([instance for instance, _ in store.cells(NAME)], ids, "the cells")
    same(
        list(store.quotas(NAME)),
        [
            (quota("limit", scope=f"pack/{instance}"), used)
            for instance, used in zip(ids[:4], (5, 2, 3, 4), strict=True)
        ],
        "the quotas that are not 0",
    )


def pages_by_id(bench: StoreBench) -> None:
    """Instances come page by page, each once; counts of the whole campaign come by themselves."""
    store = bench.store()
    for number in range(7):
        committed(store, begun(f"p{number}"), begun(f"p{number}", of=OTHER))
    found, after = list[str](), ""
    while page := store.instances(NAME, after, 3):
        if len(page) > 3:
            wrong(f"a page of 3 has {len(page)} instances")
        found += [instance for instance, _ in page]
        after = found[-1]
        if len(found) > 7:
            wrong(f"pages repeat themselves: {found}")
    same(found, [f"p{number}" for number in range(7)], "the instances, three a page")
    same(thawed_cell(store.instances(NAME, "p5", 1)[0][1]), cell(), "the cell on the last page")
    same(store.cell(NAME, "p9"), None, "a cell that is not there")
    counts = {quota(): 5, quota("day", period="2026-11-11"): 2}
    theirs = {quota("limit", scope="member/ann"): 9, quota(of=OTHER): 4}
    committed(store, writes(Record("", no("p0", "k")), used={**counts, **theirs}))
    same(dict(store.used(NAME)), counts, "the quotas of the campaign itself")


def finds_the_history_of_an_instance(bench: StoreBench) -> None:
    """The journal of one instance comes by itself, in order, refusals too; nobody else's."""
    store = bench.store()
    _three_moments(store)
    lines = [line for line in store.journal(NAME) if thawed(line).instance == "p"]
    same(list(store.history(NAME, "p")), lines, "the journal of an instance")
    same(len(lines), 4, "its lines, three accepted and one refused")
    same(list(store.history(NAME, "nobody's")), [], "the journal of what is not there")


def finds_lines_by_moment(bench: StoreBench) -> None:
    """Lines are found by instance and moment: all of a moment, to the microsecond, each once."""
    store = bench.store()
    _three_moments(store)
    there = [line for line in store.journal(NAME) if thawed(line).instance in ("p", "q")]
    wanted = [("p", AT + _TICK), ("q", AT), ("p", AT + _TICK), ("q", AT - _TICK)]
    found = sorted(store.recorded(NAME, wanted), key=lambda line: line.position)
    moments = {*wanted}
    expected = [
        line
        for line in sorted(there, key=lambda line: line.position)
        if (thawed(line).instance, thawed(line).command.at) in moments
    ]
    same(found, expected, "the journal lines at three moments, of which one has none")
    same(len(found), 3, "those lines, two of one moment")
    same(list(store.recorded(NAME, [])), [], "the journal lines at no moment")


def _three_moments(store: Store) -> None:
    for number in range(3):
        at = AT + number * _TICK
        again = [Record("", no("p", "again", at=at))] if number == 1 else []
        committed(
            store,
            writes(
                Record("", yes("p", at=at, version=number + 1)),
                *again,
                Record("", no("q", "k", at=at)),
                Record("", yes("p", of=OTHER, at=at)),
            ),
        )


def deadlines_are_indexed_and_due_once(bench: StoreBench) -> None:
    """A deadline is due from its moment on, earliest first, until its cell has another or none;
    only in the campaigns asked about, so that those nobody acts on hide no others.
    """
    store = bench.store()
    both = (NAME, OTHER)
    hour = timedelta(hours=1)
    times = {"c": CLOSES, "a": CLOSES, "b": CLOSES - hour, "d": CLOSES + _TICK}
    for instance, deadline in times.items():
        change = writes(
            Record("", yes(instance)), cells=[write(instance, to=cell(deadline=deadline))]
        )
        committed(store, change)
    never = cell(deadline=None)
    committed(store, writes(Record("", yes("e")), cells=[write("e", to=never)]))
    later = write("b", of=OTHER, to=cell(deadline=CLOSES - 2 * hour))
    committed(store, writes(Record("", yes("b", of=OTHER)), cells=[later]))
    first = [Due(OTHER, "b", CLOSES - 2 * hour), Due(NAME, "b", CLOSES - hour)]
    at_close = [Due(NAME, "a", CLOSES), Due(NAME, "c", CLOSES)]
    same(
        list(store.due(CLOSES - 2 * hour - _TICK, 9, both)), [], "what is due before any deadline"
    )
    same(list(store.due(CLOSES - _TICK, 9, both)), first, "what is due just before the deadline")
    same(list(store.due(CLOSES, 9, both)), first + at_close, "what is due at the deadline")
    same(list(store.due(CLOSES, 3, both)), (first + at_close)[:3], "the first three that are due")
    same(list(store.due(CLOSES, 1, (NAME,))), first[1:], "the first that is due in one campaign")
    same(list(store.due(CLOSES, 9, ())), [], "what is due in no campaign")
    over = write("a", 1, to=cell(2, deadline=None))
    moved_on = write("c", 1, to=cell(2, deadline=CLOSES + hour))
    records = [Record("", yes(instance, version=2)) for instance in ("a", "c")]
    committed(store, writes(*records, cells=[over, moved_on]))
    store = bench.restarted(store)
    same(list(store.due(CLOSES, 9, both)), first, "what is due after two were acted on")
    last = [*first, Due(NAME, "d", CLOSES + _TICK), Due(NAME, "c", CLOSES + hour)]
    same(list(store.due(CLOSES + hour, 9, both)), last, "what is due at last")


def keeps_every_posting(bench: StoreBench) -> None:
    """Every ledger row is kept, in order; what a member was given, and gave back, among them."""
    store = bench.store()
    ann, bob = award("p/2"), award("p/4", to="bob")
    rows = [moved("p/0"), moved("p/1"), moved("p/2", given=ann), moved("p/3")]
    back = structs.replace(moved("p/5", reverses="p/4"), target="member/ann")
    committed(
        store,
        writes(Record("", yes("p"), rows), Record("", yes("q"), [moved("p/4", given=bob)])),
        writes(Record("", yes("p", of=OTHER), [moved("o/1", given=award("o/1"))])),
        writes(Record("", yes("p"), [back])),
    )
    ids = [row.transfer.id for row in store.postings(NAME)]
    same(ids, [f"p/{number}" for number in range(6)], "the ledger")
    same([row.instance for row in store.postings(NAME)][4:], ["q", "p"], "whose rows they are")
    taken = structs.replace(moved("p/6", reverses="p/2"), source="member/ann", target="budget")
    paid = structs.replace(moved("p/7"), target="member/ann")
    committed(store, writes(Record("", yes("q"), [taken, paid, moved("p/8", reverses="p/3")])))
    given = [(row.campaign, row.transfer.id) for row in store.awards("ann")]
    wanted = [(NAME, "p/2"), (OTHER, "o/1"), (NAME, "p/5"), (NAME, "p/6")]
    same(given, wanted, "what Ann was given, was given again, and gave back")
    same([row.transfer.award for row in store.awards("bob")], [bob], "what Bob was given")


def refuses_when_closed(bench: StoreBench) -> None:
    """A closed store answers nothing: every verb raises `NotLive`. Closing twice is no mistake."""
    store = bench.store()
    committed(store, begun("p"))
    store.close()
    store.close()
    life = Life(stage="paused")
    claim = Claim(by="relay", at=AT, until=CLOSES, limit=1)
    nobody = Erasure(member="nobody", pseudonym="(gone)/0", salt="so", at=AT, kinds=KINDS)
    verbs: dict[str, Callable[[], object]] = {
        "session": store.session,
        "due": lambda: list(store.due(CLOSES, 1, (NAME,))),
        "cell": lambda: store.cell(NAME, "p"),
        "parts": lambda: list(store.parts("ann")),
        "instances": lambda: list(store.instances(NAME, "", 1)),
        "awards": lambda: list(store.awards("ann")),
        "used": lambda: dict(store.used(NAME)),
        "journal": lambda: list(store.journal(NAME)),
        "cells": lambda: list(store.cells(NAME)),
        "quotas": lambda: list(store.quotas(NAME)),
        "postings": lambda: list(store.postings(NAME)),
        "history": lambda: list(store.history(NAME, "p")),
        "recorded": lambda: list(store.recorded(NAME, [("p", AT)])),
        "campaigns": store.campaigns,
        "pending": lambda: store.pending(1),
        "claim": lambda: store.claim(claim),
        "settle": lambda: store.settle(Settled(by="relay", delivered=(1,))),
        "poisoned": lambda: store.poisoned(1),
        "retry": lambda: store.retry([1]),
        "backlog": store.backlog,
        "life": lambda: store.life(NAME),
        "set_life": lambda: store.set_life(NAME, life),
        "lives": lambda: store.lives(NAME),
        "rules": lambda: store.rules("0" * 32),
        "prune_keys": lambda: store.prune_keys(AT),
        "forget": lambda: store.forget(nobody),
        "prune_tombstones": lambda: store.prune_tombstones(AT),
        "unsealed": lambda: store.unsealed(NAME, "", 1),
        "seal": lambda: store.seal(Sealing(seals=(), quotas={}, keys=(), lines=())),
        "scrub": store.scrub,
        "keys": lambda: list(store.keys(NAME)),
        "kept_since": store.kept_since,
        "participants": lambda: list(store.participants(NAME)),
    }
    for name, verb in verbs.items():
        try:
            answer = verb()
        except NotLive:
            continue
        wrong(f"a closed store answers {name} with {answer!r:.200}")


def reopen_sees_everything(bench: StoreBench) -> None:
    """After a restart every table is as it was, keys and locks included."""
    store = bench.store()
    given = award("p/1")
    decision = yes("p", "k", awards=(given,))
    committed(
        store,
        writes(
            Record("k", decision, [moved("p/1", given=given)], [("ann", "sharer")], issue=[given]),
            cells=[write("p")],
            used={quota("limit"): 3},
            rules=rules_of(),
        ),
        begun("p", "k", of=OTHER),
    )
    store.set_life(NAME, Life(stage="paused", by="op", why="why", at=AT))
    wanted = Wanted(
        decisions=(place(NAME, "k"),), cells=(place(NAME, "p"),), quotas=(quota("limit"),)
    )
    abandoned = store.session()
    abandoned.lock(wanted)
    abandoned.close()
    before = tables(store, "ann")
    again = bench.restarted(store)
    same(tables(again, "ann"), before, "the tables after a restart")
    session = again.session()
    found = session.lock(wanted)
    session.close()
    same(thawed(found.decisions[place(NAME, "k")]), decision, "the decision under lock")
    same(thawed_cell(found.cells.get(place(NAME, "p"))), cell(), "the cell under lock")
    same(found.used.get(quota("limit"), 0), 3, "the quota under lock")
    same(again.rules(next(iter(rules_of()))), next(iter(rules_of().values())), "the rules")
    committed(again, writes(Record("", yes("p", version=2)), cells=[write("p", 1)]))
