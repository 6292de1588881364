"""The law of runtime/plainly.py, by its name."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from inviting import gifts, rides
from row_locks import RowLocks
from shops import assert_clean, at, everything, plain
from viralcommerce import CNY, Campaign, Grant, Points, Shop, Velocity, hours
from viralcommerce.decider import Lookup
from viralcommerce.errors import KeyReused
from viralcommerce.mechanics import collect, invite
from viralcommerce.messages import Accepted, Command
from viralcommerce.runtime.batch import Batch
from viralcommerce.runtime.life import Stage
from viralcommerce.runtime.plainly import at_once, plainly
from viralcommerce.runtime.ports import CellWrite, Decision, Found, Record, Store, Wanted, Writes
from viralcommerce.runtime.request import Context, Request
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer, ScriptedEntropy

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
    told = checked(monkeypatch)
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
    assert min(told[True], told[False]) > 20


def checked(monkeypatch: pytest.MonkeyPatch) -> Counter[bool]:
    """Hold every plain answer to what a batch says; how many are plain, and how many are not."""
    told: Counter[bool] = Counter()

    def both(
        context: Context,
        request: Request,
        found: Found,
        wanted: Wanted,
        known: Command | None,
        lookup: Lookup,
    ) -> tuple[Record, CellWrite, dict[str, bytes]] | None:
        done = plainly(context, request, found, wanted, known, lookup)
        told[done is not None] += 1
        if done is not None:
            batch, (record, cell, rules) = Batch(context, found, {}, {}, {}, wanted), done
            plain = Writes(records=[record], cells=[cell], used={}, hot={}, rules=rules)
            assert (batch.one(request), batch.writes()) == (record.decision, plain)
        return done

    monkeypatch.setattr("viralcommerce.runtime.straight.plainly", both)
    return told


FRIENDS = {
    "for ever": Campaign("friends", rides(), grants=gifts(2, 20), budget=CNY(10_000)),
    "again": Campaign(
        "friends", rides(rebinds="always", code_uses=3), grants=gifts(2, 3), budget=CNY(100)
    ),
    "points": Campaign(
        "friends",
        rides(binds_for=hours(9)),
        grants=(Grant(Points(5), to=invite.INVITEE, on=invite.JOINED),),
        budget=CNY(1),
    ),
    "guesses": Campaign("friends", rides(guesses=2), grants=gifts(1, 20), budget=CNY(10_000)),
    "by the hour": Campaign(
        "friends",
        rides(),
        grants=gifts(2, 20),
        budget=CNY(10_000),
        given=Velocity(at_most=3, within=hours(5)),
    ),
}


def said(dice: random.Random, codes: Sequence[str], number: int, now: datetime) -> Command:
    """Joins by links and codes, of each other and oneself; orders, and what becomes of them."""
    who, order = f"m{dice.randrange(60)}", f"o{dice.randrange(60)}"
    other = dice.choice((who, *(f"m{dice.randrange(60)}" for _ in range(9))))
    key = f"k{number if dice.random() < 0.9 else dice.randrange(number + 1)}"
    code = dice.choice(codes or ("NOCODE22",))
    stamp: dict[str, Any] = {"by": who, "key": key, "at": now}
    kind = dice.randrange(8)
    if kind == 0:
        return invite.Issue(**stamp)
    if kind == 1:
        return invite.Join(code=code, **stamp)
    if kind < 5:
        return invite.Join(link=other, **stamp)
    if kind == 5:
        return invite.Refund(order=order, refund=f"r{number}", amount=CNY(40), **stamp)
    if kind == 6:
        return invite.Withdraw(batch=f"w{number}", amount=CNY(1), **stamp)
    return invite.Order(order=order, amount=CNY(90), **stamp)


@pytest.mark.parametrize("where", ["memory", "sqlite"])
@pytest.mark.parametrize("game", FRIENDS)
def test_plainly_among_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, game: str, where: str
) -> None:
    told, campaign = checked(monkeypatch), FRIENDS[game]
    dice, now, codes = random.Random(game), at(), []
    url = "memory:" if where == "memory" else f"sqlite:///{tmp_path / 'shop.db'}"
    with Shop.open(url, campaign) as shop:
        for number in range(400):
            now += timedelta(minutes=dice.choice((0, 1, 9, 60)))
            with suppress(KeyReused):
                answer = shop.handle(campaign, said(dice, codes, number, now))
                if isinstance(answer, Accepted):
                    codes += [one.code for one in answer.events if isinstance(one, invite.Issued)]
        assert_clean(shop.store)
    assert told[False] > 20
    assert (told[True] > 20) is (game != "by the hour"), "what is counted is never plain"


@pytest.mark.parametrize("store", [MemoryStore, RowLocks, SqliteStore])
@pytest.mark.parametrize("game", FRIENDS)
def test_plainly_in_a_row(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, game: str, store: Callable[..., Store]
) -> None:
    """Batches of any size, with the clock and somebody forgotten between."""
    taken: Counter[bool] = Counter()

    def counted(batch: Batch, request: Request) -> Decision | None:
        done = at_once(batch, request)
        taken[done is not None] += 1
        return done

    def never(batch: Batch, request: Request) -> None:
        return None

    def told(way: Callable[[Batch, Request], Decision | None]) -> tuple[object, object]:
        monkeypatch.setattr("viralcommerce.runtime.flow.at_once", way)
        paths = (tmp_path / f"{way.__name__}.db",) if store is SqliteStore else ()
        dice, now, codes, answers = random.Random(game), at(), [], []
        with Shop(store(*paths), [FRIENDS[game]], entropy=ScriptedEntropy()) as shop:
            for number in range(0, 400, 10):
                some: list[Command] = []
                for one in range(dice.randrange(1, 10)):
                    now += timedelta(minutes=dice.choice((0, 1, 9, 60)))
                    some.append(said(dice, codes, number + one, now))
                found = shop.handle_many(FRIENDS[game], some)
                answers += [plain(one) for one in found if not isinstance(one, KeyReused)]
                events = [one.events for one in found if isinstance(one, Accepted)]
                codes += [one.code for e in events for one in e if isinstance(one, invite.Issued)]
                if number == 200:
                    shop.forget("m7")
                if dice.random() < 0.2:
                    answers.append(shop.tick(now))
            assert_clean(shop.store)
            return answers, everything(shop.store)

    assert told(counted) == told(never)
    assert taken[False] > 20
    if store is not RowLocks:  # rehearsed there, mostly
        assert (taken[True] > 20) is (game != "by the hour")
