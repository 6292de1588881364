"""What is said about codes and joining: commands, events, refusals, situations."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from viralcommerce.messages import BY_CLOCK, Command, Event, Refusal, State
from viralcommerce.values.ids import MemberField
from viralcommerce.values.vanity import WhyNot

# ---------------------------------------------------------------------------- commands


class Issue(Command, frozen=True, kw_only=True):
    """Ask for a code of one's own: a random one, or a `vanity` one of one's choice.

    Args:
        vanity: the wished code; "" for a random one.
        code: filled in by the shop.
        unfit: filled in by the shop: why the wish can be no code.
    """

    stamps: ClassVar[frozenset[str]] = frozenset({"at", "entropy", "code", "unfit"})

    vanity: str = ""
    code: str = ""
    unfit: WhyNot = ""


class Join(Command, frozen=True, kw_only=True):
    """A friend arrives by an invitation: a code that was typed, a link that was opened, or both.

    Args:
        code: as typed; "" where none was.
        link: whose link was opened, as its signature proves; "" where none was.
        inviter: filled in by the shop: whose invitation counts.
        used: filled in by the shop: the code that counts.
    """

    stamps: ClassVar[frozenset[str]] = frozenset({"at", "entropy", "inviter", "used"})

    code: str = ""
    link: MemberField = ""
    inviter: MemberField = ""
    used: str = ""


class Part(Command, frozen=True, kw_only=True):
    """The clock: an invitation has ended."""

    member: MemberField
    by: MemberField = BY_CLOCK


# ---------------------------------------------------------------------------- events


class Issued(Event, frozen=True, kw_only=True):
    """A code belongs to somebody."""

    en: ClassVar[str] = "the code is {code}"
    zh: ClassVar[str] = "邀请码为{code}"

    code: str
    owner: MemberField


class Joined(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A friend stands under an inviter, until `until` if that is said; `again` after another.

    `best` says, where a better touch rebinds, that there is none better than this one.
    """

    en: ClassVar[str] = "{invitee} was invited by {inviter}"
    zh: ClassVar[str] = "{invitee}由{inviter}邀请"

    invitee: MemberField
    inviter: MemberField
    until: datetime | None
    again: bool
    best: bool = False


class Parted(Event, frozen=True, kw_only=True):
    """A member stands under nobody any more."""

    en: ClassVar[str] = "the invitation has ended"
    zh: ClassVar[str] = "邀请关系已到期"

    member: MemberField
    inviter: MemberField


class CodeUsed(Event, frozen=True, kw_only=True):
    """A code has brought one more."""

    en: ClassVar[str] = "the code {code} has brought one more"
    zh: ClassVar[str] = "邀请码{code}被使用一次"

    code: str


class Bought(Event, frozen=True, kw_only=True):
    """A member's orders count one more."""

    en: ClassVar[str] = "one more order of the buyer counts"
    zh: ClassVar[str] = "买家的有效订单增加一笔"

    member: MemberField


class Befriended(Event, frozen=True, kw_only=True):
    """One more friend of a member has bought; `nth` counts from 1."""

    en: ClassVar[str] = "one more friend of the inviter has bought"
    zh: ClassVar[str] = "邀请人的下单好友增加一位"

    member: MemberField
    nth: int


# ---------------------------------------------------------------------------- refusals


class CodeTaken(Refusal, frozen=True, kw_only=True):
    """Somebody has that code, or might be given it: it looks like one that is drawn."""

    en: ClassVar[str] = "this code is taken, choose another"
    zh: ClassVar[str] = "该邀请码已被使用，请换一个"


class CodeNotPlain(Refusal, frozen=True, kw_only=True):
    """A wished code with other characters than letters and digits."""

    en: ClassVar[str] = "a code has letters and digits only"
    zh: ClassVar[str] = "邀请码只能由英文字母和数字组成"


class CodeTooShort(Refusal, frozen=True, kw_only=True):
    """A wished code with too few characters."""

    en: ClassVar[str] = "a code has at least {at_least} characters"
    zh: ClassVar[str] = "邀请码不得少于{at_least}个字符"

    at_least: int


class CodeTooLong(Refusal, frozen=True, kw_only=True):
    """A wished code with too many characters."""

    en: ClassVar[str] = "a code has at most {at_most} characters"
    zh: ClassVar[str] = "邀请码不得超过{at_most}个字符"

    at_most: int


class CodeScreened(Refusal, frozen=True, kw_only=True):
    """A wished code that reads rude, or like an offer of the shop."""

    en: ClassVar[str] = "this code reads like a word that no code may spell, choose another"
    zh: ClassVar[str] = "该邀请码含有不允许使用的词语，请换一个"


class NoInvitation(Refusal, frozen=True, kw_only=True):
    """No such code, one that is used up, or nothing at all: it sounds the same, by design."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "this invitation is not valid"
    zh: ClassVar[str] = "邀请无效"


class OwnInvitation(Refusal, frozen=True, kw_only=True):
    """Nobody invites themselves."""

    en: ClassVar[str] = "{by} cannot accept their own invitation"
    zh: ClassVar[str] = "不能接受自己的邀请"

    by: MemberField


class AlreadyInvited(Refusal, frozen=True, kw_only=True):
    """Somebody else's friend already, by the rule for ever, for a time, or since they bought."""

    en: ClassVar[str] = "{by} was invited already"
    zh: ClassVar[str] = "您已被邀请过"

    by: MemberField


# ---------------------------------------------------------------------------- state


class Nothing(State, frozen=True):
    """Nothing is known."""


class Member(State, frozen=True, kw_only=True):
    """A member: by whom they came, and what they brought.

    Args:
        inviter: who invited them; "" for nobody.
        since: from when they have stood there; nothing where under nobody.
        until: when that ends; nothing where never.
        best: whether no better touch can take their place; said where one could.
        invited: how often they have joined.
        bought: how many qualifying orders of theirs have matured.
        friends: how many whom they invited have bought.
    """

    inviter: MemberField = ""
    since: datetime | None = None
    until: datetime | None = None
    best: bool = False
    invited: int = 0
    bought: int = 0
    friends: int = 0


class Code(State, frozen=True, kw_only=True):
    """A code, its owner, and how many it has brought."""

    owner: MemberField
    used: int = 0
