"""Pricing: what is given when a budget or a stock is short, who is counted, what is withheld."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from shops import (
    NOON,
    ask,
    assert_clean,
    at,
    code,
    gained,
    grab,
    like,
    likes,
    quota,
    rain,
    share,
    shop_of,
    small,
    spent,
)
from viralcommerce import (
    CAMPAIGN,
    CNY,
    DAY,
    MEMBER,
    MONTH,
    PAIR,
    UNLIMITED,
    WEEK,
    WHOLE,
    Accepted,
    BestOf,
    Cap,
    Coupon,
    Credit,
    EqualSplit,
    Grant,
    Limit,
    Points,
    Product,
    Shop,
    hours,
    percent,
)
from viralcommerce.campaign import Campaign
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.conditions import AccountAge, HasTag, PaidOrders, SameDevice
from viralcommerce.values.rounding import Rounding

POT = Product("teapot", worth=CNY(3), stock=1)


def asked(give: Any, **said: Any) -> Grant:
    """What who asks is given for asking."""
    return Grant(give, **{"to": collect.COLLECTOR, "on": collect.ASKED, **said})


def game(*grants: Any, **changes: Any) -> Campaign:
    """An ask game with these terms."""
    return likes(1, **{"grants": grants, "limits": (), **changes})


def ask_often(campaign: Campaign, times: int, *, at_once: int = 1) -> list[Any]:
    """The outcomes of asking so often, by different people; and the books add up."""
    shop = shop_of(campaign)
    asks = [ask(f"a{number}", by=f"member-{number}") for number in range(times)]
    outcomes = shop.handle_many(campaign, asks, at_once=at_once)
    assert_clean(shop.store)
    return outcomes


def given(outcomes: list[Any]) -> list[list[tuple[str, int]]]:
    """What was given by each."""
    return [[(asset, amount) for _, asset, amount in gained(each)] for each in outcomes]


@pytest.fixture(params=[1, 9], ids=["one by one", "in one batch"])
def at_once(request: pytest.FixtureRequest) -> int:
    return int(request.param)


# ------------------------------------------------------------------ budgets


def test_refuse_a_budget_that_does_not_cover_it_refuses_the_command(at_once: int) -> None:
    outcomes = ask_often(game(asked(Coupon(CNY(2))), budget=CNY(5)), 4, at_once=at_once)
    assert [code(one) for one in outcomes] == ["yes", "yes", "out_of_budget", "out_of_budget"]
    assert outcomes[2].refusal.needed == CNY(2)
    assert not outcomes[2].refusal.terminal


def test_drop_the_award_is_left_out_and_the_ask_stands(at_once: int) -> None:
    terms = asked(Coupon(CNY(2)), if_short="drop")
    outcomes = ask_often(game(terms, budget=CNY(5)), 4, at_once=at_once)
    assert given(outcomes) == [[("CNY", 200)], [("CNY", 200)], [], []]
    assert [one.withheld[0].code for one in outcomes[2:]] == ["out_of_budget"] * 2


def test_clip_gives_what_is_left_to_the_last_fen_and_then_nothing(at_once: int) -> None:
    """EC-26, EC-27: never a fen too much, and none that could be given is kept."""
    terms = asked(Coupon(CNY(2)), if_short="clip")
    outcomes = ask_often(game(terms, budget=CNY(5)), 4, at_once=at_once)
    assert given(outcomes) == [[("CNY", 200)], [("CNY", 200)], [("CNY", 100)], []]
    assert outcomes[2].awards[0].cost == CNY(1)
    assert outcomes[3].withheld[0].code == "out_of_budget"


def test_substitute_gives_something_else(at_once: int) -> None:
    """EC-85: what comes instead is said in the terms."""
    terms = asked(Coupon(CNY(2)), if_short="substitute", instead=Points(7), name="thanks")
    outcomes = ask_often(game(terms, budget=CNY(3)), 3, at_once=at_once)
    assert given(outcomes) == [[("CNY", 200)], [("points", 7)], [("points", 7)]]
    assert [one.awards[0].grant for one in outcomes] == [
        "thanks",
        "thanks/instead",
        "thanks/instead",
    ]


def test_a_substitute_that_is_short_too_is_left_out(at_once: int) -> None:
    terms = asked(Coupon(CNY(2)), if_short="substitute", instead=Coupon(CNY(1)))
    outcomes = ask_often(game(terms, budget=CNY(3)), 3, at_once=at_once)
    assert given(outcomes) == [[("CNY", 200)], [("CNY", 100)], []]
    assert [one.code for one in outcomes[2].withheld] == ["out_of_budget"]


def test_a_refusal_takes_back_what_the_lines_before_it_took(at_once: int) -> None:
    """EC-114: a command that touches several quotas is all or nothing."""
    campaign = game(
        asked(Points(1), name="counted", at_most=Limit(9, per=CAMPAIGN)),
        asked(POT, if_short="drop"),
        asked(Coupon(CNY(2))),
        budget=CNY(5),
    )
    shop = shop_of(campaign)
    outcomes = shop.handle_many(
        campaign, [ask(f"a{n}", by=f"m{n}") for n in range(3)], at_once=at_once
    )
    assert [code(one) for one in outcomes] == ["yes", "out_of_budget", "out_of_budget"]
    assert quota(shop.store, "38-likes", "counted/campaign") == {("", ""): 1}
    assert spent(shop.store, "38-likes") == 500
    assert_clean(shop.store)


# ------------------------------------------------------------------ stock


@pytest.mark.parametrize("policy", ["refuse", "drop", "substitute"])
def test_the_last_teapot_goes_once(policy: str, at_once: int) -> None:
    """EC-84, RQ-1: two winners of the last unit."""
    instead = Points(7) if policy == "substitute" else None
    terms = asked(POT, if_short=policy, instead=instead)
    outcomes = ask_often(game(terms, budget=CNY(30)), 3, at_once=at_once)
    assert given(outcomes[:1]) == [[("product/teapot", 1)]]
    for late in outcomes[1:]:
        if policy == "refuse":
            assert code(late) == "out_of_stock"
            assert late.refusal.grant == "collector-asked-product"
        elif policy == "drop":
            assert not late.awards
            assert late.withheld[0].code == "out_of_stock"
        else:
            assert given([late]) == [[("points", 7)]]


def test_stock_is_named_first_when_both_are_short(at_once: int) -> None:
    terms = asked(POT, if_short="drop"), asked(Coupon(CNY(2)), if_short="drop")
    outcomes = ask_often(game(*terms, budget=CNY(5)), 2, at_once=at_once)
    assert [(one.grant, one.code) for one in outcomes[1].withheld] == [
        ("collector-asked-product", "out_of_stock"),
        ("collector-asked-coupon", "out_of_budget"),
    ]


def test_a_teapot_the_budget_cannot_pay_stays_in_stock(at_once: int) -> None:
    two = Product("teapot", worth=CNY(3), stock=2)
    campaign = game(asked(two, if_short="drop"), budget=CNY(5))
    shop = shop_of(campaign)
    shop.handle_many(campaign, [ask(f"a{n}", by=f"m{n}") for n in range(3)], at_once=at_once)
    assert quota(shop.store, "38-likes", "collector-asked-product/stock") == {("", ""): 1}
    assert spent(shop.store, "38-likes") == 300


def test_what_costs_nothing_moves_nothing_in_the_ledger() -> None:
    campaign = game(asked(Product("sample", worth=CNY(0), stock=5)))
    shop = shop_of(campaign)
    shop.handle(campaign, ask())
    rows = [row.transfer for row in shop.store.postings("38-likes")]
    assert [(row.source, row.target) for row in rows] == [
        ("stock/collector-asked-product", "member/ann")
    ]
    assert_clean(shop.store)


def test_what_a_thing_costs_is_taken_from_the_budget() -> None:
    campaign = game(asked(POT), asked(Points(5, worth=CNY("0.50"))), budget=CNY(30))
    shop = shop_of(campaign)
    shop.handle(campaign, ask())
    rows = [row.transfer for row in shop.store.postings("38-likes")]
    assert [(row.source, row.target, row.asset, row.amount) for row in rows] == [
        ("stock/collector-asked-product", "member/ann", "product/teapot", 1),
        ("budget", "cost", "CNY", 300),
        ("mint", "member/ann", "points", 5),
        ("budget", "cost", "CNY", 50),
    ]


def test_a_budget_without_end_is_counted_so_that_it_can_be_given_one() -> None:
    """EC-24: a version with a bound must not begin at nothing."""
    free = game(asked(Coupon(CNY(2))), budget=UNLIMITED)
    shop = shop_of(free)
    shop.handle_many(free, [ask(f"a{n}", by=f"m{n}") for n in range(3)])
    assert spent(shop.store, "38-likes") == 600
    bound = free.replace(budget=CNY(7))
    later = shop_of(bound, store=shop.store)
    assert code(later.handle(bound, ask("late"))) == "out_of_budget"


def test_a_budget_that_was_lowered_gives_nothing_more_until_enough_came_back() -> None:
    campaign = small(budget=CNY(20))
    shop = shop_of(campaign)
    for number in (1, 2, 3):
        shop.handle(campaign, share(f"p{number}"))
    lower = campaign.replace(budget=CNY(10))
    later = shop_of(lower, store=shop.store)
    late = {"at": at(hours=2)}
    ends = [pack.Expire(pack=f"p{number}", **late) for number in (1, 2)]
    outcomes = later.handle_many(
        lower, [ends[0], share("p4", **late), ends[1], share("p5", **late)]
    )
    assert [code(one) for one in outcomes] == ["yes", "out_of_budget", "yes", "out_of_budget"]
    last = later.handle_many(
        lower, [pack.Expire(pack="p3", **late), share("p6", **late), share("p7", **late)]
    )
    assert [code(one) for one in last] == ["yes", "yes", "out_of_budget"]


# ------------------------------------------------------------------ holds


def test_a_pack_whose_total_is_not_covered_does_not_open() -> None:
    campaign = small(budget=CNY(14))
    shop = shop_of(campaign)
    outcomes = [shop.handle(campaign, share(f"p{number}")) for number in (1, 2, 3)]
    assert [code(one) for one in outcomes] == ["yes", "yes", "out_of_budget"]
    assert spent(shop.store, "rain-pack") == 1200


def test_what_nobody_takes_comes_back() -> None:
    campaign = small(grants=Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED))
    shop = shop_of(campaign)
    shop.handle(campaign, share())
    taken = shop.handle(campaign, grab()).events[0].share.minor
    assert spent(shop.store, "rain-pack") == 600
    shop.tick(at(hours=1))
    assert spent(shop.store, "rain-pack") == taken
    cell = shop.store.cell("rain-pack", "p1")
    assert cell is not None
    assert cell.held == 0
    assert_clean(shop.store)


def test_a_share_beyond_a_limit_goes_back_to_the_budget() -> None:
    """EC-114: withheld is not lost, and not held for ever."""
    once = Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, at_most=1)
    campaign = small(
        mechanic=pack.CouponPack(EqualSplit(CNY(6), parts=3), open_for=hours(1)), grants=once
    )
    shop = shop_of(campaign)
    shop.handle_many(campaign, [share("p1"), share("p2"), grab("bob", "p1")])
    beyond = shop.handle(campaign, grab("bob", "p2"))
    assert [kept.code for kept in beyond.withheld] == ["limit_reached"]
    assert spent(shop.store, "rain-pack") == 1000
    assert [cell.held for _, cell in shop.store.cells("rain-pack")] == [400, 400]
    assert_clean(shop.store)


@pytest.mark.parametrize("rounding", list(Rounding))
def test_halves_of_an_odd_share_never_pass_the_share(rounding: Rounding) -> None:
    """EC-31: whatever the rounding, what a pack holds is what it pays, to the last fen."""
    halves = (
        Grant(Credit(percent(50)), to=pack.GRABBER, on=pack.GRABBED, name="one"),
        Grant(Credit(percent(50)), to=pack.SHARER, on=pack.GRABBED, name="other"),
    )
    campaign = small(
        mechanic=pack.CouponPack(EqualSplit(CNY("0.07"), parts=1), open_for=hours(1)),
        grants=halves,
        rounding=rounding,
    )
    shop = shop_of(campaign)
    shop.handle(campaign, share())
    outcome = shop.handle(campaign, grab())
    first = 4 if rounding in ("half_up", "half_even", "up", "ceiling") else 3
    assert [amount for _, _, amount in gained(outcome)] == [first, 3]
    assert spent(shop.store, "rain-pack") == first + 3
    assert_clean(shop.store)


def test_a_share_too_small_to_be_cut_is_withheld_and_released() -> None:
    """EC-15: what rounds to nothing is said, and not lost."""
    tenth = Grant(Credit(percent(10)), to=pack.GRABBER, on=pack.GRABBED)
    campaign = small(
        mechanic=pack.CouponPack(EqualSplit(CNY("0.07"), parts=1), open_for=hours(1)),
        grants=tenth,
    )
    shop = shop_of(campaign)
    shop.handle(campaign, share())
    outcome = shop.handle(campaign, grab())
    assert [kept.code for kept in outcome.withheld] == ["rounds_to_nothing"]
    assert spent(shop.store, "rain-pack") == 0
    assert_clean(shop.store)


def test_an_award_says_what_it_was_made_from() -> None:
    campaign = small(
        mechanic=pack.CouponPack(EqualSplit(CNY(10), parts=2), open_for=hours(1)),
        grants=Grant(
            Coupon(percent("33.3"), valid_for=hours(5), spend_at_least=CNY(20)),
            to=pack.GRABBER,
            on=pack.GRABBED,
        ),
    )
    shop = shop_of(campaign)
    shop.handle(campaign, share())
    (award,) = shop.handle(campaign, grab(at=at(minutes=5))).awards
    assert (award.amount, award.cost) == (166, CNY("1.66"))
    assert (award.base, award.rate) == (CNY(5), "33.3%")
    assert award.expires == at(hours=5, minutes=5)
    assert award.terms == {"spend_at_least": "CNY 20.00"}
    assert (award.to, award.role, award.reward) == ("bob", "grabber", "coupon")
    assert award.id == "rain-pack/p1/2/0"


# ------------------------------------------------------------------ those that compete


def test_the_best_that_can_be_made_is_made() -> None:
    """EC-107: the greatest; of two equal ones the first."""
    best = BestOf(
        (
            asked(Coupon(CNY(1)), name="one"),
            asked(Coupon(CNY(5)), name="five", at_most=1),
            asked(Coupon(CNY(5)), name="other", at_most=1),
        )
    )
    campaign = game(best)
    shop = shop_of(campaign)
    outcomes = [shop.handle(campaign, ask(f"a{number}")) for number in range(3)]
    assert [one.awards[0].grant for one in outcomes] == ["five", "other", "one"]
    assert [one.withheld for one in outcomes] == [(), (), ()]


def test_when_the_best_is_short_the_next_best_is_made(at_once: int) -> None:
    best = BestOf((asked(POT, name="pot"), asked(Coupon(CNY(2)), name="two")))
    outcomes = ask_often(game(best, budget=CNY(30)), 3, at_once=at_once)
    assert [one.awards[0].grant for one in outcomes] == ["pot", "two", "two"]


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        (Points(7), ["pot", "two", "two", "pot/instead"]),
        (Coupon(CNY(1)), ["pot", "two", "two", "pot/instead"]),
        (Coupon(CNY(2)), ["pot", "two", "two", "pot/instead"]),
        (Coupon(CNY(40)), ["pot", "pot/instead", "pot/instead", "pot/instead"]),
    ],
)
def test_a_substitute_competes_by_what_it_costs_itself(
    instead: Any, told: list[str], at_once: int
) -> None:
    """EC-107: what stands in for the greatest is not the greatest for that."""
    best = BestOf(
        (
            asked(
                Product("pot", worth=CNY(30), stock=1),
                name="pot",
                if_short="substitute",
                instead=instead,
            ),
            asked(Coupon(CNY(2)), name="two", at_most=Limit(2, per=CAMPAIGN)),
        )
    )
    outcomes = ask_often(game(best), 4, at_once=at_once)
    assert [one.awards[0].grant for one in outcomes] == told
    assert [one.withheld for one in outcomes] == [()] * 4


def test_when_none_of_the_best_can_be_made_the_command_is_refused(at_once: int) -> None:
    best = BestOf((asked(Coupon(CNY(3)), name="three"), asked(Coupon(CNY(2)), name="two")))
    outcomes = ask_often(game(best, budget=CNY(6)), 4, at_once=at_once)
    assert [code(one) for one in outcomes] == ["yes", "yes", "out_of_budget", "out_of_budget"]
    assert outcomes[2].refusal.needed == CNY(3)


def test_when_none_may_be_made_each_says_why() -> None:
    best = BestOf(
        (
            asked(Coupon(CNY(3)), name="three", given=HasTag("vip")),
            asked(Coupon(CNY(2)), name="two", at_most=1),
        )
    )
    campaign = game(best)
    shop = shop_of(campaign, facts={"ann": {"tags": set()}})
    assert shop.handle(campaign, ask("a1")).awards[0].grant == "two"
    late = shop.handle(campaign, ask("a2"))
    assert [(one.grant, one.code) for one in late.withheld] == [
        ("three", "not_eligible"),
        ("two", "limit_reached"),
    ]


# ------------------------------------------------------------------ limits


def test_a_substitute_counts_on_the_limit_of_its_grant() -> None:
    """EC-80: or a member would gain twice, once of each."""
    terms = asked(POT, if_short="substitute", instead=Points(7), at_most=1)
    campaign = game(terms, budget=CNY(30))
    shop = shop_of(campaign)
    told = [("a1", "ann"), ("a2", "bob"), ("a3", "bob"), ("a4", "ann")]
    outcomes = [shop.handle(campaign, ask(name, by=by)) for name, by in told]
    assert given(outcomes) == [[("product/teapot", 1)], [("points", 7)], [], []]
    assert_clean(shop.store)


def test_an_award_that_was_short_does_not_count() -> None:
    """EC-114: a counter that leaks would shut people out."""
    one = asked(Coupon(CNY(2)), if_short="drop", at_most=Limit(2, per=CAMPAIGN), name="one")
    campaign = game(one, budget=CNY(2))
    shop = shop_of(campaign)
    shop.handle_many(campaign, [ask(f"a{n}", by=f"m{n}") for n in range(4)])
    assert quota(shop.store, "38-likes", "one/campaign") == {("", ""): 1}
    richer = campaign.replace(budget=CNY(9))
    later = shop_of(richer, store=shop.store)
    outcomes = later.handle_many(richer, [ask(f"b{n}", by=f"m{n}") for n in range(3)])
    assert [len(each.awards) for each in outcomes] == [1, 0, 0]


def test_limits_of_one_grant_stand_side_by_side() -> None:
    both = (Limit(1, per=PAIR), Limit(2, per=(MEMBER, DAY)))
    campaign = likes(
        9,
        grants=Grant(Points(1), to=collect.LIKER, on=collect.LIKED, at_most=both, name="thanks"),
        limits=(),
    )
    shop = shop_of(campaign)
    for name, by in (("a1", "ann"), ("a2", "ann"), ("b1", "bea"), ("c1", "cid")):
        shop.handle(campaign, ask(name, by=by))
    outcomes = [shop.handle(campaign, like("bob", name)) for name in ("a1", "a2", "b1", "c1")]
    assert [len(one.awards) for one in outcomes] == [1, 0, 1, 0]
    assert [one.withheld[0].why for one in outcomes if one.withheld] == [
        ("thanks/pair",),
        ("thanks/member/day",),
    ]


@pytest.mark.parametrize(
    ("zone", "period", "last", "first"),
    [
        ("Asia/Shanghai", DAY, "2026-11-11T15:59:59Z", "2026-11-11T16:00:00Z"),
        ("UTC", DAY, "2026-11-11T23:59:59Z", "2026-11-12T00:00:00Z"),
        ("America/New_York", DAY, "2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z"),
        ("America/New_York", DAY, "2026-11-02T04:59:59Z", "2026-11-02T05:00:00Z"),
        ("Asia/Shanghai", WEEK, "2026-11-15T15:59:59Z", "2026-11-15T16:00:00Z"),
        ("Asia/Shanghai", MONTH, "2026-11-30T15:59:59Z", "2026-11-30T16:00:00Z"),
    ],
)
def test_whose_midnight_it_is_is_the_campaigns(
    zone: str, period: str, last: str, first: str
) -> None:
    """EC-4, EC-92: the day the clocks change has 25 hours, and one limit."""
    campaign = game(asked(Points(1), at_most=Limit(1, per=period)), zone=zone)
    shop = shop_of(campaign)
    before, after = datetime.fromisoformat(last), datetime.fromisoformat(first)
    outcomes = [
        shop.handle(campaign, ask(f"a{number}", at=moment))
        for number, moment in enumerate([before, before, after, after])
    ]
    assert [len(one.awards) for one in outcomes] == [1, 0, 1, 0]


def test_a_cap_refuses_the_command_and_leaves_the_key_free() -> None:
    """EC-80, RQ-20: three likes a day, in the zone of the campaign."""
    campaign = likes(9, limits=(Cap("a-day", 1, on=collect.LIKED, of=collect.LIKER, per=DAY),))
    shop = shop_of(campaign)
    shop.handle(campaign, ask("a1", by="ann"))
    shop.handle(campaign, ask("a2", by="cid"))
    assert code(shop.handle(campaign, like("bob", "a1", at=at(hours=1)))) == "yes"
    late = like("bob", "a2", key="again", at=at(hours=2))
    outcome = shop.handle(campaign, late)
    assert code(outcome) == "limit_reached"
    assert (outcome.refusal.cap, outcome.refusal.at_most) == ("cap/a-day/day", 1)
    tomorrow = like("bob", "a2", key="again", at=at(hours=24))
    assert code(shop.handle(campaign, tomorrow)) == "yes"


def test_a_like_given_back_is_not_counted_again() -> None:
    """EC-91: withdrawing and liking again neither gains nor costs a like of the day."""
    campaign = likes(9, limits=(Cap("a-day", 1, on=collect.LIKED, of=collect.LIKER, per=DAY),))
    shop = shop_of(campaign)
    shop.handle(campaign, ask())
    shop.handle(campaign, like())
    shop.handle(campaign, collect.Unlike(ask="a1", by="bob"))
    assert code(shop.handle(campaign, like())) == "yes"
    assert_clean(shop.store)


# ------------------------------------------------------------------ conditions on who gains


TOLD = {
    "ann": {"tags": {"vip"}, "devices": {"d1"}, "registered_at": at(days=-30)},
    "bob": {"tags": set(), "devices": {"d2"}, "registered_at": at(days=-1)},
    "carl": {"tags": {"vip"}, "devices": {"d1"}},
}


def told_shop(given_: Any, *, to: str = pack.GRABBER) -> tuple[Shop, Campaign]:
    """A shop where ann has shared a pack, and one line of the terms asks something."""
    campaign = rain(
        grants=(
            Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share"),
            Grant(Points(5), to=to, on=pack.GRABBED, name="extra", given=given_),
        )
    )
    shop = shop_of(campaign, facts=TOLD)
    shop.handle(campaign, share())
    return shop, campaign


def test_a_condition_unmet_withholds_that_award_and_the_rest_stands() -> None:
    """EC-75: the friend's gain and the sharer's are decided apart."""
    shop, campaign = told_shop(HasTag("vip"))
    outcome = shop.handle(campaign, grab("bob"))
    assert isinstance(outcome, Accepted)
    assert [award.grant for award in outcome.awards] == ["share"]
    (kept,) = outcome.withheld
    assert (kept.grant, kept.to, kept.code) == ("extra", "bob", "not_eligible")
    assert kept.why == ("has_tag(of=grabber, tag=vip)",)


def test_a_condition_is_about_who_gains_unless_it_names_another() -> None:
    shop, campaign = told_shop(HasTag("vip"), to=pack.SHARER)
    assert [award.grant for award in shop.handle(campaign, grab("bob")).awards] == [
        "share",
        "extra",
    ]
    shop, campaign = told_shop(HasTag("vip", of=pack.GRABBER), to=pack.SHARER)
    assert [kept.why for kept in shop.handle(campaign, grab("bob")).withheld] == [
        ("has_tag(of=grabber, tag=vip)",)
    ]


def test_every_unmet_leaf_is_named() -> None:
    """RQ-11: every decision says why, with stable words."""
    both = HasTag("vip") & AccountAge(at_least=hours(48))
    shop, campaign = told_shop(both)
    (kept,) = shop.handle(campaign, grab("bob")).withheld
    assert kept.why == (
        "has_tag(of=grabber, tag=vip)",
        "account_age(of=grabber, at_least=48 hours)",
    )


def test_a_missing_fact_withholds_and_says_which() -> None:
    shop, campaign = told_shop(AccountAge(at_least=hours(48)) & PaidOrders(at_least=1))
    (kept,) = shop.handle(campaign, grab("carl")).withheld
    assert kept.code == "fact_missing"
    assert kept.why == ("grabber.registered_at", "grabber.paid_orders")


def test_a_condition_between_two_withholds_from_both_sides_of_one_device() -> None:
    """EC-65: the same household or device gains nothing from itself."""
    apart = ~SameDevice(between=(pack.GRABBER, pack.SHARER))
    shop, campaign = told_shop(apart, to=pack.SHARER)
    assert [kept.code for kept in shop.handle(campaign, grab("carl")).withheld] == ["not_eligible"]
    assert shop.handle(campaign, grab("bob")).withheld == ()


def test_who_misses_the_goal_is_asked_about_even_though_nobody_acts() -> None:
    """EC-106: the same award, whether the clock ends the ask or somebody comes upon it late."""
    consoled = Grant(
        Points(3), to=collect.COLLECTOR, on=collect.LAPSED, given=HasTag("vip"), name="console"
    )
    for late in ("tick", "like"):
        campaign = likes(9, grants=consoled, limits=())
        shop = shop_of(campaign, facts=TOLD)
        shop.handle(campaign, ask("a1", by="ann"))
        shop.handle(campaign, ask("a2", by="bob"))
        if late == "tick":
            assert shop.tick(at(days=3)) == 2
        else:
            for name in ("a1", "a2"):
                assert code(shop.handle(campaign, like("eve", name, at=at(days=3)))) == "ask_over"
        postings = [row.transfer for row in shop.store.postings("38-likes")]
        assert [(row.target, row.amount) for row in postings] == [("member/ann", 3)]
        assert_clean(shop.store)


def test_the_clock_is_never_refused() -> None:
    """What its time is over for ends, though nothing is left to console with."""
    consoled = Grant(Coupon(CNY(2)), to=collect.COLLECTOR, on=collect.LAPSED)
    campaign = likes(9, grants=consoled, limits=(), budget=CNY(3))
    shop = shop_of(campaign)
    shop.handle(campaign, ask("a1", by="ann"))
    shop.handle(campaign, ask("a2", by="bob"))
    assert shop.tick(at(days=3)) == 2
    assert shop.tick(at(days=3)) == 0
    last = [line.decision for line in shop.store.journal("38-likes")][-1]
    assert isinstance(last, Accepted)
    assert [kept.code for kept in last.withheld] == ["out_of_budget"]
    assert_clean(shop.store)


def test_times_are_compared_as_moments() -> None:
    campaign = game(asked(Points(1), at_most=Limit(1, per=DAY)), zone="Asia/Shanghai")
    shop = shop_of(campaign)
    shanghai = datetime.fromisoformat("2026-11-11T12:00:00+08:00")
    assert shanghai == NOON
    shop.handle(campaign, ask("a1", at=shanghai))
    assert not shop.handle(campaign, ask("a2", at=NOON)).awards
