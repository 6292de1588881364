"""``viralcommerce terms`` and ``schema``: what a campaign says to members, and to machines."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from viralcommerce.cli.exits import exits
from viralcommerce.cli.files import read_campaign
from viralcommerce.cli.options import AsJson, CampaignFile
from viralcommerce.cli.show import print_json
from viralcommerce.codec import KINDS
from viralcommerce.decider import AnyMechanic, Mechanic
from viralcommerce.readings.schema import schema as campaign_schema
from viralcommerce.readings.schema_of_messages import event_file_schema, message_schema
from viralcommerce.readings.terms import terms as printed
from viralcommerce.runtime.stores.schema import SQLITE


def terms(
    campaign: CampaignFile,
    language: Annotated[
        Literal["en", "zh"], typer.Option("--language", help="English or Chinese.")
    ] = "en",
    as_json: AsJson = False,
) -> None:
    """Print the terms that a member reads, made from the campaign and from nothing else."""
    with exits():
        found = printed(read_campaign(campaign), language)
        if as_json:
            print_json(found)
        else:
            sys.stdout.write(str(found))


def schema(
    of: Annotated[
        Literal["json", "events", "messages", "sql"],
        typer.Argument(help="json: campaigns; events: lines of a log; messages; sql: the tables."),
    ] = "json",
    game: Annotated[
        str, typer.Option("--game", metavar="KIND", help="Of this game only, such as coupon_pack.")
    ] = "",
) -> None:
    """Print the JSON Schema of campaigns, of event lines or of messages, or a store's tables."""
    with exits():
        if of == "sql":
            sys.stdout.write(SQLITE)
        elif of == "json":
            print_json(campaign_schema(_game(game) if game else None))
        elif of == "events":
            print_json(event_file_schema(_game(game)))
        else:
            print_json(message_schema(_game(game)))


def _game(kind: str) -> type[AnyMechanic]:
    games = {name: found for name, found in KINDS.items() if issubclass(found, Mechanic)}
    if kind not in games:
        said = f"{kind!r} is no game" if kind else "of which game?"
        raise typer.BadParameter(
            f"{said}; choose from: {', '.join(sorted(games))}", param_hint="--game"
        )
    return games[kind]
