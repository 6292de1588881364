"""Somebody is forgotten between what a command has looked at and what it writes.

A command may be about people whom it does not name: who stands above a buyer, whose order the
clock lets mature. Wherever the forgetting comes, it is as if it had come before, or after.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from inviting import gifts, rides
from postgres import fresh_store
from runtime.test_forget_trees import everywhere, standing_alone
from shops import assert_clean, at
from viralcommerce import CNY, UNLIMITED, Campaign, Shop, days
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted
from viralcommerce.runtime.stores.memory import MemoryStore

CAMPAIGN = Campaign(
    "rides",
    rides(matures_after=days(1), tiers=(2,), rebinds="always"),
    grants=gifts(2, 20),
    budget=UNLIMITED,
)
WHO = "annabel"
LATER = at(days=1)
CALLS = ("look", "lock", "commit", "commit_if", "close")


class Interrupted:
    """A store in whose sessions something happens, once.

    Args:
        store: that does the work.
        between: what happens.
        before: the call that it happens before, of `CALLS`; before any of them where none is said.
        calls: how many of these calls come first.
    """

    def __init__(
        self, store: Any, between: Callable[[], object], *, before: str = "", calls: int = 0
    ) -> None:
        self.store, self.between, self.calls = store, between, calls
        self.before = (before,) if before else CALLS

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def session(self) -> Any:
        return _Session(self, self.store.session())

    @property
    def was_reached(self) -> bool:
        return self.calls < 0

    def called(self, name: str) -> None:
        if name in self.before:
            self.calls -= 1
            if self.calls == -1:
                self.between()


class _Session:
    def __init__(self, outer: Interrupted, inner: Any) -> None:
        self._outer, self._inner = outer, inner

    def __getattr__(self, name: str) -> Any:
        self._outer.called(name)
        return getattr(self._inner, name)


class Beside:
    """Somebody is forgotten by another thread, which may have to wait.

    Args:
        shop: that forgets.
        who: is forgotten.

    Attributes:
        waits: whether they are not forgotten a while after it has begun.
    """

    def __init__(self, shop: Shop, who: str) -> None:
        self.thread = threading.Thread(target=lambda: shop.forget(who))
        self.waits = False

    def begin(self) -> None:
        self.thread.start()
        self.thread.join(0.2)
        self.waits = self.thread.is_alive()


def begun(store: Any) -> Shop:
    """Annabel has brought Cat, who has bought, and Ann has brought Annabel."""
    shop = Shop(store, (CAMPAIGN,))
    for command in (
        invite.Join(by=WHO, link="ann", at=at()),
        invite.Join(by="cat", link=WHO, at=at()),
        invite.Order(order="o1", by="cat", amount=CNY(100), at=at()),
    ):
        assert isinstance(shop.handle(CAMPAIGN, command), Accepted)
    return shop


def forgotten_before(who: str) -> MemoryStore:
    """A store in which somebody was forgotten before the clock came."""
    store = MemoryStore()
    shop = begun(store)
    shop.forget(who)
    assert shop.tick(LATER) == 1
    return store


def order(name: str, by: str = "cat") -> invite.Order:
    """An order, a day later."""
    return invite.Order(order=name, by=by, amount=CNY(100), at=LATER)


def credited(store: Any) -> dict[str, int]:
    """What each was paid, by grant; whoever was forgotten is one of them."""
    found: dict[str, int] = {}
    for row in store.postings("rides"):
        award = row.transfer.award
        if award is not None:
            found[award.grant] = found.get(award.grant, 0) + award.amount
    return found


@pytest.mark.parametrize("who", [WHO, "cat"])
def test_the_clock_lets_an_order_of_somebody_forgotten_mature(store: Any, who: str) -> None:
    """EC-64: the order's buyer or their inviter is forgotten after the tick has looked."""
    shop = begun(store)
    hurried = Interrupted(store, lambda: shop.forget(who), before="lock")
    assert Shop(hurried, (CAMPAIGN,)).tick(LATER) == 1
    assert hurried.was_reached
    assert standing_alone(who, everywhere(store)) == []
    assert credited(store) == credited(forgotten_before(who))
    assert_clean(store)


def test_a_second_order_is_not_taken_for_the_first(store: Any) -> None:
    """EC-64: whose buyer is forgotten, after one of their orders has counted."""
    shop = begun(store)
    assert shop.tick(LATER) == 1
    before = credited(store)
    shop.handle(CAMPAIGN, order("o2"))
    hurried = Interrupted(store, lambda: shop.forget("cat"), before="lock")
    assert Shop(hurried, (CAMPAIGN,)).tick(at(days=2)) == 1
    assert credited(store) == {**before, "l1": 1000, "l2": 200}
    assert_clean(store)


def test_the_clocks_command_is_believed_in_nothing_but_its_order(store: Any) -> None:
    """A host that runs it from a queue may be late, and may have kept the wrong names."""
    shop = begun(store)
    ((_, waiting),) = shop.due(LATER)
    shop.forget("cat")
    for told in (waiting, invite.Mature(order="o1", at=LATER, buyer="eve", inviter="fay")):
        shop.handle(CAMPAIGN, told)
    assert credited(store) == credited(forgotten_before("cat"))
    assert standing_alone("cat", everywhere(store)) == []
    assert not standing_alone("eve", everywhere(store))
    assert_clean(store)


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("who", [WHO, "ann"])
def test_an_order_beside_who_stands_above_its_buyer(store: Any, who: str, many: bool) -> None:
    """EC-64: forgotten after the order has looked up the line, before it is locked."""
    shop = begun(store)
    hurried = Shop(Interrupted(store, lambda: shop.forget(who), before="lock"), (CAMPAIGN,))
    if many:
        answers = hurried.handle_many(CAMPAIGN, [order("o2"), order("o3", by="eve"), order("o4")])
    else:
        answers = [hurried.handle(CAMPAIGN, order("o2"))]
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert standing_alone(who, everywhere(store)) == []
    hurried.tick(at(days=3))
    assert standing_alone(who, everywhere(store)) == []
    assert_clean(store)


@pytest.mark.parametrize("what", ["order", "code", "tick"])
def test_forgetting_waits_for_what_is_decided(store: Any, what: str) -> None:
    """EC-64: after everything was locked, before it is written."""
    shop = begun(store)
    shop.handle(CAMPAIGN, invite.Issue(by=WHO, vanity="teapot", at=at()))
    beside = Beside(shop, WHO)
    hurried = Shop(Interrupted(store, beside.begin, before="commit"), (CAMPAIGN,))
    match what:
        case "order":
            hurried.handle(CAMPAIGN, order("o2"))
        case "code":
            hurried.handle(CAMPAIGN, invite.Join(by="dee", code="teapot", at=at()))
        case _:
            hurried.tick(LATER)
    beside.thread.join()
    assert beside.waits
    assert standing_alone(WHO, everywhere(store)) == []
    assert_clean(store)


def told_at(what: str, number: int) -> list[invite.Commands]:
    """What concerns an inviter whom it does not name, or names as an operator does."""
    cat, late = f"cat-{number}", at(days=1)
    match what:
        case "order":
            return [order(f"late-{number}", by=cat)]
        case "orders":
            return [order(f"late-{number}-{one}", by=cat) for one in range(3)]
        case "code":
            return [invite.Join(by=f"dee-{number}", code=f"teapot{number:03}", at=late)]
        case "refund":
            return [
                invite.Refund(order=f"o-{number}", refund="r", by="op", amount=CNY(9), at=late)
            ]
        case "rebind":
            return [invite.Join(by=cat, link="zoe", at=late)]
        case _:
            return []


@pytest.mark.slow
@pytest.mark.parametrize("what", ["order", "orders", "code", "refund", "rebind", "tick"])
def test_between_any_two_calls_of_the_store(store: Any, what: str) -> None:
    """EC-64: whoever is above is forgotten before the first call, before the second, and so on."""
    shop = Shop(store, (CAMPAIGN,))
    for number in itertools.count():
        who, cat = f"{WHO}-{number}", f"cat-{number}"
        for command in (
            invite.Issue(by=who, vanity=f"teapot{number:03}", at=at()),
            invite.Join(by=who, link="ann", at=at()),
            invite.Join(by=cat, link=who, at=at()),
            invite.Order(order=f"o-{number}", by=cat, amount=CNY(100), at=at()),
        ):
            assert isinstance(shop.handle(CAMPAIGN, command), Accepted)
        if what == "refund":
            shop.tick(LATER)
        beside = Beside(shop, who)
        interrupted = Interrupted(store, beside.begin, calls=number)
        hurried = Shop(interrupted, (CAMPAIGN,))
        if what == "tick":
            assert hurried.tick(LATER) == 1
        else:
            hurried.handle_many(CAMPAIGN, told_at(what, number))
        if not interrupted.was_reached:
            beside.begin()
        beside.thread.join()
        assert standing_alone(who, everywhere(store)) == []
        shop.tick(LATER)
        assert standing_alone(who, everywhere(store)) == []
        if not interrupted.was_reached:
            break
    assert number > 2
    assert_clean(store)


def test_the_line_has_changed_since_it_was_looked_up() -> None:
    """What is locked is who stands above under lock; then there is nobody to forget."""
    store = fresh_store()
    shop = begun(store)

    def meanwhile() -> None:
        shop.handle(CAMPAIGN, invite.Join(by="cat", link="dora", at=at(minutes=1)))

    hurried = Interrupted(store, meanwhile, before="lock")
    answer = Shop(hurried, (CAMPAIGN,)).handle(CAMPAIGN, order("o2"))
    assert isinstance(answer, Accepted)
    assert answer.command.upline == ("dora",)
    shop.forget("dora")
    assert standing_alone("dora", everywhere(store)) == []
    assert_clean(store)
    store.close()


def test_friends_order_while_their_inviters_are_forgotten_one_after_the_other() -> None:
    """EC-64: on PostgreSQL, without a hook: threads of orders, of ticks, and of forgetting."""
    store = fresh_store()
    shop = Shop(store, (CAMPAIGN,))
    rounds, each = 6, 3
    for number in range(rounds):
        for friend in range(each):
            join = invite.Join(by=f"f{number}-{friend}", link=f"{WHO}-{number}", at=at())
            shop.handle(CAMPAIGN, join)
    errors: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - it is looked at below
                errors.append(error)

        return threading.Thread(target=run)

    def buying(friend: int) -> Callable[[], object]:
        def buy() -> None:
            for count in range(4 * rounds):
                number = count // 4
                by = f"f{number}-{friend}"
                paid = CNY(100)
                name = f"o{count}-{friend}"
                shop.handle(CAMPAIGN, invite.Order(order=name, by=by, amount=paid, at=at()))

        return buy

    def forget() -> None:
        for number in range(rounds):
            shop.forget(f"{WHO}-{number}")

    works = [guarded(buying(friend)) for friend in range(each)]
    works += [guarded(forget), guarded(lambda: [shop.tick(LATER) for _ in range(12)])]
    for work in works:
        work.start()
    for work in works:
        work.join()
    assert errors == []
    shop.tick(LATER)
    assert WHO not in everywhere(store)
    assert_clean(store)
    store.close()
