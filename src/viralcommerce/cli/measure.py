"""``viralcommerce measure``: who brought whom, measured: a table, JSON and a page."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viralcommerce.cli.exits import USAGE, exits, fail
from viralcommerce.cli.files import check_target, moment, write_whole
from viralcommerce.cli.layouts import said
from viralcommerce.cli.lines import LogFile
from viralcommerce.cli.options import AsJson
from viralcommerce.cli.show import bar, console, print_json

if TYPE_CHECKING:
    from viralcommerce.cli.cascade_page import Read
    from viralcommerce.cli.layouts import Layout


def measure(
    files: Annotated[
        list[str], typer.Argument(help="CSV or JSON lines, plain or .gz; - is standard input.")
    ],
    report: Annotated[
        str,
        typer.Option("--report", metavar="OUT.html", help="Write a page: one file, no network."),
    ] = "",
    table: Annotated[
        str,
        typer.Option("--table", metavar="OUT.csv", help="Write a line for every cascade."),
    ] = "",
    as_json: AsJson = False,
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            metavar="KEY=COLUMN,...",
            help="Which columns are id, parent, root and time (or minutes, hours, days).",
        ),
    ] = "",
    until: Annotated[
        str,
        typer.Option(
            "--until",
            metavar="TIME",
            help="Members were watched until then, and cascades may run still: K by age.",
        ),
    ] = "",
    top: Annotated[
        int, typer.Option("--top", min=0, metavar="N", help="How many cascades to print.")
    ] = 10,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out bad lines: count and list them.")
    ] = False,
) -> None:
    """Measure who brought whom: how large, deep, wide and viral each cascade is, and K.

    Each line is a member: id,parent,time,root. See docs/cascades.md for the format.
    """
    if importlib.util.find_spec("numpy") is None:
        fail(USAGE, "measure needs numpy; pip install viralcommerce[cli,lab]")
    end = _end(until)
    with exits():
        layout = said(columns) if columns else None
        for at, target in enumerate(filter(None, (report, table))):
            check_target(target, *files, *([report] if at else []))
        read = [_read(file, layout, end, skips_bad=skip_bad) for file in files]
        from viralcommerce.cli.cascade_page import render, table_of
        from viralcommerce.cli.cascade_tables import print_found
        from viralcommerce.cli.cascades import Found

        found = Found(
            files=[one.measured for one in read],
            library=importlib.metadata.version("viralcommerce"),
            report=report or None,
            table=table or None,
        )
        if report:
            write_whole(report, render(found, read))
        if table:
            write_whole(table, table_of(found))
        if as_json:
            print_json(found)
        else:
            print_found(console(), found, top)


def _end(until: str) -> datetime | float | None:
    """A moment or a number of seconds, as the file's times are."""
    if not until:
        return None
    try:
        seconds = float(until)
    except ValueError:
        return moment(until, "--until")
    if not math.isfinite(seconds):
        raise typer.BadParameter(f"{until!r} is no moment", param_hint="--until")
    return seconds


def _read(
    file: str, layout: Layout | None, end: datetime | float | None, *, skips_bad: bool
) -> Read:
    """One file, read and measured under a progress bar."""
    from viralcommerce.cli.cascade_page import Read
    from viralcommerce.cli.cascades import measured
    from viralcommerce.cli.links import LinkReader

    with LogFile(file, each="member", form="CSV or JSON lines") as log:
        reader = LinkReader(log, layout, skips_bad=skips_bad)
        with bar(total=log.size > 0) as progress:
            task = progress.add_task(Path(log.name).name, total=log.size or None, said="")

            def report(members: int) -> None:
                progress.update(task, completed=log.read, said=f"{members:,} members")

            reader.progress = report
            links = reader.read()
        with bar(total=False) as progress:
            progress.add_task("measuring", total=None, said="")
            found, order = measured(
                links,
                file=log.name,
                sha256=log.digest,
                layout=str(reader.layout),
                until=end,
            )
    return Read(found, links, order)
