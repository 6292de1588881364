"""The JSON Schema of one rule class, as pydantic has it and as this library's JSON is.

The places of other rules are left open: ``{"x-family": "Reward"}``. Who knows all kinds puts them
in (`viralcommerce.readings.schema`).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from viralcommerce.rules.base import Rule, adapter, dump
from viralcommerce.rules.fields import write_window
from viralcommerce.rules.limits import Unlimited
from viralcommerce.values.spans import write_span
from viralcommerce.values.windows import Window

_ARGUMENT: Final = re.compile(r"^    (\w+): (.*(?:\n     .*)*)", re.MULTILINE)
_OF_ARRAYS: Final = {"minLength": "minItems", "maxLength": "maxItems"}


class _Generator(GenerateJsonSchema):
    """Writes defaults as this library writes them."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, Window):
            return write_window(dft)
        if isinstance(dft, timedelta):
            return write_span(dft)
        if isinstance(dft, Unlimited):
            return "unlimited"
        if isinstance(dft, Rule):
            return dump(dft)
        return super().encode_default(dft)


def schema_of(kind: type[Rule]) -> dict[str, object]:
    """The schema of a rule class: its kind first, and what its docstring says of each field.

    Example:
        >>> from viralcommerce.rules.membership import NewMember
        >>> found = schema_of(NewMember)
        >>> found["properties"]["kind"], found["required"], found["additionalProperties"]
        ({'const': 'new_member'}, ['kind'], False)
    """
    schema = adapter(kind).json_schema(ref_template="#/$defs/{model}", schema_generator=_Generator)
    schema = {name: _tidied(each) for name, each in schema.items()}
    about, said = _told(kind)
    properties = {"kind": {"const": kind.kind}, **schema.get("properties", {})}
    for name, text in said.items():
        if name in properties:
            properties[name] = {**properties[name], "description": text}
    schema["properties"] = properties
    schema["required"] = ["kind", *schema.get("required", ())]
    schema["description"] = about
    return schema


def _told(kind: type[Rule]) -> tuple[str, dict[str, str]]:
    """What the docstring of a class says of it, and of each of its arguments."""
    text = inspect.getdoc(kind) or ""
    about = " ".join(text.partition("\n\n")[0].split())
    section = text.partition("Args:\n")[2]
    arguments = re.split(r"\n(?=\S)", section, maxsplit=1)[0]
    return about, {name: " ".join(said.split()) for name, said in _ARGUMENT.findall(arguments)}


def _tidied(value: Any) -> Any:
    """Bounds on lists as lists have them (pydantic takes them for texts behind a validator)."""
    if isinstance(value, list):
        return [_tidied(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    array = value.get("type") == "array"
    return {
        _OF_ARRAYS.get(name, name) if array else name: _tidied(each)
        for name, each in value.items()
    }
