"""How units of work begin, finish and are undone, in a transaction or in a savepoint."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, TypeVar

from viralcommerce.runtime.stores.postgres.statements import Rows, Step

T = TypeVar("T")
Trip = list[Step]
Script = Generator[Trip, list[Rows], T]
"""Yields round trips, is sent the rows of each step, and thrown what the server raised."""

GENERIC: Final = b"set local plan_cache_mode = force_generic_plan"
"""What a unit of work says is planned once: it goes by an index whatever the values, and where the
server is left to choose, it plans statements over arrays anew each time, a seventh of a gathered
commit. What follows the journal does depend on the values, and is no unit of work."""
OWN: Final = (
    (b"begin isolation level read committed", GENERIC),
    (b"commit",),
    (b"rollback",),
)
HOSTED: Final = (
    (b"savepoint viralcommerce",),
    (b"release savepoint viralcommerce",),
    (b"rollback to savepoint viralcommerce", b"release savepoint viralcommerce"),
)
