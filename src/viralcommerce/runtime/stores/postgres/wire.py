"""A round trip on a connection of the store's own, by the libpq of psycopg 3.

psycopg's cursors wait on the socket for each statement of a pipeline, and keep for each what only
their users may ask for. A trip of ours is known before it is sent: everything goes out at once and
everything is read at once, which halves what a command costs here (`benchmarks/postgres.py`).
What a parameter is sent as, and a column read as, psycopg says.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import errors
from psycopg.abc import Buffer, PQGen
from psycopg.abc import Transformer as Codec
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq import Format as PqFormat
from psycopg.pq.abc import PGconn, PGresult

from viralcommerce.runtime.stores.postgres.arrays import ARRAY, array
from viralcommerce.runtime.stores.postgres.failures import FORGOTTEN
from viralcommerce.runtime.stores.postgres.statements import Rows, Step

MOST_PLANS: Final = 300
"""How many statements a connection keeps prepared; the oldest goes first."""
_UNDOES: Final = b"rollback"
"""Not prepared: a plan may have to go for it, and nothing can where a transaction has failed."""
_MARK: Final = re.compile(rb"%(?:([s%])|b(?=::(text|bigint)\[\]))")
Plan = tuple[bytes, tuple[int, ...] | None]
"""A statement and the types of its parameters."""


class _Call(NamedTuple):
    """A step with its values as they are sent."""

    step: Step
    plan: Plan
    values: Sequence[Buffer | None] | None
    formats: Sequence[int] | None


class Plans:
    """What a connection has prepared: names by statement and types."""

    __slots__ = ("_count", "_names")

    def __init__(self) -> None:
        self._count = 0
        self._names: dict[Plan, bytes] = {}

    def trip(
        self, connection: OwnConnection | OwnAsyncConnection, steps: Sequence[Step]
    ) -> PQGen[list[Rows]]:
        """Send the steps and read what they answer, for `wait` of the connection.

        Where only a plan was forgotten, and nothing done before this trip can be undone with it,
        they are sent again.

        Raises:
            psycopg.Error: of the first step that failed; those after it did nothing.
        """
        pgconn = connection.pgconn
        is_first = pgconn.transaction_status == TransactionStatus.IDLE
        try:
            return (yield from self._sent(connection, steps))
        except psycopg.Error as error:
            ended = any(step.sql == b"commit" for step in steps[:-1])
            if error.sqlstate not in FORGOTTEN or not is_first or ended:
                raise
        if pgconn.transaction_status != TransactionStatus.IDLE:
            yield from self._sent(connection, [Step(_UNDOES)])
        return (yield from self._sent(connection, steps))

    def forget(self) -> None:
        """Believe in no plan any more."""
        self._names.clear()

    def _sent(
        self, connection: OwnConnection | OwnAsyncConnection, steps: Sequence[Step]
    ) -> PQGen[list[Rows]]:
        pgconn, loader = connection.pgconn, Transformer(connection)
        prepares = connection.prepare_threshold is not None
        is_utf8 = pgconn.parameter_status(b"client_encoding") == b"UTF8"
        calls = [_call(step, loader, packs=is_utf8) for step in steps]
        pgconn.enter_pipeline_mode()
        sent: list[_Call | Plan | None] = []
        for call in calls:
            _, plan, values, formats = call
            if prepares and not plan[0].startswith(_UNDOES):
                name = self._names.get(plan) or self._prepare(pgconn, plan, sent)
                pgconn.send_query_prepared(name, values, formats)
            else:
                pgconn.send_query_params(plan[0], values, plan[1], formats)
            sent.append(call)
        pgconn.pipeline_sync()
        results = yield from _exchange(pgconn)
        return self._read(sent, results, loader)

    def _prepare(self, pgconn: PGconn, plan: Plan, sent: list[_Call | Plan | None]) -> bytes:
        if len(self._names) >= MOST_PLANS:
            old = self._names.pop(next(iter(self._names)))
            pgconn.send_query_params(b"deallocate " + old, None)
            sent.append(None)
        self._count += 1
        name = self._names[plan] = b"viral_%d" % self._count
        pgconn.send_prepare(name, *plan)
        sent.append(plan)
        return name

    def _read(
        self,
        sent: Sequence[_Call | Plan | None],
        results: Sequence[PGresult],
        loader: Codec,
    ) -> list[Rows]:
        rows: list[Rows] = []
        failed: PGresult | None = None
        for what, result in zip(sent, results, strict=False):
            status = result.status
            if failed is None and status == ExecStatus.FATAL_ERROR:
                failed = result
            if isinstance(what, _Call):
                if what.step.answers and status == ExecStatus.TUPLES_OK:
                    loader.set_pgresult(result)
                    rows.append(loader.load_rows(0, result.ntuples, tuple))
                else:
                    rows.append([])
            elif what is not None and status != ExecStatus.COMMAND_OK:
                self._names.pop(what, None)
        if failed is not None:
            error = errors.error_from_result(failed)
            if error.sqlstate in FORGOTTEN:
                self.forget()
            raise error
        if len(results) < len(sent):
            raise psycopg.OperationalError("the connection is lost")
        return rows


def _call(step: Step, loader: Codec, *, packs: bool) -> _Call:
    if not step.values:
        return _Call(step, (step.sql, None), None, None)
    text, wants, arrays = _numbered(step.sql)
    if not (arrays and packs):
        values = loader.dump_sequence(step.values, wants)
        return _Call(step, (text, loader.types), values, loader.formats)
    plain = [None if kind else value for value, kind in zip(step.values, arrays, strict=True)]
    sent = list(loader.dump_sequence(plain, wants))
    types, formats = list(loader.types or ()), list(loader.formats or ())
    for at, (value, kind) in enumerate(zip(step.values, arrays, strict=True)):
        if kind and isinstance(value, Sequence):
            sent[at], types[at], formats[at] = array(value, kind), ARRAY[kind], PqFormat.BINARY
    return _Call(step, (text, tuple(types)), sent, formats)


def _exchange(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """Send what is waiting, and read the result of each until all is in, or nothing will be."""
    results: list[PGresult] = []
    yield from send(pgconn)
    while fetched := (yield from fetch_many(pgconn)):
        if fetched[-1].status == ExecStatus.PIPELINE_SYNC:
            pgconn.exit_pipeline_mode()
            break
        results.append(fetched[-1])
    return results


@functools.cache
def _numbered(sql: bytes) -> tuple[bytes, list[PyFormat], list[bytes]]:
    """A statement with numbered places, how each wants to be sent, and of what it is an array.

    A statement without arrays has none of these.
    """
    formats: list[PyFormat] = []
    arrays: list[bytes] = []

    def number(mark: re.Match[bytes]) -> bytes:
        if mark[1] == b"%":
            return b"%"
        formats.append(PyFormat.AUTO if mark[1] else PyFormat.BINARY)
        arrays.append(mark[2] or b"")
        return b"$%d" % len(formats)

    return _MARK.sub(number, sql), formats, arrays if any(arrays) else []


class OwnConnection(psycopg.Connection[Any]):
    """A connection of the store's own."""

    def __init__(self, *said: Any, **options: Any) -> None:
        super().__init__(*said, **options)
        self.plans = Plans()

    def rollback(self) -> None:
        """Roll back as the pool does: psycopg drops every plan at that, ours too."""
        self.plans.forget()
        super().rollback()


class OwnAsyncConnection(psycopg.AsyncConnection[Any]):
    """A connection of the store's own, for asyncio."""

    def __init__(self, *said: Any, **options: Any) -> None:
        super().__init__(*said, **options)
        self.plans = Plans()

    async def rollback(self) -> None:
        """Roll back as the pool does: psycopg drops every plan at that, ours too."""
        self.plans.forget()
        await super().rollback()
