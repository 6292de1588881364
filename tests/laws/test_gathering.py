"""The laws of runtime/gathering.py, by their names: one test a law."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gathered import (
    PATIENCE,
    Door,
    all_at_once,
    assert_as_one_by_one,
    gathers,
    told,
    until,
    waiting,
)
from shops import MembersOverTime, at, code, grab, rain, share, small
from stories import FACTS, stories
from viralcommerce import HasTag, Shop
from viralcommerce.campaign import Campaign
from viralcommerce.errors import KeyReused, MembersFailed
from viralcommerce.messages import Command
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.stores.memory import MemoryStore


@settings(max_examples=40)
@given(stories(), st.integers(2, 6), st.integers(1, 20))
def test_same_answers(story: tuple[Campaign, list[Command]], callers: int, at_most: int) -> None:
    """EC-106, EC-113: what anybody was told is what the journal, one by one, comes to."""
    campaign, commands = story
    callers = min(callers, len(commands))
    door: Any = Door(MemoryStore())
    with Shop(
        door,
        [campaign],
        members=MembersOverTime(FACTS),
        entropy=DerivedEntropy("gathered"),
        gathers=gathers(at_most=at_most),
    ) as shop:
        rows = [commands[number::callers] for number in range(callers)]
        answers = all_at_once(shop, campaign, rows)
        assert len(answers) == len(commands)
        assert_as_one_by_one(door.store, campaign, answers, FACTS)


class Moody(MembersOverTime):
    """A host that raises when it is asked about some."""

    def __init__(self, moody: frozenset[str]) -> None:
        super().__init__({name: {"tags": {"vip"}} for name in (*"abcdefgh", "zoe")})
        self.moody = moody

    def facts(self, asked: Sequence[Any]) -> list[dict[str, object]]:
        if {one.member for one in asked} & self.moody:
            raise ConnectionError("the host is away")
        return super().facts(asked)


@settings(max_examples=40)
@given(
    st.frozensets(st.sampled_from("abcdefgh"), max_size=3),
    st.frozensets(st.sampled_from("abcdefgh"), max_size=2),
)
def test_unharmed(moody: frozenset[str], reusing: frozenset[str]) -> None:
    """RQ-19: eight grab at once; of some the host knows nothing, some use a key that was used."""
    campaign = small(total=16, parts=8, given=HasTag("vip"))
    store = MemoryStore()
    ports: dict[str, Any] = {"entropy": DerivedEntropy("gathered"), "members": Moody(moody)}
    before = Shop(store, [campaign], **ports | {"members": Moody(frozenset())})
    before.handle(campaign, share(key="taken", by="zoe"))
    door: Any = Door(store)
    with Shop(door, [campaign], **ports, gathers=gathers()) as shop:
        keys = {by: "taken" if by in reusing else by for by in "abcdefgh"}
        rows = [[grab(by, key=key)] for by, key in keys.items()]
        for (command,), answer in zip(rows, all_at_once(shop, campaign, rows), strict=True):
            if command.key == "taken":
                assert isinstance(answer, KeyReused)
            elif command.by in moody:
                assert isinstance(answer, MembersFailed)
                assert command.by in str(answer).split(":")[1].replace(",", "").split()
            else:
                assert code(answer) == "yes"
        assert_as_one_by_one(store, campaign, [], Moody(frozenset()).known)


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 4))
def test_bounded(others: int) -> None:
    """One hangs at the store: whoever waits for it goes alone in time, and so do later ones."""
    campaign = rain()
    door: Any = Door(MemoryStore())
    bounds = gathers(waits=timedelta(milliseconds=20))
    with Shop(door, [campaign], gathers=bounds, entropy=DerivedEntropy("gathered")) as shop:
        answers: list[object] = []
        hangs = threading.Thread(
            target=lambda: answers.append(told(lambda: shop.handle(campaign, share(at=at()))))
        )
        hangs.start()
        assert door.reached.wait(PATIENCE)
        rest = [
            threading.Thread(
                target=lambda n=n: answers.append(
                    told(lambda: shop.handle(campaign, grab(f"friend-{n}", at=at())))
                )
            )
            for n in range(others)
        ]
        for thread in rest:
            thread.start()
        for thread in rest:
            thread.join(PATIENCE)
        assert [code(answer) for answer in answers] == ["no_such_pack"] * others
        door.opened.set()
        hangs.join(PATIENCE)
        assert code(answers[-1]) == "yes"
        until(lambda: waiting(shop) == 0)
        assert code(shop.handle(campaign, grab("eve", at=at()))) == "yes"
