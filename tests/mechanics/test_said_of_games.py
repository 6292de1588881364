"""What games say of themselves, to the letter: sentences, odds and lives; mutants asked for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shops import NOON
from viralcommerce import CNY, EqualSplit, LuckySplit, days, hours
from viralcommerce.decider import NOTHING_PROMISED, Promised
from viralcommerce.errors import InvalidRule
from viralcommerce.mechanics import collect
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.extent import ONCE

LUCKY = pack.CouponPack(LuckySplit(CNY(6), parts=3, least=CNY(1)), open_for=days(1))
SINGLE = pack.CouponPack(EqualSplit(CNY(6), parts=1), open_for=days(1))


def test_a_pack_of_one_part_is_for_one_member() -> None:
    assert SINGLE.sentences()[0].en.startswith(
        "A member shares a pack, and the first member to open it takes a share each: "
    )
    assert LUCKY.sentences()[0].en.startswith(
        "A member shares a pack, and the first 3 members to open it take a share each: "
    )


def test_odds_are_told_of_what_is_drawn_and_of_nothing_else() -> None:
    assert len(LUCKY.odds()) == 1
    assert SINGLE.odds() == ()


def test_a_pack_is_emptied_once_or_never() -> None:
    emptied, over = LUCKY.lives()
    assert (emptied[pack.OPENED], over[pack.OPENED]) == (ONCE, ONCE)
    assert (emptied[pack.EMPTIED].at_least, emptied[pack.EMPTIED].at_most) == (1, 1)
    assert pack.EMPTIED not in over
    assert (over[pack.GRABBED].at_least, over[pack.GRABBED].at_most) == (0, 2)


def test_a_new_pack_has_no_luckiest_yet() -> None:
    (opened,) = SINGLE.decide(pack.Share(pack="p", by="ann", at=NOON), SINGLE.initial())
    assert isinstance(opened, pack.Opened)
    state = SINGLE.evolve(SINGLE.initial(), opened)
    assert isinstance(state, pack.Open)
    assert (state.best_by, state.best, state.shares) == ("", CNY(0), {})


def test_what_is_held_when_a_pack_opens_is_what_goes_back_and_is_taken() -> None:
    (opened,) = LUCKY.decide(pack.Share(pack="p", by="ann", at=NOON), LUCKY.initial())
    assert isinstance(opened, pack.Opened)
    state = LUCKY.evolve(LUCKY.initial(), opened)
    expire = LUCKY.expire("p", state)
    (expired,) = LUCKY.decide(expire, state)
    assert isinstance(expired, pack.Expired)
    assert LUCKY.promised(opened) == Promised(held=CNY(6))
    assert LUCKY.promised(expired) == Promised(released=CNY(6))
    (grabbed, *_) = LUCKY.decide(pack.Grab(pack="p", by="bob", at=NOON, entropy="5eed"), state)
    assert LUCKY.promised(grabbed) == NOTHING_PROMISED


@pytest.mark.parametrize("span", [timedelta(0)])
def test_no_time_at_all_is_no_game(span: timedelta) -> None:
    with pytest.raises(InvalidRule) as raised:
        pack.CouponPack(LuckySplit(CNY(6), parts=3), open_for=span)
    assert raised.value.message == ("CouponPack: open_for is not longer than nothing; give a span")
    with pytest.raises(InvalidRule) as raised:
        collect.Collect(goal=2, within=span)
    assert raised.value.message == "Collect: within is not longer than nothing; give a span"


def test_one_like_is_one_like() -> None:
    one, many = collect.Collect(goal=1, within=hours(1)), collect.Collect(goal=2, within=hours(1))
    assert one.sentences()[0].en == (
        "A member asks friends for likes; 1 like within 1 hour reaches the goal."
    )
    assert many.sentences()[0].en == (
        "A member asks friends for likes; 2 likes from different members within 1 hour reach the "
        "goal."
    )


def test_whether_ones_own_counts_is_said_in_both_languages() -> None:
    allowed = collect.Collect(goal=2, within=hours(1), own="allowed").sentences()
    refused = collect.Collect(goal=2, within=hours(1)).sentences()
    assert (allowed[1].en, allowed[1].zh) == (
        "The collector's own like counts too.",
        "发起人也可以为自己点赞。",
    )
    assert (refused[1].en, refused[1].zh) == (
        "Nobody can like their own ask.",
        "不能为自己的集赞任务点赞。",
    )
    own = pack.CouponPack(EqualSplit(CNY(6), parts=2), open_for=days(1), own="allowed")
    assert (own.sentences()[3].en, own.sentences()[3].zh) == (
        "The sharer can open their pack too.",
        "分享人也可领取自己发出的券包。",
    )


@pytest.mark.parametrize(("goal", "most", "before"), [(1, 1, 0), (2, 200, 200), (38, 200, 200)])
def test_an_ask_is_liked_as_often_as_it_can_be(goal: int, most: int, before: int) -> None:
    """Likes may be withdrawn and given again, but for the one that reaches the goal."""
    reached, lapsed = collect.Collect(goal=goal, within=hours(1)).lives()
    likes = reached[collect.LIKED], lapsed[collect.LIKED]
    assert [(one.at_least, one.at_most) for one in likes] == [(goal, most), (0, before)]
    assert (reached[collect.ASKED], reached[collect.REACHED]) == (ONCE, ONCE)
    assert (lapsed[collect.ASKED], lapsed[collect.LAPSED]) == (ONCE, ONCE)
    assert collect.LAPSED not in reached
    assert collect.REACHED not in lapsed


def liked(*steps: str, goal: int = 9) -> collect.Collecting:
    """An ask after likes, and after likes that were withdrawn: ``-bob``."""
    game = collect.Collect(goal=goal, within=hours(1))
    state = game.initial()
    commands: list[collect.Commands] = [collect.Ask(ask="a", by="ann", at=NOON)]
    for step in steps:
        kind = collect.Unlike if step[0] == "-" else collect.Like
        commands.append(kind(ask="a", by=step.lstrip("-"), at=NOON))
    for command in commands:
        events = game.decide(command, state)
        assert isinstance(events, tuple), events
        for event in events:
            state = game.evolve(state, event)
    assert isinstance(state, collect.Collecting)
    return state


def test_a_like_given_again_is_no_longer_withdrawn() -> None:
    assert liked("bob", "-bob").withdrew == ("bob",)
    assert liked("bob", "-bob", "bob").withdrew == ()
    assert liked("bob", "-bob", "bob").likers == ("bob",)
    both = liked("bob", "cid", "-bob", "-cid", "bob")
    assert (both.likers, both.withdrew) == (("bob",), ("cid",))


def test_there_is_an_end_to_how_many_friends_an_ask_has() -> None:
    game = collect.Collect(goal=100, within=hours(1))
    most = collect.TooManyFriends
    steps = [step for n in range(200) for step in (f"m{n}", f"-m{n}")]
    state = liked(*steps, goal=100)
    refused = game.decide(collect.Like(ask="a", by="eve", at=NOON), state)
    assert refused == most(friends=200)
    again = game.decide(collect.Like(ask="a", by="m7", at=NOON), state)
    assert isinstance(again, tuple)


def test_what_has_no_deadline_has_no_end() -> None:
    with pytest.raises(InvalidRule, match="collect: a has no deadline"):
        collect.Collect(goal=1, within=hours(1)).expire("a", collect.Idle())
    with pytest.raises(InvalidRule, match="coupon_pack: p has no deadline"):
        SINGLE.expire("p", SINGLE.initial())


def test_an_entry_begins_a_pack_or_an_ask_of_its_own() -> None:
    began = LUCKY.entered("ann", "e1", NOON)
    assert began == pack.Share(pack="e1", by="ann", at=NOON)
    asked = collect.Collect(goal=1, within=hours(1)).entered("ann", "e1", NOON)
    assert asked == collect.Ask(ask="e1", by="ann", at=NOON)


def test_every_event_of_a_pack_says_which_and_when() -> None:
    opened, *rest = EVENTS
    assert isinstance(opened, pack.Opened)
    assert {(one.pack, one.at) for one in (opened, *rest)} == {("p", NOON), ("p", LATER)}
    assert [type(one) for one in rest] == [pack.Grabbed, pack.Expired]


def test_a_pack_that_is_over_keeps_what_it_was() -> None:
    state = LUCKY.initial()
    for event in EVENTS:
        state = LUCKY.evolve(state, event)
    assert isinstance(state, pack.Over)
    taken = state.shares["bob"]
    assert (state.sharer, state.total, state.closes) == ("ann", CNY(6), LATER)
    assert state.left == CNY(6) - taken
    emptied = SINGLE.evolve(SINGLE.initial(), began_single())
    for event in SINGLE.decide(pack.Grab(pack="s", by="bob", at=NOON), emptied):
        emptied = SINGLE.evolve(emptied, event)
    assert isinstance(emptied, pack.Empty)
    assert (emptied.sharer, emptied.total, emptied.closes) == ("ann", CNY(6), LATER)


LATER = NOON + days(1)


def began_single() -> pack.Opened:
    """A pack of one part, shared."""
    (opened,) = SINGLE.decide(pack.Share(pack="s", by="ann", at=NOON), SINGLE.initial())
    assert isinstance(opened, pack.Opened)
    return opened


def whole_life() -> tuple[pack.Events, ...]:
    """A pack that is shared, opened by one, and over."""
    state, told = LUCKY.initial(), list[pack.Events]()
    for command in (
        pack.Share(pack="p", by="ann", at=NOON),
        pack.Grab(pack="p", by="bob", at=NOON, entropy="5eed"),
        pack.Expire(pack="p", at=LATER),
    ):
        events = LUCKY.decide(command, state)
        assert isinstance(events, tuple), events
        for event in events:
            told.append(event)
            state = LUCKY.evolve(state, event)
    return tuple(told)


EVENTS = whole_life()


def test_an_ask_ends_at_its_deadline_and_no_other_situation_has_one() -> None:
    game = collect.Collect(goal=9, within=hours(1))
    state = liked("bob")
    assert game.deadline(state) == NOON + hours(1)
    assert game.expire("a", state) == collect.Expire(ask="a", at=NOON + hours(1))
    assert game.deadline(game.initial()) is None
