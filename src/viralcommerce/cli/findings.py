"""Findings: what doctor looked at, and what every store is looked at for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from viralcommerce.runtime.outbox import Backlog

State = Literal["ok", "mind", "bad"]

_AHEAD: Final = timedelta(minutes=1)
_STALE: Final = timedelta(hours=1)


class Finding(Struct, frozen=True):
    """One thing looked at: well, to be minded, or bad, and what was found."""

    about: str
    state: State
    found: str


def journal(decisions: str, last: datetime) -> Finding:
    """How long the journal is, and whether it ends in the future."""
    ahead = last > datetime.now(UTC) + _AHEAD
    advice = "; that is ahead of this machine's clock" if ahead else ""
    said = f"{decisions} decisions, the last at {last:%Y-%m-%d %H:%M:%S} UTC{advice}"
    return Finding("journal", "mind" if ahead else "ok", said)


def deadlines(overdue: int) -> Finding:
    """How many instances are to be ended."""
    advice = "; run tick" if overdue else ""
    return Finding("deadlines", "mind" if overdue else "ok", f"{overdue:,} overdue{advice}")


def outbox(backlog: Backlog) -> Iterator[Finding]:
    """What waits to be delivered, and what is set aside."""
    depth, oldest = backlog.depth, backlog.oldest
    age = timedelta(0) if oldest is None else max(datetime.now(UTC) - oldest, timedelta(0))
    said = f"{depth:,} awards wait to be delivered"
    if oldest is not None:
        said += f", the oldest for {age_of(age)}; the shop's deliver() hands them out"
    yield Finding("outbox", "mind" if age > _STALE else "ok", said)
    aside = f"{backlog.poisoned:,} awards are set aside after too many tries"
    if backlog.poisoned:
        aside += "; see why with the shop's views.poisoned(), then retry() them"
    yield Finding("poisoned", "mind" if backlog.poisoned else "ok", aside)


def age_of(age: timedelta) -> str:
    """How long, as people say it: ``3 h``."""
    seconds = age.total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def bytes_of(count: float) -> str:
    """A size as people read it: ``1.4 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
