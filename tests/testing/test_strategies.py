"""Stories reach everything that can happen, of our games and of a third party's."""

from __future__ import annotations

import subprocess
import sys
import typing
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import strategies as ours
from outcomes import many, seen
from viralcommerce import (
    CNY,
    DAY,
    WHOLE,
    Campaign,
    Cap,
    Coupon,
    Grant,
    LuckySplit,
    Points,
    Product,
    Shop,
    Window,
    days,
    hours,
)
from viralcommerce.errors import InvalidValue
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import BY_CLOCK, Command
from viralcommerce.refusals import (
    FactMissing,
    LimitReached,
    NotEligible,
    NothingToEnd,
    NotYetOpen,
    OutOfBudget,
    OutOfStock,
    WindowClosed,
)
from viralcommerce.rules.conditions import AccountAge, HasTag, PaidOrders, SameDevice, Spent
from viralcommerce.runtime.audit import audit
from viralcommerce.testing import FakeMembers, people, stories
from viralcommerce.testing.contracts.kit import tables
from viralcommerce.values.money import Money

OPENS = datetime.fromisoformat("2026-11-11T00:00:00+08:00")
RAIN = Campaign(
    "rain-pack",
    pack.CouponPack(LuckySplit(CNY(60), parts=4, least=CNY(3)), open_for=days(1)),
    grants=(Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),),
    budget=CNY(200_000),
)
TEA = Campaign(
    "tea",
    collect.Collect(goal=3, within=hours(48)),
    grants=(Grant(Points(5), to=collect.LIKER, on=collect.LIKED),),
    budget=CNY(100),
)
SCARCE = Campaign(
    "scarce",
    pack.CouponPack(LuckySplit(CNY(60), parts=3, least=CNY(3)), open_for=hours(5)),
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
        Grant(Product("teapot", worth=CNY(1), stock=2), to=pack.SHARER, on=pack.GRABBED),
    ),
    window=Window(OPENS, OPENS + days(2)),
    limits=(Cap("grabs-a-day", 1, on=pack.GRABBED, of=pack.GRABBER, per=DAY),),
    budget=CNY(130),
    zone="Asia/Shanghai",
)
STRICT = RAIN.replace(
    name="strict",
    given=AccountAge(at_least=days(7)) & ~SameDevice(between=(pack.GRABBER, pack.SHARER)),
)


@pytest.mark.slow
@pytest.mark.parametrize("campaign", [RAIN, TEA], ids=lambda campaign: campaign.name)
def test_every_milestone_and_every_refusal_of_a_game_is_reached(campaign: Campaign) -> None:
    milestones, refusals = seen(campaign)
    assert milestones == {str(name) for name in campaign.mechanic.milestones}
    own = set(typing.get_args(campaign.mechanic.refusal_types))
    assert own <= refusals, f"never met: {own - refusals}"


@pytest.mark.slow
def test_every_refusal_of_a_campaign_is_reached() -> None:
    """But for those that only an operator can cause."""
    common = {NotYetOpen, WindowClosed, LimitReached, OutOfBudget, OutOfStock, NothingToEnd}
    refusals = seen(SCARCE)[1]
    assert common <= refusals, f"never met: {common - refusals}"
    refusals = seen(STRICT)[1]
    assert {NotEligible, FactMissing} <= refusals


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(stories(RAIN))
def test_a_story_is_in_order_of_time_with_few_people_and_packs(
    commands: tuple[Command, ...],
) -> None:
    assert commands
    residents = {one.by for one in commands if not one.by.startswith(("stranger", "("))}
    assert residents <= {"ann", "bob", "cat", "dan", "eve"}
    assert len({RAIN.mechanic.instance(one) for one in commands}) <= 6
    assert all(one.key and one.at.utcoffset() == timedelta(0) for one in commands)
    wishes: dict[str, Command] = {}
    for one in commands:
        assert wishes.setdefault(one.key, one).says_as(one), "a key is one wish"


@pytest.mark.slow
def test_stories_gather_round_the_deadlines_and_come_again() -> None:
    """Noise would meet a deadline to the microsecond never."""
    met: Counter[str] = Counter()

    @many
    @given(stories(RAIN))
    def run(commands: tuple[Command, ...]) -> None:
        closes: dict[str, datetime] = {}
        keys: set[str] = set()
        for one in commands:
            name = RAIN.mechanic.instance(one)
            if isinstance(one, pack.Share):
                closes.setdefault(name, one.at + days(1))
            elif isinstance(one, pack.Grab) and name in closes:
                late = one.at - closes[name]
                met["on time"] += late == timedelta(0)
                met["just before"] += late == -timedelta(microseconds=1)
            met["again"] += one.key in keys
            keys.add(one.key)
            met["crowd"] += one.by == "stranger-1-6"
            met["clock"] += one.by == BY_CLOCK

    run()
    assert len(met) == 5
    assert min(met.values()) >= 5, met


def test_people_lie_on_both_sides_of_every_bound() -> None:
    campaign = RAIN.replace(
        given=AccountAge(at_least=days(7))
        & PaidOrders(at_least=3)
        & Spent(at_least=CNY("7.41"))
        & (HasTag("vip") | HasTag("老客"))
    )
    values: dict[str, set[object]] = {}

    @many
    @given(people(campaign, ["bob"], at="2026-11-11T10:00+08:00"))
    def run(known: dict[str, dict[str, object]]) -> None:
        assert list(known) == ["bob"]
        for fact in ("registered_at", "paid_orders", "spent", "tags"):
            values.setdefault(fact, set()).add(known["bob"].get(fact))

    run()
    week_ago = datetime.fromisoformat("2026-11-04T10:00+08:00")
    tick = timedelta(microseconds=1)
    assert {None, week_ago, week_ago - tick, week_ago + tick} <= values["registered_at"]
    assert {None, 2, 3, 4} <= values["paid_orders"]
    assert {None, CNY("7.41"), CNY(0)} <= values["spent"]
    assert {frozenset({"vip"}), frozenset({"老客"}), frozenset(), None} <= values["tags"]


def test_people_share_devices() -> None:
    clashes: Counter[bool] = Counter()

    @many
    @given(people(STRICT, ["ann", "bob"]))
    def run(known: dict[str, dict[str, object]]) -> None:
        ann, bob = (known[name].get("devices", frozenset()) for name in ("ann", "bob"))
        clashes[bool(ann & bob)] += 1  # type: ignore[operator]

    run()
    assert min(clashes[True], clashes[False]) > 20


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.data(), ours.campaigns())
def test_of_any_campaign_any_story_adds_up_and_batches_change_nothing(
    data: st.DataObject, campaign: Campaign
) -> None:
    assume(campaign.name not in campaign.entries)  # it would begin itself without end
    commands = data.draw(stories(campaign, most=12))
    known = data.draw(people(campaign))
    at_once = data.draw(st.sampled_from([2, 5, 500]))
    transcripts = []
    for size in (1, at_once):
        ports = {"members": FakeMembers(known), "elsewhere": campaign.entries}
        with Shop.open("memory:", campaign, **ports) as shop:
            shop._entropy = Seeds()
            answers = shop.handle_many(campaign, commands, at_once=size)
            report = audit(shop.store)
            assert report.is_clean, report.problems
            transcripts.append((answers, tables(shop.store, *known)))
    assert transcripts[0] == transcripts[1]


class Seeds:
    """Dice that follow from the key."""

    def __init__(self) -> None:
        from viralcommerce.runtime.chance import DerivedEntropy

        self.seed = DerivedEntropy("stories").seed

    def key(self) -> str:
        raise AssertionError("a story gives every wish a key")


def test_fields_of_which_no_values_come_to_mind_are_said() -> None:
    from msgspec import inspect

    from viralcommerce.testing.telling_stories import values_of

    with pytest.raises(
        InvalidValue, match=r"a field is a BytesType, .* fields=\{name: strategy\}"
    ):
        values_of(inspect.type_info(bytes), RAIN, ("ann",), OPENS)


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        (str, "ann"),
        (bool, True),
        (int, 3),
        (typing.Literal["a", "b"], "b"),
        (int | None, None),
        (tuple[str, ...], ("ann",)),
        (list[str], ["ann"]),
        (Money, CNY(1)),
        (datetime, OPENS),
    ],
)
def test_values_of_every_common_type_come_to_mind(kind: type, example: object) -> None:
    from hypothesis import find
    from msgspec import inspect

    from viralcommerce.testing.telling_stories import values_of

    strategy = values_of(inspect.type_info(kind), RAIN, ("ann",), OPENS)
    assert find(strategy, lambda value: value == example) == example


def test_making_a_strategy_is_what_imports_hypothesis() -> None:
    code = (
        "import sys; import viralcommerce.testing.strategies as s; from viralcommerce import *;"
        "assert 'hypothesis' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
