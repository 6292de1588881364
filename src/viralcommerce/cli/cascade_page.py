"""The page about cascades: one HTML file that needs no network, with plots and drawn trees."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from viralcommerce.cli.cascade_charts import COLORS, figures
from viralcommerce.cli.cascade_tables import COLUMNS, cells, interval, rows
from viralcommerce.cli.cascades import Cascade, Found, Measured
from viralcommerce.cli.drawing import Drawing, drawn
from viralcommerce.cli.links import Links
from viralcommerce.cli.page import Row, Tile, rendered
from viralcommerce.cli.show import shown

_LISTED: Final = 200
_IN_A_ROW: Final = 4
_FORMULA: Final = ("=", "+", "-", "@", "\t")


class Read(Struct, frozen=True):
    """A file: what it comes to, what it says, and which tree each of its cascades is."""

    measured: Measured
    links: Links
    order: npt.NDArray[np.intp]


class Part(Struct, frozen=True, kw_only=True):
    """What the page says of one file.

    Args:
        name: of the file, short.
        color: of its line in the plots.
        rows: what it comes to.
        notes: what a reader must know.
        cascades: the largest, as rows of a table.
        more: how many cascades are not listed.
        drawings: some of its trees.
        bad: how many lines were left out.
        bad_lines: the first of them.
        running: the place of its plot of K by age, or nothing.
        made_of: where it comes from.
    """

    name: str
    color: str
    rows: list[Row]
    notes: list[str]
    cascades: list[Row]
    more: int
    drawings: list[Drawing]
    bad: int
    bad_lines: list[Row]
    running: str
    made_of: list[tuple[str, str]]


def render(found: Found, read: Sequence[Read]) -> str:
    """The whole page.

    Args:
        found: what was measured.
        read: file by file.
    """
    names = _names([one.file for one in found.files])
    plots = figures(found.files, names)
    parts = [
        _part(one, name, at, f"running{at}" if f"running{at}" in plots else "")
        for at, (one, name) in enumerate(zip(read, names, strict=True))
    ]
    return rendered(
        "cascades.html",
        title=", ".join(names),
        tiles=list(_tiles(found.files, names)),
        figures=plots,
        parts=parts,
        columns=[(head.rstrip("#"), head.endswith("#")) for head in COLUMNS],
        library=found.library,
    )


def table_of(found: Found) -> str:
    """All cascades of all files as CSV, times in seconds; a name that a spreadsheet would take for
    a formula has an apostrophe before it.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    fields = Cascade.__struct_fields__
    write.writerow(("file", *fields))
    for one in found.files:
        for each in one.cascades:
            name = f"'{each.name}" if each.name.startswith(_FORMULA) else each.name
            write.writerow((one.file, name, *(getattr(each, field) for field in fields[1:])))
    return out.getvalue()


def _names(files: Sequence[str]) -> list[str]:
    """Each file's name without its folder, or with it where two would be called the same."""
    short = [Path(file).name for file in files]
    return [
        file if short.count(name) > 1 else name for file, name in zip(files, short, strict=True)
    ]


def _tiles(files: Sequence[Measured], names: Sequence[str]) -> Iterator[Tile]:
    members = sum(one.members for one in files)
    sizes = [each.size for one in files for each in one.cascades]
    yield Tile(f"{members:,}", "members", f"in {len(sizes):,} cascades")
    deepest = max(each.depth for one in files for each in one.cascades)
    yield Tile(f"{max(sizes):,}", "in the largest", f"the deepest has {deepest} generations below")
    values = [each.virality for one in files for each in one.cascades if each.virality is not None]
    if values:
        middle = sorted(values)[(len(values) - 1) // 2]
        yield Tile(f"{middle:.2f}", "median virality", f"the highest is {max(values):.2f}")
    for one, name in list(zip(files, names, strict=True))[:3]:
        called = "K of those who were brought" if one.k_of_brought else "K"
        k = one.k_of_brought or one.k
        more = interval(k).partition(" ")[2].strip("()")
        said = f"{more}; {name}" if len(files) > 1 else more
        yield Tile(f"{k.value:.3g}", called, said)


def _part(read: Read, name: str, at: int, running: str) -> Part:
    one = read.measured
    return Part(
        name=name,
        color=COLORS[at % len(COLORS)],
        rows=[Row((what, shown(value))) for what, value in rows(one)],
        notes=list(_notes(one)),
        cascades=[Row(tuple(map(shown, cells(each)))) for each in one.cascades[:_LISTED]],
        more=max(len(one.cascades) - _LISTED, 0),
        drawings=list(_drawings(read)),
        bad=one.bad,
        bad_lines=[Row((shown(each.line), each.what)) for each in one.bad_lines[:20]],
        running=running,
        made_of=[("file", one.file), ("sha-256", one.sha256), ("columns", one.layout)],
    )


def _notes(one: Measured) -> Iterator[str]:
    yield (
        "K counts every cascade as over, and the members as chosen without regard to how far "
        "their cascades went. Where only large ones were collected it says nothing of others."
    )
    if one.early:
        yield f"Members earlier than who brought them, as only two clocks can say: {one.early:,}."
    if 0 < one.untimed < one.members:
        yield f"Members without a time: {one.untimed:,}; their cascades have no clock."
    if one.bad:
        yield f"Lines left out: {one.bad:,}."


def _drawings(read: Read) -> Iterator[Drawing]:
    """The largest, deepest, most viral and widest of the cascades, the median, and some more."""
    cascades = [each for each in read.measured.cascades if each.size > 1]
    if not cascades:
        return
    chosen: dict[int, list[str]] = {}
    of: dict[str, list[float]] = {
        "largest": [each.size for each in cascades],
        "deepest": [each.depth for each in cascades],
        "most viral": [each.virality or 0.0 for each in cascades],
        "widest": [each.breadth for each in cascades],
    }
    for what, values in of.items():
        chosen.setdefault(values.index(max(values)), []).append(what)
    chosen.setdefault(len(cascades) // 2, []).append("median")
    for at in range(len(cascades)):  # the next largest fill the last row
        if not len(chosen) % _IN_A_ROW:
            break
        chosen.setdefault(at, [f"number {at + 1} by size"])
    for at, whats in chosen.items():
        each = cascades[at]
        said = f"{each.size:,} members, depth {each.depth}, virality {each.virality:.2f}"
        tree = read.links.forest.only(int(read.order[at]))
        yield drawn(tree, name=each.name, what=", ".join(whats), about=said)
