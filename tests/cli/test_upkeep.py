"""forget and archive: what an operator asks of a store once in a while."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from commandline import Run
from postgres import fresh_store, server_url, worker_url
from shops import assert_clean, at, grab, share, shop_of, small
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.stores.sqlite import SqliteStore
from viralcommerce.testing.doubles import FakeIssuer

PACKS = small()


def filled(folder: Path, **ports: Any) -> str:
    """A store with two packs that are empty, and one that is open."""
    path = str(folder / "shop.db")
    store = SqliteStore(path)
    play(store, **ports)
    store.close()
    return path


def play(store: Store, **ports: Any) -> None:
    shop = shop_of(PACKS, store=store, **ports)
    for name in ("p1", "p2", "open"):
        shop.handle(PACKS, share(name))
        for member in ("bob", "cid", "dee")[: 3 if name != "open" else 1]:
            shop.handle(PACKS, grab(member, name))


def checked(path: str) -> None:
    store = SqliteStore(path)
    assert_clean(store)
    store.close()


def test_forget_says_what_it_did_and_does_it_once(run: Run, tmp_path: Path) -> None:
    path = filled(tmp_path)
    done = run("forget", path, "cid")
    assert done.exit_code == 0
    assert " lines, 2 instances and 2 rows of the ledger rewritten, now (gone)/" in done.output
    assert run("forget", path, "cid").output == "nothing of them is there\n"
    told = json.loads(run("forget", path, "bob", "--json").output)
    assert told["pseudonym"].startswith("(gone)/")
    assert told["is_scrubbed"] is True
    assert b"bob" not in Path(path).read_bytes()
    checked(path)


def test_forget_refuses_while_something_is_on_its_way(run: Run, tmp_path: Path) -> None:
    path = filled(tmp_path, issuer=FakeIssuer())
    refused = run("forget", path, "bob")
    assert refused.exit_code == 1
    assert "wait in the outbox" in refused.output
    assert run("forget", path, " bob").exit_code == 1


def test_archive_drops_and_keeps_what_it_dropped(run: Run, tmp_path: Path) -> None:
    path, kept = filled(tmp_path), tmp_path / "old.jsonl"
    when = at(days=1).isoformat()
    done = run("archive", path, "--before", when, "--to", kept)
    assert (done.exit_code, done.output) == (0, "2 instances sealed, 8 lines dropped\n")
    lines = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    assert [line["position"] for line in lines] == list(range(1, 9))
    assert {line["decision"]["decision"] for line in lines} == {"yes"}
    again = json.loads(run("archive", path, "--before", when, "--json").output)
    assert again == {"instances": 0, "lines": 0, "problems": []}
    checked(path)


def test_archive_keeps_what_does_not_add_up(run: Run, tmp_path: Path) -> None:
    import sqlite3

    path = filled(tmp_path)
    with sqlite3.connect(path) as hand:
        hand.execute("update viral_cells set version = 9 where instance = 'p1'")
    hand.close()
    done = run("archive", path, "--before", at(days=1).isoformat())
    assert done.exit_code == 4
    assert "1 instances sealed, 4 lines dropped" in done.output
    assert "kept: rain-pack: p1: its version is 9, replayed 4" in done.output


def test_a_line_that_was_cut_off_spoils_no_other(run: Run, tmp_path: Path) -> None:
    path, kept = filled(tmp_path), tmp_path / "old.jsonl"
    kept.write_text('{"position":1,"deci', "utf-8")
    when = at(days=1).isoformat()
    assert run("archive", path, "--before", when, "--to", kept).exit_code == 0
    cut, *lines = kept.read_text("utf-8").splitlines()
    assert cut == '{"position":1,"deci'
    assert [json.loads(line)["position"] for line in lines] == list(range(1, 9))
    assert run("archive", path, "--before", when, "--to", kept).exit_code == 0
    assert len(kept.read_text("utf-8").splitlines()) == 9


def test_archive_by_who_may_not_tend_says_what_it_did_and_what_it_left(run: Run) -> None:
    """Workers have a role that owns no table and may make none."""
    store = fresh_store()
    play(store)
    store.close()
    url = f"{worker_url(store.schema)}#{store.schema}"
    for sealed, lines in ((2, 8), (0, 0)):
        done = run("archive", url, "--before", at(days=1).isoformat(), "--json")
        assert done.exit_code == 3
        assert json.loads(done.stdout) == {"instances": sealed, "lines": lines, "problems": []}
        assert "what was archived stands; the partitions of the journal were left" in done.stderr
        assert "as the owner of the tables" in done.stderr
    owner = f"{server_url()}#{store.schema}"
    assert run("archive", owner, "--before", at(days=1).isoformat()).exit_code == 0


def test_archive_puts_nothing_into_the_store_itself(run: Run, tmp_path: Path) -> None:
    path = filled(tmp_path)
    (tmp_path / "also.db").symlink_to(path)
    for other in (path, str(tmp_path / "also.db")):
        refused = run("archive", path, "--before", at(days=1).isoformat(), "--to", other)
        assert refused.exit_code == 3
        assert "is the store" in refused.output
    checked(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_archive_drops_nothing_where_the_disk_is_full(run: Run, tmp_path: Path) -> None:
    _refused(run, filled(tmp_path), Path("/dev/full"))


def test_explain_says_that_what_it_is_asked_for_was_archived(run: Run, tmp_path: Path) -> None:
    path = filled(tmp_path)
    run("archive", path, "--before", at(days=1).isoformat())
    told = run("explain", path, "--instance", "p1")
    assert told.exit_code == 1
    assert "were archived" in told.output
    assert "check the spelling" in run("explain", path, "--instance", "p9").output


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_archive_drops_nothing_that_it_cannot_put_away(run: Run, tmp_path: Path) -> None:
    path = filled(tmp_path)
    (tmp_path / "closed").mkdir(mode=0o500)
    _refused(run, path, tmp_path / "closed" / "old.jsonl")


def test_archive_drops_nothing_where_the_folder_is_not_there(run: Run, tmp_path: Path) -> None:
    _refused(run, filled(tmp_path), tmp_path / "nowhere" / "old.jsonl")


def _refused(run: Run, path: str, to: Path) -> None:
    refused = run("archive", path, "--before", at(days=1).isoformat(), "--to", to)
    assert refused.exit_code == 3
    assert "cannot be written" in refused.output
    store = SqliteStore(path)
    assert len(list(store.journal("rain-pack"))) == 10
    store.close()
