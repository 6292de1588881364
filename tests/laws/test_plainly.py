"""The law of runtime/plainly.py, by its name."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta

import pytest

from shops import at
from viralcommerce import CNY, Campaign, Grant, Points, Shop, hours
from viralcommerce.errors import KeyReused
from viralcommerce.mechanics import collect
from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.life import Stage
from viralcommerce.runtime.plainly import plainly
from viralcommerce.runtime.ports import Decision, Found, Writes
from viralcommerce.runtime.request import Context, Request
from viralcommerce.testing.doubles import FakeIssuer

CAMPAIGN = Campaign(
    "plain",
    collect.Collect(goal=3, within=hours(1)),
    grants=(
        Grant(Points(1), to=collect.LIKER, on=collect.LIKED),
        Grant(Points(9), to=collect.COLLECTOR, on=collect.REACHED),
    ),
    budget=CNY(1),
)
PEOPLE = ("ann", "bob", "cat", "dan", "eve")
STAGES: dict[int, Stage] = {60: "paused_new", 75: "live", 100: "shadow", 115: "live"}


@pytest.mark.parametrize("issues", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_plainly_is_straight(monkeypatch: pytest.MonkeyPatch, seed: int, issues: bool) -> None:
    """Some of every kind: plain, refused, again under its key, over, paused, in shadow."""
    answered = left = 0

    def both(context: Context, request: Request, found: Found) -> tuple[Decision, Writes] | None:
        nonlocal answered, left
        done = plainly(context, request, found)
        if done is None:
            left += 1
        else:
            batch = Batch(context, found, {}, {}, {})
            assert (batch.one(request), batch.writes()) == done
            answered += 1
        return done

    monkeypatch.setattr("viralcommerce.runtime.straight.plainly", both)
    dice, now = random.Random(seed), at()
    with Shop.open("memory:", CAMPAIGN, issuer=FakeIssuer() if issues else None) as shop:
        for number in range(200):
            now += timedelta(minutes=dice.choice((0, 1, 2, 9)))
            stage = STAGES.get(number)
            if stage is not None:
                shop.set_stage(CAMPAIGN, stage, by="ops", why="a test")
            if number == 150:
                if issues:
                    shop.deliver(limit=1_000)
                shop.forget("eve")
            kind = dice.choice((collect.Ask, collect.Like, collect.Like, collect.Unlike))
            key = f"k{number if dice.random() < 0.9 else dice.randrange(number + 1)}"
            with suppress(KeyReused):
                ask = f"a{number // 15}-{dice.randrange(2)}"
                shop.handle(CAMPAIGN, kind(ask=ask, by=dice.choice(PEOPLE), key=key, at=now))
    assert min(answered, left) > 20
