"""Every way in which input is wrong: where, what, what to do; a code; nothing half-written."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commandline import CAMPAIGN, STORY, Run, Write, event

GOOD = event("7", "09:00", "share", "p2", "eve")
BARE = '{"key": "7", "at": "2025-11-11T09:00:00+08:00", "command": %s}'


def with_command(**command: Any) -> dict[str, Any]:
    return {"key": "7", "at": "2025-11-11T09:00:00+08:00", "command": command}


BAD_LINES: dict[str, tuple[Any, str]] = {
    "not JSON": ("{bad}\n", "not JSON (Expecting property name"),
    "not an object": ("[1, 2]\n", "expected an object with key, at and command, not '[1, 2]'"),
    "nested": ("[" * 100_000 + "\n", "nested too deeply"),
    "NUL": ('{"key": "\x00"}\n', "it has NUL bytes"),
    "not UTF-8": (b'{"key": "\xe9"}\n', "not UTF-8"),
    "no key": ({"at": "2025-11-11T09:00:00Z", "command": {}}, "the key is missing"),
    "no time": ({"key": "7", "command": GOOD["command"]}, "the time is missing; give at"),
    "naive time": ({**GOOD, "at": "2025-11-11T09:00:00"}, "at: 2025-11-11T09:00:00 has no zone"),
    "no such time": ({**GOOD, "at": "2025-13-11T09:00:00Z"}, "invalid RFC3339"),
    "far time": ({**GOOD, "at": "9999-12-31T09:00:00Z"}, "is not between 1970 and 3000"),
    "number as time": ({**GOOD, "at": 1762819200}, "expected `datetime`, got `int`"),
    "no kind": (with_command(pack="p", by="eve"), "command: the kind is missing; choose from:"),
    "unknown kind": (
        with_command(kind="gab", pack="p", by="eve"),
        "command: unknown kind 'gab'; choose from: grab, share",
    ),
    "the clock's": (with_command(kind="expire", pack="p1"), "'expire' is the clock's"),
    "key of the clock": (
        {**GOOD, "key": "(clock)/p1/2025-11-12T01:00:00+00:00"},
        "key: '(clock)/p1/2025-11-12T01:00:00+00:00' is the clock's; give another",
    ),
    "by the clock": (with_command(kind="grab", pack="p1", by="(clock)"), "is the clock's"),
    "float": (with_command(kind="grab", pack="p1", by=7.5), "expected `str`, got `float`"),
    "unknown field": (
        with_command(kind="grab", pack="p1", by="eve", amount=1),
        "unknown field `amount`",
    ),
    "missing field": (with_command(kind="grab", by="eve"), "missing required field `pack`"),
    "time inside": (
        with_command(kind="grab", pack="p1", by="eve", at="2025-11-11T09:00:00Z"),
        "its key and time stand beside it",
    ),
    "unseen character": (
        with_command(kind="grab", pack="p1", by="eve\u200b"),
        "command.by: 'eve\\u200b' has the unseen character U+200B",
    ),
    "long id": (with_command(kind="grab", pack="p" * 300, by="eve"), "command.pack: 300 char"),
    "float fact": (
        {**GOOD, "facts": {"eve": {"spent": 7.41}}},
        "facts: 7.41 is a float; write amounts like 'CNY 7.41'",
    ),
    "reused key": (
        event("2", "09:00", "grab", "p1", "eve"),
        "the key '2' came before, with another command",
    ),
}


def raw(line: Any) -> bytes:
    if isinstance(line, bytes):
        return line
    return line.encode() if isinstance(line, str) else f"{json.dumps(line)}\n".encode()


@pytest.fixture(params=BAD_LINES)
def bad(request: pytest.FixtureRequest) -> tuple[bytes, str]:
    line, says = BAD_LINES[request.param]
    return raw(line), says


def test_a_bad_line_is_named_with_its_file_and_number(
    run: Run, write: Write, tmp_path: Path, bad: tuple[bytes, str]
) -> None:
    line, says = bad
    log = write("log.jsonl", b"".join(map(raw, STORY)) + line + raw(GOOD))
    result = run("run", write("tea.json", CAMPAIGN), log, "--store", tmp_path / "tea.db")
    assert result.exit_code == 1
    assert f"viralcommerce: {log}:7: " in result.output
    assert says in result.output
    assert "--skip-bad leaves bad lines out" in result.output
    assert "Traceback" not in result.output


def test_skip_bad_counts_and_lists_it_and_takes_the_rest(
    run: Run, write: Write, tmp_path: Path, bad: tuple[bytes, str]
) -> None:
    line, says = bad
    log = write("log.jsonl", b"".join(map(raw, STORY)) + line + raw(GOOD))
    store = tmp_path / "tea.db"
    arguments = (write("tea.json", CAMPAIGN), log, "--store", store, "--skip-bad")
    found = json.loads(run("run", *arguments, "--json").stdout)
    assert found["ran"]["events"] == 7
    assert found["ran"]["bad"] == 1
    assert [one["line"] for one in found["ran"]["bad_lines"]] == [7]
    assert says in found["ran"]["bad_lines"][0]["what"]
    again = json.loads(run("run", *arguments, "--json").stdout)
    assert again["ran"]["there_already"] == 7
    assert again["summary"] == found["summary"]


def test_a_last_line_cut_in_the_middle_says_to_run_again(run: Run, write: Write) -> None:
    log = write("log.jsonl", b"".join(map(raw, STORY)) + raw(GOOD)[:40])
    result = run("run", write("tea.json", CAMPAIGN), log)
    assert result.exit_code == 1
    assert f"{log}:7: cut off in the middle; run again when the line is complete" in result.output


def test_a_cut_gzip_file_commits_what_is_whole_and_goes_on_when_it_is_fetched_again(
    run: Run, write: Write, tmp_path: Path
) -> None:
    many = [event(f"s{n}", "08:00", "share", f"q{n}", "ann") for n in range(5_000)]
    whole = gzip.compress(b"".join(map(raw, many)))
    campaign = write("tea.json", {**CAMPAIGN, "budget": "unlimited"})
    store = tmp_path / "tea.db"
    log = write("log.jsonl.gz", whole[: len(whole) // 2])
    result = run("run", campaign, log, "--store", store)
    assert result.exit_code == 1
    assert "the gzip file ends too early" in result.output
    assert "committed up to line 2000; run again to go on from there" in result.output
    write("log.jsonl.gz", whole)
    found = json.loads(run("run", campaign, log, "--store", store, "--json").stdout)
    assert (found["ran"]["there_already"], found["ran"]["accepted"]) == (2_000, 3_000)


CANNOT_BE: dict[str, tuple[Any, str]] = {
    "not there": (None, "no such file or directory; check the path"),
    "empty": (b" \n", "it is empty; give one campaign object"),
    "not JSON": (b"{", "not JSON"),
    "not UTF-8": (b'{"name": "\xe9"}', "not JSON"),
    "nested": (b"[" * 200_000, "nested too deeply"),
    "float": (
        json.dumps(CAMPAIGN).replace('"CNY 100.00"', "100.5").encode(),
        "100.5 is a float; write amounts like 'CNY 7.41'",
    ),
    "mixed currencies": ({**CAMPAIGN, "budget": "USD 100.00"}, "a campaign has one currency"),
    "cannot pay": ({**CAMPAIGN, "budget": "CNY 2.00"}, "it can never pay"),
    "unknown kind": (
        {**CAMPAIGN, "mechanic": {"kind": "os.system"}},
        "unknown kind 'os.system'; choose from: collect, coupon_pack",
    ),
}


@pytest.mark.parametrize("case", CANNOT_BE)
def test_a_campaign_that_cannot_be_is_named_before_anything_is_made(
    run: Run, write: Write, tmp_path: Path, case: str
) -> None:
    what, says = CANNOT_BE[case]
    path = str(tmp_path / "nothing.json") if what is None else write("bad.json", what)
    store = tmp_path / "tea.db"
    result = run("run", path, write("log.jsonl", STORY), "--store", store)
    assert result.exit_code == 1
    assert f"viralcommerce: {path}: " in result.output
    assert says in result.output
    assert not store.exists()


STORES: dict[str, tuple[bytes | None, str]] = {
    "not a database": (b"hello, this is no database at all" * 9, "not a database"),
    "a folder": (None, "it is a folder; name a file in it"),
}


@pytest.mark.parametrize("case", STORES)
@pytest.mark.parametrize("command", ["run", "audit", "tick", "explain", "doctor"])
def test_a_store_that_is_none_is_named(
    run: Run, write: Write, tmp_path: Path, command: str, case: str
) -> None:
    data, says = STORES[case]
    store = str(tmp_path) if data is None else write("store.db", data)
    result = run(*arguments(command, store, write))
    assert result.exit_code == 3
    assert f"viralcommerce: {store}: " in result.output
    assert says in result.output
    assert data is None or Path(store).read_bytes() == data


@pytest.mark.parametrize("command", ["audit", "tick", "explain", "doctor"])
def test_looking_at_a_store_never_makes_one(
    run: Run, write: Write, tmp_path: Path, command: str
) -> None:
    store = tmp_path / "nothing.db"
    result = run(*arguments(command, str(store), write))
    assert (result.exit_code, store.exists()) == (3, False)
    assert "no such file; name the store" in result.output
    with closing(sqlite3.connect(store)) as other:
        other.execute("create table theirs (id integer)")
    result = run(*arguments(command, str(store), write))
    assert result.exit_code == 3
    assert "a database without a store in it" in result.output
    with closing(sqlite3.connect(store)) as other:
        assert other.execute("select name from sqlite_master").fetchall() == [("theirs",)]


def arguments(command: str, store: str, write: Write) -> tuple[object, ...]:
    campaign = write("tea.json", CAMPAIGN)
    return {
        "run": ("run", campaign, write("log.jsonl", STORY), "--store", store),
        "audit": ("audit", store),
        "tick": ("tick", store, campaign),
        "explain": ("explain", store, "--key", "1"),
        "doctor": ("doctor", store),
    }[command]


def test_a_store_whose_folder_is_not_there_is_named(
    run: Run, write: Write, tmp_path: Path
) -> None:
    store = tmp_path / "nowhere" / "tea.db"
    result = run("run", write("tea.json", CAMPAIGN), write("log", STORY), "--store", store)
    assert result.exit_code == 3
    assert f"{store}: its folder is not there; make it, or name another" in result.output


def test_a_locked_database_is_waited_for_and_then_named(
    run: Run, write: Write, tmp_path: Path
) -> None:
    store = tmp_path / "tea.db"
    campaign, log = write("tea.json", CAMPAIGN), write("log.jsonl", STORY)
    assert run("run", campaign, log, "--store", store).exit_code == 0
    more = write("more.jsonl", [GOOD])
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("begin immediate")
        result = run("run", campaign, more, "--store", store, "--wait", "0.1")
        assert result.exit_code == 3
        assert "another process is writing to it" in result.output
        assert "nothing of it is committed" in result.output
        other.execute("rollback")
    assert run("run", campaign, more, "--store", store, "--wait", "0.1").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--until", "soon"), "write it like 2025-11-11T08:00:00+08:00"),
        (("--until", "2025-11-11T08:00:00"), "has no zone"),
        (("--wait", "-1"), "wait"),
        (("--frobnicate",), "frobnicate"),
    ],
)
def test_usage_errors_have_a_code_of_their_own(
    run: Run, write: Write, arguments: tuple[str, ...], says: str
) -> None:
    result = run("run", write("tea.json", CAMPAIGN), write("log", STORY), *arguments)
    assert result.exit_code == 2
    assert says in result.output


def test_a_report_that_cannot_be_written_is_named_before_the_work(
    run: Run, write: Write, tmp_path: Path
) -> None:
    campaign, log, store = write("tea.json", CAMPAIGN), write("log", STORY), tmp_path / "tea.db"
    for target, says in [
        (tmp_path, "it is a folder"),
        (tmp_path / "no" / "out.html", "its folder is not there"),
        (log, "would write over"),
        (store, "would write over"),
    ]:
        result = run("run", campaign, log, "--store", store, "--report", target)
        assert result.exit_code == 3
        assert says in result.output
        assert not store.exists()
