"""Several relays at once, some killed in the middle: nothing lost, everything in order."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from postgres import fresh_schema, server_url
from relaying import DRAW, HASTE, PEOPLE, RAIN, Address, Relays
from viralcommerce import Award, Shop
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit


def address(kind: str, folder: Path) -> Address:
    if kind == "sqlite":
        path = str(folder / "shop.db")
        Address(path=path).open().close()
        return Address(path=path)
    return Address(url=server_url(), schema=fresh_schema())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_relays_that_are_killed_lose_nothing_and_keep_each_members_order(
    kind: str, tmp_path: Path
) -> None:
    """RQ-1, RQ-19, EC-103."""
    chaos = Relays(tmp_path, address(kind, tmp_path), seed=7)
    chaos.run(packs=2, relays=4, kills=8)
    assert chaos.problems == []
    assert chaos.kills == 8


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_relays_in_threads_hand_each_award_out_once(kind: str, tmp_path: Path) -> None:
    """Nobody dies and no lease runs out, so nothing comes twice either."""
    store = address(kind, tmp_path).open()
    lock, issued = threading.Lock(), list[Award]()

    class Issuer:
        def issue(self, award: Award) -> None:
            with lock:
                issued.append(award)

    with Shop(store, [RAIN, DRAW], issuer=Issuer()) as shop:
        for number in range(6):
            shop.handle("rain-pack", pack.Share(pack=f"p{number}", by="ann"))
            for who in PEOPLE:
                shop.handle("rain-pack", pack.Grab(pack=f"p{number}", by=who))

        def deliver() -> None:
            patient = HASTE.__class__(first=HASTE.first, most=HASTE.most)
            while shop.views.outbox().depth:
                shop.deliver(limit=7, patience=patient)

        threads = [threading.Thread(target=deliver) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
        coupons = 6 * len(PEOPLE)
        assert len({award.id for award in issued}) == len(issued) == 2 * coupons
        for who in PEOPLE:
            mine = [award.id for award in issued if award.to == who and "rain-pack/p" in award.id]
            from_rain = [one for one in mine if one.startswith("rain-pack/")]
            assert from_rain == sorted(from_rain)
        assert audit(store).is_clean
