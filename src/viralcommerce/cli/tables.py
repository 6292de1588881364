"""The tables that `run` and `audit` print for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.columns import Columns
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from viralcommerce.cli.replay import Ran
from viralcommerce.cli.show import amount, local, pairs, table
from viralcommerce.cli.summary import Asks, Gain, Invites, Packs, Result, Summary
from viralcommerce.runtime.audit import AuditReport
from viralcommerce.values.money import Money

_SHOWN: Final = 10


def print_result(out: Console, result: Result) -> None:
    """What a run came to, and what the store says after it."""
    summary, ran = result.summary, result.ran
    about = result.origin.about
    out.print(f"{summary.campaign}, rules {summary.rules[:8]}", style="bold")
    for line in (about.title, *about.notes):
        if line:
            out.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))
    out.print()
    run, store = pairs("this run", _ran_rows(ran)), pairs("in the store", _store_rows(summary))
    out.print(Columns([run, store], padding=(0, 6)))
    _print_gains(out, summary)
    if summary.reasons:
        rows = [(one.code, one.meaning, one.times) for one in summary.reasons]
        out.print(table("refused", "reason", "meaning", "times#", rows=rows))
    if summary.kept:
        kept = [(one.grant, one.code, one.times) for one in summary.kept]
        out.print(table("withheld", "grant", "why", "times#", rows=kept))
    if ran.bad:
        bad = [(one.line, one.what) for one in ran.bad_lines[:_SHOWN]]
        more = f", the first {_SHOWN}" if ran.bad > _SHOWN else ""
        out.print(table(f"bad lines, left out{more}", "line#", "what", rows=bad))
    if result.audit is not None:
        print_audit(out, result.audit)
    if result.report is not None:
        out.print(f"report: {result.report}")


def _ran_rows(ran: Ran) -> Iterator[tuple[str, object]]:
    yield "events", ran.events
    yield "accepted", ran.accepted
    yield "refused", ran.refused
    yield "there already", ran.there_already
    if ran.repeated:
        yield "keys that came again", ran.repeated
    yield "ended by the clock", ran.ended
    if ran.late:
        yield "earlier than the line above", ran.late
    if ran.bad:
        yield "bad lines", ran.bad


def _store_rows(summary: Summary) -> Iterator[tuple[str, object]]:
    yield "decisions", summary.decisions
    if summary.first is not None and summary.last is not None:
        yield "from", local(summary.first, summary.zone)
        yield "to", f"{local(summary.last, summary.zone)} {summary.zone}"
    if summary.currency:
        yield "given", Money(summary.given, summary.currency)
        yield "promised, not given yet", Money(summary.held, summary.currency)
        budget = summary.budget
        yield "budget", "unlimited" if budget is None else Money(budget, summary.currency)
    if summary.packs is not None:
        yield from _pack_rows(summary.packs)
    if summary.asks is not None:
        yield from _ask_rows(summary.asks)
    if summary.invites is not None:
        yield from _invite_rows(summary.invites, summary.currency)


def _pack_rows(packs: Packs) -> Iterator[tuple[str, object]]:
    yield "packs shared", packs.shared
    yield "opened to the last part", packs.emptied
    yield "over with parts left", packs.over
    yield "open still", packs.still_open


def _ask_rows(asks: Asks) -> Iterator[tuple[str, object]]:
    yield "asks", asks.asked
    yield f"reached the goal of {asks.goal}", asks.reached
    yield "missed it", asks.missed
    yield "open still", asks.still_open


def _invite_rows(invites: Invites, currency: str) -> Iterator[tuple[str, object]]:
    yield "codes", invites.issued
    yield "friends joined", invites.joined
    yield "joined by a code", invites.by_code
    if invites.again or invites.parted:
        yield "came back under another", invites.again
        yield "invitations ended", invites.parted
    yield "orders", invites.ordered
    yield "counted", invites.counted
    if invites.rejected:
        yield "rejected", invites.rejected
    yield "refundable still", invites.waiting
    if currency:
        yield "orders came to", Money(invites.amount, currency)
        yield "what counted of it", Money(invites.net, currency)
        yield "refunded after that", Money(invites.back, currency)


def _print_gains(out: Console, summary: Summary) -> None:
    if not summary.gains:
        return
    adjusts = any(gain.back for gain in summary.gains)
    heads = ("grant", "by the", "awards#", "amount#", *(("taken back#",) if adjusts else ()))
    rows = [_gain_row(gain, adjusts=adjusts) for gain in summary.gains]
    out.print(table("gained", *heads, "cost#", rows=rows))
    top = [
        (gainer.member, gainer.awards, amount(gainer.amount, summary.asset))
        for gainer in summary.top[:_SHOWN]
    ]
    if summary.spread.is_even:
        return
    many = f"{summary.gainers:,} members gained; the most"
    out.print(table(many, "member", "awards#", "amount#", rows=top))


def _gain_row(gain: Gain, *, adjusts: bool) -> tuple[object, ...]:
    back = (amount(gain.back, gain.asset) if gain.back else "",) if adjusts else ()
    given = amount(gain.amount, gain.asset)
    return (gain.grant, gain.role, gain.awards, given, *back, gain.cost)


def print_audit(out: Console, report: AuditReport) -> None:
    """What a proof found."""
    if report.is_clean:
        spent = ", ".join(f"{name}: {money.shown()}" for name, money in report.spent.items())
        counts = f"{report.instances:,} instances, {report.awards:,} awards"
        out.print(
            f"audit: clean: {report.commands:,} decisions replayed, {counts}, "
            f"spent or held {spent or 'nothing'}",
            style="green",
        )
        return
    rows = [(one.campaign, one.where, one.what) for one in report.problems[:_SHOWN]]
    found = f"{len(report.problems):,} problems"
    more = f", the first {_SHOWN}" if len(report.problems) > _SHOWN else ""
    out.print(table(f"audit: {found}{more}", "campaign", "where", "what", rows=rows))
