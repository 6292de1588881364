"""Balances: what members have of the money that is paid out to them, counted beside the ledger.

A game whose rewards are paid out in batches (`Mechanic.pays`) has a balance for each member: what
they earned, less what was taken back, less all that left for a payout. It is a quota, so that it
is read and changed under lock like any other, in one row however much a member has earned; every
row of the ledger that moves such money changes it.

What is taken back after it was paid makes a member owe. Where a game bounds that
(`Mechanic.most_owed`), the budget bears what is beyond, and has it back first if the award stands
again.

Laws:
    Counted: a balance is what the ledger moved to its member, less what it moved away.
    Bounded: taking back never makes a member owe more than the bound.
    Borne once: what the shop bears is never more than what was taken back and stands so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from viralcommerce.adjusting import AGAIN, BACK, BORNE, REPAID, Standing, rows
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
        name, _, scope, period = self.program.balance_key(member)
        key = (name, f"{what}/{self.program.currency}", scope, period)
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
                was_borne = min(standing.borne.get(one.award, 0), one.amount)
                what += _also(one, REPAID, was_borne)
                continue
            if program.debt is None:
                continue
            now = left.get(one.to)
            now = (self.balance(one.to) if now is None else now) - one.amount
            borne = min(max(-program.debt - now, 0), one.amount)
            left[one.to] = now + borne
            what += _also(one, BORNE, borne)
        moved, hot = rows(program, self.prefix, len(self.transfers), what, standing)
        self.transfers += moved
        for key, change in hot.items():
            self.hot[key] = self.hot.get(key, 0) + change
        for row in moved:
            if _is_paid(program, standing.awards[row.reverses]):
                self.add(row.source, -row.amount)
                self.add(row.target, row.amount)
        for one in what:
            if _is_paid(program, standing.awards[one.award]):
                of = TAKEN if one.way in (BACK, AGAIN) else BORNE_OF
                self.count(of, one.to, one.amount if one.way in (BACK, BORNE) else -one.amount)
        return tuple(what)


def shown_balance(program: Program, minor: int) -> Balance | None:
    """A balance as a command is told of it; nothing where the campaign has no money."""
    currency = program.currency
    if not currency:
        return None
    return Balance(Money(max(minor, 0), currency), Money(max(-minor, 0), currency))


def _is_paid(program: Program, award: Award) -> bool:
    return award.reward in program.pays


def _also(one: Adjustment, way: str, amount: int) -> list[Adjustment]:
    if not amount:
        return []
    return [Adjustment(award=one.award, to=one.to, asset=one.asset, amount=amount, way=way)]
