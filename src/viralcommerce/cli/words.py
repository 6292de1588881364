"""``viralcommerce terms`` and ``schema``: what a campaign says to members, and to machines."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from viralcommerce.cli.exits import exits
from viralcommerce.cli.files import read_campaign
from viralcommerce.cli.options import AsJson, CampaignFile
from viralcommerce.cli.show import print_json
from viralcommerce.decider import AnyMechanic, Mechanic
from viralcommerce.kinds import KINDS
from viralcommerce.readings.schema import schema as campaign_schema
from viralcommerce.readings.schema_of_messages import event_file_schema, message_schema
from viralcommerce.readings.terms import terms as printed
from viralcommerce.runtime.stores.schema import SQLITE
from viralcommerce.runtime.stores.urls import needs_extra


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
    dialect: Annotated[
        Literal["sqlite", "postgres"], typer.Option("--dialect", help="Of the tables.")
    ] = "sqlite",
    schema_name: Annotated[
        str,
        typer.Option("--schema", metavar="NAME", help="PostgreSQL: that the tables lie in."),
    ] = "viral",
    since: Annotated[
        int,
        typer.Option("--since", min=0, metavar="N", help="PostgreSQL: the version they have."),
    ] = 0,
    shards: Annotated[
        int, typer.Option("--shards", help="PostgreSQL: rows that a hot quota is spread over.")
    ] = 16,
) -> None:
    """Print the JSON Schema of campaigns, of event lines or of messages, or a store's tables.

    Tables of PostgreSQL are made, and brought up to date, with psql --single-transaction.
    """
    with exits():
        if of == "sql":
            sys.stdout.write(
                SQLITE if dialect == "sqlite" else _postgres(schema_name, since, shards)
            )
        elif of == "json":
            print_json(campaign_schema(_game(game) if game else None))
        elif of == "events":
            print_json(event_file_schema(_game(game)))
        else:
            print_json(message_schema(_game(game)))


def _postgres(schema: str, since: int, shards: int) -> str:
    try:
        from viralcommerce.runtime.stores.postgres.migrations import SCHEMA_VERSION, schema_sql
    except ModuleNotFoundError as error:
        raise needs_extra(error) from error
    if since > SCHEMA_VERSION:
        said = f"{since} is newer than this library's version {SCHEMA_VERSION}"
        raise typer.BadParameter(said, param_hint="--since")
    return schema_sql(schema, since=since, shards=shards)


def _game(kind: str) -> type[AnyMechanic]:
    games = {name: found for name, found in KINDS.items() if issubclass(found, Mechanic)}
    if kind not in games:
        said = f"{kind!r} is no game" if kind else "of which game?"
        raise typer.BadParameter(
            f"{said}; choose from: {', '.join(sorted(games))}", param_hint="--game"
        )
    return games[kind]
