"""Straight through: one command that asks nobody, without stopping between its steps.

Most commands find nothing in their way: nobody to ask, no budget run short, no cell that changed.
For them the steps of the flow are a straight line, and stopping after each to hand an effect to a
shell costs a quarter of the whole command in memory (`benchmarks/commands.py`). Whatever is in the
way, nothing has been written, and the flow begins from the start.

A command that concerns other instances goes straight where the store has one lock for everything:
what it turns out to need besides is locked as it comes. Row by row, that would be out of order.

Laws:
    Straight is the flow: a command run straight through gets the answer, and leaves the tables,
    that the flow would give it.
"""

from __future__ import annotations

from typing import Any, Final

from viralcommerce.decider import NO_LOOKUP, Lookup
from viralcommerce.messages import Command
from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.effects import Lock
from viralcommerce.runtime.kinship import Kin, Unread, chains_of, known, lookup_of, together
from viralcommerce.runtime.plainly import plainly
from viralcommerce.runtime.ports import Found, Place, Session, Writes
from viralcommerce.runtime.request import Context, Outcome, Recast, Request

_NOTHING: Final[dict[Any, Any]] = {}
_ROUNDS: Final = 4
"""How often a command may turn out to need more: others to lock, then a walk to the root."""


def straight(context: Context, request: Request, session: Session) -> Outcome | None:
    """Lock, decide, commit; nothing where anything is in the way, and then nothing was written.

    Raises:
        StoreError: as the session does.
    """
    if request.program.mechanic.looks:
        return _among_others(context, request, session)
    name = request.program.name
    keys, cells = ((name, request.command.key),), ((name, request.instance),)
    locking = Lock(decisions=keys, cells=cells, members=request.members)
    found = session.lock(locking)
    return _decided(context, request, session, locking, found, None, NO_LOOKUP)


def _among_others(context: Context, request: Request, session: Session) -> Outcome | None:
    if getattr(session, "rehearses", False):
        return None
    program, command = request.program, request.command
    place = (program.name, request.instance)
    cells: tuple[Place, ...] = (place,)
    lookup = lookup_of(program, command)
    told, above = known(program, command, lookup)
    if above and above != request.instance:
        other = (program.name, above)
        cells = (place, other) if place < other else (other, place)
    locking = Lock(
        decisions=((program.name, command.key),),
        cells=cells,
        members=request.members,
        chains=chains_of(program.name, lookup),
        branches=(place,) if above else (),
        histories=(place,) if type(command) in program.remembers else (),
    )
    found = session.lock(locking)
    kin: Kin | None = None
    for _ in range(_ROUNDS):
        try:
            return _decided(context, request, session, locking, found, told, lookup)
        except Unread as unread:
            kin = kin or Kin((request,))
            kin.learn(unread)
            further = kin.further(locking)
            if further is None:
                return None
            found = together(found, session.lock(further))
            locking = kin.locks(locking)
    return None


def _decided(
    context: Context,
    request: Request,
    session: Session,
    locking: Lock,
    found: Found,
    told: Command | None,
    lookup: Lookup,
) -> Outcome | None:
    done = plainly(context, request, found, locking, told, lookup)
    if done is not None:
        record, cell, rules = done
        plain = Writes(records=[record], cells=[cell], used={}, hot={}, rules=rules)
        return record.decision if session.commit(plain) is None else None
    batch = Batch(context, found, _NOTHING, _NOTHING, _NOTHING, locking)
    try:
        outcome = batch.one(request)
        while outcome is None:
            batch.learn(session.lock(Lock(quotas=batch.wants())).used)
            outcome = batch.one(request)
    except Recast:  # an older version, to which this is pinned, does ask
        return None
    writes = batch.writes()
    if writes is not None and session.commit(writes) is not None:
        return None
    return outcome
