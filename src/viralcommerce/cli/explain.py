"""``viralcommerce explain``: why a decision was what it was, from a store, by key or instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
import typer
from msgspec import Struct
from rich.padding import Padding
from rich.text import Text

from viralcommerce.cli.audit import named
from viralcommerce.cli.exits import exits
from viralcommerce.cli.options import AsJson, StoreFile, Wait
from viralcommerce.cli.show import console, print_json
from viralcommerce.cli.stores import open_store
from viralcommerce.codec import Codec, as_data, messages_of
from viralcommerce.decider import Mechanic
from viralcommerce.errors import InvalidMessage, StoreCorrupt
from viralcommerce.kinds import KINDS
from viralcommerce.messages import BY_CLOCK, Accepted, snake
from viralcommerce.readings.why import Audience, Explanation, why
from viralcommerce.rules.wording import Language
from viralcommerce.runtime.ports import Decision, Store, Wanted


class Why(Struct, frozen=True):
    """What ``explain --json`` prints of each decision: itself, and why it is what it is."""

    decision: Mapping[str, Any]
    why: Explanation


_GAMES: Final = tuple(kind for kind in KINDS.values() if issubclass(kind, Mechanic))


def explain(
    store: StoreFile,
    key: Annotated[
        str,
        typer.Option("--key", metavar="KEY", help="The decision on the command with this key."),
    ] = "",
    instance: Annotated[
        str,
        typer.Option(
            "--instance",
            metavar="ID",
            help="Every decision on this pack, ask or order/ID, in order.",
        ),
    ] = "",
    campaign: Annotated[
        str,
        typer.Option(
            "--campaign", metavar="NAME", help="Of this campaign; needed where there are many."
        ),
    ] = "",
    audience: Annotated[
        Audience, typer.Option("--audience", help="Who asks: each is told what is theirs to know.")
    ] = "operator",
    language: Annotated[Language, typer.Option("--language", help="English or Chinese.")] = "en",
    as_json: AsJson = False,
    wait: Wait = 30.0,
) -> None:
    """Say what was decided and why: of one command by its key, or of a whole instance."""
    if bool(key) == bool(instance):
        raise typer.BadParameter("give one of --key and --instance")
    with exits():
        kept = open_store(store, wait)
        try:
            name = _campaign(kept, campaign)
            found = _by_key(kept, name, key) if key else _by_instance(kept, name, instance)
            reasons = [_why(kept, decision, audience, language) for decision in found]
            began = bool(instance) and kept.cell(name, instance) is not None
        finally:
            kept.close()
        if not found and began:
            raise InvalidMessage(
                f"{store}: {name}: the decisions on {instance!r} were archived; see what archive "
                "has put away"
            )
        if not found:
            what = f"the key {key!r}" if key else f"{instance!r}"
            raise InvalidMessage(
                f"{store}: {name} has no decision on {what}; check the spelling, or see what "
                "archive has put away"
            )
        if as_json:
            print_json(reasons)
        else:
            _print(found, reasons)


def _campaign(store: Store, name: str) -> str:
    if name:
        return named(store, name)
    names = store.campaigns()
    if len(names) == 1:
        return names[0]
    choices = ", ".join(names) or "none, nothing was decided yet"
    raise InvalidMessage(f"store: which campaign? give --campaign; choose from: {choices}")


def _by_key(store: Store, name: str, key: str) -> list[Decision]:
    """The decision that answers a key for ever, or those that have left it free."""
    session = store.session()
    try:
        recorded = session.look(Wanted(decisions=((name, key),))).decisions.get((name, key))
    finally:
        session.close()
    if recorded is not None:
        return [_read(recorded)]
    sign = f'"key":{msgspec.json.encode(key).decode()}'.encode()
    lines = (line.decision for line in store.journal(name))
    found = (_read(one) for one in lines if not isinstance(one, bytes) or sign in one)
    return [decision for decision in found if decision.command.key == key]


def _by_instance(store: Store, name: str, instance: str) -> list[Decision]:
    return [_read(line.decision) for line in store.history(name, instance)]


def _read(recorded: Decision | bytes) -> Decision:
    """A journal entry of whichever game; a refusal may be of rules that the store never kept."""
    if not isinstance(recorded, bytes):
        return recorded
    for game in _GAMES:
        try:
            decision: Decision = messages_of(game).decision(recorded)
        except StoreCorrupt:
            continue
        return decision
    raise StoreCorrupt(f"store: a decision of no game known here: {recorded[:80]!r}")


def _why(store: Store, decision: Decision, audience: Audience, language: Language) -> Why:
    """A decision explained, in the words of the rules it was made by where the store has them."""
    try:
        text = store.rules(decision.rules)
    except StoreCorrupt:  # a refusal before anything began pins no rules
        rules = None
    else:
        rules = Codec(KINDS).read_campaign(text, f"rules {decision.rules[:8]}")
    return Why(as_data(decision), why(decision, audience, language, campaign=rules))


def _print(decisions: Sequence[Decision], reasons: Sequence[Why]) -> None:
    out = console()
    for decision, reason in zip(decisions, reasons, strict=True):
        command = decision.command
        at = command.at.isoformat(sep=" ", timespec="seconds")
        by = "the clock" if command.by == BY_CLOCK else command.by
        answer = "yes" if isinstance(decision, Accepted) else "no"
        out.print(f"{at}  {snake(type(command).__name__)} by {by}: {answer}", style="bold")
        out.print(Padding(Text(str(reason.why)), (0, 0, 1, 2)))
