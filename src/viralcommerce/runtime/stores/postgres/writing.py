"""What a unit of work writes, as the parts of one statement: a part for each table."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from viralcommerce.codec import encode
from viralcommerce.runtime.ports import CellWrite, Found, Record, Wanted, Writes
from viralcommerce.runtime.stores.postgres.statements import (
    COLUMNS,
    NUMBER,
    PLACE,
    QUOTA,
    Part,
    Row,
    Statements,
    arrays,
    numbers,
)
from viralcommerce.runtime.stores.postgres.whole import Int8
from viralcommerce.runtime.stores.rows import micros, outbox_row

USED: Final = ("used", NUMBER)
_CELL_ARRAYS: Final = (*COLUMNS["cells"], ("expected", NUMBER))


def body(
    statements: Statements, writes: Writes, known: AbstractSet[str]
) -> tuple[dict[str, Part], dict[str, int]]:
    """Everything but the hot quotas: the parts, and how many rows some must write.

    Args:
        statements: of the schema.
        writes: what to write.
        known: the hashes of campaigns that are known to be stored.
    """
    parts = _lines(statements, writes.records)
    guards: dict[str, int] = {}
    cells = [_cell_row(write) for write in writes.cells]
    if cells:
        guards["cell"] = len(cells)
        if len(cells) == 1:
            (row,) = cells
            values = [*row[:3], *numbers(row[3:4]), row[4], *numbers(row[5:7])]
            values += [row[7], *numbers(row[8:])]
            parts["cell"] = Part(statements.put_cell, values)
        else:
            parts["cell"] = Part(statements.put_cells, arrays(_CELL_ARRAYS, cells))
    used = [(*key, 0, change) for key, change in sorted(writes.used.items()) if change]
    tables = {"quotas": used, **_tables(writes.records)}
    tables["rules"] = [
        (digest, text.decode())
        for digest, text in sorted(writes.rules.items())
        if digest not in known
    ]
    parts |= {table: statements.put(table, rows) for table, rows in tables.items() if rows}
    return parts, guards


def as_supposed(
    statements: Statements, wanted: Wanted, supposed: Found
) -> tuple[dict[str, Part], dict[str, int]]:
    """What is compared beside what is written: the parts, and how many rows each must have.

    Args:
        statements: of the schema.
        wanted: no decision of it was recorded before, and nobody in it was forgotten.
        supposed: its cells, all of them, and what was used of its quotas.
    """
    parts: dict[str, Part] = {}
    guards: dict[str, int] = {}
    if wanted.decisions:
        parts["said"] = Part(statements.said, arrays(PLACE, wanted.decisions))
        guards["said"] = 0
    if wanted.cells:
        cells = [
            _cell_row(CellWrite(place, 0, supposed.cells[place]))[:-1] for place in wanted.cells
        ]
        parts["stands"] = Part(statements.stands, arrays(COLUMNS["cells"], cells))
        guards["stands"] = len(cells)
    if wanted.quotas:
        counted = [(*key, supposed.used[key]) for key in wanted.quotas]
        parts["miscounted"] = Part(statements.miscounted, arrays((*QUOTA, USED), counted))
        guards["miscounted"] = 0
    return parts, guards


def _lines(statements: Statements, records: Sequence[Record]) -> dict[str, Part]:
    rows = [
        (
            one.decision.campaign,
            one.decision.instance,
            micros(one.decision.command.at),
            encode(one.decision).decode(),
        )
        for one in records
    ]
    if not rows:
        return {}
    if len(records) == 1:
        (name, instance, at, text), key = rows[0], records[0].key
        line = (name, instance, Int8(at), text)
        if not key:
            return {"line": Part(statements.put_line, line)}
        return {
            "line": Part(statements.put_line_with_key, line),
            "key": Part(statements.put_key, (name, key, Int8(at))),
        }
    names, instances, times, texts = (list(part) for part in zip(*rows, strict=True))
    keys = [one.key for one in records]
    return {
        "w": Part(statements.number_lines, [names, instances, numbers(times), texts, keys]),
        "line": Part(statements.put_lines, ()),
        "key": Part(statements.put_keys, ()),
    }


def _cell_row(write: CellWrite) -> Row:
    cell = write.cell
    deadline = None if cell.deadline is None else micros(cell.deadline)
    state = encode(cell.state).decode()
    kept = (cell.rules, cell.version, state, deadline, cell.held, cell.parent)
    return (*write.place, *kept, write.expected)


def _tables(records: Sequence[Record]) -> dict[str, list[Row]]:
    """The rows of the ledger, the parts and the outbox that follow from decisions."""
    ledger: list[Row] = []
    parts: list[Row] = []
    outbox: list[Row] = []
    for record in records:
        decision = record.decision
        name, instance = decision.campaign, decision.instance
        at = micros(decision.command.at)
        for moved in record.transfers:
            award = None if moved.award is None else encode(moved.award).decode()
            whom = (moved.id, moved.source, moved.target, moved.asset)
            ledger.append((name, instance, at, *whom, moved.amount, moved.reverses, award))
        parts += [(name, member, role, instance, at) for member, role in record.parts]
        outbox += [outbox_row(name, at, one) for one in record.issue]
    return {"ledger": ledger, "parts": parts, "outbox": outbox}
