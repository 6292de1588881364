"""``viralcommerce tick``: act on the deadlines that have come, from cron or by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from msgspec import Struct

from viralcommerce.cli.exits import exits
from viralcommerce.cli.files import moment, read_campaign
from viralcommerce.cli.options import AsJson, StoreFile, Wait
from viralcommerce.cli.replay import LogMembers
from viralcommerce.cli.show import console, print_json
from viralcommerce.cli.stores import open_store
from viralcommerce.errors import LeftOut
from viralcommerce.runtime.shop import Shop


class Ticked(Struct, frozen=True):
    """What ``tick --json`` prints: how many instances ended, and up to which moment."""

    ended: int
    until: datetime


def tick(
    store: StoreFile,
    campaign: Annotated[list[str], typer.Argument(help="Campaign files, the newest versions.")],
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="The moment to act for; now unless said.")
    ] = "",
    as_json: AsJson = False,
    wait: Wait = 30.0,
) -> None:
    """End what is overdue: packs and asks expire, holds go back to the budget, orders mature.

    Running it twice, or in two places at once, changes nothing. What cannot be ended is told
    after everything else was.
    """
    now = moment(at, "--at") if at else datetime.now(UTC)
    with exits():
        rules = [read_campaign(path) for path in campaign]
        ended = 0
        entries = {name for one in rules for name in one.entries}
        kept = open_store(store, wait)
        with Shop(kept, rules, members=LogMembers(), elsewhere=entries) as shop:
            left: LeftOut | None = None
            more = 1
            while more:
                try:
                    more = shop.tick(now)
                except LeftOut as error:  # what cannot be ended keeps nothing else from its end
                    left, more = error, error.acted
                ended += more
        if as_json:
            print_json(Ticked(ended, now))
        else:
            console().print(f"{ended:,} ended, up to {now.isoformat(timespec='seconds')}")
        if left is not None:
            raise left
