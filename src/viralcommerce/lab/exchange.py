"""Forests from a store, and to and from networkx and GraphML, to draw or compute with."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import quoteattr

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.forest import Forest
from viralcommerce.runtime.contents import Contents

if TYPE_CHECKING:
    import networkx as nx

    Graph: TypeAlias = nx.DiGraph[Hashable]

_MEMBER = "member/"
_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="depth" for="node" attr.name="depth" attr.type="int"/>
<key id="tree" for="node" attr.name="tree" attr.type="int"/>
<graph edgedefault="directed">
"""
_TAIL = "</graph>\n</graphml>\n"


def forest_of(store: Contents, campaign: str) -> Forest:
    """Who brought whom in an invite campaign, as it stands now; the members' ids are its labels.

    Every member is there who brought or was brought; its arrays are `Forest.parent` and the rest.

    Args:
        store: that has the campaign.
        campaign: its name.
    """
    above: dict[Hashable, str | None] = {}
    for instance, cell in store.cells(campaign):
        if instance.startswith(_MEMBER):
            above[instance.removeprefix(_MEMBER)] = cell.parent.removeprefix(_MEMBER) or None
    for inviter in list(above.values()):
        if inviter is not None:
            above.setdefault(inviter, None)
    return Forest.from_links(above.keys(), above.values())


def to_networkx(forest: Forest) -> Graph:
    """A directed graph from who brought to who was brought; nodes are the members' labels.

    Each node has its `depth` and the number of its `tree`.

    Example:
        >>> graph = to_networkx(Forest([-1, 0, 0]))
        >>> list(graph.edges), graph.nodes[2]
        ([(0, 1), (0, 2)], {'depth': 1, 'tree': 0})
    """
    import networkx as nx

    labels = forest.labels
    graph: Graph = nx.DiGraph()
    told = zip(labels, forest.depth.tolist(), forest.tree.tolist(), strict=True)
    graph.add_nodes_from((label, {"depth": depth, "tree": tree}) for label, depth, tree in told)
    brought = enumerate(forest.parent.tolist())
    graph.add_edges_from((labels[above], labels[at]) for at, above in brought if above >= 0)
    return graph


def from_networkx(graph: Graph) -> Forest:
    """A forest from a directed graph whose edges go from who brought to who was brought.

    Its members' labels are the graph's nodes; parents come first, otherwise in the graph's order.

    Raises:
        InvalidValue: edges without direction, a node with two parents, or a circle.

    Example:
        >>> import networkx
        >>> from_networkx(networkx.DiGraph([("ann", "bob"), ("bob", "cai")])).depth.tolist()
        [0, 1, 2]
    """
    if not graph.is_directed():
        raise _undirected()
    ids, parents = [], []
    for node in graph:
        above = list(graph.predecessors(node))
        if len(above) > 1:
            raise InvalidValue(
                f"graph: {node!r} was brought by {above[0]!r} and by {above[1]!r}; keep one"
            )
        ids.append(node)
        parents.append(above[0] if above else None)
    return Forest.from_links(ids, parents)


def write_graphml(forest: Forest, path: str | Path) -> None:
    """Write a forest as GraphML, member by member, whatever its size.

    Raises:
        InvalidValue: a label with a character that XML cannot hold, or two labels that are the
            same when written.
        OSError: the file cannot be written.
    """
    named = [str(label) for label in forest.labels]
    if len(set(named)) != len(named):
        raise InvalidValue("graphml: two labels are written the same; give each text of its own")
    for one in named:
        if not _fits(one):
            raise InvalidValue(f"graphml: the label {one!r} has a character that XML cannot hold")
    told = zip(named, forest.depth.tolist(), forest.tree.tolist(), strict=True)
    with Path(path).open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEAD)
        for name, depth, tree in told:
            data = f'<data key="depth">{depth}</data><data key="tree">{tree}</data>'
            file.write(f"<node id={_quoted(name)}>{data}</node>\n")
        for at, above in enumerate(forest.parent.tolist()):
            if above >= 0:
                ends = f"source={_quoted(named[above])} target={_quoted(named[at])}"
                file.write(f"<edge {ends}/>\n")
        file.write(_TAIL)


def read_graphml(path: str | Path) -> Forest:
    """A forest from a GraphML file; labels are its node ids.

    Raises:
        InvalidValue: it is no GraphML, or as `from_networkx`.
        OSError: the file cannot be read.
    """
    import networkx as nx

    try:
        graph = nx.read_graphml(path)
    except (ParseError, nx.NetworkXException, LookupError, ValueError) as error:
        raise InvalidValue(
            f"graphml: {path} cannot be read ({error}); give a file as `write_graphml` writes it"
        ) from None
    if not graph.is_directed():
        raise _undirected()
    return from_networkx(nx.DiGraph(graph))


def _undirected() -> InvalidValue:
    return InvalidValue("graph: its edges have no direction; let them go from who brought")


def _quoted(text: str) -> str:
    return quoteattr(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _fits(text: str) -> bool:
    """Whether XML 1.0 can hold every character."""
    return all(
        char in "\t\n\r"
        or " " <= char <= "\ud7ff"
        or "\ue000" <= char <= "\ufffd"
        or char > "\uffff"
        for char in text
    )
