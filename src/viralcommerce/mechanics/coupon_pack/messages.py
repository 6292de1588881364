"""What is said about packs: roles, milestones, commands, events, refusals, situations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final

from viralcommerce.decider import Milestone, Role
from viralcommerce.messages import BY_CLOCK, Command, Event, Refusal, State
from viralcommerce.rules.wording import Words
from viralcommerce.values.ids import MemberField
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

WORDS: Final[Mapping[str, Words]] = {
    SHARER: Words("sharer", "分享人"),
    GRABBER: Words("opener", "领取人"),
    LUCKIEST: Words("luckiest", "手气最佳者"),
    PACK: Words("pack", "券包"),
    OPENED: Words("when a pack is shared", "发出券包时"),
    GRABBED: Words("each time a share of a pack is taken", "券包每被领取一份时"),
    EMPTIED: Words("when the last share of a pack is taken", "券包被领完时"),
}
CARRIED: Final[Mapping[str, Words]] = {
    GRABBED: Words("the share taken", "所领金额"),
    EMPTIED: Words("the greatest share", "最高一份金额"),
}

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
    by: MemberField = BY_CLOCK


# ---------------------------------------------------------------------------- events


class Opened(Event, frozen=True, kw_only=True):
    """A pack is there to be opened until `closes`, exclusive."""

    en: ClassVar[str] = "a pack of {total} in {parts} parts is open until {closes}"
    zh: ClassVar[str] = "{total}券包已发出，共{parts}份，{closes}前有效"

    pack: str
    sharer: MemberField
    total: Money
    parts: int
    closes: datetime


class Grabbed(Event, frozen=True, kw_only=True):
    """One share is taken; `left` and `parts_left` are what remains, `best` the greatest so far."""

    en: ClassVar[str] = "{parts_left} parts left"
    zh: ClassVar[str] = "还剩{parts_left}份"

    pack: str
    grabber: MemberField
    sharer: MemberField
    share: Money
    left: Money
    parts_left: int
    best_by: MemberField
    best: Money


class Emptied(Event, frozen=True, kw_only=True):
    """The last share is taken; the luckiest is known."""

    en: ClassVar[str] = "{luckiest} was the luckiest with {best}"
    zh: ClassVar[str] = "{luckiest}手气最佳，抢到{best}"

    pack: str
    sharer: MemberField
    luckiest: MemberField
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

    by: MemberField


class AlreadyGrabbed(Refusal, frozen=True, kw_only=True):
    """One share each."""

    en: ClassVar[str] = "{by} has opened this pack already"
    zh: ClassVar[str] = "您已领取过该券包"

    by: MemberField
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

    sharer: MemberField
    total: Money
    left: Money
    parts_left: int
    closes: datetime
    shares: dict[MemberField, Money]
    best_by: MemberField
    best: Money


class Empty(State, frozen=True, kw_only=True):
    """All shares are taken."""

    sharer: MemberField
    total: Money
    closes: datetime
    shares: dict[MemberField, Money]
    luckiest: MemberField


class Over(State, frozen=True, kw_only=True):
    """The time is over; `left` went back."""

    sharer: MemberField
    total: Money
    left: Money
    closes: datetime
    shares: dict[MemberField, Money]


IDLE: Final = Idle()

Commands = Share | Grab | Expire
Events = Opened | Grabbed | Emptied | Expired
Refusals = AlreadyShared | NoSuchPack | OwnPack | AlreadyGrabbed | PackEmpty | PackOver
States = Idle | Open | Empty | Over
