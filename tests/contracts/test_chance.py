"""Clocks and sources of chance: ours keep their contracts, broken ones are caught by name."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from viralcommerce.runtime.chance import DerivedEntropy, SystemClock, SystemEntropy
from viralcommerce.runtime.ports import Clock, Entropy
from viralcommerce.testing import ScriptedClock, ScriptedEntropy
from viralcommerce.testing.contracts import (
    CLOCK_LAWS,
    ENTROPY_LAWS,
    ClockContract,
    EntropyContract,
    LawBroken,
    check_clock,
    check_entropy,
)
from viralcommerce.testing.laws import name_of


class TestSystemClock(ClockContract):
    """The machine's."""

    def make_clock(self) -> Clock:
        return SystemClock()


class TestScriptedClock(ClockContract):
    """The double."""

    def make_clock(self) -> Clock:
        return ScriptedClock()


class TestSystemEntropy(EntropyContract):
    """The machine's."""

    def make_entropy(self) -> Entropy:
        return SystemEntropy()


class TestDerivedEntropy(EntropyContract):
    """From a secret."""

    def make_entropy(self) -> Entropy:
        return DerivedEntropy("secret")


class TestScriptedEntropy(EntropyContract):
    """The double."""

    def make_entropy(self) -> Entropy:
        return ScriptedEntropy()


class SaysLocalTime:
    """EC-5: a time without a zone."""

    def now(self) -> datetime:
        return datetime(2026, 11, 11)  # noqa: DTZ001


class BeginsIn1970(ScriptedClock):
    """A machine whose battery is empty."""

    def now(self) -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC)


class IsSetBack(ScriptedClock):
    """Corrected by seconds in the middle of things."""

    count = itertools.count()

    def now(self) -> datetime:
        return super().now() - timedelta(seconds=int(next(self.count) % 100 == 99))


class CountsFromOne(SystemEntropy):
    """A counter in each process."""

    count: Any = None

    def key(self) -> str:
        return f"key-{next(self.count)}" if self.count else "key-1"


class TakesTheClocksKeys(SystemEntropy):
    """Keys like those of deadlines."""

    def key(self) -> str:
        return f"(clock)/{super().key()}"


class RollsOneDie(SystemEntropy):
    """One seed for all."""

    def seed(self, key: str) -> str:
        return "c0ffee" * 4


class SaysWords(SystemEntropy):
    """Seeds that are no hexadecimal."""

    def seed(self, key: str) -> str:
        return f"seed of {key}"


@pytest.mark.parametrize(
    ("animal", "laws"),
    [
        (SaysLocalTime, {"has_a_zone"}),
        (BeginsIn1970, {"is_a_moment_of_now"}),
        (IsSetBack, {"does_not_go_back"}),
    ],
)
def test_a_broken_clock_is_caught_by_name(animal: type[Clock], laws: set[str]) -> None:
    with pytest.raises(LawBroken) as caught:
        check_clock(animal)
    assert set(caught.value.laws) >= laws


@pytest.mark.parametrize(
    ("animal", "laws"),
    [
        (CountsFromOne, {"keys_differ"}),
        (TakesTheClocksKeys, {"keys_are_ids"}),
        (RollsOneDie, {"seeds_differ"}),
        (SaysWords, {"seeds_are_dice"}),
    ],
)
def test_broken_chance_is_caught_by_name(animal: type[Entropy], laws: set[str]) -> None:
    with pytest.raises(LawBroken) as caught:
        check_entropy(animal)
    assert set(caught.value.laws) >= laws


def test_every_law_of_clock_and_chance_is_broken_by_some_animal() -> None:
    clock: Any = test_a_broken_clock_is_caught_by_name
    chance: Any = test_broken_chance_is_caught_by_name
    assert _caught(clock) == {name_of(law) for law in CLOCK_LAWS}
    assert _caught(chance) == {name_of(law) for law in ENTROPY_LAWS}


def _caught(check: Any) -> set[str]:
    return set().union(*(row[1] for row in check.pytestmark[0].args[1]))
