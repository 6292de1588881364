"""dev.py, without making environments: finding Pythons, counting, and being read by old ones."""

from __future__ import annotations

import ast
import importlib.util
import stat
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests">
  <testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="0.1"/>
</testsuites>
"""


@pytest.fixture
def dev() -> ModuleType:
    """A fresh copy of the script."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def counted(dev: ModuleType, label: str, passed: int, failed: int = 0, skipped: int = 0):
    counts = dev.Counts(label)
    counts.passed, counts.failed, counts.skipped = passed, failed, skipped
    return counts


def test_an_old_python_can_read_it_to_look_for_a_newer_one() -> None:
    source = (ROOT / "dev.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))


def test_it_uses_the_standard_library_only() -> None:
    names = set()
    for node in ast.walk(ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    assert {each.split(".")[0] for each in names} <= sys.stdlib_module_names


def test_this_python_stands_for_its_own_version(dev: ModuleType) -> None:
    assert dev.pythons()[sys.version_info[:2]] == sys.executable


def test_what_is_no_python_is_passed_over(dev: ModuleType, tmp_path: Path) -> None:
    """A pyenv shim for a version that is not chosen exits with an error."""
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    assert dev.describe(str(shim)) is None
    assert dev.describe(str(tmp_path / "nothing")) is None
    assert dev.describe(sys.executable) == sys.version_info[:2]


def test_errors_count_as_failures(dev: ModuleType, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    counts = dev.Counts("3.11")
    counts.read(1, report)
    assert (counts.passed, counts.failed, counts.skipped) == (4, 3, 3)
    assert str(counts) == "4 passed, 3 failed, 3 skipped"


def test_a_run_that_broke_before_it_could_count_has_failed(
    dev: ModuleType, tmp_path: Path
) -> None:
    counts = dev.Counts("3.11")
    counts.read(4, tmp_path / "never-written.xml")
    assert counts.failed == 1


def test_one_failure_anywhere_fails_the_whole(
    dev: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [counted(dev, "3.11", 120, skipped=2), counted(dev, "3.13", 99, failed=1)]
    assert dev.summary(runs, time.monotonic()) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "219 passed, 1 failed, 2 skipped"


def test_no_test_at_all_is_no_success(dev: ModuleType) -> None:
    assert dev.summary([counted(dev, "3.11", 0)], time.monotonic()) == 1


def test_a_folder_that_something_else_made_is_left_alone(dev: ModuleType, tmp_path: Path) -> None:
    mine = tmp_path / ".venv" / "precious"
    mine.parent.mkdir()
    mine.write_text("made by hand")
    with pytest.raises(dev.Failed, match=r"was not made by dev\.py"):
        dev.environment(mine.parent, sys.executable, {"test"})
    assert mine.read_text() == "made by hand"


def test_an_unknown_check_is_named_with_the_choices(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "environment", lambda *_: Path(sys.executable))
    with pytest.raises(dev.Failed, match="no check 'mypi'; choose from: docs, format, imports"):
        dev.check(["mypi"])


def test_every_benchmark_runs_by_itself_and_one_that_falls_short_fails(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    (tmp_path / "benchmarks").mkdir()
    for name, code in (("fast", 0), ("slow", 1), ("soak", 1)):
        (tmp_path / "benchmarks" / f"{name}.py").write_text(f"raise SystemExit({code})")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "environment", lambda *_: Path(sys.executable))
    assert dev.bench([]) == 1
    assert "bench failed: slow" in capfd.readouterr().out
    assert dev.bench(["fast"]) == 0
    with pytest.raises(dev.Failed, match="no benchmark 'soak'; choose from: fast, slow"):
        dev.bench(["soak"])
