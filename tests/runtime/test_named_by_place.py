"""What is raised on the way through many commands says which of them it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from shops import NOON, grab, share, shop_of, small
from viralcommerce.errors import InvalidMessage, MembersFailed, StoreBusy, ViralCommerceError
from viralcommerce.rules.conditions import NewMember
from viralcommerce.runtime.aio import AsyncShop
from viralcommerce.runtime.in_threads import InThreads
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.doubles import ScriptedClock

RAIN = small()
ASKED = small(given=NewMember())
PACKS = [share(f"p{n}", key=f"k{n}") for n in range(7)]


class Knows:
    """Knows everybody but one."""

    def __init__(self, unknown: str = "eve") -> None:
        self.unknown = unknown

    def facts(self, asked: Sequence[Any]) -> list[dict[str, object]]:
        if any(one.member == self.unknown for one in asked):
            raise ConnectionError("the user service is down")
        return [{"paid_orders": 0} for _ in asked]


class Busy(MemoryStore):
    """Is busy from the third commit on."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 2

    def session(self) -> Any:
        self.left -= 1
        if self.left < 0:
            raise StoreBusy("memory store: somebody else has it")
        return super().session()


def many(which: str, campaign: Any, commands: Sequence[Any], store: Any, **ports: Any) -> Any:
    """What either shell raises."""

    def run() -> None:
        if which == "sync":
            shop_of(campaign, store=store, **ports).handle_many(campaign, commands, at_once=3)
        else:
            shop = AsyncShop(InThreads(store), (campaign,), clock=ScriptedClock(NOON), **ports)
            asyncio.run(shop.handle_many(campaign, commands, at_once=3))

    with pytest.raises(ViralCommerceError) as raised:
        run()
    return raised.value


@pytest.fixture(params=["sync", "async"])
def which(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_command_that_cannot_be_is_named(which: str) -> None:
    told = [*PACKS[:4], share("p9", by="", key="k9"), *PACKS[4:]]
    error = many(which, RAIN, told, MemoryStore())
    assert isinstance(error, InvalidMessage)
    assert error.message == (
        "rain-pack: Share: by: 0 characters; give 1 to 200 "
        "(commands[4] with the key 'k9'; 3 are decided)"
    )
    assert error.operands["decided"] == 3
    assert error.operands["why"] == "rain-pack: Share: by: 0 characters; give 1 to 200"


def test_members_that_fail_are_asked_about_these(which: str) -> None:
    told = [*PACKS[:4], share("p9", by="eve"), *PACKS[4:]]
    error = many(which, ASKED, told, MemoryStore(), members=Knows())
    assert isinstance(error, MembersFailed)
    assert "the user service is down" in error.message
    assert error.message.endswith(
        "(commands[3] with the key 'k3' to commands[5] with the key 'k4'; 3 are decided)"
    )


def test_a_store_that_fails_failed_on_these(which: str) -> None:
    store = Busy()
    error = many(which, RAIN, PACKS, store)
    assert isinstance(error, StoreBusy)
    assert error.message == (
        "memory store: somebody else has it (commands[6] with the key 'k6'; 6 are decided)"
    )
    store.left = 99
    shop = shop_of(RAIN, store=store)
    assert len(list(store.journal("rain-pack"))) == error.operands["decided"] == 6
    assert len(shop.handle_many(RAIN, PACKS)) == 7


def test_what_went_before_in_the_same_chunk_is_counted(which: str) -> None:
    """A batch may end early, so of one chunk a part may be decided."""
    members = Knows("ann-2")
    told: list[Any] = [share("p1", by="ann", key="a"), grab("bob", "p1", key="b")]
    told += [share("p2", by="ann-2", key="c")]
    error = many(which, ASKED, told, MemoryStore(), members=members)
    assert error.operands["decided"] in (0, 1, 2)
    assert error.message.endswith(f"'c'; {error.operands['decided']} are decided)")
