"""The laws of mechanics/coupon_pack, by their names: one test a law."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from shops import NOON, PEOPLE, at
from viralcommerce import CNY, EqualSplit, LadderSplit, LuckySplit, WeightedSplit, hours
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import Refusal
from viralcommerce.rules.splits import Split

FIRST = pack.Share(pack="p1", by="ann", at=NOON)
splits = st.sampled_from(
    [
        LuckySplit(CNY("0.05"), parts=5),
        LuckySplit(CNY(10), parts=3, least=CNY(3)),
        LuckySplit(CNY(10), parts=4, least=CNY(1), how="uniform"),
        EqualSplit(CNY("10.01"), parts=3),
        LadderSplit((CNY(3), CNY(2), CNY(3))),
        WeightedSplit(CNY(9), weights=(1, 5, 3)),
        LuckySplit(CNY(7), parts=1),
    ]
)


MINUTES = (0, 1, 30, 59, 60, 61)
COMMANDS: tuple[pack.Commands, ...] = (
    *(
        pack.Grab(pack="p1", by=by, at=at(minutes=minute), entropy=seed)
        for by in PEOPLE
        for minute in MINUTES
        for seed in ("00", "0badc0de", "5eed")
    ),
    *(pack.Expire(pack="p1", at=at(minutes=minute)) for minute in MINUTES),
    *(pack.Share(pack="p1", by=by, at=NOON) for by in PEOPLE),
)


@st.composite
def stories(draw: st.DrawFn) -> tuple[pack.CouponPack, list[pack.Commands]]:
    """A pack that ann shares, and what five people and the clock do with it, late or early."""
    game = pack.CouponPack(
        draw(splits), open_for=hours(1), own=draw(st.sampled_from(["refused", "allowed"]))
    )
    told = draw(st.lists(st.sampled_from(COMMANDS), max_size=14))
    told.insert(min(draw(st.sampled_from([0, 0, 0, 3])), len(told)), FIRST)
    return game, told


Step = tuple[pack.States, pack.Commands, tuple[pack.Events, ...], pack.States]


def steps(game: pack.CouponPack, commands: list[pack.Commands]) -> Iterator[Step]:
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


def least(split: Split) -> int:
    return split.least.minor


@given(stories())
def test_whole(story: tuple[pack.CouponPack, list[pack.Commands]]) -> None:
    """EC-31, EC-79: nothing is lost between shares, and the last takes what is left."""
    game, commands = story
    for _, _, events, state in steps(game, commands):
        assert not isinstance(state, pack.Idle)
        taken = sum(share.minor for share in state.shares.values())
        left = 0 if isinstance(state, pack.Empty) else state.left.minor
        assert taken + left == game.split.total.minor == state.total.minor
        for event in events:
            if isinstance(event, pack.Grabbed):
                assert event.left.minor + taken == state.total.minor


@given(stories())
def test_fair(story: tuple[pack.CouponPack, list[pack.Commands]]) -> None:
    """EC-77, EC-88: nobody twice, nobody below what was promised."""
    game, commands = story
    takers: list[str] = []
    for _, _, events, _ in steps(game, commands):
        for event in events:
            if isinstance(event, pack.Grabbed):
                assert event.share.minor >= least(game.split)
                takers.append(event.grabber)
    assert len(takers) == len(set(takers))


@given(stories())
def test_enough(story: tuple[pack.CouponPack, list[pack.Commands]]) -> None:
    """EC-37, EC-83: not one more than there are."""
    game, commands = story
    grabbed = emptied = 0
    for _, _, events, state in steps(game, commands):
        grabbed += sum(isinstance(event, pack.Grabbed) for event in events)
        emptied += sum(isinstance(event, pack.Emptied) for event in events)
        assert grabbed <= game.split.parts
        assert isinstance(state, pack.Empty) == (grabbed == game.split.parts)
    assert emptied == (grabbed == game.split.parts)


@given(stories())
def test_not_own(story: tuple[pack.CouponPack, list[pack.Commands]]) -> None:
    """EC-76: policy, and said."""
    game, commands = story
    own = [
        event
        for _, _, events, _ in steps(game, commands)
        for event in events
        if isinstance(event, pack.Grabbed) and event.grabber == event.sharer
    ]
    assert not own or game.own == pack.ALLOWED
    _, _, _, opened = next(steps(game, [FIRST]))
    mine = game.decide(pack.Grab(pack="p1", by="ann", at=NOON, entropy="ab"), opened)
    assert isinstance(mine, pack.OwnPack) == (game.own == pack.REFUSED)


@given(stories())
def test_back_once(story: tuple[pack.CouponPack, list[pack.Commands]]) -> None:
    game, commands = story
    held = 0
    released: list[int] = []
    for before, command, events, state in steps(game, commands):
        for event in events:
            promised = game.promised(event)
            held += promised.held.minor if promised.held else 0
            if isinstance(event, pack.Grabbed):
                held -= event.share.minor
            if isinstance(event, pack.Expired):
                assert promised.released == event.left
                assert event.left.minor == held > 0
                released.append(event.left.minor)
            else:
                assert promised.released is None
        if isinstance(before, pack.Open):
            assert (command.at >= before.closes) == isinstance(state, pack.Over)
    assert len(released) <= 1


@given(stories())
def test_luckiest(story: tuple[pack.CouponPack, list[pack.Commands]]) -> None:
    """EC-88, EC-107: exactly one, and a tie goes to the first."""
    game, commands = story
    shares: list[tuple[int, str]] = []
    for _, _, events, state in steps(game, commands):
        for event in events:
            if isinstance(event, pack.Grabbed):
                shares.append((event.share.minor, event.grabber))
                best = max(share for share, _ in shares)
                first = next(who for share, who in shares if share == best)
                assert (event.best.minor, event.best_by) == (best, first)
            if isinstance(event, pack.Emptied):
                assert isinstance(state, pack.Empty)
                assert event.luckiest == state.luckiest == first
                assert event.best.minor == best
