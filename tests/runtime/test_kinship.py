"""No circle, whatever is bound at the same time: every order in memory, many on real databases."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from inviting import gifts, rides
from postgres import fresh_store
from row_locks import RowLocks
from shops import at
from viralcommerce import CNY, UNLIMITED, Shop
from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted, Refused
from viralcommerce.refusals import Circular
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.kinship import MERGING, Held, Kin, Unread
from viralcommerce.runtime.ports import Found, Place, Store, Wanted
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.interleavings import every_order, some_orders
from viralcommerce.testing.laws import LawBroken
from viralcommerce.testing.races import Race

GAME = rides(rebinds="always")
CAMPAIGN = Campaign("rides", GAME, grants=gifts(2, 20), budget=UNLIMITED)


def join(by: str, link: str) -> invite.Join:
    """Somebody is bound under somebody."""
    return invite.Join(by=by, link=link, at=at(), key=f"{by}-{link}")


FEW: list[tuple[list[invite.Commands], list[invite.Commands]]] = [
    ([], [join("a", "b"), join("b", "a")]),
    ([], [join("a", "b"), join("b", "c"), join("c", "a")]),
    ([join("x", "a"), join("y", "b")], [join("a", "b"), join("b", "a")]),
    ([join("b", "a"), join("d", "c")], [join("a", "d"), join("c", "b")]),
    ([join("b", "a")], [join("a", "c"), join("c", "b")]),
]  # fmt: skip
"""What stands, and what is bound at the same time: few enough for every order."""
MANY: list[tuple[list[invite.Commands], list[invite.Commands]]] = [
    ([join("x", "a"), join("y", "b"), join("z", "c")],
     [join("a", "b"), join("b", "c"), join("c", "a")]),
    ([join("b", "a"), join("c", "b")], [join("a", "c"), join("d", "a"), join("b", "d")]),
    ([join("a", "r"), join("b", "r")], [join("a", "b"), join("b", "a"), join("r", "a")]),
    ([join("x", "a")], [join("a", "b"), join("b", "c"), join("c", "d"), join("d", "a")]),
    ([join("x", "a"), join("y", "c")],
     [join("a", "b"), join("b", "c"), join("c", "d"), join("d", "e"), join("e", "a")]),
]  # fmt: skip
"""Every order of the first takes three minutes, and holds."""
KNOTS = FEW + MANY


@pytest.mark.parametrize(("before", "binds"), FEW)
def test_every_order_of_binds_is_one_after_the_other(
    before: Sequence[invite.Commands], binds: Sequence[invite.Commands]
) -> None:
    """EC-58: check-then-write lets A→B and B→A pass together, even with a walk to the root."""
    every_order(Race(CAMPAIGN, list(binds), before=list(before)))
    every_order(Race(CAMPAIGN, list(binds), before=list(before)), RowLocks)


def test_the_explorer_finds_the_circle_that_two_locks_do_not_prevent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the lock on what moves a branch, two walks pass each other."""

    class Moves(frozenset[Place]):
        def __contains__(self, place: object) -> bool:
            return place == ("rides", MERGING) or super().__contains__(place)

    learn, begin = Kin.learn, Held.__init__

    def learn_less(self: Kin, unread: Unread) -> None:
        learn(self, unread)
        self._places.discard(("rides", MERGING))

    def hold_more(self: Held, found: Found, wanted: Wanted) -> None:
        begin(self, found, wanted)
        self._cells = Moves(self._cells)

    monkeypatch.setattr(Kin, "learn", learn_less)
    monkeypatch.setattr(Held, "__init__", hold_more)
    before, binds = FEW[3]
    with pytest.raises(LawBroken, match="in no serial order"):
        every_order(Race(CAMPAIGN, list(binds), before=list(before)), RowLocks)


def test_nobody_is_taken_for_a_leaf_who_was_not_asked_about() -> None:
    """A branch that nobody foresaw (a code claimed since) is read before it is hung anywhere."""
    place, above = ("rides", "member/a"), ("rides", "member/b")
    found = Found(decisions={}, cells={}, used={})
    held = Held(found, Wanted(cells=(place, above)))
    with pytest.raises(Unread) as unread:
        held.must_hold(place, (), "member/b")
    assert unread.value.branches == (place,)
    Held(found, Wanted(cells=(place, above), branches=(place,))).must_hold(place, (), "member/b")


@pytest.mark.slow
@pytest.mark.parametrize(("before", "binds"), MANY)
def test_many_orders_of_many_binds(
    before: Sequence[invite.Commands], binds: Sequence[invite.Commands]
) -> None:
    some_orders(Race(CAMPAIGN, list(binds), before=list(before)), RowLocks, seeds=range(100))


@pytest.mark.slow
@pytest.mark.parametrize(("before", "binds"), KNOTS)
def test_orders_of_binds_on_sqlite(
    before: Sequence[invite.Commands], binds: Sequence[invite.Commands], tmp_path: Path
) -> None:
    number = itertools.count()
    some_orders(
        Race(CAMPAIGN, list(binds), before=list(before)),
        lambda: SqliteStore(tmp_path / f"{next(number)}.db", busy_after=0.2),
        seeds=range(4),
    )


@pytest.mark.slow
@pytest.mark.parametrize(("before", "binds"), KNOTS)
def test_orders_of_binds_on_postgresql(
    before: Sequence[invite.Commands], binds: Sequence[invite.Commands]
) -> None:
    race = Race(CAMPAIGN, list(binds), before=list(before))
    some_orders(race, fresh_store, seeds=range(4))


def a_chain(store: Store, length: int) -> Shop:
    """Everybody invited by the one before: m0 is the root."""
    shop = Shop(store, (CAMPAIGN,))
    shop.handle_many(
        CAMPAIGN,
        (join(f"m{number}", f"m{number - 1}") for number in range(1, length)),
        at_once=500,
    )
    return shop


def test_a_long_chain_has_no_circle_and_no_recursion() -> None:
    """Bad input: a chain of thousands, closed at its end."""
    store = MemoryStore()
    shop = a_chain(store, 5_000)
    refused = shop.handle(CAMPAIGN, join("m0", "m4999"))
    assert isinstance(refused, Refused)
    assert isinstance(refused.refusal, Circular)
    assert isinstance(shop.handle(CAMPAIGN, join("other", "m4999")), Accepted)
    assert audit(store).is_clean


def test_a_chain_on_disk(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "chain.db")
    shop = a_chain(store, 1_000)
    refused = shop.handle(CAMPAIGN, join("m0", "m999"))
    assert isinstance(refused, Refused)
    assert isinstance(refused.refusal, Circular)
    order = invite.Order(order="o1", by="m999", amount=CNY(100), at=at(), key="o1")
    ordered = shop.handle(CAMPAIGN, order)
    assert isinstance(ordered, Accepted)
    assert ordered.events[0].upline == ("m998", "m997")
    assert [name for name, _ in store.below("rides", "member/m500", "", 10)] == ["member/m501"]
    assert audit(store).is_clean


def test_a_self_loop() -> None:
    shop = Shop(MemoryStore(), (CAMPAIGN,))
    refused = shop.handle(CAMPAIGN, join("ann", "ann"))
    assert isinstance(refused, Refused)
    assert isinstance(refused.refusal, invite.OwnInvitation)


def test_whoever_moves_takes_what_hangs_below_along() -> None:
    store = MemoryStore()
    shop = Shop(store, (CAMPAIGN,))
    for one in (join("b", "a"), join("c", "b"), join("b", "z")):
        assert isinstance(shop.handle(CAMPAIGN, one), Accepted)
    order = invite.Order(order="o1", by="c", amount=CNY(100), at=at(), key="o1")
    answer = shop.handle(CAMPAIGN, order)
    assert isinstance(answer, Accepted)
    assert answer.events[0].upline == ("b", "z")
