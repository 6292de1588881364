"""What a store promises to a shop: many threads, batches, deadlines and an issuer that fails."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Final

from viralcommerce.errors import KeyReused
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Accepted, Command
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.ports import Decision, Store
from viralcommerce.runtime.request import Outcome
from viralcommerce.runtime.shop import Shop
from viralcommerce.testing.contracts.kit import AT, NAME, StoreBench, campaign, tables, thawed
from viralcommerce.testing.doubles import FakeIssuer, ScriptedClock
from viralcommerce.testing.laws import Background, same, wrong
from viralcommerce.values.spans import days, minutes

PEOPLE: Final = tuple(f"m{number}" for number in range(13))


def concurrent_threads(bench: StoreBench) -> None:
    """Threads that open the same packs, and retry, get what one after the other would get."""
    store = bench.store()
    packs = [f"p{number}" for number in range(3)]
    with _shop(store) as shop:
        for name in packs:
            shop.handle(NAME, pack.Share(pack=name, by="ann", key=f"share-{name}"))
        gate = threading.Barrier(4)
        rows = [Background(functools.partial(_grabs, shop, gate, packs, n)) for n in range(4)]
        answers = [row.result() for row in rows]
        told: dict[str, Decision] = {}
        for answer in (one for row in answers for one in row):
            before = told.setdefault(answer.command.key, answer)
            if (before.command.by, str(before)) != (answer.command.by, str(answer)):
                wrong(f"one key, two answers: {before} and {answer}")
        report = audit(store)
        same([str(problem) for problem in report.problems], [], "what the audit finds")
        taken = [answer for answer in told.values() if isinstance(answer, Accepted)]
        same(len(taken), 30, "shares taken of 3 packs of 10, tried by 13 people each")
        same(report.awards, 30 + 15, "awards: a share each, and the sharer's five times each")


def _grabs(
    shop: Shop, gate: threading.Barrier, packs: Sequence[str], number: int
) -> list[Decision]:
    gate.wait()
    return [
        shop.handle(NAME, pack.Grab(pack=name, by=by, key=f"{name}-{by}"))
        for by in PEOPLE[number:] + PEOPLE[:number]
        for name in packs
    ]


def batch_equals_one_by_one(bench: StoreBench) -> None:
    """Commands in batches of any size get the answers, and leave the tables, of one by one."""
    commands = _a_busy_day()
    transcripts = []
    for at_once in (1, 2, 7, len(commands)):
        store = bench.store()
        with _shop(store, issuer=FakeIssuer()) as shop:
            if at_once == 1:
                answers = [shop.handle(NAME, command) for command in commands]
            else:
                answers = [
                    _decided(one) for one in shop.handle_many(NAME, commands, at_once=at_once)
                ]
            transcripts.append((answers, tables(store, "ann", *PEOPLE)))
    for at_once, (answers, there) in zip((2, 7, len(commands)), transcripts[1:], strict=True):
        for one, other in zip(transcripts[0][0], answers, strict=True):
            same(other, one, f"an answer in batches of {at_once}")
        for table, rows in transcripts[0][1].items():
            same(there[table], rows, f"the {table} after batches of {at_once}")


def _decided(outcome: Outcome) -> Decision:
    if isinstance(outcome, KeyReused):
        raise outcome
    return outcome


def _a_busy_day() -> list[Command]:
    """Two packs, one emptied and one that ends half full; retries, refusals, and a late comer."""
    at = AT
    commands: list[Command] = []
    for name in ("p", "q"):
        commands.append(pack.Grab(pack=name, by="bob", at=at, key=f"early-{name}"))
        commands.append(pack.Share(pack=name, by="ann", at=at, key=f"share-{name}"))
        for number, by in enumerate(PEOPLE[: 12 if name == "p" else 4]):
            at += minutes(1)
            commands.append(pack.Grab(pack=name, by=by, at=at, key=f"{name}-{by}"))
            if number % 3 == 0:
                commands.append(pack.Grab(pack=name, by=by, at=at, key=f"{name}-{by}"))
                commands.append(pack.Grab(pack=name, by=by, at=at, key=f"{name}-{by}-again"))
    commands.append(pack.Grab(pack="q", by="late", at=at + days(2), key="late"))
    commands.append(pack.Grab(pack="q", by="later", at=at + days(2), key="later"))
    commands.append(pack.Share(pack="r", by="bob", at=at + days(2), key="share-r"))
    return commands


def ticks_once(bench: StoreBench) -> None:
    """Every deadline is acted on once, by however many tickers; then there is nothing to do."""
    store = bench.store()
    clock = ScriptedClock(AT)
    with _shop(store, clock=clock) as shop:
        for number in range(6):
            shop.handle(NAME, pack.Share(pack=f"p{number}", by="ann", key=f"k{number}"))
        same(shop.tick(), 0, "deadlines acted on before their time")
        clock.forward(days(1))
        tickers = [Background(shop.tick) for _ in range(3)]
        for one in tickers:
            one.result()
        ended = [thawed(line).command.key for line in store.journal(NAME)][6:]
        same(len(ended), 6, "journal lines of six deadlines, acted on by three tickers at once")
        same(shop.tick(), 0, "deadlines acted on in another round")
        same([str(problem) for problem in audit(store).problems], [], "what the audit finds")
        same(dict(store.used(NAME)), {}, "the budget after every pack went back")


def delivers_at_least_once(bench: StoreBench) -> None:
    """An award leaves the outbox when the issuer took it, and not before."""
    store = bench.store()
    issuer, clock = FakeIssuer(), ScriptedClock(AT)
    with _shop(store, issuer=issuer, clock=clock) as shop:
        shop.handle(NAME, pack.Share(pack="p", by="ann", key="share"))
        for by in PEOPLE[:5]:
            shop.handle(NAME, pack.Grab(pack="p", by=by, key=by))
        issuer.fail(ConnectionError("first"))
        for depth, delivered, retried in ((10, 1, 1), (9, 2, 0)):
            same(store.backlog().depth, depth, "awards in the outbox")
            told = shop.deliver(limit=2)
            same((told.delivered, told.retried), (delivered, retried), "delivered, to be retried")
        same(shop.deliver().delivered, 6, "awards delivered while one is not due")
        clock.forward(days(1))
        same(shop.deliver().delivered, 1, "awards delivered at last")
        given = [row.transfer.award for member in ("ann", *PEOPLE) for row in store.awards(member)]
        issued = sorted(issuer.issued, key=lambda one: one.id)
        same(issued, sorted(filter(None, given), key=lambda one: one.id), "the awards issued")
        same(len(issuer.attempts), 11, "calls of the issuer")


def _shop(
    store: Store, *, issuer: FakeIssuer | None = None, clock: ScriptedClock | None = None
) -> Shop:
    return Shop(
        store,
        [campaign()],
        issuer=issuer,
        clock=clock or ScriptedClock(AT),
        entropy=DerivedEntropy("a store's contract"),
    )
