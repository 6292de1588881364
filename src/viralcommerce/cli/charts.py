"""The plots of a report, as plain figures that plotly.js draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from viralcommerce.cli.show import amount, local
from viralcommerce.cli.summary import Asks, Invites, Packs, Summary
from viralcommerce.cli.totals import Bin
from viralcommerce.values.iso4217 import EXPONENTS, SYMBOLS
from viralcommerce.values.money import Money

Figure = dict[str, Any]
"""A plotly.js figure: ``data`` and ``layout``, nothing but JSON."""

INK: Final = "#1f2933"
MUTED: Final = "#667085"
LINE: Final = "#e4e7ec"
MAIN: Final = "#0f766e"
SOFT: Final = "#99cfc7"
WARM: Final = "#c2813b"
FAINTER: Final = {MAIN: "rgba(15, 118, 110, 0.8)", WARM: "rgba(194, 129, 59, 0.8)"}
FONT: Final = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'

_FEW: Final = 10
"""How many bars each have room for a number of their own."""


def figures(summary: Summary) -> dict[str, Figure]:
    """Every plot that this summary has the numbers for, by the name of its place in the page."""
    found: dict[str, Figure] = {}
    if not summary.spread.is_even:
        found["spread"] = _spread(summary.spread.bins, summary.asset)
    if summary.spend:
        found["spend"] = _spend(summary)
    if summary.packs is not None and summary.packs.shared:
        found["fill"] = _fill(summary.packs)
        if summary.packs.positions:
            found["luck"] = _luck(summary.packs, summary.currency)
        if summary.packs.emptied:
            found["luckiest"] = _luckiest(summary.packs)
    if summary.asks is not None and summary.asks.asked:
        found["likes"] = _likes(summary.asks)
        if summary.asks.hours:
            found["hours"] = _hours(summary.asks)
    if summary.invites is not None and summary.invites.ordered:
        found["above"] = _above(summary.invites)
        found["worth"] = _worth(summary.invites, summary.currency)
    return found


def _spread(bins: Sequence[Bin], asset: str) -> Figure:
    labels = [_range(one, asset) for one in bins]
    text = [f"{one.members:,}" for one in bins]
    bars = {
        "type": "bar",
        "x": labels,
        "y": [one.members for one in bins],
        "text": text,
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": MAIN},
        "hovertemplate": "%{x}: %{y:,} members<extra></extra>",
    }
    return figure([bars], x={"type": "category"}, y={})


def _range(one: Bin, asset: str) -> str:
    """A bin's label; a range of whole things names both its ends."""
    if asset not in EXPONENTS:
        last = one.end - 1
        return f"{one.start:,}" if last == one.start else f"{one.start:,}–{last:,}"
    sign = SYMBOLS.get(asset) or f"{asset} "
    start, end = (Money(units, asset).shown() for units in (one.start, one.end))
    return f"{start}–{end.removeprefix(sign)}"


def _spend(summary: Summary) -> Figure:
    unit = 10 ** EXPONENTS.get(summary.currency, 0)
    times = [local(point.at, summary.zone) for point in summary.spend]
    areas = [_area("given", times, [point.given / unit for point in summary.spend], MAIN)]
    if any(point.held for point in summary.spend):
        held = [point.held / unit for point in summary.spend]
        areas.append(_area("promised", times, held, WARM))
    if summary.budget is not None:
        budget = summary.budget / unit
        areas.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "budget",
                "x": [times[0], times[-1]],
                "y": [budget, budget],
                "line": {"color": INK, "width": 1.5, "dash": "dash"},
                "hovertemplate": "budget %{y:,.0f}<extra></extra>",
            }
        )
    sign = SYMBOLS.get(summary.currency) or f"{summary.currency} "
    return figure(
        areas,
        x={"type": "date", "showgrid": False},
        y={"tickprefix": sign, "rangemode": "tozero"},
        legend=True,
    )


def _area(name: str, times: Sequence[str], values: Sequence[float], color: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "stackgroup": "spent",
        "x": list(times),
        "y": list(values),
        "line": {"color": color, "width": 1, "shape": "hv"},
        "fillcolor": FAINTER[color],
        "hovertemplate": f"{name} %{{y:,.2f}}<extra></extra>",
    }


def _fill(packs: Packs) -> Figure:
    taken = list(range(len(packs.fill)))
    shares = [count / packs.shared for count in packs.fill]
    colors = [SOFT if number < packs.parts else MAIN for number in taken]
    return _percents(taken, packs.fill, shares, colors, "parts taken", "packs")


def _luckiest(packs: Packs) -> Figure:
    positions = [one.position for one in packs.positions]
    counts = [one.luckiest for one in packs.positions]
    shares = [count / packs.emptied for count in counts]
    most = max(counts)
    colors = [MAIN if count == most else SOFT for count in counts]
    return _percents(positions, counts, shares, colors, "position", "emptied packs")


def _percents(
    numbers: Sequence[int],
    counts: Sequence[int],
    shares: Sequence[float],
    colors: Sequence[str],
    what: str,
    of: str,
) -> Figure:
    bars = {
        "type": "bar",
        "x": list(numbers),
        "y": list(shares),
        "customdata": list(counts),
        "text": [f"{share:.1%}" for share in shares] if len(numbers) <= _FEW else None,
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": list(colors)},
        "hovertemplate": f"{what} %{{x}}: %{{customdata:,}} {of}, %{{y:.1%}}<extra></extra>",
    }
    return figure(
        [bars],
        x={"title": {"text": what}, **_whole(len(numbers))},
        y={"tickformat": ".0%", "rangemode": "tozero"},
    )


def _luck(packs: Packs, currency: str) -> Figure:
    unit = 10 ** EXPONENTS.get(currency, 0)
    positions = [one.position for one in packs.positions]
    expected = {
        "type": "scatter",
        "mode": "lines",
        "name": "by the rule",
        "x": positions,
        "y": [one.expected / unit for one in packs.positions],
        "line": {"color": MUTED, "width": 1.5, "dash": "dot"},
        "hovertemplate": "by the rule %{y:,.3f}<extra></extra>",
    }
    means = {
        "type": "scatter",
        "mode": "markers",
        "name": "mean share, ± one deviation",
        "x": positions,
        "y": [one.mean / unit for one in packs.positions],
        "customdata": [
            [one.shares, amount(round(one.deviation), currency)] for one in packs.positions
        ],
        "error_y": {
            "type": "data",
            "array": [one.deviation / unit for one in packs.positions],
            "color": SOFT,
            "thickness": 2,
            "width": 0 if len(positions) > _FEW else 5,
        },
        "marker": {"color": MAIN, "size": 6 if len(positions) > _FEW else 9},
        "hovertemplate": "position %{x}: mean %{y:,.3f} ± %{customdata[1]}, "
        "%{customdata[0]:,} shares<extra></extra>",
    }
    sign = SYMBOLS.get(currency) or f"{currency} "
    return figure(
        [means, expected],
        x={
            "title": {"text": "position"},
            "range": [positions[0] - 0.6, positions[-1] + 0.6],
            "zeroline": False,
            **_whole(len(positions)),
        },
        y={"tickprefix": sign, "rangemode": "tozero"},
        legend=True,
    )


def _likes(asks: Asks) -> Figure:
    bars = {
        "type": "bar",
        "x": list(range(len(asks.likes))),
        "y": asks.likes,
        "marker": {"color": [MAIN if n >= asks.goal else SOFT for n in range(len(asks.likes))]},
        "hovertemplate": "%{x} likes: %{y:,} asks<extra></extra>",
    }
    return figure(
        [bars],
        x={"title": {"text": "likes that stand"}, **_whole(len(asks.likes))},
        y={},
    )


def _hours(asks: Asks) -> Figure:
    bars = {
        "type": "bar",
        "x": list(range(1, len(asks.hours) + 1)),
        "y": asks.hours,
        "marker": {"color": MAIN},
        "hovertemplate": "within %{x} hours: %{y:,} asks<extra></extra>",
    }
    return figure(
        [bars],
        x={"title": {"text": "hours from the ask to its goal"}, **_whole(len(asks.hours))},
        y={},
    )


def _above(invites: Invites) -> Figure:
    numbers = list(range(len(invites.above)))
    shares = [count / invites.ordered for count in invites.above]
    colors = [MAIN if number else SOFT for number in numbers]
    return _percents(numbers, invites.above, shares, colors, "inviters above the buyer", "orders")


def _worth(invites: Invites, currency: str) -> Figure:
    unit = 10 ** EXPONENTS.get(currency, 0)
    parts = {
        "ordered": invites.amount,
        "counted": invites.net,
        "left of that now": invites.net - invites.back,
    }
    bars = {
        "type": "bar",
        "x": list(parts),
        "y": [minor / unit for minor in parts.values()],
        "text": [amount(minor, currency) for minor in parts.values()],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": [SOFT, MAIN, WARM]},
        "hovertemplate": "%{x}: %{text}<extra></extra>",
    }
    sign = SYMBOLS.get(currency) or f"{currency} "
    return figure([bars], x={"type": "category"}, y={"tickprefix": sign, "rangemode": "tozero"})


def _whole(count: int) -> dict[str, Any]:
    """An axis of whole numbers: each is named while there is room."""
    return {"dtick": 1} if count <= _FEW else {"tickformat": "d", "nticks": 8}


def figure(
    data: Sequence[Mapping[str, Any]],
    *,
    x: Mapping[str, Any],
    y: Mapping[str, Any],
    legend: bool = False,
) -> Figure:
    """A plot in the page's own style.

    Args:
        data: its traces; what is None in one is left out.
        x, y: what its axes have that others do not.
        legend: whether the traces are named above it.
    """
    muted = {"color": MUTED, "size": 13}
    axis = {"automargin": True, "tickfont": muted, "title": {"font": muted, "standoff": 10}}
    return {
        "data": [{key: value for key, value in one.items() if value is not None} for one in data],
        "layout": {
            "font": {"family": FONT, "size": 13, "color": INK},
            "margin": {"l": 8, "r": 12, "t": 24, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "bargap": 0.18,
            "hoverlabel": {"font": {"family": FONT, "size": 13}},
            "showlegend": legend,
            "legend": {
                "orientation": "h",
                "traceorder": "normal",
                "x": 0,
                "y": 1.02,
                "yanchor": "bottom",
            },
            "xaxis": _merged({**axis, "showgrid": False, "linecolor": LINE}, x),
            "yaxis": _merged(
                {
                    **axis,
                    "gridcolor": LINE,
                    "zerolinecolor": LINE,
                    "separatethousands": True,
                    "exponentformat": "none",
                },
                y,
            ),
            "separators": ".,",
            "dragmode": False,
        },
    }


def _merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**base, **more}
    if "title" in more:
        merged["title"] = {**base["title"], **more["title"]}
    return merged
