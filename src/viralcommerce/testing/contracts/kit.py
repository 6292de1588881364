"""What the laws of a store write and read: decisions, cells and awards of a pack, made by hand."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import structs

from viralcommerce.campaign import Campaign
from viralcommerce.codec import Codec, messages_of
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Accepted, Award, Refused, Transfer
from viralcommerce.program import QuotaKey
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import Limit
from viralcommerce.rules.rewards import Coupon
from viralcommerce.rules.splits import LuckySplit
from viralcommerce.runtime.ports import (
    Cell,
    CellWrite,
    Decision,
    HotChange,
    Line,
    Record,
    Session,
    Short,
    Stale,
    Store,
    Wanted,
    Writes,
)
from viralcommerce.testing.laws import wrong
from viralcommerce.values.money import CNY, Money
from viralcommerce.values.percent import WHOLE
from viralcommerce.values.spans import days

NAME: Final = "rain-pack"
OTHER: Final = "sun-pack"
AT: Final = datetime(2026, 11, 11, 2, tzinfo=UTC)
CLOSES: Final = AT + timedelta(days=1)
GRACE: Final = 0.1
"""Seconds that a second unit of work gets to show that it does not wait; a right store waits."""


@functools.cache
def campaign(name: str = NAME) -> Campaign:
    """The pack that the laws are about: ten shares, and the sharer gains five times at most."""
    five = Limit(5, per=(pack.PACK,))
    return Campaign(
        name,
        pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
        grants=(
            Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
            Grant(Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED, at_most=(five,)),
        ),
        budget=CNY(1_000),
    )


@dataclass
class StoreBench:
    """Where one law is checked.

    Args:
        make: a new and empty store.
        reopen: a store on the same data after a restart; the one given may be closed.
    """

    make: Callable[[], Store]
    reopen: Callable[[Store], Store] | None = None
    opened: list[Store] = field(default_factory=list)

    def store(self) -> Store:
        """A new and empty store, closed when the law has been checked."""
        store = self.make()
        self.opened.append(store)
        return store

    def restarted(self, store: Store) -> Store:
        """The same data after a restart; the same store where it keeps nothing."""
        if self.reopen is None:
            return store
        again = self.reopen(store)
        self.opened.append(again)
        return again

    def close(self) -> None:
        """Close every store."""
        for store in self.opened:
            store.close()


def place(name: str, instance: str) -> tuple[str, str]:
    """Where a cell or a key is."""
    return (name, instance)


def quota(name: str = "budget", *, of: str = NAME, scope: str = "", period: str = "") -> QuotaKey:
    """The key of a quota."""
    return (of, name, scope, period)


def award(ident: str, to: str = "ann") -> Award:
    """A coupon that says everything an award can say."""
    return Award(
        id=ident,
        grant="sharer-grabbed-coupon",
        to=to,
        role="sharer",
        reward="coupon",
        asset="CNY",
        amount=200,
        cost=CNY(2),
        base=CNY("7.41"),
        rate="27%",
        expires=AT + timedelta(days=7, microseconds=1),
        terms={"threshold": "CNY 10.00", "渠道": "微信"},
    )


def moved(ident: str, *, given: Award | None = None, reverses: str = "") -> Transfer:
    """A ledger row."""
    return Transfer(
        id=ident,
        source="budget",
        target="hold/p" if given is None else f"member/{given.to}",
        asset="CNY",
        amount=6_000 if given is None else given.amount,
        award=given,
        reverses=reverses,
    )


def yes(
    instance: str,
    key: str = "",
    *,
    of: str = NAME,
    version: int = 1,
    at: datetime = AT,
    awards: tuple[Award, ...] = (),
) -> Decision:
    """A pack that was shared."""
    opened = pack.Opened(
        at=at, pack=instance, sharer="ann", total=CNY(60), parts=10, closes=CLOSES
    )
    return Accepted(
        campaign=of,
        rules=campaign(of).hash,
        instance=instance,
        version=version,
        command=pack.Share(pack=instance, by="ann", at=at, key=key, entropy="c0ffee"),
        events=(opened,),
        awards=awards,
    )


def no(instance: str, key: str, *, of: str = NAME, at: datetime = AT) -> Decision:
    """A pack that is not there: a refusal that leaves its key free."""
    return Refused(
        campaign=of,
        rules=campaign(of).hash,
        instance=instance,
        command=pack.Grab(pack=instance, by="bob", at=at, key=key),
        refusal=pack.NoSuchPack(pack=instance),
    )


def cell(
    version: int = 1, *, deadline: datetime | None = CLOSES, held: int = 6_000, sharer: str = "ann"
) -> Cell:
    """An open pack."""
    state = pack.Open(
        sharer=sharer,
        total=CNY(60),
        left=CNY(60),
        parts_left=10,
        closes=CLOSES,
        shares={"陈": Money(300 + version, "CNY")},
        best_by="陈",
        best=CNY(3),
    )
    return Cell(rules=campaign().hash, version=version, state=state, deadline=deadline, held=held)


def write(
    instance: str, expected: int = 0, *, of: str = NAME, to: Cell | None = None
) -> CellWrite:
    """A cell to write, guarded by the version that was read."""
    return CellWrite(place(of, instance), expected, to or cell(expected + 1))


def writes(
    *records: Record,
    cells: Sequence[CellWrite] = (),
    used: dict[QuotaKey, int] | None = None,
    hot: dict[QuotaKey, HotChange] | None = None,
    rules: dict[str, bytes] | None = None,
) -> Writes:
    """One commit."""
    return Writes(
        records=list(records), cells=list(cells), used=used or {}, hot=hot or {}, rules=rules or {}
    )


def begun(instance: str, key: str = "", *, of: str = NAME) -> Writes:
    """The commit that begins a pack."""
    return writes(Record(key, yes(instance, key, of=of)), cells=[write(instance, of=of)])


def taking(amount: int, cap: int | None) -> HotChange:
    """Take so much of a quota that nobody read."""
    return HotChange(amount, max(amount, 0), cap)


def rules_of(name: str = NAME) -> dict[str, bytes]:
    """The campaign's JSON by its hash."""
    return {campaign(name).hash: Codec().campaign_json(campaign(name))}


def wanting(change: Writes) -> Wanted:
    """What a flow would have locked before this commit."""
    return Wanted(
        decisions=tuple(sorted((r.decision.campaign, r.key) for r in change.records if r.key)),
        cells=tuple(sorted(one.place for one in change.cells)),
        quotas=tuple(sorted(change.used)),
    )


def commit(store: Store, change: Writes) -> Short | Stale | None:
    """One unit of work: lock, commit, close."""
    session = store.session()
    try:
        session.lock(wanting(change))
        return session.commit(change)
    finally:
        session.close()


def committed(store: Store, *changes: Writes) -> None:
    """Units of work that nothing stands in the way of."""
    for change in changes:
        answer = commit(store, change)
        assert answer is None, f"a commit that nothing stands in the way of is answered {answer!r}"


def thawed(line: Line | Decision | bytes) -> Decision:
    """A decision as a store gave it back, whether itself or its JSON."""
    decision = line.decision if isinstance(line, Line) else line
    if not isinstance(decision, bytes):
        return decision
    found: Decision = messages_of(pack.CouponPack).decision(decision)
    return found


def thawed_cell(found: Cell | None) -> Cell | None:
    """A cell as a store gave it back, its state read."""
    if found is None or not isinstance(found.state, bytes):
        return found
    return structs.replace(found, state=messages_of(pack.CouponPack).state(found.state))


def tables(store: Store, *members: str) -> dict[str, object]:
    """Everything a store has, to compare: positions left out, since batches may number anew."""
    found: dict[str, object] = {"campaigns": list(store.campaigns())}
    for name in store.campaigns():
        found[f"{name}: journal"] = [thawed(line) for line in store.journal(name)]
        found[f"{name}: cells"] = [(i, thawed_cell(one)) for i, one in store.cells(name)]
        found[f"{name}: quotas"] = list(store.quotas(name))
        found[f"{name}: ledger"] = list(store.postings(name))
        found[f"{name}: lives"] = list(store.lives(name))
    for member in members:
        found[f"{member}: parts"] = list(store.parts(member))
        found[f"{member}: awards"] = list(store.awards(member))
    found["outbox"] = [(one.campaign, one.award) for one in store.pending(1_000_000)]
    return found


def nothing_changed(store: Store, before: dict[str, object], why: str) -> None:
    """Compare every table with what it was."""
    for table, rows in tables(store, "ann", "bob").items():
        there = before.get(table, [])
        if rows != there:
            wrong(f"{why}, yet the {table} changed from {there!r:.300} to {rows!r:.300}")


def keeping(session: Session, wanted: Wanted) -> Decision | None:
    """The decision that is recorded under the one key wanted."""
    found = session.look(wanted).decisions
    return None if not found else thawed(next(iter(found.values())))
