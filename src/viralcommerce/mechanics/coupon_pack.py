"""A shared coupon pack (拼手气券包): one member shares it, the first n who open it cut it up.

::

    Idle ──Share/Opened──▶ Open ──Grab/Grabbed──▶ Open ──last Grab/Grabbed, Emptied──▶ Empty
                            └──────────Expire/Expired──▶ Over

Laws:
    Shares and what is left make the total, after every event.
    No share is below the least, and none is taken twice by one member.
    At most `parts` members take a share, whatever the order and the retries.
    Nobody opens their own pack, unless the rule says so.
    What is left at the deadline goes back to the budget, once.
    The luckiest is the first member with the greatest share.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal, assert_never

from pydantic import Field

from viralcommerce.decider import (
    NOTHING_PROMISED,
    Carries,
    Mechanic,
    Milestone,
    Promised,
    Reached,
    Role,
)
from viralcommerce.errors import InvalidRule
from viralcommerce.messages import BY_CLOCK, Command, Event, Refusal, State
from viralcommerce.refusals import NothingToEnd
from viralcommerce.rules.base import OneOf, rule
from viralcommerce.rules.fields import SpanField
from viralcommerce.rules.splits import Split
from viralcommerce.values.dice import dice
from viralcommerce.values.money import Money

# ---------------------------------------------------------------------------- words

SHARER: Final = Role("sharer")
GRABBER: Final = Role("grabber")
LUCKIEST: Final = Role("luckiest")
PACK: Final = "pack"

OPENED: Final = Milestone("opened")
GRABBED: Final = Milestone("grabbed")
EMPTIED: Final = Milestone("emptied")

REFUSED: Final = "refused"
ALLOWED: Final = "allowed"

# ---------------------------------------------------------------------------- commands


class Share(Command, frozen=True, kw_only=True):
    """Share a new pack with friends."""

    pack: str


class Grab(Command, frozen=True, kw_only=True):
    """Open a friend's pack and take a share."""

    pack: str


class Expire(Command, frozen=True, kw_only=True):
    """The clock ends a pack whose time is over."""

    pack: str
    by: str = BY_CLOCK


# ---------------------------------------------------------------------------- events


class Opened(Event, frozen=True, kw_only=True):
    """A pack is there to be opened until `closes`, exclusive."""

    en: ClassVar[str] = "a pack of {total} in {parts} parts is open until {closes}"
    zh: ClassVar[str] = "{total}券包已发出，共{parts}份，{closes}前有效"

    pack: str
    sharer: str
    total: Money
    parts: int
    closes: datetime


class Grabbed(Event, frozen=True, kw_only=True):
    """One share is taken; `left` and `parts_left` are what remains, `best` the greatest so far."""

    en: ClassVar[str] = "{parts_left} parts left"
    zh: ClassVar[str] = "还剩{parts_left}份"

    pack: str
    grabber: str
    sharer: str
    share: Money
    left: Money
    parts_left: int
    best_by: str
    best: Money


class Emptied(Event, frozen=True, kw_only=True):
    """The last share is taken; the luckiest is known."""

    en: ClassVar[str] = "{luckiest} was the luckiest with {best}"
    zh: ClassVar[str] = "{luckiest}手气最佳，抢到{best}"

    pack: str
    sharer: str
    luckiest: str
    best: Money


class Expired(Event, frozen=True, kw_only=True):
    """The time is over; what is left goes back."""

    en: ClassVar[str] = "the pack is over, {left} went back"
    zh: ClassVar[str] = "券包已过期，剩余{left}已退回"

    pack: str
    left: Money


# ---------------------------------------------------------------------------- refusals


class AlreadyShared(Refusal, frozen=True, kw_only=True):
    """A pack of that id exists."""

    en: ClassVar[str] = "this pack has been shared already"
    zh: ClassVar[str] = "该券包已分享过"

    pack: str


class NoSuchPack(Refusal, frozen=True, kw_only=True):
    """No pack of that id has been shared (yet); the key stays free."""

    terminal: ClassVar[bool] = False
    discreet: ClassVar[bool] = True
    en: ClassVar[str] = "there is no pack {pack}"
    zh: ClassVar[str] = "券包不存在"

    pack: str


class OwnPack(Refusal, frozen=True, kw_only=True):
    """Nobody opens their own pack."""

    en: ClassVar[str] = "{by} cannot open their own pack"
    zh: ClassVar[str] = "不能领取自己分享的券包"

    by: str


class AlreadyGrabbed(Refusal, frozen=True, kw_only=True):
    """One share each."""

    en: ClassVar[str] = "{by} has opened this pack already"
    zh: ClassVar[str] = "您已领取过该券包"

    by: str
    share: Money


class PackEmpty(Refusal, frozen=True, kw_only=True):
    """All shares are taken."""

    en: ClassVar[str] = "all {parts} parts of this pack are gone"
    zh: ClassVar[str] = "手慢了，{parts}份已抢完"

    parts: int


class PackOver(Refusal, frozen=True, kw_only=True):
    """The pack's time is over."""

    en: ClassVar[str] = "this pack was open until {closes}"
    zh: ClassVar[str] = "券包已于{closes}过期"

    closes: datetime


# ---------------------------------------------------------------------------- state


class Idle(State, frozen=True):
    """Nothing has been shared."""


class Open(State, frozen=True, kw_only=True):
    """Shares are left; `shares` are those taken, by member, in order."""

    sharer: str
    total: Money
    left: Money
    parts_left: int
    closes: datetime
    shares: dict[str, Money]
    best_by: str
    best: Money


class Empty(State, frozen=True, kw_only=True):
    """All shares are taken."""

    sharer: str
    total: Money
    closes: datetime
    shares: dict[str, Money]
    luckiest: str


class Over(State, frozen=True, kw_only=True):
    """The time is over; `left` went back."""

    sharer: str
    total: Money
    left: Money
    closes: datetime
    shares: dict[str, Money]


IDLE: Final = Idle()

Commands = Share | Grab | Expire
Events = Opened | Grabbed | Emptied | Expired
Refusals = AlreadyShared | NoSuchPack | OwnPack | AlreadyGrabbed | PackEmpty | PackOver
States = Idle | Open | Empty | Over

# ---------------------------------------------------------------------------- the rule


@rule("coupon_pack")
class CouponPack(Mechanic[Commands, States, Events]):
    """A pack cut among the first who open it.

    Args:
        split: the total, the number of parts and how it is cut.
        open_for: how long a pack can be opened after it was shared.
        own: whether the sharer may open it too: ``"refused"`` or ``"allowed"``.

    Example:
        >>> from viralcommerce.rules.splits import LuckySplit
        >>> from viralcommerce.values.money import CNY
        >>> from viralcommerce.values.spans import days
        >>> pack = CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1))
        >>> str(pack.total())
        'CNY 60.00'
    """

    scope: ClassVar[str] = PACK
    milestones: ClassVar[Mapping[str, Carries]] = {
        OPENED: Carries((SHARER,), once=True),
        GRABBED: Carries((GRABBER, SHARER), amount=True, drawn=True),
        EMPTIED: Carries((LUCKIEST, SHARER), amount=True, once=True),
    }
    casts: ClassVar[Mapping[type[Command], tuple[str, ...]]] = {
        Share: (SHARER,),
        Grab: (GRABBER, SHARER, LUCKIEST),
        Expire: (),
    }
    command_types: ClassVar[object] = Commands
    event_types: ClassVar[object] = Events
    refusal_types: ClassVar[object] = Refusals
    state_types: ClassVar[object] = States

    split: Annotated[Split, OneOf()]
    open_for: SpanField = Field(kw_only=True)
    own: Literal["refused", "allowed"] = Field(default=REFUSED, kw_only=True)

    def __post_init__(self) -> None:
        if self.open_for <= timedelta(0):
            raise InvalidRule("coupon_pack: open_for is not longer than nothing; give a span")

    def total(self) -> Money:
        """What one pack promises."""
        return self.split.total

    @property
    def draws(self) -> bool:
        """Whether its commands need entropy."""
        return self.split.draws

    def initial(self) -> States:
        """Before anything is shared."""
        return IDLE

    def instance(self, command: Commands) -> str:
        """The pack."""
        return command.pack

    def cast(self, command: Commands, state: States) -> dict[str, str]:
        """The sharer; for a grab the grabber, the sharer and the luckiest so far."""
        match command, state:
            case Share(), _:
                return {SHARER: command.by}
            case Grab(), Open(best_by=best_by) if best_by:
                return {GRABBER: command.by, SHARER: state.sharer, LUCKIEST: best_by}
            case Grab(), Open():
                return {GRABBER: command.by, SHARER: state.sharer, LUCKIEST: command.by}
            case _:
                return {}

    def decide(
        self, command: Commands, state: States
    ) -> tuple[Events, ...] | Refusals | NothingToEnd:
        """What happens, or why not."""
        match command:
            case Grab():
                return self._grab(command, state)
            case Share():
                return self._share(command, state)
            case Expire():
                return self._expire(command, state)
            case _:
                assert_never(command)

    def evolve(self, state: States, event: Events) -> States:
        """Copy what the event decided."""
        match event, state:
            case Grabbed(), Open():
                return Open(
                    sharer=state.sharer,
                    total=state.total,
                    left=event.left,
                    parts_left=event.parts_left,
                    closes=state.closes,
                    shares={**state.shares, event.grabber: event.share},
                    best_by=event.best_by,
                    best=event.best,
                )
            case Opened(), _:
                return Open(
                    sharer=event.sharer,
                    total=event.total,
                    left=event.total,
                    parts_left=event.parts,
                    closes=event.closes,
                    shares={},
                    best_by="",
                    best=Money(0, event.total.currency),
                )
            case Emptied(), Open():
                return Empty(
                    sharer=state.sharer,
                    total=state.total,
                    closes=state.closes,
                    shares=state.shares,
                    luckiest=event.luckiest,
                )
            case Expired(), Open():
                return Over(
                    sharer=state.sharer,
                    total=state.total,
                    left=event.left,
                    closes=state.closes,
                    shares=state.shares,
                )
            case _:
                raise InvalidRule(f"coupon_pack: {event!r} cannot follow {state!r}")

    def reached(self, event: Events) -> tuple[Reached, ...]:
        """The milestone of the event; an expiry reaches none."""
        match event:
            case Grabbed():
                cast: dict[str, str] = {GRABBER: event.grabber, SHARER: event.sharer}
                return (Reached(GRABBED, cast, event.share),)
            case Opened():
                return (Reached(OPENED, {SHARER: event.sharer}),)
            case Emptied():
                winners: dict[str, str] = {LUCKIEST: event.luckiest, SHARER: event.sharer}
                return (Reached(EMPTIED, winners, event.best),)
            case Expired():
                return ()
            case _:
                assert_never(event)

    def promised(self, event: Events) -> Promised:
        """A pack holds its total while it is open and releases what is left."""
        match event:
            case Opened():
                return Promised(held=event.total)
            case Expired():
                return Promised(released=event.left)
            case _:
                return NOTHING_PROMISED

    def deadline(self, state: States) -> datetime | None:
        """When an open pack closes."""
        return state.closes if isinstance(state, Open) else None

    def expire(self, instance: str, state: States) -> Expire:
        """End an open pack at its deadline."""
        at = self.deadline(state)
        if at is None:
            raise InvalidRule(f"coupon_pack: {instance} has no deadline")
        return Expire(pack=instance, at=at)

    def _share(self, command: Share, state: States) -> tuple[Opened] | AlreadyShared:
        if not isinstance(state, Idle):
            return AlreadyShared(pack=command.pack)
        opened = Opened(
            at=command.at,
            pack=command.pack,
            sharer=command.by,
            total=self.split.total,
            parts=self.split.parts,
            closes=command.at + self.open_for,
        )
        return (opened,)

    def _grab(self, command: Grab, state: States) -> tuple[Events, ...] | Refusals:
        by = command.by
        if isinstance(state, Idle):
            return NoSuchPack(pack=command.pack)
        if by in state.shares:
            return AlreadyGrabbed(by=by, share=state.shares[by])
        if by == state.sharer and self.own == REFUSED:
            return OwnPack(by=by)
        if isinstance(state, Empty):
            return PackEmpty(parts=len(state.shares))
        if isinstance(state, Over) or command.at >= state.closes:
            return PackOver(closes=state.closes)
        taken = len(state.shares)
        left = state.left.minor
        share = self.split.share(left, taken, dice(command.entropy))
        currency = state.total.currency
        beaten = share > state.best.minor
        grabbed = Grabbed(
            at=command.at,
            pack=command.pack,
            grabber=by,
            sharer=state.sharer,
            share=Money(share, currency),
            left=Money(left - share, currency),
            parts_left=state.parts_left - 1,
            best_by=by if beaten else state.best_by,
            best=Money(share, currency) if beaten else state.best,
        )
        if grabbed.parts_left:
            return (grabbed,)
        emptied = Emptied(
            at=command.at,
            pack=command.pack,
            sharer=state.sharer,
            luckiest=grabbed.best_by,
            best=grabbed.best,
        )
        return (grabbed, emptied)

    def _expire(self, command: Expire, state: States) -> tuple[Expired] | NothingToEnd:
        if not isinstance(state, Open) or command.at < state.closes:
            return NothingToEnd()
        return (Expired(at=command.at, pack=command.pack, left=state.left),)
