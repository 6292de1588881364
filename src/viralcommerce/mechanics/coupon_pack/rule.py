"""The rule of coupon packs: who may open one, what a share is, when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, assert_never

from pydantic import Field

from viralcommerce.decider import (
    NOTHING_PROMISED,
    Carries,
    Mechanic,
    Promised,
    Reached,
)
from viralcommerce.errors import InvalidRule
from viralcommerce.mechanics.coupon_pack.messages import (
    CARRIED,
    EMPTIED,
    GRABBED,
    GRABBER,
    IDLE,
    LUCKIEST,
    OPENED,
    PACK,
    REFUSED,
    SHARER,
    WORDS,
    AlreadyGrabbed,
    AlreadyShared,
    Commands,
    Emptied,
    Empty,
    Events,
    Expire,
    Expired,
    Grab,
    Grabbed,
    Idle,
    NoSuchPack,
    Open,
    Opened,
    Over,
    OwnPack,
    PackEmpty,
    PackOver,
    Refusals,
    Share,
    States,
)
from viralcommerce.messages import Command
from viralcommerce.refusals import NothingToEnd
from viralcommerce.rules.base import OneOf, rule
from viralcommerce.rules.extent import ONCE, Life, Times
from viralcommerce.rules.fields import SpanField
from viralcommerce.rules.splits import Split
from viralcommerce.rules.wording import Words, span_zh
from viralcommerce.values.dice import dice
from viralcommerce.values.money import Money
from viralcommerce.values.spans import write_span


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
    chance: ClassVar[bool] = True
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
    owner: ClassVar[str] = SHARER
    words: ClassVar[Mapping[str, Words]] = WORDS
    carried: ClassVar[Mapping[str, Words]] = CARRIED

    split: Annotated[Split, OneOf()]
    open_for: SpanField = Field(kw_only=True)
    own: Literal["refused", "allowed"] = Field(default=REFUSED, kw_only=True)

    def __post_init__(self) -> None:
        if self.open_for <= timedelta(0):
            raise InvalidRule("open_for is not longer than nothing; give a span")

    def total(self) -> Money:
        """What one pack promises."""
        return self.split.total

    @property
    def draws(self) -> bool:
        """Whether its commands need entropy."""
        return self.split.draws

    def sentences(self) -> tuple[Words, ...]:
        """The rules of the game as members read them."""
        split, parts = self.split, self.split.parts
        first = "first member" if parts == 1 else f"first {parts} members"
        take = "takes" if parts == 1 else "take"
        own = (
            Words("Nobody can open their own pack.", "不能领取自己发出的券包。")
            if self.own == REFUSED
            else Words("The sharer can open their pack too.", "分享人也可领取自己发出的券包。")
        )
        return (
            Words(
                f"A member shares a pack, and the {first} to open it {take} a share each: "
                f"{split.phrase_en()}.",
                f"用户发出券包，最先打开的{parts}位用户每人领取一份：{split.phrase_zh()}。",
            ),
            Words(
                f"A pack can be opened for {write_span(self.open_for)} after it is shared; "
                "what has not been taken by then goes back to the campaign.",
                f"券包自发出起{span_zh(self.open_for)}内可以领取，逾期未领取的部分退回活动。",
            ),
            Words("A member takes at most one share of a pack.", "同一券包每人限领一份。"),
            own,
            Words(
                "The luckiest is the member with the greatest share; of equal ones, the first.",
                "领取金额最高者为手气最佳；金额相同的，先领取者为手气最佳。",
            ),
        )

    def odds(self) -> tuple[Words, ...]:
        """The bounds and the mean of a share, where it is drawn."""
        return (self.split.odds(),) if self.split.draws else ()

    def lives(self) -> tuple[Life, ...]:
        """A pack is emptied, or its time is over before."""
        amounts, total, parts = self.split.amounts(), self.split.total.minor, self.split.parts
        *early, last = amounts
        return (
            {
                OPENED: ONCE,
                GRABBED: Times(parts, parts, amounts, (total, total)),
                EMPTIED: Times(1, 1, (self.split.greatest(),)),
            },
            {
                OPENED: ONCE,
                GRABBED: Times(
                    0, parts - 1, tuple(early), (total - last.most, total - last.least)
                ),
            },
        )

    def initial(self) -> States:
        """Before anything is shared."""
        return IDLE

    def entered(self, member: str, entry: str, at: datetime) -> Share:
        """The member has a pack to share."""
        return Share(pack=entry, by=member, at=at)

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
