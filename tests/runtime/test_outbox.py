"""The outbox: every award is handed out at least once, under one id, whatever breaks when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shops import assert_clean, grab, rain, share, shop_of
from viralcommerce import WHOLE, Award, Coupon, Grant, Points, Shop
from viralcommerce.errors import NotLive, StoreBusy
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer

RAIN = rain(
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share"),
        Grant(Points(5), to=pack.SHARER, on=pack.GRABBED, name="thanks"),
    )
)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
        return
    disk = SqliteStore(tmp_path / "viral.db")
    yield disk
    disk.close()


def begun(store: Any, issuer: Any, members: int = 3) -> Shop:
    """A shop in which so many members have opened one pack."""
    shop = shop_of(RAIN, store=store, issuer=issuer)
    shop.handle(RAIN, share())
    for number in range(members):
        shop.handle(RAIN, grab(f"member-{number}", key=f"g{number}"))
    return shop


def ids(awards: list[Award]) -> list[str]:
    return [award.id for award in awards]


ALL = [f"rain-pack/p1/{version}/{row}" for version in (2, 3, 4) for row in (0, 1)]


def test_awards_are_handed_out_once_oldest_first(store: Any) -> None:
    issuer = FakeIssuer()
    shop = begun(store, issuer)
    assert shop.deliver(limit=4) == 4
    assert shop.deliver() == 2
    assert shop.deliver() == 0
    assert ids(issuer.issued) == issuer.attempts == ALL
    assert [award.amount for award in issuer.given("ann")] == [5, 5, 5]


def test_refusals_and_retries_hand_out_nothing(store: Any) -> None:
    issuer = FakeIssuer()
    shop = begun(store, issuer, members=1)
    shop.handle(RAIN, grab("member-0", key="g0"))
    shop.handle(RAIN, grab("ann"))
    shop.deliver()
    assert ids(issuer.issued) == ALL[:2]


def test_a_failure_in_the_middle_keeps_what_was_taken_and_tries_the_rest_again(
    store: Any,
) -> None:
    issuer = FakeIssuer()
    shop = begun(store, issuer)
    issue = issuer.issue

    def third_fails(award: Award) -> None:
        if award.id == ALL[2] and issuer.attempts.count(ALL[2]) == 0:
            issuer.attempts.append(award.id)
            raise ConnectionError("the voucher service is away")
        issue(award)

    issuer.issue = third_fails  # type: ignore[method-assign]
    with pytest.raises(ConnectionError, match="the voucher service is away"):
        shop.deliver()
    assert ids(issuer.issued) == ALL[:2]
    assert [waits.award.id for waits in store.pending(99)] == ALL[2:]
    assert shop.deliver() == 4
    assert ids(issuer.issued) == ALL


def test_a_crash_between_issue_and_confirm_gives_the_same_id_again(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RQ-19, EC-103: the id is the key, so that the host can tell the second time."""
    issuer = FakeIssuer()
    shop = begun(store, issuer, members=2)
    confirm = store.confirm

    def dies(positions: Any) -> None:
        raise StoreBusy("killed just here")

    monkeypatch.setattr(store, "confirm", dies)
    with pytest.raises(StoreBusy):
        shop.deliver()
    monkeypatch.setattr(store, "confirm", confirm)
    assert shop.deliver() == 4
    assert issuer.attempts == ALL[:4] * 2
    assert ids(issuer.issued) == ALL[:4]
    assert_clean(store)


def test_a_shop_without_an_issuer_keeps_no_outbox(store: Any) -> None:
    shop = begun(store, None)
    assert list(store.pending(9)) == []
    with pytest.raises(NotLive, match="deliver: this shop has no issuer; give issuer="):
        shop.deliver()


def test_what_waits_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "viral.db"
    first = SqliteStore(path)
    begun(first, FakeIssuer())
    first.close()
    again = SqliteStore(path)
    issuer = FakeIssuer()
    assert shop_of(RAIN, store=again, issuer=issuer).deliver() == 6
    assert ids(issuer.issued) == ALL
    again.close()


def test_who_delivers_beside_another_may_hand_out_twice_and_never_less(store: Any) -> None:
    """At least once: what another deliverer has not confirmed yet is handed out again."""
    one, other = FakeIssuer(), FakeIssuer()
    shop = begun(store, one)
    beside = shop_of(RAIN, store=store, issuer=other)
    issue = one.issue

    def and_another_comes(award: Award) -> None:
        issue(award)
        if award.id == ALL[1]:
            beside.deliver()

    one.issue = and_another_comes  # type: ignore[method-assign]
    shop.deliver()
    assert {*ids(one.issued), *ids(other.issued)} == set(ALL)
    assert list(store.pending(9)) == []
