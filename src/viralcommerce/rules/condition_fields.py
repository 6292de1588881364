"""The field types that conditions share: roles, pairs of roles, texts, counts from zero."""

from __future__ import annotations

import functools
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from viralcommerce.errors import InvalidRule
from viralcommerce.values.ids import check_id

_ROLE = r"[a-z][a-z0-9_]{0,62}(\([1-9][0-9]{0,3}\))?"


def _plain(value: object) -> object:
    """A role constant as the plain text that it is."""
    return "".join(value) if isinstance(value, str) else value


def _two(pair: tuple[str, str]) -> tuple[str, str]:
    if pair[0] == pair[1]:
        raise InvalidRule(f"{pair[0]!r} is compared with itself; name two roles")
    return pair


def _in_order(value: object) -> object:
    """A set has no order; as a rule it is written in one."""
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else value


def _all_different(texts: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({text for text in texts if texts.count(text) > 1})
    if twice:
        raise InvalidRule(f"{twice[0]!r} is named twice; name each once")
    return texts


def _path(text: str) -> str:
    if "" in check_id(text, "region").split("/"):
        raise InvalidRule(f"region {text!r} has an empty step; write it like CN/31/Pudong")
    return text


RoleField = Annotated[
    str, BeforeValidator(_plain), Field(strict=True, pattern=f"^$|^{_ROLE}$", title="role")
]
"""A role of the mechanic; ``""`` is the one whom the condition is about anyway."""
NamedRole = Annotated[
    str, BeforeValidator(_plain), Field(strict=True, pattern=f"^{_ROLE}$", title="role")
]
"""A role of the mechanic."""
Pair = Annotated[tuple[NamedRole, NamedRole], AfterValidator(_two)]
"""Two different roles."""
CountFromZero = Annotated[int, Field(strict=True, ge=0)]
"""A whole number of things, or none."""
Label = Annotated[
    str,
    Field(strict=True),
    AfterValidator(functools.partial(check_id, what="name")),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200}),
]
"""What a host calls something: 1 to 200 visible characters."""
Texts = Annotated[
    tuple[Annotated[str, Field(strict=True, max_length=1_000)], ...],
    BeforeValidator(_in_order),
    Field(min_length=1),
    AfterValidator(_all_different),
]
"""One or more different texts."""
Regions = Annotated[
    tuple[Annotated[str, Field(strict=True), AfterValidator(_path)], ...],
    BeforeValidator(_in_order),
    Field(min_length=1),
    AfterValidator(_all_different),
]
"""One or more different places, each a path from the large to the small."""
