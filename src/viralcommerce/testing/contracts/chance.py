"""The contracts of a clock, and of where chance comes from: `check_clock` and `check_entropy`."""

from __future__ import annotations

import functools
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from viralcommerce.runtime.ports import Clock, Entropy
from viralcommerce.testing.laws import Background, Law, name_of, obeys, obeys_all, same, wrong
from viralcommerce.values.dice import SeededDice
from viralcommerce.values.ids import check_id

if TYPE_CHECKING:
    import pytest

MakeClock = Callable[[], Clock]
MakeEntropy = Callable[[], Entropy]
FIRST_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
MANY: Final = 1_000
"""How many keys and seeds are drawn."""


def has_a_zone(make: MakeClock) -> None:
    """A moment has a zone, so that everybody knows which instant it is."""
    now = make().now()
    if now.utcoffset() is None:
        wrong(f"the time is {now!r}: no moment with a zone")


def is_a_moment_of_now(make: MakeClock) -> None:
    """A moment lies in this century and before the last year that a calendar has."""
    now = make().now().astimezone(UTC)
    if not FIRST_MOMENT <= now < datetime(9999, 1, 1, tzinfo=UTC):
        wrong(f"the time is {now.isoformat()}")


def does_not_go_back(make: MakeClock) -> None:
    """Asked again and again, a clock stands or goes forward."""
    clock = make()
    before = clock.now()
    for _ in range(MANY):
        now = clock.now()
        if now < before:
            wrong(f"after {before.isoformat()} came {now.isoformat()}")
        before = now


CLOCK_LAWS: Final[tuple[Law[MakeClock], ...]] = (
    has_a_zone,
    is_a_moment_of_now,
    does_not_go_back,
)
"""What every clock promises."""


def keys_are_ids(make: MakeEntropy) -> None:
    """A key is a text that every store can keep, and not the clock's."""
    for key in {make().key(), make().key()}:
        check_id(key, "key")
        if key.startswith("("):
            wrong(f"the key {key!r} begins like one of the clock's")


def keys_differ(make: MakeEntropy) -> None:
    """No key comes twice, whichever thread asks."""
    entropy = make()
    rows = [Background(functools.partial(_keys, entropy)) for _ in range(4)]
    keys = [key for row in rows for key in row.result()]
    same(len(set(keys)), len(keys), "different keys among those drawn")


def seeds_are_dice(make: MakeEntropy) -> None:
    """A seed is hexadecimal, of 64 bits or more, and dice fall from it."""
    entropy = make()
    for number in range(20):
        seed = entropy.seed(f"key-{number}")
        if re.fullmatch(r"[0-9a-f]{16,}", seed) is None:
            wrong(f"the seed {seed!r} is not 16 or more hexadecimal digits")
        SeededDice(seed).below(6)


def seeds_differ(make: MakeEntropy) -> None:
    """Two commands have two seeds."""
    entropy = make()
    seeds = [entropy.seed(f"key-{number}") for number in range(MANY)]
    same(len(set(seeds)), MANY, f"different seeds of {MANY} commands")


def _keys(entropy: Entropy) -> list[str]:
    return [entropy.key() for _ in range(MANY // 4)]


ENTROPY_LAWS: Final[tuple[Law[MakeEntropy], ...]] = (
    keys_are_ids,
    keys_differ,
    seeds_are_dice,
    seeds_differ,
)
"""What every source of chance promises."""


def check_clock(make_clock: MakeClock) -> None:
    """Hold a clock to its contract.

    Raises:
        LawBroken: naming every law that it breaks, with what was seen.
    """
    obeys_all(CLOCK_LAWS, lambda: make_clock)


def check_entropy(make_entropy: MakeEntropy) -> None:
    """Hold a source of chance to its contract.

    Raises:
        LawBroken: naming every law that it breaks, with what was seen.
    """
    obeys_all(ENTROPY_LAWS, lambda: make_entropy)


class ClockContract(ABC):
    """The contract for pytest: inherit, begin the name with ``Test``, say how to make one."""

    @abstractmethod
    def make_clock(self) -> Clock:
        """The clock."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each law."""
        metafunc.parametrize("law", CLOCK_LAWS, ids=name_of)

    def test_obeys(self, law: Law[MakeClock]) -> None:
        """The clock obeys this law."""
        obeys(law, self.make_clock)


class EntropyContract(ABC):
    """The contract for pytest: inherit, begin the name with ``Test``, say how to make one."""

    @abstractmethod
    def make_entropy(self) -> Entropy:
        """Where chance comes from."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each law."""
        metafunc.parametrize("law", ENTROPY_LAWS, ids=name_of)

    def test_obeys(self, law: Law[MakeEntropy]) -> None:
        """The source obeys this law."""
        obeys(law, self.make_entropy)
