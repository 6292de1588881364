"""Every command on a store that is named by a URL: PostgreSQL for whatever SQLite is taken for."""

from __future__ import annotations

import json

import pytest

from commandline import CAMPAIGN, STORY, Run, Write
from postgres import fresh_schema, server_url
from viralcommerce.runtime.stores.urls import shown


@pytest.fixture
def url() -> str:
    """A store of PostgreSQL with empty tables."""
    return f"{server_url()}#{fresh_schema()}"


def test_a_log_is_run_into_postgres_and_nothing_changes_when_it_is_run_again(
    url: str, run: Run, write: Write
) -> None:
    """RQ-1: the same answers as in a file; a second run changes nothing."""
    tea, log = write("tea.json", CAMPAIGN), write("log.jsonl", STORY)
    first = run("run", tea, log, "--store", url, "--audit", "--json")
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    file = json.loads(run("run", tea, log, "--audit", "--json").stdout)
    assert told["summary"] == file["summary"]
    assert told["ran"] == file["ran"]
    again = json.loads(run("run", tea, log, "--store", url, "--json").stdout)
    assert again["ran"]["accepted"] == again["ran"]["refused"] == 0
    assert again["ran"]["there_already"] == len(STORY)
    assert again["summary"] == told["summary"]


def test_audit_tick_and_explain_on_postgres(url: str, run: Run, write: Write) -> None:
    tea, log = write("tea.json", CAMPAIGN), write("log.jsonl", STORY[:4])
    assert run("run", tea, log, "--store", url).exit_code == 0
    ticked = run("tick", url, tea, "--at", "2025-11-13T08:00:00+08:00", "--json")
    assert json.loads(ticked.stdout)["ended"] == 1
    proved = run("audit", url, tea)
    assert proved.exit_code == 0, proved.output
    assert "audit: clean" in proved.output
    why = run("explain", url, "--key", "4", "--audience", "member")
    assert "ann cannot open their own pack" in why.output


def test_doctor_looks_at_the_server_and_at_the_tables(url: str, run: Run, write: Write) -> None:
    nothing = run("doctor", url, "--json")
    assert nothing.exit_code in (0, 4), nothing.output  # a test server may run without fsync
    run("run", write("tea.json", CAMPAIGN), write("log.jsonl", STORY[:3]), "--store", url)
    told = {one["about"]: one for one in json.loads(run("doctor", url, "--json").stdout)}
    assert told["postgresql"]["state"] == "ok"
    assert "16 shards" in told["schema"]["found"]
    assert "the last at 2025-11-1" in told["journal"]["found"]
    assert told["deadlines"]["found"] == "1 overdue; run tick"
    assert {"durability", "isolation", "connections", "transactions", "outbox"} <= set(told)


def test_the_tables_of_postgres_are_printed_as_psql_takes_them(run: Run) -> None:
    import psycopg

    printed = run("schema", "sql", "--dialect", "postgres", "--schema", "viral_cli")
    assert printed.exit_code == 0
    assert "create schema if not exists viral_cli;" in printed.stdout
    with psycopg.connect(server_url()) as connection:
        connection.execute("drop schema if exists viral_cli cascade")
        connection.execute(printed.stdout.encode())
    assert run("audit", f"{server_url()}#viral_cli").exit_code == 0
    assert run("schema", "sql").stdout.startswith("create table if not exists viral_meta")
    newer = run("schema", "sql", "--dialect", "postgres", "--since", "99")
    assert newer.exit_code == 2
    assert "newer than this library" in newer.output


def test_tables_that_are_not_there_say_what_to_run(run: Run, write: Write) -> None:
    missing = f"{server_url()}#not_there"
    tea, log = write("tea.json", CAMPAIGN), write("log.jsonl", STORY)
    for command in (
        ("run", tea, log, "--store", missing),
        ("audit", missing),
        ("tick", missing, tea),
        ("explain", missing, "--key", "1"),
        ("doctor", missing),
    ):
        told = run(*command)
        assert told.exit_code == 3, told.output
        assert "viralcommerce schema sql --dialect postgres --schema not_there" in told.stderr


@pytest.mark.parametrize(
    ("store", "code", "said"),
    [
        ("postgresql://ann:hunter2@127.0.0.1:1/shop", 3, "127.0.0.1"),
        ("mysql://ann:hunter2@db/shop", 1, "'mysql://ann@db/shop' names no store"),
        ("memory:", 3, "memory: ends with this command; name a file"),
        ("sqlite:///not-there.db", 3, "not-there.db: no such file"),
        ("sqlite:///:memory:", 1, "names no file"),
        ("sqlite:///", 1, "names no file"),
        (":memory:", 1, "names no file"),
        ("postgresql://localhost/shop#No Name", 1, "schema: 'No Name' is no plain name"),
    ],
)
def test_a_store_that_cannot_be_opened_is_told_without_its_password(
    run: Run, store: str, code: int, said: str
) -> None:
    told = run("audit", store)
    assert told.exit_code == code, told.output
    assert said in told.stderr
    assert "hunter2" not in told.output


def test_a_file_may_be_named_by_its_url(run: Run, write: Write) -> None:
    tea, log = write("tea.json", CAMPAIGN), write("log.jsonl", STORY)
    path = write("tea.db", b"")
    url = f"sqlite:///{path}"
    told = run("run", tea, log, "--store", url, "--audit")
    assert told.exit_code == 0, told.output
    for command in (("audit", path), ("audit", url), ("doctor", url), ("tick", url, tea)):
        assert run(*command).exit_code == 0


def test_what_is_kept_of_a_store_has_no_password(run: Run, write: Write) -> None:
    assert shown("postgresql://ann:hunter2@db:5432/shop?sslmode=require#tea") == (
        "postgresql://ann@db:5432/shop?sslmode=require#tea"
    )
    assert shown("postgresql:///shop?user=ann&password=hunter2&port=1") == (
        "postgresql:///shop?user=ann&password=...&port=1"
    )
    assert shown("postgresql://ann@db/shop") == "postgresql://ann@db/shop"
    assert shown("viral.db") == "viral.db"
