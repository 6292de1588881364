"""Event files: one command a line, as a log has it, with its key, its time and what was known.

::

    {"about": {"title": "...", "source": "...", "license": "...", "notes": ["..."]}}
    {"key": "1", "at": "2025-11-11T08:00:00+08:00",
     "command": {"kind": "grab", "pack": "p1", "by": "bob"},
     "facts": {"bob": {"paid_orders": 0, "devices": ["d7"]}}}

The first line may say what the log is; ``facts`` are what the shop would have answered about
members for this very command, and are needed only where a condition asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, NoReturn

import msgspec
from msgspec import Struct, structs

from viralcommerce.campaign import Campaign
from viralcommerce.cli.lines import Damage, LogFile, Text
from viralcommerce.codec import error_text
from viralcommerce.errors import (
    InexactNumber,
    InvalidMessage,
    InvalidRule,
    MembersFailed,
    ViralCommerceError,
)
from viralcommerce.messages import BY_CLOCK, Command, snake
from viralcommerce.program import Program
from viralcommerce.rules.facts import FactKind, Known, read_facts
from viralcommerce.rules.needs import kinds_asked
from viralcommerce.runtime.ports import Entropy
from viralcommerce.runtime.request import CLOCK_KEYS
from viralcommerce.runtime.stamping import filled
from viralcommerce.values.ids import check_id

Told = Mapping[str, Mapping[str, object]]
"""What a line tells of members: by member, then by fact."""
YEARS: Final = range(1970, 3000)
"""When events may have happened."""
_OURS: Final = frozenset({"at", "entropy", "key"})
"""The fields of a command that a line gives beside it, or that are not the log's to give."""


class About(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a log says of itself, in its first line; reports repeat it.

    Args:
        title: in a few words.
        source: where it comes from.
        license: under which it may be used.
        notes: what a reader of a report must know, such as which parts are made up.
    """

    title: str = ""
    source: str = ""
    license: str = ""
    notes: tuple[str, ...] = ()


class Event(Struct, frozen=True):
    """A command of the log, with its key and time, at its line.

    Args:
        number: of the line.
        command: what somebody wanted.
        instance: the pack, ask or order it is about.
        told: facts about members, for this command.
    """

    number: int
    command: Command
    instance: str
    told: Told


class _First(Struct, frozen=True, forbid_unknown_fields=True):
    about: About


class EventFile:
    """The events of one log for one campaign, read in order.

    Args:
        log: the file.
        campaign: whose commands it holds.
        entropy: the shop's, for games in which chance decides what a command is about.

    Raises:
        InvalidRule: its conditions ask one fact as two different things.
    """

    def __init__(self, log: LogFile, campaign: Campaign, entropy: Entropy) -> None:
        self.log = log
        self.about = About()
        self._mechanic = campaign.mechanic
        self._program = Program(campaign)
        self._entropy = entropy
        self._kinds = fact_kinds(campaign)
        casts = campaign.mechanic.casts
        self._known_kinds = {snake(kind.__name__) for kind in casts}
        self._choices = ", ".join(sorted(snake(k.__name__) for k, roles in casts.items() if roles))
        self._decoder = _decoder(campaign.mechanic.command_types)
        self._filled_in = {
            kind: tuple(
                (field.name, field.default)
                for field in structs.fields(kind)
                if field.name in kind.stamps - _OURS
            )
            for kind in casts
        }

    def __iter__(self) -> Iterator[Event | Damage]:
        """Each event, or what is wrong with its line; nothing is remembered of earlier ones."""
        for line in self.log:
            if isinstance(line, Damage):
                yield line
                continue
            if line.number == 1 and b'"about"' in line.data:
                damage = self._read_about(line)
                if damage is not None:
                    yield damage
                continue
            try:
                yield self._read(line)
            except ViralCommerceError as error:
                yield Damage(line.number, error.message)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                yield Damage(line.number, self._explain(line, error))

    def _read(self, line: Text) -> Event:
        found = self._decoder.decode(line.data)
        command: Command = found.command
        at: datetime = found.at
        if at.year not in YEARS:
            raise InvalidMessage(
                f"at: {at.isoformat()} is not between {YEARS.start} and {YEARS.stop}; "
                "give the time at which it happened"
            )
        if not self._mechanic.casts[type(command)] or command.by == BY_CLOCK:
            raise InvalidMessage(
                f"command: {snake(type(command).__name__)!r} is the clock's, and run acts on "
                f"deadlines by itself; leave the line out (members' kinds: {self._choices})"
            )
        if command.key or command.entropy or command.at.year < YEARS.stop:
            raise InvalidMessage(
                "command: its key and time stand beside it, in the line, and it has no entropy; "
                "take them out of the command"
            )
        self._check_stamps(command)
        check_id(found.key, "key")
        if found.key.startswith(CLOCK_KEYS):
            raise InvalidMessage(f"key: {found.key!r:.60} is the clock's; give another")
        check_id(command.by, "command.by")
        command = structs.replace(command, key=found.key, at=at)
        command = filled(self._program, command, self._entropy)
        instance = check_id(self._mechanic.instance(command), f"command.{self._mechanic.scope}")
        told = found.facts
        return Event(line.number, command, instance, self._known(told) if told else told)

    def _check_stamps(self, command: Command) -> None:
        """What a shop fills in is not the log's to give."""
        for name, empty in self._filled_in[type(command)]:
            if getattr(command, name) != empty:
                raise InvalidMessage(
                    f"command.{name}: the shop fills that in; take it out of the command"
                )

    def _known(self, told: Told) -> Told:
        known: dict[str, dict[str, object]] = {}
        for member, facts in told.items():
            check_id(member, "facts")
            try:
                known[member] = read_facts(facts, self._kinds, who=member)
                for fact, kind in self._kinds.items():
                    if known[member].get(fact) is not None:
                        Known(known, "").of_kind(kind, member, fact)
            except MembersFailed as error:
                raise InvalidMessage(error.message.replace("members: ", "facts: ", 1)) from None
        return known

    def _read_about(self, line: Text) -> Damage | None:
        try:
            self.about = msgspec.json.decode(line.data, type=_First).about
        except (msgspec.MsgspecError, RecursionError) as error:
            return Damage(line.number, self._explain(line, error))
        return None

    def _explain(self, line: Text, error: Exception) -> str:
        """What is wrong with a line that could not be read; slow, and only asked then."""
        if b"\x00" in line.data:
            return "it has NUL bytes, so the file is damaged or not text; fetch it again"
        try:
            data = json.loads(line.data)
        except UnicodeDecodeError as broken:
            return f"not UTF-8 ({broken.reason} at byte {broken.start}); save the file as UTF-8"
        except RecursionError:
            return "nested too deeply to be an event; correct the line"
        except ValueError as broken:
            if not line.ended:
                return "cut off in the middle; run again when the line is complete"
            return f"not JSON ({broken}); give one object a line"
        if not isinstance(data, dict):
            return f"expected an object with key, at and command, not {str(data)!r:.40}"
        if "key" not in data:
            return "the key is missing; give each event one of its own, such as its id in the log"
        return self._explain_fields(data, error)

    def _explain_fields(self, data: dict[str, Any], error: Exception) -> str:
        at, command = data.get("at"), data.get("command")
        if "at" not in data:
            return "the time is missing; give at, as in 2025-11-11T08:00:00+08:00"
        if isinstance(at, str) and _is_naive(at):
            return f"at: {at} has no zone; say which, as in {at}+08:00"
        if isinstance(command, dict):
            kind = command.get("kind")
            if "kind" not in command:
                return f"command: the kind is missing; choose from: {self._choices}"
            if kind not in self._known_kinds:
                return f"command: unknown kind {kind!r:.40}; choose from: {self._choices}"
        if isinstance(error, msgspec.MsgspecError):
            return f"{error_text(error)}; correct the line"
        return f"{error}; correct the line"


def fact_kinds(campaign: Campaign) -> dict[str, FactKind]:
    """What each fact that the campaign's conditions ask must look like, whoever it is about.

    Raises:
        InvalidRule: two conditions ask one fact as two different things.
    """
    asked: dict[str, FactKind] = {}
    conditions = [campaign.given, *(grant.given for _, grant in campaign.every_grant())]
    for condition in conditions:
        if condition is None:
            continue
        for kinds in kinds_asked(condition, "").values():
            for fact, kind in kinds.items():
                if asked.setdefault(fact, kind) is not kind:
                    raise InvalidRule(
                        f"{campaign.name}: {fact} is asked as {asked[fact]} and as {kind}; a log "
                        "can tell one of them only"
                    )
    return asked


def _decoder(commands: object) -> msgspec.json.Decoder[Any]:
    moment = Annotated[datetime, msgspec.Meta(tz=True)]
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("key", str),
        ("at", moment),
        ("command", commands),
        ("facts", dict[str, dict[str, Any]], msgspec.field(default_factory=dict)),
    ]
    line = msgspec.defstruct("EventLine", fields, forbid_unknown_fields=True)
    return msgspec.json.Decoder(line, float_hook=_refuse_float)


def _refuse_float(text: str) -> NoReturn:
    raise InexactNumber(
        f"facts: {text} is a float; write amounts like 'CNY 7.41' and numbers like '7.5'"
    )


def _is_naive(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False
