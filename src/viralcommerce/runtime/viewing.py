"""Viewing: what each view reads and makes of it, written once for both shells.

A generator of reads, with no I/O: a shell performs each on a store, and sends the answer back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct

from viralcommerce.messages import Award, State
from viralcommerce.program import Program, QuotaKey
from viralcommerce.runtime.counts import whole
from viralcommerce.runtime.effects import Look
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Backlog, Pending
from viralcommerce.runtime.ports import Cell, Part, Posting
from viralcommerce.runtime.programs import Programs, thaw_state
from viralcommerce.runtime.ticking import Pin
from viralcommerce.values.money import Money

T = TypeVar("T")


class InstanceView(Struct, frozen=True, kw_only=True):
    """One pack, one ask: the situation it is in.

    Args:
        campaign: its name.
        instance: its id.
        version: how many commands have changed it.
        rules: the version of the campaign it was begun under, by hash.
        state: the mechanic's own situation, with all that a page shows.
        deadline: when the clock will end it, if ever.
        is_due: whether that moment has come; the next command or tick ends it.
        held: what it still holds of the budget, where it holds money.
    """

    campaign: str
    instance: str
    version: int
    rules: str
    state: State
    deadline: datetime | None
    is_due: bool
    held: Money | None


class WalletLine(Struct, frozen=True, kw_only=True):
    """One award a member was given.

    Args:
        campaign: that gave it.
        instance: the pack or ask it came from.
        at: when.
        award: what.
        stands: how much of it was not taken back, in the asset's smallest unit.
        is_expired: whether its time is over.
    """

    campaign: str
    instance: str
    at: datetime
    award: Award
    stands: int
    is_expired: bool

    @property
    def is_reversed(self) -> bool:
        """Whether all of it was taken back."""
        return self.stands == 0


class CampaignView(Struct, frozen=True, kw_only=True):
    """How a campaign stands.

    Args:
        campaign: its name.
        rules: the hash of its newest version.
        life: its stage, who said so and why.
        budget: its cap; nothing where it is unlimited.
        spent: what is given or held; nothing where that is not counted.
        left: what can still be given or held.
        counted: its other quotas that are not counted per member, pair or instance.
    """

    campaign: str
    rules: str
    life: Life
    budget: Money | None
    spent: Money | None
    left: Money | None
    counted: dict[str, int]


class Read(Struct, frozen=True, gc=False):
    """A read of the store's, by its verb."""

    verb: str
    values: tuple[object, ...] = ()

    def of(self, store: object) -> Any:
        """What the store answers, or promises to."""
        return getattr(store, self.verb)(*self.values)


Reading = Generator[Read | Pin | Look, Any, T]
"""Yields reads, looks, and versions of campaigns to have ready; is sent what came of each."""


class Viewing:
    """What the views of a shop read.

    Args:
        programs: of the shop.
    """

    def __init__(self, programs: Programs) -> None:
        self.programs = programs

    def instance(
        self, campaign: str, instance: str, *, at: datetime
    ) -> Reading[InstanceView | None]:
        """One pack or ask as it is now; nothing if there is none. One statement.

        A second one, where it was begun under a version that this process has not met.

        Args:
            campaign: its name.
            instance: its id.
            at: the moment the page is shown.

        Raises:
            UnknownCampaign: this shop has no such campaign.
        """
        newest = self.programs.named(campaign)
        cell: Cell | None = yield Read("cell", (newest.name, instance))
        if cell is None:
            return None
        program: Program = yield Pin(newest.name, cell.rules)
        return InstanceView(
            campaign=newest.name,
            instance=instance,
            version=cell.version,
            rules=cell.rules,
            state=thaw_state(program, cell.state),
            deadline=cell.deadline,
            is_due=cell.deadline is not None and cell.deadline <= at,
            held=Money(cell.held, program.currency) if program.currency else None,
        )

    def wallet(self, member: str, *, at: datetime) -> Reading[Sequence[WalletLine]]:
        """What a member was given, by every campaign, the oldest first. One statement.

        Args:
            member: whose.
            at: awards whose time is over by then are marked.
        """
        postings: Sequence[Posting] = yield Read("awards", (member,))
        stands = _standing(f"member/{member}", postings)
        lines: list[WalletLine] = []
        for posting in postings:
            award = posting.transfer.award
            if award is not None:
                over = award.expires is not None and award.expires <= at
                lines.append(
                    WalletLine(
                        campaign=posting.campaign,
                        instance=posting.instance,
                        at=posting.at,
                        award=award,
                        stands=stands[award.id],
                        is_expired=over,
                    )
                )
        return lines

    def parts(self, member: str) -> Reading[Sequence[Part]]:
        """What a member took part in, and as whom, the oldest first. One statement."""
        found: Sequence[Part] = yield Read("parts", (member,))
        return found

    def campaign(self, campaign: str) -> Reading[CampaignView]:
        """How a campaign stands. Two statements.

        Raises:
            UnknownCampaign: this shop has no such campaign.
        """
        program = self.programs.named(campaign)
        every: Mapping[QuotaKey, int] = yield Read("used", (program.name,))
        life: Life = yield Read("life", (program.name,))
        used = {key[1:]: count for key, count in every.items()}
        budget = spent = left = None
        if program.budget is not None:
            taken = used.pop(program.budget_key[1:], 0)
            budget = Money(program.budget, program.currency)
            spent = Money(taken, program.currency)
            left = Money(max(program.budget - taken, 0), program.currency)
        return CampaignView(
            campaign=program.name,
            rules=program.hash,
            life=life,
            budget=budget,
            spent=spent,
            left=left,
            counted={"/".join(part for part in key if part): n for key, n in used.items()},
        )

    def outbox(self) -> Reading[Backlog]:
        """How many awards wait to be delivered, since when, and how many are set aside.

        One statement, which counts what is there.
        """
        backlog: Backlog = yield Read("backlog")
        return backlog

    def poisoned(self, limit: int = 100) -> Reading[Sequence[Pending]]:
        """What was set aside after too many tries, each with its error. One statement."""
        whole(limit, "poisoned: limit")
        aside: Sequence[Pending] = yield Read("poisoned", (limit,))
        return aside


def _standing(account: str, postings: Sequence[Posting]) -> Counter[str]:
    """What is left of each award: given, less what was taken back, and what was given again."""
    left: Counter[str] = Counter()
    for moved in (posting.transfer for posting in postings):
        gained = moved.amount if moved.target == account else -moved.amount
        left[moved.reverses or moved.id] += gained
    return left
