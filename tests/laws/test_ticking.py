"""The laws of runtime/ticking.py, by their names: one test a law."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shops import at, share, shop_of, small
from viralcommerce import Shop
from viralcommerce.errors import LeftOut
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.stores.memory import MemoryStore

LATER = at(days=1)


def opened(many: int, **ports: Any) -> Shop:
    """A shop with so many packs, whose time ends one after the other."""
    shop = shop_of(small(), **ports)
    shop.handle_many(small(), [share(f"p{n:02}", at=at(minutes=n)) for n in range(many)])
    return shop


def left_in(store: Store) -> list[str]:
    return [one.instance for one in store.due(LATER, 99, ["rain-pack"])]


class Overtaken(MemoryStore):
    """Between what is found and what is done about it, another ticks."""

    others = 0
    by_others = 0

    def due(self, *values: Any) -> Any:
        found = super().due(*values)
        if self.others:
            limit, self.others = self.others, 0
            self.by_others = shop_of(small(), store=self).tick(LATER, limit=limit)
        return found


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 9))
def test_once(many: int, others: int, limit: int) -> None:
    store = Overtaken()
    shop = opened(many, store=store)
    store.others = others
    counted = shop.tick(LATER, limit=limit)
    assert counted + store.by_others + len(left_in(store)) == many
    shop.tick(LATER)
    ends = [line for line in store.journal("rain-pack") if line.position > many]
    assert len(ends) == many


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 9))
def test_earliest_first(many: int, others: int, limit: int) -> None:
    store = Overtaken()
    shop = opened(many, store=store)
    store.others = others
    counted = shop.tick(LATER, limit=limit)
    assert counted == min(limit, many - store.by_others)
    assert left_in(store) == [f"p{n:02}" for n in range(many)][counted + store.by_others :]


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(1, 14))
def test_spared(can_be_read: list[bool], limit: int) -> None:
    store = MemoryStore()
    shop = opened(len(can_be_read), store=store)
    names = [f"p{n:02}" for n in range(len(can_be_read))]
    bad = [name for name, is_good in zip(names, can_be_read, strict=True) if not is_good]
    for name in bad:
        place = ("rain-pack", name)
        store._cells[place] = structs.replace(store._cells[place], state=b"{}")
    good = [name for name in names if name not in bad]
    if len(good) >= limit and names[:limit] == good[:limit]:
        assert shop.tick(LATER, limit=limit) == limit
    elif bad:
        with pytest.raises(LeftOut) as told:
            shop.tick(LATER, limit=limit)
        assert told.value.acted == min(limit, len(good))
        assert told.value.instance == bad[0]
    else:
        assert shop.tick(LATER, limit=limit) == len(good)
    assert sorted(left_in(store)) == sorted(bad + good[limit:])
