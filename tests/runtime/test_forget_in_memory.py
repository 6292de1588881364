"""Forgetting in memory beside whoever delivers, retries or closes: all of it, or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from shops import NOON, assert_clean, at, code, everything, grab, share, shop_of, small
from viralcommerce import Shop, hours
from viralcommerce.errors import StoreCorrupt
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Claim, Pending, Settled
from viralcommerce.runtime.relay import Patience
from viralcommerce.runtime.rewriting import Rewriting
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import FakeIssuer

PACKS = small(parts=3)


def with_awards_aside() -> tuple[MemoryStore, Shop]:
    """A store whose outbox has entries of bob, all aside, and of cat, that wait."""
    store, issuer = MemoryStore(), FakeIssuer()
    shop = shop_of(PACKS, store=store, issuer=issuer)
    shop.handle(PACKS, share("p1", by="zed"))
    shop.handle(PACKS, grab("bob", "p1"))
    issuer.fail(ConnectionError("down"))
    while shop.deliver(patience=Patience(tries=1), limit=99).poisoned:
        shop._clock.forward(hours(1))  # type: ignore[attr-defined]
    shop.handle(PACKS, share("p2", by="zed"))
    assert code(shop.handle(PACKS, grab("cat", "p2"))) == "yes"
    assert [one.award.to for one in store.poisoned(99)].count("bob") == 1
    return store, shop


def beside(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> threading.Thread:
    """Work that another thread begins while the outbox is being rewritten."""
    thread = threading.Thread(target=work)
    rewrite = Rewriting.pending

    def slowly(self: Rewriting, pending: Pending) -> Pending:
        if pending.award.to == "bob" and not thread.ident:
            thread.start()
            thread.join(0.1)
        return rewrite(self, pending)

    monkeypatch.setattr(Rewriting, "pending", slowly)
    return thread


@pytest.mark.parametrize("verb", ["settle", "retry", "claim", "set_life"])
def test_what_others_do_meanwhile_comes_before_or_after(
    verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, shop = with_awards_aside()
    aside = tuple(one.position for one in store.poisoned(99) if one.award.to == "bob")
    waiting = tuple(one.position for one in store.pending(99))
    life = Life(stage="paused", by="op", why="bob came", at=NOON)
    works: dict[str, Callable[[], Any]] = {
        "settle": lambda: store.settle(Settled(by="", delivered=waiting)),
        "retry": lambda: store.retry(aside),
        "claim": lambda: store.claim(Claim(by="me", at=at(days=9), until=at(days=10), limit=9)),
        "set_life": lambda: store.set_life(PACKS.name, life),
    }
    thread = beside(monkeypatch, works[verb])
    done = shop.forget("bob")
    thread.join()
    assert done.outbox == 1
    names = {one.award.to for one in (*store.poisoned(99), *store.pending(99))}
    assert "bob" not in names
    assert store.parts("bob") == []
    assert [one.stage for one in store.lives(PACKS.name)] == ["paused"] * (verb == "set_life")
    assert store.backlog().depth == {"settle": 0, "retry": len(waiting) + 1}.get(
        verb, len(waiting)
    )
    assert_clean(store)


def test_an_entry_that_cannot_be_rewritten_leaves_everything_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, shop = with_awards_aside()
    before = everything(store, ("bob", "cat", "zed")), store.poisoned(99), store.pending(99)
    rewrite, seen = Rewriting.pending, list[str]()

    def fails(self: Rewriting, pending: Pending) -> Pending:
        seen.append(pending.award.to)
        if "bob" in seen[:-1]:
            raise StoreCorrupt("that one cannot be read")
        return rewrite(self, pending)

    monkeypatch.setattr(Rewriting, "pending", fails)
    with pytest.raises(StoreCorrupt):
        shop.forget("bob")
    after = everything(store, ("bob", "cat", "zed")), store.poisoned(99), store.pending(99)
    assert after == before
