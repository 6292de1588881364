"""Coupons passed from hand to hand, run as an invite campaign with two levels of commission.

The codes and who redeemed them are real; orders are synthetic, and the run says so.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from replaying import ROOT, data, reasons, replayed

EXAMPLE = ROOT / "examples" / "nyjazz"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("nyjazz_events", EXAMPLE / "make_events.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def events(script: Any) -> list[Any]:
    people = script.read(data("nyjazz_rds/respondents.csv"))
    return [json.loads(line) for line in script.lines(people)]


@pytest.fixture(scope="module")
def found(events: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    rules = json.loads((EXAMPLE / "campaign.json").read_text())
    folder: Path = tmp_path_factory.mktemp("nyjazz")
    return replayed(folder, rules, events, "--until", "2026-03-01T00:00:00Z")


def test_what_is_odd_about_the_codes_is_refused_and_accounted_for(found: Any) -> None:
    """EC-70: 15 issued to another, 3 again to the same; 7 used up, 3 of nobody, 2 too early."""
    assert reasons(found) == {"code_taken": 15 + 3, "no_invitation": 7 + 3 + 2}
    assert found["ran"]["accepted"] + found["ran"]["refused"] == found["ran"]["events"]
    invites = found["summary"]["invites"]
    assert (invites["issued"], invites["joined"], invites["by_code"]) == (1_449, 242, 242)
    assert found["audit"]["problems"] == []


def test_every_order_counts_once_and_its_upline_is_whoever_brought_the_buyer(
    found: Any, events: list[Any]
) -> None:
    orders = [one for one in events[1:] if one["command"]["kind"] == "order"]
    invites = found["summary"]["invites"]
    assert invites["ordered"] == invites["counted"] == found["ran"]["ended"] == len(orders)
    owner = {
        one["command"]["vanity"]: one["command"]["by"]
        for one in reversed(events[1:])
        if one["command"]["kind"] == "issue"
    }
    inviter: dict[str, str] = {}
    above: Counter[int] = Counter()
    used: set[str] = set()
    issued: set[str] = set()
    for one in events[1:]:
        command = one["command"]
        match command["kind"]:
            case "issue":
                issued.add(command["vanity"])
            case "join" if command["code"] in issued - used:
                used.add(command["code"])
                inviter[command["by"]] = owner[command["code"]]
            case "order":
                first = inviter.get(command["by"])
                above[0 if first is None else 2 if first in inviter else 1] += 1
    assert invites["above"] == [above[0], above[1], above[2]]


def test_commission_is_what_is_left_of_the_orders_to_the_unit(found: Any) -> None:
    """Two levels, refunds before and after: given less taken back is what the budget paid."""
    summary = found["summary"]
    assert {gain["grant"] for gain in summary["gains"]} == {
        "welcome", "thanks", "commission", "commission-2",
    }  # fmt: skip
    for gain in summary["gains"]:
        assert gain["cost"]["minor"] == gain["amount"] - gain["back"]
        assert gain["back"] > 0
    assert summary["given"] == sum(gain["cost"]["minor"] for gain in summary["gains"])
    invites = summary["invites"]
    assert 0 < invites["back"] < invites["net"] < invites["amount"]


def test_the_report_says_which_part_is_made_up(found: Any) -> None:
    notes = found["origin"]["about"]["notes"]
    assert any(note.startswith("Synthetic: every order") for note in notes)


def test_orders_are_the_same_every_time(script: Any, events: list[Any]) -> None:
    people = script.read(data("nyjazz_rds/respondents.csv"))
    assert [json.loads(line) for line in script.lines(people)] == events
