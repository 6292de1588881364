"""What views, tickers, relays and audits read, as statements and how to read their rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from viralcommerce.codec import encode
from viralcommerce.errors import StoreCorrupt
from viralcommerce.program import QuotaKey
from viralcommerce.runtime.contents import KeptKey
from viralcommerce.runtime.life import ALIVE, Life
from viralcommerce.runtime.ports import Cell, Due, Line, Part, Posting
from viralcommerce.runtime.sealing import Seal
from viralcommerce.runtime.stores.forest import below_statement
from viralcommerce.runtime.stores.postgres.statements import Row, Rows, Step, numbers
from viralcommerce.runtime.stores.postgres.whole import Int8
from viralcommerce.runtime.stores.rows import (
    CELL_COLUMNS,
    KEYS_SINCE,
    LINE_COLUMNS,
    OWN_POSTINGS,
    POSTING_COLUMNS,
    SEAL_COLUMNS,
    micros,
    moment,
    to_cell,
    to_life,
    to_line,
    to_posting,
    to_seal,
)
from viralcommerce.values.instants import in_utc

T = TypeVar("T")
_NAMES: Final = (
    "(with recursive names as ((select campaign from {{s}}.{0} order by campaign limit 1) "
    "union all select (select campaign from {{s}}.{0} t where t.campaign > names.campaign "
    "order by campaign limit 1) from names where campaign is not null) "
    "select campaign from names where campaign is not null)"
)
"""The campaigns of a table."""
_LIFE: Final = "select life from {s}.lives where campaign = %s order by id desc limit 1"
"""The stage of a campaign, if one was ever said."""


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """A statement, and what its rows mean."""

    step: Step
    read: Callable[[Rows], T]


@dataclass(frozen=True, slots=True)
class Stream(Generic[T]):
    """A statement whose rows come one after the other, and what each means."""

    step: Step
    read: Callable[[Row], T]


class Reads:
    """Every read of a store, for the tables of one schema.

    Args:
        schema: that the tables lie in; a plain name.
    """

    def __init__(self, schema: str) -> None:
        self._schema = schema

    def _step(self, sql: str, *values: object) -> Step:
        return Step(sql.replace("{s}", self._schema).encode(), values)

    def due(self, at: datetime, limit: int, campaigns: Sequence[str]) -> Query[Sequence[Due]]:
        """Instances whose deadline has come."""
        step = self._step(
            "select due.* from unnest(%s::text[]) as asked(campaign) cross join lateral "
            "(select campaign, instance, deadline from {s}.cells "
            'where campaign = asked.campaign collate "C" and deadline <= %s '
            "order by deadline, instance limit %s) as due "
            "order by deadline, campaign, instance limit %s",
            list(campaigns),
            Int8(micros(at)),
            Int8(limit),
            Int8(limit),
        )
        return Query(step, lambda rows: [Due(name, one, moment(at)) for name, one, at in rows])

    def cell(self, campaign: str, instance: str) -> Query[Cell | None]:
        """One instance."""
        step = self._step(
            f"select {CELL_COLUMNS} from {{s}}.cells where campaign = %s and instance = %s",
            campaign,
            instance,
        )
        return Query(step, lambda rows: to_cell(rows[0]) if rows else None)

    def parts(self, member: str) -> Query[Sequence[Part]]:
        """What a member took part in."""
        step = self._step(
            "select campaign, member, role, instance, at from {s}.parts where member = %s "
            "order by at, campaign, instance, role",
            member,
        )
        return Query(step, lambda rows: [Part(c, m, r, i, moment(at)) for c, m, r, i, at in rows])

    def instances(
        self, campaign: str, after: str, limit: int
    ) -> Query[Sequence[tuple[str, Cell]]]:
        """Instances by id."""
        step = self._step(
            f"select instance, {CELL_COLUMNS} from {{s}}.cells "
            "where campaign = %s and instance > %s order by instance limit %s",
            campaign,
            after,
            Int8(limit),
        )
        return Query(step, lambda rows: [(row[0], to_cell(row[1:])) for row in rows])

    def below(
        self, campaign: str, instance: str, after: str, limit: int
    ) -> Query[Sequence[tuple[str, Cell]]]:
        """Instances that hang under one, by id."""
        sql = below_statement("{s}.cells", "%s")
        step = self._step(sql, campaign, instance, after, Int8(limit))
        return Query(step, lambda rows: [(row[0], to_cell(row[1:])) for row in rows])

    def awards(self, member: str) -> Query[Sequence[Posting]]:
        """A member's awards, and what was taken back or given again."""
        account = f"member/{member}"
        sql = OWN_POSTINGS.format(ledger="{s}.ledger", value="%s")
        step = self._step(sql, account, account, account)
        return Query(step, lambda rows: [to_posting(row[1:]) for row in rows])

    def used(self, campaign: str) -> Query[Mapping[QuotaKey, int]]:
        """The quotas of the campaign itself, all their rows together."""
        step = self._step(
            "select name, period, sum(used)::bigint from {s}.quotas "
            "where campaign = %s and scope = '' group by name, period having sum(used) <> 0",
            campaign,
        )
        return Query(
            step, lambda rows: {(campaign, name, "", label): used for name, label, used in rows}
        )

    def history(self, campaign: str, instance: str) -> Query[Sequence[Line]]:
        """The journal of one instance."""
        step = self._step(
            f"select {LINE_COLUMNS} from {{s}}.journal "
            "where campaign = %s and instance = %s order by position",
            campaign,
            instance,
        )
        return Query(step, lambda rows: [to_line(row) for row in rows])

    def recorded(
        self, campaign: str, moments: Sequence[tuple[str, datetime]]
    ) -> Query[Sequence[Line]]:
        """The journal lines of instances at moments."""
        wanted = sorted({(instance, micros(at)) for instance, at in moments})
        step = self._step(
            "select j.* from unnest(%b::text[], %b::bigint[]) as w (one, at) "
            f"cross join lateral (select {LINE_COLUMNS} from {{s}}.journal j "
            "where j.campaign = %s and j.instance = w.one and j.at = w.at offset 0) j",
            [instance for instance, _ in wanted],
            numbers([at for _, at in wanted]),
            campaign,
        )
        return Query(step, lambda rows: [to_line(row) for row in rows])

    def campaigns(self) -> Query[Sequence[str]]:
        """The names in the journal and on seals, each found by one step in an index."""
        step = self._step(f"{_NAMES.format('journal')} union {_NAMES.format('seals')} order by 1")
        return Query(step, lambda rows: [name for (name,) in rows])

    def life(self, campaign: str) -> Query[Life]:
        """The stage of life."""
        step = self._step(_LIFE, campaign)
        return Query(step, lambda rows: to_life(rows[0][0]) if rows else ALIVE)

    def life_inside(self, campaign: str) -> Query[tuple[Life, bool]]:
        """The stage of life, and whether a transaction sees what others commit meanwhile."""
        step = self._step(
            f"select ({_LIFE}), current_setting('transaction_isolation') = 'read committed'",
            campaign,
        )
        return Query(step, lambda rows: (to_life(rows[0][0]) if rows[0][0] else ALIVE, rows[0][1]))

    def set_life(self, campaign: str, life: Life) -> Query[None]:
        """Record a new stage."""
        step = self._step(
            "insert into {s}.lives (campaign, life) values (%s, %s)",
            campaign,
            encode(life).decode(),
        )
        return Query(step, _nothing)

    def lives(self, campaign: str) -> Query[Sequence[Life]]:
        """Every stage, the oldest first."""
        step = self._step("select life from {s}.lives where campaign = %s order by id", campaign)
        return Query(step, lambda rows: [to_life(text) for (text,) in rows])

    def rules(self, digest: str) -> Query[bytes]:
        """A campaign's JSON by hash."""

        def read(rows: Rows) -> bytes:
            if not rows:
                raise StoreCorrupt(
                    f"{self._schema}: no rules with the hash {digest}; restore its table"
                )
            text: str = rows[0][0]
            return text.encode()

        return Query(self._step("select campaign from {s}.rules where hash = %s", digest), read)

    def prune_keys(self, before: datetime) -> Query[int]:
        """Forget old keys, and say that they may be gone; how many."""
        at = micros(in_utc(before, "prune_keys: before"))
        step = self._step(
            "with said as (insert into {s}.meta values (%s, %s) on conflict (name) do update set "
            "value = greatest(meta.value::bigint, excluded.value::bigint)::text), "
            "gone as (delete from {s}.keys where at < %s returning 1) select count(*) from gone",
            KEYS_SINCE,
            str(at),
            Int8(at),
        )
        return Query(step, _count)

    def kept_since(self) -> Query[datetime | None]:
        """The moment before which keys may be gone."""
        step = self._step("select value from {s}.meta where name = %s", KEYS_SINCE)
        return Query(step, lambda rows: moment(int(rows[0][0])) if rows else None)

    def keys(self, campaign: str) -> Stream[KeptKey]:
        """Every key that is kept, in the order of the journal."""
        step = self._step(
            "select key, position, at from {s}.keys where campaign = %s order by position, key",
            campaign,
        )
        return Stream(step, lambda row: KeptKey(row[0], row[1], moment(row[2])))

    def participants(self, campaign: str) -> Stream[Part]:
        """Who took part, in what and as what."""
        step = self._step(
            "select member, role, instance, at from {s}.parts where campaign = %s", campaign
        )
        return Stream(step, lambda row: Part(campaign, row[0], row[1], row[2], moment(row[3])))

    def prune_tombstones(self, before: datetime) -> Query[int]:
        """Let those return who were forgotten before; how many tombstones are gone."""
        at = micros(in_utc(before, "prune_tombstones: before"))
        step = self._step(
            "with gone as (delete from {s}.tombstones where at < %s returning 1) "
            "select count(*) from gone",
            Int8(at),
        )
        return Query(step, _count)

    def journal(self, campaign: str, after: int) -> Stream[Line]:
        """The journal in order."""
        step = self._step(
            f"select {LINE_COLUMNS} from {{s}}.journal "
            "where campaign = %s and position > %s order by position",
            campaign,
            Int8(after),
        )
        return Stream(step, to_line)

    def cells(self, campaign: str) -> Stream[tuple[str, Cell]]:
        """Every instance, by id."""
        step = self._step(
            f"select instance, {CELL_COLUMNS} from {{s}}.cells where campaign = %s "
            "order by instance",
            campaign,
        )
        return Stream(step, lambda row: (row[0], to_cell(row[1:])))

    def quotas(self, campaign: str) -> Stream[tuple[QuotaKey, int]]:
        """Every quota that is not 0."""
        step = self._step(
            "select name, scope, period, sum(used)::bigint from {s}.quotas where campaign = %s "
            "group by name, scope, period having sum(used) <> 0 order by name, scope, period",
            campaign,
        )
        return Stream(step, lambda row: ((campaign, row[0], row[1], row[2]), row[3]))

    def unsealed(self, campaign: str, after: str, limit: int) -> Query[Sequence[tuple[str, Cell]]]:
        """Instances without a deadline and without a seal."""
        step = self._step(
            f"select instance, {CELL_COLUMNS} from {{s}}.cells c where campaign = %s "
            "and instance > %s and deadline is null and not exists (select 1 from {s}.seals s "
            "where s.campaign = c.campaign and s.instance = c.instance) "
            "order by instance limit %s",
            campaign,
            after,
            Int8(limit),
        )
        return Query(step, lambda rows: [(row[0], to_cell(row[1:])) for row in rows])

    def seals(self, campaign: str) -> Stream[Seal]:
        """What stands for instances whose lines are gone."""
        step = self._step(
            f"select {SEAL_COLUMNS} from {{s}}.seals where campaign = %s order by instance",
            campaign,
        )
        return Stream(step, to_seal)

    def sealed_quotas(self, campaign: str) -> Stream[tuple[QuotaKey, int]]:
        """What those lines counted."""
        step = self._step(
            "select name, scope, period, used from {s}.sealed_quotas where campaign = %s "
            "order by name, scope, period",
            campaign,
        )
        return Stream(step, lambda row: ((campaign, row[0], row[1], row[2]), row[3]))

    def postings(self, campaign: str) -> Stream[Posting]:
        """The ledger in order."""
        step = self._step(
            f"select {POSTING_COLUMNS} from {{s}}.ledger where campaign = %s order by position",
            campaign,
        )
        return Stream(step, to_posting)


def _count(rows: list[tuple[Any, ...]]) -> int:
    count: int = rows[0][0]
    return count


def _nothing(_: Rows) -> None:
    return None
