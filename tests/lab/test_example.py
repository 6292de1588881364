"""The manual's example: its file can be made again, its analysis finds what is in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cascades"

pytestmark = pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the examples are not here")


def said(script: str) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / script)], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_file_is_made_again_line_by_line() -> None:
    assert said("make_invites.py") == (EXAMPLE / "invites.csv").read_text(encoding="utf-8")


def test_the_analysis_finds_a_k_that_the_naive_ratio_misses() -> None:
    """The file was made with K = 0.7; of what comes within eight days some is lacking still."""
    told = said("analysis.py")
    assert "all invites over all members: 0.52, which is too low" in told
    assert "K within 8 days: 0.625 (0.52 to 0.752, 95%)" in told
