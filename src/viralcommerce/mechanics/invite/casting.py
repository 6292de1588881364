"""Who takes part in what: the casts of commands and milestones, and how an instance can go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from viralcommerce.decider import Carries
from viralcommerce.mechanics.invite import orders, payouts
from viralcommerce.mechanics.invite.joining import Issue, Join, Part
from viralcommerce.mechanics.invite.messages import Commands, Events, States
from viralcommerce.mechanics.invite.ordering import (
    ChargeBack,
    Hold,
    Mature,
    Order,
    Ordered,
    Pending,
    Receive,
    Refund,
    Reject,
    Release,
    WinBack,
)
from viralcommerce.mechanics.invite.paying import Arrive, Bounce, Clear, PayOut, Withdraw
from viralcommerce.mechanics.invite.words import (
    FIRST_ORDER,
    INVITEE,
    INVITER,
    JOINED,
    OPERATOR,
    ORDERED,
    PAYEE,
    TIERS,
    UPLINE,
)
from viralcommerce.messages import Command
from viralcommerce.rules.extent import ONCE, Life, Times

MILESTONES: Final[Mapping[str, Carries]] = {
    JOINED: Carries((INVITEE, INVITER)),
    ORDERED: Carries((INVITEE, *UPLINE), amount=True, clock=True, boundless=True),
    **{
        each: Carries((INVITEE, INVITER), amount=True, clock=True, boundless=True)
        for each in (FIRST_ORDER, *TIERS)
    },
}
"""Who takes part in each milestone; what an order comes to is bounded by no rule."""
CASTS: Final[Mapping[type[Command], tuple[str, ...]]] = {
    Issue: (INVITER,),
    Join: (INVITEE, INVITER),
    Order: (INVITEE, *UPLINE),
    Refund: (OPERATOR,),
    ChargeBack: (OPERATOR,),
    WinBack: (OPERATOR,),
    Receive: (OPERATOR,),
    Hold: (OPERATOR,),
    Release: (OPERATOR,),
    Reject: (OPERATOR,),
    Mature: (),
    Part: (),
    Withdraw: (PAYEE,),
    PayOut: (OPERATOR, PAYEE),
    Arrive: (OPERATOR, PAYEE),
    Bounce: (OPERATOR, PAYEE),
    Clear: (OPERATOR, PAYEE),
}
"""Who takes part in each command, the actor first; the clock's have nobody."""
_LEVELS: Final = tuple(map(str, UPLINE))
_PERHAPS: Final = Times(0, 1)
LIVES: Final[tuple[Life, ...]] = (
    {JOINED: ONCE, ORDERED: ONCE, FIRST_ORDER: ONCE, **dict.fromkeys(TIERS, _PERHAPS)},
    dict.fromkeys((JOINED, ORDERED, FIRST_ORDER, *TIERS), _PERHAPS),
)
"""An instance, as it is costed, is a friend with one order; further orders are further ones."""


def acting(command: Commands, state: States) -> dict[str, str]:
    """Who acts first; then the inviter, or whoever stands above the buyer."""
    match command, state:
        case Issue(), _:
            return {INVITER: command.by}
        case Join(), _:
            joining: dict[str, str] = {INVITEE: command.by}
            return joining | ({INVITER: command.inviter} if command.inviter else {})
        case Order(), _:
            return orders.roles(command.by, command.upline)
        case Mature(), Pending():
            return orders.roles(state.buyer, state.upline)
        case ((Mature() | Part()), _):
            return {}
        case ((Withdraw() | PayOut() | Arrive() | Bounce() | Clear()), _):
            return payouts.acting(command)
        case _:
            return {OPERATOR: command.by}


def awaiting(event: Events) -> tuple[tuple[str, str], ...]:
    """Whoever stands above the buyer of a new order, by level."""
    if not isinstance(event, Ordered):
        return ()
    return tuple(zip(event.upline, _LEVELS, strict=False))
