"""What a support call and a resumed run ask of the journal: one instance, or its moments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from viralcommerce import CNY, UNLIMITED, WHOLE, Campaign, Coupon, EqualSplit, Grant, Shop, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.ports import Line
from viralcommerce.runtime.programs import thaw_decision

NOON = datetime(2025, 11, 11, 4, tzinfo=UTC)
CAMPAIGN = Campaign(
    "tea",
    pack.CouponPack(EqualSplit(CNY(2), parts=2), open_for=days(1)),
    grants=Grant(give=Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
    budget=UNLIMITED,
)


@pytest.fixture(params=["memory", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'shop.db'}"
    with Shop.open(url, CAMPAIGN) as opened:
        yield opened


def said(shop: Shop, lines: list[Line]) -> list[str]:
    program = shop._programs.named(CAMPAIGN)
    found = [thaw_decision(program, line.decision).command for line in lines]
    return sorted(f"{type(one).__name__} {one.pack} {one.by}" for one in found)


def test_the_history_of_one_pack_is_in_order_and_of_that_pack_only(shop: Shop) -> None:
    shop.handle(CAMPAIGN, pack.Share(pack="p1", by="ann", at=NOON))
    shop.handle(CAMPAIGN, pack.Share(pack="p2", by="ann", at=NOON))
    shop.handle(CAMPAIGN, pack.Grab(pack="p1", by="bob", at=NOON))
    shop.handle(CAMPAIGN, pack.Grab(pack="p1", by="ann", at=NOON))  # refused, and there too
    lines = list(shop.store.history("tea", "p1"))
    assert [line.position for line in lines] == [1, 3, 4]
    assert said(shop, lines) == ["Grab p1 ann", "Grab p1 bob", "Share p1 ann"]
    assert not shop.store.history("coffee", "p1")


def test_what_was_decided_at_a_moment_is_found_even_where_the_key_stayed_free(shop: Shop) -> None:
    later = NOON.replace(hour=5)
    refused = shop.handle(CAMPAIGN, pack.Grab(pack="p1", by="bob", at=NOON, key="k"))
    assert refused.refusal == pack.NoSuchPack(pack="p1")
    shop.handle(CAMPAIGN, pack.Share(pack="p1", by="ann", at=later))
    lines = list(shop.store.recorded("tea", [("p1", NOON), ("p1", NOON), ("p2", NOON)]))
    assert said(shop, lines) == ["Grab p1 bob"]
    assert said(shop, list(shop.store.recorded("tea", [("p1", later)]))) == ["Share p1 ann"]
    assert not shop.store.recorded("coffee", [("p1", NOON)])
