"""Stories: what holds passes, what does not fails and tells everything; every verb can fail."""

from __future__ import annotations

import pytest

from viralcommerce import (
    CNY,
    PAIR,
    WHOLE,
    Campaign,
    Coupon,
    Grant,
    Limit,
    LuckySplit,
    Points,
    Product,
    days,
    hours,
)
from viralcommerce.errors import InvalidMessage, InvalidValue, KeyReused, NaiveTime
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.refusals import FactMissing, NotEligible, Paused
from viralcommerce.rules.membership import PaidOrders
from viralcommerce.testing import Story, award, matching, withheld

RAIN = Campaign(
    "rain-pack",
    pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
    grants=(
        Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
        Grant(Coupon(CNY(2)), to=pack.SHARER, on=pack.GRABBED, at_most=Limit(1, per=pack.PACK)),
    ),
    budget=CNY(1000),
)
TEA = Campaign(
    "tea",
    collect.Collect(goal=2, within=hours(48)),
    grants=(
        Grant(
            Product("teapot", worth=CNY(30), stock=5),
            to=collect.COLLECTOR,
            on=collect.REACHED,
        ),
        Grant(Points(5), to=collect.LIKER, on=collect.LIKED, at_most=Limit(1, per=PAIR)),
    ),
    budget=CNY(1000),
)
SHARE = pack.Share(pack="ride-1", by="ann")
BOB = pack.Grab(pack="ride-1", by="bob")
SHARED = Story(RAIN).at("2026-11-11T10:00+08:00").given(SHARE).dice(CNY("7.41"), 300)
GRABS = SHARED.when(BOB)
BOTH = (award("bob", CNY("7.41")), award("ann", CNY(2)))


def failing(story: Story, *expected: object) -> str:
    """What a story tells when its end is not what was expected."""
    with pytest.raises(AssertionError) as failure:
        story.then(*expected)  # type: ignore[arg-type]
    return str(failure.value)


def test_a_story_that_holds_passes() -> None:
    told = (
        GRABS.then(*BOTH)
        .when(BOB)
        .then_refused(pack.AlreadyGrabbed, share=CNY("7.41"))
        .after(hours(2))
        .when(pack.Grab(pack="ride-1", by="cat"))
        .then(award("cat", CNY(3)), withheld("ann", "limit_reached"))
    )
    told.after(days(1)).when_due().then_events(pack.Expired).then_spent(CNY("12.41"))


def test_a_story_is_a_value_and_forks() -> None:
    before = GRABS.steps
    GRABS.then(*BOTH)
    GRABS.after(days(1)).when(pack.Grab(pack="ride-1", by="cat")).then(pack.PackOver)
    assert GRABS.steps == before
    assert SHARED.when(BOB) == GRABS
    GRABS.then(*BOTH)


def test_the_whole_story_is_told_when_it_fails() -> None:
    story = (
        SHARED.knowing({"bob": {"paid_orders": 3}})
        .when(BOB)
        .after(hours(2))
        .when(pack.Grab(pack="ride-1", by="cat", key="cat-1"))
    )
    text = failing(story, award("cat", CNY(4)))
    for said in (
        "a story of rain-pack",
        "2026-11-11 10:00:00+08:00",
        "given     ann: Share(pack='ride-1')",
        "yes: a pack of ¥60 in 10 parts is open until",
        "dice      741, 300",
        "knowing   bob: paid_orders=3",
        "when      bob: Grab(pack='ride-1')",
        "award     bob, grabber: a ¥7.41 coupon (grabber-grabbed-coupon)",
        "award     ann, sharer: a ¥2 coupon (sharer-grabbed-coupon)",
        "2026-11-11 12:00:00+08:00",
        "after     2 hours",
        "when      cat: Grab(key='cat-1', pack='ride-1')",
        "withheld  ann: limit_reached sharer-grabbed-coupon/pack (sharer-grabbed-coupon)",
        "then      cat gets CNY 4.00",
        "missing: cat gets CNY 4.00",
        "not expected: cat gets a ¥3 coupon as grabber from grabber-grabbed-coupon",
    ):
        assert said in text
    assert "entropy" not in text


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        ((), "not expected: bob gets a ¥7.41 coupon"),
        (BOTH[:1], "not expected: ann gets a ¥2 coupon"),
        ((*BOTH, award("cat")), "missing: cat gets something"),
        ((*BOTH, award("bob")), "missing: bob gets something"),
        ((award("bob", CNY("7.40")), BOTH[1]), "missing: bob gets CNY 7.40"),
        ((award("bob", 740), BOTH[1]), "missing: bob gets 740"),
        ((award("bob", "teapot"), BOTH[1]), "missing: bob gets teapot"),
        ((award("bob", reward="cash"), BOTH[1]), "missing: bob gets something as a cash"),
        ((award("bob", grant="other"), BOTH[1]), "missing: bob gets something from other"),
        ((award("bob", role="sharer"), BOTH[1]), "missing: bob gets something as sharer"),
        ((*BOTH, withheld("ann")), "missing: ann does not get something"),
        ((*BOTH, pack.Emptied), "expected the events Emptied, got Grabbed"),
        ((*BOTH, pack.Grabbed, pack.Grabbed), "expected the events Grabbed, Grabbed, got Grabbed"),
        (
            (*BOTH, matching(pack.Grabbed, parts_left=8)),
            "expected the events Grabbed(parts_left=8)",
        ),
        ((pack.AlreadyGrabbed,), "expected a refusal, AlreadyGrabbed, and it was accepted"),
    ],
)
def test_then_fails_where(expected: tuple[object, ...], why: str) -> None:
    assert why in failing(GRABS, *expected)


def test_then_names_a_yes_that_became_a_no() -> None:
    story = GRABS.when(BOB)
    assert "expected a yes, got AlreadyGrabbed: no: bob has opened" in failing(story, *BOTH)
    assert "expected OwnPack, got AlreadyGrabbed" in failing(story, pack.OwnPack)
    with pytest.raises(AssertionError, match="expected a yes"):
        story.then_events()


def test_then_refused_fails_where_the_reason_or_an_operand_is_another() -> None:
    story = GRABS.when(BOB)
    story.then_refused(pack.AlreadyGrabbed, by="bob", share=CNY("7.41"))
    story.then(pack.AlreadyGrabbed(by="bob", share=CNY("7.41")))
    with pytest.raises(AssertionError, match=r"expected AlreadyGrabbed\(share=CNY 7\.42\), got"):
        story.then_refused(pack.AlreadyGrabbed, share=CNY("7.42"))
    with pytest.raises(AssertionError, match="expected OwnPack, got AlreadyGrabbed"):
        story.then_refused(pack.OwnPack)
    with pytest.raises(AssertionError, match="and it was accepted"):
        GRABS.then_refused(pack.AlreadyGrabbed)
    assert "expected AlreadyGrabbed: no: cat" in failing(
        story, pack.AlreadyGrabbed(by="cat", share=CNY("7.41"))
    )


def test_then_events_fails_where_one_is_missing_too_many_or_another() -> None:
    GRABS.then_events(matching(pack.Grabbed, share=CNY("7.41"), parts_left=9))
    for wrong in ((), (pack.Opened,), (pack.Grabbed, pack.Emptied)):
        with pytest.raises(AssertionError, match=r"expected the events .*, got Grabbed"):
            GRABS.then_events(*wrong)


def test_then_spent_fails_to_the_last_fen() -> None:
    GRABS.then_spent(CNY(62))
    for wrong in (CNY("62.01"), CNY("61.99"), CNY(0)):
        with pytest.raises(AssertionError, match=r"to be spent, got CNY 62\.00"):
            GRABS.then_spent(wrong)


def test_then_raises_fails_where_nothing_or_another_thing_is_raised() -> None:
    reused = GRABS.given(pack.Grab(pack="ride-1", by="cat", key="k")).when(
        pack.Grab(pack="ride-1", by="dan", key="k")
    )
    with pytest.raises(AssertionError, match="expected InvalidMessage, got KeyReused: rain-pack"):
        reused.then_raises(InvalidMessage)
    with pytest.raises(AssertionError, match="expected KeyReused, got nothing was raised"):
        GRABS.then_raises(KeyReused)
    goes_on = reused.then_raises(KeyReused)
    goes_on.when(BOB).then_refused(pack.AlreadyGrabbed)


def test_what_raises_fails_every_other_end_and_tells_the_story() -> None:
    story = SHARED.when(collect.Ask(ask="a", by="ann"))
    for end in (
        lambda: story.then(),
        lambda: story.then_refused(pack.OwnPack),
        lambda: story.then_events(),
        lambda: story.then_spent(CNY(0)),
    ):
        with pytest.raises(AssertionError, match="InvalidMessage: rain-pack: Ask is no command"):
            end()


def test_a_given_that_is_refused_fails_the_story() -> None:
    story = SHARED.given(BOB, BOB).when(pack.Grab(pack="ride-1", by="cat"))
    text = failing(story)
    assert "what is given was refused" in text
    assert "no: bob has opened this pack already [already_grabbed]" in text
    assert "cat" not in text.partition("then")[0], "it is told up to where it broke"
    with pytest.raises(AssertionError, match="what is given was refused"):
        story.then_raises(AssertionError)


def test_dice_are_handed_out_one_value_a_draw() -> None:
    story = SHARED.when(BOB).when(pack.Grab(pack="ride-1", by="cat"))
    story.then(award("cat", CNY(3)), withheld("ann"))
    more = story.when(pack.Grab(pack="ride-1", by="dan"))
    assert "script more with .dice(...)" in failing(more)
    wrong = SHARED.dice(299).when(BOB).when(pack.Grab(pack="ride-1", by="cat"))
    last = wrong.when(pack.Grab(pack="ride-1", by="dan"))
    assert "value 1 is 299, outside of 300.." in failing(last)


def test_without_scripted_dice_the_same_story_falls_the_same_way() -> None:
    story = Story(RAIN).given(SHARE).when(BOB)
    assert story.told() == story.told()
    assert "bob gets a ¥" in story.told()


def test_a_retry_is_answered_from_its_key() -> None:
    """RQ-19: the same key, the same answer, nothing twice."""
    again = pack.Grab(pack="ride-1", by="bob", key="k")
    story = SHARED.when(again).then(*BOTH).after(hours(1)).when(again).then(*BOTH)
    assert "(the answer recorded under its key)" in story.told()
    story.then_spent(CNY(62))


def test_facts_are_told_as_the_story_goes() -> None:
    campaign = RAIN.replace(given=PaidOrders(at_least=1))
    story = Story(campaign).knowing({"ann": {"paid_orders": 1}}).given(SHARE)
    story.when(BOB).then_refused(FactMissing)
    newcomer = story.knowing({"bob": {"paid_orders": 0}}).when(BOB).then_refused(NotEligible)
    newcomer.knowing({"bob": {"paid_orders": 1}}).when(BOB).then(
        award("bob"), award("ann", CNY(2))
    )


def test_the_operator_has_a_part() -> None:
    SHARED.staged("paused").when(BOB).then_refused(Paused).staged("live").when(BOB).then(*BOTH)


def test_what_was_begun_ends_under_the_rules_it_was_begun_under() -> None:
    """RQ-21."""
    dearer = RAIN.replace(
        mechanic=pack.CouponPack(LuckySplit(CNY(90), parts=10, least=CNY(8)), open_for=days(1))
    )
    story = SHARED.edited(dearer).when(BOB).then(*BOTH)
    story.when(pack.Share(pack="ride-2", by="ann")).then_events(
        matching(pack.Opened, total=CNY(90))
    )
    assert "the rules are " in story.told()
    with pytest.raises(InvalidValue, match="'tea' is another campaign"):
        SHARED.edited(TEA)


def test_the_clock_acts_before_whoever_comes_late() -> None:
    late = SHARED.after(days(1)).when(BOB).then_refused(pack.PackOver)
    assert "(first the clock: the clock: Expire(pack='ride-1'))" in late.told()
    late.when_due().then()
    assert "expected the events Expired, got none" in failing(late.when_due(), pack.Expired)


def test_things_and_points_are_named_by_what_they_are() -> None:
    story = Story(TEA).given(collect.Ask(ask="a", by="ann"), collect.Like(ask="a", by="bob"))
    story.when(collect.Like(ask="a", by="cat")).then(
        award("ann", "teapot"),
        award("cat", 5, reward="points"),
        collect.GoalReached,
    ).then(award("ann", "product/teapot", role="collector"), award("cat", "points"))


def test_awards_are_paired_as_well_as_can_be() -> None:
    """The vague expectation leaves the exact one its award, in either order."""
    GRABS.then(award("bob"), award("ann"))
    twice = RAIN.replace(
        grants=(
            Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),
            Grant(Points(1), to=pack.GRABBER, on=pack.GRABBED),
        )
    )
    story = Story(twice).given(SHARE).dice(300).when(BOB)
    story.then(award("bob"), award("bob", CNY(3)))
    story.then(award("bob", CNY(3)), award("bob"))
    assert "missing" in failing(story, award("bob", CNY(3)), award("bob", CNY(3)))


def test_what_cannot_be_told_is_said() -> None:
    with pytest.raises(InvalidValue, match="nothing happens in this story"):
        SHARED.then()
    with pytest.raises(InvalidValue, match="a refusal comes alone"):
        GRABS.then(award("bob"), pack.OwnPack)
    with pytest.raises(InvalidValue, match="matching: OwnPack has no pack; choose from: by"):
        matching(pack.OwnPack, pack="p")
    with pytest.raises(NaiveTime):
        SHARED.at("2026-11-11T10:00")


def test_books_that_do_not_add_up_fail_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    from viralcommerce.runtime.stores.memory import MemoryStore

    monkeypatch.setattr(MemoryStore, "postings", lambda self, campaign: iter(()))
    assert "the books: rain-pack: ledger rain-pack/ride-1/2/0: is in the journal" in failing(
        GRABS, *BOTH
    )


def test_a_when_without_a_then_is_found() -> None:
    from viralcommerce.testing.story import Book

    book = Book()
    story = Story(RAIN, book=book).given(SHARE).when(BOB)
    assert book.unfinished == (f"rain-pack: {BOB!r}",)
    story.then(award("bob"), award("ann"))
    assert book.unfinished == ()
