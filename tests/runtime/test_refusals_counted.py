"""A host that only counts transient refusals: they leave no line, and are not lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from viralcommerce import CNY, WHOLE, Campaign, Coupon, EqualSplit, Grant, Refused, Shop, days
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit

PACKS = Campaign(
    "packs",
    pack.CouponPack(EqualSplit(CNY(2), parts=2), open_for=days(1)),
    grants=Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
    budget=CNY(2),
)


@pytest.mark.parametrize("url", ["memory:", "sqlite:///{}/packs.db"])
def test_transient_refusals_are_counted_by_code_and_terminal_ones_kept(
    url: str, tmp_path: Path
) -> None:
    shop = Shop.open(url.format(tmp_path), PACKS, refusals="count")
    for key in ("a", "b"):
        early = shop.handle(PACKS, pack.Grab(pack="p1", by="bob", key=key))
        assert isinstance(early, Refused)
    shop.handle(PACKS, pack.Share(pack="p1", by="ann"))
    short = shop.handle(PACKS, pack.Share(pack="p2", by="cat"))
    assert isinstance(short, Refused)
    own = shop.handle(PACKS, pack.Grab(pack="p1", by="ann"))
    assert isinstance(own, Refused)

    lines = [str(line.decision) for line in shop.store.journal("packs")]
    assert len(lines) == 2  # the share, and ann's own pack
    counted = shop.views.campaign("packs").counted
    assert counted == {"refused/no_such_pack": 2, "refused/out_of_budget": 1}
    assert audit(shop.store).is_clean

    again = shop.handle(PACKS, pack.Grab(pack="p1", by="bob", key="a"))
    assert str(again).startswith("bob gets")  # the key stayed free
