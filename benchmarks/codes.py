"""A million codes: no two alike, and how long that takes beside `secrets` doing less.

- *secrets*: as many letters of the same alphabet by ``secrets.choice``, joined: uniform, and
  nothing else; no check character, no screening, and nobody can draw them again;
- *token*: ``secrets.token_urlsafe``, the cheapest unguessable text there is;
- *ours*: `CodeFormat.draw` of 16 bytes of ``secrets``: uniform, checked, screened, repeatable.

At 12 characters a million codes share one with a chance of 1.4e-5, which is the false-alarm rate
of this benchmark. Run it alone: ``python benchmarks/codes.py``.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable

from viralcommerce.values.codes import CROCKFORD_32, CodeFormat

MILLION = 1_000_000
TURNS, SOME = 7, 5_000
FORM = CodeFormat(12)

MOST = 1.2
"""Ours against letters by `secrets.choice`, at most."""


def by_secrets() -> str:
    return "".join(secrets.choice(CROCKFORD_32) for _ in range(FORM.length))


def by_token() -> str:
    return secrets.token_urlsafe(8)


def ours() -> str:
    return FORM.draw(secrets.token_bytes(16))


WAYS: dict[str, Callable[[], str]] = {"secrets": by_secrets, "token": by_token, "ours": ours}


def measure() -> dict[str, float]:
    """Microseconds a code, by way."""
    best = dict.fromkeys(WAYS, float("inf"))
    for _ in range(TURNS):
        for name, way in WAYS.items():
            begun = time.perf_counter()
            for _ in range(SOME):
                way()
            best[name] = min(best[name], (time.perf_counter() - begun) / SOME * 1e6)
    return best


def collisions(count: int) -> int:
    """How many of so many drawn codes came before."""
    return count - len({ours() for _ in range(count)})


def test_codes_cost_little_more_than_their_letters() -> None:
    best = measure()
    assert best["ours"] <= MOST * best["secrets"], best


def test_a_million_codes_are_a_million() -> None:
    FORM.refuse_if_dense(MILLION)
    assert collisions(MILLION) == 0


def main() -> int:
    best = measure()
    for name, spent in best.items():
        print(f"{name:8} {spent:6.2f} us a code  {spent / best['secrets']:5.2f} x secrets")
    begun = time.perf_counter()
    twice = collisions(MILLION)
    spent = time.perf_counter() - begun
    print(f"{MILLION:,} codes in {spent:.1f} s, {twice} of them twice")
    print(f"expected chance of one: {FORM.collision_chance(MILLION):.1e}")
    return 0 if not twice and best["ours"] <= MOST * best["secrets"] else 1


if __name__ == "__main__":
    sys.exit(main())
