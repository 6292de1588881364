"""A batch whose casts cannot be foreseen: who is refused is nobody's luckiest after all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from viralcommerce import CNY, UNLIMITED, WHOLE, Campaign, Coupon, Grant, LuckySplit, Shop, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Command
from viralcommerce.rules.membership import NewMember
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.ports import Asked

NOON = datetime(2025, 11, 11, 4, tzinfo=UTC)
CAMPAIGN = Campaign(
    "tea",
    pack.CouponPack(LuckySplit(CNY(9), parts=5), open_for=days(1)),
    grants=Grant(give=Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
    given=NewMember(),
    budget=UNLIMITED,
)
PACKS = 40


class Members:
    """Everybody is new, but those who are called old."""

    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        return [{"paid_orders": int(one.member.startswith("old"))} for one in asked]


def commands() -> list[Command]:
    found: list[Command] = []
    for number in range(PACKS):
        name = f"p{number}"
        for place, by in enumerate(("ann", "old1", "bob", "old2", "cai", "dan")):
            at = NOON + timedelta(seconds=number * 60 + place)
            kind = pack.Grab if place else pack.Share
            found.append(kind(pack=name, by=by, at=at, key=f"{name}/{by}"))
    return found


def test_a_batch_answers_as_its_commands_would_one_by_one() -> None:
    """Law: many refusals between that nobody foresaw cost a commit each, and nothing else."""
    told = []
    for at_once in (1, 7, 10_000):
        ports = {"members": Members(), "entropy": DerivedEntropy("tests")}
        with Shop.open("memory:", CAMPAIGN, **ports) as shop:
            outcomes = shop.handle_many(CAMPAIGN, commands(), at_once=at_once)
            told.append((outcomes, [line.decision for line in shop.store.journal("tea")]))
    assert told[0] == told[1] == told[2]
    assert sum(type(one).__name__ == "Refused" for one in told[0][0]) == 2 * PACKS
