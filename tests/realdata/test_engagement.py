"""Like to redeem, over how often real news items were shared; a share is a like."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
from itertools import takewhile
from pathlib import Path
from typing import Any

from replaying import ROOT, WHOLE, data, reasons, replayed

EXAMPLE = ROOT / "examples" / "engagement"
GOAL = 38


def _time(event: Any) -> Any:
    return event["at"]


def script() -> Any:
    spec = importlib.util.spec_from_file_location("make_likes", EXAMPLE / "make_events.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_like_is_accounted_for(tmp_path: Path) -> None:
    """EC-84: of the last teapot there is one; who comes later gets what stands in for it."""
    file = data("engagement/facebook_shares_20min.csv.gz")
    with gzip.open(file, "rt", newline="") as opened:
        rows = list(csv.reader(opened))[1:]
    items = len(rows) if WHOLE else 300
    last = [max(int(row[-1]), 0) for row in rows[:items] if any(int(n) >= 0 for n in row[1:])]
    names = {f"n{row[0]}" for row in rows[:items]}
    made = takewhile(lambda one: one["command"]["ask"] in names, script().events(file))
    events = ({**one, "at": one["at"].isoformat()} for one in sorted(made, key=_time))
    campaign = json.loads((EXAMPLE / "campaign.json").read_text())
    stock = campaign["grants"][0]["give"]["stock"] = 1_200 if WHOLE else 20
    found = replayed(tmp_path, campaign, events)
    reached = sum(shares >= GOAL for shares in last)
    assert reasons(found) == {"already_reached": sum(max(shares - GOAL, 0) for shares in last)}
    assert found["ran"]["accepted"] == len(last) + sum(min(shares, GOAL) for shares in last)
    assert found["summary"]["asks"]["reached"] == reached
    awards = {gain["grant"]: gain["awards"] for gain in found["summary"]["gains"]}
    assert awards == {"teapot": min(stock, reached), "teapot/instead": reached - stock}
    assert found["audit"]["problems"] == []
