"""``viralcommerce audit``: a store, proved against its own journal."""

from __future__ import annotations

from typing import Annotated

import typer

from viralcommerce.cli.exits import PROBLEMS, exits
from viralcommerce.cli.files import read_campaign
from viralcommerce.cli.options import AsJson, StoreFile, Wait
from viralcommerce.cli.show import bar, console, print_json
from viralcommerce.cli.stores import open_store
from viralcommerce.cli.tables import print_audit
from viralcommerce.errors import UnknownCampaign
from viralcommerce.runtime.audit import audit as prove
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.programs import SHADOW


def audit(
    store: StoreFile,
    newest: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CAMPAIGN]...", help="Campaign files, the newest versions."),
    ] = None,
    campaign: Annotated[
        list[str] | None,
        typer.Option(
            "--campaign", metavar="NAME", help="Prove this one only; may be given again."
        ),
    ] = None,
    as_json: AsJson = False,
    wait: Wait = 30.0,
) -> None:
    """Replay the journal, and hold cells, quotas and ledger against it.

    The store must be at rest: what others write meanwhile may look like a problem. A budget that
    was raised since it was last used counts where its campaign's file is given.
    """
    with exits():
        rules = [read_campaign(path) for path in newest or ()]
        kept = open_store(store, wait)
        try:
            names = [named(kept, name) for name in campaign or ()]
            for one in rules:
                if SHADOW + one.name not in kept.campaigns():
                    named(kept, one.name)
            with bar(total=False) as progress:
                progress.add_task("proving", total=None, said="")
                report = prove(kept, campaigns=names, newest=rules)
        finally:
            kept.close()
        if as_json:
            print_json(report)
        else:
            print_audit(console(), report)
        if not report.is_clean:
            raise typer.Exit(PROBLEMS)


def named(store: Store, name: str) -> str:
    """A name that the store knows.

    Raises:
        UnknownCampaign: it does not; says which it knows.
    """
    names = store.campaigns()
    if name not in names:
        choices = ", ".join(names) or "none, nothing was decided yet"
        raise UnknownCampaign(f"store: no campaign {name!r}; choose from: {choices}", name=name)
    return name
