"""Tombstones on PostgreSQL: what units of work ask of them, within the trips they make anyhow."""

from __future__ import annotations

from typing import Final

from viralcommerce.runtime.erasure import SALT, Name, fingerprints
from viralcommerce.runtime.ports import Wanted
from viralcommerce.runtime.stores.postgres.statements import Part, Rows, Step

ERASURES: Final = "erasures"
"""What is changed by every erasure, so that no transaction with an older snapshot goes on."""


class Tombstones:
    """The tombstones of a schema, and the secret their fingerprints are made with, once known.

    Every answer says whether the secret still is the one that was asked with: one that was read in
    a host's transaction may have been rolled back with it. A store in which nobody was ever
    forgotten has none, and costs the look for one.

    Args:
        schema: that the tables lie in.
    """

    def __init__(self, schema: str) -> None:
        self._salt = ""
        self.seen = Step(
            f"select 1 from {schema}.meta where name = '{ERASURES}' and "
            "current_setting('transaction_isolation') <> 'read committed' for share".encode(),
            answers=True,
        )
        """A row in a transaction that reads as of its beginning; a serialization failure in one
        that cannot see who was forgotten since."""
        self._marks = (
            f"select m.value, m.value = %s, t.fingerprint from {schema}.meta m "
            f"left join {schema}.tombstones t on t.fingerprint = any(%b::text[]) "
            f"where m.name = '{SALT}'"
        ).encode()
        self._in_the_way = (
            f"select 1 from {schema}.meta m where m.name = '{SALT}' and (m.value <> %s or exists "
            f"(select 1 from {schema}.tombstones t where t.fingerprint = any(%b::text[])))"
        )
        self._beside = (
            "select (select array[m.value, (m.value = %s)::text] || array("
            f"select t.fingerprint from {schema}.tombstones t where t.fingerprint = "
            f"any(%b::text[])) from {schema}.meta m where m.name = '{SALT}'), "
        ).encode()

    def step(self, wanted: Wanted) -> Step:
        """What to ask together with what is locked."""
        return Step(self._marks, self._values(wanted), answers=True)

    def in_the_way(self, wanted: Wanted) -> Part:
        """A row if anybody was forgotten, or the secret is another."""
        return Part(self._in_the_way, self._values(wanted))

    def beside(self, step: Step, wanted: Wanted) -> Step:
        """The same as the first column of a statement that answers with one row."""
        sql = self._beside + step.sql.removeprefix(b"select ")
        return Step(sql, (*self._values(wanted), *step.values), answers=True)

    def apart(self, rows: Rows) -> tuple[Rows, Rows]:
        """The answer to `step`, and the other columns, of the row that `beside` answered with."""
        ((marks, *others),) = rows
        if marks is None:
            return [], [tuple(others)]
        salt, same, *found = marks
        return [(salt, same == "true", mark) for mark in found or [None]], [tuple(others)]

    def _values(self, wanted: Wanted) -> tuple[str, list[str]]:
        salt = self._salt
        return salt, list(fingerprints(salt, wanted)) if salt else []

    def learn(self, rows: Rows) -> bool:
        """Take the answer; whether the secret is another, so that the step must be new."""
        if not rows or rows[0][1]:
            return False
        self._salt = str(rows[0][0])
        return True

    def gone(self, wanted: Wanted, rows: Rows) -> frozenset[Name]:
        """What tombstones stand for, by the answer to the last step."""
        if not rows:
            return frozenset()
        named = fingerprints(rows[0][0], wanted)
        return frozenset(named[mark] for _, _, mark in rows if mark is not None)
