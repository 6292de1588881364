"""JSON Schema (draft 2020-12) of what the machine writes and reads: messages, and event files."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

import msgspec

from viralcommerce.decider import AnyMechanic
from viralcommerce.messages import Accepted, AwardReversed, Refused, ReverseAward
from viralcommerce.readings.schema import DRAFT, Schema
from viralcommerce.refusals import CommonRefusal

_TIME: Final = {
    "type": "string",
    "format": "date-time",
    "pattern": "(Z|[+-][0-9]{2}(:?[0-9]{2})?)$",
    "examples": ["2026-11-11T08:00:00+08:00"],
}
_NAMES: Final = {"type": "array", "items": {"type": "string", "minLength": 1}}
_FACTS: Final[Mapping[str, Schema]] = {
    "registered_at": {**_TIME, "description": "when the account was opened"},
    "paid_orders": {
        "type": "integer",
        "minimum": 0,
        "description": "orders paid and not refunded in full, before this one",
    },
    "tags": {**_NAMES, "description": "what the shop calls the member"},
    "region": {
        "type": "string",
        "minLength": 1,
        "examples": ["CN/31/Pudong"],
        "description": "a path from the large to the small",
    },
    "devices": {**_NAMES, "description": "devices the member has used"},
    "household": {"type": "string", "minLength": 1, "description": "who lives together"},
    "fingerprints": {**_NAMES, "description": "normalized marks of a person"},
    "spent": {
        "type": "string",
        "pattern": r"^[A-Z]{3} [0-9]+(\.[0-9]+)?$",
        "examples": ["CNY 60.00"],
        "description": "what was paid, less what was given back",
    },
    "fields": {"type": "object", "description": "custom fields, by the names conditions ask for"},
}


def message_schema(mechanic: type[AnyMechanic]) -> Schema:
    """The JSON Schema of a game's messages: one definition each for those that are read alone.

    Look under ``$defs`` for ``Command``, ``Event``, ``Refusal``, ``State`` and ``Decision``; the
    whole is valid for a command, and for a decision of the journal.

    Example:
        >>> from viralcommerce.mechanics.collect import Collect
        >>> found = message_schema(Collect)["$defs"]["Command"]
        >>> sorted(found["discriminator"]["mapping"])
        ['ask', 'expire', 'like', 'unlike']
    """
    commands: Any = mechanic.command_types
    events: Any = mechanic.event_types
    refusals: Any = mechanic.refusal_types | CommonRefusal
    states: Any = mechanic.state_types
    wishes: Any = commands | ReverseAward
    happened: Any = events | AwardReversed
    decisions: Any = Accepted[wishes, happened] | Refused[wishes, refusals]
    parts = {
        "Command": commands,
        "Event": happened,
        "Refusal": refusals,
        "State": states,
        "Decision": decisions,
    }
    found, components = msgspec.json.schema_components(
        tuple(parts.values()), ref_template="#/$defs/{name}"
    )
    renamed = {name: _short(name) for name in components}
    definitions = {renamed[name]: _pointing(each, renamed) for name, each in components.items()}
    definitions |= {
        name: _pointing(each, renamed) for name, each in zip(parts, found, strict=True)
    }
    return {
        "$schema": DRAFT,
        "title": f"Messages of {mechanic.kind}",
        "anyOf": [{"$ref": "#/$defs/Command"}, {"$ref": "#/$defs/Decision"}],
        "$defs": definitions,
    }


def event_file_schema(mechanic: type[AnyMechanic]) -> Schema:
    """The JSON Schema of one line of an event file, as ``viralcommerce run`` reads it.

    A line is a member's command with its key, its time and what was known; the clock's commands
    are not the log's to give. The first line may say what the log is (``about``).
    """
    commands: Any = mechanic.command_types
    given = tuple(kind for kind in get_args(commands) or (commands,) if mechanic.casts[kind])
    found, components = msgspec.json.schema_components(given, ref_template="#/$defs/{name}")
    definitions: Schema = {name: copy.deepcopy(each) for name, each in components.items()}
    for kind in given:
        for field in kind.stamps | {"key"}:
            definitions[kind.__name__]["properties"].pop(field, None)
    facts = {
        "type": "object",
        "properties": {name: {"anyOf": [each, {"type": "null"}]} for name, each in _FACTS.items()},
    }
    line = {
        "type": "object",
        "properties": {
            "key": {"type": "string", "minLength": 1, "maxLength": 200},
            "at": _TIME,
            "command": {"oneOf": list(found)},
            "facts": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Facts"}},
        },
        "required": ["key", "at", "command"],
        "additionalProperties": False,
    }
    text = {"type": "string"}
    about = {
        "type": "object",
        "properties": {
            "title": text,
            "source": text,
            "license": text,
            "notes": {"type": "array", "items": text},
        },
        "additionalProperties": False,
    }
    first = {
        "type": "object",
        "properties": {"about": about},
        "required": ["about"],
        "additionalProperties": False,
    }
    return {
        "$schema": DRAFT,
        "title": f"A line of an event file of {mechanic.kind}",
        "oneOf": [line, first],
        "$defs": definitions | {"Facts": facts},
    }


def _short(name: str) -> str:
    """``Accepted_Union_Share_Grab_…`` is ``Accepted``; others keep their names."""
    for decision in (Accepted, Refused):
        if name.startswith(f"{decision.__name__}_"):
            return decision.__name__
    return name


def _pointing(value: Any, renamed: Mapping[str, str]) -> Any:
    """A schema whose references use the new names."""
    if isinstance(value, str) and value.startswith("#/$defs/"):
        return f"#/$defs/{renamed.get(value.removeprefix('#/$defs/'), value[8:])}"
    if isinstance(value, Mapping):
        return {name: _pointing(each, renamed) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_pointing(each, renamed) for each in value]
    return value
