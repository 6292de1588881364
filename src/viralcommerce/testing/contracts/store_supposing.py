"""What a store promises that can lock, compare and commit in one step; others need not."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Final

from msgspec import structs

from viralcommerce.kinds import KINDS
from viralcommerce.runtime.effects import Supposing
from viralcommerce.runtime.erasure import Erasure
from viralcommerce.runtime.ports import Cell, Found, HotChange, Record, Store, Wanted, Writes
from viralcommerce.testing.contracts.kit import (
    AT,
    NAME,
    StoreBench,
    begun,
    cell,
    committed,
    nothing_changed,
    place,
    quota,
    tables,
    taking,
    wanting,
    write,
    writes,
    yes,
)
from viralcommerce.testing.laws import Background, same, wrong

LIMIT: Final = quota("limit")
PACK: Final = place(NAME, "p")
ROOMY: Final = 1_000_000


def commits_only_as_supposed(bench: StoreBench) -> None:
    """Where all is as supposed it is committed; where anything differs, nothing is written or
    stays locked, and the session can begin again.
    """
    store = bench.store()
    with closing(store.session()) as session:
        if getattr(session, "commit_if", None) is None:
            return
    committed(store, begun("p"), begun("used", "old"), _counted(2))
    store.forget(Erasure(member="zoe", pseudonym="(gone)", salt="so", at=AT, kinds=KINDS))
    right = _found()
    before = tables(store, "ann", "bob")
    for what, wanted, supposed, change in (
        ("a newer version", _wanted(), _found(cell(2)), _change(version=2)),
        ("another sharer", _wanted(), _found(cell(1, sharer="bob")), _change()),
        ("another state", _wanted(), _found(_with(parts_left=9)), _change()),
        ("another deadline", _wanted(), _found(cell(1, deadline=None)), _change()),
        ("more held", _wanted(), _found(cell(1, held=0)), _change()),
        ("other rules", _wanted(), _found(structs.replace(cell(1), rules="x")), _change()),
        ("somewhere else", _wanted(), _found(structs.replace(cell(1), parent="q")), _change()),
        ("a lower count", _wanted(), structs.replace(right, used={LIMIT: 1}), _change()),
        ("a higher count", _wanted(), structs.replace(right, used={LIMIT: 3}), _change()),
        ("a new key", _wanted(key="old"), right, _change(key="old")),
        ("a key of its own", _wanted("k2", "old"), right, _change(key="k2")),
        ("nobody forgotten", _wanted(member="zoe"), right, _change()),
        ("room for more", _wanted(), right, _change(hot=taking(ROOMY, ROOMY))),
    ):
        with closing(store.session()) as session:
            if _supposing(session)(wanted, supposed, change):
                wrong(f"it is committed, and what was supposed was wrong ({what})")
            nothing_changed(store, before, f"what was supposed was wrong ({what})")
            after = Background(lambda: _version(store))
            same(after.result(), 1, f"others lock after what was supposed was wrong ({what})")
            same(session.lock(_wanted()).used[LIMIT], 2, "the quota, when it begins again")
    with closing(store.session()) as session:
        if not _supposing(session)(_wanted(), right, _change()):
            wrong("it is not committed, and all is as supposed")
        same(Background(lambda: _version(store)).result(), 2, "the version after it")
    same(dict(store.quotas(NAME))[LIMIT], 3, "the quota after it")
    _what_is_locked_besides(store)


def _what_is_locked_besides(store: Store) -> None:
    """Supposed in a unit of work that has begun: what it locked before is let go as well."""
    for used, answer in ((2, False), (3, True)):
        change = _change(version=2, key=f"besides-{used}")
        besides = Wanted(quotas=(LIMIT,))
        supposed = Found(decisions={}, cells={}, used={LIMIT: used})
        with closing(store.session()) as session:
            session.lock(structs.replace(wanting(change), quotas=()))
            said = _supposing(session)(besides, supposed, change)
            same(said, answer, f"a count of {used} was supposed where it is 3")
            same(Background(lambda: _version(store)).result(), 3 if answer else 2, "the version")


def _supposing(session: Any) -> Supposing:
    found: Supposing = session.commit_if
    return found


def _counted(times: int) -> Writes:
    took = Record("", yes("p"), parts=[("zoe", "sharer")])
    return writes(took, used={LIMIT: times}, hot={quota(): taking(1, ROOMY)})


def _wanted(*keys: str, key: str = "k", member: str = "ann") -> Wanted:
    return Wanted(
        decisions=tuple(place(NAME, one) for one in keys or (key,)),
        cells=(PACK,),
        quotas=(LIMIT,),
        members=(member,),
    )


def _found(there: Cell | None = None) -> Found:
    return Found(decisions={}, cells={PACK: there or cell(1)}, used={LIMIT: 2})


def _with(**changes: Any) -> Cell:
    state: Any = cell(1).state
    return structs.replace(cell(1), state=structs.replace(state, **changes))


def _change(version: int = 1, key: str = "k", hot: HotChange | None = None) -> Writes:
    return writes(
        Record(key, yes("p", key, version=version + 1)),
        cells=[write("p", version)],
        used={LIMIT: 1},
        hot={quota(): hot or taking(1, ROOMY)},
    )


def _version(store: Store) -> int:
    with closing(store.session()) as session:
        return session.lock(Wanted(cells=(PACK,))).cells[PACK].version
