"""A run stopped by Ctrl-C, by SIGKILL or by a full disk: whole commits stand, and it goes on."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commandline import CAMPAIGN, Run, Write, event
from viralcommerce.cli import stores
from viralcommerce.runtime.stores.sqlite import SqliteStore

pytestmark = pytest.mark.slow
EVENTS = [event(f"s{n}", "08:00", "share", f"p{n}", "ann") for n in range(2_500)]
RICH = {**CAMPAIGN, "budget": "unlimited"}


def decided(store: Path) -> int:
    """How many decisions are committed."""
    if not store.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as opened:
            found: int = opened.execute("select count(*) from viral_journal").fetchone()[0]
    except sqlite3.OperationalError:  # the tables are not there yet
        return 0
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=["interrupt", "kill"])
def test_a_run_that_is_stopped_goes_on_where_it_was(
    run: Run, write: Write, tmp_path: Path, sent: signal.Signals
) -> None:
    """RQ-19: what was committed is not done again, what was not is done once."""
    campaign, store = write("tea.json", RICH), tmp_path / "tea.db"
    command = [sys.executable, "-m", "viralcommerce", "run", campaign, "-", "--store", str(store)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_heeds_interrupts
    ) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        running.stdin.writelines(f"{json.dumps(line)}\n".encode() for line in EVENTS)
        running.stdin.flush()  # and then the log pauses
        waited = time.monotonic() + 60
        while decided(store) < 2_000 and time.monotonic() < waited:
            time.sleep(0.05)
        running.send_signal(sent)
        said = running.stderr.read().decode()
    if sent is signal.SIGINT:
        assert running.returncode == 130
        assert "interrupted; committed up to line 2000; run again to go on from there" in said
    assert decided(store) == 2_000
    log = write("log.jsonl", EVENTS)
    found = json.loads(run("run", campaign, log, "--store", store, "--audit", "--json").stdout)
    assert (found["ran"]["there_already"], found["ran"]["accepted"]) == (2_000, 500)
    assert found["audit"]["problems"] == []


def _heeds_interrupts() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class SmallDisk(SqliteStore):
    """A store on a disk with room for so many pages of 4 KiB."""

    room = 500

    def _open(self) -> sqlite3.Connection:
        connection = super()._open()
        connection.execute(f"pragma max_page_count = {self.room}")
        return connection


def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(
    run: Run, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments: tuple[Any, ...] = (
        write("tea.json", RICH),
        write("log.jsonl", EVENTS),
        "--store",
        tmp_path / "tea.db",
    )
    with monkeypatch.context() as small:
        small.setattr(stores, "SqliteStore", SmallDisk)
        result = run("run", *arguments)
    assert result.exit_code == 3
    assert "the disk is full; nothing was written; make room" in result.output
    assert "(committed up to line 1000; run again to go on from there)" in result.output
    found = json.loads(run("run", *arguments, "--audit", "--json").stdout)
    assert (found["ran"]["there_already"], found["ran"]["accepted"]) == (1_000, 1_500)
    assert found["audit"]["problems"] == []


def test_a_report_on_a_full_disk_is_whole_or_not_there(
    run: Run, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    out = tmp_path / "out" / "tea.html"
    out.parent.mkdir()
    result = run("run", write("c.json", CAMPAIGN), write("log", EVENTS[:3]), "--report", out)
    assert result.exit_code == 3
    assert f"{out}: no space left on device; make room, or name another file" in result.output
    assert list(out.parent.iterdir()) == []
