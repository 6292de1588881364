"""The tables that `measure` prints for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console

from viralcommerce.cli.cascades import Age, Cascade, Found, K, Measured
from viralcommerce.cli.show import pairs, table

_LISTED: Final = 10
_UNITS: Final = (
    (365 * 86400.0, "years"), (86400.0, "days"), (3600.0, "h"), (60.0, "min")
)  # fmt: skip

COLUMNS: Final = (
    "cascade", "members#", "depth#", "breadth#", "leaves#", "virality#", "half by#", "all by#"
)  # fmt: skip
"""The heads of a table of cascades; `#` marks numbers."""


def print_found(out: Console, found: Found, top: int) -> None:
    """What each file comes to, and its largest cascades.

    Args:
        out: where to.
        found: what was measured.
        top: how many cascades of each file.
    """
    for one in found.files:
        out.print(pairs(one.file, rows(one)))
        shown = one.cascades[:top]
        if shown:
            more = f"cascades, the {len(shown)} largest of {len(one.cascades):,}"
            title = "cascades" if len(shown) == len(one.cascades) else more
            out.print(table(title, *COLUMNS, rows=[cells(each) for each in shown]))
        if one.bad:
            bad = [(each.line, each.what) for each in one.bad_lines[:_LISTED]]
            more = f", the first {_LISTED}" if one.bad > _LISTED else ""
            out.print(table(f"bad lines, left out{more}", "line#", "what", rows=bad))
    for file in filter(None, (found.table, found.report)):
        out.print(f"{'report' if file == found.report else 'table'}: {file}")


def rows(one: Measured) -> Iterator[tuple[str, object]]:
    """What a file comes to, line by line."""
    sizes = sorted(each.size for each in one.cascades)
    alone = sum(size == 1 for size in sizes)
    yield "members", one.members
    yield "cascades", len(sizes)
    yield "of one member only", alone
    yield "half of them have at most", sizes[(len(sizes) - 1) // 2]
    yield "the largest", sizes[-1]
    yield "the deepest", max(each.depth for each in one.cascades)
    yield "K, if all are over", interval(one.k)
    if one.k_of_brought is not None:
        yield "K of those who were brought", interval(one.k_of_brought)
    if one.k.dispersion is not None:
        yield "dispersion of members", f"{one.k.dispersion:.3g}"
    if one.top_share is not None:
        yield "brought by 1% of members", f"{one.top_share:.0%}"
    if one.running is not None:
        yield "all invites over all members", f"{one.running.naive:.3g}"
        for age in one.running.ages[-1:]:
            yield f"K within {span(age.seconds)}", interval(age)
    if one.untimed and one.untimed < one.members:
        yield "without a time", one.untimed
    if one.early:
        yield "before who brought them", one.early
    if one.bad:
        yield "bad lines", one.bad


def interval(k: K | Age) -> str:
    """K with its interval.

    Example:
        >>> interval(K(value=0.5, low=0.25, high=None, dispersion=None, members=20))
        '0.5 (0.25 or more)'
    """
    to = "or more" if k.high is None else f"to {k.high:.3g}"
    return f"{k.value:.3g} ({k.low:.3g} {to})"


def cells(each: Cascade) -> tuple[object, ...]:
    """A cascade as a line of a table."""
    virality = "" if each.virality is None else f"{each.virality:.2f}"
    times = ("" if time is None else span(time) for time in (each.half, each.span))
    return (each.name, each.size, each.depth, each.breadth, each.leaves, virality, *times)


def span(seconds: float) -> str:
    """A time in the largest unit of which it has two.

    Example:
        >>> span(45), span(600), span(9_000), span(400_000)
        ('45 s', '10 min', '2.5 h', '4.63 days')
    """
    for unit, name in _UNITS:
        if seconds >= 2 * unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.3g} s"
