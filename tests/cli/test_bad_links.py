"""Every way in which a file of members is wrong: where, what, what to do; never a traceback."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from commandline import Run, Write

HEAD = "id,parent,time,root\n"
GOOD = "ann,,0,ann\nbob,ann,5,ann\n"

BAD: dict[str, tuple[int, str | bytes, str]] = {
    "self": (4, "cai,cai,6,ann\n", "'cai' brought themselves"),
    "twice": (4, "bob,ann,6,ann\n", "'bob' came before, in line 3; a member is brought once"),
    "two parents": (4, "bob,,6,ann\n", "'bob' came before, in line 3"),
    "unknown parent": (4, "cai,zed,6,ann\n", "nobody in 'ann' is called 'zed', who brought 'cai'"),
    "parent elsewhere": (4, "cai,ann,6,eve\n", "nobody in 'eve' is called 'ann'"),
    "second root": (4, "cai,,6,ann\n", "'cai' has no parent, and 'ann' in line 2 is the root of"),
    "circle": (4, "cai,dan,6,ann\ndan,cai,7,ann\n", "'cai', 'dan' brought each other in a circle"),
    "no id": (4, ",ann,6,ann\n", "id: 0 characters; give 1 to 200"),
    "long id": (4, f"{'c' * 300},ann,6,ann\n", "id: 300 characters"),
    "unseen": (4, "ca\u200bi,ann,6,ann\n", "has the unseen character U+200B"),
    "blank": (4, "cai, ann,6,ann\n", "parent: ' ann' begins or ends with a blank"),
    "too few": (4, "cai,ann\n", "2 fields where the first line has 4"),
    "too many": (4, "cai,ann,6,ann,?\n", "5 fields where the first line has 4"),
    "quote": (4, '"cai,ann,6,ann\n', "not CSV"),
    "not UTF-8": (4, b"c\xe9,ann,6,ann\n", "not UTF-8 at byte 1; save it as UTF-8"),
    "NUL": (4, b"c\x00i,ann,6,ann\n", "it has NUL bytes"),
    "no time": (4, "cai,ann,soon,ann\n", "time: cannot read 'soon'; write 2025-11-11T08:00:00"),
    "no number": (4, "cai,ann,nan,ann\n", "time: 'nan' is no number of time"),
    "naive": (4, "cai,ann,2025-11-11T08:00:00,ann\n", "has no zone; say which"),
    "mixed": (
        4,
        "cai,ann,2025-11-11T08:00:00Z,ann\n",
        "is a date where lines above have a number",
    ),
    "too long": (4, f"cai,ann,{'6' * (1 << 20)},ann\n", "give one member a line"),
}


@pytest.fixture(params=BAD)
def bad(request: pytest.FixtureRequest) -> tuple[int, bytes, str]:
    line, text, says = BAD[request.param]
    return line, text if isinstance(text, bytes) else text.encode(), says


def test_a_bad_line_is_named_with_its_file_and_number(
    run: Run, write: Write, bad: tuple[int, bytes, str]
) -> None:
    """EC-58: a circle of any length, read from a file too, is found and named."""
    line, text, says = bad
    file = write("friends.csv", (HEAD + GOOD).encode() + text + b"eve,bob,9,ann\n")
    result = run("measure", file)
    assert result.exit_code == 1
    assert f"viralcommerce: {file}:{line}: " in result.output
    assert says in result.output
    assert "--skip-bad leaves bad lines out" in result.output
    assert "Traceback" not in result.output


def test_skip_bad_leaves_it_out_and_takes_the_rest(
    run: Run, write: Write, bad: tuple[int, bytes, str]
) -> None:
    line, text, says = bad
    file = write("friends.csv", (HEAD + GOOD).encode() + text + b"eve,bob,9,ann\n")
    (found,) = json.loads(run("measure", file, "--skip-bad", "--json").stdout)["files"]
    assert found["members"] == 3
    assert found["bad"] == len(text.splitlines())
    assert found["bad_lines"][0]["line"] == line
    assert says in found["bad_lines"][0]["what"]


def test_who_was_brought_by_a_line_left_out_is_left_out_too(run: Run, write: Write) -> None:
    below = "cai,zed,6,ann\ndan,cai,7,ann\neve,dan,8,ann\n"
    file = write("friends.csv", HEAD + GOOD + below)
    (found,) = json.loads(run("measure", file, "--skip-bad", "--json").stdout)["files"]
    assert (found["members"], found["bad"]) == (2, 3)
    assert [each["line"] for each in found["bad_lines"]] == [4, 5, 6]
    assert "was brought by one whose line was left out" in found["bad_lines"][1]["what"]


CANNOT_BE: dict[str, tuple[Any, str]] = {
    "not there": (None, "no such file or directory; check the path"),
    "empty": (b"", "it is empty; give one member a line"),
    "head only": (HEAD, "no member in it; give one a line"),
    "no head": ("ann,,0,ann\n", "begin with id,parent,time or say which is which"),
    "two of a name": ("id,parent,id\nann,,x\n", "the column 'id' is there twice"),
    "UTF-16": (HEAD.encode("utf-16"), "it is UTF-16; give CSV or JSON lines in UTF-8"),
    "zip": (b"PK\x03\x04rest", "it is a zip archive"),
    "cut gzip": (
        gzip.compress((HEAD + "".join(f"{n},,0,\n" for n in range(999))).encode())[:-20],
        "ends too early",
    ),
    "only circles": (HEAD + "ann,bob,0,x\nbob,ann,0,x\n", "brought each other in a circle"),
    "JSON list": ("[1]\n", "the columns are [1]"),
    "JSON broken": ('{"id": "ann"\n', "not JSON"),
    "JSON parent": ('{"id": "ann", "parent": ["bob"]}\n', "parent: expected text or a number"),
    "JSON no id": ('{"member": "ann"}\n', "the columns are member, parent, root, time"),
    "nested": (b'{"id":' + b"[" * 100_000 + b"\n", "nested too deeply"),
}


@pytest.mark.parametrize("case", CANNOT_BE)
def test_a_file_that_is_none_is_named(run: Run, write: Write, case: str) -> None:
    what, says = CANNOT_BE[case]
    file = "nowhere.csv" if what is None else write("bad.csv", what)
    result = run("measure", file)
    assert result.exit_code == 1
    assert f"viralcommerce: {file}" in result.output
    assert says in result.output
    assert "Traceback" not in result.output


def test_nothing_left_is_said_whatever_was_skipped(run: Run, write: Write) -> None:
    file = write("bad.csv", HEAD + "ann,bob,0,x\nbob,ann,0,x\n")
    result = run("measure", file, "--skip-bad")
    assert result.exit_code == 1
    assert "no member has a way to a root" in result.output


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("id", "'id' is no key=column"),
        ("id=id,parent=parent,age=time", "choose keys from: days, hours, id, minutes, parent"),
        ("id=id", "parent is missing"),
        ("id=id,id=id,parent=parent", "id is there twice"),
        ("id=id,parent=parent,time=time,hours=time", "one column says when"),
        ("id=who,parent=parent", "no column 'who'; choose from: id, parent, root, time"),
    ],
)
def test_columns_that_cannot_be_are_named(run: Run, write: Write, columns: str, says: str) -> None:
    result = run("measure", write("friends.csv", HEAD + GOOD), "--columns", columns)
    assert result.exit_code == 1
    assert says in result.output


@pytest.mark.parametrize(
    ("until", "code", "says"),
    [
        ("2025-11-11T08:00:00+08:00", 1, "its times are numbers; give --until as a number"),
        ("-5", 1, "watched: nobody"),
        ("soon", 2, "cannot read 'soon'"),
        ("2025-11-11", 2, "has no zone"),
        ("inf", 2, "'inf' is no moment"),
    ],
)
def test_an_end_that_cannot_be_is_named(
    run: Run, write: Write, until: str, code: int, says: str
) -> None:
    result = run("measure", write("friends.csv", HEAD + GOOD), "--until", until)
    assert result.exit_code == code
    assert says in result.output
