"""Attribution over a whole population: which channels matter, by Markov removal and by Shapley.

These say what a channel is worth to the shop, over all who came through it. They do not say whom
to pay for one order, for the share of a touch changes with what other people did since; that is
for the policies in `viralcommerce.spread.attribution`. Everything is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from math import factorial
from typing import Final, TypeVar

from viralcommerce.errors import InexactNumber, InvalidValue

Channel = TypeVar("Channel", bound=Hashable)

MOST_PLAYERS: Final = 16
"""The most players whose coalitions are all looked at; there are 65,536 then."""
MOST_CHANNELS: Final = 200
"""The most channels of a Markov chain that is solved exactly."""

_START: Final = 0


@dataclass(frozen=True)
class Path:
    """Visits of the same shape: through which channels, and how they ended.

    Args:
        channels: in order; the same one may come again.
        conversions: how many of them ended in an order, or what they were worth.
        others: how many did not.

    Raises:
        InvalidValue: a count below zero, or no channel.
        InexactNumber: a float.
    """

    channels: tuple[Hashable, ...]
    _: KW_ONLY
    conversions: int | Fraction = 0
    others: int | Fraction = 0

    def __post_init__(self) -> None:
        if not self.channels:
            raise InvalidValue("path: no channel; leave out who came by themselves")
        for count in (self.conversions, self.others):
            if not isinstance(count, int | Fraction):
                raise InexactNumber(f"path: {count!r:.40} is not exact; give whole numbers")
            if count < 0:
                raise InvalidValue(f"path: {count} visits; give zero or more")


@dataclass(frozen=True)
class Removal:
    """What Markov removal finds.

    Args:
        conversion: how likely a visit converts.
        effects: for each channel, which share of the conversions is lost without it.
        credits: the effects scaled to the conversions there were; they sum to them exactly.
    """

    conversion: Fraction
    effects: dict[Hashable, Fraction]
    credits: dict[Hashable, Fraction]


def removal(paths: Iterable[Path]) -> Removal:
    """Credit by what is lost when a channel is taken out of a first-order Markov chain.

    Visits go from channel to channel with the frequencies seen, whatever came before. A channel is
    taken out by sending whoever would come to it away (Anderl, Becker, von Wangenheim and
    Schumann, IJRM 33:457, 2016). Certainty: high.

    Raises:
        InvalidValue: no visits, or too many channels.

    Example:
        >>> found = removal([Path(("a", "b"), conversions=1), Path(("a",), others=1)])
        >>> found.conversion, found.credits
        (Fraction(1, 2), {'a': Fraction(1, 2), 'b': Fraction(1, 2)})
    """
    seen = list(paths)
    channels = list(dict.fromkeys(channel for path in seen for channel in path.channels))
    if len(channels) > MOST_CHANNELS:
        raise InvalidValue(f"removal: {len(channels)} channels; give {MOST_CHANNELS} or fewer")
    number = {channel: place for place, channel in enumerate(channels, 1)}
    moves: list[dict[int, Fraction]] = [{} for _ in range(len(channels) + 1)]
    ends = [Fraction(0)] * (len(channels) + 1)
    leaves = [Fraction(0)] * (len(channels) + 1)
    for path in seen:
        visits = Fraction(path.conversions + path.others)
        stops = [_START, *(number[channel] for channel in path.channels)]
        for here, there in pairwise(stops):
            moves[here][there] = moves[here].get(there, Fraction(0)) + visits
        ends[stops[-1]] += path.conversions
        leaves[stops[-1]] += path.others
    went = [
        sum(row.values(), end + leave) for row, end, leave in zip(moves, ends, leaves, strict=True)
    ]
    if not went[_START]:
        raise InvalidValue("removal: no visits; give paths that were taken")
    whole = _converts(moves, ends, went, without=None)
    effects: dict[Hashable, Fraction] = {}
    for channel, place in number.items():
        left = _converts(moves, ends, went, without=place) if whole else whole
        effects[channel] = 1 - left / whole if whole else Fraction(0)
    total = sum((Fraction(path.conversions) for path in seen), Fraction(0))
    lost = sum(effects.values(), Fraction(0))
    scale = total / lost if lost else Fraction(0)
    credited = {channel: effect * scale for channel, effect in effects.items()}
    return Removal(conversion=whole, effects=effects, credits=credited)


def _converts(
    moves: Sequence[dict[int, Fraction]],
    ends: Sequence[Fraction],
    went: Sequence[Fraction],
    *,
    without: int | None,
) -> Fraction:
    """How likely a visit converts: ``went·p = ends + moves·p``, solved for the start.

    The last channel is put into the rows of the others, then the one before it, and so on; only
    who leads to whom is looked at, so that sparse chains stay sparse.
    """
    rows = [{there: count for there, count in row.items() if there != without} for row in moves]
    known, scale = list(ends), list(went)
    for last in range(len(rows) - 1, _START, -1):
        if last == without or not scale[last]:
            continue
        scale[last] -= rows[last].pop(last, Fraction(0))  # above zero: every path has an end
        for here in range(last):
            count = rows[here].pop(last, None)
            if count is None:
                continue
            share = count / scale[last]
            known[here] += share * known[last]
            for there, onward in rows[last].items():
                rows[here][there] = rows[here].get(there, Fraction(0)) + share * onward
    return known[_START] / scale[_START]


def shapley_of_paths(paths: Iterable[Path]) -> dict[Hashable, Fraction]:
    """Credit by the Shapley value where an order needs every channel of its path.

    Then it is the equal split of each conversion over the distinct channels of its path (Zhao,
    Mahboobi and Bagheri, arXiv:1804.05327, 2018). Certainty: high.

    Example:
        >>> shapley_of_paths([Path(("a", "b", "a"), conversions=4), Path(("b",), conversions=1)])
        {'a': Fraction(2, 1), 'b': Fraction(3, 1)}
    """
    credited: dict[Hashable, Fraction] = {}
    for path in paths:
        distinct = dict.fromkeys(path.channels)
        for channel in distinct:
            part = Fraction(path.conversions) / len(distinct)
            credited[channel] = credited.get(channel, Fraction(0)) + part
    return credited


def shapley(
    players: Sequence[Channel], worth: Callable[[frozenset[Channel]], int | Fraction]
) -> dict[Channel, Fraction]:
    """The Shapley value of any game, over all coalitions.

    Args:
        players: at most `MOST_PLAYERS`, all different.
        worth: of a coalition; asked once for each, the empty one too.

    Raises:
        InvalidValue: too many players, or one twice.

    Example:
        >>> shapley(("a", "b"), lambda who: 6 if who == {"a", "b"} else 2 * ("a" in who))
        {'a': Fraction(4, 1), 'b': Fraction(2, 1)}
    """
    size = len(players)
    if size > MOST_PLAYERS or len(set(players)) < size:
        raise InvalidValue(f"shapley: {size} players; give {MOST_PLAYERS} or fewer, each once")
    coalitions = [
        frozenset(coalition)
        for count in range(size + 1)
        for coalition in combinations(players, count)
    ]
    known = {coalition: Fraction(worth(coalition)) for coalition in coalitions}
    chance = [
        Fraction(factorial(count) * factorial(size - count - 1), factorial(size))
        for count in range(size)
    ]
    return {
        player: sum(
            (
                chance[len(coalition)] * (known[coalition | {player}] - value)
                for coalition, value in known.items()
                if player not in coalition
            ),
            Fraction(0),
        )
        for player in players
    }
