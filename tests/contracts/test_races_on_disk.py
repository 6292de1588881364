"""Random orders, and faults at every round trip, on real databases: SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.test_races import asked_before_the_lock, the_last_like
from postgres import fresh_store
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.contracts.store_races import RACES, share_and_batch
from viralcommerce.testing.faults import inject
from viralcommerce.testing.interleavings import every_order, some_orders
from viralcommerce.testing.races import Race
from viralcommerce.testing.staging import turn

EVERY_RACE = (*RACES, asked_before_the_lock, the_last_like)


def maker(kind: str, folder: Path) -> Callable[[], Any]:
    """How to make a store whose locks are waited for."""
    if kind == "postgres":
        return fresh_store
    return lambda: SqliteStore(folder / "shop.db")


@pytest.mark.slow
@pytest.mark.parametrize("race", EVERY_RACE, ids=lambda race: race.__name__)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_orders_that_dice_say_come_to_serial_orders(
    kind: str, race: Callable[[], Race], tmp_path: Path
) -> None:
    """RQ-1, RQ-19, EC-14, EC-113: one thread a flow, and a baton; who waits in there is passed."""
    explored = some_orders(race(), maker(kind, tmp_path), seeds=range(100, 116))
    assert explored.orders == 16
    assert explored.outcomes >= 2


@pytest.mark.slow
def test_every_order_on_sqlite(tmp_path: Path) -> None:
    """A file that refuses at once what another connection holds is explored like memory."""
    numbers = iter(range(10_000))

    def make() -> SqliteStore:
        return SqliteStore(tmp_path / f"{next(numbers)}.db", busy_after=0)

    assert every_order(RACES[0](), make).orders == every_order(RACES[0]()).orders


@pytest.mark.slow
@pytest.mark.parametrize("race", EVERY_RACE, ids=lambda race: race.__name__)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_whatever_goes_wrong_at_whatever_effect(
    kind: str, race: Callable[[], Race], tmp_path: Path
) -> None:
    """RQ-1, RQ-22, EC-103."""
    injected = inject(race(), maker(kind, tmp_path), waits=True)
    assert injected.faults >= 5 * injected.effects


@pytest.mark.slow
def test_a_worker_on_postgres_dies_at_any_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    """RQ-22: before it is sent, and before its answer is heard, also inside of a commit."""
    pytest.importorskip("psycopg")
    from viralcommerce.runtime.stores.postgres.on_psycopg import Psycopg

    perform = Psycopg.perform

    def turning(driver: Psycopg, trip: Any) -> Any:
        turn(f"send {trip[0].sql[:30].decode()}")
        rows = perform(driver, trip)
        turn("hear what came of it")
        return rows

    monkeypatch.setattr(Psycopg, "perform", turning)
    dies = ["dies_before", "dies_after", "repeated"]
    injected = inject(share_and_batch(), fresh_store, waits=True, faults=dies)
    assert injected.effects > 12
