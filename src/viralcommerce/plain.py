"""Plain prices: campaigns that give so much each time, and ask, count and hold nothing.

Most likes, check-ins and shares earn a point or two, whoever it is and however often. For them
`Pricing` would look for limits, budgets and holds that are not there; this is what is left of it.

Laws:
    Plain is pricing: where it answers, it answers as `Pricing` does; what is free, it prices at
        nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Final

from viralcommerce.decider import Reached
from viralcommerce.messages import GONE, Adjustment, Award, Command, Refusal, Transfer, Withheld
from viralcommerce.program import Option, Program, QuotaKey
from viralcommerce.values.money import Money

_NONE: Final[Mapping[QuotaKey, int]] = MappingProxyType({})


class Plain:
    """What plain grants give: as much of `Pricing` as there is to say of them."""

    __slots__ = ("awards", "transfers")

    withheld: ClassVar[Sequence[Withheld]] = ()
    adjustments: ClassVar[tuple[Adjustment, ...]] = ()
    used: ClassVar[Mapping[QuotaKey, int]] = _NONE
    hot: ClassVar[Mapping[QuotaKey, int]] = _NONE
    hold: ClassVar[int] = 0
    refusal: ClassVar[Refusal | None] = None

    def __init__(self, awards: Sequence[Award], transfers: Sequence[Transfer]) -> None:
        self.awards = awards
        self.transfers = transfers


NOTHING_GIVEN: Final = Plain((), ())


def plain(
    program: Program, reached: Sequence[Reached], instance: str, version: int, at: datetime
) -> Plain | None:
    """What the milestones give, in a program that `is_plain`; nothing where somebody is gone."""
    awards: tuple[Award, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    for one in reached:
        for (option,) in program.lines.get(one.milestone, ()):
            who = one.cast.get(option.to)
            if who:
                if who[0] == GONE[0] and who.startswith(GONE):
                    return None
                asset, units = option.asset, option.units
                ident = f"{program.name}/{instance}/{version}/{len(transfers)}"
                award = awarded(option, ident, who, at, asset, units)
                row = Transfer(ident, option.source, f"member/{who}", asset, units, award)
                awards = (*awards, award) if awards else (award,)
                transfers = (*transfers, row) if transfers else (row,)
    return Plain(awards, transfers) if awards else NOTHING_GIVEN


def is_free(program: Program, command: Command, reached: Sequence[Reached]) -> bool:
    """Whether a command gives, counts, holds, moves and takes back nothing."""
    if type(command) not in program.giftless:
        return False
    for one in reached:  # noqa: SIM110 - a generator costs more than the loop
        if one.milestone in program.priced:
            return False
    return True


def awarded(
    option: Option,
    ident: str,
    who: str,
    at: datetime,
    asset: str,
    amount: int,
    cost: Money | None = None,
    base: Money | None = None,
) -> Award:
    """One award of an option.

    Args:
        option: of the program.
        ident: the award's id.
        who: gets it.
        at: when.
        asset: what it is of.
        amount: how much, in the asset's smallest unit.
        cost: to the budget.
        base: what a share was taken of.
    """
    return Award(
        id=ident,
        grant=option.name,
        to=who,
        role=option.to,
        reward=option.kind,
        asset=asset,
        amount=amount,
        cost=cost,
        base=base,
        rate=option.rate,
        expires=None if option.lasts is None else at + option.lasts,
        terms=option.terms,
    )
