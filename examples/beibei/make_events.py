"""Make events.jsonl.gz from groups.csv.gz: who began a group shares a pack, who joined opens it.

The groups are real, the times are not: the data has none. Each group begins at a moment of one
week that its number decides, with a daily rhythm, and its members follow within twelve hours, in
the order in which the data lists them. Run again, this gives the same bytes.

    python examples/beibei/make_events.py
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from bisect import bisect
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
FIRST_DAY = datetime(2025, 11, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
DAYS = 7
#: How busy each hour of the day is: quiet at night, busiest at nine in the evening.
BUSY = (3, 2, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 9, 9, 10, 12, 14, 15, 12, 7)
LATEST = timedelta(hours=12)
ABOUT = {
    "title": "30,000 group purchases on BeiBei",
    "source": "Zhang et al., Group-Buying Recommendation for Social E-Commerce, ICDE 2021; "
    "github.com/Sweetnow/group-buying-recommendation",
    "license": "MIT, Jun Zhang 2020",
    "notes": [
        (
            "Groups and members are real; the times are made, because the data has none: groups "
            "begin within one week of November 2025, and members follow within twelve hours."
        ),
        (
            "A real shop gave no such packs: whoever began a group is taken to share one, and "
            "whoever joined it to open it."
        ),
    ],
}


def chance(*about: object) -> float:
    """A number in [0, 1) that these words decide, always the same."""
    digest = hashlib.sha256("/".join(map(str, about)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)


def begins(group: str) -> datetime:
    """When a group begins."""
    heights = list(accumulate(BUSY))
    hour = bisect(heights, chance("hour", group) * heights[-1])
    day = int(chance("day", group) * DAYS)
    return FIRST_DAY + timedelta(days=day, hours=hour, seconds=int(chance("at", group) * 3600))


def follows(group: str, members: int) -> list[timedelta]:
    """How long after that its members come, the earliest first; most of them soon."""
    spans = [LATEST * chance("after", group, member) ** 3 for member in range(members)]
    return sorted(timedelta(minutes=1, seconds=int(span.total_seconds())) for span in spans)


def events() -> Iterator[dict[str, Any]]:
    """Every event, in no order."""
    with gzip.open(HERE / "groups.csv.gz", "rt", encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            group, pack = row["group_id"], f"g{row['group_id']}"
            began = begins(group)
            share = {"kind": "share", "pack": pack, "by": f"m{row['initiator']}"}
            yield {"key": pack, "at": began, "command": share}
            members = row["participants"].split()
            for place, after in enumerate(follows(group, len(members))):
                grab = {"kind": "grab", "pack": pack, "by": f"m{members[place]}"}
                yield {"key": f"{pack}-{place}", "at": began + after, "command": grab}


def lines() -> Iterator[str]:
    """The file, line by line: what it is, then every event by time."""
    yield json.dumps({"about": ABOUT})
    for event in sorted(events(), key=lambda one: (one["at"], one["key"])):
        yield json.dumps({**event, "at": event["at"].isoformat()})


def main() -> None:
    """Write events.jsonl.gz beside this script."""
    target = HERE / "events.jsonl.gz"
    text = "".join(f"{line}\n" for line in lines())
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{target}: {text.count(chr(10)):,} lines")


if __name__ == "__main__":
    main()
