"""Plainly: a command that is accepted at once, where nothing stands in between.

Most commands of most campaigns are of this kind (a like that earns a point, while the campaign is
live): they open no window, end nothing, ask nobody, count nothing. What `Batch` would go through
to find that out costs a fifth of the whole command in memory (`benchmarks/commands.py`). Of those
that are told of others (a friend joins, and buys), the ones that begin an instance of their own
and change no other are as plain (`benchmarks/tree.py`).

Laws:
    Plainly is straight: where it answers, it answers and writes as `Batch` does.
    Plainly among others: so it does where a command is told of others, or hangs under one.
    Plainly in a row: a batch whose plain commands are decided at once answers and writes as
        without.
"""

from __future__ import annotations

from viralcommerce.decider import NO_LOOKUP, Lookup, Reached
from viralcommerce.messages import Accepted, Command, State
from viralcommerce.plain import NOTHING_GIVEN, is_free, plain
from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.kinship import lookup_of
from viralcommerce.runtime.life import LIVE
from viralcommerce.runtime.ports import (
    Cell,
    CellWrite,
    Decision,
    Found,
    Record,
    Wanted,
)
from viralcommerce.runtime.programs import thaw_state
from viralcommerce.runtime.request import Context, Request
from viralcommerce.runtime.situations import Situations, overdue


def plainly(
    context: Context,
    request: Request,
    found: Found,
    wanted: Wanted,
    told: Command | None,
    lookup: Lookup,
    so_far: Situations | None = None,
) -> tuple[Record, CellWrite, dict[str, bytes]] | None:
    """The record, the cell and the rules to write; nothing where a command is not plain.

    Args:
        context: of the shop.
        request: what somebody wants.
        found: its key and its cell, under lock, and what it is told of others.
        wanted: what was asked for.
        told: the command as told, where it is told of nothing; else that is found out.
        lookup: of the command.
        so_far: what earlier commands of the commit have changed, if there are any.

    Raises:
        Unread: what it must be told, or hangs its own under, was not read.
    """
    program, command, instance = request.program, request.command, request.instance
    kept, place = (program.name, command.key), (program.name, instance)
    if (
        type(command) not in program.unhindered
        or request.life.stage != LIVE
        or found.gone
        or kept in found.decisions
    ):
        return None
    mechanic = program.mechanic
    cell = found.cells.get(place) if so_far is None else so_far.cell(place)
    if cell is None:
        state, version, held = mechanic.initial(), 1, 0
    elif cell.rules != program.hash or overdue(command, cell):
        return None
    else:
        state, version, held = cell.state, cell.version + 1, cell.held
        if not isinstance(state, State):
            state = thaw_state(program, state)
    looks, situations = mechanic.looks, so_far
    if looks:
        if cell is not None or mechanic.guesses_of(command):
            return None
        if told is None:
            if lookup.balance:  # a quota, to be read under lock
                return None
            situations = so_far or Situations(context, found, wanted)
            told = situations.informed(program, command, program.name, lookup)
        command = told
    events = mechanic.decide(command, state)
    if type(events) is not tuple:  # a refusal
        return None
    reached: tuple[Reached, ...] = ()
    for event in events:
        reached += mechanic.reached(event)
        state = mechanic.evolve(state, event)
    parent, parts = "", program.parts(reached)
    if looks:
        parent = mechanic.parent(state)
        if parent:
            situations = situations or Situations(context, found, wanted)
            if situations.circular(place, parent):
                return None
        for event in events:
            if mechanic.where(event):
                return None
            parts += mechanic.takes_part(event)
    if program.is_plain:
        priced = plain(program, reached, instance, version, command.at)
    else:
        priced = NOTHING_GIVEN if is_free(program, command, reached) else None
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
        parent=parent,
    )
    issue = context.outgoing(program, priced.awards) if context.issues or program.enters else ()
    rules = {} if cell is not None else {program.hash: context.programs.json_of(program)}
    record = Record(command.key, decision, priced.transfers, parts, issue)
    return record, CellWrite(place, version - 1, after), rules


def at_once(batch: Batch, request: Request) -> Decision | None:
    """Decide the next command of a batch, if it is plain; nothing, and nothing is changed, if not.

    Raises:
        Unread: as `plainly`.
    """
    program, command = request.program, request.command
    if type(command) not in program.unhindered:
        return None
    if (program.name, command.key) in batch.decided:
        return None
    lookup = lookup_of(program, command) if program.mechanic.looks else NO_LOOKUP
    done = plainly(batch.context, request, batch.found, batch.wanted, None, lookup, batch)
    if done is None:
        return None
    record, write, rules = done
    batch.record(record)
    batch.leave(write.place, write.cell)
    batch.rules.update(rules)
    return record.decision
