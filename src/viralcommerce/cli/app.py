"""The commands, and nothing of what they do."""

from __future__ import annotations

import importlib.metadata
from typing import Annotated

import typer

from viralcommerce.cli.audit import audit
from viralcommerce.cli.doctor import doctor
from viralcommerce.cli.exits import DONE
from viralcommerce.cli.explain import explain
from viralcommerce.cli.measure import measure
from viralcommerce.cli.run import run
from viralcommerce.cli.tick import tick
from viralcommerce.cli.upkeep import archive, forget
from viralcommerce.cli.words import schema, terms

app = typer.Typer(
    name="viralcommerce",
    help="Viral-commerce campaigns over logs and stores: run, prove, explain.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"viralcommerce {importlib.metadata.version('viralcommerce')}")
        raise typer.Exit(DONE)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say and stop.")
    ] = False,
) -> None:
    """What every command shares."""


for command in (run, audit, tick, forget, archive, terms, explain, measure, schema, doctor):
    app.command()(command)


def main() -> int:
    """Run the command that the arguments name; its exit code."""
    result = app(standalone_mode=True)
    return DONE if result is None else int(result)
