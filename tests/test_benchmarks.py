"""Scripts by hand that benchmarks hold us against still fit the tables: nothing is timed here."""

from __future__ import annotations

import importlib
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from viralcommerce import Shop
from viralcommerce.runtime.stores.sqlite import SqliteStore

FOLDER = Path(__file__).parents[1] / "benchmarks"


def loaded(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "argv", [name, "--small"])
    module = importlib.import_module(name)
    monkeypatch.delitem(sys.modules, name)
    return module


def rows(path: Path, table: str) -> int:
    store = SqliteStore(path)
    found: int = store._rows(f"select count(*) from viral_{table}")[0][0]
    store.close()
    return found


def test_packs_by_hand_on_sqlite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    embedded = loaded(monkeypatch, "embedded")
    said = list(embedded.commands())[:40]
    path, ours = tmp_path / "hand.db", tmp_path / "ours.db"
    SqliteStore(path).close()
    by_hand = embedded.ByHand(path)
    with closing(by_hand.db):
        by_hand.run(said, 10)
    with Shop(SqliteStore(ours), [embedded.CAMPAIGN]) as shop:
        shop.handle_many(embedded.CAMPAIGN, said)
    for table in ("cells", "journal", "keys", "ledger", "parts"):
        assert rows(path, table) == rows(ours, table) > 0, table


def test_a_tree_by_hand_on_sqlite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tree = loaded(monkeypatch, "tree")
    joins, orders = tree.commands(50, "x", 20)
    said = [*joins, *orders]
    path, ours = tmp_path / "hand.db", tmp_path / "ours.db"
    for one in (path, ours):
        store = SqliteStore(one)
        tree.plant(store, 50)
        store.close()
    by_hand = tree.OnSqlite(path)
    with closing(by_hand.db):
        by_hand.run(said, 10)
    with Shop(SqliteStore(ours), [tree.CAMPAIGN]) as shop:
        shop.handle_many(tree.CAMPAIGN, said)
    for table in ("cells", "journal", "keys", "parts"):
        assert rows(path, table) == rows(ours, table) > 0, table
