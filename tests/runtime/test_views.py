"""Views: what pages and support read, in at most two statements, whatever the history."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shops import (
    NOON,
    ask,
    at,
    everything,
    grab,
    like,
    likes,
    rain,
    share,
    shop_of,
    small,
)
from viralcommerce import CNY, DAY, UNLIMITED, Cap, Grant, Limit, Points, Shop
from viralcommerce.errors import UnknownCampaign
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.limits import CAMPAIGN
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.runtime.views import Views

SMALL = small()
LIKES = likes(2)


class Traced(SqliteStore):
    """A store that keeps every statement it runs, and counts the steps they take."""

    def __init__(self, path: Path) -> None:
        self.statements: list[str] = []
        self.steps = 0
        super().__init__(path)

    def _step(self) -> int:
        self.steps += 1
        return 0

    def _open(self) -> sqlite3.Connection:
        connection = super()._open()
        connection.set_trace_callback(self.statements.append)
        connection.set_progress_handler(self._step, 1)
        return connection


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Traced]:
    store = Traced(tmp_path / "viral.db")
    yield store
    store.close()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
        return
    disk = SqliteStore(tmp_path / "viral.db")
    yield disk
    disk.close()


def busy(store: Any) -> Shop:
    """A shop with some history in two campaigns."""
    shop = shop_of(SMALL, LIKES, store=store)
    for number in range(5):
        shop.handle(SMALL, share(f"p{number}"))
        for member in ("bob", "cid", "dee"):
            shop.handle(SMALL, grab(member, f"p{number}", at=at(minutes=number)))
    shop.handle(LIKES, ask("a1", by="bob"))
    shop.handle(LIKES, like("ann", "a1"))
    shop.handle(LIKES, like("cid", "a1"))
    return shop


READS: dict[str, Callable[[Views], object]] = {
    "instance": lambda views: views.instance("rain-pack", "p1", at=NOON),
    "an instance that is not there": lambda views: views.instance("rain-pack", "p99", at=NOON),
    "wallet": lambda views: views.wallet("bob", at=NOON),
    "parts": lambda views: views.parts("bob"),
    "campaign": lambda views: views.campaign("rain-pack"),
}


@pytest.mark.parametrize("what", READS)
def test_a_view_takes_at_most_two_statements(traced: Traced, what: str) -> None:
    views = busy(traced).views
    traced.statements.clear()
    READS[what](views)
    assert 1 <= len(traced.statements) <= 2
    assert all(said.startswith("select") for said in traced.statements)


@pytest.mark.parametrize("what", READS)
def test_a_view_costs_no_more_when_others_have_done_much_more(traced: Traced, what: str) -> None:
    """RQ-10: every statement goes by an index, so that the history of others costs nothing."""
    shop = busy(traced)
    steps: list[int] = []
    for _ in range(2):
        traced.steps = 0
        READS[what](shop.views)
        steps.append(traced.steps)
        for number in range(60):
            stranger = f"stranger-{number}"
            shop.handle(SMALL, share(f"q{number}", by=stranger))
            shop.handle(SMALL, grab(f"{stranger}-too", f"q{number}"))
            shop.set_stage(LIKES, "live", by="olga", why="again and again")
    assert steps[1] <= steps[0]


@pytest.mark.parametrize("what", READS)
def test_a_view_writes_nothing(store: Any, what: str) -> None:
    """EC-8: reading must never write."""
    shop = busy(store)
    tables = everything(store)
    READS[what](shop.views)
    assert everything(store) == tables


def test_a_page_shows_the_pack_as_it_is(store: Any) -> None:
    shop = shop_of(SMALL, store=store)
    assert shop.views.instance("rain-pack", "p1", at=NOON) is None
    shop.handle(SMALL, share())
    taken = shop.handle(SMALL, grab()).events[0].share
    view = shop.views.instance("rain-pack", "p1", at=at(minutes=59))
    assert view is not None
    assert isinstance(view.state, pack.Open)
    assert view.state.shares == {"bob": taken}
    assert view.state.left == CNY(6) - taken
    assert (view.version, view.deadline, view.is_due) == (2, at(hours=1), False)
    assert view.held == CNY(6) - taken
    late = shop.views.instance("rain-pack", "p1", at=at(hours=1))
    assert late is not None
    assert late.is_due
    assert isinstance(late.state, pack.Open)


def test_a_page_says_how_many_likes_are_missing(store: Any) -> None:
    """Near-miss progress: what a member comes back for."""
    shop = shop_of(LIKES, store=store)
    shop.handle(LIKES, ask())
    shop.handle(LIKES, like())
    view = shop.views.instance("38-likes", "a1", at=NOON)
    assert view is not None
    assert isinstance(view.state, collect.Collecting)
    assert (view.state.goal, view.state.likers) == (2, ("bob",))
    assert view.held == CNY(0)


def test_a_wallet_is_all_a_member_was_given_by_any_campaign(store: Any) -> None:
    shop = busy(store)
    wallet = shop.views.wallet("bob", at=at(days=6))
    assert [line.campaign for line in wallet] == ["rain-pack"] * 5 + ["38-likes"]
    assert [line.instance for line in wallet] == ["p0", "p1", "p2", "p3", "p4", "a1"]
    assert [line.at for line in wallet[:2]] == [NOON, at(minutes=1)]
    assert wallet[-1].award.asset == "product/teapot"
    assert not any(line.is_expired for line in wallet)
    assert list(shop.views.wallet("nobody", at=NOON)) == []


def test_what_has_expired_is_marked_at_its_very_moment(store: Any) -> None:
    """EC-1: valid until just before."""
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share())
    shop.handle(SMALL, grab())
    for moment, over in ((at(days=7, seconds=-1), False), (at(days=7), True)):
        (line,) = shop.views.wallet("bob", at=moment)
        assert line.is_expired is over


def test_parts_are_what_a_member_took_part_in_and_as_whom(store: Any) -> None:
    shop = busy(store)
    parts = [
        (part.campaign, part.instance, part.role)
        for part in shop.views.parts("cid")
        if part.role != pack.LUCKIEST
    ]
    assert parts == [
        ("38-likes", "a1", "liker"),
        *(("rain-pack", f"p{number}", "grabber") for number in range(5)),
    ]
    assert type(shop.views.parts("cid")[0].role) is str


def test_who_is_told_no_took_no_part(store: Any) -> None:
    shop = shop_of(SMALL, store=store)
    shop.handle(SMALL, share())
    shop.handle(SMALL, grab("ann"))
    assert [part.role for part in shop.views.parts("ann")] == ["sharer"]


def test_how_a_campaign_stands(store: Any) -> None:
    campaign = rain(
        grants=(
            *rain().grants,
            Grant(
                Points(1),
                to=pack.GRABBER,
                on=pack.GRABBED,
                name="early",
                at_most=(Limit(2, per=CAMPAIGN), Limit(9, per=(CAMPAIGN, DAY))),
            ),
        ),
        limits=(Cap("packs", 9, on=pack.OPENED, of=pack.SHARER, per=CAMPAIGN),),
    )
    shop = shop_of(campaign, store=store)
    shop.handle(campaign, share())
    for member in ("bob", "cid", "dee"):
        shop.handle(campaign, grab(member))
    view = shop.views.campaign("rain-pack")
    assert view.rules == campaign.hash
    assert (view.budget, view.spent) == (CNY(200_000), CNY(66))
    assert view.left == CNY(200_000) - CNY(66)
    assert view.counted == {
        "cap/packs": 1,
        "early/campaign": 2,
        "early/campaign/day/2026-11-11": 2,
    }
    assert view.life.stage == "live"


def test_a_budget_without_end_has_nothing_left_to_say(store: Any) -> None:
    campaign = rain(budget=UNLIMITED)
    shop = shop_of(campaign, store=store)
    shop.handle(campaign, share())
    view = shop.views.campaign("rain-pack")
    assert (view.budget, view.left) == (None, None)


def test_a_view_of_another_shops_campaign_is_refused(store: Any) -> None:
    views = shop_of(SMALL, store=store).views
    with pytest.raises(UnknownCampaign):
        views.instance("sun-pack", "p1", at=NOON)
    with pytest.raises(UnknownCampaign):
        views.campaign("sun-pack")
