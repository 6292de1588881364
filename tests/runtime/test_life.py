"""The life of a campaign: draft, shadow, live, paused, closed; who said so, when and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shops import (
    NOON,
    Stopwatch,
    ask,
    assert_clean,
    at,
    code,
    everything,
    gained,
    grab,
    like,
    likes,
    plain,
    rain,
    share,
    shop_of,
    small,
    spent,
)
from viralcommerce import CNY, Points, Shop
from viralcommerce.errors import InvalidValue
from viralcommerce.mechanics import collect
from viralcommerce.rules.grants import Grant
from viralcommerce.runtime import lives as lives_module
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer, ScriptedClock

RAIN = rain()
CONSOLING = likes(
    2,
    grants=Grant(Points(3), to=collect.COLLECTOR, on=collect.LAPSED),
    limits=(),
)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
        return
    disk = SqliteStore(tmp_path / "viral.db")
    yield disk
    disk.close()


def staged(shop: Shop, campaign: Any, stage: Any, why: str = "the story says so") -> None:
    shop.set_stage(campaign, stage, by="olga", why=why)


def test_a_campaign_is_live_unless_somebody_said_otherwise(store: Any) -> None:
    shop = shop_of(RAIN, store=store)
    life = shop.stage(RAIN)
    assert (life.stage, life.by, life.why) == ("live", "", "")
    assert list(store.lives("rain-pack")) == []


def test_who_said_so_when_and_why_is_kept_for_ever(store: Any) -> None:
    clock = ScriptedClock(NOON)
    shop = shop_of(RAIN, store=store, clock=clock)
    staged(shop, RAIN, "paused", "a printing error in the terms")
    clock.at(at(hours=1))
    shop.set_stage("rain-pack", "live", by="igor", why="mended")
    told = [(life.stage, life.by, life.why, life.at) for life in store.lives("rain-pack")]
    assert told == [
        ("paused", "olga", "a printing error in the terms", NOON),
        ("live", "igor", "mended", at(hours=1)),
    ]
    assert shop.stage(RAIN).by == "igor"
    assert shop.views.campaign("rain-pack").life.why == "mended"


def test_somebody_must_say_so() -> None:
    with pytest.raises(InvalidValue, match="by: 0 characters"):
        shop_of(RAIN).set_stage(RAIN, "paused", by="", why="nobody's idea")


@pytest.mark.parametrize(
    ("stage", "beginning", "going_on"),
    [
        ("draft", "not_running", "not_running"),
        ("live", "yes", "yes"),
        ("paused", "paused", "paused"),
        ("paused_new", "paused", "yes"),
        ("closed", "not_running", "yes"),
        ("superseded", "not_running", "yes"),
    ],
)
def test_what_each_stage_lets_begin_and_go_on(
    store: Any, stage: str, beginning: str, going_on: str
) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share("p1"))
    staged(shop, RAIN, stage)
    assert code(shop.handle(RAIN, share("p2", key="s"))) == beginning
    assert code(shop.handle(RAIN, grab(key="g"))) == going_on
    staged(shop, RAIN, "live")
    for retry in (share("p2", key="s"), grab(key="g")):
        assert code(shop.handle(RAIN, retry)) == "yes"
    assert_clean(store)


def test_a_refusal_says_the_stage() -> None:
    shop = shop_of(RAIN)
    staged(shop, RAIN, "draft")
    assert plain(shop.handle(RAIN, share()))["refusal"] == {"code": "not_running", "life": "draft"}


@pytest.mark.parametrize("stage", ["draft", "paused", "paused_new", "closed", "superseded"])
def test_deadlines_are_kept_at_every_stage(store: Any, stage: str) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share())
    staged(shop, RAIN, stage)
    assert shop.tick(at(days=1)) == 1
    assert spent(store, "rain-pack") == 0
    assert_clean(store)


@pytest.mark.parametrize("stage", ["draft", "paused", "closed"])
def test_who_comes_upon_an_overdue_pack_ends_it_whatever_the_stage(store: Any, stage: str) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share())
    staged(shop, RAIN, stage)
    shop.handle(RAIN, grab(at=at(days=2)))
    assert not list(shop.due(at(days=9)))
    assert spent(store, "rain-pack") == 0


# ------------------------------------------------------------------ shadow


def test_in_shadow_everything_is_decided_and_nothing_is_awarded(store: Any) -> None:
    """EC-110: simulated results are untypable as real ones, by their very name."""
    issuer = FakeIssuer()
    campaign = small()
    shop = shop_of(campaign, store=store, issuer=issuer)
    staged(shop, campaign, "shadow")
    opened = shop.handle(campaign, share())
    taken = shop.handle(campaign, grab())
    assert (opened.campaign, taken.campaign) == ("shadow:rain-pack", "shadow:rain-pack")
    assert gained(taken)
    assert {award.id.split("/")[0] for award in taken.awards} == {"shadow:rain-pack"}
    assert shop.deliver().delivered == 0
    assert not issuer.issued
    for member in ("ann", "bob"):
        assert list(shop.views.wallet(member, at=NOON)) == []
    assert list(store.postings("shadow:rain-pack")) == []
    assert store.campaigns() == ["shadow:rain-pack"]
    assert shop.views.campaign("rain-pack").spent.minor == 0
    assert audit(store).is_clean


def test_what_runs_in_shadow_and_what_runs_live_never_meet(store: Any) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share("p1", key="s"))
    staged(shop, RAIN, "shadow")
    assert code(shop.handle(RAIN, grab("bob", "p1"))) == "no_such_pack"
    assert code(shop.handle(RAIN, share("p1", key="s"))) == "yes"
    staged(shop, RAIN, "live")
    assert code(shop.handle(RAIN, grab("bob", "p1"))) == "yes"
    assert_clean(store)


def test_a_live_pack_that_ends_while_others_are_in_shadow_gives_its_rest_back(store: Any) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share())
    staged(shop, RAIN, "shadow")
    shop.handle(RAIN, share("p2"))
    assert shop.tick(at(days=1)) == 2
    assert spent(store, "rain-pack") == 0
    assert [row.transfer.target for row in store.postings("rain-pack")] == ["hold/p1", "budget"]
    assert list(store.postings("shadow:rain-pack")) == []
    assert_clean(store)


def test_what_was_asked_in_shadow_gains_nothing_when_it_ends_live(store: Any) -> None:
    """EC-110: not by the clock either."""
    issuer = FakeIssuer()
    shop = shop_of(CONSOLING, store=store, issuer=issuer)
    staged(shop, CONSOLING, "shadow")
    shop.handle(CONSOLING, ask())
    staged(shop, CONSOLING, "live")
    assert shop.tick(at(days=3)) == 1
    assert shop.deliver().delivered == 0
    assert list(shop.views.wallet("ann", at=NOON)) == []
    assert_clean(store)


def test_the_clocks_commands_in_shadow_can_be_handled_one_by_one(store: Any) -> None:
    shop = shop_of(CONSOLING, store=store)
    staged(shop, CONSOLING, "shadow")
    shop.handle(CONSOLING, ask())
    shop.handle(CONSOLING, like())
    staged(shop, CONSOLING, "live")
    ((name, command),) = shop.due(at(days=3))
    assert name == "shadow:38-likes"
    assert code(shop.handle(name, command)) == "yes"
    assert shop.tick(at(days=3)) == 0


# ------------------------------------------------------------------ other processes


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """Time as shops count it."""
    watch = Stopwatch()
    monkeypatch.setattr(lives_module, "time", watch)
    return watch


def test_another_process_learns_of_a_pause_within_a_second(
    tmp_path: Path, watch: Stopwatch
) -> None:
    file = tmp_path / "viral.db"
    with Shop.open(f"sqlite:///{file}", RAIN) as here, Shop.open(f"sqlite:///{file}", RAIN) as far:
        assert code(far.handle(RAIN, share("p1"))) == "yes"
        staged(here, RAIN, "paused")
        assert code(here.handle(RAIN, share("p2"))) == "paused"
        assert code(far.handle(RAIN, share("p3"))) == "yes"
        watch.seconds += lives_module.LEARNS_WITHIN
        assert code(far.handle(RAIN, share("p4"))) == "paused"
        assert far.stage(RAIN).why == "the story says so"


def test_the_stage_is_not_read_with_every_command(
    store: Any, watch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_of(RAIN, store=store)
    read: list[str] = []
    life: Callable[[str], Any] = store.life

    def counted(campaign: str) -> Any:
        read.append(campaign)
        return life(campaign)

    monkeypatch.setattr(store, "life", counted)
    for number in range(9):
        watch.seconds += 0.1
        shop.handle(RAIN, share(f"p{number}"))
    assert read == ["rain-pack"]


def test_a_name_that_comes_back_goes_on_counting_where_it_stopped(store: Any) -> None:
    """EC-55: history belongs to the name, and is not given out anew with a new version."""
    first = small(budget=CNY(12))
    shop = shop_of(first, store=store)
    shop.handle(first, share("p1"))
    shop.handle(first, share("p2"))
    staged(shop, first, "closed", "the season is over")
    again = small(budget=CNY(13))
    later = shop_of(again, store=store)
    assert code(later.handle(again, share("p3"))) == "not_running"
    staged(later, again, "live", "the next season")
    assert code(later.handle(again, share("p3"))) == "out_of_budget"
    assert [life.why for life in store.lives("rain-pack")] == [
        "the season is over",
        "the next season",
    ]


def test_a_pause_changes_no_table_but_its_own(store: Any) -> None:
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share())
    tables = everything(store)
    staged(shop, RAIN, "paused")
    assert everything(store) == tables
