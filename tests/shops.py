"""What tests of the kernel share: two campaigns, a busy shop, and everything a store holds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from viralcommerce import (
    CAMPAIGN,
    CNY,
    DAY,
    UNLIMITED,
    WHOLE,
    Cap,
    Coupon,
    Grant,
    Limit,
    LuckySplit,
    Money,
    Product,
    Shop,
    days,
    hours,
)
from viralcommerce.campaign import Campaign
from viralcommerce.codec import encode
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Decision, Store
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import FakeMembers, ScriptedClock, ScriptedEntropy

NOON = datetime(2026, 11, 11, 4, tzinfo=UTC)
"""Noon of Singles' Day in Shanghai."""
PEOPLE = ("ann", "bob", "carl", "dee", "eve")


def at(**later: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(**later)


class Chance(ScriptedEntropy):
    """Dice that repeat, and keys that nobody else has."""

    def key(self) -> str:
        return os.urandom(8).hex()


def rain(**changes: Any) -> Campaign:
    """A lucky pack of ¥60 in ten parts; both sides gain."""
    said: dict[str, Any] = {
        "grants": (
            Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
            Grant(
                Coupon(CNY(2), valid_for=days(7)),
                to=pack.SHARER,
                on=pack.GRABBED,
                at_most=Limit(5, per=pack.PACK),
            ),
        ),
        "budget": CNY(200_000),
        "mechanic": pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
    }
    return Campaign("rain-pack", **{**said, **changes})


def small(total: int = 6, parts: int = 3, **changes: Any) -> Campaign:
    """A pack small enough to be emptied in a test."""
    split = LuckySplit(CNY(total), parts=parts, least=CNY(1))
    return rain(**{"mechanic": pack.CouponPack(split, open_for=hours(1)), **changes})


def likes(goal: int = 38, **changes: Any) -> Campaign:
    """So many likes in 48 hours redeem a teapot."""
    said: dict[str, Any] = {
        "grants": (
            Grant(
                Product("teapot", worth=CNY(30), stock=2_000),
                to=collect.COLLECTOR,
                on=collect.REACHED,
                at_most=1,
            ),
        ),
        "budget": UNLIMITED,
        "limits": (Cap("likes-a-day", 3, on=collect.LIKED, of=collect.LIKER, per=DAY),),
        "mechanic": collect.Collect(goal=goal, within=hours(48)),
    }
    return Campaign("38-likes", **{**said, **changes})


def shop_of(
    *campaigns: Campaign, store: Store | None = None, facts: Any = None, **ports: Any
) -> Shop:
    """A shop whose clock stands at noon and whose dice repeat."""
    ports.setdefault("clock", ScriptedClock(NOON))
    ports.setdefault("entropy", Chance())
    if "members" not in ports:
        ports["members"] = FakeMembers(facts or {})
    ports.setdefault("elsewhere", {name for campaign in campaigns for name in campaign.entries})
    return Shop(MemoryStore() if store is None else store, campaigns, **ports)


def share(pack_id: str = "p1", by: str = "ann", **said: Any) -> pack.Share:
    return pack.Share(pack=pack_id, by=by, **said)


def grab(by: str = "bob", pack_id: str = "p1", **said: Any) -> pack.Grab:
    return pack.Grab(pack=pack_id, by=by, **said)


def ask(ask_id: str = "a1", by: str = "ann", **said: Any) -> collect.Ask:
    return collect.Ask(ask=ask_id, by=by, **said)


def like(by: str = "bob", ask_id: str = "a1", **said: Any) -> collect.Like:
    return collect.Like(ask=ask_id, by=by, **said)


def unlike(by: str = "bob", ask_id: str = "a1", **said: Any) -> collect.Unlike:
    return collect.Unlike(ask=ask_id, by=by, **said)


def code(outcome: Any) -> str:
    """How a command ended, in one word."""
    return "yes" if not hasattr(outcome, "refusal") else str(outcome.refusal.code)


def gained(decision: Decision) -> list[tuple[str, str, int]]:
    """Who got what, in order: member, asset, amount."""
    return [(a.to, a.asset, a.amount) for a in getattr(decision, "awards", ())]


def plain(message: Any) -> Any:
    """A message, or its JSON bytes, as plain data."""
    return msgspec.json.decode(message if isinstance(message, bytes) else encode(message))


def everything(store: Store, people: Iterable[str] = PEOPLE) -> dict[str, Any]:
    """Every table of a store as plain data, so that two stores can be compared."""
    found: dict[str, Any] = {}
    for name in store.campaigns():
        found[name] = {
            "journal": [(line.position, plain(line.decision)) for line in store.journal(name)],
            "cells": {
                instance: {
                    **plain(msgspec.structs.replace(cell, state=None)),
                    "state": plain(cell.state),
                }
                for instance, cell in store.cells(name)
            },
            "quotas": dict(store.quotas(name)),
            "ledger": [plain(posting) for posting in store.postings(name)],
        }
    found["parts"] = {member: [plain(part) for part in store.parts(member)] for member in people}
    found["outbox"] = [plain(one.award) for one in store.pending(10_000)]
    return found


def assert_clean(store: Store) -> None:
    """The books add up."""
    report = audit(store)
    assert report.is_clean, "\n".join(map(str, report.problems))


def quota(store: Store, campaign: str, name: str) -> dict[tuple[str, str], int]:
    """What is used of a quota, by scope and period."""
    return {key[2:]: used for key, used in store.quotas(campaign) if key[1] == name}


def spent(store: Store, campaign: str) -> int:
    """What is used of the budget, in minor units."""
    return quota(store, campaign, "budget/CNY").get(("", ""), 0)


class MembersOverTime:
    """A host whose facts change with every hour, so that it matters as of when it is asked."""

    def __init__(self, known: Mapping[str, Mapping[str, object]]) -> None:
        self.known = known

    def facts(self, asked: Sequence[Any]) -> list[dict[str, object]]:
        return [self._answer(one) for one in asked]

    def _answer(self, one: Any) -> dict[str, object]:
        told = dict(self.known.get(one.member, {}))
        if "paid_orders" in told:
            told["paid_orders"] = max(0, int((one.at - NOON) / timedelta(minutes=30)))
        return {fact: value for fact, value in told.items() if fact in one.facts}


def bounds(campaign: Campaign) -> dict[tuple[str, str], int]:
    """The bounds of what is counted for a whole campaign, by quota and scope."""
    found: dict[tuple[str, str], int] = {}
    if isinstance(campaign.budget, Money):
        found[f"budget/{campaign.currency}", ""] = campaign.budget.minor
    for _, grant in campaign.every_grant():
        for name, reward in ((grant.name, grant.give), (f"{grant.name}/instead", grant.instead)):
            if reward is not None and isinstance(reward.supply, int):
                found[f"{name}/stock", ""] = reward.supply
        for limit in grant.at_most:
            if limit.subject == CAMPAIGN:
                period = "" if limit.period == "forever" else f"/{limit.period}"
                found[f"{grant.name}/campaign{period}", ""] = limit.at_most
    return found


class Stopwatch:
    """The seconds that a process counts."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing conflicts here")
