"""The report: one HTML file that needs no network, made from a result and its campaign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from viralcommerce.campaign import Campaign
from viralcommerce.cli.charts import figures
from viralcommerce.cli.page import Row, Tile, rendered
from viralcommerce.cli.show import amount, local, shown
from viralcommerce.cli.summary import Result, Summary
from viralcommerce.readings.terms import Terms, terms
from viralcommerce.values.money import Money

_NAMED: Final = 12


def render(result: Result, campaign: Campaign) -> str:
    """The whole page.

    Args:
        result: what a run came to.
        campaign: whose terms are printed in it.
    """
    summary = result.summary
    printed: Terms = terms(campaign, "en")
    return rendered(
        "report.html",
        summary=summary,
        origin=result.origin,
        about=result.origin.about,
        period=_period(summary),
        tiles=list(_tiles(summary)),
        gains=list(_gains(summary)),
        top=list(_top(summary)),
        spread=_spread(summary),
        reasons=list(_reasons(summary)),
        kept=[Row((one.grant, one.code, shown(one.times))) for one in summary.kept],
        bad=[Row((shown(one.line), one.what)) for one in result.ran.bad_lines],
        bad_lines=result.ran.bad,
        made_of=list(_made_of(result)),
        audit=_audit(result),
        is_proved=result.audit is not None and result.audit.is_clean,
        terms=printed,
        figures=figures(summary),
        adjusts=any(gain.back for gain in summary.gains),
        came_to=_came_to(summary),
    )


def _period(summary: Summary) -> str:
    if summary.first is None or summary.last is None:
        return "nothing was decided"
    first, last = local(summary.first, summary.zone), local(summary.last, summary.zone)
    return f"{first} to {last}, {summary.zone}"


def _tiles(summary: Summary) -> Iterator[Tile]:
    members = summary.accepted + summary.refused
    share = f"{summary.accepted / members:.1%} accepted" if members else ""
    yield Tile(f"{members:,}", "commands of members", share)
    yield Tile(f"{summary.gainers:,}", "members gained", _each(summary))
    if summary.currency:
        budget = summary.budget
        of = "of an unlimited budget" if budget is None else f"of {_money(budget, summary)}"
        yield Tile(_money(summary.given, summary), "given", of)
    if summary.held:
        yield Tile(_money(summary.held, summary), "promised, not given yet")
    if summary.packs is not None:
        packs = summary.packs
        part = packs.emptied / packs.shared if packs.shared else 0
        yield Tile(f"{packs.shared:,}", "packs shared", f"{part:.1%} opened to the last part")
    if summary.asks is not None:
        asks = summary.asks
        part = asks.reached / asks.asked if asks.asked else 0
        yield Tile(f"{asks.asked:,}", "asks", f"{part:.1%} reached {asks.goal} likes")

    if summary.invites is not None:
        joined, orders = summary.invites.joined, summary.invites.ordered
        yield Tile(f"{joined:,}", "friends joined", f"{summary.invites.by_code:,} by a code")
        yield Tile(f"{orders:,}", "orders", f"{summary.invites.counted:,} counted")


def _money(minor: int, summary: Summary) -> str:
    return Money(minor, summary.currency).shown()


def _each(summary: Summary) -> str:
    spread = summary.spread
    if not spread.members:
        return ""
    if spread.is_even:
        return f"{amount(spread.most, summary.asset)} each"
    return f"half of them {amount(spread.median, summary.asset)} or less"


def _gains(summary: Summary) -> Iterator[Row]:
    for gain in summary.gains:
        cost = "" if gain.cost is None else gain.cost.shown()
        back = amount(gain.back, gain.asset) if gain.back else ""
        given = amount(gain.amount, gain.asset)
        cells = (gain.grant, gain.role, shown(gain.awards), given, back, cost)
        yield Row(cells)


def _top(summary: Summary) -> Iterator[Row]:
    most = summary.spread.most
    for gainer in () if summary.spread.is_even else summary.top[:_NAMED]:
        cells = (gainer.member, shown(gainer.awards), amount(gainer.amount, summary.asset))
        yield Row(cells, _part(gainer.amount, most))


def _spread(summary: Summary) -> str:
    """How uneven it is, in a sentence."""
    spread = summary.spread
    if not spread.members:
        return "Nobody gained anything."
    if spread.is_even:
        return f"{spread.members:,} members gained {amount(spread.most, summary.asset)} each."
    part = spread.top_tenth / spread.amount
    return (
        f"{spread.members:,} members gained {amount(spread.amount, summary.asset)}: half of them "
        f"{amount(spread.median, summary.asset)} or less, the one who gained most "
        f"{amount(spread.most, summary.asset)}. The tenth who gained most have {part:.0%} of it."
    )


def _came_to(summary: Summary) -> str:
    """What orders came to, in a sentence."""
    found = summary.invites
    if found is None or not summary.currency:
        return ""
    amounts = (_money(each, summary) for each in (found.amount, found.net, found.back))
    amount_, net, back = amounts
    return (
        f"They came to {amount_}; {net} of it counted, after refunds; {back} of that was "
        "refunded or charged back later."
    )


def _reasons(summary: Summary) -> Iterator[Row]:
    most = max((one.times for one in summary.reasons), default=1)
    for one in summary.reasons:
        yield Row((one.code, one.meaning, shown(one.times)), _part(one.times, most))


def _part(of: int, most: int) -> float:
    return round(100 * of / most, 2)


def _made_of(result: Result) -> Iterator[tuple[str, str]]:
    origin, summary, ran = result.origin, result.summary, result.ran
    about = origin.about
    yield "log", origin.events
    if about.source:
        yield "source", about.source
    if about.license:
        yield "license", about.license
    yield "sha-256", origin.sha256
    said = f"{ran.events:,} in this run, {ran.there_already:,} of them decided before"
    yield "events", said
    if ran.late:
        yield "order", f"{ran.late:,} events are earlier than the line above them"
    yield "rules", f"{summary.campaign}, version {summary.rules}"
    yield "dice", f"derived from the seed {origin.seed!r} and each event's key"
    if ran.until is not None:
        yield "deadlines", f"acted on up to {local(ran.until, summary.zone)}, {summary.zone}"
    yield "store", origin.store or "temporary, deleted after the run"
    yield "made by", f"viralcommerce {origin.library}"


def _audit(result: Result) -> Sequence[str]:
    report = result.audit
    if report is None:
        return ("Not proved in this run; viralcommerce audit does it.",)
    if report.is_clean:
        held = f"{report.instances:,} instances and {report.awards:,} awards"
        return (f"Proved: {report.commands:,} decisions replayed, and {held} add up.",)
    return (f"{len(report.problems):,} problems:", *(str(one) for one in report.problems[:20]))
