"""`viralcommerce run`: what it prints, what it leaves, what it says to machines."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commandline import CAMPAIGN, STORY, Run, Write, event

ABOUT = {"about": {"title": "a story", "license": "ours", "notes": ["the times are made"]}}


def told(run: Run, *arguments: object, given: bytes | None = None) -> Any:
    result = run("run", *arguments, "--json", given=given)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_story_with_something_of_everything(run: Run, write: Write) -> None:
    found = told(run, write("tea.json", CAMPAIGN), write("log.jsonl", STORY))
    ran, summary = found["ran"], found["summary"]
    assert (ran["events"], ran["accepted"], ran["refused"], ran["ended"]) == (6, 2, 4, 1)
    assert summary["decisions"] == 7
    reasons = {one["code"]: (one["times"], one["meaning"]) for one in summary["reasons"]}
    assert reasons == {
        "already_grabbed": (1, "One share each"),
        "own_pack": (1, "Nobody opens their own pack"),
        "no_such_pack": (1, "No pack of that id has been shared (yet)"),
        "pack_over": (1, "The pack's time is over"),
    }
    packs = summary["packs"]
    assert (packs["shared"], packs["emptied"], packs["over"], packs["still_open"]) == (1, 0, 1, 0)
    assert packs["fill"] == [0, 1, 0, 0]
    assert summary["held"] == 0
    assert [gain["amount"] for gain in summary["gains"]] == [summary["given"]]
    assert summary["top"] == [{"member": "bob", "amount": summary["given"], "awards": 1}]


def test_the_table_says_the_same(run: Run, write: Write) -> None:
    result = run(
        "run", write("tea.json", CAMPAIGN), write("log.jsonl", [ABOUT, *STORY]), "--audit"
    )
    assert result.exit_code == 0
    for said in ("a story", "the times are made", "Nobody opens their own pack", "audit: clean"):
        assert said in result.output


def test_a_second_run_changes_nothing_and_says_so(run: Run, write: Write, tmp_path: Path) -> None:
    store = tmp_path / "tea.db"
    arguments = (write("tea.json", CAMPAIGN), write("log.jsonl", STORY), "--store", store)
    first, again = told(run, *arguments), told(run, *arguments)
    assert (again["ran"]["there_already"], again["ran"]["events"]) == (6, 6)
    assert again["summary"] == first["summary"]


def test_a_log_that_has_grown_goes_on(run: Run, write: Write, tmp_path: Path) -> None:
    store = tmp_path / "tea.db"
    campaign = write("tea.json", CAMPAIGN)
    told(run, campaign, write("log.jsonl", STORY), "--store", store)
    late = event("7", "2025-11-13T09:00:00+08:00", "share", "p2", "ann")
    found = told(run, campaign, write("log.jsonl", [*STORY, late]), "--store", store)
    assert (found["ran"]["there_already"], found["ran"]["accepted"]) == (6, 1)


def test_the_dice_are_those_of_the_seed(run: Run, write: Write) -> None:
    arguments = (write("tea.json", CAMPAIGN), write("log.jsonl", STORY))
    given = [told(run, *arguments, "--seed", seed)["summary"]["given"] for seed in "aabcdefg"]
    assert given[0] == given[1]
    assert len(set(given)) > 1


def test_until_ends_what_is_due_by_then(run: Run, write: Write) -> None:
    arguments = (write("tea.json", CAMPAIGN), write("log.jsonl", STORY[:2]))
    assert told(run, *arguments)["summary"]["packs"]["still_open"] == 1
    found = told(run, *arguments, "--until", "2025-11-12T08:00:00+08:00")
    assert found["summary"]["packs"]["over"] == 1
    assert found["summary"]["held"] == 0


def test_conditions_are_answered_by_what_each_line_tells(run: Run, write: Write) -> None:
    rules = {**CAMPAIGN, "given": {"kind": "new_member"}}
    new, old = {"paid_orders": 0}, {"paid_orders": 3}
    log = [
        event("1", "08:00", "share", "p1", "ann", facts={"ann": new}),
        event("2", "08:01", "grab", "p1", "bob", facts={"bob": new}),
        event("3", "08:02", "grab", "p1", "cai", facts={"cai": old}),
        event("4", "08:03", "grab", "p1", "dan"),
        event("5", "08:04", "share", "p2", "bob", facts={"bob": old}),
    ]
    found = told(run, write("tea.json", rules), write("log.jsonl", log))
    reasons = {one["code"]: one["times"] for one in found["summary"]["reasons"]}
    assert reasons == {"not_eligible": 2, "fact_missing": 1}
    assert found["ran"]["accepted"] == 2


def test_a_fact_of_another_type_is_a_bad_line(run: Run, write: Write) -> None:
    rules = {**CAMPAIGN, "given": {"kind": "new_member"}}
    log = [event("1", "08:00", "share", "p1", "ann", facts={"ann": {"paid_orders": "9"}})]
    result = run("run", write("tea.json", rules), write("log.jsonl", log))
    assert result.exit_code == 1
    assert ":1: facts: ann.paid_orders: expected a whole number of 0 or more" in result.output


def test_packed_logs_and_standard_input_are_read(run: Run, write: Write) -> None:
    campaign = write("tea.json", CAMPAIGN)
    text = "".join(f"{json.dumps(line)}\r\n" for line in STORY).encode()
    plain = told(run, campaign, write("log.jsonl", text))["summary"]
    assert told(run, campaign, write("log.gz", gzip.compress(text)))["summary"] == plain
    assert told(run, campaign, "-", given=b"\xef\xbb\xbf" + text)["summary"] == plain


def test_events_out_of_order_are_counted(run: Run, write: Write) -> None:
    found = told(run, write("tea.json", CAMPAIGN), write("log.jsonl", STORY[::-1]))
    assert found["ran"]["late"] == 5


def test_an_audit_that_finds_problems_has_a_code_of_its_own(
    run: Run, write: Write, tmp_path: Path
) -> None:
    import sqlite3

    store = tmp_path / "tea.db"
    arguments = (write("tea.json", CAMPAIGN), write("log.jsonl", STORY), "--store", store)
    told(run, *arguments)
    with sqlite3.connect(store) as other:
        other.execute("update viral_quotas set used = used + 1 where name = 'budget/CNY'")
    other.close()
    for command in (("run", *arguments, "--audit"), ("audit", store)):
        result = run(*command)
        assert result.exit_code == 4
        assert "audit: 1 problems" in result.output
        assert "quota budget" in result.output
    assert json.loads(run("audit", store, "--json").stdout)["problems"]


@pytest.mark.slow
def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError(name='typer')\n")
    done = subprocess.run(
        [sys.executable, "-c", "from viralcommerce.cli import main; main()"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"},
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "viralcommerce: the command line needs typer; pip install viralcommerce[cli]\n"
    )
