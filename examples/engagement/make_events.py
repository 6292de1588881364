"""Make events from how often news items were shared: an item asks for likes, each share is one.

The counts are real: cumulative shares of 7,687 news items on Facebook, every twenty minutes for
48 hours (Moniz & Torgo 2018, UCI dataset 432, CC BY 4.0; not in this repository). The rest is
made: who shared (each share is a friend of its own), when within the twenty minutes, and when an
item began.

    python examples/engagement/make_events.py [DATA] > out/likes.jsonl
    viralcommerce run examples/engagement/campaign.json out/likes.jsonl --report out/likes.html

DATA is the folder that has engagement/facebook_shares_20min.csv.gz: VIRALCOMMERCE_DATA unless
said, or else ../shared/data beside this repository.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

REPOSITORY = Path(__file__).resolve().parents[2]
FILE = Path("engagement") / "facebook_shares_20min.csv.gz"
START = datetime(2025, 11, 1, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
APART = timedelta(minutes=2)
SLICE = timedelta(minutes=20)
ABOUT = {
    "title": "Shares of 7,687 news items on Facebook, taken as likes",
    "source": "Moniz & Torgo, Multi-Source Social Feedback of Online News Feeds, 2018 "
    "(UCI dataset 432)",
    "license": "CC BY 4.0",
    "notes": [
        (
            "The counts are real, every twenty minutes for 48 hours; friends are made, one for "
            "each share, and so are the times within the twenty minutes and when an item began."
        ),
    ],
}


def find(folder: str = "") -> Path:
    """The data file; it need not be there.

    Args:
        folder: where the data sets are, or "" for the usual place.
    """
    usual = os.environ.get("VIRALCOMMERCE_DATA") or REPOSITORY.parent / "shared" / "data"
    return Path(folder or usual) / FILE


def events(file: Path) -> Iterator[dict[str, Any]]:
    """Every event, item by item."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        rows = csv.reader(opened)
        next(rows)
        for place, (item, *slices) in enumerate(rows):
            yield from of_item(f"n{item}", START + place * APART, [int(count) for count in slices])


def of_item(item: str, began: datetime, counts: list[int]) -> Iterator[dict[str, Any]]:
    """The ask of one item and its likes; -1 means that it was not yet seen."""
    shared = 0
    asked = False
    for number, count in enumerate(counts):
        if count < 0:
            continue
        at = began + number * SLICE
        if not asked:
            asked = True
            yield {"key": item, "at": at, "command": {"kind": "ask", "ask": item, "by": item}}
        for like in range(shared, count):
            friend = f"{item}-{like}"
            moment = at + (like - shared + 1) * SLICE / (count - shared + 1)
            command = {"kind": "like", "ask": item, "by": friend}
            yield {"key": friend, "at": moment.replace(microsecond=0), "command": command}
        shared = max(shared, count)


def lines(file: Path) -> Iterator[str]:
    """The log, line by line: what it is, then every event by time."""
    yield json.dumps({"about": ABOUT})
    for event in sorted(events(file), key=lambda one: one["at"]):
        yield json.dumps({**event, "at": event["at"].isoformat()})


def main() -> None:
    """Write the log to the standard output, or say where the data was looked for."""
    file = find(*sys.argv[1:2])
    if not file.is_file():
        sys.exit(f"{file}: not there; get UCI dataset 432, or say where the data is")
    for line in lines(file):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
