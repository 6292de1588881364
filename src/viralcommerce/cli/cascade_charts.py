"""The plots of a page about cascades, as plain figures that plotly.js draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

from viralcommerce.cli.cascades import Measured
from viralcommerce.cli.charts import MAIN, MUTED, WARM, Figure, figure

COLORS: Final = (MAIN, WARM, "#4f6d9c", "#9c4f6d", "#6b7a3c", "#7a5cc2")
"""One for each file, and round again."""
_MOST_DOTS: Final = 2_000
_MOST_TICKS: Final = 5
_MOST_NAMED: Final = 12
_SPANS: Final = {
    1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h", 6 * 3600: "6 h",
    86400: "1 day", 7 * 86400: "1 week", 30 * 86400: "30 days", 365 * 86400: "1 year",
    3650 * 86400: "10 years",
}  # fmt: skip


def figures(files: Sequence[Measured], names: Sequence[str]) -> dict[str, Figure]:
    """Every plot that there are numbers for, by the name of its place in the page.

    Args:
        files: what each file comes to.
        names: how each is called in legends.
    """
    found = {
        "generations": _lines(
            "generation",
            [(list(range(len(one.generations))), _shares(one.generations)) for one in files],
            names,
            "generation %{x}: %{y:.2%} of all members",
        )
    }
    if any(len(one.cascades) > 1 for one in files):
        sizes = [_at_least([(each.size, 1) for each in one.cascades]) for one in files]
        found["sizes"] = _lines(
            "members", sizes, names, "%{y:.1%} of cascades have %{x:,} members or more", logs=True
        )
    if any(one.virality is not None for each in files for one in each.cascades):
        found["virality"] = _virality(files, names)
    brought = [[pair for pair in one.offspring if pair[0]] for one in files]
    if any(brought):
        shares = [
            _at_least(pairs, of=one.members) for pairs, one in zip(brought, files, strict=True)
        ]
        said = "%{y:.2%} of members brought %{x:,} or more"
        found["offspring"] = _lines("others brought", shares, names, said, logs=True)
    if any(one.growth for one in files):
        found["growth"] = _growth(files, names)
    for number, one in enumerate(files):
        if one.running is not None and one.running.ages:
            found[f"running{number}"] = _running(one)
    return found


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts]


def _at_least(
    counts: Sequence[tuple[int, int]], of: int | None = None
) -> tuple[list[int], list[float]]:
    """Which part is at least as large as each number that there is."""
    times: dict[int, int] = {}
    for number, count in counts:
        times[number] = times.get(number, 0) + count
    numbers = sorted(times, reverse=True)
    total = of or sum(times.values())
    parts = [each / total for each in accumulate(times[number] for number in numbers)]
    return numbers[::-1], parts[::-1]


def _lines(
    what: str,
    series: Sequence[tuple[Sequence[float], Sequence[float]]],
    names: Sequence[str],
    says: str,
    *,
    logs: bool = False,
) -> Figure:
    """One line for each file; both axes of logarithms, or the upright one only."""
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": list(x),
            "y": list(y),
            "line": {"color": COLORS[at % len(COLORS)], "width": 1.5},
            "marker": {"size": 5},
            "hovertemplate": f"{says}<extra></extra>",
        }
        for at, ((x, y), name) in enumerate(zip(series, names, strict=True))
    ]
    every = [value for x, _ in series for value in x]
    across: dict[str, Any] = {"title": {"text": what}, "zeroline": False}
    across |= _log(every) if logs else _whole(len(set(every)))
    up = {"tickformat": ",.6~%", "zeroline": False} | _log([one for _, y in series for one in y])
    return figure(data, x=across, y=up, legend=len(data) > 1)


def _log(values: Sequence[float]) -> dict[str, Any]:
    """An axis of logarithms: it names powers of ten, or 1, 2 and 5 too where those are few."""
    least, most = min(values, default=1), max(values, default=1)
    if most >= 100 * least:
        return {"type": "log", "dtick": 1}
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    shown = [each for each in ticks if least / 1.3 <= each <= most * 1.3]
    return {"type": "log", "tickmode": "array", "tickvals": shown}


def _whole(count: int) -> dict[str, Any]:
    """An axis of whole numbers: each is named while there is room."""
    return {"dtick": 1} if count <= _MOST_NAMED else {"tickformat": "d", "nticks": 8}


def _virality(files: Sequence[Measured], names: Sequence[str]) -> Figure:
    data = []
    for at, (one, name) in enumerate(zip(files, names, strict=True)):
        told = [each for each in one.cascades if each.virality is not None][:_MOST_DOTS]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [each.size for each in told],
                "y": [each.virality for each in told],
                "customdata": [[each.name, each.depth] for each in told],
                "marker": {"color": COLORS[at % len(COLORS)], "size": 6, "opacity": 0.55},
                "hovertemplate": "%{customdata[0]}: %{x:,} members, depth %{customdata[1]}, "
                "virality %{y:.2f}<extra></extra>",
            }
        )
    sizes = [each.size for one in files for each in one.cascades if each.virality is not None]
    return figure(
        data,
        x={"title": {"text": "members"}, "zeroline": False, **_log(sizes)},
        y={"rangemode": "tozero"},
        legend=len(data) > 1,
    )


def _growth(files: Sequence[Measured], names: Sequence[str]) -> Figure:
    data = []
    for at, (one, name) in enumerate(zip(files, names, strict=True)):
        seen = [(max(age, 1.0), part) for age, part in one.growth]
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": [age for age, _ in seen],
                "y": [part for _, part in seen],
                "line": {"color": COLORS[at % len(COLORS)], "width": 2, "shape": "hv"},
                "hovertemplate": "%{y:.0%} had come<extra></extra>",
            }
        )
    return figure(
        data,
        x={"type": "log", "title": {"text": "time since the root"}, **_clock(files)},
        y={"tickformat": ".0%", "rangemode": "tozero", "range": [0, 1.02]},
        legend=len(data) > 1,
    )


def _clock(files: Sequence[Measured]) -> dict[str, Any]:
    """Ticks where people would put them, as far as the times go."""
    ages = [age for one in files for age, _ in one.growth]
    first, last = max(min(ages), 1.0), max(*ages, 1.0)
    ticks = [each for each in _SPANS if first / 1.5 <= each <= last * 1.5] or [1]
    while len(ticks) > _MOST_TICKS:
        ticks = ticks[-1::-2][::-1]
    return {
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [_SPANS[each] for each in ticks],
        "tickangle": 0,
        "zeroline": False,
    }


def _running(one: Measured) -> Figure:
    assert one.running is not None
    ages = one.running.ages
    days = [age.seconds / 86400 for age in ages]
    ended = [(day, age.low, age.high) for day, age in zip(days, ages, strict=True) if age.high]
    band = {
        "type": "scatter",
        "mode": "lines",
        "name": "95 % interval",
        "x": [*(day for day, _, _ in ended), *(day for day, _, _ in reversed(ended))],
        "y": [*(high for _, _, high in ended), *(low for _, low, _ in reversed(ended))],
        "fill": "toself",
        "fillcolor": "rgba(15, 118, 110, 0.16)",
        "line": {"width": 0},
        "hoverinfo": "skip",
    }
    curve = {
        "type": "scatter",
        "mode": "lines",
        "name": "brought within that age",
        "x": days,
        "y": [age.value for age in ages],
        "customdata": [age.at_risk for age in ages],
        "line": {"color": MAIN, "width": 2, "shape": "hv"},
        "hovertemplate": "%{x:.2f} days: %{y:.3f}, %{customdata:,} watched<extra></extra>",
    }
    naive = {
        "type": "scatter",
        "mode": "lines",
        "name": "all invites over all members",
        "x": [0, days[-1]],
        "y": [one.running.naive, one.running.naive],
        "line": {"color": MUTED, "width": 1.5, "dash": "dot"},
        "hovertemplate": "%{y:.3f}<extra></extra>",
    }
    return figure(
        [band, curve, naive],
        x={"title": {"text": "days since a member came"}, "rangemode": "tozero"},
        y={"rangemode": "tozero"},
        legend=True,
    )
