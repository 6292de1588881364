"""The main job: packs over 30,000 real group purchases, as README runs it."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from replaying import ROOT, WHOLE, data, reasons, replayed

EXAMPLE = ROOT / "examples" / "beibei"
LOG = EXAMPLE / "events.jsonl.gz"


def groups() -> dict[str, int]:
    """How many members joined each group."""
    with gzip.open(EXAMPLE / "groups.csv.gz", "rt", newline="") as opened:
        rows = csv.DictReader(opened)
        return {f"g{row['group_id']}": len(row["participants"].split()) for row in rows}


def events() -> Iterator[Any]:
    """Every event of the log."""
    with gzip.open(LOG, "rt") as opened:
        next(opened)
        yield from map(json.loads, opened)


def rules(**changes: Any) -> Any:
    return {**json.loads((EXAMPLE / "campaign.json").read_text()), **changes}


def test_the_log_is_what_the_script_makes_of_the_groups() -> None:
    path = EXAMPLE / "make_events.py"
    spec = importlib.util.spec_from_file_location("make_events", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with gzip.open(LOG, "rt") as opened:
        assert [line.rstrip("\n") for line in opened] == list(script.lines())


def test_the_groups_are_those_that_were_published() -> None:
    published = data("beibei_groupbuy/groups_dev30k.csv").read_bytes()
    with gzip.open(EXAMPLE / "groups.csv.gz") as opened:
        assert opened.read() == published


def test_with_budget_enough_everybody_gets_what_the_rule_says(tmp_path: Path) -> None:
    """RQ-1: three parts of each pack and no more; whoever comes fourth is told so."""
    joined = groups()
    if not WHOLE:
        joined = {group: joined[group] for group in list(joined)[::12]}
    log = (event for event in events() if event["command"]["pack"] in joined)
    found = replayed(tmp_path, rules(budget="CNY 1000000.00"), log)
    taken = sum(min(count, 3) for count in joined.values())
    emptied = sum(count >= 3 for count in joined.values())
    assert reasons(found) == {"pack_empty": sum(joined.values()) - taken}
    assert found["ran"]["accepted"] == len(joined) + taken
    assert found["summary"]["packs"]["emptied"] == emptied
    awards = {gain["grant"]: gain["awards"] for gain in found["summary"]["gains"]}
    assert (awards["friend"], awards["luckiest"]) == (taken, emptied)
    assert found["audit"]["problems"] == []


def test_with_the_budget_of_the_example_it_is_never_passed(tmp_path: Path) -> None:
    """EC-26, RQ-1: what is given and what is promised stay within the budget, at every moment."""
    found = replayed(tmp_path, rules(), LOG)
    ran, summary = found["ran"], found["summary"]
    assert ran["accepted"] + ran["refused"] == ran["events"] == 48_002
    assert sum(reasons(found).values()) == ran["refused"]
    assert set(reasons(found)) == {"out_of_budget", "no_such_pack", "pack_empty"}
    most = max(point["given"] + point["held"] for point in summary["spend"])
    assert summary["budget"] - 600 < most <= summary["budget"]
    assert found["audit"]["problems"] == []
    assert any("times are made" in note for note in found["origin"]["about"]["notes"])
