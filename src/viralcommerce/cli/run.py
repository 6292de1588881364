"""``viralcommerce run``: a campaign over a log of events, into a table, JSON and a report."""

from __future__ import annotations

import importlib.metadata
import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from viralcommerce.campaign import Campaign
from viralcommerce.cli.events import EventFile
from viralcommerce.cli.exits import INTERRUPTED, PROBLEMS, exits, fail
from viralcommerce.cli.files import (
    check_target,
    moment,
    read_campaign,
    write_whole,
)
from viralcommerce.cli.lines import LogFile
from viralcommerce.cli.options import AsJson, CampaignFile, Wait
from viralcommerce.cli.replay import LogMembers, Ran, Replay
from viralcommerce.cli.show import bar, console, print_json
from viralcommerce.cli.stores import file_of, open_new_store
from viralcommerce.cli.summary import Origin, Result, Summary
from viralcommerce.cli.tables import print_result
from viralcommerce.cli.tally import summarize
from viralcommerce.runtime.audit import AuditReport
from viralcommerce.runtime.audit import audit as prove
from viralcommerce.runtime.chance import DerivedEntropy
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.shop import Shop
from viralcommerce.runtime.stores.urls import shown


def run(
    campaign: CampaignFile,
    events: Annotated[str, typer.Argument(help="JSON lines, plain or .gz; - is standard input.")],
    store: Annotated[
        str,
        typer.Option(
            "--store", metavar="FILE", help="Keep everything in this SQLite file, or at a URL."
        ),
    ] = "",
    report: Annotated[
        str,
        typer.Option("--report", metavar="OUT.html", help="Write a report: one file, no network."),
    ] = "",
    audit: Annotated[bool, typer.Option("--audit", help="Prove the store afterwards.")] = False,
    as_json: AsJson = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out bad lines: count and list them.")
    ] = False,
    seed: Annotated[
        str, typer.Option("--seed", metavar="TEXT", help="What the dice are derived from.")
    ] = "viralcommerce",
    until: Annotated[
        str,
        typer.Option("--until", metavar="TIME", help="At the end, act on deadlines up to then."),
    ] = "",
    wait: Wait = 30.0,
) -> None:
    """Run a campaign over a log of events: decide each, once, and show what it comes to.

    Running the same log again changes nothing; an interrupted run goes on where it stopped.
    """
    end = moment(until, "--until") if until else None
    with exits(), ExitStack() as stack:
        rules = read_campaign(campaign)
        if report:
            check_target(report, campaign, events, *filter(None, [file_of(store)]))
        log = stack.enter_context(LogFile(events))
        file = store or str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run.db")
        kept = open_new_store(file, wait)
        members = LogMembers()
        entropy = DerivedEntropy(seed)
        shop = stack.enter_context(
            Shop(kept, [rules], members=members, entropy=entropy, elsewhere=rules.entries)
        )
        lines = EventFile(log, rules, entropy)
        replay = Replay(shop, rules, lines, members, skips_bad=skip_bad, keeps=bool(store))
        ran = _ran(replay, log, end)
        summary = _summary(kept, rules, replay.name)
        result = Result(
            ran=ran,
            summary=summary,
            audit=_proof(kept, rules, replay.name) if audit else None,
            origin=Origin(
                about=lines.about,
                events=log.name,
                sha256=log.digest,
                seed=seed,
                library=importlib.metadata.version("viralcommerce"),
                store=shown(store) or None,
            ),
            report=report or None,
        )
        if report:
            from viralcommerce.cli.report import render

            write_whole(report, render(result, rules))
        if as_json:
            print_json(result)
        else:
            print_result(console(), result)
        if result.audit is not None and not result.audit.is_clean:
            raise typer.Exit(PROBLEMS)


def _ran(replay: Replay, log: LogFile, until: datetime | None) -> Ran:
    """Run the log under a progress bar."""
    try:
        with bar(total=log.size > 0) as progress:
            task = progress.add_task(Path(log.name).name, total=log.size or None, said="")

            def report() -> None:
                said = f"{replay.ran.events:,} events"
                progress.update(task, completed=log.read, said=said)

            replay.progress = report
            return replay.run(until)
    except KeyboardInterrupt:
        fail(INTERRUPTED, f"interrupted; {replay.resumes()}")


def _summary(store: Store, rules: Campaign, name: str) -> Summary:
    """Count the whole journal under a progress bar."""
    with bar(total=False) as progress:
        task = progress.add_task("counting", total=None, said="")

        def report(count: int) -> None:
            progress.update(task, said=f"{count:,} decisions")

        return summarize(store, rules, name, progress=report)


def _proof(store: Store, rules: Campaign, name: str) -> AuditReport:
    with bar(total=False) as progress:
        progress.add_task("proving", total=None, said="")
        return prove(store, campaigns=[name], newest=[rules])
