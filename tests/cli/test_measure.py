"""`measure`: what it says of members and cascades, as a table, JSON, CSV and a page."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from commandline import Run, Write

FRIENDS = """id,parent,time,root
ann,,2025-11-11T08:00:00+08:00,ann
bob,ann,2025-11-11T08:20:00+08:00,ann
cai,ann,2025-11-11T09:00:00+08:00,ann
dan,bob,2025-11-11T21:00:00+08:00,ann
flo,,2025-11-12T10:00:00+08:00,flo
"""
NASTY = "</script><script>alert(1)</script>"


def told(run: Run, *arguments: object, **more: Any) -> Any:
    result = run("measure", *arguments, "--json", **more)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_it_measures_every_cascade(run: Run, write: Write) -> None:
    (found,) = told(run, write("friends.csv", FRIENDS))["files"]
    ann, flo = found["cascades"]
    assert ann == {
        "name": "ann",
        "size": 4,
        "depth": 2,
        "breadth": 2,
        "leaves": 2,
        "mean_depth": 1.0,
        "virality": pytest.approx(10 / 6),
        "half": 1200.0,
        "span": 46800.0,
    }
    assert (flo["size"], flo["virality"], flo["span"]) == (1, None, 0.0)
    assert (found["members"], found["generations"]) == (5, [2, 2, 1])
    assert found["k"]["value"] == pytest.approx(3 / 5)
    assert found["k_of_brought"]["value"] == pytest.approx(1 / 3)
    assert found["offspring"] == [[0, 3], [1, 1], [2, 1]]


SAME = {
    "json lines": "".join(f"{json.dumps(row)}\n" for row in csv.DictReader(FRIENDS.splitlines())),
    "semicolons": FRIENDS.replace(",", ";"),
    "tabs": FRIENDS.replace(",", "\t"),
    "quotes": re.sub(r"(?m)^(\w+),", r'"\1",', FRIENDS),
    "crlf and a mark": "\ufeff" + FRIENDS.replace("\n", "\r\n"),
    "children first": "\n".join([FRIENDS.splitlines()[0], *FRIENDS.splitlines()[:0:-1]]),
    "other columns": re.sub(r"(?m)$", ",x", FRIENDS.strip()).replace("root,x", "root,note"),
    "packed": gzip.compress(FRIENDS.encode()),
}


@pytest.mark.parametrize("form", SAME)
def test_the_same_in_another_form_is_the_same(run: Run, write: Write, form: str) -> None:
    (plain,) = told(run, write("friends.csv", FRIENDS))["files"]
    (other,) = told(run, write("other", SAME[form]))["files"]
    for each in (plain, other):
        for name in ("file", "sha256", "layout"):
            del each[name]
    assert other == plain


def test_columns_and_units_are_said(run: Run, write: Write) -> None:
    text = "who,by,game,round,age\n1,,tea,a,0\n2,1,tea,a,0.5\n1,,tea,b,0\n"
    file = write("game.csv", text)
    said = "id=who,parent=by,root=game+round,hours=age"
    (found,) = told(run, file, "--columns", said)["files"]
    assert [(each["name"], each["size"]) for each in found["cascades"]] == [
        ("tea/a", 2),
        ("tea/b", 1),
    ]
    assert found["cascades"][0]["span"] == 1800
    assert found["layout"] == said


def test_without_times_and_roots_it_measures_all_the_same(run: Run, write: Write) -> None:
    (found,) = told(run, write("bare.csv", "id,parent\nann,\nbob,ann\n"))["files"]
    assert [(each["name"], each["half"]) for each in found["cascades"]] == [("ann", None)]
    assert (found["untimed"], found["growth"]) == (2, [])


def test_standard_input_is_a_file_too(run: Run) -> None:
    (found,) = told(run, "-", given=FRIENDS.encode())["files"]
    assert (found["file"], found["members"]) == ("standard input", 5)


def test_while_a_campaign_runs_k_is_said_by_age(run: Run, write: Write) -> None:
    file = write("friends.csv", FRIENDS)
    (found,) = told(run, file, "--until", "2025-11-12T11:00:00+08:00")["files"]
    running = found["running"]
    assert (running["members"], running["naive"]) == (5, pytest.approx(0.6))
    assert running["ages"][0] == {
        "seconds": 1200.0,
        "at_risk": 5,
        "value": pytest.approx(0.2),
        "low": pytest.approx(0.2 / 5.7721, rel=1e-3),
        "high": pytest.approx(0.2 * 5.7721, rel=1e-3),
    }
    assert running["ages"][-1]["at_risk"] == 4  # flo has been there for an hour only
    assert running["ages"][-1]["value"] == pytest.approx(0.2 + 0.2 + 0.25)


def test_people_read_a_table(run: Run, write: Write) -> None:
    result = run("measure", write("friends.csv", FRIENDS), "--top", "1")
    assert "cascades, the 1 largest of 2" in result.stdout
    assert re.search(r"ann +4 +2 +2 +2 +1\.67 +20 min +13 h", result.stdout)
    assert "flo" not in result.stdout.replace("friends", "")


def test_a_line_for_every_cascade_and_no_formulas(run: Run, write: Write, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    file = write("odd.csv", 'id,parent\n=1+1,\n"a,b",\n')
    run("measure", file, "--table", out)
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["name"] for row in rows] == ["'=1+1", "a,b"]
    assert {row["file"] for row in rows} == {file}


def page(run: Run, tmp_path: Path, *arguments: object) -> str:
    out = tmp_path / "out.html"
    result = run("measure", *arguments, "--report", out)
    assert result.exit_code == 0, result.output
    return out.read_text(encoding="utf-8")


def test_the_page_is_one_file_with_plots_and_trees(run: Run, write: Write, tmp_path: Path) -> None:
    go = pytest.importorskip("plotly.graph_objects")
    bare = "id,parent\nx,\ny,x\n"
    text = page(
        run,
        tmp_path,
        write("friends.csv", FRIENDS),
        write("more.csv", FRIENDS),
        "--until",
        "2025-11-12T11:00:00+08:00",
    )
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)=", text.partition("<script>")[0])
    found = re.search(r"const figures = (.*);\n", text)
    assert found is not None
    figures = json.loads(found[1])
    assert set(figures) == {
        "sizes", "virality", "generations", "offspring", "growth", "running0", "running1"
    }  # fmt: skip
    for place, figure in figures.items():
        go.Figure(figure)
        assert f'id="{place}"' in text
    assert text.count("<svg viewBox") == 2  # each file has one cascade with anybody brought
    assert "ann: largest, deepest, most viral, widest" in text
    assert "<svg viewBox" in page(run, tmp_path, write("bare.csv", bare))


def test_names_are_text_wherever_they_stand(run: Run, write: Write, tmp_path: Path) -> None:
    rows = [{"id": NASTY}, {"id": "bob", "parent": NASTY}]
    text = page(run, tmp_path, write("nasty.jsonl", rows))
    assert "<script>alert" not in text


def test_nobody_brought_anybody_is_a_page_too(run: Run, write: Write, tmp_path: Path) -> None:
    text = page(run, tmp_path, write("alone.csv", "id,parent\nann,\nbob,\n"))
    assert "<svg viewBox" not in text
    assert "of one member only" in text


def test_a_tree_too_large_to_draw_is_drawn_by_those_who_brought_most(
    run: Run, write: Write, tmp_path: Path
) -> None:
    rows = ["id,parent", "0,", *(f"{n},{n // 2}" for n in range(1, 3_000))]
    text = page(run, tmp_path, write("large.csv", "\n".join(rows).replace("1,0\n", "1,0\n")))
    assert "1,800 who brought least are not drawn" in text


def test_a_target_that_is_read_too_is_refused(run: Run, write: Write, tmp_path: Path) -> None:
    file = write("friends.csv", FRIENDS)
    for option in ("--report", "--table"):
        result = run("measure", file, option, file)
        assert result.exit_code == 3
        assert "would write over" in result.output
    both = tmp_path / "out"
    assert run("measure", file, "--report", both, "--table", both).exit_code == 3
    assert not both.exists()


def test_without_numpy_it_says_what_to_install(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "numpy" else there(name)
    )
    result = run("measure", write("friends.csv", FRIENDS))
    assert result.exit_code == 2
    assert "measure needs numpy; pip install viralcommerce[cli,lab]" in result.output
