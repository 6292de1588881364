"""Coupons passed from hand to hand among 264 jazz musicians, read as invites.

    python coupons.py respondents.csv | viralcommerce measure -

The Study of Jazz Artists (Heckathorn and Jeffri 2001) paid musicians for bringing others: who was
interviewed got numbered coupons to hand on, and who came with one was that person's recruit. The
data, ``respondents.csv`` with the columns ``id``, ``own_coupon`` and ``coupons``, comes from the R
package RDS (LGPL-2.1) and is not here. It has no times: people are in the order of their numbers.

What real codes do stands in it: `oddities` counts them.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple


class Respondent(NamedTuple):
    """A person: the code they came with, or none, and the codes that they were given."""

    id: str
    came_with: str
    given: tuple[str, ...]


class Step(NamedTuple):
    """What happened to a code: it was issued to somebody, or redeemed by somebody."""

    kind: Literal["issue", "redeem"]
    code: str
    by: str


class Oddities(NamedTuple):
    """What an invite campaign has to stand.

    Args:
        people: how many there are.
        unaided: who came without a code.
        issued: how many different codes were issued.
        issued_again: codes that stand twice among those of one person.
        issued_to_two: codes that two people were given.
        redeemed: how many people came with a code.
        redeemed_again: codes that more than one person came with, and how many did.
        never_issued: codes that people came with and nobody was given, and how many did.
        too_early: people with a smaller number than the one who was given their code.
    """

    people: int
    unaided: int
    issued: int
    issued_again: int
    issued_to_two: int
    redeemed: int
    redeemed_again: dict[str, int]
    never_issued: dict[str, int]
    too_early: list[str]


def read(path: Path) -> list[Respondent]:
    """All respondents, in the order of their numbers."""
    with path.open(newline="", encoding="utf-8") as opened:
        return [
            Respondent(row["id"], row["own_coupon"], tuple(row["coupons"].split()))
            for row in csv.DictReader(opened)
        ]


def steps(people: Iterable[Respondent]) -> Iterator[Step]:
    """What happened to codes, person by person: each redeems the one they have, then is given
    theirs.
    """
    for one in people:
        if one.came_with:
            yield Step("redeem", one.came_with, one.id)
        for code in one.given:
            yield Step("issue", code, one.id)


def issuers(people: Iterable[Respondent]) -> dict[str, list[str]]:
    """Who was given each code, once for each time."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in people:
        for code in one.given:
            found[code].append(one.id)
    return dict(found)


def oddities(people: Sequence[Respondent]) -> Oddities:
    """What is odd about the codes."""
    given = issuers(people)
    used = Counter(one.came_with for one in people if one.came_with)
    place = {one.id: at for at, one in enumerate(people)}
    return Oddities(
        people=len(people),
        unaided=sum(not one.came_with for one in people),
        issued=len(given),
        issued_again=sum(len(set(to)) == 1 and len(to) > 1 for to in given.values()),
        issued_to_two=sum(len(set(to)) > 1 for to in given.values()),
        redeemed=used.total(),
        redeemed_again={code: times for code, times in used.items() if times > 1},
        never_issued={code: times for code, times in used.items() if code not in given},
        too_early=[
            one.id
            for one in people
            if one.came_with in given and place[given[one.came_with][0]] > place[one.id]
        ],
    )


def links(people: Sequence[Respondent]) -> Iterator[tuple[str, str]]:
    """Who was brought by whom; who came without a code, or with one nobody was given, is a root.

    Raises:
        ValueError: somebody came with a code that two people were given.
    """
    given = issuers(people)
    for one in people:
        to = set(given.get(one.came_with, ()))
        if len(to) > 1:
            raise ValueError(f"{one.id}: {one.came_with} was given to {', '.join(sorted(to))}")
        yield one.id, next(iter(to), "")


def main() -> None:
    people = read(Path(sys.argv[1]))
    for name, value in oddities(people)._asdict().items():
        print(f"{name}: {value}", file=sys.stderr)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("id", "parent"))
    out.writerows(links(people))


if __name__ == "__main__":
    main()
