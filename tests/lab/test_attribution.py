"""Attribution over a population: identities, odd chains, and what cannot be."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.errors import InexactNumber, InvalidValue
from viralcommerce.lab.attribution import Path, removal, shapley, shapley_of_paths

paths = st.lists(
    st.builds(
        Path,
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=5).map(tuple),
        conversions=st.integers(0, 5),
        others=st.integers(0, 5),
    ),
    min_size=1,
    max_size=6,
)


def by_brute_force(seen: list[Path], without: str) -> Fraction:
    """Conversion by rounds of the chain, until what is still on its way is next to nothing."""
    moves: dict[str, dict[str, Fraction]] = {}
    for path in seen:
        visits = path.conversions + path.others
        steps = ["start", *map(str, path.channels)]
        for here, there in pairwise(steps):
            row = moves.setdefault(here, {})
            row[there] = row.get(there, Fraction(0)) + visits
        row = moves.setdefault(steps[-1], {})
        row["yes"] = row.get("yes", Fraction(0)) + path.conversions
        row["no"] = row.get("no", Fraction(0)) + path.others
    here, won = {"start": 1.0}, 0.0
    for _ in range(400):
        after: dict[str, float] = {}
        for place, chance in here.items():
            total = sum(moves[place].values())
            for there, count in moves[place].items():
                part = chance * float(count / total)
                if there == "yes":
                    won += part
                elif there not in ("no", without):
                    after[there] = after.get(there, 0.0) + part
        here = after
    return Fraction(won)


@given(paths)
def test_removal_is_what_the_chain_does(seen: list[Path]) -> None:
    seen = [path for path in seen if path.conversions + path.others]
    if not seen:
        return
    found = removal(seen)
    assert float(found.conversion) == pytest.approx(float(by_brute_force(seen, "")), abs=1e-6)
    for channel, effect in found.effects.items():
        left = float(by_brute_force(seen, str(channel)))
        assert float(found.conversion * (1 - effect)) == pytest.approx(left, abs=1e-6)
        assert 0 <= effect <= 1
    if found.conversion:
        assert sum(found.credits.values()) == sum(path.conversions for path in seen)


@given(paths)
def test_shapley_of_paths_is_the_shapley_value(seen: list[Path]) -> None:
    found = shapley_of_paths(seen)

    def conversions(coalition: frozenset[object]) -> Fraction:
        return sum(
            (Fraction(path.conversions) for path in seen if set(path.channels) <= coalition),
            Fraction(0),
        )

    assert shapley(list(found), conversions) == found
    assert sum(found.values()) == sum(path.conversions for path in seen)


def test_a_channel_that_leads_nowhere() -> None:
    found = removal([Path(("a", "a", "a"), others=3), Path(("b",), conversions=1)])
    assert found.effects == {"a": 0, "b": 1}
    assert found.credits == {"a": 0, "b": 1}


def test_nobody_ordered() -> None:
    found = removal([Path(("a", "b"), others=3)])
    assert (found.conversion, found.credits) == (0, {"a": 0, "b": 0})


def test_a_hundred_channels_are_solved_exactly() -> None:
    seen = [
        Path((f"c{number}", f"c{number * 7 % 100}"), conversions=number % 3, others=1)
        for number in range(100)
    ]
    assert sum(removal(seen).credits.values()) == 99


@pytest.mark.parametrize(
    "make",
    [
        lambda: Path(()),
        lambda: Path(("a",), conversions=-1),
        lambda: Path(("a",), conversions=0.5),  # type: ignore[arg-type]
        lambda: removal([]),
        lambda: removal([Path(("a",))]),
        lambda: removal([Path(tuple(range(201)), conversions=1)]),
        lambda: shapley(range(17), len),
        lambda: shapley(("a", "a"), len),
    ],
)
def test_what_cannot_be(make: Any) -> None:
    with pytest.raises((InvalidValue, InexactNumber)):
        make()
