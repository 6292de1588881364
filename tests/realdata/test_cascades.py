"""Reposts on Weibo and replies on Twitter, measured, against what the data says of itself.

The data's own table of cascades has each one's size, depth and span, counted by others; networkx
counts the virality of the small ones once more.
"""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from typer.testing import CliRunner

from replaying import data


def measured(file: Path, *options: str) -> Any:
    """What `measure --json` says of a file."""
    from viralcommerce.cli.app import app

    result = CliRunner().invoke(app, ["measure", str(file), "--json", *options])
    assert result.exit_code == 0, result.output[-2000:]
    (found,) = json.loads(result.stdout)["files"]
    return found


def test_reposts_are_as_large_as_deep_and_as_long_as_their_own_table_says(tmp_path: Path) -> None:
    with data("weibo_ced/cascades.csv").open(newline="") as opened:
        known = {row["cascade_id"]: row for row in csv.DictReader(opened)}
    page = tmp_path / "weibo.html"
    found = measured(data("weibo_ced/events.csv.gz"), "--report", str(page))
    assert (found["members"], len(found["cascades"]), found["bad"]) == (382_819, 1_000, 0)
    assert found["early"] == 1  # one post is dated before the one that it reposts
    for cascade in found["cascades"]:
        row = known[cascade["name"]]
        assert cascade["size"] == int(row["n_reposts"]) + 1
        assert cascade["depth"] == int(row["max_depth"])
        assert cascade["span"] == float(row["span_s"])
        least, most = 2 * (cascade["size"] - 1) / cascade["size"], (cascade["size"] + 1) / 3
        assert least - 1e-9 <= cascade["virality"] <= most
    assert sum(found["generations"]) == sum(times for _, times in found["offspring"]) == 382_819
    assert found["k"]["value"] == pytest.approx(1 - 1_000 / 382_819)
    assert found["k"]["dispersion"] < 0.1  # few bring most: the hundredth brings three quarters
    assert 0.7 < found["top_share"] < 0.8
    assert page.read_text().count("<svg viewBox") == 4


def test_replies_have_the_virality_that_networkx_finds() -> None:
    file = data("pheme_stance/dev.csv")
    graphs: dict[str, nx.Graph] = {}
    with file.open(newline="") as opened:
        for row in csv.DictReader(opened):
            graph = graphs.setdefault(f"{row['event']}/{row['rumour']}", nx.Graph())
            graph.add_node(row["tweet"])
            if row["parent"]:
                graph.add_edge(row["parent"], row["tweet"])
    found = measured(file)
    assert (found["members"], len(found["cascades"])) == (782, 58)
    assert found["layout"] == "id=tweet,parent=parent,root=event+rumour,hours=hours"
    for cascade in found["cascades"]:
        graph = graphs[cascade["name"]]
        assert cascade["size"] == len(graph)
        assert cascade["virality"] == pytest.approx(nx.average_shortest_path_length(graph))


def test_a_download_that_was_cut_off_is_measured_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = data("weibo_ced/events.csv.gz").read_bytes()
    part = tmp_path / "part.csv.gz"
    part.write_bytes(whole[: len(whole) // 8])
    found = measured(part, "--skip-bad")
    assert "cut off" in found["bad_lines"][-1]["what"]
    assert 30_000 < found["members"] < 60_000
    plain = tmp_path / "part.csv"
    plain.write_bytes(gzip.decompress(whole)[:1_000_000])
    assert measured(plain, "--skip-bad")["bad"] <= 1
