"""The codec: campaigns and messages to JSON and back. The one module that knows both worlds.

Campaigns are read with a closed mapping of kinds, `KINDS`; a third party passes a larger one,
``Codec(KINDS | {"my_rule": MyRule})``. Nothing in JSON is ever imported, executed or looked up by
dotted name.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from viralcommerce.campaign import Campaign
from viralcommerce.decider import AnyMechanic
from viralcommerce.errors import InvalidMessage, InvalidRule
from viralcommerce.mechanics.collect import Collect
from viralcommerce.mechanics.coupon_pack import CouponPack
from viralcommerce.messages import Accepted, Command, Refused, State
from viralcommerce.refusals import CommonRefusal
from viralcommerce.rules.base import Kinds, Rule, dump, load
from viralcommerce.rules.conditions import CONDITIONS
from viralcommerce.rules.grants import BestOf, Grant
from viralcommerce.rules.limits import Cap, Limit
from viralcommerce.rules.rewards import (
    Cash,
    Coupon,
    Credit,
    Entry,
    Points,
    Product,
    Right,
    Title,
)
from viralcommerce.rules.splits import SPLITS

_RULES: Final[tuple[type[Rule], ...]] = (
    Campaign,
    CouponPack,
    Collect,
    Grant,
    BestOf,
    Limit,
    Cap,
    Coupon,
    Credit,
    Cash,
    Points,
    Product,
    Right,
    Entry,
    Title,
    *CONDITIONS,
    *SPLITS,
)
KINDS: Final[Kinds] = MappingProxyType({cls.kind: cls for cls in _RULES})
"""Every kind of rule that ships with the library, by the name it has in JSON."""


class Codec:
    """Reads and writes campaigns.

    Args:
        kinds: the closed mapping of kind to rule class.
    """

    def __init__(self, kinds: Kinds = KINDS) -> None:
        self.kinds = kinds

    def campaign_json(self, campaign: Campaign) -> bytes:
        """The canonical JSON of a campaign: sorted keys, no blanks, UTF-8."""
        text = json.dumps(
            dump(campaign), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return text.encode()

    def read_campaign(self, text: bytes | str, where: str = "campaign") -> Campaign:
        """Read a campaign an operator wrote.

        Args:
            text: JSON.
            where: the file or place to name in errors.

        Raises:
            InvalidRule: not JSON, or a campaign that cannot be; says where, what and the choices.
        """
        try:
            data = json.loads(text, parse_float=_refuse_float)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise InvalidRule(f"{where}: not JSON: {error}; give one campaign object") from None
        except InvalidRule as error:
            raise InvalidRule(f"{where}: {error.message}") from None
        try:
            return load(data, Campaign, self.kinds)
        except InvalidRule as error:
            raise InvalidRule(f"{where}: {error.message}", **error.operands) from None


def _refuse_float(text: str) -> float:
    raise InvalidRule(
        f"{text} is a float; write amounts like 'CNY 7.41' and percentages like '7.5%'"
    )


class Messages:
    """Reads the messages of one mechanic; made once a class, see `messages_of`."""

    def __init__(self, mechanic: type[AnyMechanic]) -> None:
        commands: Any = mechanic.command_types
        events: Any = mechanic.event_types
        refusals: Any = mechanic.refusal_types | CommonRefusal
        states: Any = mechanic.state_types
        self._command = msgspec.json.Decoder(commands)
        self._state = msgspec.json.Decoder(states)
        self._decision = msgspec.json.Decoder(
            Accepted[commands, events] | Refused[commands, refusals]
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
        """Read a state the library wrote."""
        state: State = self._state.decode(text)
        return state

    def decision(self, text: bytes) -> Any:
        """Read a journal entry the library wrote."""
        return self._decision.decode(text)


def error_text(error: Exception) -> str:
    """What msgspec says, in the house's manner: lowercase, the place without its ``$``."""
    text = str(error).replace("`$.", "`").replace(" - at `$`", "")
    return text[:1].lower() + text[1:]


@functools.cache
def messages_of(mechanic: type[AnyMechanic]) -> Messages:
    """The message codec of a mechanic's class."""
    return Messages(mechanic)


_encoder = msgspec.json.Encoder(order="deterministic")


def encode(message: object) -> bytes:
    """Any message as JSON."""
    return _encoder.encode(message)


def as_data(message: object) -> Mapping[str, Any]:
    """Any message as plain JSON data."""
    data: Mapping[str, Any] = msgspec.to_builtins(message)
    return data
