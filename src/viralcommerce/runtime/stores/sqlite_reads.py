"""What a unit of work on SQLite reads: a few rows by a statement each, many by one for all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

from viralcommerce.program import QuotaKey
from viralcommerce.runtime.ports import Cell, Found, Place, Wanted
from viralcommerce.runtime.stores.forest import below_statement, forest_statements
from viralcommerce.runtime.stores.rows import CELL_COLUMNS, to_cell

_ONE_DECISION: Final = (
    "select j.decision from viral_keys k join viral_journal j on j.position = k.position "
    "where k.campaign = ? and k.key = ?"
)
_ONE_CELL: Final = f"select {CELL_COLUMNS} from viral_cells where campaign = ? and instance = ?"
ONE_QUOTA: Final = (
    "select used from viral_quotas where campaign = ? and name = ? and scope = ? and period = ?"
)
_ONE_BRANCH: Final = (
    "select 1 from viral_cells where campaign = ? and parent = ? and parent <> '' limit 1"
)
_ROWS: Final = "values {rows}"
"""Stands for as many rows as are asked for."""
FOREST: Final = forest_statements("viral_cells", "?", chains=_ROWS, branches=_ROWS)
BELOW: Final = below_statement("viral_cells", "?")
_DECISIONS: Final = (
    "with asked(campaign, key) as (values {rows}) select k.campaign, k.key, j.decision from asked "
    "cross join viral_keys k on k.campaign = asked.campaign and k.key = asked.key "
    "cross join viral_journal j on j.position = k.position"
)
_CELLS: Final = (
    "with asked(at, id) as (values {rows}) "
    f"select campaign, instance, {CELL_COLUMNS} from asked "
    "cross join viral_cells on campaign = at and instance = id"
)
_QUOTAS: Final = (
    "with asked(campaign, name, scope, period) as (values {rows}) "
    "select q.campaign, q.name, q.scope, q.period, q.used from asked a cross join viral_quotas q "
    "on q.campaign = a.campaign and q.name = a.name and q.scope = a.scope and q.period = a.period"
)
_HISTORIES: Final = (
    "with asked(campaign, instance) as (values {rows}) "
    "select j.campaign, j.instance, j.decision from asked cross join viral_journal j "
    "on j.campaign = asked.campaign and j.instance = asked.instance order by j.position"
)
_FEW: Final = 3
"""So many rows are sooner read one by one than joined to what is asked for."""
_AT_ONCE: Final = 200
"""The most rows of a question."""


def read(cursor: sqlite3.Cursor, wanted: Wanted) -> Found:
    """What is asked for, each kind in as few statements as there may be."""
    run = cursor.execute
    decisions: dict[Place, Any] = {}
    if len(wanted.decisions) == 1:
        row = run(_ONE_DECISION, wanted.decisions[0]).fetchone()
        if row is not None:
            decisions[wanted.decisions[0]] = row[0].encode()
    else:
        for name, key, text in _asked(cursor, _DECISIONS, wanted.decisions):
            decisions[name, key] = text.encode()
    cells: dict[Place, Cell] = {}
    if len(wanted.cells) <= _FEW:
        for place in wanted.cells:
            row = run(_ONE_CELL, place).fetchone()
            if row is not None:
                cells[place] = to_cell(row)
    else:
        cells = _cells(cursor, _CELLS, wanted.cells)
    used: dict[QuotaKey, int] = dict.fromkeys(wanted.quotas, 0)
    for row in _asked(cursor, _QUOTAS, wanted.quotas):
        used[row[:4]] = row[4]
    if not (wanted.chains or wanted.branches or wanted.walks or wanted.histories):
        return Found(decisions=decisions, cells=cells, used=used)
    histories: dict[Place, list[bytes]] = {place: [] for place in wanted.histories}
    for name, instance, text in _asked(cursor, _HISTORIES, wanted.histories):
        histories[name, instance].append(text.encode())
    return Found(
        decisions=decisions,
        cells=cells,
        used=used,
        seen=_cells(cursor, FOREST.chains, wanted.chains),
        branches=_branches(cursor, wanted.branches),
        above={
            (name, instance): {row[0] for row in run(FOREST.walk, (instance, name))}
            for name, instance in wanted.walks
        },
        histories=histories,
    )


def _branches(cursor: sqlite3.Cursor, places: Sequence[Place]) -> set[Place]:
    if len(places) == 1:
        return set(places) if cursor.execute(_ONE_BRANCH, places[0]).fetchone() else set()
    return {(row[0], row[1]) for row in _asked(cursor, FOREST.branches, places)}


def _cells(
    cursor: sqlite3.Cursor, sql: str, rows: Sequence[tuple[object, ...]]
) -> dict[Place, Cell]:
    return {(row[0], row[1]): to_cell(row[2:]) for row in _asked(cursor, sql, rows)}


def _asked(cursor: sqlite3.Cursor, sql: str, rows: Sequence[tuple[object, ...]]) -> Iterator[Any]:
    """What a statement answers about rows, in as few statements as there may be."""
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        marks = ", ".join([f"({', '.join('?' * len(some[0]))})"] * len(some))
        said = [value for row in some for value in row]
        yield from cursor.execute(sql.replace("{rows}", marks), said)
