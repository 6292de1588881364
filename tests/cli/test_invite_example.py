"""The example of inviting, run from a fresh clone: what is refused, taken back and reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commandline import Run, Write
from replaying import ROOT, reasons

EXAMPLE = ROOT / "examples" / "invite"
CAMPAIGN, EVENTS = EXAMPLE / "campaign.json", EXAMPLE / "events.jsonl"


@pytest.fixture
def found(run: Run, tmp_path: Any) -> Any:
    report = tmp_path / "report.html"
    result = run("run", CAMPAIGN, EVENTS, "--store", tmp_path / "s.db", "--report", report,
                 "--audit", "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_everything_that_goes_wrong_is_accounted_for(found: Any) -> None:
    """EC-45, EC-58, EC-70, EC-95, EC-101: typed badly, used up, one's own, a circle, too large."""
    assert reasons(found) == {
        "no_invitation": 2, "code_screened": 1, "code_taken": 1, "own_invitation": 1,
        "circular": 1, "already_refunded": 1, "refund_too_large": 1, "order_settled": 1,
    }  # fmt: skip
    assert found["ran"]["accepted"] + found["ran"]["refused"] == found["ran"]["events"]
    assert found["audit"]["problems"] == []
    invites = found["summary"]["invites"]
    assert (invites["joined"], invites["by_code"], invites["issued"]) == (5, 3, 2)
    assert (invites["ordered"], invites["counted"], invites["rejected"]) == (7, 6, 1)
    assert invites["above"] == [1, 4, 2]


def test_what_is_left_is_given_less_what_was_taken_back(found: Any) -> None:
    summary = found["summary"]
    assert summary["given"] == sum(gain["cost"]["minor"] for gain in summary["gains"])
    assert all(gain["cost"]["minor"] == gain["amount"] - gain["back"] for gain in summary["gains"])
    assert sum(gainer["amount"] for gainer in summary["top"]) == summary["given"]


def test_the_report_tells_of_invitations_and_orders(found: Any) -> None:
    text = Path(found["report"]).read_text("utf-8")
    for said in ("Invitations and orders", "taken back", "id=\"above\"", "id=\"worth\"",
                 "5 friends joined, 3 times by a code", "7 orders: 6 counted"):  # fmt: skip
        assert said in text


def test_running_it_again_changes_nothing(found: Any, run: Run, tmp_path: Any) -> None:
    """Also for codes that chance has drawn, and refusals that leave the key free."""
    again = json.loads(
        run("run", CAMPAIGN, EVENTS, "--store", tmp_path / "s.db", "--audit", "--json").stdout
    )
    assert again["ran"]["there_already"] == again["ran"]["events"] == found["ran"]["events"]
    assert again["summary"] == found["summary"]


def test_each_instance_is_explained(found: Any, run: Run, tmp_path: Any) -> None:
    store = tmp_path / "s.db"
    order = run("explain", store, "--instance", "order/t-3").stdout
    for said in ("is taken back from dan", "is given again to dan", "called, it was her"):
        assert said in order
    assert "fay was invited by dan" in run("explain", store, "--instance", "member/fay").stdout
    assert "the code is ANNTEA" in run("explain", store, "--instance", "code/ANNTEA").stdout
    assert "邀请无效" in run("explain", store, "--key", "e11", "--language", "zh").stdout


def test_what_the_shop_fills_in_is_not_the_logs_to_give(run: Run, write: Write) -> None:
    line = {
        "key": "1",
        "at": "2026-11-01T09:00:00+08:00",
        "command": {"kind": "join", "by": "bob", "link": "ann", "inviter": "mallory"},
    }
    result = run("run", CAMPAIGN, write("e.jsonl", [line]))
    assert result.exit_code != 0
    assert "command.inviter: the shop fills that in; take it out" in result.output


def test_deadlines_wait_for_tick(run: Run, tmp_path: Any, write: Write) -> None:
    """Orders whose time is not over when the log ends are matured by `tick`."""
    store = tmp_path / "later.db"
    lines = [line for line in EVENTS.read_text("utf-8").splitlines() if '"2026-11-0' in line]
    ran = run("run", CAMPAIGN, write("e.jsonl", "\n".join(lines)), "--store", store, "--json")
    assert json.loads(ran.stdout)["summary"]["invites"]["waiting"] == 6
    ticked = run("tick", store, CAMPAIGN, "--at", "2026-12-01T00:00:00Z")
    assert "6 ended" in ticked.stdout
    assert run("audit", store).exit_code == 0
