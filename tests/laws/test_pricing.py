"""The laws of pricing.py, by their names: one test a law."""

from __future__ import annotations

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from shops import NOON, PEOPLE, ask, assert_clean, at, gained, like, likes, shop_of, spent
from stories import FACTS, pack_campaigns, pack_commands, stories
from viralcommerce import (
    CAMPAIGN,
    CNY,
    DAY,
    MEMBER,
    MONTH,
    PAIR,
    WEEK,
    Accepted,
    Coupon,
    Grant,
    Limit,
    Points,
    hours,
)
from viralcommerce.campaign import Campaign
from viralcommerce.errors import KeyReused
from viralcommerce.mechanics import collect
from viralcommerce.messages import Command
from viralcommerce.runtime.stores.memory import MemoryStore


@given(pack_campaigns(), pack_commands())
def test_hold(campaign: Campaign, commands: list[Command]) -> None:
    """EC-79: what was held is granted, released, or held still."""
    store = MemoryStore()
    shop = shop_of(campaign, store=store, facts=FACTS)
    shop.handle_many(campaign, commands, at_once=3)
    held: Counter[str] = Counter()
    granted: Counter[str] = Counter()
    released: Counter[str] = Counter()
    for posting in store.postings(campaign.name):
        moved = posting.transfer
        hold = f"hold/{posting.instance}"
        if moved.target == hold:
            held[posting.instance] += moved.amount
        elif moved.source == hold and moved.award is not None:
            granted[posting.instance] += moved.amount
        elif moved.source == hold:
            assert moved.target == "budget"
            released[posting.instance] += moved.amount
    for name, cell in store.cells(campaign.name):
        assert held[name] == granted[name] + released[name] + cell.held
        assert cell.held >= 0
        if cell.deadline is None:
            assert cell.held == 0


policies = st.sampled_from(["refuse", "drop", "clip", "substitute"])
amounts = st.integers(1, 30)


@st.composite
def rows(draw: st.DrawFn) -> list[tuple[int, str]]:
    """Grants as an amount in fen and what happens when it is short."""
    return draw(st.lists(st.tuples(amounts, policies), min_size=1, max_size=4))


def competing(terms: list[tuple[int, str]], budget: int) -> Campaign:
    """A campaign whose terms compete for a budget whenever somebody asks."""
    grants = [
        Grant(
            Coupon(CNY.minor(amount)),
            to=collect.COLLECTOR,
            on=collect.ASKED,
            name=f"g{number}",
            if_short=policy,  # type: ignore[arg-type]
            instead=Points(1) if policy == "substitute" else None,
        )
        for number, (amount, policy) in enumerate(terms)
    ]
    return likes(1, grants=tuple(grants), budget=CNY.minor(budget), limits=())


Given = list[tuple[str, str, int]]


def greedy(terms: list[tuple[int, str]], left: int) -> tuple[Given | None, int]:
    """What one who asks is to get, in declared order, and what is left; None is a refusal."""
    before, given = left, []
    for amount, policy in terms:
        if amount <= left:
            given.append(("ann", "CNY", amount))
            left -= amount
        elif policy == "refuse":
            return None, before
        elif policy == "clip" and left:
            given.append(("ann", "CNY", left))
            left = 0
        elif policy == "substitute":
            given.append(("ann", "points", 1))
    return given, left


@given(rows(), st.integers(0, 99), st.integers(1, 7), st.integers(1, 7))
def test_in_order(terms: list[tuple[int, str]], more: int, asks: int, at_once: int) -> None:
    """EC-107: first come, first served, line by line as the terms have them."""
    left = max(amount for amount, _ in terms) + more
    campaign = competing(terms, left)
    shop = shop_of(campaign)
    commands = [ask(f"a{number}") for number in range(asks)]
    for outcome in shop.handle_many(campaign, commands, at_once=at_once):
        wanted, left = greedy(terms, left)
        assert (gained(outcome) if isinstance(outcome, Accepted) else None) == wanted


@given(rows(), st.integers(0, 99), st.integers(1, 7), st.integers(1, 7))
def test_budget(terms: list[tuple[int, str]], more: int, asks: int, at_once: int) -> None:
    """EC-26: the last award does not overshoot; clipped, it meets the budget to the last fen."""
    budget = max(amount for amount, _ in terms) + more
    campaign = competing(terms, budget)
    shop = shop_of(campaign)
    commands = [ask(f"a{number}") for number in range(asks)]
    outcomes = shop.handle_many(campaign, commands, at_once=at_once)
    awards = [one for each in outcomes if isinstance(each, Accepted) for one in each.awards]
    paid = sum(award.amount for award in awards if award.asset == "CNY")
    assert paid == spent(shop.store, campaign.name) <= budget
    said = {f"g{number}": amount for number, (amount, _) in enumerate(terms)}
    if any(award.amount < said.get(award.grant, 0) for award in awards):
        assert paid == budget


def label(period: str, zone: str, moment: Any) -> object:
    """The day, week or month of a moment by the wall clock of a zone."""
    there = moment.astimezone(ZoneInfo(zone))
    match period:
        case "day":
            return there.date()
        case "week":
            return there.isocalendar()[:2]
        case "month":
            return (there.year, there.month)
        case _:
            return None


def counted(subject: str, liker: str, ask_id: str) -> object:
    """Whom a limit on what the liker gets counts."""
    return {
        str(MEMBER): liker,
        str(PAIR): (liker, "ann"),
        str(CAMPAIGN): None,
        collect.ASK: ask_id,
    }[subject]


moments = st.sampled_from(
    [
        NOON,
        at(hours=11, minutes=59, seconds=59),
        at(hours=12),
        at(hours=12, seconds=1),
        at(hours=20),
        at(days=3, hours=12),
        at(days=19, hours=12),
    ]
)


@given(
    st.integers(1, 3),
    st.sampled_from([MEMBER, PAIR, CAMPAIGN, collect.ASK]),
    st.sampled_from(["forever", DAY, WEEK, MONTH]),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
    st.lists(
        st.tuples(st.sampled_from(PEOPLE[1:]), st.integers(1, 3), moments), min_size=1, max_size=9
    ),
)
def test_limited(
    most: int, subject: str, period: str, zone: str, told: list[tuple[str, int, Any]]
) -> None:
    """EC-4, EC-39: who is counted, and by whose midnight, is said; the like itself stands."""
    per = (str(subject), str(period))
    campaign = likes(
        100,
        mechanic=collect.Collect(goal=100, within=hours(24 * 30)),
        grants=Grant(
            Points(1), to=collect.LIKER, on=collect.LIKED, at_most=Limit(most, per=per), name="g"
        ),
        limits=(),
        zone=zone,
    )
    shop = shop_of(campaign)
    for number in (1, 2, 3):
        shop.handle(campaign, ask(f"a{number}"))
    seen: Counter[object] = Counter()
    commands = [like(by, f"a{number}", at=moment) for by, number, moment in told]
    for command, outcome in zip(commands, shop.handle_many(campaign, commands), strict=True):
        if not isinstance(outcome, Accepted):
            continue
        key = (
            counted(str(subject), command.by, command.ask),
            label(str(period), zone, command.at),
        )
        seen[key] += 1
        assert len(outcome.awards) == (seen[key] <= most)
        assert [kept.code for kept in outcome.withheld] == (
            [] if outcome.awards else ["limit_reached"]
        )


@settings(max_examples=60)
@given(stories(), st.randoms(use_true_random=False))
def test_any_order(story: tuple[Campaign, list[Command]], shuffled: Any) -> None:
    """EC-106: not in which order the host says what it knows, nor in which collection."""
    campaign, commands = story
    other: dict[str, dict[str, object]] = {}
    for member in shuffled.sample(list(FACTS), len(FACTS)):
        facts = list(FACTS[member].items())
        shuffled.shuffle(facts)
        other[member] = {
            name: shuffled.sample(sorted(value), len(value)) if isinstance(value, set) else value
            for name, value in facts
        }
    answers = [
        [
            str(outcome) if isinstance(outcome, KeyReused) else outcome
            for outcome in shop_of(campaign, facts=known).handle_many(campaign, commands)
        ]
        for known in (FACTS, other)
    ]
    assert answers[0] == answers[1]


@settings(max_examples=60)
@given(stories(), st.integers(0, 20), st.sampled_from(["ann", "bob"]))
def test_gone(story: tuple[Campaign, list[Command]], until: int, who: str) -> None:
    """Whatever they began goes on; what it would give them is withheld; the books are clean."""
    campaign, commands = story
    store = MemoryStore()
    shop = shop_of(campaign, store=store, facts=FACTS)
    shop.handle_many(campaign, commands[:until], at_once=3)
    gone = shop.forget(who)
    given = len(store.awards(gone.pseudonym))
    outcomes = shop.handle_many(campaign, commands[until:], at_once=3)
    assert len(store.awards(gone.pseudonym)) == given
    for outcome in outcomes:
        if isinstance(outcome, Accepted) and not gone.nothing:
            assert outcome.command.by != who
            assert {one.code for one in outcome.withheld if one.to == gone.pseudonym} <= {
                "forgotten"
            }
    assert_clean(store)
