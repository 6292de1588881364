"""What a store promises about commits: all or nothing, no cap passed, nothing lost or mixed up."""

from __future__ import annotations

import functools
from datetime import timedelta

from msgspec import structs

from viralcommerce.errors import StoreCorrupt
from viralcommerce.messages import State
from viralcommerce.runtime.contents import KeptKey
from viralcommerce.runtime.life import ALIVE, Life
from viralcommerce.runtime.ports import HotChange, Part, Record, Short, Stale, Store, Wanted
from viralcommerce.testing.contracts.kit import (
    AT,
    NAME,
    OTHER,
    StoreBench,
    award,
    begun,
    cell,
    commit,
    committed,
    keeping,
    moved,
    no,
    nothing_changed,
    place,
    quota,
    rules_of,
    tables,
    taking,
    thawed,
    thawed_cell,
    write,
    writes,
    yes,
)
from viralcommerce.testing.laws import Background, same, wrong


class _Unwritable(State, frozen=True, kw_only=True):
    """A state that no store on disk can write: its contents are no message."""

    thing: object


def all_or_nothing(bench: StoreBench) -> None:
    """What is stale, short or raises has written nothing, whatever came before it."""
    store = bench.store()
    committed(store, begun("z"))
    before = tables(store, "ann", "bob")
    given = award("a/1")
    record = Record(
        "k",
        yes("a", "k", awards=(given,)),
        [moved("a/1", given=given)],
        [("ann", "sharer")],
        issue=[given],
    )
    once, rules = {quota("limit"): 1}, rules_of()
    cells = [write("a"), write("z", 7)]
    stale = writes(record, cells=cells, used=once, hot={quota(): taking(1, 5)}, rules=rules)
    same(commit(store, stale), Stale(place(NAME, "z")), "a commit whose second cell is stale")
    nothing_changed(store, before, "the second cell of a commit was stale")
    cells = [write("a")]
    short = writes(record, cells=cells, used=once, hot={quota(): taking(6, 5)}, rules=rules)
    same(commit(store, short), Short(quota(), 5), "a commit whose quota is short")
    nothing_changed(store, before, "a commit was short")
    poisoned = structs.replace(cell(), state=_Unwritable(thing=object()))
    cells = [write("a"), write("b", to=poisoned)]
    raising = writes(record, cells=cells, used=once, rules=rules)
    try:
        commit(store, raising)
    except Exception:  # noqa: BLE001 - whatever a store says of what it cannot write
        nothing_changed(store, before, "a commit raised")
    else:
        same(len(list(store.journal(NAME))), 2, "a commit that did not raise: journal lines")


def never_passes_a_cap(bench: StoreBench) -> None:
    """A quota with a cap is taken up to the cap and not one further, by however many at once."""
    store = bench.store()
    budget = quota()
    for change, cap, answer in (
        (HotChange(3, 3, 5), 5, None),
        (HotChange(3, 3, 5), 5, Short(budget, 2)),
        (HotChange(0, 3, 5), 5, Short(budget, 2)),
        (HotChange(2, 2, 5), 5, None),
        (HotChange(1, 1, 5), 5, Short(budget, 0)),
        (HotChange(1, 1, 4), 4, Short(budget, -1)),
        (HotChange(-1, 0, 4), 4, Short(budget, -1)),
        (HotChange(-1, 0, None), None, None),
        (HotChange(9, 9, None), None, None),
        (HotChange(-13, 0, None), None, None),
    ):
        said = f"a change of {change.change} (at most {change.peak}) under a cap of {cap}"
        same(commit(store, writes(Record("", yes("p")), hot={budget: change})), answer, said)
    same(list(store.quotas(NAME)), [], "a quota given back in full")
    racing = [Background(functools.partial(_takes, store, f"p{i}", 20)) for i in range(4)]
    same(sum(one.result() for one in racing), 25, "80 takes by four threads under a cap of 25")
    same(dict(store.quotas(NAME)), {quota("seats"): 25}, "the quota after them")


def _takes(store: Store, instance: str, times: int) -> int:
    """How many times a thread could take one seat."""
    taken = 0
    for _ in range(times):
        change = writes(Record("", yes(instance)), hot={quota("seats"): taking(1, 25)})
        session = store.session()
        try:
            session.lock(Wanted(cells=(place(NAME, instance),)))
            taken += session.commit(change) is None
        finally:
            session.close()
    return taken


def keeps_campaigns_apart(bench: StoreBench) -> None:
    """One key, one instance, one quota: under two campaigns they are two."""
    store = bench.store()
    key, other = quota("limit", scope="member/ann"), quota("limit", of=OTHER, scope="member/ann")
    given = award("there/1")
    committed(
        store,
        begun("p", "k"),
        writes(Record("", yes("p", version=2)), cells=[write("p", 1)], used={key: 1}),
    )
    theirs = Wanted(decisions=(place(OTHER, "k"),), cells=(place(OTHER, "p"),), quotas=(other,))
    session = store.session()
    found = session.lock(theirs)
    session.close()
    same(found.decisions.get(place(OTHER, "k")), None, "what is under another campaign's key")
    same(found.cells.get(place(OTHER, "p")), None, "the cell of another campaign")
    same(found.used.get(other, 0), 0, "another campaign's quota")
    committed(
        store,
        writes(
            Record("k", yes("p", "k", of=OTHER), [moved("there/1", given=given)]),
            cells=[write("p", of=OTHER, to=cell(sharer="bob"))],
            used={other: 5},
        ),
    )
    store.set_life(OTHER, Life(stage="paused", by="op", why="why", at=AT))
    same(thawed_cell(store.cell(NAME, "p")), cell(2), "the first campaign's cell")
    same(thawed_cell(store.cell(OTHER, "p")), cell(sharer="bob"), "the second campaign's cell")
    same(dict(store.quotas(NAME)), {key: 1}, "the first campaign's quotas")
    same(dict(store.quotas(OTHER)), {other: 5}, "the second campaign's quotas")
    same(list(store.postings(NAME)), [], "the first campaign's ledger")
    same(len(list(store.journal(NAME))), 2, "lines of the first campaign's journal")
    same(len(list(store.journal(OTHER))), 1, "lines of the second campaign's journal")
    same(store.life(NAME), ALIVE, "the first campaign's life")
    same(list(store.campaigns()), [NAME, OTHER], "the campaigns")


def transient_refusals_leave_the_key_free(bench: StoreBench) -> None:
    """What is recorded under no key is in the journal, and its command's key is free."""
    store = bench.store()
    committed(store, writes(Record("", no("p", "k"))), writes(Record("", no("p", "k"))))
    wanted = Wanted(decisions=(place(NAME, "k"), place(NAME, "")))
    session = store.session()
    same(keeping(session, wanted), None, "the decision under a key that was left free")
    session.close()
    same(len(list(store.journal(NAME))), 2, "the lines of the journal")
    committed(store, writes(Record("k", yes("p", "k")), cells=[write("p")]))
    session = store.session()
    same(keeping(session, wanted), yes("p", "k"), "the decision under the key at last")
    session.close()


def parts_once(bench: StoreBench) -> None:
    """Who took part in what, as what, is there once, since the first time, in order of time."""
    store = bench.store()
    hour = timedelta(hours=1)
    committed(
        store,
        writes(Record("", yes("q", at=AT + hour), parts=[("ann", "sharer"), ("bob", "grabber")])),
        writes(Record("", yes("p", at=AT), parts=[("ann", "sharer"), ("ann", "sharer")])),
        writes(Record("", yes("p", at=AT + 2 * hour), parts=[("ann", "sharer")])),
        writes(Record("", yes("p", at=AT + 2 * hour), parts=[("ann", "luckiest")])),
        writes(Record("", yes("p", of=OTHER, at=AT - hour), parts=[("ann", "sharer")])),
    )
    same(
        list(store.parts("ann")),
        [
            Part(OTHER, "ann", "sharer", "p", AT - hour),
            Part(NAME, "ann", "sharer", "p", AT),
            Part(NAME, "ann", "sharer", "q", AT + hour),
            Part(NAME, "ann", "luckiest", "p", AT + 2 * hour),
        ],
        "what Ann took part in",
    )
    same(list(store.parts("nobody")), [], "what nobody took part in")
    mine = [part for part in store.parts("ann") if part.campaign == NAME]
    everybody = [*mine, Part(NAME, "bob", "grabber", "q", AT + hour)]
    found = sorted(store.participants(NAME), key=lambda part: (part.member, part.at))
    same(found, everybody, "who took part in the campaign")


def rules_are_kept(bench: StoreBench) -> None:
    """A campaign's JSON is there by its hash, to the byte; an unknown hash is `StoreCorrupt`."""
    store = bench.store()
    (digest, text), (second, other) = rules_of().popitem(), rules_of(OTHER).popitem()
    committed(store, writes(Record("", yes("p")), rules={digest: text}))
    committed(store, writes(Record("", yes("q", of=OTHER)), rules={second: other, digest: text}))
    store = bench.restarted(store)
    session = store.session()
    try:
        for known, wanted in ((digest, text), (second, other)):
            same(store.rules(known), wanted, "the rules by their hash")
            same(session.rules(known), wanted, "the rules by their hash, from a session")
        for ask in (store.rules, session.rules):
            try:
                there = ask("0" * 32)
            except StoreCorrupt:
                continue
            wrong(f"rules that nobody wrote are {there!r}")
    finally:
        session.close()


def lives_are_kept(bench: StoreBench) -> None:
    """A campaign is live until somebody says otherwise; who said what, when and why is kept."""
    store = bench.store()
    same(store.life(NAME), ALIVE, "the life of a campaign nobody touched")
    same(list(store.lives(NAME)), [], "its stages")
    paused = Life(stage="paused", by="操作员", why="too fast", at=AT)
    live = Life(stage="live", by="op", why="fixed", at=AT + timedelta(microseconds=1))
    store.set_life(NAME, paused)
    same(store.life(NAME), paused, "the life of a paused campaign")
    store.set_life(NAME, live)
    store = bench.restarted(store)
    same(store.life(NAME), live, "its life now")
    same(list(store.lives(NAME)), [paused, live], "every stage of it")


def keys_are_forgotten_when_told(bench: StoreBench) -> None:
    """Only keys older than a moment are forgotten, which is told; the journal stays."""
    store = bench.store()
    hour = timedelta(hours=1)
    committed(store, begun("p", "k0", of=OTHER), writes(Record("", no("p", "free"))))
    same(store.kept_since(), None, "since when keys are kept, before any was forgotten")
    for index, at in enumerate((AT, AT + hour, AT + 2 * hour)):
        committed(store, writes(Record(f"k{index}", yes("p", f"k{index}", at=at))))
    lines = {thawed(line).command.key: line.position for line in store.journal(NAME)}
    kept = [KeptKey(f"k{i}", lines[f"k{i}"], AT + i * hour) for i in range(3)]
    same(list(store.keys(NAME)), kept, "the keys, in the order of the journal")
    same(store.prune_keys(AT + hour), 2, "how many keys were older than an hour")
    session = store.session()
    known = [
        keeping(session, Wanted(decisions=(place(NAME, f"k{index}"),))) is not None
        for index in range(3)
    ]
    session.close()
    same(known, [False, True, True], "which keys are still known")
    same(list(store.keys(NAME)), kept[1:], "the keys, once the oldest are forgotten")
    same(len(list(store.journal(NAME))), 4, "the lines of the journal")
    same(store.prune_keys(AT), 0, "how many keys are older than the first")
    store = bench.restarted(store)
    same(store.kept_since(), AT + hour, "since when keys are kept")
