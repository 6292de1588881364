"""Eight processes on one SQLite file, some killed at random: what was told stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from crashing import Chaos


@pytest.mark.slow
def test_processes_killed_at_random_moments_give_not_one_share_too_many(tmp_path: Path) -> None:
    """RQ-1, RQ-19, RQ-22, EC-103: audit clean, no answer taken back, every award issued."""
    report = Chaos(tmp_path, workers=8).run(kills=16, seconds=12)
    assert report.problems == []
    assert report.kills >= 5, report
    assert report.told > 200, report
