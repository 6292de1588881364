"""Tombstones on PostgreSQL: what units of work ask of them, within the trips they make anyhow."""

from __future__ import annotations

from collections.abc import Iterable

from viralcommerce.runtime.erasure import SALT, Name, fingerprints
from viralcommerce.runtime.ports import Wanted
from viralcommerce.runtime.stores.postgres.statements import Rows, Step


class Tombstones:
    """The tombstones of a schema, and the secret their fingerprints are made with, once known.

    A store in which nobody was ever forgotten has no secret, and costs the look for one.

    Args:
        schema: that the tables lie in.
    """

    def __init__(self, schema: str) -> None:
        self._salt = ""
        self._secret = Step(
            f"select value from {schema}.meta where name = '{SALT}'".encode(), answers=True
        )
        self._marks = (
            f"select fingerprint from {schema}.tombstones where fingerprint = any(%b::text[])"
        ).encode()

    def step(self, wanted: Wanted) -> Step:
        """What to ask together with what is locked."""
        if not self._salt:
            return self._secret
        return Step(self._marks, (list(fingerprints(self._salt, wanted)),), answers=True)

    def learn(self, step: Step, rows: Rows) -> bool:
        """Take the answer; whether it is the secret, newly known, so that the step must be new."""
        if step is not self._secret or not rows:
            return False
        self._salt = str(rows[0][0])
        return True

    def gone(self, wanted: Wanted, step: Step, rows: Rows) -> frozenset[Name]:
        """What tombstones stand for, by the answer to a step."""
        if step is self._secret:
            return frozenset()
        named = fingerprints(self._salt, wanted)
        return frozenset(_named(named, rows))


def _named(named: dict[str, Name], rows: Rows) -> Iterable[Name]:
    return (named[mark] for (mark,) in rows)
