"""Upline: who stands above a buyer when an order is placed, and what each of them is due."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from viralcommerce.errors import InvalidValue
from viralcommerce.values.money import Money
from viralcommerce.values.percent import Percent

HOUSE: Final = "(house)"
"""Who gets what a vacant level is due, where the scheme gives it to the shop itself."""


class Seat(Struct, frozen=True, gc=False):
    """One level above a buyer, as it is when the order is placed.

    Args:
        member: who sits there; empty where nobody is paid: disabled, deleted, demoted.
        friend: which of the friends of whoever sits there the one below is, the first being 1; or
            how many there are by now, where the terms raise the rate of all at once.

    Raises:
        InvalidValue: a friend before the first.
    """

    member: str = ""
    friend: int = 1

    def __post_init__(self) -> None:
        if type(self.friend) is not int or self.friend < 1:
            raise InvalidValue(f"seat.friend: {self.friend!r:.40}; the first friend is 1")


class Due(Struct, frozen=True, gc=False):
    """What one level of one order comes to; kept with the order.

    Args:
        level: 1 for the buyer's direct inviter; under roll-up, the place among those who are paid.
        to: a member, or `HOUSE`.
        rate: of the base, as captured.
        amount: what is due.
    """

    level: int
    to: str
    rate: Percent
    amount: Money
