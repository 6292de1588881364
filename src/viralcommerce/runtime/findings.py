"""Findings: what an audit counted, and what does not add up."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from viralcommerce.errors import ViralCommerceError
from viralcommerce.values.money import Money

MOST_PROBLEMS: Final = 1000
UNREADABLE: Final = (
    ViralCommerceError,
    msgspec.MsgspecError,
    TypeError,
    ValueError,
    AttributeError,
    KeyError,
)
"""What comes of reading what nobody wrote."""


class Problem(Struct, frozen=True):
    """One thing that does not add up.

    Args:
        campaign: the store's name of it.
        where: the instance, quota or ledger row.
        what: what was expected and what is there.
    """

    campaign: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.campaign}: {self.where}: {self.what}"


class AuditReport(Struct, frozen=True, kw_only=True):
    """What the audit counted, and all that does not add up (at most `MOST_PROBLEMS`)."""

    problems: tuple[Problem, ...]
    commands: int
    accepted: int
    refused: int
    instances: int
    awards: int
    spent: dict[str, Money]

    @property
    def is_clean(self) -> bool:
        """Whether everything adds up."""
        return not self.problems
