"""The games, in sentences: why not, in the order a person would say it, and in two languages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from shops import NOON, at
from viralcommerce import CNY, EqualSplit, LuckySplit, Money, days, hours
from viralcommerce.errors import InvalidRule, InvalidValue
from viralcommerce.mechanics import collect, invite
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.messages import BY_CLOCK, Refusal, sentence
from viralcommerce.refusals import NothingToEnd

PACK = pack.CouponPack(LuckySplit(CNY(6), parts=2, least=CNY(1)), open_for=hours(1))
ASK = collect.Collect(goal=2, within=hours(1))


def played(game: Any, *commands: Any) -> Any:
    """The situation after these commands, each of which is accepted."""
    state = game.initial()
    for command in commands:
        events = game.decide(command, state)
        assert not isinstance(events, Refusal), events
        for event in events:
            state = game.evolve(state, event)
    return state


def share(**said: Any) -> pack.Share:
    return pack.Share(**{"pack": "p1", "by": "ann", "at": NOON, **said})


def grab(by: str = "bob", **said: Any) -> pack.Grab:
    return pack.Grab(**{"pack": "p1", "by": by, "at": NOON, "entropy": "5eed", **said})


def ask(**said: Any) -> collect.Ask:
    return collect.Ask(**{"ask": "a1", "by": "ann", "at": NOON, **said})


def like(by: str = "bob", **said: Any) -> collect.Like:
    return collect.Like(**{"ask": "a1", "by": by, "at": NOON, **said})


def unlike(by: str = "bob", **said: Any) -> collect.Unlike:
    return collect.Unlike(**{"ask": "a1", "by": by, "at": NOON, **said})


# ------------------------------------------------------------------ packs


EMPTY = (share(), grab(), grab("cid"))
OVER = (share(), grab(), pack.Expire(pack="p1", at=at(hours=1)))


@pytest.mark.parametrize(
    ("before", "command", "refusal"),
    [
        ((), grab(), pack.NoSuchPack(pack="p1")),
        ((share(),), share(by="bob"), pack.AlreadyShared(pack="p1")),
        ((share(),), grab("ann"), pack.OwnPack(by="ann")),
        ((share(),), grab(at=at(hours=1)), pack.PackOver(closes=at(hours=1))),
        ((share(),), grab("ann", at=at(hours=1)), pack.OwnPack(by="ann")),
        (EMPTY, grab("dee"), pack.PackEmpty(parts=2)),
        (EMPTY, grab("ann"), pack.OwnPack(by="ann")),
        (EMPTY, share(), pack.AlreadyShared(pack="p1")),
        (OVER, grab("dee"), pack.PackOver(closes=at(hours=1))),
        (OVER, grab("dee", at=NOON), pack.PackOver(closes=at(hours=1))),
        (OVER, share(), pack.AlreadyShared(pack="p1")),
        ((), pack.Expire(pack="p1", at=at(hours=9)), NothingToEnd()),
        ((share(),), pack.Expire(pack="p1", at=at(minutes=59)), NothingToEnd()),
        (EMPTY, pack.Expire(pack="p1", at=at(hours=9)), NothingToEnd()),
        (OVER, pack.Expire(pack="p1", at=at(hours=9)), NothingToEnd()),
    ],
)
def test_why_a_pack_says_no(before: tuple[Any, ...], command: Any, refusal: Refusal) -> None:
    assert PACK.decide(command, played(PACK, *before)) == refusal


@pytest.mark.parametrize("before", [(share(), grab()), EMPTY, OVER])
def test_who_has_a_share_is_told_which_before_anything_else(before: tuple[Any, ...]) -> None:
    state = played(PACK, *before)
    again = PACK.decide(grab(at=at(hours=9)), state)
    assert again == pack.AlreadyGrabbed(by="bob", share=state.shares["bob"])


def test_ones_own_pack_where_the_rule_allows_it() -> None:
    """EC-76: whether one may is policy, and said."""
    game = pack.CouponPack(EqualSplit(CNY(6), parts=2), open_for=hours(1), own="allowed")
    state = played(game, share(), grab("ann"))
    assert state.shares == {"ann": CNY(3)}
    assert game.cast(grab("ann"), state) == {
        "grabber": "ann",
        "sharer": "ann",
        "luckiest": "ann",
    }


def test_the_last_share_is_all_that_is_left() -> None:
    """EC-77, EC-78: neither cut below the least, nor a fen left over."""
    state = played(PACK, *EMPTY)
    assert isinstance(state, pack.Empty)
    assert sum(share.minor for share in state.shares.values()) == 600
    assert min(share.minor for share in state.shares.values()) >= 100


def test_of_two_equal_shares_the_first_is_the_luckiest() -> None:
    """EC-88, EC-89: exactly one, and a tie is declared."""
    game = pack.CouponPack(EqualSplit(CNY(6), parts=3), open_for=hours(1))
    state = played(game, share(), grab("bob"), grab("cid"), grab("dee"))
    assert state.luckiest == "bob"


def test_a_pack_of_one() -> None:
    game = pack.CouponPack(LuckySplit(CNY(6), parts=1), open_for=hours(1))
    state = played(game, share(), grab())
    assert isinstance(state, pack.Empty)
    assert state.shares == {"bob": CNY(6)}


def test_dice_are_needed_where_a_share_is_drawn() -> None:
    state = played(PACK, share())
    with pytest.raises(InvalidValue, match="the command has no entropy"):
        PACK.decide(grab(entropy=""), state)


def test_the_clocks_command_says_when() -> None:
    state = played(PACK, share())
    assert PACK.deadline(state) == at(hours=1)
    assert PACK.expire("p1", state) == pack.Expire(pack="p1", by=BY_CLOCK, at=at(hours=1))
    for over in (PACK.initial(), played(PACK, *EMPTY), played(PACK, *OVER)):
        assert PACK.deadline(over) is None
        with pytest.raises(InvalidRule, match="p1 has no deadline"):
            PACK.expire("p1", over)


def test_who_takes_part_in_a_grab() -> None:
    state = played(PACK, share())
    assert PACK.cast(grab(), state) == {"grabber": "bob", "sharer": "ann", "luckiest": "bob"}
    after = played(PACK, share(), grab("cid"))
    assert PACK.cast(grab(), after)["luckiest"] == "cid"
    assert PACK.cast(share(), PACK.initial()) == {"sharer": "ann"}
    assert PACK.cast(grab(), PACK.initial()) == {}
    assert PACK.cast(pack.Expire(pack="p1"), state) == {}


@pytest.mark.parametrize("span", [days(0), 3600, None])
def test_a_pack_is_open_for_a_span(span: Any) -> None:
    with pytest.raises(InvalidRule, match="open_for"):
        pack.CouponPack(EqualSplit(CNY(6), parts=2), open_for=span)


@pytest.mark.parametrize("said", [{"own": "maybe"}, {"own": True}, {"split": CNY(6)}])
def test_a_pack_cannot_have(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidRule):
        pack.CouponPack(**{"split": EqualSplit(CNY(6), parts=2), "open_for": hours(1), **said})


def test_what_never_happened_cannot_follow() -> None:
    emptied = pack.Emptied(at=NOON, pack="p1", sharer="ann", luckiest="bob", best=CNY(3))
    with pytest.raises(InvalidRule, match="cannot follow"):
        PACK.evolve(PACK.initial(), emptied)
    with pytest.raises(InvalidRule, match="cannot follow"):
        PACK.evolve(played(PACK, *OVER), emptied)


# ------------------------------------------------------------------ asks


DONE = (ask(), like(), like("cid"))
MISSED = (ask(), like(), collect.Expire(ask="a1", at=at(hours=1)))


@pytest.mark.parametrize(
    ("before", "command", "refusal"),
    [
        ((), like(), collect.NoSuchAsk(ask="a1")),
        ((), unlike(), collect.NoSuchAsk(ask="a1")),
        ((ask(),), ask(by="bob"), collect.AlreadyAsked(ask="a1")),
        ((ask(),), like("ann"), collect.OwnLike(by="ann")),
        ((ask(), like()), like(), collect.AlreadyLiked(by="bob")),
        ((ask(), like()), like(at=at(hours=9)), collect.AlreadyLiked(by="bob")),
        ((ask(),), like(at=at(hours=1)), collect.AskOver(closes=at(hours=1))),
        ((ask(),), unlike(), collect.NotLiked(by="bob")),
        ((ask(), like()), unlike(at=at(hours=1)), collect.AskOver(closes=at(hours=1))),
        (DONE, like("dee"), collect.AlreadyReached(likes=2)),
        (DONE, unlike(), collect.AlreadyReached(likes=2)),
        (DONE, ask(), collect.AlreadyAsked(ask="a1")),
        (MISSED, like("dee"), collect.AskOver(closes=at(hours=1))),
        (MISSED, unlike(), collect.AskOver(closes=at(hours=1))),
        (MISSED, unlike("dee"), collect.NotLiked(by="dee")),
        (MISSED, ask(), collect.AlreadyAsked(ask="a1")),
        ((), collect.Expire(ask="a1", at=at(hours=9)), NothingToEnd()),
        ((ask(),), collect.Expire(ask="a1", at=at(minutes=59)), NothingToEnd()),
        (DONE, collect.Expire(ask="a1", at=at(hours=9)), NothingToEnd()),
        (MISSED, collect.Expire(ask="a1", at=at(hours=9)), NothingToEnd()),
    ],
)
def test_why_an_ask_says_no(before: tuple[Any, ...], command: Any, refusal: Refusal) -> None:
    assert ASK.decide(command, played(ASK, *before)) == refusal


def test_how_near_it_is() -> None:
    (liked,) = ASK.decide(like(), played(ASK, ask()))  # type: ignore[misc]
    assert (liked.likes, liked.missing) == (1, 1)
    liked, reached = ASK.decide(like("cid"), played(ASK, ask(), like()))  # type: ignore[misc]
    assert (liked.likes, liked.missing, reached.likes) == (2, 0, 2)
    (lapsed,) = ASK.decide(MISSED[-1], played(ASK, ask(), like()))  # type: ignore[misc]
    assert (lapsed.likes, lapsed.missing) == (1, 1)


def test_an_ask_under_way_keeps_the_goal_it_was_begun_with() -> None:
    """RQ-21: the state says the goal that members were shown."""
    state = played(ASK, ask())
    assert (state.goal, state.closes) == (2, at(hours=1))


def test_who_takes_part_in_a_like() -> None:
    state = played(ASK, ask())
    for command in (like(), unlike()):
        assert ASK.cast(command, state) == {"liker": "bob", "collector": "ann"}
    assert ASK.cast(ask(), ASK.initial()) == {"collector": "ann"}
    assert ASK.cast(collect.Expire(ask="a1"), state) == {"collector": "ann"}
    assert ASK.cast(like(), played(ASK, *DONE)) == {}


@pytest.mark.parametrize("goal", [0, 101, -1, True, 2.0, "2"])
def test_a_goal_is_one_to_a_hundred_likes(goal: Any) -> None:
    with pytest.raises(InvalidRule, match="goal"):
        collect.Collect(goal=goal, within=hours(1))


@pytest.mark.parametrize("span", [days(0), 3600, None])
def test_likes_come_within_a_span(span: Any) -> None:
    with pytest.raises(InvalidRule, match="within"):
        collect.Collect(goal=2, within=span)


def test_what_was_never_liked_cannot_be_reached() -> None:
    reached = collect.GoalReached(at=NOON, ask="a1", collector="ann", likes=2)
    with pytest.raises(InvalidRule, match="cannot follow"):
        ASK.evolve(ASK.initial(), reached)


# ------------------------------------------------------------------ words


SAMPLES: dict[str, Any] = {
    "datetime": NOON,
    "Money": CNY("7.41"),
    "int": 3,
    "str": "ann",
    "MemberField": "ann",
    "bool": True,
    "datetime | None": NOON,
    "tuple[MemberField, ...]": ("ann", "bob"),
}


def sample(kind: Any) -> Any:
    """A message of a class, with something for every field."""
    fields = {
        name: SAMPLES[str(kind.__annotations__.get(name, "datetime"))] for name in fields_of(kind)
    }
    return kind(**fields)


def fields_of(kind: Any) -> list[str]:
    return [name for name in kind.__struct_fields__ if not name.startswith("_")]


MESSAGES = [
    kind
    for game in (pack, collect, invite)
    for union in (game.Events, game.Refusals)
    for kind in union.__args__
]


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_message_is_a_sentence_in_two_languages(kind: Any, language: str) -> None:
    message = sample(kind)
    said = sentence(getattr(kind, language), message)
    assert said
    assert "{" not in said
    assert language == "en" or any("\u4e00" <= letter <= "\u9fff" for letter in said)
    if isinstance(message, Refusal):
        assert message.code.islower()
        assert str(message) == f"no: {sentence(kind.en, message)}"


def test_amounts_and_times_are_shown_as_people_write_them() -> None:
    over = pack.PackOver(closes=datetime.fromisoformat("2026-11-11T12:30+08:00"))
    assert str(over) == "no: this pack was open until 2026-11-11 12:30+08:00"
    assert sentence(over.zh, over) == "券包已于2026-11-11 12:30+08:00过期"
    taken = pack.Emptied(at=NOON, pack="p", sharer="ann", luckiest="bob", best=Money(1, "CNY"))
    assert sentence(taken.en, taken) == "bob was the luckiest with ¥0.01"
