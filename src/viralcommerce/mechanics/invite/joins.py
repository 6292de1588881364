"""Codes and joining, decided: whose a code is, whose invitation counts, and until when."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeGuard, assert_never

from msgspec import structs

from viralcommerce.errors import InvalidMessage, InvalidRule
from viralcommerce.mechanics.invite.joining import (
    AlreadyInvited,
    Befriended,
    Bought,
    Code,
    CodeNotPlain,
    CodeScreened,
    CodeTaken,
    CodeTooLong,
    CodeTooShort,
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
from viralcommerce.mechanics.invite.messages import CodeRefusals, JoinEvents, JoinRefusals, States
from viralcommerce.messages import GONE
from viralcommerce.refusals import NothingToEnd
from viralcommerce.rules.fields import NEVER
from viralcommerce.rules.limits import Unlimited
from viralcommerce.values.codes import CodeFormat
from viralcommerce.values.vanity import VanityFormat, WhyNot

_UNFIT: Final = "unfit"
"""What a wish is about that can be no code; no code is written in small letters."""
_MOST_TYPED: Final = 64
NOBODY: Final = Member()
"""Who has not joined, and brought nobody."""


@functools.cache
def drawn(length: int) -> CodeFormat:
    """How codes of a length are drawn."""
    return CodeFormat(length)


@functools.cache
def vanity(codes: CodeFormat) -> VanityFormat:
    """What may be wished for beside the codes that are drawn."""
    return VanityFormat(beside=(codes,))


def with_code(command: Issue, codes: CodeFormat, entropy: bytes) -> Issue:
    """The command with the code that it is about: the wished one as it is compared, or a new one.

    A wish that cannot be a code is refused by `issue`, whatever it is about.
    """
    if not command.vanity:
        return structs.replace(command, code=codes.draw(entropy), unfit="")
    why = vanity(codes).why_not(command.vanity)
    code = _UNFIT if why else codes.canonical(command.vanity)
    return structs.replace(command, code=code, unfit=why)


def typed(text: str, codes: CodeFormat) -> str:
    """A code as it is compared: no case, no dashes, no look-alikes; "" where it cannot be one.

    Raises:
        InvalidMessage: it is no text.

    Example:
        >>> typed(" 7f3k-9qzo ", CodeFormat(8))
        '7F3K9QZ0'
    """
    if not isinstance(text, str):  # whom a view is asked about, nothing else checks
        raise InvalidMessage(
            f"join: code: {text!r:.60} is no text; leave it out where there is none"
        )
    if not 0 < len(text) <= 4 * _MOST_TYPED:
        return ""
    code = codes.canonical(text)
    return code if 1 <= len(code) <= _MOST_TYPED and code.isascii() and code.isalnum() else ""


def informed(
    command: Join,
    code: str,
    states: Mapping[str, States],
    uses: int | Unlimited,
    prefers: str,
) -> Join:
    """Whose invitation counts: the code's owner or the link's, as the rule prefers.

    Whoever was forgotten invites nobody.
    """
    found = states.get(f"code/{code}") if code else None
    owner = ""
    if isinstance(found, Code) and (isinstance(uses, Unlimited) or found.used < uses):
        owner = "" if found.owner.startswith(GONE) else found.owner
    if owner and (prefers == "code" or not command.link):
        return structs.replace(command, inviter=owner, used=code)
    link = "" if command.link.startswith(GONE) else command.link
    return structs.replace(command, inviter=link, used="")


def issue(command: Issue, state: States, codes: CodeFormat) -> tuple[Issued] | CodeRefusals:
    """A code for its first owner."""
    refusal = unfit(command.unfit, vanity(codes))
    if refusal is not None:
        return refusal
    if not isinstance(state, Nothing):
        return CodeTaken()
    return (Issued(at=command.at, code=command.code, owner=command.by),)


def unfit(why: WhyNot, wishes: VanityFormat) -> CodeRefusals | None:
    """What is said to a wish that cannot be a code; nothing where it can.

    Example:
        >>> print(unfit("too_short", VanityFormat())), print(unfit("", VanityFormat()))
        no: a code has at least 4 characters
        None
        (None, None)
    """
    match why:
        case "":
            return None
        case "characters":
            return CodeNotPlain()
        case "too_short":
            return CodeTooShort(at_least=wishes.shortest)
        case "too_long":
            return CodeTooLong(at_most=wishes.longest)
        case "screened" | "offer":
            return CodeScreened()
        case "drawn":  # which codes are drawn is nobody's to know
            return CodeTaken()


def join(
    command: Join, state: States, binds_for: timedelta, rebinds: str, prefers: str
) -> tuple[JoinEvents, ...] | JoinRefusals:
    """A friend stands under the inviter whose invitation counts."""
    by, inviter, at = command.by, command.inviter, command.at
    if not inviter:
        return NoInvitation()
    if inviter == by:
        return OwnInvitation(by=by)
    now = state if isinstance(state, Member) else NOBODY
    best = rebinds == "better" and bool(command.used) == (prefers == "code")
    if is_standing(now, at):
        bound = (
            rebinds == "never"
            or (rebinds == "until_order" and now.bought > 0)
            or (rebinds == "better" and (now.best or not best))
        )
        if bound or (now.inviter == inviter and not best):
            return AlreadyInvited(by=by)
    until = None if binds_for == NEVER else at + binds_for
    again = now.invited > 0
    joined = Joined(at=at, invitee=by, inviter=inviter, until=until, again=again, best=best)
    return (joined, CodeUsed(at=at, code=command.used)) if command.used else (joined,)


def part(command: Part, state: States) -> tuple[Parted] | NothingToEnd:
    """An invitation ends."""
    if not isinstance(state, Member) or state.until is None or command.at < state.until:
        return NothingToEnd()
    return (Parted(at=command.at, member=command.member, inviter=state.inviter),)


def evolve(state: States, event: JoinEvents) -> States:
    """Copy what the event decided."""
    match event:
        case Joined() | Parted() | Bought() | Befriended():
            if isinstance(state, Member):
                return _member(state, event)
            if isinstance(state, Nothing):
                return _member(NOBODY, event)
        case Issued():
            if isinstance(state, Nothing):
                return Code(owner=event.owner)
        case CodeUsed():
            if isinstance(state, Code):
                return Code(owner=state.owner, used=state.used + 1)
        case _:
            assert_never(event)
    raise InvalidRule(f"invite: {event!r} cannot follow {state!r}")


def _member(state: Member, event: Joined | Parted | Bought | Befriended) -> Member:
    match event:
        case Joined():
            return Member(
                inviter=event.inviter,
                since=event.at,
                until=event.until,
                best=event.best,
                invited=state.invited + 1,
                bought=state.bought,
                friends=state.friends,
            )
        case Parted():
            return structs.replace(state, inviter="", since=None, until=None, best=False)
        case Bought():
            return structs.replace(state, bought=state.bought + 1)
        case Befriended():
            return structs.replace(state, friends=event.nth)
        case _:
            assert_never(event)


def is_standing(state: States, at: datetime) -> TypeGuard[Member]:
    """Whether a member stands under an inviter who is not over at a moment."""
    return (
        isinstance(state, Member)
        and bool(state.inviter)
        and (state.until is None or at < state.until)
    )


def stood(state: States, at: datetime) -> TypeGuard[Member]:
    """Whether a member stood under their inviter at a moment already: what they bought earned
    that inviter something.
    """
    return is_standing(state, at) and state.since is not None and state.since <= at
