"""From columns to structs and back, for SQL stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from viralcommerce.codec import encode
from viralcommerce.messages import Award, Transfer
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Backlog, Pending, leads_into
from viralcommerce.runtime.ports import Cell, Line, Posting
from viralcommerce.runtime.sealing import Seal

KEYS_SINCE: Final = "keys_since"
"""What the table of facts about the tables calls the moment before which keys may be gone."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_award = msgspec.json.Decoder(Award)
_life = msgspec.json.Decoder(Life)

CELL_COLUMNS: Final = "rules, version, state, deadline, held, parent"
LINE_COLUMNS: Final = "position, decision, instance, at"
POSTING_COLUMNS: Final = (
    "campaign, instance, at, id, source, target, asset, amount, reverses, award"
)
OWN_POSTINGS: Final = (
    f"select position, {POSTING_COLUMNS} from {{ledger}} where target = {{value}} "
    f"and award is not null union all select position, {POSTING_COLUMNS} from {{ledger}} "
    f"where source = {{value}} and reverses <> '' union all select position, {POSTING_COLUMNS} "
    "from {ledger} where target = {value} and reverses <> '' order by position"
)
"""A member's awards, what was taken back and what was given again, by the account, thrice."""
SEAL_COLUMNS: Final = "campaign, instance, rules, version, state, at, lines, rows, digest"
PENDING_COLUMNS: Final = "position, campaign, award, at, tries, error"
BACKLOG: Final = "count(due), min(at) filter (where due is not null), count(*) - count(due)"
"""How many wait, since when, and how many are set aside: ``due`` is null."""


def micros(at: datetime) -> int:
    """Whole microseconds since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """The moment of a number of microseconds."""
    return _EPOCH + value * _MICROSECOND


def to_cell(row: tuple[Any, ...]) -> Cell:
    """A cell from `CELL_COLUMNS`; its state stays JSON bytes."""
    rules, version, state, deadline, held, parent = row
    return Cell(
        rules=rules,
        version=version,
        state=state.encode(),
        deadline=None if deadline is None else moment(deadline),
        held=held,
        parent=parent,
    )


def to_line(row: tuple[Any, ...]) -> Line:
    """A line of the journal from `LINE_COLUMNS`; its decision stays JSON bytes."""
    position, text, instance, at = row
    return Line(position, text.encode(), (instance, at))


def to_posting(row: tuple[Any, ...]) -> Posting:
    """A ledger row from `POSTING_COLUMNS`."""
    campaign, instance, at, ident, source, target, asset, amount, reverses, award = row
    transfer = Transfer(
        id=ident,
        source=source,
        target=target,
        asset=asset,
        amount=amount,
        award=None if award is None else _award.decode(award),
        reverses=reverses,
    )
    return Posting(campaign, instance, moment(at), transfer)


def to_award(text: str) -> Award:
    """An award from its JSON."""
    return _award.decode(text)


def to_pending(row: tuple[Any, ...]) -> Pending:
    """An entry of the outbox from `PENDING_COLUMNS`."""
    position, campaign, award, at, tries, error = row
    return Pending(position, campaign, to_award(award), moment(at), tries, error)


def outbox_row(campaign: str, at: int, award: Award) -> tuple[str, str, int, str, str]:
    """An award as it is put into the outbox: campaign, member, at, entry, award."""
    return campaign, award.to, at, leads_into(award), encode(award).decode()


def to_backlog(row: tuple[Any, ...]) -> Backlog:
    """How an outbox stands, from `BACKLOG`."""
    depth, oldest, poisoned = row
    found = None if oldest is None else moment(oldest)
    return Backlog(depth=depth, oldest=found, poisoned=poisoned)


def to_seal(row: tuple[Any, ...]) -> Seal:
    """A seal from `SEAL_COLUMNS`; its state stays JSON bytes."""
    campaign, instance, rules, version, state, at, lines, rows, digest = row
    return Seal(
        campaign=campaign,
        instance=instance,
        rules=rules,
        version=version,
        state=state.encode(),
        at=moment(at),
        lines=lines,
        rows=rows,
        digest=digest,
    )


def to_life(text: str) -> Life:
    """A stage of life from its JSON."""
    return _life.decode(text)
