"""Instants: what has no zone, or no place in UTC's calendar, is refused where it comes in."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from viralcommerce.errors import InvalidValue, NaiveTime
from viralcommerce.values.instants import in_utc

NAIVE = datetime.fromisoformat("2026-11-11T00:00:00")


@pytest.mark.parametrize(
    ("moment", "kind", "said"),
    [
        (NAIVE, NaiveTime, r"^at: 2026-11-11T00:00:00 has no zone; say which"),
        ("2026-11-11", InvalidValue, r"^at: expected a datetime, not '2026-11-11' \(str\)"),
        (
            datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))),
            InvalidValue,
            r"^at: 0001-01-01T00:00:00\+08:00 is at the end of the calendar",
        ),
    ],
)
def test_what_is_no_instant(moment: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        in_utc(moment, "at")
