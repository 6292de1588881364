"""The audit finds whoever stands above themselves, whatever store let that happen."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from inviting import gifts, rides
from shops import at
from viralcommerce import UNLIMITED, Accepted, Campaign, Shop
from viralcommerce.mechanics import invite
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.circles import circles
from viralcommerce.runtime.stores.memory import MemoryStore

FRIENDS = Campaign("rides", rides(rebinds="always"), grants=gifts(2, 20), budget=UNLIMITED)


class Forgetful:
    """A store that does not know what hangs under what."""

    def __init__(self) -> None:
        self.inner = MemoryStore()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def session(self) -> Any:
        return _Session(self.inner.session())


class _Session:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def lock(self, wanted: Any) -> Any:
        return structs.replace(self._inner.lock(wanted), branches=frozenset())


def test_the_audit_finds_a_circle() -> None:
    """EC-58: a journal that decides the same again may still have one."""
    store: Any = Forgetful()
    shop = Shop(store, (FRIENDS,))
    ring = ("ann", "bob", "cat")
    for number, (by, link) in enumerate(zip(ring, (*ring[1:], ring[0]), strict=True)):
        join = invite.Join(by=by, link=link, at=at(minutes=number))
        assert isinstance(shop.handle(FRIENDS, join), Accepted)
    (problem,) = audit(store.inner).problems
    assert problem.what == "3 stand above themselves"
    assert set(problem.where.split(", ")) == {f"member/{who}" for who in ring}


@given(st.lists(st.integers(0, 9), min_size=1, max_size=10))
def test_circles_are_those_that_a_walk_comes_back_to(above: list[int]) -> None:
    parents = {str(one): str(up) if up < len(above) else "" for one, up in enumerate(above)}
    in_one: set[str] = set()
    for start in parents:
        one = parents[start]
        for _ in parents:
            if one == start:
                in_one.add(start)
                break
            one = parents.get(one, "")
    found = list(circles(parents))
    assert {name for circle in found for name in circle} == in_one
    assert sum(map(len, found)) == len(in_one), "each once"
    for circle in found:
        for one, up in zip(circle, (*circle[1:], circle[0]), strict=True):
            assert parents[one] == up
