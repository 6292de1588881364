"""Who gained how much: totals by member, kept on disk where they are many."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final, Self

from msgspec import Struct

IN_MEMORY: Final = 50_000
"""How many members are counted in memory before they are written to a temporary file."""
_ROUND: Final = (1, 2, 5)

_MAKE: Final = (
    "create table totals (asset text not null, member text not null, amount integer not null, "
    "awards integer not null, primary key (asset, member)) without rowid"
)
_ADD: Final = (
    "insert into totals values (?, ?, ?, ?) on conflict do update set "
    "amount = amount + excluded.amount, awards = awards + excluded.awards"
)


class Gainer(Struct, frozen=True):
    """What one member gained of an asset, in its smallest unit, in how many awards."""

    member: str
    amount: int
    awards: int


class Bin(Struct, frozen=True):
    """How many members gained at least `start` and less than `end`."""

    start: int
    end: int
    members: int


class Spread(Struct, frozen=True, kw_only=True):
    """How the gains of an asset are spread over the members who have any.

    Args:
        members: how many.
        amount: all together, in the asset's smallest unit.
        median: what half of them gained at most.
        most: what the one who gained most has.
        top_tenth: what the tenth who gained most (at least one member) have together.
        bins: members by what they gained, in steps of 1, 2, 5, 10, 20, ...
    """

    members: int
    amount: int
    median: int
    most: int
    top_tenth: int
    bins: list[Bin]

    @property
    def is_even(self) -> bool:
        """Whether all of them gained the same."""
        return self.members * self.most == self.amount


class Totals:
    """Sums by member and asset. SQLite moves them to a temporary file of its own when need be."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("pragma journal_mode = off")
        self._database.execute("pragma synchronous = off")
        self._database.execute(_MAKE)
        self._recent: dict[tuple[str, str], list[int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, member: str, asset: str, amount: int, *, awards: int = 1) -> None:
        """Count one award; or, with none, what is taken back of earlier ones."""
        found = self._recent.get((asset, member))
        if found is None:
            if len(self._recent) >= IN_MEMORY:
                self._flush()
            self._recent[(asset, member)] = [amount, awards]
        else:
            found[0] += amount
            found[1] += awards

    def _flush(self) -> None:
        rows = [(*who, amount, awards) for who, (amount, awards) in sorted(self._recent.items())]
        self._database.execute("begin")
        self._database.executemany(_ADD, rows)
        self._database.execute("commit")
        self._recent = {}

    def top(self, asset: str, at_most: int) -> list[Gainer]:
        """Those who gained most, the most first; of equals, the first by name."""
        self._flush()
        rows = self._database.execute(
            "select member, amount, awards from totals where asset = ? and amount > 0 "
            "order by amount desc, member limit ?",
            (asset, at_most),
        )
        return [Gainer(*row) for row in rows]

    def gainers(self) -> int:
        """How many members gained anything."""
        self._flush()
        (count,) = self._database.execute(
            "select count(distinct member) from totals where amount > 0"
        ).fetchone()
        found: int = count
        return found

    def spread(self, asset: str) -> Spread:
        """How an asset is spread over its members."""
        self._flush()
        members, amount, most = self._database.execute(
            "select count(*), coalesce(sum(amount), 0), coalesce(max(amount), 0) "
            "from totals where asset = ? and amount > 0",
            (asset,),
        ).fetchone()
        tenth = max(members // 10, 1) if members else 0
        bins = dict.fromkeys(_starts(most), 0)
        starts = list(bins)
        median = top_tenth = seen = 0
        for gained, count in self._by_amount(asset):
            before, seen = seen, seen + count
            if before < (members + 1) // 2 <= seen:
                median = gained
            top_tenth += gained * max(seen - max(before, members - tenth), 0)
            while len(starts) > 1 and gained >= starts[1]:
                starts.pop(0)
            bins[starts[0]] += count
        return Spread(
            members=members,
            amount=amount,
            median=median,
            most=most,
            top_tenth=top_tenth,
            bins=_trimmed(bins),
        )

    def _by_amount(self, asset: str) -> Iterator[tuple[int, int]]:
        yield from self._database.execute(
            "select amount, count(*) from totals where asset = ? and amount > 0 "
            "group by amount order by amount",
            (asset,),
        )


def _starts(most: int) -> list[int]:
    """Where the bins of amounts up to `most` begin.

    Example:
        >>> _starts(30)
        [1, 2, 5, 10, 20]
    """
    starts: list[int] = []
    tens = 1
    while True:
        for step in _ROUND:
            if step * tens > max(most, 1):
                return starts
            starts.append(step * tens)
        tens *= 10


def _trimmed(bins: dict[int, int]) -> list[Bin]:
    """The bins from the first that anybody is in, each with where it ends."""
    starts = list(bins)
    ends = [*starts[1:], _next(starts[-1])]
    full = [Bin(start, end, bins[start]) for start, end in zip(starts, ends, strict=True)]
    first = next((i for i, one in enumerate(full) if one.members), len(full))
    return full[first:]


def _next(start: int) -> int:
    """The round number after a round number: 2 after 1, 5 after 2, 10 after 5."""
    return start // 2 * 5 if str(start)[0] == "2" else start * 2
