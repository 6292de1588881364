"""What tests on real data share: where the data is, and a run of the command line over it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[1]
WHOLE = bool(os.environ.get("VIRALCOMMERCE_WHOLE"))
"""Whether large sets are run whole, which takes a minute; else the first part of each."""


def data(name: str) -> Path:
    """The path of a file of a data set; the test is skipped, saying so, where it is not there."""
    folder = Path(os.environ.get("VIRALCOMMERCE_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / name).is_file():
        pytest.skip(f"{folder / name} is not there; set VIRALCOMMERCE_DATA to where the data is")
    return folder / name


def replayed(folder: Path, campaign: Any, events: Path | Iterable[Any], *more: str) -> Any:
    """Run a campaign over events, with a proof of the store; what ``run --json`` says."""
    from viralcommerce.cli.app import app

    log = events if isinstance(events, Path) else folder / "events.jsonl"
    if not isinstance(events, Path):
        with log.open("w") as opened:
            opened.writelines(f"{json.dumps(event)}\n" for event in events)
    rules = folder / "campaign.json"
    rules.write_text(json.dumps(campaign))
    result = CliRunner().invoke(app, ["run", str(rules), str(log), "--audit", "--json", *more])
    assert result.exit_code == 0, result.output[-2000:]
    return json.loads(result.stdout)


def reasons(found: Any) -> dict[str, int]:
    """How often each refusal was said."""
    return {one["code"]: one["times"] for one in found["summary"]["reasons"]}
