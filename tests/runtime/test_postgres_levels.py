"""Inside a host's transaction that reads what was there when it began.

What instances stand alone for, the server's own errors cure. Who stands above whom, and who names
somebody, is read and not written: there the transaction must read what is there now.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from inviting import gifts, rides
from postgres import RAIN, fresh_store, server_url
from runtime.test_forget import standing_alone, told
from shops import assert_clean, at
from viralcommerce import CNY, UNLIMITED, Accepted, Campaign, Refused, Shop
from viralcommerce.errors import RetryTransaction, StoreError
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.mechanics import invite
from viralcommerce.refusals import Circular

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
FRIENDS = Campaign("rides", rides(rebinds="always"), grants=gifts(2, 20), budget=UNLIMITED)
OLDER = ("REPEATABLE_READ", "SERIALIZABLE")


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop(fresh_store(), [RAIN, FRIENDS]) as shop:
        shop.handle(FRIENDS, invite.Join(by="ann", link="zed", at=at()))
        yield shop
        assert_clean(shop.store)


@pytest.fixture
def host() -> Iterator[Any]:
    with psycopg.connect(server_url()) as connection:
        yield connection
        connection.rollback()


def begun(host: Any, level: str) -> None:
    """A transaction whose snapshot, if it keeps one, is taken."""
    host.isolation_level = psycopg.IsolationLevel[level]
    host.execute("select count(*) from pg_class")


@pytest.mark.parametrize("level", ["READ_COMMITTED", *OLDER])
def test_no_circle_whatever_the_transaction_sees(shop: Shop, host: Any, level: str) -> None:
    """EC-58: bob has joined under ann since, and ann would join under bob."""
    begun(host, level)
    shop.handle(FRIENDS, invite.Join(by="bob", link="ann", at=at(minutes=1)))
    join = invite.Join(by="ann", link="bob", at=at(minutes=2))
    if level in OLDER:
        with pytest.raises(StoreError, match="begin it at READ COMMITTED; nothing was") as caught:
            shop.within(host).handle(FRIENDS, join)
        assert not isinstance(caught.value, RetryTransaction), "another try cures nothing"
        host.execute("select 1")
    else:
        answer = shop.within(host).handle(FRIENDS, join)
        assert isinstance(answer, Refused)
        assert isinstance(answer.refusal, Circular)
    host.commit()
    parents = {name: cell.parent for name, cell in shop.store.cells("rides")}
    assert parents == {"member/ann": "member/zed", "member/bob": "member/ann"}


@pytest.mark.parametrize("level", OLDER)
def test_nobody_comes_back_by_an_older_snapshot(shop: Shop, host: Any, level: str) -> None:
    """EC-64: eve was forgotten since; her pack, and her own grab, are as the host still sees."""
    shop.handle(RAIN, pack.Share(pack="p1", by="eve"))
    begun(host, level)
    shop.forget("eve")
    for command in (pack.Grab(pack="p1", by="bob"), pack.Share(pack="p2", by="eve")):
        with pytest.raises(RetryTransaction, match="begin again"):
            shop.within(host).handle(RAIN, command)
    host.rollback()
    begun(host, level)
    assert isinstance(shop.within(host).handle(RAIN, pack.Grab(pack="p1", by="bob")), Accepted)
    host.commit()
    assert standing_alone("eve", told(shop.store)) == []


@pytest.mark.parametrize("level", OLDER)
def test_whom_to_forget_must_be_read_as_it_is(shop: Shop, host: Any, level: str) -> None:
    begun(host, level)
    shop.handle(FRIENDS, invite.Order(order="o1", by="ann", amount=CNY(9), at=at()))
    with pytest.raises(StoreError, match="begin it at READ COMMITTED"):
        shop.within(host).forget("ann")
    host.commit()
    assert not shop.forget("ann").nothing
    assert standing_alone("ann", told(shop.store)) == []
