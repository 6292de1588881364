"""Options and arguments that many commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
CampaignFile = Annotated[str, typer.Argument(help="The campaign's JSON file.")]
StoreFile = Annotated[str, typer.Argument(help="The store's SQLite file, or its URL.")]
Wait = Annotated[
    float,
    typer.Option("--wait", min=0, metavar="SECONDS", help="How long to wait for a busy store."),
]
