"""How long a share takes: ours, seeded for every grab, against the double-mean rule by hand.

Three ways open the same packets of 60 yuan in 10 parts, in turns, in one run; the best turn of
each counts, and only the ratios mean anything:

- *by hand*: the two-line double mean over the global ``random``; nobody can draw it again;
- *by hand, seeded*: the same over ``random.Random(seed)``, made anew for every grab;
- *ours*: ``split.share`` over `SeededDice`, made anew for every grab; checked, and replayable.

Run it alone: ``python benchmarks/splits.py``.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable

from viralcommerce.rules.splits import LuckySplit
from viralcommerce.values.dice import SeededDice
from viralcommerce.values.money import CNY

PARTS, TOTAL, LEAST = 10, 6_000, 300
PACKETS, TURNS = 400, 25
SEEDS = [f"{number * 0x9E3779B97F4A7C15 % 2**128:032x}" for number in range(1, PARTS + 1)]

MOST_BY_HAND = 8.0
"""Ours against the unseeded rule by hand: what being replayable may cost at most."""
MOST_SEEDED = 0.6
"""Ours against the rule by hand with seeded dice, which does the same job."""


def by_hand() -> None:
    left = TOTAL
    for people in range(PARTS, 1, -1):
        spare = left - people * (LEAST - 1)
        left -= LEAST - 1 + random.randrange(1, 2 * spare // people)


def by_hand_seeded() -> None:
    left = TOTAL
    for people in range(PARTS, 1, -1):
        spare = left - people * (LEAST - 1)
        left -= LEAST - 1 + random.Random(SEEDS[people - 1]).randrange(1, 2 * spare // people)


def ours(split: LuckySplit) -> Callable[[], None]:
    def open_all() -> None:
        left = TOTAL
        for taken in range(PARTS - 1):
            left -= split.share(left, taken, SeededDice(SEEDS[taken], "share"))

    return open_all


def measure() -> dict[str, float]:
    """Microseconds a drawn share, by way."""
    double_mean = LuckySplit(CNY(60), parts=PARTS, least=CNY(3))
    uniform = LuckySplit(CNY(60), parts=PARTS, least=CNY(3), how="uniform")
    ways = {
        "by hand": by_hand,
        "by hand, seeded": by_hand_seeded,
        "ours": ours(double_mean),
        "ours, uniform": ours(uniform),
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(TURNS):
        for name, way in ways.items():
            begun = time.perf_counter()
            for _ in range(PACKETS):
                way()
            spent = time.perf_counter() - begun
            best[name] = min(best[name], spent / PACKETS / (PARTS - 1) * 1e6)
    return best


def main() -> int:
    best = measure()
    for name, spent in best.items():
        print(f"{name:16} {spent:6.2f} us a share  {spent / best['by hand']:5.2f} x by hand")
    fits = (
        best["ours"] <= MOST_BY_HAND * best["by hand"]
        and best["ours"] <= MOST_SEEDED * best["by hand, seeded"]
    )
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main())
