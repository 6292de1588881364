"""Where things are: the instances that commands are about, and that events change."""

from __future__ import annotations

from typing import Final

from viralcommerce.mechanics.invite import payouts
from viralcommerce.mechanics.invite.joining import (
    Befriended,
    Bought,
    CodeUsed,
    Issue,
    Join,
    Joined,
    Member,
    Part,
)
from viralcommerce.mechanics.invite.messages import Commands, Events, States
from viralcommerce.mechanics.invite.ordering import Hold, Order, Ordered, Pending
from viralcommerce.mechanics.invite.paying import Arrive, Bounce, Clear, PayOut, Withdraw

REVIEW: Final = "review"
"""What orders hang under while an operator keeps them back, so that they are found."""


def instance(command: Commands) -> str:
    """The code, the member, the order or the payee that a command is about."""
    match command:
        case Join():
            return f"member/{command.by}"
        case Order():
            return f"order/{command.order}"
        case Issue():
            return f"code/{command.code}"
        case Withdraw() | PayOut() | Arrive() | Bounce() | Clear():
            return f"payee/{payouts.payee(command)}"
        case Part():
            return f"member/{command.member}"
        case _:
            return f"order/{command.order}"


def where(event: Events) -> str:
    """The other instance that an event changes; "" where it changes the command's own."""
    match event:
        case Joined() | Ordered():  # the most frequent
            return ""
        case CodeUsed():
            return f"code/{event.code}"
        case Bought() | Befriended():
            return f"member/{event.member}"
        case _:
            return ""


def binds(command: Commands) -> str:
    """The instance under which a command may hang its own."""
    match command:
        case Join():
            return f"member/{command.inviter}" if command.inviter else ""
        case Hold():
            return REVIEW
        case _:
            return ""


def parent(state: States) -> str:
    """The instance under which one in this situation hangs."""
    match state:
        case Member():
            return f"member/{state.inviter}" if state.inviter else ""
        case Pending():
            return REVIEW if state.is_kept_back else ""
        case _:
            return ""
