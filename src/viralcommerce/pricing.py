"""Pricing: from milestones reached to awards, pure and without effects.

Milestones, facts and what is used so far go in; awards, what was withheld, ledger rows and changes
of quotas come out. The flow commits them; the lab runs the same function without a store.

Laws:
    Hold: a held amount is granted or released, to the last minor unit.
    Budget: a budget is never passed, and met exactly where an award is clipped to what is left.
    In order: grants compete for a budget or a stock in their declared order.
    Limited: a limit reached drops that award; the event stands.
    Any order: the order of the facts, and of the members in them, changes nothing.
    Gone: who was forgotten is given nothing more.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from viralcommerce.balances import Balances
from viralcommerce.decider import BUDGET, Move, Reached
from viralcommerce.known import NO_FACTS, Known
from viralcommerce.messages import GONE, Adjustment, Award, Refusal, Transfer, Withheld
from viralcommerce.plain import awarded
from viralcommerce.program import COST, STOCK, Counter, Option, Program, QuotaKey
from viralcommerce.refusals import LimitReached, OutOfBudget, OutOfStock
from viralcommerce.rules.compiled import Check
from viralcommerce.rules.limits import CAMPAIGN, CLIP, REFUSE, SUBSTITUTE
from viralcommerce.values.money import Money
from viralcommerce.values.rounding import divide

_SHORT: Final = "out_of_"


class _Refuse(Exception):
    """Carries the refusal of the whole command out of the pricing of one grant."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class Pricing(Balances):
    """One command being priced: what went in, and what has come out so far.

    Args:
        program: the compiled campaign the instance is pinned to.
        budget: the cap of the newest version's budget in minor units; None is unlimited.
        at: when the command came.
        clock: whether the clock acts: what is short for it is dropped, for nobody is there to be
            refused, and what its time is over for must end.
        instance: what it is about.
        version: of the instance, after this command.
        known: what the store, the host and earlier commands of the same commit have said.

    Attributes:
        awards: what is granted.
        withheld: what is not, and why.
        transfers: the ledger rows.
        used: changes of the quotas that were read under lock.
        hot: changes of the quotas that only the commit checks.
        needs: for each hot quota that has a cap, the most that was taken by then in this commit,
            and that cap: what the answer supposes, and the commit checks.
        missing: quotas that must be read before this answer counts.
        hold: the change of what the instance holds, in minor units.
        refusal: why the whole command is refused, if it is.
        adjustments: what is taken back of earlier awards, or given again.
    """

    __slots__ = (
        "adjustments", "at", "awards", "budget", "budget_key", "clock", "hold", "hot",
        "instance", "known", "missing", "needs", "prefix", "program", "refusal", "transfers",
        "used", "withheld",
    )  # fmt: skip

    def __init__(
        self,
        program: Program,
        budget: int | None,
        at: datetime,
        instance: str,
        version: int,
        known: Known,
        *,
        clock: bool = False,
    ) -> None:
        self.program = program
        self.budget = budget
        self.budget_key = program.budget_key
        self.at = at
        self.instance = instance
        self.prefix = f"{program.name}/{instance}/{version}/"
        self.known = known
        self.clock = clock
        self.awards: list[Award] = []
        self.withheld: list[Withheld] = []
        self.transfers: list[Transfer] = []
        self.used: dict[QuotaKey, int] = {}
        self.hot: dict[QuotaKey, int] = {}
        self.needs: dict[QuotaKey, tuple[int, int]] = {}
        self.missing: list[QuotaKey] = []
        self.hold = 0
        self.refusal: Refusal | None = None
        self.adjustments: tuple[Adjustment, ...] = ()

    def price(
        self, reached: Sequence[Reached], held: int, released: int, moves: Sequence[Move] = ()
    ) -> None:
        """Price the milestones a command reached, what its events promise, release and move."""
        try:
            if held or released:
                self._promise(held, released)
            if moves:
                self._bear(moves)
                self.move(moves)
            for one in reached:
                self._milestone(one)
        except _Refuse as stop:
            self.refusal = stop.refusal

    def gives_again(self, award: Award, amount: int) -> bool:
        """Take the cost of an earlier award from the budget once more; or withhold it."""
        if award.cost is None:
            return True
        cost = amount if award.asset == award.cost.currency else award.cost.minor
        if self._take(self.budget_key, cost, self.budget):
            return True
        self.withheld.append(Withheld(grant=award.grant, to=award.to, code="out_of_budget"))
        return False

    def _promise(self, held: int, released: int) -> None:
        hold = f"hold/{self.instance}"
        if held:
            if not self._take(self.budget_key, held, self.budget):
                raise _Refuse(OutOfBudget(needed=Money(held, self.program.currency)))
            self._move(BUDGET, hold, held)
        if released:
            self._release(hold, released)
        self.hold += held - released

    def _bear(self, moves: Sequence[Move]) -> None:
        lost = sum(one.amount.minor for one in moves if one.source == BUDGET)
        if lost and not self._take(self.budget_key, lost, self.budget):
            raise _Refuse(OutOfBudget(needed=Money(lost, self.program.currency)))
        back = sum(one.amount.minor for one in moves if one.target == BUDGET)
        if back:
            self.hot[self.budget_key] = self.hot.get(self.budget_key, 0) - back

    def _release(self, hold: str, amount: int) -> None:
        self.hot[self.budget_key] = self.hot.get(self.budget_key, 0) - amount
        self._move(hold, BUDGET, amount)

    def _move(self, source: str, target: str, amount: int) -> None:
        """A ledger row that is no award: into a hold, out of it, or to what a thing cost."""
        rows = self.transfers
        rows.append(
            Transfer(f"{self.prefix}{len(rows)}", source, target, self.program.currency, amount)
        )

    def _milestone(self, reached: Reached) -> None:
        program = self.program
        milestone = reached.milestone
        if not self.clock:
            for cap in program.caps.get(milestone, ()):
                self._count_cap(cap, reached)
        carried = reached.amount
        drawn = carried is not None and milestone in program.drawn
        room = carried.minor if drawn and carried is not None else None
        for line in program.lines.get(milestone, ()):
            drew = (
                self._option(line[0], reached, room)
                if len(line) == 1
                else self._best(line, reached, room)
            )
            if room is not None:
                room -= drew
        if carried is not None and room is not None:
            self.hold -= carried.minor
            if room:
                self._release(f"hold/{self.instance}", room)

    def _count_cap(self, cap: Counter, reached: Reached) -> None:
        who = reached.cast.get(cap.of, "")
        key = cap.key(self.program, reached.cast, who, self.instance, self.at)
        if not self._count(cap, key):
            raise _Refuse(LimitReached(cap=cap.name, at_most=cap.at_most))

    def _count(self, counter: Counter, key: QuotaKey) -> bool:
        """Count one more, unless that would pass the bound."""
        if counter.subject == CAMPAIGN:
            return self._take(key, 1, counter.at_most)
        if self.so_far(key) >= counter.at_most:
            return False
        self.used[key] = self.used.get(key, 0) + 1
        return True

    def _take(self, key: QuotaKey, amount: int, cap: int | None) -> bool:
        """Take from a hot quota; only one that a commit found short is known to be."""
        mine = self.hot.get(key, 0) + amount
        if cap is not None:
            total = self.known.hot.get(key, 0) + mine
            used = self.known.short.get(key)
            if used is not None and used + total > cap:
                return False
            need = self.needs.get(key)
            if need is None or total - cap > need[0] - need[1]:
                self.needs[key] = (total, cap)
        self.hot[key] = mine
        return True

    def _best(self, line: tuple[Option, ...], reached: Reached, room: int | None) -> int:
        """Make the best award of a line that can be made; what it drew from the hold."""
        before, awards = len(self.withheld), len(self.awards)
        refused: _Refuse | None = None
        waiting = sorted(line, key=lambda option: -self._cost(option, reached))
        while waiting:
            option, told = waiting.pop(0), len(self.withheld)
            try:
                drew = self._option(option, reached, room)
            except _Refuse as stop:
                refused = refused or stop
                continue
            if len(self.awards) > awards:
                del self.withheld[before:]
                return drew
            short = any(one.code.startswith(_SHORT) for one in self.withheld[told:])
            if short and option.instead is not None:
                insort(waiting, option.instead, key=lambda one: -self._cost(one, reached))
        if refused is not None:
            raise refused
        return 0

    def _cost(self, option: Option, reached: Reached) -> int:
        cost = self._amounts(option, reached)[1]
        return 0 if cost is None else cost.minor

    def _amounts(self, option: Option, reached: Reached) -> tuple[int, Money | None]:
        """How much an option gives, in the asset's smallest unit, and what it costs."""
        share = option.share
        if share is None:
            return option.units, option.cost
        carried = reached.amount
        if carried is None:
            return 0, None
        part, whole = share
        if part == whole:
            return carried.minor, carried
        amount = divide(carried.minor * part, whole, self.program.rounding)
        return amount, Money(amount, carried.currency)

    def _option(self, option: Option, reached: Reached, room: int | None) -> int:
        """Make an award, or withhold it; what it drew from the hold.

        Args:
            option: what to give.
            reached: what earned it.
            room: what the hold has left for this milestone; nothing where it draws on none.
        """
        who = reached.cast.get(option.to)
        if not who:
            return 0
        if who.startswith(GONE):
            self._withhold(option, who, "forgotten")
            return 0
        if option.is_plain:
            self._award(option, who, option.units, None, None, from_hold=False)
            return 0
        check = option.check
        if check is not None and not self._meets(check, option, who, reached):
            return 0
        amount, cost = self._amounts(option, reached)
        from_hold = room is not None and option.share is not None
        if room is not None and from_hold and amount > room:  # shares that were rounded up
            amount, cost = room, Money(room, self.program.currency)
        if amount == 0:
            self._withhold(option, who, "rounds_to_nothing")
            return 0
        if not option.limits and option.stock is None:
            if from_hold or cost is None:
                self._award(option, who, amount, cost, reached.amount, from_hold=from_hold)
                return amount if from_hold else 0
        counted: list[QuotaKey] = []
        for limit in option.limits:
            key = limit.key(self.program, reached.cast, who, self.instance, self.at)
            if not self._count(limit, key):
                self._uncount(counted)
                self._withhold(option, who, "limit_reached", limit.name)
                return 0
            counted.append(key)
        short = self._short_of(option, None if from_hold else cost)
        if short:
            return self._settle_short(option, short, reached, counted, cost, room)
        self._award(option, who, amount, cost, reached.amount, from_hold=from_hold)
        return amount if from_hold else 0

    def _meets(self, check: Check, option: Option, who: str, reached: Reached) -> bool:
        facts, at = self.known.facts, self.at
        cast = reached.cast.items()
        unmet = check.test({role: facts.get((m, at), NO_FACTS) for role, m in cast}, at)
        if unmet is None:
            return True
        if unmet.missing:
            why = (f"{role}.{fact}" for role, fact in unmet.missing)
            self._withhold(option, who, "fact_missing", *why)
        else:
            self._withhold(option, who, "not_eligible", *unmet.leaves)
        return False

    def _short_of(self, option: Option, cost: Money | None) -> str:
        """Take stock and budget for an option; the name of what does not cover it, or ""."""
        if option.stock is not None and not self._take(option.stock_key, 1, option.stock):
            return STOCK
        if cost is not None and not self._take(self.budget_key, cost.minor, self.budget):
            if option.stock is not None:
                self.hot[option.stock_key] -= 1
            return BUDGET
        return ""

    def _settle_short(
        self,
        option: Option,
        short: str,
        reached: Reached,
        counted: list[QuotaKey],
        cost: Money | None,
        room: int | None,
    ) -> int:
        who, policy = reached.cast[option.to], option.if_short
        if policy == REFUSE and not self.clock:
            self._uncount(counted)
            if short == STOCK or cost is None:
                raise _Refuse(OutOfStock(grant=option.name))
            raise _Refuse(OutOfBudget(needed=cost))
        if policy == CLIP and short == BUDGET:
            key = self.budget_key
            known = self.known
            taken = known.short[key] + known.hot.get(key, 0) + self.hot.get(key, 0)
            left = 0 if self.budget is None else self.budget - taken
            if left > 0 and self._take(key, left, self.budget):
                clipped = Money(left, self.program.currency)
                self._award(option, who, left, clipped, reached.amount, from_hold=False)
                return 0
        self._uncount(counted)
        if policy == SUBSTITUTE and option.instead is not None:
            return self._option(option.instead, reached, room)
        self._withhold(option, who, _SHORT + short)
        return 0

    def _uncount(self, counted: list[QuotaKey]) -> None:
        for key in counted:
            (self.used if key in self.used else self.hot)[key] -= 1

    def _withhold(self, option: Option, who: str, code: str, *why: str) -> None:
        self.withheld.append(Withheld(grant=option.name, to=who, code=code, why=why))

    def _award(
        self,
        option: Option,
        who: str,
        amount: int,
        cost: Money | None,
        carried: Money | None,
        *,
        from_hold: bool,
    ) -> None:
        rows = self.transfers
        ident = f"{self.prefix}{len(rows)}"
        asset = option.asset or self.program.currency
        base = None if option.share is None else carried
        award = awarded(option, ident, who, self.at, asset, amount, cost, base)
        self.awards.append(award)
        source = f"hold/{self.instance}" if from_hold else option.source
        rows.append(Transfer(ident, source, f"member/{who}", asset, amount, award))
        if option.kind in self.program.pays:
            self.earn(who, amount)
        if option.asset and cost:
            self._move(BUDGET, COST, cost.minor)
