"""Views: what a page or a support call reads. At most two statements each, whatever the history.

A view is not a decision: it may be out of date the moment it is read, and writes nothing. What it
shows is proved by the audit, because it reads the very cells, quotas and ledger rows that the
audit replays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from viralcommerce.messages import Award, State
from viralcommerce.runtime.life import Life
from viralcommerce.runtime.outbox import Backlog, Pending
from viralcommerce.runtime.ports import Part, Store
from viralcommerce.runtime.programs import Programs, thaw_state
from viralcommerce.values.money import Money


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
        is_expired: whether its time is over.
    """

    campaign: str
    instance: str
    at: datetime
    award: Award
    is_expired: bool


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


class Views:
    """Reads for pages and support, over a store.

    Args:
        store: to read from.
        programs: of the shop.
    """

    def __init__(self, store: Store, programs: Programs) -> None:
        self._store = store
        self._programs = programs

    def instance(self, campaign: str, instance: str, *, at: datetime) -> InstanceView | None:
        """One pack or ask as it is now; nothing if there is none. One statement.

        Args:
            campaign: its name.
            instance: its id.
            at: the moment the page is shown.

        Raises:
            UnknownCampaign: this shop has no such campaign.
        """
        newest = self._programs.named(campaign)
        cell = self._store.cell(newest.name, instance)
        if cell is None:
            return None
        program = self._programs.pinned(newest.name, cell.rules)
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

    def wallet(self, member: str, *, at: datetime) -> Sequence[WalletLine]:
        """What a member was given, by every campaign, the oldest first. One statement.

        Args:
            member: whose.
            at: awards whose time is over by then are marked.
        """
        lines: list[WalletLine] = []
        for posting in self._store.awards(member):
            award = posting.transfer.award
            if award is not None:
                over = award.expires is not None and award.expires <= at
                lines.append(
                    WalletLine(
                        campaign=posting.campaign,
                        instance=posting.instance,
                        at=posting.at,
                        award=award,
                        is_expired=over,
                    )
                )
        return lines

    def parts(self, member: str) -> Sequence[Part]:
        """What a member took part in, and as whom, the oldest first. One statement."""
        return self._store.parts(member)

    def campaign(self, campaign: str) -> CampaignView:
        """How a campaign stands. Two statements.

        Raises:
            UnknownCampaign: this shop has no such campaign.
        """
        program = self._programs.named(campaign)
        used = {key[1:]: count for key, count in self._store.used(program.name).items()}
        budget = spent = left = None
        if program.budget is not None:
            taken = used.pop(program.budget_key[1:], 0)
            budget = Money(program.budget, program.currency)
            spent = Money(taken, program.currency)
            left = Money(max(program.budget - taken, 0), program.currency)
        return CampaignView(
            campaign=program.name,
            rules=program.hash,
            life=self._store.life(program.name),
            budget=budget,
            spent=spent,
            left=left,
            counted={"/".join(part for part in key if part): n for key, n in used.items()},
        )

    def outbox(self) -> Backlog:
        """How many awards wait to be delivered, since when, and how many are set aside.

        One statement, which counts what is there.
        """
        return self._store.backlog()

    def poisoned(self, limit: int = 100) -> Sequence[Pending]:
        """What was set aside after too many tries, each with its error. One statement."""
        return self._store.poisoned(limit)
