"""Where things are: the instances that commands are about, and that events change."""

from __future__ import annotations

from viralcommerce.mechanics.invite import payouts
from viralcommerce.mechanics.invite.joining import Befriended, Bought, CodeUsed, Issue, Join, Part
from viralcommerce.mechanics.invite.messages import Commands, Events
from viralcommerce.mechanics.invite.paying import Arrive, Bounce, Clear, PayOut, Withdraw


def instance(command: Commands) -> str:
    """The code, the member, the order or the payee that a command is about."""
    match command:
        case Withdraw() | PayOut() | Arrive() | Bounce() | Clear():
            return f"payee/{payouts.payee(command)}"
        case Issue():
            return f"code/{command.code}"
        case Join():
            return f"member/{command.by}"
        case Part():
            return f"member/{command.member}"
        case _:
            return f"order/{command.order}"


def where(event: Events) -> str:
    """The other instance that an event changes; "" where it changes the command's own."""
    match event:
        case CodeUsed():
            return f"code/{event.code}"
        case Bought() | Befriended():
            return f"member/{event.member}"
        case _:
            return ""
