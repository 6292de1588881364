"""Following the journal: every committed line exactly once, whoever commits late.

A sequence number is no cursor: a transaction that drew a low number may commit after one that
drew a high number has been read. The cursor here is a ``pg_snapshot``: what is visible now and was
not visible then. The lines of one instance arrive in order; between instances no order is
promised.
"""

from __future__ import annotations

import re
from typing import Final, TypeVar

from msgspec import Struct

from viralcommerce.errors import InvalidValue
from viralcommerce.runtime.ports import Line
from viralcommerce.runtime.stores.postgres.statements import Step
from viralcommerce.runtime.stores.postgres.transactions import Script
from viralcommerce.runtime.stores.postgres.whole import Int8
from viralcommerce.runtime.stores.rows import LINE_COLUMNS, to_line

T = TypeVar("T")
NOTHING: Final = "1:1:"
"""The snapshot in which no transaction is visible."""
_CURSOR: Final = re.compile(r"(\d+:\d+:[\d,]*)(?:/(\d+:\d+:[\d,]*)/(\d+))?")


class Followed(Struct, frozen=True, gc=False):
    """What was committed since a cursor.

    Args:
        lines: in the order of their positions.
        cursor: where to go on; opaque text, to be kept with what was done with the lines.
        more: whether there is more already.
    """

    lines: tuple[Line, ...]
    cursor: str
    more: bool


class Follower:
    """Reads the journal by snapshots.

    Args:
        schema: that the tables lie in.
    """

    def __init__(self, schema: str) -> None:
        self._now = Step(b"select pg_current_snapshot()::text", answers=True)
        self._lines = (
            f"select {LINE_COLUMNS} from {schema}.journal "
            "where tx >= pg_snapshot_xmin(%s::text::pg_snapshot) "
            "and not pg_visible_in_snapshot(tx, %s::text::pg_snapshot) "
            "and pg_visible_in_snapshot(tx, %s::text::pg_snapshot) "
            "and position > %s and (%s = '' or campaign = %s) order by position limit %s"
        ).encode()

    def follow(self, after: str, campaign: str, limit: int) -> Script[Followed]:
        """The next lines after a cursor.

        Raises:
            InvalidValue: text that no call gave as a cursor.
        """
        since, until, position = _read(after)
        if not until:
            rows = yield [self._now]
            until = str(rows[0][0][0])
        values = (since, since, until, Int8(position), campaign, campaign, Int8(limit))
        rows = yield [Step(self._lines, values, answers=True)]
        lines = tuple(to_line(row) for row in rows[0])
        if len(lines) < limit:
            return Followed(lines, until, more=False)
        return Followed(lines, f"{since}/{until}/{lines[-1].position}", more=True)


def _read(cursor: str) -> tuple[str, str, int]:
    found = _CURSOR.fullmatch(cursor or NOTHING)
    if found is None:
        raise InvalidValue(
            f"follow: {cursor!r:.80} is no cursor of this journal; give one that follow returned"
        )
    since, until, position = found.groups()
    return since, until or "", int(position or 0)
