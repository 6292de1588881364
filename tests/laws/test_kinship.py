"""The laws of kinship, by their names: one test a law; races are in tests/runtime."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from inviting import gifts, rides
from shops import at
from viralcommerce import UNLIMITED, Shop
from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import invite
from viralcommerce.messages import Accepted, Refused
from viralcommerce.refusals import Circular
from viralcommerce.runtime.stores.memory import MemoryStore

CAMPAIGN = Campaign("rides", rides(rebinds="always"), grants=gifts(2, 20), budget=UNLIMITED)
BINDS = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=20)


def bound(binds: list[tuple[str, str]], at_once: int) -> tuple[dict[str, str], MemoryStore]:
    """Who stands under whom, as the answers say; and the store."""
    store = MemoryStore()
    shop = Shop(store, (CAMPAIGN,))
    told = [
        invite.Join(by=child, link=parent, at=at(seconds=number), key=f"k{number}")
        for number, (child, parent) in enumerate(binds)
    ]
    above: dict[str, str] = {}
    answers = shop.handle_many(CAMPAIGN, told, at_once=at_once)
    for (child, parent), answer in zip(binds, answers, strict=True):
        closes = parent == child or child in line(above, parent)
        if isinstance(answer, Accepted):
            assert not closes
            above[child] = parent
        elif isinstance(answer, Refused) and isinstance(answer.refusal, Circular):
            assert closes
    return above, store


def line(above: dict[str, str], who: str) -> list[str]:
    """Those above somebody, the nearest first."""
    found: list[str] = []
    while who in above:
        who = above[who]
        assert who not in found
        found.append(who)
    return found


@settings(max_examples=150, deadline=None)
@given(BINDS, st.sampled_from((1, 4, 50)))
def test_no_circle(binds: list[tuple[str, str]], at_once: int) -> None:
    """EC-58: what would close a circle is refused, and nothing else is for that reason."""
    above, _ = bound(binds, at_once)
    assert all(who not in line(above, who) for who in above)


@settings(max_examples=100, deadline=None)
@given(BINDS, st.sampled_from((1, 4, 50)))
def test_one_parent(binds: list[tuple[str, str]], at_once: int) -> None:
    """EC-59: bound anew, a member hangs under the new one and no longer under the old."""
    above, store = bound(binds, at_once)
    hangs = {
        child: parent
        for parent in (f"member/{who}" for who in "abcdef")
        for child, _ in store.below("rides", parent, "", 100)
    }
    assert hangs == {f"member/{child}": f"member/{parent}" for child, parent in above.items()}
    assert sum(len(store.below("rides", f"member/{who}", "", 100)) for who in "abcdef") == len(
        hangs
    )
