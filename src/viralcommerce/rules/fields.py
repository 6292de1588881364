"""The field types of rules: how an operator writes an amount, a percent, a span, a time, a count.

In Python each is the value itself; in JSON it is the one readable form: ``"CNY 60.00"``, ``"5%"``,
``"48 hours"``, ``"2026-11-11T00:00:00+08:00"``. A float is refused by type, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import core_schema

from viralcommerce.errors import InvalidValue, NaiveTime
from viralcommerce.values.money import Money
from viralcommerce.values.percent import Percent
from viralcommerce.values.spans import read_span, write_span
from viralcommerce.values.windows import ALWAYS, Window
from viralcommerce.values.zones import zone

NEVER: Final = timedelta(0)
"""The span of what never ends, where a rule says so."""
LONGEST_SPAN: Final = timedelta(days=36_525)
"""A hundred years: longer than any campaign, and short of the end of every calendar."""


class Written:
    """Marks a field whose Python value is written to JSON as one string.

    Args:
        of: the class of the Python value.
        read: from the string; raises `InvalidValue`.
        write: to the string; ``read(write(x)) == x``.
        schema: the JSON Schema of the string.
    """

    def __init__(
        self,
        of: type,
        read: Callable[[str], Any],
        write: Callable[[Any], str],
        schema: dict[str, Any],
    ) -> None:
        self.of, self.read, self.write, self.schema = of, read, write, schema

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        def validate(value: object) -> Any:
            if isinstance(value, self.of):
                return value
            if isinstance(value, str):
                return self.read(value)
            noun = self.of.__name__.lower()
            if isinstance(value, float):
                raise ValueError(f"{value!r} is a float; give an exact {noun}")
            raise ValueError(f"expected a {noun}, not {value!r:.60}")

        return core_schema.no_info_plain_validator_function(
            validate,
            serialization=core_schema.plain_serializer_function_ser_schema(self.write),
            metadata={"pydantic_js_functions": [lambda _schema, _handler: dict(self.schema)]},
        )


def _read_time(text: object) -> datetime:
    if isinstance(text, datetime):
        return _aware(text)
    try:
        value = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise InvalidValue(
            f"{text!r:.60} is no time; write it like 2026-11-11T00:00:00+08:00"
        ) from None
    return _aware(value)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None or value.utcoffset() is None:
        raise NaiveTime(
            f"{value.isoformat()} has no zone; say which, as in 2026-11-11T00:00:00+08:00"
        )
    return value


class _AwareTime(Written):
    """A time as an operator writes it: naive ones are refused on the way in, however they come."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(
            _aware, super().__get_pydantic_core_schema__(source, handler)
        )


def _within_reach(span: timedelta) -> timedelta:
    if not timedelta(0) <= span <= LONGEST_SPAN:
        raise InvalidValue(
            f"{span} is not a span of 0 to {LONGEST_SPAN.days:,} days; give another"
        )
    return span


def _zone_name(name: str) -> str:
    return zone(name).name


def _read_window(value: object) -> object:
    if value == "always":
        return ALWAYS
    if isinstance(value, Mapping):
        unknown = sorted(set(value) - {"opens", "closes"})
        if unknown or not value:
            raise ValueError(f"a window has 'opens' and 'closes', not {unknown or 'nothing'}")
        opens = _read_time(value["opens"]) if "opens" in value else ALWAYS.opens
        closes = _read_time(value["closes"]) if "closes" in value else ALWAYS.closes
        return Window(opens, closes)
    if isinstance(value, Window):
        return value
    raise ValueError(f"expected a window, not {value!r:.60}")


def write_window(window: Window) -> str | dict[str, str]:
    """A window as JSON has it: an end that is open is left out."""
    if window == ALWAYS:
        return "always"
    written: dict[str, str] = {}
    if window.opens != ALWAYS.opens:
        written["opens"] = window.opens.isoformat()
    if window.closes != ALWAYS.closes:
        written["closes"] = window.closes.isoformat()
    return written


_SPAN_PATTERN: Final = (
    r"^(?=[0-9])([0-9]+ days?)?( ?[0-9]+ hours?)?( ?[0-9]+ minutes?)?"
    r"( ?[0-9]+(\.[0-9]{1,6})? seconds?)?$"
)
_TIME_SCHEMA: Final = {
    "type": "string",
    "format": "date-time",
    "pattern": "^.{8,10}[Tt ].*(Z|[+-][0-9]{2}(:?[0-9]{2}(:?[0-9]{2}([.][0-9]+)?)?)?)$",
    "x-unit": "a time with its zone",
    "examples": ["2026-11-11T00:00:00+08:00"],
}

MoneyField = Annotated[
    Money,
    Written(
        Money,
        Money.parse,
        str,
        {
            "type": "string",
            "pattern": r"^[A-Z]{3} [0-9]+(\.[0-9]+)?$",
            "x-unit": "money: an ISO 4217 code and an amount in major units",
            "examples": ["CNY 60.00"],
        },
    ),
]
PercentField = Annotated[
    Percent,
    Written(
        Percent,
        Percent.parse,
        str,
        {
            "type": "string",
            "pattern": r"^[0-9]+(\.[0-9]+)?%$|^[0-9]+/[0-9]+$",
            "x-unit": "percent, or a fraction of the whole",
            "examples": ["5%", "1/3"],
        },
    ),
]
SpanField = Annotated[
    timedelta,
    Written(
        timedelta,
        read_span,
        write_span,
        {
            "type": "string",
            "pattern": _SPAN_PATTERN,
            "x-unit": "a length of time in words; a day is 24 hours",
            "examples": ["48 hours", "7 days"],
        },
    ),
    AfterValidator(_within_reach),
]
"""A length of time, from nothing up to `LONGEST_SPAN`."""
TimeField = Annotated[
    datetime,
    _AwareTime(datetime, _read_time, datetime.isoformat, _TIME_SCHEMA),
]
Count = Annotated[int, Field(strict=True, ge=1)]
"""A whole number of things, at least one."""
Name = Annotated[str, Field(strict=True, pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
"""A stable name in lower case: letters, digits, dots, dashes and underscores, 1 to 63 long."""
ZoneField = Annotated[
    str,
    AfterValidator(_zone_name),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[A-Za-z0-9_+/-]+$",
            "x-unit": "the IANA name of a time zone",
            "examples": ["Asia/Shanghai"],
        }
    ),
]
"""The IANA name of a time zone."""
WindowField = Annotated[
    Window,
    BeforeValidator(_read_window),
    PlainSerializer(write_window),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "always"},
                {
                    "type": "object",
                    "properties": {
                        "opens": _TIME_SCHEMA,
                        "closes": _TIME_SCHEMA,
                    },
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ]
        }
    ),
]
"""Half-open ``[opens, closes)``; ``"always"``; an end left out is open."""
