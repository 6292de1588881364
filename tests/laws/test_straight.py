"""Straight through is the flow: same answers, same tables, whatever is in the way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inviting import gifts, rides
from viralcommerce import (
    CNY,
    DAY,
    WHOLE,
    Campaign,
    Cap,
    Coupon,
    Grant,
    Limit,
    LuckySplit,
    Points,
    Shop,
    days,
    hours,
)
from viralcommerce.errors import KeyReused
from viralcommerce.mechanics import collect, invite
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.runtime.chance import DerivedEntropy

BEGAN = datetime(2026, 11, 11, 10, tzinfo=UTC)
PACKS = Campaign(
    "packs",
    pack.CouponPack(LuckySplit(CNY(6), parts=4, least=CNY(1)), open_for=hours(2)),
    grants=(
        Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
        Grant(
            Coupon(CNY(1)),
            to=pack.SHARER,
            on=pack.GRABBED,
            at_most=(Limit(2, per=pack.PACK), Limit(5, per=DAY)),
            if_short="clip",
        ),
        Grant(Points(7), to=pack.LUCKIEST, on=pack.EMPTIED),
    ),
    budget=CNY("31.50"),
)
LIKES = Campaign(
    "likes",
    collect.Collect(goal=3, within=hours(1)),
    grants=(
        Grant(Points(1), to=collect.LIKER, on=collect.LIKED),
        Grant(Points(9), to=collect.COLLECTOR, on=collect.REACHED, at_most=1),
    ),
    limits=(Cap("likes-a-day", 4, on=collect.LIKED, of=collect.LIKER, per=DAY),),
    budget=CNY(1),
)
PLAIN = Campaign(
    "plain",
    collect.Collect(goal=3, within=hours(1)),
    grants=(
        Grant(Points(1), to=collect.LIKER, on=collect.LIKED),
        Grant(Points(9), to=collect.COLLECTOR, on=collect.REACHED),
    ),
    budget=CNY(1),
)
FRIENDS = Campaign(
    "friends",
    rides(rebinds="always", matures_after=hours(2), code_uses=3),
    grants=gifts(2, 3),
    budget=CNY(100),
)


def _packs(dice: random.Random) -> Iterator[Command]:
    at = BEGAN
    for number in range(140):
        at += timedelta(minutes=dice.choice((0, 1, 5, 20)))
        by, one = dice.choice(("ann", "bob", "cat", "dan", "eve")), f"p{dice.randrange(8)}"
        kind = pack.Share if dice.random() < 0.3 else pack.Grab
        key = f"k{number}" if dice.random() < 0.8 else f"k{dice.randrange(number + 1)}"
        yield kind(pack=one, by=by, key=key, at=at)


def _likes(dice: random.Random) -> Iterator[Command]:
    at = BEGAN
    for number in range(140):
        at += timedelta(minutes=dice.choice((0, 1, 2, 9)))
        by, one = dice.choice(("ann", "bob", "cat", "dan", "eve")), f"a{dice.randrange(8)}"
        kind = dice.choice((collect.Ask, collect.Like, collect.Like, collect.Like, collect.Unlike))
        key = f"k{number}" if dice.random() < 0.8 else f"k{dice.randrange(number + 1)}"
        yield kind(ask=one, by=by, key=key, at=at)


def _friends(dice: random.Random) -> Iterator[Command]:
    """Codes, joins in every direction, orders and what becomes of them."""
    at = BEGAN
    people = ("ann", "bob", "cat", "dan", "eve")
    for number in range(140):
        at += timedelta(minutes=dice.choice((0, 1, 5, 40)))
        by, other, order = dice.choice(people), dice.choice(people), f"o{dice.randrange(12)}"
        key = f"k{number}" if dice.random() < 0.8 else f"k{dice.randrange(number + 1)}"
        fen = dice.choice((1, 333, 5_000))
        yield dice.choice(
            (
                invite.Issue(by=by, vanity=f"{by}2026", key=key, at=at),
                invite.Join(by=by, link=other, key=key, at=at),
                invite.Join(by=by, code=f"{other}2026", key=key, at=at),
                invite.Order(order=order, by=by, amount=CNY.minor(9_999), key=key, at=at),
                invite.Order(order=order, by=by, amount=CNY.minor(9_999), key=key, at=at),
                invite.Refund(
                    order=order, refund=key, by="desk", amount=CNY.minor(fen), key=key, at=at
                ),
                invite.Hold(order=order, by="desk", why="odd", key=key, at=at),
                invite.Release(order=order, by="desk", why="fine", key=key, at=at),
            )
        )


def _tables(shop: Shop, name: str) -> list[object]:
    store = shop.store
    return [
        [(line.position, str(line.decision)) for line in store.journal(name)],
        [(instance, str(cell)) for instance, cell in store.cells(name)],
        list(store.quotas(name)),
        list(store.postings(name)),
        [store.parts(member) for member in ("ann", "bob", "cat", "dan", "eve")],
    ]


STORIES = [(PACKS, _packs), (LIKES, _likes), (PLAIN, _likes), (FRIENDS, _friends)]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize(("campaign", "story"), STORIES)
def test_straight_is_the_flow(
    kind: str, campaign: Campaign, story: object, seed: int, tmp_path: Path
) -> None:
    def opened(name: str) -> Shop:
        url = "memory:" if kind == "memory" else f"sqlite:///{tmp_path / name}.db"
        return Shop.open(url, campaign, entropy=DerivedEntropy("dice"))

    straight, through_the_flow = opened("straight"), opened("flow")
    commands = list(story(random.Random(seed)))  # type: ignore[operator]
    codes: set[str] = set()
    for command in commands:
        try:
            one: object = straight.handle(campaign, command)
        except KeyReused as error:
            one = str(error)
        (other,) = through_the_flow.handle_many(campaign, [command])
        assert one == (str(other) if isinstance(other, KeyReused) else other)
        refusal = getattr(one, "refusal", None)
        codes.add("yes" if refusal is None else refusal.code)
    assert _tables(straight, campaign.name) == _tables(through_the_flow, campaign.name)
    assert len(codes) >= 4, codes
