"""What tests of the command line share: a campaign, and a log with something of everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from typer.testing import Result

CAMPAIGN: Mapping[str, Any] = {
    "kind": "campaign",
    "name": "tea",
    "mechanic": {
        "kind": "coupon_pack",
        "split": {"kind": "lucky_split", "total": "CNY 3.00", "parts": 3, "least": "CNY 0.50"},
        "open_for": "1 day",
    },
    "grants": [
        {
            "kind": "grant",
            "name": "friend",
            "give": {"kind": "coupon", "amount": "100%", "valid_for": "7 days"},
            "to": "grabber",
            "on": "grabbed",
        }
    ],
    "budget": "CNY 100.00",
    "zone": "Asia/Shanghai",
}


def event(key: str, at: str, kind: str, pack: str, by: str, **more: Any) -> dict[str, Any]:
    """A line of a log; `at` is a time of 11 November 2025 in Shanghai, unless it is whole."""
    when = at if "T" in at else f"2025-11-11T{at}:00+08:00"
    return {"key": key, "at": when, "command": {"kind": kind, "pack": pack, "by": by}, **more}


STORY = (
    event("1", "08:00", "share", "p1", "ann"),
    event("2", "08:01", "grab", "p1", "bob"),
    event("3", "08:02", "grab", "p1", "bob"),  # has opened it already
    event("4", "08:03", "grab", "p1", "ann"),  # her own
    event("5", "08:04", "grab", "p9", "cai"),  # nobody has shared that
    event("6", "2025-11-13T08:00:00+08:00", "grab", "p1", "dan"),  # too late
)


Run = Callable[..., Result]
"""Runs a command with these arguments, and `given` on its standard input."""
Write = Callable[[str, Any], str]
"""Writes a file of that name, and gives its path."""
