"""What a store promises about forgetting and sealing: nothing is lost, and nobody returns."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from msgspec import structs

from viralcommerce.codec import encode
from viralcommerce.errors import NotLive, StillOwed, StoreBusy
from viralcommerce.kinds import KINDS
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Accepted, Award, Command, Refused
from viralcommerce.rules.grants import Grant
from viralcommerce.rules.limits import MEMBER, PAIR, Limit
from viralcommerce.rules.rewards import Coupon, Points
from viralcommerce.runtime.archiving import archive
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.erasure import Erasure, Forgotten
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Claim, Poisoned, Settled
from viralcommerce.runtime.ports import Decision, Line, Record, Store, Wanted
from viralcommerce.runtime.sealing import RefusedLine, Seal, Sealing
from viralcommerce.runtime.shop import Shop
from viralcommerce.testing.contracts.kit import (
    AT,
    CLOSES,
    GRACE,
    NAME,
    StoreBench,
    campaign,
    place,
    tables,
    writes,
)
from viralcommerce.testing.doubles import ScriptedClock, ScriptedEntropy
from viralcommerce.testing.laws import Background, same, wrong
from viralcommerce.values.percent import WHOLE

ZOE: Final = "zoë-7"
"""Who is forgotten; JSON and SQL must find her, and nobody else is called so."""
HERS: Final = f"of {ZOE}"
NOW: Final = "(gone)/c0ffee"
CAMPAIGN: Final = campaign().replace(
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
        Grant(
            Points(5),
            to=pack.SHARER,
            on=pack.GRABBED,
            at_most=(Limit(9, per=(MEMBER,)), Limit(9, per=(PAIR,)), Limit(9, per=(pack.PACK,))),
        ),
    )
)


class _Issuer:
    def issue(self, award: Award) -> None:
        raise ConnectionError(f"nobody hands out {award.id} here")


def _erasure(member: str = ZOE, pseudonym: str = NOW) -> Erasure:
    return Erasure(member=member, pseudonym=pseudonym, salt="so", at=AT, kinds=KINDS)


def _shop(store: Store, *, issues: bool = False) -> Shop:
    issuer = _Issuer() if issues else None
    return Shop(
        store, [CAMPAIGN], issuer=issuer, clock=ScriptedClock(AT), entropy=ScriptedEntropy()
    )


def _story(store: Store, *, issues: bool = False) -> Shop:
    """Zoë shares a pack and opens another, in names of hers."""
    shop = _shop(store, issues=issues)
    for command in (
        pack.Share(pack=HERS, by=ZOE, key=f"{ZOE}/1"),
        pack.Grab(pack=HERS, by="bob", key=f"bob for {ZOE}"),
        pack.Share(pack="q", by="bob", key="k1"),
        pack.Grab(pack="q", by=ZOE, key="k2"),
        pack.Grab(pack="q", by=ZOE, key="k3"),
        pack.Grab(pack="q", by=f"{ZOE}7", key="k4"),
    ):
        shop.handle(CAMPAIGN, command)
    store.set_life(NAME, Life(stage="live", by=ZOE, why=f"{ZOE} says so", at=AT))
    return shop


def _told(store: Store) -> str:
    """Everything that a store answers with without being asked about anybody."""
    texts = [encode(list(store.lives(NAME))), encode(list(store.poisoned(100)))]
    texts += [encode(line) for line in _everything(store)]
    return b"\n".join(texts).decode().replace(f"{ZOE}7", "somebody else")


def _everything(store: Store) -> list[object]:
    found: list[object] = []
    for name in store.campaigns():
        found += [(line.position, _readable(line.decision)) for line in store.journal(name)]
        found += [(one, _readable(cell.state), cell.parent) for one, cell in store.cells(name)]
        found += [list(key) for key, _ in store.quotas(name)]
        found += [*store.postings(name), *store.keys(name), *store.participants(name)]
    return found


def _readable(message: object) -> object:
    return message.decode() if isinstance(message, bytes) else message


def _wanted(*members: str, key: str = "k", instance: str = "q") -> Wanted:
    return Wanted(decisions=(place(NAME, key),), cells=(place(NAME, instance),), members=members)


def _gone(store: Store, wanted: Wanted) -> frozenset[tuple[str, ...]]:
    """What a unit of work is told of tombstones."""
    session = store.session()
    try:
        return session.lock(wanted).gone
    finally:
        session.close()


def _unnamed(store: Store, where: str) -> None:
    told = _told(store)
    if ZOE in told:
        at = told.index(ZOE)
        wrong(f"{ZOE} is there, {where}: {told[max(at - 80, 0) : at + 40]!r}")


def forgets_everywhere(bench: StoreBench) -> None:
    """No table names who was forgotten; one pseudonym stands for them, and the books are clean."""
    store = bench.store()
    _story(store)
    before = len(_everything(store))
    done = store.forget(_erasure())
    _unnamed(store, "in some table")
    same(len(_everything(store)), before, "the rows of all tables")
    same(done.pseudonym, NOW, "the pseudonym")
    for what in ("lines", "cells", "quotas", "postings", "parts", "lives"):
        if getattr(done, what) < 1:
            wrong(f"{what} that were rewritten: {getattr(done, what)}")
    same([part.role for part in store.parts(NOW)], ["sharer", "grabber"], "what they took part in")
    same(len(store.awards(NOW)), 2, "what they were given")
    same(len(store.history(NAME, f"of {NOW}")), 2, "the history of what was named after them")
    same(audit(store).problems, (), "what the audit says")
    same(list(store.parts(ZOE)), [], "what they took part in, by the old name")
    same(len(store.parts(f"{ZOE}7")), 1, "what somebody else took part in")


def turns_away_who_was_forgotten(bench: StoreBench) -> None:
    """Who was forgotten is known again, also after a restart, and what was named after them."""
    store = bench.store()
    _story(store)
    hers = _wanted(ZOE, key=f"{ZOE}/1", instance=HERS)
    same(_gone(store, hers), frozenset(), "what tombstones stand for before anybody was forgotten")
    store.forget(_erasure())
    names = {("member", ZOE), ("key", NAME, f"{ZOE}/1"), ("cell", NAME, HERS)}
    same(set(_gone(store, hers)), names, "what tombstones stand for")
    store = bench.restarted(store)
    same(set(_gone(store, hers)), names, "what tombstones stand for after a restart")
    others = _wanted("bob", f"{ZOE}7", NOW, key="k1")
    same(_gone(store, others), frozenset(), "what tombstones stand for of others")
    many = _wanted(*sorted(["bob", ZOE, *(f"user-{number}" for number in range(20))]))
    same(set(_gone(store, many)), {("member", ZOE)}, "whom a big batch names")
    shop = _shop(store)
    returns: list[Command] = [
        pack.Share(pack="new", by=ZOE, key="n1"),
        pack.Grab(pack="q", by=ZOE, key="k2"),
        pack.Grab(pack=HERS, by="cid", key="n2"),
        pack.Grab(pack="q", by="cid", key=f"bob for {ZOE}"),
    ]
    answers = [shop.handle(CAMPAIGN, command) for command in returns]
    codes = [answer.refusal.code if isinstance(answer, Refused) else "yes" for answer in answers]
    same(codes, ["forgotten"] * 4, "how those are answered who return")
    _unnamed(store, "and is back")


def forgetting_again_does_nothing(bench: StoreBench) -> None:
    """Who is not there, or no more, leaves every table as it is, and no tombstone."""
    store = bench.store()
    _story(store)
    nobody = store.forget(_erasure("nobody"))
    same(nobody, Forgotten(), "what is said of forgetting nobody")
    same(_gone(store, _wanted("nobody")), frozenset(), "what tombstones stand for")
    store.forget(_erasure())
    before = _told(store)
    same(store.forget(_erasure(pseudonym="(gone)/again")), Forgotten(), "forgotten again")
    same(_told(store), before, "the tables after forgetting again")


def forgets_nobody_who_is_owed(bench: StoreBench) -> None:
    """While an award of theirs waits nothing is changed; what is set aside does not wait."""
    store = bench.store()
    _story(store, issues=True)
    before = tables(store, ZOE, "bob")
    try:
        done = store.forget(_erasure())
    except StillOwed:
        pass
    else:
        wrong(f"somebody who is owed is forgotten: {done!r}")
    same(tables(store, ZOE, "bob"), before, "the tables after that was refused")
    same(_gone(store, _wanted(ZOE)), frozenset(), "what tombstones stand for")
    claim = Claim(by="relay", at=AT, until=AT + timedelta(minutes=1), limit=100)
    aside: list[Poisoned] = []
    delivered: list[int] = []
    for one in store.claim(claim):
        if one.award.to == ZOE:
            aside.append(Poisoned(one.position, 1, f"no user {ZOE}"))
        else:
            delivered.append(one.position)
    store.settle(Settled(by="relay", delivered=tuple(delivered), poisoned=tuple(aside)))
    store.forget(_erasure())
    kept = store.poisoned(100)
    same({one.award.to for one in kept}, {NOW}, "for whom awards are set aside")
    same({one.error for one in kept}, {f"no user {NOW}"}, "what went wrong")
    _unnamed(store, "with what was set aside")


def forgets_beside_others(bench: StoreBench) -> None:
    """A unit of work that names the member is waited for, and what it wrote is forgotten too."""
    store = bench.store()
    _story(store)
    session = store.session()
    session.lock(_wanted(ZOE, key="late", instance="late"))
    forgetting = Background(lambda: store.forget(_erasure()))
    if forgetting.within(GRACE) and _is_done(forgetting):
        wrong("a unit of work that names them is not waited for")
    session.commit(writes(Record("late", _late(), parts=[(ZOE, "sharer")])))
    session.close()
    if not _is_done(forgetting):
        store.forget(_erasure())
    _unnamed(store, "in what was written meanwhile")
    same(_gone(store, _wanted(ZOE)), frozenset({("member", ZOE)}), "what tombstones stand for")


def _is_done(forgetting: Background[Forgotten]) -> bool:
    """Whether it came to its end; a store may rather say that others are at work."""
    try:
        forgetting.result()
    except StoreBusy:
        return False
    return True


def _late() -> Decision:
    total = CAMPAIGN.mechanic.total()
    assert total is not None
    opened = pack.Opened(at=AT, pack="late", sharer=ZOE, total=total, parts=10, closes=CLOSES)
    return Accepted(
        campaign=NAME,
        rules=CAMPAIGN.hash,
        instance="late",
        version=1,
        command=pack.Share(pack="late", by=ZOE, at=AT, key="late"),
        events=(opened,),
    )


def tombstones_are_pruned_when_told(bench: StoreBench) -> None:
    """Only who was forgotten before a moment may return; the journal stays as it is."""
    store = bench.store()
    _story(store)
    store.forget(_erasure())
    before = _told(store)
    same(store.prune_tombstones(AT), 0, "how many tombstones are older than the moment")
    same(_gone(store, _wanted(ZOE)), frozenset({("member", ZOE)}), "what tombstones stand for")
    if store.prune_tombstones(AT + timedelta(seconds=1)) < 1:
        wrong("no tombstone is gone that is older than a later moment")
    same(_gone(store, _wanted(ZOE)), frozenset(), "what tombstones stand for when they are gone")
    same(_told(store), before, "the tables")
    if not isinstance(store.scrub(), bool):
        wrong("scrub does not say whether it could")


def seals_what_is_over(bench: StoreBench) -> None:
    """Lines and keys of what is over go for a seal; the books are clean, after a restart too."""
    store = bench.store()
    shop = _over(store)
    if shop is None:
        return
    had = len(list(store.journal(NAME)))
    before = [(name, cell.version) for name, cell in store.cells(NAME)]
    later = AT + timedelta(days=30)
    done = archive(store, before=later)
    same(done.problems, (), "what archiving finds")
    same(done.instances, 1, "instances that were sealed; the last line stays")
    same(len(list(store.journal(NAME))), had - done.lines, "lines that are left")
    (seal,) = store.seals(NAME)
    same(store.history(NAME, seal.instance), [], "the history of what is sealed")
    same([key.key for key in store.keys(NAME) if key.position < 3], [], "its keys")
    same([(name, cell.version) for name, cell in store.cells(NAME)], before, "the cells")
    same(audit(store).problems, (), "what the audit says")
    store = bench.restarted(store)
    same([one.instance for one in store.seals(NAME)], [seal.instance], "the seals")
    if not dict(store.sealed_quotas(NAME)):
        wrong("what the lines counted is not kept")
    again = _shop(store).handle(CAMPAIGN, pack.Grab(pack=seal.instance, by="bob", key="late"))
    if not isinstance(again, Refused):
        wrong(f"what is over begins anew: {again!r:.200}")
    same(audit(store).problems, (), "what the audit says of what came after")
    same(archive(store, before=later).instances, 1, "what had the last line, and has it no more")
    same(archive(store, before=later).instances, 0, "instances that were sealed again")


def seals_nothing_that_changed(bench: StoreBench) -> None:
    """What is not as it was when it was proved is left as it is, with all that goes with it."""
    store = bench.store()
    if _over(store) is None:
        return
    (name, cell), *_ = store.unsealed(NAME, "", 1)
    history = tuple(store.history(NAME, name))
    lines = len(history)
    before = tables(store, ZOE, "bob")
    seal = Seal(
        campaign=NAME, instance=name, rules=cell.rules, version=cell.version, state=cell.state,
        at=AT, lines=lines, rows=0, digest="0" * 32,
    )  # fmt: skip
    for changed in (
        structs.replace(seal, version=cell.version - 1),
        structs.replace(seal, lines=lines - 1),
        structs.replace(seal, lines=lines + 1),
        structs.replace(seal, instance="nobody's"),
    ):
        answer = store.seal(Sealing(seals=(changed,), quotas={}, keys=(), lines=history))
        if answer:
            wrong(f"sealed, though it is not so: {changed!r:.300}")
        same(tables(store, ZOE, "bob"), before, "the tables after that")
    head, *rest = history
    rewritten = (Line(head.position, rest[0].decision), *rest)
    if store.seal(Sealing(seals=(seal,), quotas={}, keys=(), lines=rewritten)):
        wrong("sealed, though a line was rewritten since it was proved")
    same(list(store.seals(NAME)), [], "the seals")
    dropped = store.drop_refusals(NAME, [RefusedLine(rewritten[0], "nobody's", "nothing")])
    same(dropped, 0, "lines that are dropped though they were rewritten")
    same(tables(store, ZOE, "bob"), before, "the tables after that")


def _over(store: Store) -> Shop | None:
    """A shop in which two packs are over; nothing, where the store keeps everything."""
    shop = _story(store)
    shop.tick(AT + timedelta(days=2))
    try:
        store.unsealed(NAME, "", 1)
    except NotLive:
        return None
    return shop
