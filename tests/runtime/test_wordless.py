"""What the host raises or answers is named by its type where its own words raise."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shops import NOON, code, grab, rain, share, shop_of, small
from viralcommerce import HasTag, NewMember, PaidOrders, hours
from viralcommerce.errors import InvalidMessage, MembersFailed
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.relay import Patience
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import ScriptedClock
from viralcommerce.values.saying import said, shown


class Wordless(Exception):
    """It says what it was not told."""

    def __str__(self) -> str:
        return self.args[0]  # type: ignore[no-any-return]


class Unshown:
    """Nobody can print it."""

    def __repr__(self) -> str:
        raise LookupError("no words")


class Members:
    """A members port that answers, or raises, the same to everybody."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def facts(self, asked: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Issuer:
    """Hands out to everybody but bob."""

    def __init__(self) -> None:
        self.got: list[str] = []

    def issue(self, award: Any) -> None:
        if award.to == "bob":
            raise Wordless(None)
        self.got.append(award.to)


def test_a_value_or_an_error_without_words_is_named_by_its_type() -> None:
    assert shown(Unshown()) == "<Unshown>"
    assert said(Wordless(None)) == "Wordless"
    assert said(Wordless(Unshown())) == "Wordless"
    assert said(ValueError(Unshown())) == "ValueError"
    assert said(ValueError("no")) == "ValueError: no"
    assert len(shown("x" * 99)) == 60


@pytest.mark.parametrize("shell", ["sync", "awaited"])
def test_an_issuer_that_raises_what_cannot_say_itself_blocks_nobody_else(shell: str) -> None:
    store, issuer, clock = MemoryStore(), Issuer(), ScriptedClock(NOON)
    patience = Patience(tries=2)
    shop = shop_of(small(), store=store, issuer=issuer, clock=clock)
    shop.handle(small(), share())
    for who in ("bob", "cat"):
        shop.handle(small(), grab(who))
    later = AsyncShop(InThreads(store), [small()], issuer=issuer, clock=clock)
    for _ in range(9):
        if shell == "sync":
            shop.deliver(patience=patience)
        else:
            asyncio.run(later.deliver(patience=patience))
        clock.forward(hours(2))
    assert sorted(issuer.got) == ["ann", "ann", "cat"]
    assert [(one.award.to, one.error) for one in store.poisoned(9)] == [("bob", "Wordless")]


@pytest.mark.parametrize(
    ("given", "answer", "says"),
    [
        (NewMember(), Wordless(None), "Wordless; nothing was decided"),
        (NewMember(), Unshown(), " got <Unshown>"),
        (NewMember(), [Unshown()], "a mapping of facts by name, not <Unshown>"),
        (NewMember(), [{"fields": Unshown()}], "expected names and values, not <Unshown>"),
        (PaidOrders(at_least=1), [{"paid_orders": Unshown()}], "not <Unshown> (Unshown)"),
        (HasTag("vip"), [{"tags": [Unshown()]}], "(list)"),
    ],
)
def test_members_failed_says_what_it_can(given: Any, answer: Any, says: str) -> None:
    campaign = rain(given=given)
    shop = shop_of(campaign, members=Members(answer))
    with pytest.raises(MembersFailed) as told:
        shop.handle(campaign, share())
    assert says in str(told.value)

    async def later() -> None:
        store = InThreads(MemoryStore())
        awaited = AsyncShop(store, [campaign], members=Members(answer))
        await awaited.handle(campaign, share())

    with pytest.raises(MembersFailed) as again:
        asyncio.run(later())
    assert says in str(again.value)


@pytest.mark.parametrize("field", ["by", "key", "at", "pack"])
def test_a_command_that_holds_what_nobody_can_print_is_refused(field: str) -> None:
    shop = shop_of(small())
    said_of: dict[str, Any] = {"pack": "p1", "by": "ann", field: Unshown()}
    pack_id = said_of.pop("pack")
    with pytest.raises(InvalidMessage, match="<Unshown>"):
        shop.handle(small(), share(pack_id, **said_of))
    with pytest.raises(InvalidMessage, match="<Unshown>"):
        shop.handle_many(small(), [share(pack_id, **said_of)])
    assert code(shop.handle(small(), share())) == "yes"
