"""What is said about collecting: roles, milestones, commands, events, refusals, situations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final

from viralcommerce.decider import Milestone, Role
from viralcommerce.messages import BY_CLOCK, Command, Event, Refusal, State
from viralcommerce.rules.wording import Words
from viralcommerce.values.ids import MemberField

# ---------------------------------------------------------------------------- words

COLLECTOR: Final = Role("collector")
LIKER: Final = Role("liker")
ASK: Final = "ask"

ASKED: Final = Milestone("asked")
LIKED: Final = Milestone("liked")
REACHED: Final = Milestone("reached")
LAPSED: Final = Milestone("lapsed")

REFUSED: Final = "refused"
ALLOWED: Final = "allowed"
MOST_REMEMBERED: Final = 200

WORDS: Final[Mapping[str, Words]] = {
    COLLECTOR: Words("collector", "发起人"),
    LIKER: Words("liker", "点赞人"),
    ASK: Words("ask", "集赞任务"),
    ASKED: Words("when a member asks for likes", "发起集赞任务时"),
    LIKED: Words(
        "each time a member likes an ask for the first time", "每收到一位用户的首次点赞时"
    ),
    REACHED: Words("when the goal of likes is reached", "集满赞时"),
    LAPSED: Words("when time is over before the goal is reached", "到期未集满赞时"),
}

# ---------------------------------------------------------------------------- commands


class Ask(Command, frozen=True, kw_only=True):
    """Ask friends for likes."""

    ask: str


class Like(Command, frozen=True, kw_only=True):
    """Like a friend's ask."""

    ask: str


class Unlike(Command, frozen=True, kw_only=True):
    """Withdraw one's like."""

    ask: str


class Expire(Command, frozen=True, kw_only=True):
    """The clock ends an ask whose time is over."""

    ask: str
    by: MemberField = BY_CLOCK


# ---------------------------------------------------------------------------- events


class Asked(Event, frozen=True, kw_only=True):
    """An ask is open for likes until `closes`, exclusive."""

    en: ClassVar[str] = "{goal} likes are wanted before {closes}"
    zh: ClassVar[str] = "{closes}前集满{goal}个赞"

    ask: str
    collector: MemberField
    goal: int
    closes: datetime


class Liked(Event, frozen=True, kw_only=True):
    """A friend's like stands; `again` if it had been withdrawn before."""

    en: ClassVar[str] = "{likes} likes, {missing} to go"
    zh: ClassVar[str] = "已集{likes}个赞，还差{missing}个"

    ask: str
    liker: MemberField
    collector: MemberField
    likes: int
    missing: int
    again: bool


class Withdrawn(Event, frozen=True, kw_only=True):
    """A friend's like no longer stands."""

    en: ClassVar[str] = "{likes} likes, {missing} to go"
    zh: ClassVar[str] = "已集{likes}个赞，还差{missing}个"

    ask: str
    liker: MemberField
    likes: int
    missing: int


class GoalReached(Event, frozen=True, kw_only=True):
    """The goal is reached."""

    en: ClassVar[str] = "the goal of {likes} likes is reached"
    zh: ClassVar[str] = "已集满{likes}个赞"

    ask: str
    collector: MemberField
    likes: int


class Lapsed(Event, frozen=True, kw_only=True):
    """The time is over, `missing` likes short."""

    en: ClassVar[str] = "time is over, {missing} likes short"
    zh: ClassVar[str] = "活动结束，还差{missing}个赞"

    ask: str
    collector: MemberField
    likes: int
    missing: int


# ---------------------------------------------------------------------------- refusals


class AlreadyAsked(Refusal, frozen=True, kw_only=True):
    """An ask of that id exists."""

    en: ClassVar[str] = "this ask has been made already"
    zh: ClassVar[str] = "该活动已发起过"

    ask: str


class NoSuchAsk(Refusal, frozen=True, kw_only=True):
    """Nobody has asked under that id (yet); the key stays free."""

    terminal: ClassVar[bool] = False
    discreet: ClassVar[bool] = True
    en: ClassVar[str] = "there is no ask {ask}"
    zh: ClassVar[str] = "活动不存在"

    ask: str


class OwnLike(Refusal, frozen=True, kw_only=True):
    """Nobody likes their own ask."""

    en: ClassVar[str] = "{by} cannot like their own ask"
    zh: ClassVar[str] = "不能给自己点赞"

    by: MemberField


class AlreadyLiked(Refusal, frozen=True, kw_only=True):
    """One like each."""

    en: ClassVar[str] = "{by} likes this already"
    zh: ClassVar[str] = "您已点过赞"

    by: MemberField


class NotLiked(Refusal, frozen=True, kw_only=True):
    """There is no like to withdraw; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "{by} has no like to withdraw"
    zh: ClassVar[str] = "您还没有点赞"

    by: MemberField


class AlreadyReached(Refusal, frozen=True, kw_only=True):
    """The goal is reached; nothing changes any more."""

    en: ClassVar[str] = "the goal of {likes} likes has been reached"
    zh: ClassVar[str] = "已集满{likes}个赞"

    likes: int


class AskOver(Refusal, frozen=True, kw_only=True):
    """The ask's time is over."""

    en: ClassVar[str] = "this was open until {closes}"
    zh: ClassVar[str] = "活动已于{closes}结束"

    closes: datetime


class TooManyFriends(Refusal, frozen=True, kw_only=True):
    """The ask remembers as many friends as it can; only those may like again."""

    en: ClassVar[str] = "{friends} friends have taken part, no more can"
    zh: ClassVar[str] = "参与好友已达{friends}人上限"

    friends: int


# ---------------------------------------------------------------------------- state


class Idle(State, frozen=True):
    """Nobody has asked."""


class Collecting(State, frozen=True, kw_only=True):
    """Likes are wanted; `likers` stand, `withdrew` once did."""

    collector: MemberField
    goal: int
    closes: datetime
    likers: tuple[MemberField, ...] = ()
    withdrew: tuple[MemberField, ...] = ()


class Done(State, frozen=True, kw_only=True):
    """The goal is reached."""

    collector: MemberField
    closes: datetime
    likers: tuple[MemberField, ...]


class Missed(State, frozen=True, kw_only=True):
    """The time is over; `missing` likes short."""

    collector: MemberField
    closes: datetime
    likers: tuple[MemberField, ...]
    missing: int


IDLE: Final = Idle()

Commands = Ask | Like | Unlike | Expire
Events = Asked | Liked | Withdrawn | GoalReached | Lapsed
Refusals = (
    AlreadyAsked
    | NoSuchAsk
    | OwnLike
    | AlreadyLiked
    | NotLiked
    | AlreadyReached
    | AskOver
    | TooManyFriends
)
States = Idle | Collecting | Done | Missed
