"""The codec: campaigns and messages to JSON and back. The one module that knows both worlds.

Campaigns are read with a closed mapping of kinds, `KINDS`; a third party passes a larger one,
``Codec(KINDS | {"my_rule": MyRule})``. Nothing in JSON is ever imported, executed or looked up by
dotted name.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from viralcommerce.campaign import Campaign
from viralcommerce.decider import AnyMechanic
from viralcommerce.errors import InvalidMessage, InvalidRule, StoreCorrupt
from viralcommerce.kinds import KINDS
from viralcommerce.messages import (
    Accepted,
    AwardReversed,
    Command,
    Refused,
    ReverseAward,
    State,
)
from viralcommerce.refusals import CommonRefusal
from viralcommerce.rules.base import Kinds, Rule, dump, load

MOST_BYTES: Final = 1_000_000
"""The most bytes a campaign may be written in; a hundred grants take some thirty thousand."""
_MOST_DEPTH: Final = 64
_MOST_DIGITS: Final = 20
_HALF_A_CHARACTER: Final = "[\ud800-\udfff]"


class Codec:
    """Reads and writes campaigns.

    Args:
        kinds: the closed mapping of kind to rule class.

    Raises:
        InvalidRule: a class stands under another name than the kind it is written with.

    Laws:
        Round trip: ``read_campaign(campaign_json(c))`` is equal to c, and so is its hash.
        Hostile: whatever the bytes, `read_campaign` gives a campaign or raises `InvalidRule`.
    """

    def __init__(self, kinds: Kinds = KINDS) -> None:
        for kind, rule in kinds.items():
            if rule.kind != kind:
                raise InvalidRule(
                    f"codec: {rule.__name__} stands under {kind!r} but is written as "
                    f"{rule.kind!r}; give it under that name"
                )
        self.kinds = kinds

    def campaign_json(self, campaign: Campaign) -> bytes:
        """The canonical JSON of a campaign: sorted keys, no blanks, UTF-8.

        Raises:
            InvalidRule: it has rules of a kind that this codec could not read back.
        """
        for rule in _rules_in(campaign):
            if self.kinds.get(rule.kind) is not type(rule):
                raise InvalidRule(
                    f"{campaign.name}: this codec does not know {type(rule).__name__} as "
                    f"{rule.kind!r}; make it Codec(KINDS | {{{rule.kind!r}: ...}})"
                )
        text = json.dumps(
            dump(campaign), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return text.encode()

    def read_campaign(self, text: bytes | str, where: str = "campaign") -> Campaign:
        """Read a campaign an operator wrote.

        Args:
            text: JSON, in UTF-8.
            where: the file or place to name in errors.

        Raises:
            InvalidRule: not JSON, or a campaign that cannot be; says where, what and the choices.
        """
        try:
            return load(_plain_data(text), Campaign, self.kinds)
        except InvalidRule as error:
            raise InvalidRule(f"{where}: {error.message}", **error.operands) from None


def _rules_in(rule: Rule) -> Iterator[Rule]:
    """A rule, and every rule in its fields."""
    yield rule
    for field in dataclasses.fields(rule):  # type: ignore[arg-type]
        value = getattr(rule, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Rule):
                yield from _rules_in(each)


def _plain_data(text: bytes | str) -> object:
    """JSON from outside, as data that nothing further on can trip over."""
    if len(text) > MOST_BYTES:
        raise InvalidRule(
            f"longer than {MOST_BYTES} bytes; a campaign is written in a few thousand"
        )
    try:
        said = text.decode() if isinstance(text, bytes) else text
        data: object = json.loads(
            said.removeprefix("\ufeff"),
            parse_float=_refuse_float,
            parse_int=_whole,
            parse_constant=_refuse_float,
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError as error:
        place = f"{error.reason} at byte {error.start}"
        raise InvalidRule(f"not JSON: not UTF-8 ({place}); save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise InvalidRule(f"not JSON: {error}; give one campaign object") from None
    except RecursionError:
        raise _too_deep() from None
    level = [data]
    for _ in range(_MOST_DEPTH):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return data
    raise _too_deep()


def _too_deep() -> InvalidRule:
    return InvalidRule(f"nested too deeply, more than {_MOST_DEPTH} levels; write it flatter")


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, list):
        return value
    if isinstance(value, str) and re.search(_HALF_A_CHARACTER, value):
        raise InvalidRule(f"{value!r:.60} has half a character (a lone surrogate); write it anew")
    return ()


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidRule(f"{twice!r:.60} is said twice in one object; say it once")
    return found


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise InvalidRule(
            f"{text:.24}... has more than {_MOST_DIGITS} digits; no count is so large"
        )
    return int(text)


def _refuse_float(text: str) -> float:
    raise InvalidRule(
        f"{text:.40} is a float; write amounts like 'CNY 7.41' and percentages like '7.5%'"
    )


class Messages:
    """Reads the messages of one mechanic; made once a class, see `messages_of`."""

    def __init__(self, mechanic: type[AnyMechanic]) -> None:
        self._kind = mechanic.kind
        commands: Any = mechanic.command_types
        events: Any = mechanic.event_types
        refusals: Any = mechanic.refusal_types | CommonRefusal
        states: Any = mechanic.state_types
        self._command = msgspec.json.Decoder(commands)
        self._state = msgspec.json.Decoder(states)
        wishes: Any = commands | ReverseAward
        happened: Any = events | AwardReversed
        self._decision = msgspec.json.Decoder(
            Accepted[wishes, happened] | Refused[wishes, refusals]
        )

    def command(self, text: bytes | str) -> Command:
        """Read a command.

        Raises:
            InvalidMessage: an unknown kind, a missing or unknown field, a value of the wrong type.
        """
        try:
            command: Command = self._command.decode(text)
        except msgspec.MsgspecError as error:
            raise InvalidMessage(f"command: {error_text(error)}") from None
        return command

    def state(self, text: bytes) -> State:
        """Read a state the library wrote.

        Raises:
            StoreCorrupt: it is none of this mechanic.
        """
        try:
            state: State = self._state.decode(text)
        except msgspec.MsgspecError as error:
            raise StoreCorrupt(
                f"cell: a state that is none of {self._kind}: {error_text(error)}; restore it "
                "from a copy"
            ) from error
        return state

    def decision(self, text: bytes) -> Any:
        """Read a journal entry the library wrote.

        Raises:
            StoreCorrupt: it is none of this mechanic.
        """
        try:
            return self._decision.decode(text)
        except msgspec.MsgspecError as error:
            raise StoreCorrupt(
                f"journal: a decision that is none of {self._kind}: {error_text(error)}; was the "
                "campaign another game before? give the new one a name of its own"
            ) from error


def error_text(error: Exception) -> str:
    """What msgspec says, in the house's manner: lowercase, the place without its ``$``."""
    text = str(error).replace("`$.", "`").replace(" - at `$`", "")
    return text[:1].lower() + text[1:]


@functools.cache
def messages_of(mechanic: type[AnyMechanic]) -> Messages:
    """The message codec of a mechanic's class."""
    return Messages(mechanic)


_encoder = msgspec.json.Encoder()


def encode(message: object) -> bytes:
    """Any message as JSON."""
    return _encoder.encode(message)


def as_data(message: object) -> Mapping[str, Any]:
    """Any message as plain JSON data."""
    data: Mapping[str, Any] = msgspec.to_builtins(message)
    return data
