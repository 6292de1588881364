"""Tombstones on PostgreSQL: what units of work ask of them, within the trips they make anyhow."""

from __future__ import annotations

from viralcommerce.runtime.erasure import SALT, Name, fingerprints
from viralcommerce.runtime.ports import Wanted
from viralcommerce.runtime.stores.postgres.statements import Rows, Step


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
        self._marks = (
            f"select m.value, m.value = %s, t.fingerprint from {schema}.meta m "
            f"left join {schema}.tombstones t on t.fingerprint = any(%b::text[]) "
            f"where m.name = '{SALT}'"
        ).encode()

    def step(self, wanted: Wanted) -> Step:
        """What to ask together with what is locked."""
        salt = self._salt
        marks = list(fingerprints(salt, wanted)) if salt else []
        return Step(self._marks, (salt, marks), answers=True)

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
