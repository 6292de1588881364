"""Names of schemas that need no quotes."""

from __future__ import annotations

import re
from typing import Final

from viralcommerce.errors import InvalidValue

_WORDS: Final = (
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast "
    "check collate collation column concurrently constraint create cross current_catalog "
    "current_date current_role current_schema current_time current_timestamp current_user "
    "default deferrable desc distinct do else end except false fetch for foreign freeze from "
    "full grant group having ilike in initially inner intersect into is isnull join lateral "
    "leading left like limit localtime localtimestamp natural not notnull null offset on only "
    "or order outer overlaps placing primary references returning right select session_user "
    "similar some symmetric system_user table tablesample then to trailing true union unique "
    "user using variadic verbose when where window with"
)
RESERVED: Final = frozenset(_WORDS.split())
"""Words that PostgreSQL takes for its own (categories R and T of ``pg_get_keywords()``)."""


def checked_schema(schema: str) -> str:
    """A name that needs no quotes.

    Raises:
        InvalidValue: it needs quotes, or is kept for the server's own schemas.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema):
        raise InvalidValue(
            f"schema: {schema!r} is no plain name; use lowercase letters, digits and _",
            schema=schema,
        )
    if schema in RESERVED or schema.startswith("pg_"):
        raise InvalidValue(
            f"schema: {schema!r} is a word of PostgreSQL's own; choose another name, as in "
            f"'shop_{schema}'",
            schema=schema,
        )
    return schema
