"""Balances: what members have of the money that is paid out to them, counted beside the ledger.

A game whose rewards are paid out in batches (`Mechanic.pays`) has a balance for each member: what
they earned, less what was taken back, less all that left for a payout. It is a quota, so that it
is read and changed under lock like any other, in one row however much a member has earned; every
row of the ledger that moves such money changes it.

What is taken back after it was paid makes a member owe. Where a game bounds that
(`Mechanic.most_owed`), or writes it off, the budget bears it, and has it back first if the award
stands again, or if what was paid comes back.

Laws:
    Counted: a balance is what the ledger moved to its member, less what it moved away.
    Bounded: taking back never makes a member owe more than the bound.
    Borne once: what the shop bears for a member is never more than what was taken back and stands
        so, nor than what they were paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from viralcommerce.adjusting import AGAIN, BORNE, REPAID, Standing, rows
from viralcommerce.decider import BUDGET, Balance, Move
from viralcommerce.known import Known
from viralcommerce.messages import Adjustment, Award, Transfer
from viralcommerce.program import Program, QuotaKey
from viralcommerce.values.money import Money

_MEMBER: Final = "member/"
EARNED: Final = "earned"
TAKEN: Final = "taken_back"
BORNE_OF: Final = "borne"
"""What is counted beside a balance: given, taken back again, and borne by the shop of that."""


class Balances:
    """The part of pricing that knows of balances; see `Pricing` for what it works on."""

    __slots__ = ()

    program: Program
    prefix: str
    known: Known
    transfers: list[Transfer]
    used: dict[QuotaKey, int]
    hot: dict[QuotaKey, int]
    missing: list[QuotaKey]

    def balance(self, member: str) -> int:
        """What a member has now, in minor units; below nothing where they owe."""
        return self.so_far(self.program.balance_key(member))

    def so_far(self, key: QuotaKey) -> int:
        """What is counted on a quota that is read under lock, this command included."""
        known = self.known
        so_far = known.counted.get(key)
        if so_far is None:
            if not known.all_counted:
                self.missing.append(key)
            so_far = 0
        return so_far + known.used.get(key, 0) + self.used.get(key, 0)

    def add(self, account: str, change: int) -> None:
        """Count what a ledger row moves to an account, where it is a member's."""
        if account.startswith(_MEMBER):
            member = account.removeprefix(_MEMBER)
            self.balance(member)
            key = self.program.balance_key(member)
            self.used[key] = self.used.get(key, 0) + change

    def count(self, what: str, member: str, change: int) -> None:
        """Count one of the sums that a balance is made of, under the lock of the balance."""
        key = self.program.balance_key(member, what)
        self.used[key] = self.used.get(key, 0) + change

    def earn(self, member: str, amount: int) -> None:
        """Count an award of what is paid out."""
        self.add(f"{_MEMBER}{member}", amount)
        self.count(EARNED, member, amount)

    def move(self, moves: Iterable[Move]) -> None:
        """Write the rows of what events move."""
        for one in moves:
            ident = f"{self.prefix}{len(self.transfers)}"
            amount = one.amount
            self.transfers.append(
                Transfer(ident, one.source, one.target, amount.currency, amount.minor)
            )
            self.add(one.source, -amount.minor)
            self.add(one.target, amount.minor)
            if one.source == BUDGET:
                self.count(BORNE_OF, one.target.removeprefix(_MEMBER), amount.minor)
            elif one.target == BUDGET:
                self.count(BORNE_OF, one.source.removeprefix(_MEMBER), -amount.minor)

    def adjust(self, found: Sequence[Adjustment], standing: Standing) -> tuple[Adjustment, ...]:
        """Write what is taken back and given again, and what of it the shop bears: all of it.

        Args:
            found: from `adjusting.adjustments`, as far as the budget covers it.
            standing: what the instance has given.
        """
        program = self.program
        what: list[Adjustment] = []
        left: dict[str, int] = {}
        for one in found:
            what.append(one)
            if not _is_paid(program, standing.awards[one.award]):
                continue
            if one.way == AGAIN:
                self.count(TAKEN, one.to, -one.amount)
                repaid = self._repaid(one, standing)
                self.count(BORNE_OF, one.to, -repaid)
                what += _also(one, REPAID, repaid)
                continue
            self.count(TAKEN, one.to, one.amount)
            if program.debt is None:
                continue
            now = left.get(one.to)
            now = (self.balance(one.to) if now is None else now) - one.amount
            borne = min(max(-program.debt - now, 0), one.amount)
            left[one.to] = now + borne
            self.count(BORNE_OF, one.to, borne)
            what += _also(one, BORNE, borne)
        moved, hot = rows(program, self.prefix, len(self.transfers), what, standing)
        self.transfers += moved
        for key, change in hot.items():
            self.hot[key] = self.hot.get(key, 0) + change
        for row in moved:
            if _is_paid(program, standing.awards[row.reverses]):
                self.add(row.source, -row.amount)
                self.add(row.target, row.amount)
        return tuple(what)

    def _repaid(self, one: Adjustment, standing: Standing) -> int:
        """What the shop has back of what is given again, and was counted as such.

        That is what it bore of this award, and whatever it bears for the member that is no longer
        taken back; but no more than it bears.
        """
        self.balance(one.to)  # all is read at once, or not at all
        borne = self.so_far(self.program.balance_key(one.to, BORNE_OF))
        taken = self.so_far(self.program.balance_key(one.to, TAKEN))
        of_this = min(standing.borne.get(one.award, 0), one.amount)
        return max(0, min(borne, max(of_this, borne - taken)))


def shown_balance(program: Program, minor: int, borne: int) -> Balance | None:
    """A balance as a command is told of it; nothing where the campaign has no money.

    Args:
        program: of the campaign.
        minor: what is counted of it, in minor units.
        borne: what the shop bears, likewise.
    """
    currency = program.currency
    if not currency:
        return None
    return Balance(
        has=Money(max(minor, 0), currency),
        owes=Money(max(-minor, 0), currency),
        borne=Money(borne, currency),
    )


def _is_paid(program: Program, award: Award) -> bool:
    return award.reward in program.pays


def _also(one: Adjustment, way: str, amount: int) -> list[Adjustment]:
    if not amount:
        return []
    return [Adjustment(award=one.award, to=one.to, asset=one.asset, amount=amount, way=way)]
