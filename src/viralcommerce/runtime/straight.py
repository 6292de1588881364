"""Straight through: one command that asks nobody, without stopping between its steps.

Most commands find nothing in their way: nobody to ask, no budget run short, no cell that changed.
For them the steps of the flow are a straight line, and stopping after each to hand an effect to a
shell costs a quarter of the whole command in memory (`benchmarks/commands.py`). Whatever is in the
way, nothing has been written, and the flow begins from the start.

Laws:
    Straight is the flow: a command run straight through gets the answer, and leaves the tables,
    that the flow would give it.
"""

from __future__ import annotations

from typing import Any, Final

from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.effects import Lock
from viralcommerce.runtime.ports import Session
from viralcommerce.runtime.request import Context, Outcome, Recast, Request

_NOTHING: Final[dict[Any, Any]] = {}


def straight(context: Context, request: Request, session: Session) -> Outcome | None:
    """Lock, decide, commit; nothing where anything is in the way, and then nothing was written.

    Raises:
        StoreError: as the session does.
    """
    name = request.program.name
    keys, cells = ((name, request.command.key),), ((name, request.instance),)
    found = session.lock(Lock(decisions=keys, cells=cells, members=request.members))
    batch = Batch(context, found, _NOTHING, _NOTHING, _NOTHING)
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
