"""The pytest plugin that a host project gets by having viralcommerce installed.

It lies outside the package because pytest imports the plugins of every installed distribution in
every project: this module must cost nothing there. Fixtures import what they need when they are
used, never at the top of this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from viralcommerce.campaign import Campaign
    from viralcommerce.runtime.shop import Shop
    from viralcommerce.testing.doubles import (
        FakeIssuer,
        FakeMembers,
        ScriptedClock,
        ScriptedEntropy,
    )
    from viralcommerce.testing.story import Story


@pytest.fixture
def viral_clock() -> ScriptedClock:
    """A clock that stands still until it is told to move."""
    from viralcommerce.testing.doubles import ScriptedClock

    return ScriptedClock()


@pytest.fixture
def viral_entropy() -> ScriptedEntropy:
    """Chance that repeats with every run, and falls as it is told."""
    from viralcommerce.testing.doubles import ScriptedEntropy

    return ScriptedEntropy()


@pytest.fixture
def viral_members() -> FakeMembers:
    """A members port that knows what the test says."""
    from viralcommerce.testing.doubles import FakeMembers

    return FakeMembers()


@pytest.fixture
def viral_issuer() -> FakeIssuer:
    """An issuer that hands awards out into a list."""
    from viralcommerce.testing.doubles import FakeIssuer

    return FakeIssuer()


@pytest.fixture
def viral_shop(
    viral_clock: ScriptedClock,
    viral_entropy: ScriptedEntropy,
    viral_members: FakeMembers,
    viral_issuer: FakeIssuer,
) -> Iterator[Callable[..., Shop]]:
    """Opens shops, in memory unless a ``url`` is said, on the other fixtures as their ports.

    ``viral_shop(rain_pack)`` or ``viral_shop(rain_pack, url="sqlite:///shop.db", issuer=mine)``.
    When the test is over each has its books audited and is closed, unless the test closed it.
    """
    from viralcommerce.errors import NotLive
    from viralcommerce.kinds import KINDS
    from viralcommerce.runtime.audit import audit
    from viralcommerce.runtime.shop import Shop

    opened: list[tuple[Shop, Any]] = []

    def open_shop(*campaigns: Campaign, url: str = "memory:", **ports: Any) -> Shop:
        doubles = {
            "clock": viral_clock,
            "entropy": viral_entropy,
            "members": viral_members,
            "issuer": viral_issuer,
        }
        shop = Shop.open(url, *campaigns, **{**doubles, **ports})
        opened.append((shop, ports.get("kinds", KINDS)))
        return shop

    yield open_shop
    problems: list[str] = []
    for shop, kinds in opened:
        try:
            problems += map(str, audit(shop.store, kinds=kinds).problems)
        except NotLive:
            continue  # the test has closed it
        shop.close()
    if problems:
        pytest.fail("the books do not add up:\n" + "\n".join(problems))


@pytest.fixture
def story() -> Iterator[Callable[[Campaign], Story]]:
    """Begins stories: ``story(rain_pack).given(...).when(...).then(...)``.

    A ``when`` without a ``then`` proves nothing, so it fails the test.
    """
    from viralcommerce.testing.story import Book, Story

    book = Book()

    def begin(campaign: Campaign) -> Story:
        return Story(campaign, book=book)

    yield begin
    if book.unfinished:
        pytest.fail("never told to its end with a then:\n" + "\n".join(book.unfinished))
