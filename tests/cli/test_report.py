"""The report: one file, no network, every plot valid, and nobody's name is ever code."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from commandline import CAMPAIGN, STORY, Run, Write, event

NASTY = "</script><script>alert(1)</script>"
ABOUT = {"about": {"title": f"log {NASTY}", "notes": ["the times are made"]}}
ASKS = {
    **CAMPAIGN,
    "name": "likes",
    "mechanic": {"kind": "collect", "goal": 2, "within": "48 hours"},
    "grants": [
        {
            "kind": "grant",
            "give": {"kind": "product", "sku": "teapot", "worth": "CNY 30.00", "stock": 1},
            "to": "collector",
            "on": "reached",
        }
    ],
}


class Page(HTMLParser):
    """The tags, texts and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["script"] and self.tags[-1:] != ["style"]:
            self.said += data


@pytest.fixture
def page(run: Run, write: Write, tmp_path: Path) -> Any:
    def make(campaign: Any, log: Any) -> tuple[str, Page]:
        out = tmp_path / "out.html"
        result = run("run", write("c.json", campaign), write("log", log), "--report", out)
        assert result.exit_code == 0, result.output
        assert f"report: {out}" in result.output
        text = out.read_text(encoding="utf-8")
        return text, Page(text)

    return make


def test_it_is_one_file_that_needs_no_network(page: Any) -> None:
    text, parsed = page(CAMPAIGN, STORY)
    assert parsed.links == []
    assert text.count("plotly.js v") == 1
    assert "default-src 'none'" in text
    assert not re.search(r"@import|url\(", text.partition("</style>")[0])


def test_it_says_what_the_log_says_of_itself(page: Any) -> None:
    _, parsed = page(CAMPAIGN, [ABOUT, *STORY])
    assert "the times are made" in parsed.said


def test_names_are_text_wherever_they_stand(page: Any) -> None:
    log = [ABOUT, event("1", "08:00", "share", "p1", "ann")]
    log += [event(f"{n}", "08:01", "grab", "p1", f"{NASTY}{n}") for n in (2, 3)]
    text, parsed = page(CAMPAIGN, log)
    assert "<script>alert" not in text
    assert parsed.tags.count("script") == 2
    assert f"log {NASTY}" in parsed.said
    assert f"{NASTY}2" in parsed.said


def test_refusals_are_said_with_their_reasons(page: Any) -> None:
    _, parsed = page(CAMPAIGN, STORY)
    for said in ("own_pack", "Nobody opens their own pack", "already_grabbed", "pack_over"):
        assert said in parsed.said


def test_bad_lines_are_listed(run: Run, write: Write, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    log = write("log", [*STORY, {"key": "7"}])
    run("run", write("c.json", CAMPAIGN), log, "--report", out, "--skip-bad")
    assert "the time is missing" in Page(out.read_text()).said


@pytest.mark.parametrize("campaign", [CAMPAIGN, ASKS], ids=["pack", "collect"])
def test_nothing_at_all_is_still_a_report(page: Any, campaign: Any) -> None:
    kind = "like" if campaign is ASKS else "grab"
    field = "ask" if campaign is ASKS else "pack"
    line = event("1", "08:00", kind, "p", "bob")
    line["command"][field] = line["command"].pop("pack")
    _, parsed = page(campaign, [line])
    assert "Nobody gained anything." in parsed.said


def test_every_plot_is_a_valid_figure(page: Any) -> None:
    go = pytest.importorskip("plotly.graph_objects")
    seen = set()
    for campaign, log in ((CAMPAIGN, lucky()), (ASKS, liked())):
        text, _ = page(campaign, log)
        found = re.search(r"const figures = (.*);\n", text)
        assert found is not None
        figures = json.loads(found[1])
        for place, figure in figures.items():
            go.Figure(figure)  # raises on a property that plotly does not know
            assert f'id="{place}"' in text
        seen |= set(figures)
    assert seen == {"spread", "spend", "fill", "luck", "luckiest", "likes", "hours"}


def lucky() -> list[Any]:
    """A pack that is emptied, and one that is not."""
    log = [event(f"s{n}", "08:00", "share", f"p{n}", "ann") for n in (1, 2)]
    log += [event(f"g{n}", "08:01", "grab", "p1", f"m{n}") for n in range(3)]
    return [*log, event("g9", "08:02", "grab", "p2", "m1")]


def liked() -> list[Any]:
    """Two asks that reach their goal, one that nobody likes; the stock is one teapot."""
    log = []
    for number, likes in enumerate((2, 2, 0)):
        ask = event(f"a{number}", "08:00", "ask", "", f"m{number}")
        ask["command"] = {"kind": "ask", "ask": f"a{number}", "by": f"m{number}"}
        log.append(ask)
        for like in range(likes):
            line = event(f"a{number}-{like}", "09:30", "like", "", "")
            line["command"] = {"kind": "like", "ask": f"a{number}", "by": f"f{like}"}
            log.append(line)
    return log
