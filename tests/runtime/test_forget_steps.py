"""Forgetting on PostgreSQL, and what happens between any two of its steps."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from inviting import gifts, rides
from postgres import fresh_store, server_url
from runtime.test_forget import standing_alone, told
from runtime.test_forget_between import Beside
from shops import NOON, assert_clean, grab, share, shop_of, small
from viralcommerce import CNY, UNLIMITED, Campaign
from viralcommerce.errors import StoreError
from viralcommerce.kinds import KINDS
from viralcommerce.mechanics import invite
from viralcommerce.runtime.chance import SystemEntropy
from viralcommerce.runtime.erasure import erasure

PACKS = small(total=60, parts=30)
WHO = "ann-7f3"


class _Between:
    """A store on which something happens after so many trips of an erasure."""

    def __init__(self, inner: Any, after: int, then: Callable[[], object]) -> None:
        self._inner = inner
        self._after = after
        self._then = then
        self.reached = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def forget(self, erasure: Any) -> Any:
        from viralcommerce.runtime.stores.postgres.upkeep import forgetting

        trips = 0

        def counted(script: Any) -> Any:
            nonlocal trips
            trip = next(script)
            while True:
                if trips == self._after:
                    self.reached = True
                    self._then()
                trips += 1
                try:
                    rows = yield trip
                except BaseException as error:  # noqa: BLE001 - the script's to handle
                    trip = script.throw(error)
                    continue
                try:
                    trip = script.send(rows)
                except StopIteration as done:
                    return done.value

        return self._inner._play(counted(forgetting(self._inner.schema, erasure, hosted=False)))


def test_killed_in_the_middle_nothing_has_changed_on_postgresql() -> None:
    """EC-73: at whatever statement the server goes away; done again, all of it is."""
    store = fresh_store()
    shop = shop_of(PACKS, store=store)
    for number in range(3):
        shop.handle(PACKS, share(f"p{number}", by=WHO))
        shop.handle(PACKS, grab("bob", f"p{number}"))
    before = told(store)

    def kill() -> None:
        import psycopg

        with psycopg.connect(server_url(), autocommit=True) as other:
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where state = 'idle in transaction' and pid <> pg_backend_pid()"
            )

    for steps in range(1, 100):  # before the first there is nothing to undo
        try:
            wanted = erasure(WHO, entropy=SystemEntropy(), at=NOON, kinds=KINDS)
            done = _Between(store, steps, kill).forget(wanted)  # a shop would begin again
        except StoreError:
            assert told(store) == before
            continue
        break
    assert steps > 8
    assert not done.nothing
    assert standing_alone(WHO, told(store)) == []
    assert_clean(store)
    store.close()


Told = tuple[Campaign, str, Callable[[], object]]
"""A campaign, whom to forget in it, and what happens meanwhile."""


def between_any_two_steps(store: Any, tell: Callable[[int], Told]) -> None:
    """Forget one member after the other, each with something after one trip more.

    Args:
        store: on PostgreSQL.
        tell: what comes before, by number.
    """
    for steps in itertools.count():
        campaign, her, meanwhile = tell(steps)
        between = _Between(store, steps, meanwhile)
        assert not shop_of(campaign, store=between).forget(her).nothing
        if not between.reached:
            break
    assert steps > 8
    assert_clean(store)


@pytest.mark.slow
@pytest.mark.parametrize("number", [False, True])
def test_others_name_what_is_new_after_her_between_any_two_steps(number: bool) -> None:
    """EC-71: what is begun meanwhile is renamed in every table or in none."""
    store = fresh_store()

    def tell(steps: int) -> Told:
        her = f"{1_000_000 + steps}" if number else f"{WHO}-{steps}"
        packs = PACKS.replace(name=f"packs-{steps}")
        shop = shop_of(packs, store=store)
        shop.handle(packs, share("p1", by=her))
        shop.handle(packs, share(f"for-{her}", by="bob"))
        shop.handle(packs, grab("eve", "p1"))

        def meanwhile() -> None:
            shop.handle(packs, share(f"of-{her}", by="bob", key=f"bob:{her}"))
            shop.handle(packs, grab("eve", f"of-{her}", key=f"eve:{her}"))

        return packs, her, meanwhile

    between_any_two_steps(store, tell)
    store.close()


def test_what_begins_meanwhile_may_be_of_a_new_campaign() -> None:
    """Between any two steps: its rules were not in the store when the erasure began."""
    store = fresh_store()

    def tell(steps: int) -> Told:
        her = f"{WHO}-{steps}"
        shop_of(PACKS, store=store).handle(PACKS, share(f"p{steps}", by=her))
        newer = small(total=60, parts=20 + steps).replace(name=f"newer-{steps}")
        late = share(f"of-{her}", by="bob")
        return PACKS, her, lambda: shop_of(newer, store=store).handle(newer, late)

    between_any_two_steps(store, tell)
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("first", [WHO, "bob-7f3"])
def test_a_friend_is_forgotten_between_any_two_steps(first: str) -> None:
    """EC-64: what is named after the one, and names the other, has another name meanwhile."""
    store = fresh_store()
    friends = Campaign("rides", rides(), grants=gifts(2, 20), budget=UNLIMITED)
    shop = shop_of(friends, store=store)
    others: list[Beside] = []

    def tell(steps: int) -> Told:
        ann, bob = f"{WHO}-{steps}", f"bob-7f3-{steps}"
        for command in (
            invite.Join(by=ann, link="zoe", at=NOON),
            invite.Join(by=bob, link=ann, at=NOON),
            invite.Order(by=bob, order=f"o{steps}", amount=CNY(100), at=NOON),
        ):
            shop.handle(friends, command)
        one, other = (ann, bob) if first == WHO else (bob, ann)
        others.append(Beside(shop, other))
        return friends, one, others[-1].begin

    between_any_two_steps(store, tell)
    others[-1].begin()  # before whom no step was left
    for beside in others:
        beside.thread.join()
    text = told(store)
    assert WHO not in text
    assert "bob-7f3" not in text
    assert_clean(store)
    store.close()
