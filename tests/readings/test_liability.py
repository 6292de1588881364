"""What a campaign can cost: bounds that no story passes, a mean that every draw makes up."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from campaigns import EVERYTHING, LIKES, RAIN
from strategies import campaigns
from viralcommerce.campaign import Campaign
from viralcommerce.errors import InexactNumber, InvalidRule, InvalidValue
from viralcommerce.mechanics import collect, invite
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Accepted, Command
from viralcommerce.readings.liability import Liability, liability
from viralcommerce.rules.base import rule
from viralcommerce.rules.grants import BestOf, Grant, Line
from viralcommerce.rules.limits import CAMPAIGN, PAIR, UNLIMITED, Cap, Limit, Unlimited
from viralcommerce.rules.rewards import Cash, Coupon, Points, Product, Title
from viralcommerce.rules.split_odds import outcomes
from viralcommerce.rules.splits import EqualSplit, LadderSplit, LuckySplit, Split
from viralcommerce.runtime.shop import Shop
from viralcommerce.values.money import CNY, Money
from viralcommerce.values.percent import WHOLE, Percent, percent
from viralcommerce.values.rounding import Rounding
from viralcommerce.values.spans import DAY, days, hours, minutes
from viralcommerce.values.windows import ALWAYS

START = datetime(2026, 11, 10, 16, tzinfo=UTC)
LARGEST = 20_000
PEOPLE = ("ann", "bob", "cem", "dee", "eve")


# Bounds, against stories.


@dataclass(frozen=True)
class Members:
    """Answers everything, with what was drawn for each member."""

    known: Mapping[str, Mapping[str, object]]

    def facts(self, asked: Sequence[Any]) -> Sequence[Mapping[str, object]]:
        return [self.known[each.member] for each in asked]


@st.composite
def people(draw: st.DrawFn, code: str) -> Members:
    """Facts of everybody; now and then one that nobody knows."""
    known: dict[str, Mapping[str, object]] = {}
    for name in PEOPLE:
        few = st.sets(st.sampled_from(["a", "b"]), max_size=1)
        facts: dict[str, object] = {
            "paid_orders": draw(st.integers(0, 3)),
            "registered_at": START - draw(st.sampled_from([days(1), days(900)])),
            "tags": draw(few | st.just({"vip"})),
            "region": draw(st.sampled_from(["CN/31/Pudong", "US"])),
            "spent": Money(draw(st.integers(0, 30_000)), code),
            "devices": draw(few),
            "household": draw(st.sampled_from(["h1", "h2"])),
            "fingerprints": draw(few),
            "field:score": draw(st.integers(-5, 5)),
            "field:channel": draw(st.sampled_from(["app", "tv"])),
            "field:subscribed": draw(st.booleans()),
            "field:seen": START,
        }
        if not draw(st.integers(0, 9)):
            facts.pop(draw(st.sampled_from(sorted(facts))))
        known[name] = facts
    return Members(known)


def commands(campaign: Campaign, draw: st.DrawFn) -> list[Command]:
    """A few members at two instances, their times in order."""
    at = START
    story: list[Command] = []
    for _ in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from([minutes(0), minutes(1), hours(1), days(2)]))
        by, which = draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(["x", "y"]))
        act = draw(st.sampled_from(["begin", "join", "join", "join", "leave"]))
        if isinstance(campaign.mechanic, pack.CouponPack):
            kind = pack.Share if act == "begin" else pack.Grab
            story.append(kind(pack=which, by=by, at=at))
        elif isinstance(campaign.mechanic, invite.Invite):
            amount = Money(draw(st.integers(0, LARGEST)), campaign.currency)
            order = f"o{len(story)}"
            join = invite.Join(by=by, link=draw(st.sampled_from(PEOPLE)), at=at)
            buys = invite.Order(order=order, by=by, amount=amount, at=at)
            back = invite.Refund(order="o1", refund=order, by="desk", amount=amount, at=at)
            story.append({"begin": join, "join": buys, "leave": back}[act])
        else:
            asks = {"begin": collect.Ask, "join": collect.Like, "leave": collect.Unlike}
            story.append(asks[act](ask=which, by=by, at=at))
    return story


def costs(campaign: Campaign, members: Members, story: Sequence[Command]) -> Counter[str]:
    """What each instance that was begun has cost when all is over, in minor units."""
    with Shop.open("memory:", campaign, members=members, elsewhere=campaign.entries) as shop:
        for command in story:
            shop.handle(campaign, command)
        while shop.tick(START + days(4_000)):
            pass
        spent: Counter[str] = Counter()
        for line in shop.store.journal(campaign.name):
            decision: Any = line.decision
            if isinstance(decision, Accepted):
                awards = sum(award.cost.minor for award in decision.awards if award.cost)
                spent[decision.instance] += awards
    return spent


def easy(campaign: Campaign) -> Campaign:
    """The same campaign where a short story gets somewhere."""
    game = campaign.mechanic
    if isinstance(game, collect.Collect):
        game = collect.Collect(goal=1 + game.goal % 3, within=game.within)
    if isinstance(game, invite.Invite):
        tiers = tuple(range(2, 2 + len(game.tiers)))
        rebinds = game.rebinds
        game = invite.Invite(matures_after=hours(1), levels=2, rebinds=rebinds, tiers=tiers)
    return campaign.replace(mechanic=game, given=None, window=ALWAYS)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(campaigns(), st.data())
def test_whatever_happens_it_costs_no_less_than_the_least_and_no_more_than_the_worst(
    campaign: Campaign, data: st.DataObject
) -> None:
    campaign = easy(campaign)
    code = campaign.currency
    if code and data.draw(st.booleans()):  # a budget that does not last
        prices = [grant.give.price for _, grant in campaign.every_grant()]
        prices += [grant.instead.price for _, grant in campaign.every_grant() if grant.instead]
        known = [*prices, campaign.mechanic.total()]
        once = max(1, sum(money.minor for money in known if money))
        budget = Money(once + data.draw(st.integers(0, 2_000)), code)
        campaign = campaign.replace(budget=budget)
    assume(code)
    spent = costs(campaign, data.draw(people(code)), commands(campaign, data.draw))
    largest = Money(LARGEST, code)
    cost = liability(campaign, instances=len(spent), largest=largest)
    for total in spent.values():
        assert cost.one.least.minor <= total
        assert isinstance(cost.one.worst, Unlimited) or total <= cost.one.worst.minor
    assert cost.least.minor <= spent.total()
    crowd = len(PEOPLE)
    known = liability(campaign, instances=len(spent), members=crowd, largest=largest)
    assert known.instances == len(spent)
    for asked in (cost, liability(campaign), known, liability(campaign, members=crowd)):
        assert isinstance(asked.worst, Unlimited) or spent.total() <= asked.worst.minor


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    campaigns(),
    st.one_of(st.just(UNLIMITED), st.integers(0, 5_000)),
    st.one_of(st.just(UNLIMITED), st.integers(0, 50)),
)
def test_costs_are_in_order_and_within_the_budget(
    campaign: Campaign, instances: int | Unlimited, members: int | Unlimited
) -> None:
    assume(campaign.currency)
    cost = liability(campaign, instances=instances, members=members)
    for each in (cost.whole, cost.one, *cost.grants.values(), *cost.one_of.values()):
        assert each.within >= 0
        if isinstance(each.worst, Unlimited):
            assert isinstance(campaign.budget, Unlimited)
            continue
        assert each.least <= each.worst
        if isinstance(campaign.budget, Money):
            assert each.worst <= campaign.budget
        assert not isinstance(each.expected, Unlimited)
        assert each.least.minor <= each.expected + each.within
        assert each.expected - each.within <= each.worst.minor


# The mean, against every outcome.


class Scripted:
    """Draws what is asked for."""

    def __init__(self, shares: Sequence[int]) -> None:
        self.keys = itertools.count()
        self.shares = iter(shares)

    def key(self) -> str:
        return f"k{next(self.keys)}"

    def seed(self, key: str) -> str:
        return "=0" if key == "k0" else f"={next(self.shares)}"


def played(campaign: Campaign, shares: Sequence[int]) -> Counter[str]:
    """What each grant cost when a pack was cut like this."""
    spent: Counter[str] = Counter()
    with Shop.open("memory:", campaign, entropy=Scripted(shares)) as shop:
        shop.handle(campaign, pack.Share(pack="p", by="ann", at=START))
        for place, share in enumerate(shares):
            answer: Any = shop.handle(campaign, pack.Grab(pack="p", by=f"m{place}", at=START))
            assert answer.events[0].share.minor == share
            for award in answer.awards:
                spent[award.grant] += award.cost.minor if award.cost else 0
    return spent


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize(
    "split",
    [
        LuckySplit(CNY("0.09"), parts=3),
        LuckySplit(CNY("0.12"), parts=3, least=CNY("0.02"), how="uniform"),
        EqualSplit(CNY("0.11"), parts=3),
        LadderSplit((CNY("0.07"), CNY("0.03"), CNY("0.01"))),
    ],
    ids=lambda split: split.kind,
)
@pytest.mark.parametrize("rate", [percent(100), percent(50), percent(30), Percent.parse("2/7")])
def test_the_expected_cost_is_the_mean_over_everything_that_can_be_drawn(
    split: Split, rounding: Rounding, rate: Percent
) -> None:
    lines: tuple[Line, ...] = (
        Grant(Coupon(rate), to=pack.GRABBER, on=pack.GRABBED, name="share"),
        Grant(Coupon(percent(30)), to=pack.LUCKIEST, on=pack.EMPTIED, name="luck"),
        Grant(
            Cash(CNY("0.02")),
            to=pack.SHARER,
            on=pack.GRABBED,
            name="thanks",
            at_most=Limit(2, per=pack.PACK),
        ),
        BestOf(
            (
                Grant(Coupon(percent(40)), to=pack.SHARER, on=pack.EMPTIED, name="best-share"),
                Grant(Cash(CNY("0.02")), to=pack.SHARER, on=pack.EMPTIED, name="best-cash"),
            )
        ),
    )
    campaign = Campaign(
        "mean",
        pack.CouponPack(split, open_for=days(1)),
        grants=lines,
        budget=UNLIMITED,
        rounding=rounding,
    )
    means: dict[str, Fraction] = dict.fromkeys(liability(campaign).one_of, Fraction(0))
    everything: list[int] = []
    for shares, chance in outcomes(split):
        spent = played(campaign, shares)
        everything.append(spent.total())
        for name, minor in spent.items():
            means[name] += chance * minor
    cost = liability(campaign, instances=7)
    for name, mean in means.items():
        assert abs(cost.one_of[name].expected - mean) <= cost.one_of[name].within, name
    assert cost.one_of["share"].within == cost.one_of["thanks"].within == 0
    assert abs(cost.one.expected - sum(means.values())) <= cost.one.within
    assert abs(cost.expected - 7 * sum(means.values())) <= cost.whole.within
    assert not isinstance(cost.one.worst, Unlimited)
    assert max(everything) <= cost.one.worst.minor
    assert cost.one.worst.minor <= max(everything) + 3 * split.parts, "and it is not far off"


# Examples.


def test_a_pack_costs_its_total_and_what_the_sharer_gains() -> None:
    cost = liability(RAIN, instances=1_000)
    assert (cost.one.least, cost.one.expected, cost.one.worst) == (CNY(0), 7_000, CNY(70))
    assert (cost.least, cost.expected, cost.worst) == (CNY(0), 7_000_000, CNY(70_000))
    assert cost.one_of["sharer-grabbed-coupon"].worst == CNY(10)
    assert cost.grants["sharer-grabbed-coupon"].worst == CNY(10_000)
    assert cost.whole.within == 0


def test_the_budget_bounds_what_members_do_not() -> None:
    cost = liability(RAIN)
    assert cost.instances is UNLIMITED
    assert cost.worst == CNY(200_000)
    assert cost.expected == 20_000_000


def test_a_stock_bounds_what_no_budget_does() -> None:
    assert liability(LIKES).worst == CNY(60_000)
    assert liability(LIKES).expected == 6_000_000
    assert liability(LIKES, instances=10).worst == CNY(300)


def test_without_budget_stock_or_number_the_worst_is_unlimited_and_says_so() -> None:
    campaign = RAIN.replace(budget=UNLIMITED)
    cost = liability(campaign)
    assert cost.worst is UNLIMITED
    assert cost.expected is UNLIMITED
    assert cost.grants["sharer-grabbed-coupon"].worst is UNLIMITED
    assert cost.one.worst == CNY(70)


def test_caps_bound_the_instances_that_can_begin() -> None:
    assert liability(EVERYTHING).instances == 900
    assert liability(EVERYTHING, instances=5).instances == 5


def test_a_cap_on_a_pack_leaves_some_of_it_untaken() -> None:
    capped = RAIN.replace(limits=(Cap("few", 4, on=pack.GRABBED, of=pack.SHARER, per=pack.PACK),))
    cost = liability(capped)
    assert cost.one_of["sharer-grabbed-coupon"].worst == CNY(8)
    assert cost.one_of["grabber-grabbed-coupon"].worst == CNY(42)  # six keep ¥3 each
    assert abs(cost.one.expected - 3_200) < 1


def substituted(budget: Money | Unlimited, first: Money, then: Money | None) -> Liability:
    campaign = Campaign(
        "sub",
        collect.Collect(goal=2, within=hours(1)),
        grants=(
            Grant(
                Product("kettle", worth=first, stock=3),
                to=collect.LIKER,
                on=collect.LIKED,
                if_short="substitute",
                instead=Points(5, worth=then),
                name="gift",
            ),
        ),
        budget=budget,
    )
    return liability(campaign, instances=10)


def test_a_substitute_is_costed_when_the_stock_is_gone() -> None:
    cost = substituted(UNLIMITED, CNY(30), CNY(1))
    assert cost.one.worst == CNY(3 * 30 + 197)  # two hundred friends can like an ask
    assert cost.worst == CNY(3 * 30 + 1_997)
    assert cost.expected == (3 * 30 + 17) * 100


def test_a_substitute_that_costs_more_than_what_it_stands_for_is_the_worst() -> None:
    cost = substituted(UNLIMITED, CNY(1), CNY(30))
    assert cost.one.worst == CNY(200 * 30)


def test_a_substitute_that_costs_nothing_leaves_the_stock_as_the_bound() -> None:
    assert substituted(UNLIMITED, CNY(30), None).worst == CNY(90)


def test_limits_of_the_whole_campaign_bound_a_grant() -> None:
    campaign = LIKES.replace(
        grants=(
            Grant(
                Cash(CNY(2)),
                to=collect.LIKER,
                on=collect.LIKED,
                at_most=Limit(500, per=CAMPAIGN),
                name="thanks",
            ),
        )
    )
    assert liability(campaign).worst == CNY(1_000)
    assert liability(campaign, instances=3).expected == 3 * 38 * 200


def test_a_limit_per_member_bounds_the_worst_where_members_are_counted() -> None:
    def thanks(at_most: Any) -> Campaign:
        grant = Grant(
            Cash(CNY(2)), to=collect.LIKER, on=collect.LIKED, at_most=at_most, name="thanks"
        )
        return LIKES.replace(grants=(grant,), budget=UNLIMITED)

    assert liability(thanks(3), members=50).worst == CNY(2 * 3 * 50)
    assert liability(thanks(3)).worst is UNLIMITED
    assert liability(thanks(3), members=50, instances=1).worst == CNY(2 * 3 * 50)
    assert liability(thanks(9), members=500, instances=1).worst == CNY(2 * 200)
    assert liability(thanks(Limit(2, per=PAIR)), members=10).worst == CNY(2 * 2 * 10 * 10)
    assert liability(thanks(Limit(2, per=DAY)), members=10).worst is UNLIMITED
    assert liability(thanks(3), members=0).worst == CNY(0)
    cost = liability(thanks(3), members=50, instances=100)
    assert cost.expected == cost.whole.within == 2 * 3 * 50 * 100 // 2  # nobody can say


def test_a_cap_per_member_bounds_how_many_instances_begin() -> None:
    grant = Grant(Cash(CNY(2)), to=collect.COLLECTOR, on=collect.REACHED)
    campaign = LIKES.replace(
        grants=(grant,),
        budget=UNLIMITED,
        limits=(Cap("asks", 2, on=collect.ASKED, of=collect.COLLECTOR),),
    )
    assert liability(campaign, members=7).instances == 14
    assert liability(campaign, members=7).worst == CNY(28)
    assert liability(campaign, members=7, instances=3).worst == CNY(6)


def test_what_begins_costs_its_certain_grants_at_least() -> None:
    campaign = LIKES.replace(grants=(Grant(Cash(CNY(2)), to=collect.COLLECTOR, on=collect.ASKED),))
    assert liability(campaign, instances=10).least == CNY(20)
    assert liability(campaign).least == CNY(0)
    short = campaign.replace(budget=CNY(5))
    assert liability(short, instances=10).least == CNY(0), "the budget may be gone"


def test_a_percentage_that_rounds_up_costs_a_minor_unit_more_a_share() -> None:
    campaign = RAIN.replace(
        grants=(Grant(Coupon(Percent.parse("1/3")), to=pack.GRABBER, on=pack.GRABBED),),
        rounding=Rounding.UP,
    )
    assert liability(campaign).one.worst == CNY("20.06")  # ten shares, each up to 2/3 of a fen


def test_what_costs_nothing_has_no_liability() -> None:
    campaign = LIKES.replace(
        grants=(Grant(Title("star"), to=collect.COLLECTOR, on=collect.REACHED),)
    )
    with pytest.raises(InvalidRule, match="38-likes: gives nothing that costs money"):
        liability(campaign)


def test_a_game_that_does_not_say_how_it_goes_cannot_be_costed() -> None:
    @rule("quiet")
    class Quiet(collect.Collect):
        def lives(self) -> tuple[()]:
            return ()

    with pytest.raises(InvalidRule, match=r"38-likes: quiet does not say .* implement lives\(\)"):
        liability(LIKES.replace(mechanic=Quiet(goal=3, within=hours(1))))


@pytest.mark.parametrize("instances", [2.0, True, "7"])
def test_instances_are_whole_numbers(instances: Any) -> None:
    with pytest.raises(InexactNumber, match="give a whole number, or UNLIMITED"):
        liability(RAIN, instances=instances)


def test_fewer_than_no_instances_cannot_be() -> None:
    with pytest.raises(InvalidValue, match="instances=-1: give 0 or more"):
        liability(RAIN, instances=-1)
    with pytest.raises(InvalidValue, match="members=-1: give 0 or more"):
        liability(RAIN, members=-1)


def test_what_is_assumed_is_said_in_both_languages() -> None:
    for words in liability(RAIN).assumes:
        assert words.en
        assert words.zh


def test_a_share_of_everything_is_exact() -> None:
    assert WHOLE.share == 1
    assert liability(RAIN).one_of["grabber-grabbed-coupon"].within == 0
