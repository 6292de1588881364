"""The rule of collecting likes: whose like counts, when the goal is reached, when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, assert_never

from pydantic import Field

from viralcommerce.decider import Carries, Mechanic, Reached
from viralcommerce.errors import InvalidRule
from viralcommerce.mechanics.collect.messages import (
    ASK,
    ASKED,
    COLLECTOR,
    IDLE,
    LAPSED,
    LIKED,
    LIKER,
    MOST_REMEMBERED,
    REACHED,
    REFUSED,
    WORDS,
    AlreadyAsked,
    AlreadyLiked,
    AlreadyReached,
    Ask,
    Asked,
    AskOver,
    Collecting,
    Commands,
    Done,
    Events,
    Expire,
    GoalReached,
    Idle,
    Lapsed,
    Like,
    Liked,
    Missed,
    NoSuchAsk,
    NotLiked,
    OwnLike,
    Refusals,
    States,
    TooManyFriends,
    Unlike,
    Withdrawn,
)
from viralcommerce.messages import Command
from viralcommerce.refusals import NothingToEnd
from viralcommerce.rules.base import rule
from viralcommerce.rules.extent import ONCE, Life, Times
from viralcommerce.rules.fields import SpanField
from viralcommerce.rules.wording import Words, span_zh
from viralcommerce.values.spans import write_span


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
        LAPSED: Carries((COLLECTOR,), once=True, clock=True),
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
    owner: ClassVar[str] = COLLECTOR
    words: ClassVar[Mapping[str, Words]] = WORDS

    goal: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(kw_only=True)
    within: SpanField = Field(kw_only=True)
    own: Literal["refused", "allowed"] = Field(default=REFUSED, kw_only=True)

    def __post_init__(self) -> None:
        if self.within <= timedelta(0):
            raise InvalidRule("within is not longer than nothing; give a span")

    def sentences(self) -> tuple[Words, ...]:
        """The rules of the game as members read them."""
        span, span_in_zh = write_span(self.within), span_zh(self.within)
        likes = "1 like" if self.goal == 1 else f"{self.goal} likes from different members"
        reaches = "reaches" if self.goal == 1 else "reach"
        own = (
            Words("Nobody can like their own ask.", "不能为自己的集赞任务点赞。")
            if self.own == REFUSED
            else Words("The collector's own like counts too.", "发起人也可以为自己点赞。")
        )
        return (
            Words(
                f"A member asks friends for likes; {likes} within {span} {reaches} the goal.",
                f"用户发起集赞任务，自发起之时起{span_in_zh}内集满{self.goal}位不同用户的赞即为达成。",
            ),
            own,
            Words(
                "A like can be withdrawn and given again until the goal is reached or time is "
                "over; rewards for a like count the first like of each member only.",
                "在达成或到期之前，点赞可以取消，取消后可以再次点赞；点赞奖励只计每位用户的首次点赞。",
            ),
            Words(
                f"At most {MOST_REMEMBERED} members can like one ask.",
                f"每个集赞任务最多{MOST_REMEMBERED}位用户参与点赞。",
            ),
        )

    def lives(self) -> tuple[Life, ...]:
        """The goal is reached, or time is over before."""
        most = 1 if self.goal == 1 else MOST_REMEMBERED
        return (
            {ASKED: ONCE, LIKED: Times(self.goal, most), REACHED: ONCE},
            {ASKED: ONCE, LIKED: Times(0, 0 if self.goal == 1 else most), LAPSED: ONCE},
        )

    def initial(self) -> States:
        """Before anybody asked."""
        return IDLE

    def entered(self, member: str, entry: str, at: datetime) -> Ask:
        """The member asks for likes."""
        return Ask(ask=entry, by=member, at=at)

    def instance(self, command: Commands) -> str:
        """The ask."""
        return command.ask

    def cast(self, command: Commands, state: States) -> dict[str, str]:
        """The collector; for a like the liker and the collector; at the end the collector."""
        match command, state:
            case Ask(), _:
                return {COLLECTOR: command.by}
            case ((Like() | Unlike()), Collecting()):
                return {LIKER: command.by, COLLECTOR: state.collector}
            case Expire(), Collecting():
                return {COLLECTOR: state.collector}
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
            case Liked(), Collecting():
                return Collecting(
                    collector=state.collector,
                    goal=state.goal,
                    closes=state.closes,
                    likers=(*state.likers, event.liker),
                    withdrew=_without(state.withdrew, event.liker)
                    if event.again
                    else state.withdrew,
                )
            case Asked(), _:
                return Collecting(collector=event.collector, goal=event.goal, closes=event.closes)
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
        if not isinstance(state, Collecting):
            if isinstance(state, Done):
                return AlreadyReached(likes=len(state.likers))
            return AskOver(closes=state.closes)
        if command.at >= state.closes:
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
