"""The flow: how commands run, written once, with no I/O.

A generator of effects that a shell performs::

    look    unlocked: keys seen? cells; the mechanic names the cast
    ask     the members port, once for the whole batch, under no lock
    lock    keys, cells, then the quotas that pricing counts on; where a store has one lock, and
            nobody is to be asked, looking is locking
    decide  each command in a row, on what the ones before it left
    commit  cells, journal, ledger, quotas, outbox and keys: all or nothing

One command is a batch of one.

Laws:
    Batch: a batch answers as its commands would one by one, and leaves the same tables.
    No lock: the host is never asked under a lock.
    One answer: a key answers with its recorded decision for ever; a transient refusal leaves it
        free.
    Never passed: a hot quota found short is priced again with what is left; it is never passed.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import structs

from viralcommerce.errors import MembersFailed, StoreBusy
from viralcommerce.known import Facts
from viralcommerce.program import QuotaKey
from viralcommerce.rules.facts import flat
from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.effects import Ask, Effect, Lock, Look, Restart
from viralcommerce.runtime.foresight import Foresight, ToAsk, locked_further, note, questions
from viralcommerce.runtime.kinship import Kin, Unread
from viralcommerce.runtime.plainly import at_once
from viralcommerce.runtime.ports import Asked, Found, Place, Short, Stale
from viralcommerce.runtime.recollection import Recollection
from viralcommerce.runtime.rehearsal import Trial, locked, rehearse
from viralcommerce.runtime.request import Context, Outcome, Recast, Request
from viralcommerce.values.saying import shown

RESTARTS: Final = 16
"""How often a flow begins again (a cast or a cell changed under it) before it gives up."""


Flow = Generator[Effect, Any, list[Outcome]]


def flow(
    context: Context,
    requests: Sequence[Request],
    *,
    rehearses: bool = False,
    supposes: bool = False,
    memory: Recollection | None = None,
) -> Flow:
    """Run commands through look, ask, lock, decide and commit.

    A batch ends before a command that is about somebody whom the host was not asked about: fewer
    outcomes come back than requests went in, at least one, and the rest is to be run as a batch
    of its own.

    Args:
        context: of the shop.
        requests: in the order in which they happened.
        rehearses: whether two sessions of the store can lock side by side, so that a batch must
            lock all its quotas at once. One that needs another after all ends before the command
            that does, too.
        supposes: whether sessions of the store can lock, compare and commit in one step.
        memory: what this process remembers of instances that everybody is at.

    Raises:
        StoreBusy: casts or cells kept changing for `RESTARTS` times.
        MembersFailed: the host answered out of shape.
    """
    if len(requests) == 1:
        one = requests[0]
        name = one.program.name
        keys: tuple[Place, ...] = ((name, one.command.key),)
        cells: tuple[Place, ...] = ((name, one.instance),)
        asks = one.program.asks
        looks = one.program.mechanic.looks
        members = one.members
    else:
        keys, cells = _places(requests)
        members = tuple(sorted({name for request in requests for name in request.members}))
        asks = any(request.program.asks for request in requests)
        looks = any(request.program.mechanic.looks for request in requests)
    one_lock = not rehearses
    rehearses = rehearses and len(requests) > 1
    swerves = rehearses and any(request.program.swerves for request in requests)
    memory = memory or Recollection()
    histories = _histories(requests)
    unforeseen: ToAsk = {}
    kin = Kin(requests) if looks else None
    for _ in range(RESTARTS):
        facts: Facts = {}
        asked: ToAsk = {}
        locking = Lock(decisions=keys, cells=cells, members=members, histories=histories)
        goes_in = kin is not None and one_lock and not asks
        if not goes_in and (asks or swerves or kin):
            looking = Look(decisions=keys, cells=cells, chains=kin.chains if kin else ())
            looked: Found = yield looking
            if asks or kin:
                foresight = Foresight(context, looked, looking)
                asked = foresight.asks(requests)
                if kin:
                    kin.foresee(foresight.parents, foresight.changed, foresight.told_of)
                for (member, at), unknown in unforeseen.items():
                    note(asked, (member,), at, unknown)
            if asked:
                asking = questions(asked)
                answers = (yield Ask(asking)) if asking else ()
                facts = _facts(asking, answers)
            if kin:
                locking = kin.locks(locking)
            if swerves:
                quotas = yield from rehearse(context, looked, facts, asked, requests, locking)
                locking = structs.replace(locking, quotas=quotas)
        found: Found
        trial: Trial | None = None
        may_lock_further = goes_in
        if kin and goes_in:
            locking = kin.locks(locking)
            found = yield locking
        elif rehearses and not swerves:
            found, trial, is_done = yield from locked(
                context, memory, facts, asked, requests, locking, supposes=supposes
            )
            if trial is not None and is_done:
                memory.note(trial.batch)
                return trial.outcomes
        else:
            found = yield locking
        short: dict[QuotaKey, int] = {}
        while True:
            batch = Batch(context, found, facts, asked, short, locking, beside=not one_lock)
            outcomes: list[Outcome] = []
            waiting = iter(requests)
            if trial is not None:  # what was rehearsed is what happens
                batch, outcomes, waiting, trial = trial.batch, trial.outcomes, iter(()), None
            try:
                for request in waiting:
                    outcome: Outcome | None = at_once(batch, request)
                    if outcome is None:
                        outcome = batch.one(request)
                    if outcome is None and rehearses and outcomes:
                        break
                    while outcome is None:
                        counted: Found = yield Lock(quotas=batch.wants())
                        batch.learn(counted.used)
                        outcome = batch.one(request)
                    outcomes.append(outcome)
            except Recast as recast:
                if not outcomes:
                    asks = True
                    note(unforeseen, recast.members, recast.at, recast.facts)
                    yield Restart()
                    break
            except Unread as unread:
                if kin and may_lock_further:
                    may_lock_further = False
                    kin.learn(unread)
                    going = locked_further(context, requests, kin, locking, found)
                    found, locking = yield from going
                    continue
                if not outcomes and kin:
                    kin.learn(unread)
                    yield Restart()
                    break
            writes = batch.writes()
            if writes is None:
                return outcomes
            answer: Short | Stale | None = yield writes
            if answer is None:
                if not one_lock:
                    memory.note(batch)
                return outcomes
            if isinstance(answer, Stale):
                yield Restart()
                break
            short[answer.key] = (writes.hot[answer.key].cap or 0) - answer.left
            found = batch.found_and_learned()
    raise StoreBusy(
        f"{requests[0].program.name}/{requests[0].instance}: changed by others {RESTARTS} times "
        "while it was being decided; nothing was written; try again",
    )


def flow_on(
    session: object, context: Context, requests: Sequence[Request], memory: Recollection
) -> Flow:
    """The flow, as the sessions of a store can run it; see `flow`."""
    return flow(
        context,
        requests,
        rehearses=getattr(session, "rehearses", False),
        supposes=getattr(session, "commit_if", None) is not None,
        memory=memory,
    )


def _places(requests: Sequence[Request]) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    keys = {(request.program.name, request.command.key) for request in requests}
    cells = {(request.program.name, request.instance) for request in requests}
    return tuple(sorted(keys)), tuple(sorted(cells))


def _histories(requests: Sequence[Request]) -> tuple[Place, ...]:
    """The instances of which it must be known what they have given."""
    found = {
        (request.program.name, request.instance)
        for request in requests
        if type(request.command) in request.program.remembers
    }
    return tuple(sorted(found)) if found else ()


def _facts(questions: Sequence[Asked], answers: object) -> Facts:
    if not isinstance(answers, Sequence) or len(answers) != len(questions):
        said = f"{len(answers)} answers" if isinstance(answers, Sequence) else shown(answers)
        raise MembersFailed(
            f"members: {len(questions)} questions got {said}; "
            "answer each, in order, with an empty mapping where nothing is known"
        )
    facts: dict[tuple[str, datetime], Mapping[str, object]] = {}
    for question, answer in zip(questions, answers, strict=True):
        if not isinstance(answer, Mapping):
            raise MembersFailed(
                f"members: about {question.member}: expected a mapping of facts by name, not "
                f"{shown(answer)}; answer with an empty one where nothing is known"
            )
        facts[(question.member, question.at)] = flat(answer)
    return facts
