"""Told balances: what commands that pay were told, held against the journal."""

from __future__ import annotations

from collections.abc import Mapping

from viralcommerce.balances import BORNE_OF, shown_balance
from viralcommerce.messages import Command
from viralcommerce.program import Program, QuotaKey


def told_wrong(program: Program, command: Command, used: Mapping[QuotaKey, int]) -> str:
    """What is wrong with what a command was told of its member's balance; "" where nothing is.

    Args:
        program: that decided it.
        command: as it was journaled.
        used: every quota as the decisions before it left it.
    """
    mechanic = program.mechanic
    whose = mechanic.lookup(command).balance if program.pays else ""
    if not whose:
        return ""
    borne = used.get(program.balance_key(whose, BORNE_OF), 0)
    there = shown_balance(program, used.get(program.balance_key(whose), 0), borne)
    if mechanic.informed(command, {}, (), there) == command:
        return ""
    return f"was told {command!r}, where {whose} had {there!r}"
