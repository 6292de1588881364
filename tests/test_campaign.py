"""Campaigns: what can be, what cannot, and in which words; hashes that stay."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from shops import NOON, likes, rain
from viralcommerce import (
    ALWAYS,
    CNY,
    PAIR,
    UNLIMITED,
    USD,
    WHOLE,
    BestOf,
    Campaign,
    Cap,
    Codec,
    Coupon,
    Credit,
    EqualSplit,
    Grant,
    Limit,
    Points,
    Product,
    Window,
    days,
    hours,
    percent,
)
from viralcommerce.errors import InvalidRule
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.conditions import HasTag, Spent, Velocity

TEAPOT = Product("teapot", worth=CNY(30), stock=2_000)


def gives(give: Any = TEAPOT, **said: Any) -> Grant:
    """A grant to who collects."""
    return Grant(give, **{"to": collect.COLLECTOR, "on": collect.REACHED, **said})


ALL = Coupon(WHOLE)


def grabbers(give: Any = ALL, **said: Any) -> Grant:
    """A grant to who opens a pack."""
    return Grant(give, **{"to": pack.GRABBER, "on": pack.GRABBED, **said})


CANNOT_BE: dict[str, tuple[Any, str]] = {
    "a condition in another currency than the budget": (
        lambda: rain(given=HasTag("vip") & Spent(at_least=USD(10))),
        (
            "rain-pack: given: spent: USD 10.00 beside budget of CNY 200000.00; "
            "a campaign has one currency"
        ),
    ),
    "a grant's condition in another currency than its reward": (
        lambda: likes(grants=gives(given=~Spent(at_least=USD(10)))),
        (
            "38-likes: grants[0].given: spent: USD 10.00 beside grants[0].give of CNY 30.00; "
            "a campaign has one currency"
        ),
    ),
    "conditions in two currencies, and no other money": (
        lambda: likes(
            grants=gives(Points(1), given=Spent(at_least=USD(10))), given=Spent(at_least=CNY(1))
        ),
        (
            "38-likes: grants[0].given: spent: USD 10.00 beside given: spent of CNY 1.00; "
            "a campaign has one currency"
        ),
    ),
    "a role that takes no part in the milestone": (
        lambda: likes(grants=gives(to="grabber")),
        "38-likes: grants[0].to: 'grabber' takes no part in 'reached'; choose from: collector",
    ),
    "a milestone of another game": (
        lambda: likes(grants=gives(on="grabbed")),
        (
            "38-likes: grants[0].on: 'grabbed' is no milestone of collect; "
            "choose from: asked, lapsed, liked, reached"
        ),
    ),
    "nobody can gain": (
        lambda: likes(grants=()),
        "38-likes: grants: there are none, so nobody can gain; give at least one",
    ),
    "a percentage of nothing": (
        lambda: likes(grants=gives(Coupon(percent(5)))),
        (
            "38-likes: grants[0].give: 5% of what? 'reached' carries no amount; "
            "give an amount of money"
        ),
    ),
    "a substitute that is a percentage of nothing": (
        lambda: likes(grants=gives(if_short="substitute", instead=Credit(percent(5)))),
        (
            "38-likes: grants[0].give: 5% of what? 'reached' carries no amount; "
            "give an amount of money"
        ),
    ),
    "two grants with one name": (
        lambda: likes(grants=(gives(), gives())),
        (
            "38-likes: grants[1].name: 'collector-reached-product' is also the name of grants[0]; "
            "give each a name of its own"
        ),
    ),
    "two competing grants with one name": (
        lambda: rain(grants=(grabbers(), BestOf((grabbers(Points(1)), grabbers(Points(2)))))),
        (
            "rain-pack: grants[1].grants[1].name: 'grabber-grabbed-points' is also the name of "
            "grants[1].grants[0]; give each a name of its own"
        ),
    ),
    "a grant called like a quota": (
        lambda: likes(grants=gives(name="budget")),
        "38-likes: grants[0].name: 'budget' is the name of a quota; give it another",
    ),
    "a limit per something of another game": (
        lambda: likes(grants=gives(at_most=Limit(1, per=pack.PACK))),
        (
            "38-likes: grants[0].at_most: cannot count per 'pack'; "
            "choose from: ask, campaign, member, pair"
        ),
    ),
    "a limit per pair where there is one role": (
        lambda: likes(grants=gives(at_most=Limit(1, per=PAIR))),
        "38-likes: grants[0].at_most: 'reached' has one role only, so there are no pairs",
    ),
    "a condition about somebody who is not there": (
        lambda: likes(grants=gives(given=HasTag("vip", of=collect.LIKER))),
        "38-likes: grants[0].given: liker takes no part in 'reached'; choose from: collector",
    ),
    "a velocity that nobody would count": (
        lambda: likes(grants=gives(given=Velocity(at_most=1, within=hours(1)))),
        (
            "38-likes: grants[0].given: a velocity is of the command, not of who gains; "
            "put it in the campaign's given"
        ),
    ),
    "two velocities that count each other": (
        lambda: likes(
            given=Velocity(at_most=1, within=hours(1)) & Velocity(at_most=2, within=hours(1))
        ),
        "38-likes: given: two velocities count the same thing in the same span; keep the smaller",
    ),
    "a condition about a role of another game": (
        lambda: likes(given=HasTag("vip", of=pack.GRABBER)),
        "38-likes: given: grabber takes no part in collect; choose from: collector, liker",
    ),
    "a cap on what is never reached": (
        lambda: likes(limits=(Cap("a", 1, on=pack.GRABBED, of=collect.LIKER),)),
        (
            "38-likes: limits[0].on: 'grabbed' is no milestone; "
            "choose from: asked, lapsed, liked, reached"
        ),
    ),
    "a cap of somebody who is not there": (
        lambda: likes(limits=(Cap("a", 1, on=collect.LIKED, of=pack.SHARER),)),
        "38-likes: limits[0].of: 'sharer' takes no part in 'liked'; choose from: collector, liker",
    ),
    "a cap per something of another game": (
        lambda: likes(limits=(Cap("a", 1, on=collect.LIKED, of=collect.LIKER, per=pack.PACK),)),
        (
            "38-likes: limits[0].per: cannot count per 'pack'; "
            "choose from: ask, campaign, member, pair"
        ),
    ),
    "two caps with one name": (
        lambda: likes(
            limits=(
                Cap("a", 1, on=collect.LIKED, of=collect.LIKER),
                Cap("a", 1, on=collect.ASKED, of=collect.COLLECTOR),
            )
        ),
        "38-likes: limits[1].name: 'a' is taken; give each cap a name of its own",
    ),
    "a budget in another currency": (
        lambda: likes(budget=USD(500)),
        (
            "38-likes: grants[0].give: CNY 30.00 beside budget of USD 500.00; "
            "a campaign has one currency"
        ),
    ),
    "a threshold in another currency": (
        lambda: likes(grants=gives(Coupon(CNY(1), spend_at_least=USD(3)))),
        (
            "38-likes: grants[0].give: USD 3.00 beside grants[0].give of CNY 1.00; "
            "a campaign has one currency"
        ),
    ),
    "a substitute in another currency": (
        lambda: likes(grants=gives(if_short="substitute", instead=Coupon(USD(3)))),
        (
            "38-likes: grants[0].instead: USD 3.00 beside grants[0].give of CNY 30.00; "
            "a campaign has one currency"
        ),
    ),
    "a budget smaller than one pack": (
        lambda: rain(budget=CNY(50)),
        (
            "rain-pack: mechanic: one instance costs CNY 60.00, the whole budget is CNY 50.00; "
            "it can never pay"
        ),
    ),
    "a budget smaller than one award": (
        lambda: likes(budget=CNY(29)),
        (
            "38-likes: grants[0].give: one award costs CNY 30.00, the whole budget is CNY 29.00; "
            "it can never pay"
        ),
    ),
    "shares of more than the whole": (
        lambda: rain(grants=(grabbers(), grabbers(Coupon(percent(5)), to=pack.SHARER))),
        (
            "rain-pack: grants: 100.00% + 5.00% of the amount of 'grabbed' is more than what was "
            "promised for it; the shares add up to at most 100%"
        ),
    ),
    "shares of more than the whole, if the teapots run out": (
        lambda: rain(
            grants=(
                grabbers(),
                grabbers(TEAPOT, if_short="substitute", instead=Credit(percent("0.5"))),
            )
        ),
        (
            "rain-pack: grants: 100.00% + 0.50% of the amount of 'grabbed' is more than what was "
            "promised for it; the shares add up to at most 100%"
        ),
    ),
    "a pack that is never paid out": (
        lambda: rain(grants=(grabbers(Coupon(CNY(1))),)),
        (
            "rain-pack: grants: none gives a share of the amount of 'grabbed', so what an "
            "instance holds can never be paid; give a percentage of it, such as WHOLE"
        ),
    ),
    "a budget that is a bare number": (
        lambda: rain(budget=200_000),
        "Campaign: budget: 200000 is no budget; give an amount of money, or UNLIMITED",
    ),
    "a budget that is not said": (
        lambda: rain(budget=None),
        "Campaign: budget: None is no budget; give an amount of money, or UNLIMITED",
    ),
    "a zone nobody lives in": (
        lambda: rain(zone="Asia/Beijing"),
        "Campaign: zone: zone: 'Asia/Beijing' is no zone; did you mean Asia/Brunei?",
    ),
    "a name that is none": (
        lambda: rain().replace(name="Rain Pack"),
        (
            "Campaign: name: string should match pattern '^[a-z0-9][a-z0-9._-]{0,62}$', "
            "not 'Rain Pack'"
        ),
    ),
    "a mechanic that is none": (
        lambda: rain(mechanic="coupon_pack"),
        "Campaign: mechanic: expected a mechanic, not 'coupon_pack'",
    ),
    "a grant that is none": (
        lambda: rain(grants=5),
        "Campaign: grants: input should be a valid tuple, not 5",
    ),
    "a window that is none": (
        lambda: rain(window="november"),
        "Campaign: window: expected a window, not 'november'",
    ),
}


@pytest.mark.parametrize("what", CANNOT_BE)
def test_a_campaign_cannot_have(what: str) -> None:
    """EC-26, EC-29: misconfiguration fails while it is built, with where, what and the choices."""
    build, said = CANNOT_BE[what]
    with pytest.raises(InvalidRule) as raised:
        build()
    assert raised.value.message == said


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidRule) as raised:
        likes(
            grants=(gives(to="grabber"), gives(Coupon(percent(5)), name="five")),
            given=HasTag("vip", of=pack.SHARER),
        )
    problems = raised.value.operands["problems"]
    assert [problem.split(":")[1] for problem in problems] == [
        " grants[0].to",
        " grants[1].give",
        " given",
    ]
    assert raised.value.operands["where"] == "38-likes"


def test_a_budget_of_nothing_says_so() -> None:
    with pytest.raises(InvalidRule, match="budget: nothing can ever be paid from nothing"):
        likes(budget=CNY(0))


def test_a_threshold_may_be_more_than_the_whole_budget() -> None:
    campaign = likes(grants=gives(Coupon(CNY(1), spend_at_least=CNY(300))), budget=CNY(5))
    assert campaign.currency == "CNY"


def test_unlimited_is_said_and_never_silent() -> None:
    """EC-24: nobody has to know whether 0, -1 or null means without end."""
    assert likes().budget is UNLIMITED
    for silent in (0, -1, None, "", False):
        with pytest.raises(InvalidRule):
            likes(budget=silent)


def test_shares_of_exactly_the_whole_are_fine() -> None:
    halves = (grabbers(Coupon(percent(50))), grabbers(Coupon(percent(50)), to=pack.SHARER))
    assert len(rain(grants=halves).grants) == 2


def test_only_the_best_of_competing_shares_counts() -> None:
    best = BestOf((grabbers(name="all"), grabbers(Coupon(percent(40)), name="some")))
    assert rain(grants=(best,)).currency == "CNY"
    with pytest.raises(InvalidRule, match=r"100\.00% \+ 40\.00%"):
        rain(grants=(best, grabbers(Coupon(percent(40)), name="more")))


def test_a_single_grant_needs_no_tuple() -> None:
    assert rain(grants=grabbers()) == rain(grants=(grabbers(),))


def test_currency_is_that_of_any_amount_or_none() -> None:
    assert likes(budget=UNLIMITED).currency == "CNY"
    assert likes(grants=gives(Points(1))).currency == ""


def test_every_grant_is_listed_with_its_place() -> None:
    best = BestOf((grabbers(Points(1), name="one"), grabbers(Points(2), name="two")))
    campaign = rain(grants=(grabbers(), best))
    assert [(place, grant.name) for place, grant in campaign.every_grant()] == [
        ("grants[0]", "grabber-grabbed-coupon"),
        ("grants[1].grants[0]", "one"),
        ("grants[1].grants[1]", "two"),
    ]


# ------------------------------------------------------------------ hashes


def test_hashes_stay_what_they_were() -> None:
    """RQ-21: instances are pinned by these; another hash here breaks a promise made."""
    assert rain().hash == "9492996e1460538bb55309aae5769b6c"
    assert likes().hash == "33884496e126511df1e769912ebc6476"


def test_a_hash_says_every_field_even_one_left_at_its_default() -> None:
    said = json.loads(Codec().campaign_json(rain()))
    assert (said["window"], said["zone"], said["rounding"]) == ("always", "UTC", "down")
    assert said["mechanic"]["own"] == "refused"
    assert rain(window=ALWAYS, zone="UTC", given=None, limits=()).hash == rain().hash


@pytest.mark.parametrize(
    "changes",
    [
        {"budget": CNY(200_001)},
        {"budget": UNLIMITED},
        {"zone": "Asia/Shanghai"},
        {"rounding": "half_up"},
        {"window": Window.since(NOON)},
        {"given": HasTag("vip")},
        {"grants": grabbers()},
        {"limits": (Cap("a-day", 3, on=pack.GRABBED, of=pack.GRABBER),)},
        {"mechanic": pack.CouponPack(EqualSplit(CNY(60), parts=10), open_for=days(1))},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_change_of_any_field_is_another_campaign(changes: dict[str, Any]) -> None:
    changed = rain().replace(**changes)
    assert changed.hash != rain().hash
    assert changed != rain()
    assert changed == rain(**changes)


def test_the_order_of_grants_is_part_of_the_terms() -> None:
    """EC-107: grants compete in their declared order, so another order is another promise."""
    one, other = rain().grants
    assert rain(grants=(other, one)).hash != rain().hash


def test_replace_checks_what_it_makes() -> None:
    with pytest.raises(InvalidRule, match="it can never pay"):
        rain().replace(budget=CNY(1))


def test_a_campaign_survives_a_pickle() -> None:
    again = pickle.loads(pickle.dumps(rain()))
    assert again == rain()
    assert again.hash == rain().hash


def test_a_campaign_is_known_in_a_set_by_what_it_says() -> None:
    assert {rain(), rain(), likes()} == {likes(), rain()}


def test_any_json_of_a_campaign_is_refused_in_words() -> None:
    codec = Codec()
    good = json.loads(codec.campaign_json(likes()))
    for change, said in (
        ({"kind": "circus"}, "terms.json: unknown kind 'circus'; choose from: campaign"),
        ({"budgte": "CNY 5.00"}, "budgte"),
        ({"mechanic": {"kind": "coupon"}}, "unknown kind 'coupon'; choose from: collect, coupon_"),
        ({"budget": 5}, "5 is no budget"),
        ({"zone": 8}, "zone"),
    ):
        with pytest.raises(InvalidRule) as raised:
            codec.read_campaign(json.dumps({**good, **change}), "terms.json")
        assert raised.value.message.startswith("terms.json: ")
        assert said in raised.value.message
    with pytest.raises(InvalidRule, match=r"terms.json: not JSON"):
        codec.read_campaign("{", "terms.json")
    with pytest.raises(InvalidRule, match=r"terms.json: 1.5 is a float"):
        codec.read_campaign('{"budget": 1.5}', "terms.json")


def test_a_campaign_built_from_nothing_says_what_is_needed() -> None:
    with pytest.raises(InvalidRule) as raised:
        Campaign(mechanic=collect.Collect(goal=1, within=hours(1)))  # type: ignore[call-arg]
    assert raised.value.message == (
        "Campaign: name: field required; say it; Campaign: grants: field required; say it; "
        "Campaign: budget: field required; say it"
    )
