"""Packs over 1,000 real trees of reposts, with all their dirt: every refusal is accounted for.

A tree is a pack: who wrote the root shares it, whoever reposts opens it. The time of day of a root
is made (the data has its day only); the seconds after it are real. In the data are members who
repost themselves and members who repost twice, posts earlier than the one they repost, and one
earlier than the root of its tree.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import connect
from typing import Any, NamedTuple

import pytest

from replaying import WHOLE, data, reasons, replayed
from viralcommerce import CNY

TOTAL, PARTS, OPEN_FOR = CNY(60), 20, timedelta(days=3)
CAMPAIGN = {
    "kind": "campaign",
    "name": "repost-pack",
    "mechanic": {
        "kind": "coupon_pack",
        "split": {
            "kind": "lucky_split", "total": str(TOTAL), "parts": PARTS, "least": "CNY 1.00"
        },
        "open_for": "3 days",
    },
    "grants": [
        {
            "kind": "grant",
            "name": "reposter",
            "give": {"kind": "coupon", "amount": "100%", "valid_for": "7 days"},
            "to": "grabber",
            "on": "grabbed",
        },
        {
            "kind": "grant",
            "name": "author",
            "give": {"kind": "points", "points": 1},
            "to": "sharer",
            "on": "grabbed",
            "at_most": [{"kind": "limit", "at_most": 5, "per": "pack"}],
        },
    ],
    "budget": "unlimited",
    "zone": "Asia/Shanghai",
}  # fmt: skip
SAMPLE = 40
"""How many trees are run unless all are asked for."""


class Post(NamedTuple):
    """A post of a tree: where it stands in the file, after whom, when, by whom."""

    at: datetime
    place: int
    tree: str
    node: str
    parent: str
    user: str


def posts(trees: int) -> list[Post]:
    """The posts of the first trees, by time; of equal times, as in the file."""
    days: dict[str, datetime] = {}
    with data("weibo_ced/cascades.csv").open(newline="") as opened:
        for row in csv.DictReader(opened):
            noon = datetime.fromisoformat(f"{row['root_date_cst']}T12:00:00+08:00")
            days[row["cascade_id"]] = noon
    chosen = set(sorted(days, key=int)[:trees])
    found: list[Post] = []
    with gzip.open(data("weibo_ced/events.csv.gz"), "rt", newline="") as opened:
        for place, row in enumerate(csv.DictReader(opened)):
            tree = row["cascade_id"]
            if tree in chosen:
                at = days[tree] + timedelta(seconds=int(row["dt_s"]))
                found.append(Post(at, place, tree, row["node"], row["parent"], row["user"]))
    return sorted(found)


def events(found: list[Post]) -> Iterator[dict[str, Any]]:
    for post in found:
        kind = "grab" if post.parent else "share"
        command = {"kind": kind, "pack": f"t{post.tree}", "by": f"u{post.user}"}
        key = f"{post.tree}-{post.node}"
        yield {"key": key, "at": post.at.isoformat(), "command": command}


def expected(found: list[Post]) -> Counter[str]:
    """What must come of it, counted from the raw posts in as plain a way as there is."""
    count: Counter[str] = Counter()
    began: dict[str, tuple[datetime, str]] = {}
    takers: dict[str, set[str]] = {}
    for post in found:
        if not post.parent:
            began[post.tree] = (post.at, post.user)
            takers[post.tree] = set()
            count["shared"] += 1
        elif post.tree not in began:
            count["no_such_pack"] += 1
        elif post.user in takers[post.tree]:
            count["already_grabbed"] += 1
        elif post.user == began[post.tree][1]:
            count["own_pack"] += 1
        elif len(takers[post.tree]) == PARTS:
            count["pack_empty"] += 1
        elif post.at >= began[post.tree][0] + OPEN_FOR:
            count["pack_over"] += 1
        else:
            takers[post.tree].add(post.user)
            count["taken"] += 1
    count["emptied"] = sum(len(each) == PARTS for each in takers.values())
    return count


def dirt(found: list[Post]) -> Counter[str]:
    """What is odd in the data."""
    count: Counter[str] = Counter()
    by_node = {(post.tree, post.node): post for post in found}
    seen: set[tuple[str, str]] = set()
    for post in sorted(found, key=lambda one: one.place):
        parent = by_node.get((post.tree, post.parent))
        if parent is not None:
            count["of oneself"] += parent.user == post.user
            count["before its parent"] += post.at < parent.at
            count["before the root"] += post.at < by_node[(post.tree, "0")].at
        count["again"] += (post.tree, post.user) in seen
        seen.add((post.tree, post.user))
    return count


def check(found: list[Post], folder: Path) -> None:
    """Every post has one answer, and each answer is the one that the plain count gives."""
    store = folder / "weibo.db"
    result = replayed(folder, CAMPAIGN, events(found), "--store", str(store))
    ran, summary, wanted = result["ran"], result["summary"], expected(found)
    codes = ("no_such_pack", "already_grabbed", "own_pack", "pack_empty", "pack_over")
    assert reasons(result) == {code: wanted[code] for code in codes if wanted[code]}
    assert ran["accepted"] == wanted["shared"] + wanted["taken"]
    assert ran["accepted"] + ran["refused"] == ran["events"] == len(found)
    assert (ran["bad"], ran["late"], ran["repeated"], ran["there_already"]) == (0, 0, 0, 0)
    packs = summary["packs"]
    assert (packs["shared"], packs["emptied"]) == (wanted["shared"], wanted["emptied"])
    assert sum(taken * count for taken, count in enumerate(packs["fill"])) == wanted["taken"]
    assert result["audit"]["problems"] == []
    never_too_much(store, wanted)


def never_too_much(store: Path, wanted: Counter[str]) -> None:
    """RQ-1: by plain SQL on the ledger, no pack gave more than it had, nor to anybody twice."""
    with closing(connect(store)) as opened:
        rows = opened.execute(
            "select instance, count(*), count(distinct target), sum(amount), min(amount) "
            "from viral_ledger where award is not null and asset = 'CNY' group by instance"
        ).fetchall()
    assert sum(count for _, count, _, _, _ in rows) == wanted["taken"]
    for instance, count, members, amount, least in rows:
        assert count == members <= PARTS, instance
        assert least >= 100, instance
        assert (amount == TOTAL.minor) if count == PARTS else (amount < TOTAL.minor), instance


def test_the_first_trees(tmp_path: Path) -> None:
    """RQ-16: who shares with themselves gains nothing by it; RQ-1: nothing is over-given."""
    check(posts(SAMPLE), tmp_path)


@pytest.mark.skipif(not WHOLE, reason="takes a minute; set VIRALCOMMERCE_WHOLE=1")
@pytest.mark.timeout(900)
def test_all_trees(tmp_path: Path) -> None:
    found = posts(1_000)
    assert len(found) == 382_819  # 1,000 roots and 381,819 reposts
    assert dirt(found) == {
        "of oneself": 2_545,
        "before its parent": 1,
        "before the root": 1,
        "again": 15_085,
    }
    check(found, tmp_path)
