"""Stamping: what a shell adds to a command and checks of it, before anything is decided."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from msgspec import structs

from viralcommerce.errors import CurrencyMismatch, InvalidMessage, InvalidValue, NaiveTime
from viralcommerce.messages import BY_CLOCK, UNSTAMPED, Command
from viralcommerce.program import Program
from viralcommerce.runtime.erasure import is_gone
from viralcommerce.runtime.forms import form_of
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.message_fields import members_of
from viralcommerce.runtime.ports import Clock, Entropy
from viralcommerce.runtime.request import CLOCK_KEYS, Request, is_deadline_key
from viralcommerce.values.ids import check_id
from viralcommerce.values.saying import shown

TOO_EARLY: Final = datetime(1900, 1, 1, tzinfo=UTC)
TOO_LATE: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Commands come between: what spans and zones make of them then lies within any calendar."""


def request_for(
    program: Program, life: Life, command: Command, clock: Clock, entropy: Entropy
) -> Request:
    """A command as flows take it: checked, filled in, stamped, with whom it names.

    Raises:
        InvalidMessage, NaiveTime, CurrencyMismatch: see `check_kind`, `instance_of`, `stamped`.
    """
    check_kind(program, command)
    if type(command) in program.mechanic.filling:
        command = filled(program, command, entropy)
    instance = instance_of(program, command)
    ready = stamped(program, command, clock, entropy)
    return Request(program, ready, instance, life, members_of(ready))


def filled(program: Program, command: Command, entropy: Entropy) -> Command:
    """The command with what chance fills in before it is known what it is about, and its key.

    Raises:
        InvalidMessage: a field that cannot be.
    """
    with _said(program, command):
        if command.key != "":
            check_id(command.key, "key")
        form_of(type(command)).check(command)
    key = command.key or entropy.key()
    seed = hashlib.sha256(entropy.seed(key).encode()).digest()
    full: Command = program.mechanic.filled(structs.replace(command, key=key), seed)
    return full


def check_kind(program: Program, command: Command) -> None:
    """Check that a game has such commands, for those who send them.

    Raises:
        InvalidMessage: a command of another game, or the clock's, from somebody else.
    """
    mechanic = program.mechanic
    cast = mechanic.casts.get(type(command))
    if cast is None:
        kinds = ", ".join(sorted(kind.__name__ for kind in mechanic.casts))
        raise InvalidMessage(
            f"{program.name}: {type(command).__name__} is no command of {mechanic.kind}; "
            f"choose from: {kinds}"
        )
    if not cast and command.by != BY_CLOCK:
        raise InvalidMessage(
            f"{program.name}: {type(command).__name__}: by: only the clock does that, "
            f"not {shown(command.by)}; leave it out"
        )


def instance_of(program: Program, command: Command) -> str:
    """The id of what a command is about; this one and the command's fields are checked.

    Raises:
        InvalidMessage: an id that cannot be, or a field that holds what it must not.
        CurrencyMismatch: an amount in another currency than the campaign's.
    """
    instance: str = program.mechanic.instance(command)
    form = form_of(type(command))
    if not form.fits(command, instance):
        with _said(program, command):
            _check_ids(program, command, instance)
            form.check(command)
    for field in form.amounts:
        value = getattr(command, field)
        if value is not None and value.currency != program.currency:
            raise CurrencyMismatch(
                f"{program.name}: {type(command).__name__}: {field}: {value} is not in "
                f"{program.currency}; convert it, or run a campaign in that currency"
            )
    return instance


def stamped(program: Program, command: Command, clock: Clock, entropy: Entropy) -> Command:
    """The command with its time in UTC, a key, and dice of ours whatever the client sent.

    Raises:
        NaiveTime: a time without a zone.
        InvalidMessage: what is no time, or one beyond the calendar.
    """
    key = command.key or entropy.key()
    at = command.at
    if at is UNSTAMPED:
        at = clock.now()
    if type(at) is not datetime:
        try:  # pandas and pendulum have classes of their own, which nothing would write
            at = datetime.combine(at.date(), at.timetz())
        except (AttributeError, TypeError, ValueError):
            raise InvalidMessage(
                f"{program.name}: {type(command).__name__}: at: {shown(at)} is no time; give a "
                "datetime with a zone"
            ) from None
    if at.tzinfo is not UTC:
        at = aware(at)
    if not TOO_EARLY.year <= at.year < TOO_LATE.year:
        raise InvalidMessage(
            f"{program.name}: {type(command).__name__}: at: {at.isoformat()} is not between "
            f"{TOO_EARLY:%Y-%m-%d} and {TOO_LATE:%Y-%m-%d}; give the moment it happened"
        )
    seed = entropy.seed(key) if _draws(program, command) else ""
    if key is command.key and at is command.at and seed == command.entropy:
        return command
    return structs.replace(command, key=key, at=at, entropy=seed)


def _draws(program: Program, command: Command) -> bool:
    """Whether it may need dice; who comes upon an end brings them for the clock."""
    mechanic = program.mechanic
    return mechanic.ends_by_chance or (mechanic.chance and command.by != BY_CLOCK)


def with_dice(request: Request, entropy: Entropy) -> Request:
    """The clock's command with dice, where the game may draw at its end."""
    command = request.command
    if not _draws(request.program, command):
        return request
    return structs.replace(
        request, command=structs.replace(command, entropy=entropy.seed(command.key))
    )


@contextmanager
def _said(program: Program, command: Command) -> Generator[None]:
    """Say of what is wrong with a field which command of which campaign that is."""
    try:
        yield
    except (InvalidMessage, InvalidValue) as error:
        raise InvalidMessage(
            f"{program.name}: {type(command).__name__}: {error.message}"
        ) from None


def _check_ids(program: Program, command: Command, instance: str) -> None:
    by, key = command.by, command.key
    check_id(instance, program.mechanic.scope)
    for name, text in (("by", by), ("key", key)):
        if type(text) is not str:  # nothing checks what Python code puts into a message
            check_id(text, name)
    if is_gone(by):
        raise InvalidMessage(f"by: {by!r:.60} stands for somebody who was forgotten")
    if by != BY_CLOCK:
        check_id(by, "by")
    elif program.mechanic.casts[type(command)]:
        raise InvalidMessage(f"by: {BY_CLOCK!r} is no member")
    if key.startswith(CLOCK_KEYS):  # longer than an id may be
        if by != BY_CLOCK or not is_deadline_key(key, instance, command.at):
            raise InvalidMessage(f"key: {key!r:.60} is the clock's; give another")
    elif key:
        check_id(key, "key")


def aware(at: datetime) -> datetime:
    """The same moment in UTC.

    Raises:
        NaiveTime: it has no zone.
    """
    if at.tzinfo is None or at.utcoffset() is None:
        raise NaiveTime(f"at: {at.isoformat()} has no zone; say which, as in ...+08:00")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise InvalidMessage(
            f"at: {at.isoformat()} is at the end of the calendar; give the moment it happened"
        ) from None
