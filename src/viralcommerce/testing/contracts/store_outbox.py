"""What the laws of a store say of its outbox: who may claim what, and what becomes of it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from viralcommerce.messages import Award
from viralcommerce.rules.rewards import ENTRY
from viralcommerce.runtime.outbox import (
    Backlog,
    Claim,
    Later,
    Pending,
    Poisoned,
    Reach,
    Settled,
)
from viralcommerce.runtime.ports import Record, Store
from viralcommerce.testing.contracts.kit import (
    AT,
    OTHER,
    StoreBench,
    award,
    committed,
    writes,
    yes,
)
from viralcommerce.testing.laws import Background, same, wrong

MINUTE: Final = timedelta(minutes=1)
LEASE: Final = 5 * MINUTE


def _gives(store: Store, *names: str, of: str = "rain-pack", at: datetime = AT) -> None:
    """A commit that gives awards, called like ``ann/1``, or ``ann/1>draw`` for an entry."""
    awards = tuple(_award(*name.partition(">")) for name in names)
    committed(store, writes(Record("", yes("p", of=of, at=at, awards=awards), issue=awards)))


def _award(ident: str, _: str, leads_into: str) -> Award:
    given = award(ident, to=ident.partition("/")[0])
    if leads_into:
        given = structs.replace(given, reward=ENTRY, asset=f"{ENTRY}/{leads_into}")
    return given


def _claim(
    store: Store,
    by: str = "one",
    at: datetime = AT,
    limit: int = 100,
    reach: Reach | None = None,
) -> list[Pending]:
    claim = Claim(by=by, at=at, until=at + LEASE, limit=limit, reach=reach)
    return list(store.claim(claim))


def _ids(entries: Sequence[Pending]) -> list[str]:
    return [one.award.id for one in entries]


def outbox_survives(bench: StoreBench) -> None:
    """What is to be issued waits, the oldest first, until it was delivered; a crash loses none."""
    store = bench.store()
    awards = [award(f"p/{number}") for number in range(5)]
    not_issued = yes("p", awards=(award("not/issued"),))
    committed(
        store,
        writes(Record("", yes("p", awards=tuple(awards[:2])), issue=awards[:2])),
        writes(Record("", not_issued)),
        writes(
            *(Record("", yes("p", of=OTHER, awards=(one,)), issue=[one]) for one in awards[2:])
        ),
    )
    same([one.award for one in store.pending(3)], awards[:3], "the three oldest in the outbox")
    store = bench.restarted(store)
    waiting = store.pending(100)
    same([one.award for one in waiting], awards, "the outbox after a restart")
    same([one.campaign for one in waiting], ["rain-pack"] * 2 + [OTHER] * 3, "whose they are")
    same([(one.at, one.tries, one.error) for one in waiting], [(AT, 0, "")] * 5, "since when")
    store.settle(Settled(by="one"))
    store.settle(Settled(by="one", delivered=(waiting[0].position, waiting[2].position)))
    store.settle(Settled(by="one", delivered=(waiting[0].position,)))
    same(_ids(store.pending(100)), ["p/1", "p/3", "p/4"], "the outbox after two were delivered")
    _gives(store, "ann/9")
    store = bench.restarted(store)
    same(_ids(store.pending(100)), ["p/1", "p/3", "p/4", "ann/9"], "the outbox at last")


def claims_in_line(bench: StoreBench) -> None:
    """The oldest are claimed first; nothing of a member before what is older and not delivered."""
    store = bench.store()
    _gives(store, "ann/1", "bob/1", "ann/2", "cat/1", "ann/3", "bob/2")
    first = _claim(store, limit=2)
    same(_ids(first), ["ann/1", "bob/1"], "the two oldest")
    same([one.tries for one in first], [1, 1], "how often they were tried, this time included")
    same(_ids(_claim(store, "two")), ["cat/1"], "what others may claim meanwhile")
    same(_ids(_claim(store, "three")), [], "what is left then")
    store.settle(Settled(by="one", delivered=(first[0].position,)))
    rest = _claim(store, "three")
    same(_ids(rest), ["ann/2", "ann/3"], "what comes after what was delivered")
    later = AT + MINUTE
    store.settle(Settled(by="one", later=(Later(first[1].position, later, 1, "away"),)))
    same(_ids(_claim(store, "four")), [], "what comes after what is to be tried again")
    again = _claim(store, "four", at=later)
    same([(one.award.id, one.tries, one.error) for one in again], [("bob/1", 2, "away")], "then")


def retries_alone(bench: StoreBench) -> None:
    """What was tried before is claimed without the younger ones of its member."""
    store = bench.store()
    _gives(store, "ann/1", "ann/2", "ann/3", "bob/1")
    taken = _claim(store)
    same(_ids(taken), ["ann/1", "ann/2", "ann/3", "bob/1"], "all that wait")
    over = AT + LEASE  # and whoever had claimed them is gone
    again = _claim(store, "two", at=over)
    same(_ids(again), ["ann/1", "bob/1"], "what may be tried again, each alone")
    same([one.tries for one in again], [2, 2], "how often they were tried")
    store.settle(Settled(by="two", delivered=tuple(one.position for one in again)))
    same(_ids(_claim(store, "two", at=over)), ["ann/2"], "what comes then")


def leaves_to_others(bench: StoreBench) -> None:
    """What a claim cannot deliver stays as it is, and so does what is younger of its member."""
    store = bench.store()
    _gives(store, "ann/1>draw", "ann/2", "bob/1", "cat/1>lost", "dan/1>rain-pack")
    _gives(store, "bob/2>tea", "bob/3", "eve/1>lost", of=OTHER)
    here = Reach(issues=True, campaigns=("rain-pack",), elsewhere=("draw",))
    there = Reach(issues=False, campaigns=("draw", "tea"))
    mine = _claim(store, "here", reach=here)
    same(_ids(mine), ["bob/1", "cat/1", "dan/1"], "what one can deliver, or has given itself")
    same(_ids(_claim(store, "here", reach=here)), [], "what is left of that")
    theirs = _claim(store, "there", reach=there)
    same([(one.award.id, one.tries) for one in theirs], [("ann/1", 1)], "what the other can")
    done = tuple(one.position for one in [*mine, *theirs])
    store.settle(Settled(by="here", delivered=done))
    same(_ids(_claim(store, "there", reach=there)), ["bob/2"], "what the other can then")
    same(_ids(_claim(store, "here", reach=here)), ["ann/2"], "what the one can then")
    same(_ids(_claim(store, "all")), ["eve/1"], "what is left to whoever takes everything")


def leases_run_out(bench: StoreBench) -> None:
    """What is under a lease is nobody else's before it is over; then it is anybody's."""
    store = bench.store()
    _gives(store, "ann/1", "bob/1")
    _claim(store, limit=1)
    store = bench.restarted(store)
    before = AT + LEASE - timedelta(microseconds=1)
    same(_ids(_claim(store, "two", at=before)), ["bob/1"], "what is not under a lease")
    same(_ids(store.pending(9)), ["ann/1", "bob/1"], "what waits, under a lease or not")
    same(_ids(_claim(store, "two", at=AT + LEASE)), ["ann/1"], "whose lease is over")
    same(_ids(_claim(store, "one", at=AT + LEASE)), [], "what is under a lease now")


def settles_its_own(bench: StoreBench) -> None:
    """Who lost a lease puts nothing back; what it delivered leaves the outbox all the same."""
    store = bench.store()
    _gives(store, "ann/1", "bob/1", "cat/1")
    ann, bob, cat = _claim(store)
    over = AT + LEASE
    same(len(_claim(store, "two", at=over)), 3, "what another holds now")
    error = "too late"
    store.settle(
        Settled(
            by="one",
            delivered=(ann.position,),
            later=(Later(bob.position, AT, 0, error),),
            poisoned=(Poisoned(cat.position, 1, error),),
        )
    )
    there = [(one.award.id, one.tries, one.error) for one in store.pending(9)]
    same(there, [("bob/1", 2, ""), ("cat/1", 2, "")], "what waits still")
    same(_ids(_claim(store, "three", at=over)), [], "what is under the other's lease")
    same(_ids(store.poisoned(9)), [], "what is set aside")
    store.settle(Settled(by="two", delivered=(bob.position, cat.position)))
    _gives(store, "dan/1")
    same(_ids(store.pending(9)), ["dan/1"], "what came later")
    store.settle(Settled(by="one", delivered=(ann.position, bob.position, cat.position)))
    same(_ids(store.pending(9)), ["dan/1"], "what came later, when others are delivered again")


def sets_aside(bench: StoreBench) -> None:
    """What is set aside holds nobody up, is seen, survives, and comes back when it is told."""
    store = bench.store()
    _gives(store, "ann/1", "ann/2", "bob/1", at=AT + MINUTE)
    _gives(store, "bob/2", at=AT)
    ann = _claim(store, limit=1)[0]
    same(_view(store), (4, AT, 0), "the outbox, one under a lease")
    error = "ValueError: no such voucher 🧧"
    store.settle(Settled(by="one", poisoned=(Poisoned(ann.position, 24, error),)))
    store = bench.restarted(store)
    same(_view(store), (3, AT, 1), "the outbox, one set aside")
    poisoned = store.poisoned(9)
    there = [(one.award.id, one.tries, one.error) for one in poisoned]
    same(there, [("ann/1", 24, error)], "what is set aside")
    same(_ids(store.pending(9)), ["ann/2", "bob/1", "bob/2"], "what waits")
    far = AT + timedelta(days=400)
    same(_ids(_claim(store, "two", at=far)), ["ann/2", "bob/1", "bob/2"], "what is claimed")
    same(store.retry([ann.position + 1, ann.position + 9]), 0, "what was not set aside, put back")
    same(store.retry([ann.position]), 1, "what was set aside, put back")
    again = _claim(store, "three", at=AT)
    same([(one.award.id, one.tries) for one in again], [("ann/1", 1)], "what is claimed then")
    delivered = tuple(one.position for one in store.pending(9))
    store.settle(Settled(by="three", delivered=delivered))
    same(store.backlog(), Backlog(depth=0, oldest=None, poisoned=0), "the outbox at last")


def _view(store: Store) -> tuple[int, datetime | None, int]:
    backlog = store.backlog()
    return backlog.depth, backlog.oldest, backlog.poisoned


def relays_share(bench: StoreBench) -> None:
    """Relays that claim at once share what is due: each entry is one's, each member in order."""
    store = bench.store()
    people = ("ann", "bob", "cat", "dan", "eve")
    for number in range(8):
        _gives(store, *(f"{who}/{number}" for who in people))
    start = threading.Barrier(4)
    seen: list[str] = []
    lock = threading.Lock()
    relays = [
        Background(functools.partial(_deliver_all, store, f"relay-{n}", start, seen, lock))
        for n in range(4)
    ]
    for one in relays:
        one.result()
    for who in people:
        wanted = [f"{who}/{number}" for number in range(8)]
        same([one for one in seen if one.startswith(who)], wanted, f"what {who} got, in order")
    same(store.pending(9), [], "what waits still")


def _deliver_all(
    store: Store, by: str, start: threading.Barrier, seen: list[str], lock: threading.Lock
) -> None:
    start.wait()
    for _ in range(1_000):
        taken = _claim(store, by, limit=3)
        if not taken and not store.pending(1):
            return
        with lock:
            seen += _ids(taken)
        store.settle(Settled(by=by, delivered=tuple(one.position for one in taken)))
    wrong(f"{by} never finds the outbox empty")
