"""What is put back when a member is forgotten, as statements: rows that were rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from viralcommerce.codec import encode
from viralcommerce.runtime.erasure import Erasure, Name, fingerprint
from viralcommerce.runtime.ports import Decision, Part, Place, Posting
from viralcommerce.runtime.rewriting import Rewriting
from viralcommerce.runtime.sealing import mark
from viralcommerce.runtime.stores.rows import micros, to_posting
from viralcommerce.runtime.stores.said import Rows, Said


def put_lines(lines: Iterable[tuple[int, Decision, Decision]]) -> Iterator[Said]:
    """Lines of the journal, and their keys."""
    for position, old, new in lines:
        sql = "update {s}journal set instance = %s, decision = %s where position = %s"
        yield Said(sql, (new.instance, encode(new).decode(), position))
        if new.command.key != old.command.key:
            sql = "update {s}keys set key = %s where campaign = %s and key = %s and position = %s"
            yield Said(sql, (new.command.key, old.campaign, old.command.key, position))


def amend(marks: dict[Place, int], old: Posting | Part, new: Posting | Part) -> None:
    """Take note of what a rewritten row changes in the digest of its instance's seal."""
    place = (old.campaign, old.instance)
    marks[place] = marks.get(place, 0) + mark(new) - mark(old)


def put_postings(rewriting: Rewriting, rows: Rows, marks: dict[Place, int]) -> Iterator[Said]:
    """Rows of the ledger; what that changes in seals is added to `marks`."""
    for position, *columns in rows:
        old = to_posting(tuple(columns))
        new = rewriting.posting(old)
        if new != old:
            amend(marks, old, new)
            moved = new.transfer
            award = None if moved.award is None else encode(moved.award).decode()
            sql = "update {s}ledger set id = %s, instance = %s, source = %s, target = %s, "
            sql += "reverses = %s, award = %s where position = %s"
            whom = (moved.id, new.instance, moved.source, moved.target, moved.reverses)
            yield Said(sql, (*whom, award, position))


def put_tombstones(salt: str, names: Iterable[Name], erasure: Erasure) -> Iterator[Said]:
    """What keeps them from returning."""
    sql = (
        "insert into {s}tombstones (fingerprint, at) values (%s, %s) "
        "on conflict (fingerprint) do update set at = excluded.at"
    )
    for name in sorted(names):
        yield Said(sql, (fingerprint(salt, name), micros(erasure.at)))
