"""The simulation of capacity: what it must show whatever the costs, and what the manual quotes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def capacity() -> ModuleType:
    """The script, as a module."""
    path = ROOT / "benchmarks" / "capacity.py"
    if not path.is_file():
        pytest.skip("benchmarks are not part of this copy")
    spec = importlib.util.spec_from_file_location("capacity", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["capacity"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def test_one_connection_takes_as_long_as_the_parts_of_a_command(capacity: ModuleType) -> None:
    costs = capacity.Costs(client=1.0, server=1.0, trip=0.5, flush=1.0)
    (rate,) = capacity.rates(costs, capacity.Shape(), [1], 8, 1_000)
    assert rate == pytest.approx(1000 / (1 + 1 + 2 * 0.5 + 1), rel=0.02)


def test_cores_are_the_bound_of_a_load_that_is_spread(capacity: ModuleType) -> None:
    costs = capacity.Costs(client=1.0, server=2.0, trip=0.5, flush=1.0)
    (rate,) = capacity.rates(costs, capacity.Shape(), [64], 4, 2_000)
    assert rate == pytest.approx(4 / 2.0 * 1000, rel=0.05)


def test_one_row_takes_one_flush_after_the_other(capacity: ModuleType) -> None:
    costs = capacity.Costs(flush=4.0)
    one, sixteen = (
        capacity.rates(costs, capacity.Shape(shards=shards), [32], 8, 2_000)[0]
        for shards in (1, 16)
    )
    assert one == pytest.approx(1000 / 4.0, rel=0.05)
    assert sixteen > 5 * one


def test_the_host_holds_a_row_for_as_long_as_it_works(capacity: ModuleType) -> None:
    """As measured by benchmarks/postgres_hot.py: 0.06 of the host alone, and 0.8 in shards."""
    alone, one, sixteen = (
        capacity.rates(capacity.Costs(), capacity.Shape(shards=n, after=20.0), [16], 8, 2_000)[0]
        for n in (0, 1, 16)
    )
    assert one / alone == pytest.approx(0.07, abs=0.015)
    assert sixteen / alone > 0.8


def test_gathering_is_ten_times_a_hot_pack(capacity: ModuleType) -> None:
    costs = capacity.Costs()
    apart = capacity.rates(costs, capacity.Shape(instances=1), [16], 8, 2_000)[0]
    together = capacity.rates(costs, capacity.Shape(instances=1, gathers=100), [16], 8, 2_000)[0]
    assert together > 10 * apart


def test_nothing_is_stranded_in_one_database_and_little_in_many(capacity: ModuleType) -> None:
    assert capacity.stranded(1, 1_000) == 0
    few, many = capacity.stranded(8, 1_000), capacity.stranded(8, 100_000)
    assert 0 < many < few < 0.3
    assert capacity.speedup(8, 0.25) == 4


def test_it_runs_at_a_small_size(capacity: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert capacity.main(["--seconds", "0.05", "--cores", "2", "--flush", "3"]) == 0
    printed = capsys.readouterr().out
    assert "one hot pack, gathered by 100" in printed
    assert "by campaign and key" in printed


@pytest.mark.slow
def test_the_manual_quotes_what_it_prints(
    capacity: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert capacity.main([]) == 0
    printed = capsys.readouterr().out.strip()
    assert printed in (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
