"""How SQL stores seal: one script of statements for all of them, with no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from viralcommerce.codec import encode
from viralcommerce.runtime.ports import Line
from viralcommerce.runtime.sealing import RefusedLine, Seal, Sealing
from viralcommerce.runtime.stores.rows import SEAL_COLUMNS, micros
from viralcommerce.runtime.stores.said import Rows, Said, Script, by_trips


def sealing(work: Sealing) -> Script[bool]:
    """Seal instances that are locked; whether all are as they were, or else nothing is written."""
    if not (yield from _unchanged(work)):
        return False
    for trip in by_trips(_statements(work)):
        _ = yield trip
    return True


def _unchanged(work: Sealing) -> Script[bool]:
    asked: list[Said] = [Said("select max(position) from {s}journal")]
    for seal in work.seals:
        asked.append(
            Said(
                "select version, deadline from {s}cells where campaign = %s and instance = %s",
                seal.place,
            )
        )
        asked.append(
            Said(
                "select position, decision from {s}journal where campaign = %s and instance = %s",
                seal.place,
            )
        )
    answers: list[Rows] = []
    for statements in by_trips(asked):
        answers += yield statements
    ((last,),) = answers[0]
    proved = {line.position: _text(line) for line in work.lines}
    return all(
        cell == [(seal.version, None)]
        and len(lines) == seal.lines
        and all(position != last and proved.get(position) == text for position, text in lines)
        for seal, cell, lines in zip(work.seals, answers[1::2], answers[2::2], strict=True)
    )


def _statements(work: Sealing) -> Iterator[Said]:
    marks = ", ".join(["%s"] * 9)
    for seal in work.seals:
        yield Said(f"insert into {{s}}seals ({SEAL_COLUMNS}) values ({marks})", _row(seal))
    for key, used in sorted(work.quotas.items()):
        sql = (
            "insert into {s}sealed_quotas as q (campaign, name, scope, period, used) "
            "values (%s, %s, %s, %s, %s) on conflict (campaign, name, scope, period) "
            "do update set used = q.used + excluded.used"
        )
        yield Said(sql, (*key, used))
    for key_of_line in work.keys:
        sql = "delete from {s}keys where campaign = %s and key = %s and position = %s"
        yield Said(sql, key_of_line)
    for seal in work.seals:
        yield Said("delete from {s}journal where campaign = %s and instance = %s", seal.place)


def dropping(campaign: str, refusals: Sequence[RefusedLine]) -> Script[int]:
    """Drop refusals of instances that are sealed or never began; how many.

    One that was rewritten since it was read stays, with its key.
    """
    may_go = (
        "select position from {s}journal where position = %s "
        "and position < (select max(position) from {s}journal) "
        "and not exists (select 1 from {s}cells c where c.campaign = %s and c.instance = %s "
        "and not exists (select 1 from {s}seals s where s.campaign = c.campaign "
        "and s.instance = c.instance))"
    )
    drop = "delete from {s}journal where position = %s and decision = %s"
    drop_key = (
        "delete from {s}keys where campaign = %s and key = %s and position = %s "
        "and not exists (select 1 from {s}journal where position = %s)"
    )
    is_there = "select 1 from {s}journal where position = %s"
    gone = 0
    for some in by_trips(refusals):
        rows = yield [Said(may_go, (one.line.position, campaign, one.instance)) for one in some]
        for one, found in zip(some, rows, strict=True):
            if found:
                at = one.line.position
                *_, left = yield [
                    Said(drop, (at, _text(one.line))),
                    Said(drop_key, (campaign, one.key, at, at)),
                    Said(is_there, (at,)),
                ]
                gone += not left
    return gone


def _text(line: Line) -> str:
    decision = line.decision
    return (decision if isinstance(decision, bytes) else encode(decision)).decode()


def _row(seal: Seal) -> tuple[object, ...]:
    state = seal.state if isinstance(seal.state, bytes) else encode(seal.state)
    kept = (seal.rules, seal.version, state.decode(), micros(seal.at))
    return (*seal.place, *kept, seal.lines, seal.rows, seal.digest)
