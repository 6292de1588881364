"""The other commands: tick, audit, explain, terms, schema, doctor."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from commandline import CAMPAIGN, STORY, Run, Write


@pytest.fixture
def store(run: Run, write: Write, tmp_path: Path) -> str:
    """A store in which the story happened, up to the pack's deadline."""
    made = str(tmp_path / "tea.db")
    log = write("log.jsonl", STORY[:5])
    assert run("run", write("tea.json", CAMPAIGN), log, "--store", made).exit_code == 0
    return made


def test_tick_ends_what_is_overdue_once(run: Run, write: Write, store: str) -> None:
    campaign = write("tea.json", CAMPAIGN)
    early = run("tick", store, campaign, "--at", "2025-11-12T07:59:59+08:00", "--json")
    assert json.loads(early.stdout)["ended"] == 0
    assert "1 ended, up to " in run("tick", store, campaign).output
    assert "0 ended, up to " in run("tick", store, campaign).output
    assert run("audit", store).exit_code == 0


def test_tick_tells_what_cannot_be_ended_after_all_the_rest_has(
    run: Run, write: Write, store: str
) -> None:
    campaign = write("tea.json", CAMPAIGN)
    connection = sqlite3.connect(store)
    rows = "rules, version, '{}', deadline - 1, held, parent"
    connection.execute(f"insert into viral_cells select campaign, 'bad', {rows} from viral_cells")
    connection.commit()
    connection.close()
    told = run("tick", store, campaign)
    assert told.exit_code == 4
    assert "1 ended, up to " in told.stdout
    assert "tick: tea/bad could not be ended: cell: " in told.stderr
    again = run("tick", store, campaign)
    assert (again.exit_code, "0 ended" in again.stdout) == (4, True)


def test_audit_proves_a_store(run: Run, store: str) -> None:
    result = run("audit", store, "--campaign", "tea")
    assert result.exit_code == 0
    assert "audit: clean: 5 decisions replayed, 1 instances, 1 awards" in result.output
    unknown = run("audit", store, "--campaign", "coffee")
    assert unknown.exit_code == 1
    assert "no campaign 'coffee'; choose from: tea" in unknown.output


def test_explain_says_why_by_key(run: Run, store: str) -> None:
    assert "ann cannot open their own pack" in run("explain", store, "--key", "4").output
    assert "bob" in run("explain", store, "--key", "2").output


def test_explain_finds_a_refusal_that_left_its_key_free(run: Run, store: str) -> None:
    """EC-8, RQ-11: not there yet is another answer than over, and it is explained as well."""
    assert "there is no pack p9" in run("explain", store, "--key", "5").output


def test_explain_tells_each_audience_what_is_theirs(run: Run, store: str) -> None:
    """RQ-12: a stranger learns nothing from the answer, not even that the pack exists."""
    answers = {
        run("explain", store, "--key", key, "--audience", "stranger", "--json").stdout
        for key in ("4", "5")
    }
    said = {json.dumps([one["why"] for one in json.loads(answer)]) for answer in answers}
    assert len(said) == 1
    chinese = run("explain", store, "--key", "4", "--audience", "member", "--language", "zh")
    assert "不能领取自己分享的券包" in chinese.output


def test_explain_tells_the_whole_story_of_a_pack(run: Run, store: str) -> None:
    result = run("explain", store, "--instance", "p1", "--json")
    decided = [one["decision"]["decision"] for one in json.loads(result.stdout)]
    assert decided == ["yes", "yes", "no", "no"]
    printed = run("explain", store, "--instance", "p1").output
    assert printed.index("share by ann: yes") < printed.index("grab by ann: no")


def test_explain_says_what_it_does_not_find(run: Run, store: str) -> None:
    assert "tea has no decision on the key '77'" in run("explain", store, "--key", "77").output
    assert run("explain", store, "--key", "77").exit_code == 1
    assert run("explain", store).exit_code == 2
    assert run("explain", store, "--key", "1", "--campaign", "x").exit_code == 1


def test_terms_are_printed_in_two_languages(run: Run, write: Write) -> None:
    campaign = write("tea.json", CAMPAIGN)
    english = run("terms", campaign)
    assert english.exit_code == 0
    assert "¥3" in english.output
    assert "活动规则" in run("terms", campaign, "--language", "zh").output
    assert json.loads(run("terms", campaign, "--json").stdout)["language"] == "en"
    assert run("terms", campaign, "--language", "tlh").exit_code == 2


def test_schema_prints_the_tables(run: Run) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(":memory:")) as made:
        made.executescript(run("schema", "sql").stdout)
        names = {name for (name,) in made.execute("select name from sqlite_master")}
    assert {"viral_journal", "viral_ledger", "viral_cells"} <= names


def test_schema_says_what_campaigns_and_event_lines_look_like(run: Run) -> None:
    assert "coupon_pack" in json.loads(run("schema").stdout)["$defs"]
    pack = json.loads(run("schema", "--game", "coupon_pack").stdout)
    assert "collect" not in pack["$defs"]
    line = json.loads(run("schema", "events", "--game", "coupon_pack").stdout)
    assert set(line["$defs"]) == {"Share", "Grab", "Facts"}
    assert "Accepted" in json.loads(run("schema", "messages", "--game", "collect").stdout)["$defs"]
    for arguments in (("schema", "events"), ("schema", "--game", "chess")):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "choose from: collect, coupon_pack" in result.output


def test_doctor_finds_this_machine_well(run: Run, write: Write, store: str) -> None:
    assert run("doctor").exit_code == 0
    run("tick", store, write("tea.json", CAMPAIGN))
    result = run("doctor", store, "--json")
    found = {one["about"]: one for one in json.loads(result.stdout)}
    assert result.exit_code == 0
    assert found["journal mode"]["found"] == "wal"
    assert found["pages"]["state"] == "ok"
    assert found["deadlines"]["found"] == "0 overdue"
    assert "6 decisions" in found["journal"]["found"]


def test_doctor_says_to_tick_and_finds_damage(run: Run, write: Write, store: str) -> None:
    overdue = run("doctor", store)
    assert "1 overdue; run tick" in overdue.output
    data = bytearray(Path(store).read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    damaged = run("doctor", write("damaged.db", bytes(data)))
    assert damaged.exit_code in (3, 4)
    assert "restore" in damaged.output


def test_the_version_and_a_bare_call(run: Run) -> None:
    assert run("--version").output.startswith("viralcommerce ")
    assert "explain" in run().output
