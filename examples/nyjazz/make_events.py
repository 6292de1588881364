"""Make events from coupons passed from hand to hand: each is a code, each redemption a friend.

    python examples/nyjazz/make_events.py [DATA] > out/jazz.jsonl
    viralcommerce run examples/nyjazz/campaign.json out/jazz.jsonl --until 2026-03-01T00:00:00Z

Who was given which code, and who came with which, is real: `coupons` says where it comes from. The
rest is synthetic, made from the numbers of the people and from nothing else, so that it is the
same every time: when somebody came, and all orders and refunds. DATA is the folder that has
nyjazz_rds/respondents.csv: VIRALCOMMERCE_DATA unless said, or else ../shared/data beside this
repository.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

from coupons import Respondent, read, steps

REPOSITORY = Path(__file__).resolve().parents[2]
FILE = Path("nyjazz_rds") / "respondents.csv"
START = datetime(2025, 11, 1, 9, tzinfo=ZoneInfo("America/New_York"))
APART = timedelta(hours=2)
ABOUT = {
    "title": "Numbered coupons of 264 jazz musicians, taken as invite codes",
    "source": "Study of Jazz Artists, New York (Heckathorn and Jeffri 2001), from the R package "
    "RDS (Gile et al.)",
    "license": "LGPL-2.1",
    "notes": [
        (
            "Real: who was given which code and who came with which; codes that nobody was given, "
            "or two people were, included."
        ),
        (
            "Synthetic: every order, every refund, every amount of money, and all times. They are "
            "made from the numbers of the people; nobody in the study bought anything."
        ),
    ],
}


def dice(*of: object) -> int:
    """A number below 10,000 that these things always come to."""
    text = "/".join(map(str, of))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % 10_000


def code(number: str) -> str:
    """A coupon's number as a code.

    Its digits are set apart, since 26 of the numbers would read like a word that no code may
    spell: in 9058 somebody would see "sob".
    """
    return f"RDS-{'X'.join(number)}"


def events(people: Iterable[Respondent]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Commands with their times, person by person."""
    people = list(people)
    came = {one.id: START + place * APART for place, one in enumerate(people)}
    for number, step in enumerate(steps(people)):
        at = came[step.by] + timedelta(seconds=number % 1_000)
        said = {"by": f"m{step.by}"}
        if step.kind == "issue":
            yield at, {"kind": "issue", "vanity": code(step.code), **said}
        else:
            yield at, {"kind": "join", "code": code(step.code), **said}
    for one in people:
        yield from orders(one.id, came[one.id])


def orders(who: str, came: datetime) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """None to three orders of somebody, a quarter of them refunded in part or whole: synthetic."""
    for number in range(dice(who, "orders") % 4):
        name = f"o{who}-{number + 1}"
        at = came + timedelta(hours=1 + dice(name, "when") % 200)
        minor = 2_000 + dice(name, "amount") * 3
        yield at, ordered("order", f"m{who}", name, minor)
        if dice(name, "refunded") % 4 == 0:
            back = minor if dice(name, "whole") % 2 else minor // 3
            later = at + timedelta(hours=5 + dice(name, "later") % 600)
            yield later, ordered("refund", "desk", name, back, refund=f"r{name}")


def ordered(kind: str, by: str, name: str, minor: int, **more: str) -> dict[str, Any]:
    """A command about an order."""
    amount = {"minor": minor, "currency": "CNY"}
    return {"kind": kind, "by": by, "order": name, "amount": amount, **more}


def lines(people: Iterable[Respondent]) -> Iterator[str]:
    """The event file, line by line, in order of time."""
    yield json.dumps({"about": ABOUT})
    told = sorted(events(people), key=lambda event: event[0])
    for key, (at, command) in enumerate(told, 1):
        yield json.dumps({"key": f"jazz-{key}", "at": at.isoformat(), "command": command})


def main() -> None:
    beside = REPOSITORY.parent / "shared" / "data"
    folder = sys.argv[1] if sys.argv[1:] else os.environ.get("VIRALCOMMERCE_DATA") or beside
    file = Path(folder) / FILE
    if not file.is_file():
        sys.exit(f"{file} is not there; give the folder that has {FILE}")
    for line in lines(read(file)):
        print(line)


if __name__ == "__main__":
    main()
