"""Plainly: a command that is accepted at once, where nothing stands in between.

Most commands of most campaigns are of this kind (a like that earns a point, while the campaign is
live): they open no window, end nothing, ask nobody, count nothing. What `Batch` would go through
to find that out costs a fifth of the whole command in memory (`benchmarks/commands.py`).

Laws:
    Plainly is straight: where it answers, it answers and writes as `Batch` does.
"""

from __future__ import annotations

from viralcommerce.decider import Reached
from viralcommerce.messages import BY_CLOCK, Accepted, Refusal, State
from viralcommerce.plain import plain
from viralcommerce.runtime.life import LIVE
from viralcommerce.runtime.ports import Cell, CellWrite, Decision, Found, Record, Writes
from viralcommerce.runtime.programs import thaw_state
from viralcommerce.runtime.request import Context, Request
from viralcommerce.runtime.situations import overdue


def plainly(context: Context, request: Request, found: Found) -> tuple[Decision, Writes] | None:
    """The decision and what to commit; nothing where the command is anything but plain.

    Args:
        context: of the shop.
        request: of a program that `is_plain`, and whose game looks at no other instance.
        found: its key and its cell, under lock.
    """
    program, command, instance = request.program, request.command, request.instance
    kept, place = (program.name, command.key), (program.name, instance)
    if (
        type(command) in program.guarded
        or command.by == BY_CLOCK
        or program.shadow
        or program.ends
        or request.life.stage != LIVE
        or found.gone
        or kept in found.decisions
    ):
        return None
    mechanic = program.mechanic
    cell = found.cells.get(place)
    if cell is None:
        state, version, held = mechanic.initial(), 1, 0
    elif cell.rules != program.hash or overdue(command, cell):
        return None
    else:
        state, version, held = cell.state, cell.version + 1, cell.held
        if not isinstance(state, State):
            state = thaw_state(program, state)
    events = mechanic.decide(command, state)
    if isinstance(events, Refusal):
        return None
    reached: tuple[Reached, ...] = ()
    for event in events:
        reached += mechanic.reached(event)
        state = mechanic.evolve(state, event)
    priced = plain(program, reached, instance, version, command.at)
    if priced is None:
        return None
    decision: Decision = Accepted(
        campaign=program.name,
        rules=program.hash,
        instance=instance,
        version=version,
        command=command,
        events=events,
        awards=tuple(priced.awards),
    )
    after = Cell(
        rules=program.hash,
        version=version,
        state=state,
        deadline=mechanic.deadline(state),
        held=held,
    )
    parts = program.parts(reached)
    issue = context.outgoing(program, priced.awards) if context.issues or program.enters else ()
    rules = {} if cell is not None else {program.hash: context.programs.json_of(program)}
    writes = Writes(
        records=[Record(command.key, decision, priced.transfers, parts, issue)],
        cells=[CellWrite(place, version - 1, after)],
        used={},
        hot={},
        rules=rules,
    )
    return decision, writes
