"""To and from networkx and GraphML, names of every kind included."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given

from inviting import gifts, rides
from shops import at
from trees import parents
from viralcommerce import CNY, UNLIMITED, Campaign, Shop
from viralcommerce.errors import InvalidValue
from viralcommerce.lab.exchange import (
    forest_of,
    from_networkx,
    read_graphml,
    to_networkx,
    write_graphml,
)
from viralcommerce.lab.forest import Forest
from viralcommerce.mechanics import invite
from viralcommerce.runtime.stores.memory import MemoryStore


def links(forest: Forest) -> dict[str, str | None]:
    """Who brought whom, by name."""
    labels = [str(label) for label in forest.labels]
    return {
        label: None if up < 0 else labels[up]
        for label, up in zip(labels, forest.parent.tolist(), strict=True)
    }


@given(parents())
def test_networkx_and_back_is_the_same_forest(parent: list[int]) -> None:
    forest = Forest(parent)
    graph = to_networkx(forest)
    assert not parent or nx.is_branching(graph)
    assert [graph.nodes[each]["depth"] for each in graph] == forest.depth.tolist()
    assert links(from_networkx(graph)) == links(forest)


def test_graphml_and_back_keeps_every_name(tmp_path: Path) -> None:
    names = ["ann", "鲍勃", 'c"a<i>&', "d\te\n", "😀", "</graphml>"]
    forest = Forest.from_links(names, [None, "ann", "ann", "鲍勃", 'c"a<i>&', None])
    path = tmp_path / "trees.graphml"
    write_graphml(forest, path)
    assert links(read_graphml(path)) == links(forest)
    graph = nx.read_graphml(path)
    assert graph.nodes["鲍勃"] == {"depth": 1, "tree": 0}


def test_names_that_xml_cannot_hold_are_refused(tmp_path: Path) -> None:
    for names in (["a\x00"], ["\ud800"], [1, "1"]):
        forest = Forest.from_links(names, [None] * len(names))
        with pytest.raises(InvalidValue):
            write_graphml(forest, tmp_path / "no.graphml")
    assert not (tmp_path / "no.graphml").exists()


def test_graphs_that_are_no_forest_are_refused() -> None:
    for graph, says in (
        (nx.Graph([(1, 2)]), "no direction"),
        (nx.DiGraph([(1, 3), (2, 3)]), "3 was brought by 1 and by 2"),
        (nx.DiGraph([(1, 2), (2, 1)]), "in a circle"),
        (nx.DiGraph([(1, 1)]), "1 brought themselves"),
    ):
        with pytest.raises(InvalidValue, match=says):
            from_networkx(graph)


UNTRUE = (
    b'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    b'<key id="d" for="node" attr.name="d" attr.type="int"/><graph edgedefault="directed">'
    b'<node id="a"><data key="d">many</data></node></graph></graphml>'
)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"hello", b"<a/>", b"<graphml/>", b'<?xml version="1.0" encoding="nope"?><a/>',
        b'<?xml version="1.0" encoding="gbk"?><a/>',
        UNTRUE,
    ],
)  # fmt: skip
def test_what_is_no_graphml_is_said(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "trees.graphml"
    path.write_bytes(text)
    with pytest.raises(
        InvalidValue, match=r"^graphml: .*trees\.graphml cannot be read \(.*\); give"
    ):
        read_graphml(path)


def test_graphml_without_direction_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "trees.graphml"
    nx.write_graphml(nx.Graph([("ann", "bob")]), path)
    with pytest.raises(InvalidValue, match="its edges have no direction"):
        read_graphml(path)


def test_the_forest_of_a_campaign() -> None:
    """A tree of a shop, as arrays and as a graph: those who never joined are its roots."""
    store = MemoryStore()
    campaign = Campaign("rides", rides(), grants=gifts(2, 20), budget=UNLIMITED)
    with Shop(store, (campaign,)) as shop:
        for who, link in (("bob", "ann"), ("cat", "bob"), ("dee", "ann"), ("fay", "eve")):
            shop.handle(campaign, invite.Join(by=who, link=link, at=at()))
        shop.handle(campaign, invite.Order(order="o1", by="cat", amount=CNY(10), at=at()))
        forest = forest_of(store, "rides")
    brought = {
        forest.labels[child]: forest.labels[above]
        for child, above in enumerate(forest.parent.tolist())
        if above >= 0
    }
    assert brought == {"bob": "ann", "cat": "bob", "dee": "ann", "fay": "eve"}
    assert set(forest.labels) == {"ann", "bob", "cat", "dee", "eve", "fay"}
    assert set(to_networkx(forest).edges) == {(up, down) for down, up in brought.items()}
