"""Known: what pricing may know beyond the command, whoever asks it: a flow, the audit, the lab."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

from viralcommerce.program import QuotaKey

Facts = Mapping[tuple[str, datetime], Mapping[str, object]]
"""What the host said, by member and moment."""
NO_FACTS: Final[Mapping[str, object]] = {}


class Known(Protocol):
    """What pricing may know beyond the command."""

    @property
    def facts(self) -> Facts:
        """What the host said, by member and moment."""
        ...

    @property
    def counted(self) -> Mapping[QuotaKey, int]:
        """Quotas read under lock; one that is absent is asked for in `missing`..."""
        ...

    @property
    def all_counted(self) -> bool:
        """...unless an absent one is known to be 0."""
        ...

    @property
    def used(self) -> Mapping[QuotaKey, int]:
        """Changes of those by earlier commands of the same commit."""
        ...

    @property
    def hot(self) -> Mapping[QuotaKey, int]:
        """Changes of hot quotas by earlier commands of the same commit."""
        ...

    @property
    def short(self) -> Mapping[QuotaKey, int]:
        """What was used, before this commit, of the hot quotas that it has found short."""
        ...
