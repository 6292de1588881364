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
        chains: rows of campaign, instance and levels → campaign, instance and cell of all on the
            way.
        walk: campaign, instance, campaign → the instances up to the root, itself first.
        branches: rows of campaign and instance → those under which anything hangs.
    """

    chains: str
    walk: str
    branches: str


def forest_statements(
    cells: str, mark: str, chains: str, branches: str, collation: str = ""
) -> ForestStatements:
    """The statements for a table of cells.

    Args:
        cells: the table's name.
        mark: what stands for a value.
        chains: the query for rows of campaign, instance and levels.
        branches: the query for rows of campaign and instance.
        collation: how ids compare, where that is not as their bytes do.
    """
    text = f"cast({mark} as text)" + (f' collate "{collation}"' if collation else "")
    columns = ", ".join(f"c.{name}" for name in CELL_COLUMNS.split(", "))
    joined = f"join {cells} c on c.campaign = {mark} and c.instance = line.instance"
    there = f"join {cells} c on c.campaign = line.campaign and c.instance = line.instance"
    return ForestStatements(
        chains=(
            f"with recursive line(campaign, instance, levels) as ({chains} "
            f"union all select c.campaign, c.parent, levels - 1 from line {there} "
            "where levels > 0 and c.parent <> '') "
            f"select line.campaign, line.instance, {columns} from line {there}"
        ),
        walk=(
            f"with recursive line(instance) as (values ({text}) "
            f"union select c.parent from line {joined} where c.parent <> '') "
            "select instance from line"
        ),
        branches=(
            f"with asked(campaign, instance) as ({branches}) "
            "select asked.campaign, asked.instance from asked where exists "
            f"(select 1 from {cells} c where c.campaign = asked.campaign "
            "and c.parent = asked.instance and c.parent <> '')"
        ),
    )


def below_statement(cells: str, mark: str) -> str:
    """Campaign, instance, after, limit → what hangs under it: instance and cell, by id."""
    return (
        f"select instance, {CELL_COLUMNS} from {cells} where campaign = {mark} "
        f"and parent = {mark} and parent <> '' and instance > {mark} "
        f"order by instance limit {mark}"
    )
