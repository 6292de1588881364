"""Collect likes (集赞): a member asks friends for likes; enough of them in time redeem.

::

    Idle ──Ask/Asked──▶ Collecting ──Like/Liked──▶ Collecting ──last Like/Liked, Reached──▶ Done
                         │    ▲└──Unlike/Withdrawn──┘
                         └──Expire/Lapsed──▶ Missed

Laws:
    The goal is reached by exactly `goal` different friends whose likes stand.
    A friend has one like in an ask; withdrawing and liking again gives back the like and no more.
    Nobody likes their own ask, unless the rule says so.
    After the goal is reached, or the time is over, nothing changes.
    An ask never remembers more than two hundred friends.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal, assert_never

from pydantic import Field

from viralcommerce.decider import Carries, Mechanic, Milestone, Reached, Role
from viralcommerce.errors import InvalidRule
from viralcommerce.messages import BY_CLOCK, Command, Event, Refusal, State
from viralcommerce.refusals import NothingToEnd
from viralcommerce.rules.base import rule
from viralcommerce.rules.fields import SpanField

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
    by: str = BY_CLOCK


# ---------------------------------------------------------------------------- events


class Asked(Event, frozen=True, kw_only=True):
    """An ask is open for likes until `closes`, exclusive."""

    en: ClassVar[str] = "{goal} likes are wanted before {closes}"
    zh: ClassVar[str] = "{closes}前集满{goal}个赞"

    ask: str
    collector: str
    goal: int
    closes: datetime


class Liked(Event, frozen=True, kw_only=True):
    """A friend's like stands; `again` if it had been withdrawn before."""

    en: ClassVar[str] = "{likes} likes, {missing} to go"
    zh: ClassVar[str] = "已集{likes}个赞，还差{missing}个"

    ask: str
    liker: str
    collector: str
    likes: int
    missing: int
    again: bool


class Withdrawn(Event, frozen=True, kw_only=True):
    """A friend's like no longer stands."""

    en: ClassVar[str] = "{likes} likes, {missing} to go"
    zh: ClassVar[str] = "已集{likes}个赞，还差{missing}个"

    ask: str
    liker: str
    likes: int
    missing: int


class GoalReached(Event, frozen=True, kw_only=True):
    """The goal is reached."""

    en: ClassVar[str] = "the goal of {likes} likes is reached"
    zh: ClassVar[str] = "已集满{likes}个赞"

    ask: str
    collector: str
    likes: int


class Lapsed(Event, frozen=True, kw_only=True):
    """The time is over, `missing` likes short."""

    en: ClassVar[str] = "time is over, {missing} likes short"
    zh: ClassVar[str] = "活动结束，还差{missing}个赞"

    ask: str
    collector: str
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

    by: str


class AlreadyLiked(Refusal, frozen=True, kw_only=True):
    """One like each."""

    en: ClassVar[str] = "{by} likes this already"
    zh: ClassVar[str] = "您已点过赞"

    by: str


class NotLiked(Refusal, frozen=True, kw_only=True):
    """There is no like to withdraw; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "{by} has no like to withdraw"
    zh: ClassVar[str] = "您还没有点赞"

    by: str


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

    collector: str
    goal: int
    closes: datetime
    likers: tuple[str, ...] = ()
    withdrew: tuple[str, ...] = ()


class Done(State, frozen=True, kw_only=True):
    """The goal is reached."""

    collector: str
    closes: datetime
    likers: tuple[str, ...]


class Missed(State, frozen=True, kw_only=True):
    """The time is over; `missing` likes short."""

    collector: str
    closes: datetime
    likers: tuple[str, ...]
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

# ---------------------------------------------------------------------------- the rule


@rule("collect")
class Collect(Mechanic[Commands, States, Events]):
    """Enough likes within a span redeem.

    Args:
        goal: how many different friends must like it, 1 to 100.
        within: how long after asking.
        own: whether one's own like counts: ``"refused"`` or ``"allowed"``.

    Example:
        >>> from viralcommerce.values.spans import hours
        >>> Collect(goal=38, within=hours(48)).goal
        38
    """

    scope: ClassVar[str] = ASK
    milestones: ClassVar[Mapping[str, Carries]] = {
        ASKED: Carries((COLLECTOR,), once=True),
        LIKED: Carries((LIKER, COLLECTOR)),
        REACHED: Carries((COLLECTOR,), once=True),
        LAPSED: Carries((COLLECTOR,), once=True),
    }
    casts: ClassVar[Mapping[type[Command], tuple[str, ...]]] = {
        Ask: (COLLECTOR,),
        Like: (LIKER, COLLECTOR),
        Unlike: (LIKER, COLLECTOR),
        Expire: (),
    }
    command_types: ClassVar[object] = Commands
    event_types: ClassVar[object] = Events
    refusal_types: ClassVar[object] = Refusals
    state_types: ClassVar[object] = States

    goal: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(kw_only=True)
    within: SpanField = Field(kw_only=True)
    own: Literal["refused", "allowed"] = Field(default=REFUSED, kw_only=True)

    def __post_init__(self) -> None:
        if self.within <= timedelta(0):
            raise InvalidRule("collect: within is not longer than nothing; give a span")

    def initial(self) -> States:
        """Before anybody asked."""
        return IDLE

    def instance(self, command: Commands) -> str:
        """The ask."""
        return command.ask

    def cast(self, command: Commands, state: States) -> dict[str, str]:
        """The collector; for a like the liker and the collector."""
        match command, state:
            case Ask(), _:
                return {COLLECTOR: command.by}
            case ((Like() | Unlike()), Collecting()):
                return {LIKER: command.by, COLLECTOR: state.collector}
            case _:
                return {}

    def decide(
        self, command: Commands, state: States
    ) -> tuple[Events, ...] | Refusals | NothingToEnd:
        """What happens, or why not."""
        match command:
            case Like():
                return self._like(command, state)
            case Ask():
                return self._ask(command, state)
            case Unlike():
                return self._unlike(command, state)
            case Expire():
                return self._expire(command, state)
            case _:
                assert_never(command)

    def evolve(self, state: States, event: Events) -> States:
        """Copy what the event decided."""
        match event, state:
            case Asked(), _:
                return Collecting(collector=event.collector, goal=event.goal, closes=event.closes)
            case Liked(), Collecting():
                return Collecting(
                    collector=state.collector,
                    goal=state.goal,
                    closes=state.closes,
                    likers=(*state.likers, event.liker),
                    withdrew=_without(state.withdrew, event.liker),
                )
            case Withdrawn(), Collecting():
                return Collecting(
                    collector=state.collector,
                    goal=state.goal,
                    closes=state.closes,
                    likers=_without(state.likers, event.liker),
                    withdrew=(*state.withdrew, event.liker),
                )
            case GoalReached(), Collecting():
                return Done(collector=state.collector, closes=state.closes, likers=state.likers)
            case Lapsed(), Collecting():
                return Missed(
                    collector=state.collector,
                    closes=state.closes,
                    likers=state.likers,
                    missing=event.missing,
                )
            case _:
                raise InvalidRule(f"collect: {event!r} cannot follow {state!r}")

    def reached(self, event: Events) -> tuple[Reached, ...]:
        """The milestone of the event; a like given back reaches none."""
        match event:
            case Liked():
                cast: dict[str, str] = {LIKER: event.liker, COLLECTOR: event.collector}
                return () if event.again else (Reached(LIKED, cast),)
            case Asked():
                return (Reached(ASKED, {COLLECTOR: event.collector}),)
            case GoalReached():
                return (Reached(REACHED, {COLLECTOR: event.collector}),)
            case Lapsed():
                return (Reached(LAPSED, {COLLECTOR: event.collector}),)
            case Withdrawn():
                return ()
            case _:
                assert_never(event)

    def deadline(self, state: States) -> datetime | None:
        """When an open ask closes."""
        return state.closes if isinstance(state, Collecting) else None

    def expire(self, instance: str, state: States) -> Expire:
        """End an open ask at its deadline."""
        at = self.deadline(state)
        if at is None:
            raise InvalidRule(f"collect: {instance} has no deadline")
        return Expire(ask=instance, at=at)

    def _ask(self, command: Ask, state: States) -> tuple[Asked] | AlreadyAsked:
        if not isinstance(state, Idle):
            return AlreadyAsked(ask=command.ask)
        asked = Asked(
            at=command.at,
            ask=command.ask,
            collector=command.by,
            goal=self.goal,
            closes=command.at + self.within,
        )
        return (asked,)

    def _like(self, command: Like, state: States) -> tuple[Events, ...] | Refusals:
        by = command.by
        if isinstance(state, Idle):
            return NoSuchAsk(ask=command.ask)
        if by in state.likers:
            return AlreadyLiked(by=by)
        if by == state.collector and self.own == REFUSED:
            return OwnLike(by=by)
        if isinstance(state, Done):
            return AlreadyReached(likes=len(state.likers))
        if isinstance(state, Missed) or command.at >= state.closes:
            return AskOver(closes=state.closes)
        again = by in state.withdrew
        if not again and len(state.likers) + len(state.withdrew) >= MOST_REMEMBERED:
            return TooManyFriends(friends=MOST_REMEMBERED)
        likes = len(state.likers) + 1
        liked = Liked(
            at=command.at,
            ask=command.ask,
            liker=by,
            collector=state.collector,
            likes=likes,
            missing=state.goal - likes,
            again=again,
        )
        if likes < state.goal:
            return (liked,)
        reached = GoalReached(
            at=command.at, ask=command.ask, collector=state.collector, likes=likes
        )
        return (liked, reached)

    def _unlike(self, command: Unlike, state: States) -> tuple[Withdrawn] | Refusals:
        if isinstance(state, Idle):
            return NoSuchAsk(ask=command.ask)
        if isinstance(state, Done):
            return AlreadyReached(likes=len(state.likers))
        if command.by not in state.likers:
            return NotLiked(by=command.by)
        if isinstance(state, Missed) or command.at >= state.closes:
            return AskOver(closes=state.closes)
        likes = len(state.likers) - 1
        withdrawn = Withdrawn(
            at=command.at,
            ask=command.ask,
            liker=command.by,
            likes=likes,
            missing=state.goal - likes,
        )
        return (withdrawn,)

    def _expire(self, command: Expire, state: States) -> tuple[Lapsed] | NothingToEnd:
        if not isinstance(state, Collecting) or command.at < state.closes:
            return NothingToEnd()
        lapsed = Lapsed(
            at=command.at,
            ask=command.ask,
            collector=state.collector,
            likes=len(state.likers),
            missing=state.goal - len(state.likers),
        )
        return (lapsed,)


def _without(members: tuple[str, ...], gone: str) -> tuple[str, ...]:
    return tuple(member for member in members if member != gone)
