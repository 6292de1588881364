"""A game that draws when its time is over: dice for the clock, whoever acts for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from raffle import RAFFLE, Draw, Enter, Raffle
from shops import NOON, at, plain, shop_of
from viralcommerce.kinds import KINDS
from viralcommerce.rules.conditions import PaidOrders
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import ScriptedClock

KNOWN = KINDS | {"raffle": Raffle}
PEOPLE = ("ann", "bob", "cid", "dee")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "viral.db")


def entered(store: Any, campaign: Any = RAFFLE, hats: int = 1, **ports: Any) -> Any:
    """A shop with everybody's name in the hats."""
    shop = shop_of(campaign, store=store, kinds=KNOWN, **ports)
    told = [Enter(hat=f"h{hat}", by=by, at=NOON) for hat in range(hats) for by in PEOPLE]
    shop.handle_many(campaign, told)
    return shop


def winners(store: Any) -> list[str]:
    lines = [plain(line.decision) for line in store.journal("raffle")]
    return [one["awards"][0]["to"] for one in lines if one.get("awards")]


def test_the_clock_draws_and_the_audit_draws_the_same(store: Any) -> None:
    shop = entered(store, hats=40, entropy=DerivedEntropy("secret"))
    assert shop.tick(at(hours=1)) == 40
    drawn = winners(store)
    assert set(drawn) == set(PEOPLE)  # nobody left out: by chance once in 25,000
    assert max(Counter(drawn).values()) < 40
    assert audit(store, kinds=KNOWN).is_clean
    again = MemoryStore()
    entered(again, hats=40, entropy=DerivedEntropy("secret")).tick(at(hours=1))
    assert winners(again) == drawn


def test_a_command_that_comes_upon_the_end_brings_the_dice(store: Any) -> None:
    shop = entered(store, hats=40, entropy=DerivedEntropy("secret"))
    late = [Enter(hat=f"h{hat}", by="eve", at=at(hours=1), key=f"late{hat}") for hat in range(40)]
    told = shop.handle_many(RAFFLE, late)
    assert [one.refusal.winner for one in told] == winners(store)
    assert set(winners(store)) == set(PEOPLE)
    assert audit(store, kinds=KNOWN).is_clean


def test_what_was_drawn_stays_whoever_ends_it_again(store: Any) -> None:
    shop = entered(store)
    due = list(shop.due(at(hours=1)))
    assert shop.tick(at(hours=1)) == 1
    for name, command in due:
        assert isinstance(command, Draw)
        assert command.entropy
        again = shop.handle(name, command)
        assert again.awards[0].to == winners(store)[0]
    assert len(winners(store)) == 1


def test_members_are_asked_about_the_one_who_is_drawn(store: Any) -> None:
    """The draw is foreseen with the same dice, or the host would be asked about another."""
    (grant,) = RAFFLE.grants
    vip = RAFFLE.replace(given=PaidOrders(at_least=1), grants=(grant,))
    facts = {who: {"paid_orders": 1} for who in (*PEOPLE, "eve")}
    shop = entered(store, vip, hats=9, facts=facts)
    late = [Enter(hat=f"h{hat}", by="eve", at=at(hours=1)) for hat in range(9)]
    told = shop.handle_many(vip, late)
    assert [one.refusal.code for one in told] == ["too_late"] * 9
    assert audit(store, kinds=KNOWN).is_clean


def test_the_other_shell_draws_too() -> None:
    async def run() -> None:
        store = MemoryStore()
        shop = AsyncShop(InThreads(store), (RAFFLE,), kinds=KNOWN, clock=ScriptedClock(NOON))
        for by in PEOPLE:
            await shop.handle(RAFFLE, Enter(hat="h", by=by, at=NOON))
        assert await shop.tick(at(hours=1)) == 1
        assert winners(store)[0] in PEOPLE
        assert audit(store, kinds=KNOWN).is_clean

    asyncio.run(run())
