"""The tables of one schema as the library knows them: what is read, written and followed there."""

from __future__ import annotations

from collections.abc import Callable

from viralcommerce.runtime.stores.postgres.follow import Follower
from viralcommerce.runtime.stores.postgres.hot import Shards
from viralcommerce.runtime.stores.postgres.migrations import meta_of, versions_in
from viralcommerce.runtime.stores.postgres.outbox import OutboxQueries
from viralcommerce.runtime.stores.postgres.reads import Reads
from viralcommerce.runtime.stores.postgres.statements import Statements, Step
from viralcommerce.runtime.stores.postgres.tombstones import Tombstones
from viralcommerce.runtime.stores.postgres.transactions import Script
from viralcommerce.runtime.stores.postgres.unit import Unit


class Tables:
    """What every unit of work on the tables of a schema shares.

    Args:
        schema: that the tables lie in; a plain name.
        shards: says how many rows a hot quota is spread over there; asked when it is needed.
    """

    def __init__(self, schema: str, shards: Callable[[], int]) -> None:
        self.schema = schema
        self.reads = Reads(schema)
        self.outbox = OutboxQueries(schema)
        self.follower = Follower(schema)
        self._statements = Statements(schema)
        self._gated = Statements(schema, gated=True)
        self._count = shards
        self._shards: Shards | None = None
        self._known: set[str] = set()
        self._tombstones = Tombstones(schema)

    def unit(self, *, hosted: bool = False) -> Unit:
        """A unit of work; `hosted` where it is a savepoint in the host's transaction."""
        if self._shards is None:
            self._shards = Shards(self.schema, self._count())
        return Unit(
            self._statements,
            self._gated,
            self._shards,
            self._known,
            self._tombstones,
            hosted=hosted,
        )


def versions(schema: str) -> Script[tuple[int, int]]:
    """The version of the tables and the number of shards; (0, 0) where there are none.

    Raises:
        StoreCorrupt: they say nothing that can be.
    """
    rows = yield [Step(b"select to_regclass(%s)::text", (f"{schema}.meta",), answers=True)]
    if rows[0][0][0] is None:
        return 0, 0
    rows = yield [Step(meta_of(schema), answers=True)]
    return versions_in(schema, rows[0])
