"""A zoo of tampering: whatever somebody changes in the tables, the audit reports it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from postgres import fresh_store, server_url
from shops import ask, at, grab, like, likes, share, shop_of, small
from viralcommerce import CNY, DAY, WHOLE, Cap, Coupon, Grant, Limit, Product, hours
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.rules.conditions import Velocity
from viralcommerce.runtime.audit import AuditReport, audit
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer

RAIN = small(
    parts=2,
    grants=(
        Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED, name="share"),
        Grant(
            Coupon(CNY(2)),
            to=pack.SHARER,
            on=pack.GRABBED,
            name="thanks",
            at_most=Limit(2, per=pack.PACK),
        ),
        Grant(
            Product("pot", worth=CNY(1), stock=2),
            to=pack.LUCKIEST,
            on=pack.EMPTIED,
            name="pot",
            if_short="drop",
        ),
    ),
    limits=(Cap("a-day", 3, on=pack.GRABBED, of=pack.GRABBER, per=DAY),),
    given=Velocity(at_most=9, within=hours(1)),
)
LIKES = likes(1)


class Played:
    """A store after a story, and a way into its tables that is not the library's."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(path)
        shop = shop_of(RAIN, LIKES, store=self.store, issuer=FakeIssuer())
        for command in (
            share(key="k1"),
            grab("bob", key="k2"),
            grab("ann", key="k3"),
            grab("cid", key="k4"),
            grab("dee", key="k5"),
            share("p2", key="k6"),
            grab("bob", "p2", key="k7"),
            share("p3", key="k8", at=at(minutes=30)),
            grab("bob", "p9", key="free"),
        ):
            shop.handle(RAIN, command)
        shop.tick(at(hours=1))
        shop.handle(LIKES, ask(key="k1"))
        shop.handle(LIKES, like(key="k2"))
        self.tables = sqlite3.connect(path, isolation_level=None)
        assert self.report().is_clean

    def report(self) -> AuditReport:
        return audit(self.store)

    def run(self, sql: str, *values: object) -> None:
        assert self.tables.execute(sql, values).rowcount >= 1, f"nothing was changed: {sql}"

    def close(self) -> None:
        self.tables.close()
        self.store.close()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a story, to be copied."""
    path = tmp_path_factory.mktemp("told") / "viral.db"
    played = Played(path)
    played.tables.execute("pragma wal_checkpoint(truncate)")
    played.close()
    return path


@pytest.fixture
def played(told: Path, tmp_path: Path) -> Iterator[Played]:
    """A copy of the story, to be tampered with."""
    copy = tmp_path / "viral.db"
    copy.write_bytes(told.read_bytes())
    played = object.__new__(Played)
    played.store = SqliteStore(copy)
    played.tables = sqlite3.connect(copy, isolation_level=None)
    yield played
    played.close()


JSON_OF_GRAB = (
    "position = (select position from viral_keys where key = 'k2' and campaign = 'rain-pack')"
)
ZOO: dict[str, tuple[str, str]] = {
    "a larger share in the journal": (
        (
            "update viral_journal set decision = "
            "json_set(decision, '$.events[0].share.minor', 599) "
            f"where {JSON_OF_GRAB}"
        ),
        "p1 (journal 2): decided again it is",
    ),
    "other dice in the journal": (
        (
            "update viral_journal set decision = json_set(decision, '$.command.entropy', '00') "
            f"where {JSON_OF_GRAB}"
        ),
        "p1 (journal 2): decided again it is",
    ),
    "another grabber in the journal": (
        (
            "update viral_journal set decision = json_set(decision, '$.command.by', 'eve') "
            f"where {JSON_OF_GRAB}"
        ),
        "p1 (journal 2): decided again it is",
    ),
    "another time in the journal": (
        (
            "update viral_journal set decision = json_set(decision, '$.command.at', "
            f"'2026-11-11T04:30:00Z') where {JSON_OF_GRAB}"
        ),
        "p1 (journal 2): decided again it is",
    ),
    "a larger award in the journal": (
        (
            "update viral_journal set decision = json_set(decision, '$.awards[1].amount', 900) "
            f"where {JSON_OF_GRAB}"
        ),
        "p1 (journal 2): its rules give",
    ),
    "an award left out of the journal": (
        (
            "update viral_journal set decision = json_remove(decision, '$.awards[1]') "
            f"where {JSON_OF_GRAB}"
        ),
        "thanks for ann is neither given nor withheld",
    ),
    "a line moved to another campaign": (
        f"update viral_journal set campaign = '38-likes' where {JSON_OF_GRAB}",
        "is a decision of rain-pack",
    ),
    "a line that names another campaign": (
        (
            "update viral_journal set decision = json_set(decision, '$.campaign', 'x') "
            f"where {JSON_OF_GRAB}"
        ),
        "is a decision of x",
    ),
    "a line that names another pack": (
        (
            "update viral_journal set decision = json_set(decision, '$.instance', 'p2') "
            f"where {JSON_OF_GRAB}"
        ),
        "is about p1",
    ),
    "a line under another version of the rules": (
        (
            "update viral_journal set decision = json_set(decision, '$.rules', (select hash from "
            f"viral_rules where campaign like '%38-likes%')) where {JSON_OF_GRAB}"
        ),
        "journal 2: cannot be read",
    ),
    "a line filed under another pack, where a refund would not find it": (
        f"update viral_journal set instance = 'p2' where {JSON_OF_GRAB}",
        "p1 (journal 2): is filed under p2, it is about p1",
    ),
    "a line filed at another time": (
        f"update viral_journal set at = at + 1 where {JSON_OF_GRAB}",
        "p1 (journal 2): is filed at ",
    ),
    "a refusal before anything began, filed under another pack": (
        "update viral_journal set instance = 'p1' where decision like '%no_such_pack%'",
        "p9 (journal 9): is filed under p1",
    ),
    "a version left out": (
        (
            "update viral_journal set decision = json_set(decision, '$.version', 7) "
            f"where {JSON_OF_GRAB}"
        ),
        "version 7 after 1",
    ),
    "a line gone": (
        f"delete from viral_journal where {JSON_OF_GRAB}",
        "p1 (journal 4): version 3 after 1",
    ),
    "a line that is no JSON": (
        f"update viral_journal set decision = substr(decision, 1, 90) where {JSON_OF_GRAB}",
        "journal 2: cannot be read",
    ),
    "a refusal for another reason": (
        (
            "update viral_journal set decision = json_set(decision, '$.refusal', "
            'json(\'{"code":"pack_empty","parts":2}\')) where decision like \'%own_pack%\''
        ),
        "p1 (journal 3): decided again it is",
    ),
    "two lines in another order": (
        (
            "update viral_journal set position = case position when 2 then 4 else 2 end + 100 "
            "where position in (2, 4)"
        ),
        "version 2 after 3",
    ),
    "a cell of somebody luckier": (
        (
            "update viral_cells set state = json_set(state, '$.luckiest', 'eve') "
            "where instance = 'p1'"
        ),
        "p1: its state is",
    ),
    "a cell that holds more": (
        "update viral_cells set held = held + 1 where instance = 'p2'",
        "p2: its hold is 1, replayed 0",
    ),
    "a cell that can be opened for longer": (
        "update viral_cells set deadline = 1794374400000000 where instance = 'p2'",
        "p2: its deadline is",
    ),
    "a cell under other rules": (
        (
            "update viral_cells set rules = (select hash from viral_rules where campaign like "
            "'%38-likes%') where instance = 'p1'"
        ),
        "p1: its rules is",
    ),
    "a cell of another version": (
        "update viral_cells set version = version - 1 where instance = 'p1'",
        "p1: its version is 2, replayed 3",
    ),
    "a cell from nowhere": (
        (
            "insert into viral_cells select campaign, 'p9', rules, version, state, deadline, "
            "held, parent from viral_cells where instance = 'p1'"
        ),
        "p9: a cell that the journal does not know",
    ),
    "a cell gone": ("delete from viral_cells where instance = 'p1'", "p1: 1 cells are gone"),
    "a cell that is no JSON": (
        "update viral_cells set state = 'x' where instance = 'p1'",
        "cells: cannot be read",
    ),
    "a budget with more left": (
        (
            "update viral_quotas set used = used - 100 where name = 'budget/CNY' "
            "and campaign = 'rain-pack'"
        ),
        "quota budget/CNY:",
    ),
    "a budget over-given": (
        (
            "update viral_quotas set used = 20000001 "
            "where name = 'budget/CNY' and campaign = 'rain-pack'"
        ),
        "over-given",
    ),
    "a limit forgotten": (
        "delete from viral_quotas where name = 'thanks/pack' and scope = 'pack/p1'",
        "quota thanks/pack/pack/p1: nothing recorded, the journal says 2",
    ),
    "a stock with one more": (
        "update viral_quotas set used = 0 where name = 'pot/stock'",
        "quota pot/stock: nothing recorded, the journal says 1",
    ),
    "a limit counted for another": (
        (
            "update viral_quotas set scope = 'member/eve' where scope = 'member/cid' "
            "and name like 'velocity%'"
        ),
        "quota velocity/member/3600/member/eve",
    ),
    "a limit counted on another day": (
        (
            "update viral_quotas set period = '2026-11-12' where name like 'cap/%' "
            "and scope = 'member/cid'"
        ),
        "/2026-11-12: 1 used, the journal says 0",
    ),
    "a quota from nowhere": (
        "insert into viral_quotas values ('rain-pack', 'bribe', '', '', 1)",
        "quota bribe: 1 used, the journal says 0",
    ),
    "a ledger row of more": (
        "update viral_ledger set amount = amount + 1 where award is not null",
        "not what was journaled",
    ),
    "a ledger row to another": (
        "update viral_ledger set target = 'member/eve' where target = 'member/bob'",
        "not what was journaled",
    ),
    "a ledger row from elsewhere": (
        "update viral_ledger set source = 'mint' where source = 'budget' and award is not null",
        "not what was journaled",
    ),
    "a ledger row of another asset": (
        "update viral_ledger set asset = 'USD' where target = 'member/bob'",
        "not what was journaled",
    ),
    "a ledger row of another time": (
        "update viral_ledger set at = at + 1 where target = 'member/bob'",
        "not what was journaled",
    ),
    "a ledger row of another pack": (
        "update viral_ledger set instance = 'p9' where target = 'member/bob'",
        "not what was journaled",
    ),
    "a ledger row that takes something back": (
        "update viral_ledger set reverses = 'rain-pack/p1/2/0' where target = 'member/cid'",
        "not what was journaled",
    ),
    "an award that lasts longer": (
        (
            "update viral_ledger set award = "
            "json_set(award, '$.terms', json('{\"for\":\"ever\"}')) "
            "where target = 'member/bob'"
        ),
        "not what was journaled",
    ),
    "a ledger row gone": (
        "delete from viral_ledger where target = 'member/bob'",
        "is in the journal and not in the ledger",
    ),
    "a ledger row from nowhere": (
        (
            "insert into viral_ledger select position + 100, id || 'x', campaign, instance, at, "
            "source, target, asset, amount, reverses, null from viral_ledger where position = 1"
        ),
        "is in the ledger and not in the journal",
    ),
    "an award that is no JSON": (
        "update viral_ledger set award = '{' where target = 'member/bob'",
        "ledger: cannot be read",
    ),
    "rules that promise more": (
        "update viral_rules set campaign = replace(campaign, 'CNY 6.00', 'CNY 9.00')",
        "that are not there",
    ),
    "rules gone": ("delete from viral_rules where campaign like '%rain-pack%'", "rules "),
    "a key that answers with another's decision": (
        "update viral_keys set position = 4 where key = 'k2' and campaign = 'rain-pack'",
        "key k2: answers with what was decided for 'k4'",
    ),
    "a key gone, so that its wish would be decided again": (
        "delete from viral_keys where key = 'k4'",
        "key k4: is gone; line 4 was decided under it",
    ),
    "the first key of all gone": ("delete from viral_keys where key = 'k1'", "key k1: is gone"),
    "every key gone": ("delete from viral_keys", "key k8: is gone"),
    "a key that answers with nothing": (
        "update viral_keys set position = 4711 where key = 'k8'",
        "key k8: answers with line 4711, which this campaign has not",
    ),
    "a key that answers with a line of another campaign": (
        (
            "update viral_keys set position = (select max(position) from viral_keys "
            "where campaign = '38-likes') where key = 'k8'"
        ),
        "which this campaign has not",
    ),
    "a key that nobody used": (
        (
            "insert into viral_keys select campaign, 'k9', position, at from viral_keys "
            "where key = 'k4'"
        ),
        "key k9: answers with what was decided for 'k4'",
    ),
    "a key that a refusal left free": (
        (
            "insert into viral_keys values ('rain-pack', 'free', "
            "(select position from viral_journal where decision like '%no_such_pack%'), 0)"
        ),
        "key free: answers with line 9, which left it free",
    ),
    "a key as of another day": (
        "update viral_keys set at = at + 86400000000 where key = 'k4'",
        "key k4: is kept as of",
    ),
    "an award that waits though nobody gave it": (
        (
            "insert into viral_outbox (campaign, member, at, entry, award) "
            "select campaign, member, at, entry, "
            "json_set(award, '$.id', 'rain-pack/p1/9/9') from viral_outbox limit 1"
        ),
        "outbox rain-pack/p1/9/9: waits to be delivered and was never given",
    ),
    "an award of a campaign that is not there, set aside": (
        "update viral_outbox set campaign = 'snow-pack', due = null where position = 1",
        "snow-pack: outbox rain-pack/p1/2/0: waits to be delivered and was never given",
    ),
    "a greater award that waits": (
        "update viral_outbox set award = json_set(award, '$.amount', 900) where position = 1",
        "outbox rain-pack/p1/2/0: is not what the ledger says was given",
    ),
    "an award that waits for another": (
        "update viral_outbox set award = json_set(award, '$.to', 'eve') where position = 1",
        "outbox rain-pack/p1/2/0: is not what the ledger says was given",
    ),
    "an award that waits twice": (
        (
            "insert into viral_outbox (campaign, member, at, entry, award) "
            "select campaign, member, at, entry, award from viral_outbox limit 1"
        ),
        "outbox rain-pack/p1/2/0: waits twice: it would be given twice",
    ),
    "an outbox that is no JSON": (
        "update viral_outbox set award = 'x' where position = 1",
        "outbox: cannot be read",
    ),
    "a part that nobody took": (
        "insert into viral_parts values ('eve', 'rain-pack', 'p1', 'grabber', 0)",
        "part of eve in p1: as grabber, which the journal does not know",
    ),
    "a part gone": (
        "delete from viral_parts where member = 'bob' and instance = 'p1'",
        "part of bob in p1: as grabber is gone, the journal has it",
    ),
    "a part as of another day": (
        "update viral_parts set at = at + 1 where member = 'bob' and instance = 'p1'",
        "part of bob in p1: is as of",
    ),
}


@pytest.mark.parametrize("what", ZOO)
def test_the_audit_reports(played: Played, what: str) -> None:
    sql, said = ZOO[what]
    played.run(sql)
    problems = list(map(str, played.report().problems))
    assert any(said in problem for problem in problems), problems


def test_a_line_that_is_filed_elsewhere_is_reported_on_postgres_too() -> None:
    psycopg = pytest.importorskip("psycopg")
    store: Any = fresh_store()
    shop = shop_of(RAIN, store=store)
    shop.handle(RAIN, share())
    shop.handle(RAIN, grab())
    assert audit(store).is_clean
    with psycopg.connect(server_url(), autocommit=True) as tables:
        tables.execute(f"update {store.schema}.journal set instance = 'p2', at = 5")
    said = list(map(str, audit(store).problems))
    assert any("p1 (journal 2): is filed under p2, it is about p1" in one for one in said), said
    assert any("p1 (journal 2): is filed at 5, its command came at" in one for one in said), said
    store.close()


def test_keys_that_were_pruned_are_not_missed(played: Played) -> None:
    assert played.store.kept_since() is None
    assert played.store.prune_keys(at(minutes=30)) == 9
    assert played.store.kept_since() == at(minutes=30)
    assert played.store.prune_keys(at(minutes=10)) == 0
    assert played.store.kept_since() == at(minutes=30)
    assert played.report().is_clean
    played.run("delete from viral_keys where key = 'k8'")
    (problem,) = played.report().problems
    assert "key k8: is gone" in str(problem)


# ------------------------------------------------------------------ every single value


KEYS = {
    "viral_cells": ("campaign", "instance"),
    "viral_quotas": ("campaign", "name", "scope", "period"),
    "viral_ledger": ("position",),
    "viral_journal": ("position",),
    "viral_keys": ("campaign", "key"),
    "viral_parts": ("member", "campaign", "instance", "role"),
    "viral_outbox": ("position",),
}
CANNOT_BE_TOLD = {
    # when and after whom an award is delivered; one that is gone may have been
    *(
        ("viral_outbox", what)
        for what in ("member", "entry", "due", "tries", "lease", "error", "gone")
    ),
    # dice that nothing was drawn with
    ("viral_journal", "decision.command.entropy"),
}
ONLY_REFUSED = {
    # what was refused changed nothing; of a refusal nobody can prove when it came and from whom
    ("viral_journal", "decision.command.at"),
    ("viral_journal", "decision.command.by"),
    ("viral_journal", "decision.command.key"),
    ("viral_journal", "decision.rules"),
    ("viral_journal", "gone"),
}


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value.replace("2026-", "2027-") if value.startswith("2026-") else value + "x"
    return 5


def inside(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every plain value in JSON."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in pairs:
            yield from inside(part, (*path, key))
    else:
        yield path


def tampered(column: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every way to change one value of a column, a value inside of its JSON included."""
    if not (isinstance(value, str) and value.startswith("{")):
        yield column, changed(value)
        return
    data = json.loads(value)
    for path in inside(data):
        copy = json.loads(value)
        node = copy
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = changed(node[path[-1]])
        names = [step for step in path if isinstance(step, str)]
        yield ".".join((column, *names)), json.dumps(copy)


@pytest.mark.parametrize("table", KEYS)
def test_every_value_of_a_table_is_proved(played: Played, table: str) -> None:
    """RQ-1, RQ-19: one value of one row, whichever, and a row that is gone."""
    tables, missed = played.tables, set()
    columns = [row[1] for row in tables.execute(f"pragma table_info({table})")]
    keys = KEYS[table]
    where = " and ".join(f"{key} = ?" for key in keys)
    for row in tables.execute(f"select * from {table}").fetchall():
        values = dict(zip(columns, row, strict=True))
        place = [values[key] for key in keys]
        refused = '"decision":"no"' in str(values.get("decision"))
        for column in columns:
            if column == "position" and column in keys:  # the order is proved above
                continue
            for name, other in tampered(column, values[column]):
                played.run(f"update {table} set {column} = ? where {where}", other, *place)
                if played.report().is_clean:
                    missed.add((table, name, refused))
                there = [other if key == column else values[key] for key in keys]
                played.run(
                    f"update {table} set {column} = ? where {where}", values[column], *there
                )
        played.run(f"delete from {table} where {where}", *place)
        if played.report().is_clean:
            missed.add((table, "gone", refused))
        played.run(f"insert into {table} values ({', '.join('?' * len(row))})", *row)
    assert played.report().is_clean
    unproved = {
        (name, what)
        for name, what, refused in missed
        if (name, what) not in CANNOT_BE_TOLD and not (refused and (name, what) in ONLY_REFUSED)
    }
    assert not unproved


def test_an_audit_of_a_file_that_is_locked_is_no_finding(played: Played) -> None:
    """What a store cannot say just now is raised, not reported as damage."""
    with closing(sqlite3.connect(played.store.path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        assert played.report().is_clean
