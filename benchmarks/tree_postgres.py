"""Who brought whom on PostgreSQL: a friend joins, and buys, against a script by hand.

The commands of `tree.py`, in a tree of 10^3 and of 10^5 members, on one connection, a transaction
a command, each waiting for the disk. The script does the reads and writes of ours with plain
psycopg and prepared statements, the cells ``for update``. All ways take turns; the median of the
turns counts, in wall time, since the server works too; only the ratios mean anything:

- ours at least 0.6 times as many commands as the script, as for a command about one cell
  (`postgres.py`);
- the large tree at most a fifth above the small one, or above what that costs by hand.

Run it alone: ``python benchmarks/tree_postgres.py``; ``DATABASE_URL`` names another server.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

import psycopg
from tree import CAMPAIGN, MOST_BY_SIZE, NAME, OnSqlite, Run, all_of, commands, each, plant

import postgres as server_of
from viralcommerce import Shop
from viralcommerce.messages import Command
from viralcommerce.runtime.stores.postgres import PostgresStore, migrate

SIZES, FEW, TURNS = (1_000, 100_000), 150, 9
LEAST_OF_HAND = 0.6
"""Commands a second of ours, against the script by hand."""


class Connection:
    """A connection that takes the statements of the script for SQLite."""

    def __init__(self, url: str, schema: str) -> None:
        self.db = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self.schema = schema

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> Any:
        """Run one; what was inserted into the journal says its position."""
        text = sql.replace("viral_", f"{self.schema}.").replace("?", "%s")
        if text.startswith("begin"):
            text = "begin"
        if "insert into" in text and ".journal" in text:
            return Position(self.db.execute(f"{text} returning position".encode(), values))
        if text.startswith("select state, parent"):
            text += " for update"
        return self.db.execute(text.encode(), values)


class Position:
    """What an insert into the journal answers."""

    def __init__(self, cursor: Any) -> None:
        (self.lastrowid,) = cursor.fetchone()


class OnPostgres(OnSqlite):
    """The same rows by the same script, on a server."""

    def __init__(self, url: str, schema: str) -> None:
        self.db: Any = Connection(url, schema)


def ways(url: str, size: int) -> dict[str, Run]:
    """The ways, each on tables of its own with a tree of a size."""
    found: dict[str, Run] = {}
    for way in ("by hand", "ours", "ours, many"):
        schema = f"tree_{way.replace(', ', '_').replace(' ', '_')}_{size}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop schema if exists {schema} cascade".encode())
        migrate(url, schema)
        store = PostgresStore(url, schema=schema, most_connections=1)
        plant(store, size, at_once=2_000)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"analyze {schema}.cells".encode())
        if way == "by hand":
            store.close()
            script = OnPostgres(url, schema)
            found[way] = lambda said, script=script: script.run(said, 1)
        else:
            shop = Shop(store, [CAMPAIGN])
            found[way] = each(shop) if way == "ours" else all_of(shop)
    return found


def measure(url: str) -> dict[tuple[str, str, int], float]:
    """Microseconds a command: the median of the turns."""
    made = {size: ways(url, size) for size in SIZES}
    took: dict[tuple[str, str, int], list[float]] = {}
    for turn in range(TURNS):
        for way in made[SIZES[0]]:
            for size in SIZES:
                joins, orders = commands(size, f"{turn}{way[:1]}{len(way)}", FEW)
                for what, said in (("attach", joins), ("order", orders)):
                    some: list[Command] = said
                    start = time.perf_counter()
                    made[size][way](some)
                    one = (time.perf_counter() - start) / FEW * 1e6
                    took.setdefault((way, what, size), []).append(one)
    return {key: statistics.median(turns) for key, turns in took.items()}


def main() -> int:
    found = measure(server_of.server())
    small, large = SIZES
    print(f"{'way':<12} {'what':<8} {small:>10,} {large:>10,}   µs a command, {NAME}")
    for way in ("by hand", "ours", "ours, many"):
        for what in ("attach", "order"):
            print(f"{way:<12} {what:<8} {found[way, what, small]:>10,.0f} "
                  f"{found[way, what, large]:>10,.0f}")  # fmt: skip
    failed = False
    for what in ("attach", "order"):
        ratio = found["by hand", what, small] / found["ours", what, small]
        by_size = found["ours", what, large] / found["ours", what, small]
        by_hand = found["by hand", what, large] / found["by hand", what, small]
        most = MOST_BY_SIZE * max(1.0, by_hand)
        for text, good in (
            (f"ours is {ratio:.2f} × by hand (at least {LEAST_OF_HAND})", ratio >= LEAST_OF_HAND),
            (f"{by_size:.2f} × itself in the small tree (at most {most:.2f})", by_size <= most),
        ):
            failed |= not good
            print(f"{what}: {text}: {'yes' if good else 'NO'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
