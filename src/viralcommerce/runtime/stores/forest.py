"""Cells that hang under others, in SQL: the same questions for every dialect.

Each is one statement and one way through an index: a line upwards follows primary keys, what
hangs under a cell has an index of its own. ``union`` ends a walk on a circle that somebody made
by hand.
"""

from __future__ import annotations

from typing import NamedTuple

from viralcommerce.runtime.stores.rows import CELL_COLUMNS


class ForestStatements(NamedTuple):
    """The statements of one dialect.

    Args:
        chain: campaign, instance, levels, campaign → instance and cell, nearest first.
        walk: campaign, instance, campaign → the instances up to the root, itself first.
        branch: campaign, instance → a row where anything hangs under it.
        below: campaign, instance, after, limit → instance and cell, by id.
    """

    chain: str
    walk: str
    branch: str
    below: str


def forest_statements(cells: str, mark: str, collation: str = "") -> ForestStatements:
    """The statements for a table of cells.

    Args:
        cells: the table's name.
        mark: what stands for a value.
        collation: how ids compare, where that is not as their bytes do.
    """
    text = f"cast({mark} as text)" + (f' collate "{collation}"' if collation else "")
    columns = ", ".join(f"c.{name}" for name in CELL_COLUMNS.split(", "))
    joined = f"join {cells} c on c.campaign = {mark} and c.instance = line.instance"
    return ForestStatements(
        chain=(
            "with recursive start(instance, levels) as "
            f"(values ({text}, cast({mark} as bigint))), "
            "line(level, instance, levels) as (select 0, instance, levels from start "
            "union all select level + 1, c.parent, levels from line "
            f"{joined} where level < levels and c.parent <> '') "
            f"select line.instance, {columns} from line {joined} order by level"
        ),
        walk=(
            f"with recursive line(instance) as (values ({text}) "
            f"union select c.parent from line {joined} where c.parent <> '') "
            "select instance from line"
        ),
        branch=(
            f"select 1 from {cells} where campaign = {mark} and parent = {mark} "
            "and parent <> '' limit 1"
        ),
        below=(
            f"select instance, {CELL_COLUMNS} from {cells} where campaign = {mark} "
            f"and parent = {mark} and parent <> '' and instance > {mark} "
            f"order by instance limit {mark}"
        ),
    )
