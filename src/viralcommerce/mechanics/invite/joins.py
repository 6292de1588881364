"""Codes and joining, decided: whose a code is, whose invitation counts, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import assert_never

from msgspec import structs

from viralcommerce.errors import InvalidRule, InvalidValue
from viralcommerce.mechanics.invite.joining import (
    AlreadyInvited,
    Befriended,
    Bought,
    Code,
    CodeTaken,
    CodeUnfit,
    CodeUsed,
    Issue,
    Issued,
    Join,
    Joined,
    Member,
    NoInvitation,
    Nothing,
    OwnInvitation,
    Part,
    Parted,
)
from viralcommerce.mechanics.invite.messages import JoinEvents, JoinRefusals, States
from viralcommerce.refusals import NothingToEnd
from viralcommerce.rules.fields import NEVER
from viralcommerce.rules.limits import Unlimited
from viralcommerce.rules.wording import Words, span_zh
from viralcommerce.values.codes import CodeFormat
from viralcommerce.values.spans import write_span

VANITY_LEAST, VANITY_MOST = 4, 32


def with_code(command: Issue, codes: CodeFormat, entropy: bytes) -> Issue:
    """The command with the code that it is about: the wished one as it is compared, or a new one.

    A wish that cannot be a code stays as it was said, and is refused by `issue`.
    """
    if not command.vanity:
        return structs.replace(command, code=codes.draw(entropy))
    wished = codes.canonical(command.vanity)
    return structs.replace(command, code=wished or "unfit")


def typed(text: str, codes: CodeFormat) -> str:
    """A code as it is compared: no case, no dashes, no look-alikes; "" where it cannot be one.

    Example:
        >>> typed(" 7f3k-9qzo ", CodeFormat(8))
        '7F3K9QZ0'
    """
    code = codes.canonical(text)
    return code if VANITY_LEAST <= len(code) <= 64 and code.isascii() and code.isalnum() else ""


def informed(
    command: Join,
    codes: CodeFormat,
    states: Mapping[str, States],
    uses: int | Unlimited,
    prefers: str,
) -> Join:
    """Whose invitation counts: the code's owner or the link's, as the rule prefers."""
    code = typed(command.code, codes)
    found = states.get(f"code/{code}")
    owner = ""
    if isinstance(found, Code) and (isinstance(uses, Unlimited) or found.used < uses):
        owner = found.owner
    if owner and (prefers == "code" or not command.link):
        return structs.replace(command, inviter=owner, used=code)
    return structs.replace(command, inviter=command.link, used="")


def issue(command: Issue, state: States) -> tuple[Issued] | CodeTaken | CodeUnfit:
    """A code for its first owner."""
    why = "" if not command.vanity else unfit(command.code)
    if why:
        return CodeUnfit(why=why)
    if not isinstance(state, Nothing):
        return CodeTaken()
    return (Issued(at=command.at, code=command.code, owner=command.by),)


def unfit(code: str) -> str:
    """Why a wished code cannot be one, in words; "" where it can.

    Example:
        >>> unfit("ANN"), unfit("ANN2026")
        ('it is shorter than 4 characters', '')
    """
    if not code.isascii() or not code.isalnum():
        return "it has other characters than letters and digits"
    if len(code) < VANITY_LEAST:
        return f"it is shorter than {VANITY_LEAST} characters"
    if len(code) > VANITY_MOST:
        return f"it is longer than {VANITY_MOST} characters"
    try:
        screens = CodeFormat(len(code), check=False).reads_rude(code)
    except InvalidValue:
        screens = True
    return "it reads like a word that no code may spell" if screens else ""


def join(
    command: Join, state: States, binds_for: timedelta, rebinds: str
) -> tuple[JoinEvents, ...] | JoinRefusals:
    """A friend stands under the inviter whose invitation counts."""
    by, inviter, at = command.by, command.inviter, command.at
    if not inviter:
        return NoInvitation()
    if inviter == by:
        return OwnInvitation(by=by)
    now = state if isinstance(state, Member) else Member()
    stands = bool(now.inviter) and (now.until is None or at < now.until)
    bound = rebinds == "never" or (rebinds == "until_order" and now.bought > 0)
    if stands and (bound or now.inviter == inviter):
        return AlreadyInvited(by=by)
    until = None if binds_for == NEVER else at + binds_for
    joined = Joined(at=at, invitee=by, inviter=inviter, until=until, again=now.invited > 0)
    return (joined, CodeUsed(at=at, code=command.used)) if command.used else (joined,)


def part(command: Part, state: States) -> tuple[Parted] | NothingToEnd:
    """An invitation ends."""
    if not isinstance(state, Member) or state.until is None or command.at < state.until:
        return NothingToEnd()
    return (Parted(at=command.at, member=command.member, inviter=state.inviter),)


def evolve(state: States, event: JoinEvents) -> States:
    """Copy what the event decided."""
    match event, state:
        case Issued(), Nothing():
            return Code(owner=event.owner)
        case CodeUsed(), Code():
            return Code(owner=state.owner, used=state.used + 1)
        case ((Joined() | Parted() | Bought() | Befriended()), (Member() | Nothing())):
            return _member(state if isinstance(state, Member) else Member(), event)
        case _:
            raise InvalidRule(f"invite: {event!r} cannot follow {state!r}")


def _member(state: Member, event: Joined | Parted | Bought | Befriended) -> Member:
    match event:
        case Joined():
            return structs.replace(
                state, inviter=event.inviter, until=event.until, invited=state.invited + 1
            )
        case Parted():
            return structs.replace(state, inviter="", until=None)
        case Bought():
            return structs.replace(state, bought=state.bought + 1)
        case Befriended():
            return structs.replace(state, friends=event.nth)
        case _:
            assert_never(event)


def sentences(binds_for: timedelta, rebinds: str) -> tuple[Words, ...]:
    """The rules of joining as members read them."""
    span = (
        Words(
            f"A friend counts as invited for {write_span(binds_for)}.",
            f"邀请关系有效期为{span_zh(binds_for)}。",
        )
        if binds_for != NEVER
        else Words("A friend counts as invited for ever.", "邀请关系长期有效。")
    )
    again = {
        "never": Words(
            "While that stands, no other invitation counts.", "有效期内不接受其他邀请。"
        ),
        "until_order": Words(
            "Until the friend's first order counts, a later invitation takes its place.",
            "好友首单计入之前，以最近一次邀请为准。",
        ),
        "always": Words("A later invitation takes its place.", "以最近一次邀请为准。"),
    }
    return (
        Words(
            "A member invites friends by a code or a link; nobody can accept their own.",
            "用户可通过邀请码或链接邀请好友，不能接受自己的邀请。",
        ),
        span,
        again[rebinds],
    )


def is_standing(state: States, at: datetime) -> bool:
    """Whether a member stands under an inviter at a moment."""
    return (
        isinstance(state, Member)
        and bool(state.inviter)
        and (state.until is None or at < state.until)
    )
