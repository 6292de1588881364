"""The laws of mechanics/collect, by their names: one test a law."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from shops import NOON, PEOPLE, at
from viralcommerce import hours
from viralcommerce.mechanics import collect
from viralcommerce.messages import Refusal

MOST = 200
FIRST = collect.Ask(ask="a1", by="ann", at=NOON)
games = st.builds(
    collect.Collect,
    goal=st.integers(1, 4),
    within=st.just(hours(1)),
    own=st.sampled_from(["refused", "allowed"]),
)


MINUTES = (0, 1, 30, 59, 60, 61)
COMMANDS: tuple[collect.Commands, ...] = (
    *(
        kind(ask="a1", by=by, at=at(minutes=minute))
        for kind in (collect.Like, collect.Like, collect.Unlike)
        for by in PEOPLE
        for minute in MINUTES
    ),
    *(collect.Expire(ask="a1", at=at(minutes=minute)) for minute in MINUTES),
    *(collect.Ask(ask="a1", by=by, at=NOON) for by in PEOPLE),
)


@st.composite
def stories(draw: st.DrawFn) -> tuple[collect.Collect, list[collect.Commands]]:
    """Ann asks; five people like, withdraw and like again; now and then the clock acts."""
    told = draw(st.lists(st.sampled_from(COMMANDS), max_size=20))
    told.insert(min(draw(st.sampled_from([0, 0, 0, 3])), len(told)), FIRST)
    return draw(games), told


Step = tuple[collect.States, collect.Commands, tuple[collect.Events, ...], collect.States]


def steps(game: collect.Collect, commands: list[collect.Commands]) -> Iterator[Step]:
    """What each accepted command made of the situation before it."""
    state = game.initial()
    for command in commands:
        events = game.decide(command, state)
        if isinstance(events, Refusal):
            continue
        before = state
        for event in events:
            state = game.evolve(state, event)
        yield before, command, events, state


@given(stories())
def test_goal(story: tuple[collect.Collect, list[collect.Commands]]) -> None:
    """EC-78: by the number that was shown, not one sooner or later."""
    game, commands = story
    standing: list[str] = []
    for _, _, events, state in steps(game, commands):
        for event in events:
            match event:
                case collect.Liked():
                    standing.append(event.liker)
                    assert (event.likes, event.missing) == (
                        len(standing),
                        game.goal - len(standing),
                    )
                case collect.Withdrawn():
                    standing.remove(event.liker)
                    assert (event.likes, event.missing) == (
                        len(standing),
                        game.goal - len(standing),
                    )
                case collect.GoalReached():
                    assert event.likes == game.goal == len(set(standing)) == len(standing)
                case _:
                    pass
        assert isinstance(state, collect.Done) == (len(standing) == game.goal)


@given(stories())
def test_one_like(story: tuple[collect.Collect, list[collect.Commands]]) -> None:
    """EC-91, RQ-19: liking, withdrawing and liking again reaches the milestone once."""
    game, commands = story
    liked: list[str] = []
    rewarded: list[str] = []
    for before, _, events, _ in steps(game, commands):
        for event in events:
            if isinstance(event, collect.Liked):
                assert isinstance(before, collect.Collecting)
                assert event.liker not in before.likers
                assert event.again == (event.liker in liked)
                liked.append(event.liker)
                rewarded += [
                    one.cast[collect.LIKER]
                    for one in game.reached(event)
                    if one.milestone == collect.LIKED
                ]
            if isinstance(event, collect.Withdrawn):
                assert game.reached(event) == ()
    assert len(rewarded) == len(set(rewarded)) == len(set(liked))


@given(stories())
def test_not_own(story: tuple[collect.Collect, list[collect.Commands]]) -> None:
    """EC-76: policy, and said."""
    game, commands = story
    own = [
        event
        for _, _, events, _ in steps(game, commands)
        for event in events
        if isinstance(event, collect.Liked) and event.liker == event.collector
    ]
    assert not own or game.own == collect.ALLOWED
    _, _, _, asked = next(steps(game, [FIRST]))
    mine = game.decide(collect.Like(ask="a1", by="ann", at=NOON), asked)
    assert isinstance(mine, collect.OwnLike) == (game.own == collect.REFUSED)


@given(stories())
def test_over(story: tuple[collect.Collect, list[collect.Commands]]) -> None:
    """EC-80: a helper after the deadline, or after the goal."""
    game, commands = story
    for before, command, events, _ in steps(game, commands):
        assert not isinstance(before, collect.Done | collect.Missed)
        if isinstance(before, collect.Collecting):
            ends = [event for event in events if isinstance(event, collect.Lapsed)]
            assert (command.at >= before.closes) == bool(ends)
            for event in ends:
                assert event.missing == game.goal - len(before.likers) > 0


@settings(max_examples=10)
@given(st.integers(198, 202), st.data())
def test_remembered(friends: int, data: st.DataObject) -> None:
    """EC-80: likes withdrawn do not make room for more accounts."""
    game = collect.Collect(goal=100, within=hours(1))
    told: list[collect.Commands] = [FIRST]
    for number in range(friends):
        told += [
            collect.Like(ask="a1", by=f"friend-{number}", at=NOON),
            collect.Unlike(ask="a1", by=f"friend-{number}", at=NOON),
        ]
    *_, (_, _, _, state) = steps(game, told)
    assert isinstance(state, collect.Collecting)
    assert len({*state.likers, *state.withdrew}) == min(friends, MOST)
    late = game.decide(collect.Like(ask="a1", by="one more", at=NOON), state)
    assert isinstance(late, collect.TooManyFriends) == (friends >= MOST)
    back = data.draw(st.integers(0, min(friends, MOST) - 1))
    again = game.decide(collect.Like(ask="a1", by=f"friend-{back}", at=NOON), state)
    assert not isinstance(again, Refusal)
