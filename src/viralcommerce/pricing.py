"""Pricing: from milestones reached to awards, pure and without effects.

Milestones, facts and what is used so far go in; awards, what was withheld, ledger rows and changes
of quotas come out. The flow commits them; the lab runs the same function without a store.

Laws:
    A held amount is granted or released, to the last minor unit.
    Grants compete for a budget or a stock in their declared order.
    A limit reached drops that award; the event stands.
    The order of the facts, and of the members in them, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from viralcommerce.decider import Reached
from viralcommerce.messages import Award, Command, Refusal, Transfer, Withheld
from viralcommerce.refusals import LimitReached, OutOfBudget, OutOfStock
from viralcommerce.rules.limits import CAMPAIGN, CLIP, MEMBER, PAIR, REFUSE, SUBSTITUTE, Policy
from viralcommerce.values.money import Money
from viralcommerce.values.rounding import divide
from viralcommerce.values.spans import Period, period_label

if TYPE_CHECKING:
    from datetime import timedelta

    from viralcommerce.program import Program
    from viralcommerce.rules.compiled import Check

Facts = Mapping[str, Mapping[str, object]]
"""What the host said, by member."""
QuotaKey = tuple[str, str, str, str]
"""(campaign, grant or quota, scope, period): never the hash; `used` is the store's, the cap ours."""

BUDGET: Final = "budget"
MINT: Final = "mint"
COST: Final = "cost"
NO_FACTS: Final[Mapping[str, object]] = {}


class Counter(Struct, frozen=True):
    """A limit, a cap or a velocity, ready to count.

    Args:
        name: of the quota.
        subject: who is counted: member, pair, campaign, or the mechanic's scope.
        period: the calendar period counted within, if any.
        span: the fixed window counted within, in seconds; 0 is none.
        at_most: the bound, inclusive.
        of: the role counted, for caps; grants count their recipient.
        fact: for a velocity, the fact whose value is counted; "" is the member.
    """

    name: str
    subject: str
    period: Period | None
    span: int
    at_most: int
    of: str = ""
    fact: str = ""

    def key(
        self, program: Program, cast: Mapping[str, str], who: str, instance: str, at: datetime
    ) -> QuotaKey:
        """The quota this counts on, for the member `who` of a cast."""
        subject = self.subject
        if subject == MEMBER:
            scope = f"member/{who}"
        elif subject == CAMPAIGN:
            scope = ""
        elif subject == PAIR:
            others = sorted(member for member in cast.values() if member != who)
            scope = "\t".join((f"pair/{who}", *others))
        else:
            scope = f"{subject}/{instance}"
        return (program.name, self.name, scope, self.within(at, program.zone))

    def within(self, at: datetime, zone: str) -> str:
        """The label of the period that `at` falls in."""
        if self.period is not None:
            return period_label(at, self.period, zone)
        return str(int(at.timestamp()) // self.span) if self.span else ""


class Option(Struct, frozen=True):
    """A grant, ready to be priced; `share` is a numerator and a denominator."""

    name: str
    to: str
    kind: str
    share: tuple[int, int] | None
    rate: str
    price: int
    asset: str
    units: int
    stock: int | None
    stock_key: QuotaKey
    check: Check | None
    limits: tuple[Counter, ...]
    lasts: timedelta | None
    terms: dict[str, str]
    if_short: Policy
    instead: Option | None


class Priced(Struct, kw_only=True):
    """What deciding comes to: awards and their effects, or the refusal of it all.

    Args:
        awards: what is granted.
        withheld: what is not, and why.
        transfers: the ledger rows.
        used: changes of the quotas that were read under lock.
        hot: changes of the quotas that only the commit checks.
        caps: the cap of each quota in `hot` that has one.
        missing: quotas that must be read before this answer counts.
        hold: the change of what the instance holds, in minor units.
        refusal: why the whole command is refused, if it is.
    """

    awards: list[Award]
    withheld: list[Withheld]
    transfers: list[Transfer]
    used: dict[QuotaKey, int]
    hot: dict[QuotaKey, int]
    caps: dict[QuotaKey, int]
    missing: list[QuotaKey]
    hold: int = 0
    refusal: Refusal | None = None


class _Refuse(Exception):
    """Carries the refusal of the whole command out of the pricing of one grant."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class Pricing:
    """One command being priced.

    Args:
        program: the compiled campaign the instance is pinned to.
        budget: the cap of the newest version's budget in minor units; None is unlimited.
        command: as stamped.
        instance: what it is about.
        version: of the instance, after this command.
        facts: by member.
        used: quotas read under lock; what is absent is asked for in `missing`.
        pending: changes of hot quotas by earlier commands of the same commit.
        left: of the hot quotas that a commit has found short.
    """

    __slots__ = (
        "at", "budget", "budget_key", "facts", "instance", "left", "out", "pending", "prefix",
        "program", "rows", "used",
    )  # fmt: skip

    def __init__(
        self,
        program: Program,
        budget: int | None,
        command: Command,
        instance: str,
        version: int,
        facts: Facts,
        used: Mapping[QuotaKey, int],
        pending: Mapping[QuotaKey, int],
        left: Mapping[QuotaKey, int],
    ) -> None:
        self.program = program
        self.budget = budget
        self.budget_key = program.budget_key
        self.at = command.at
        self.instance = instance
        self.prefix = f"{program.name}/{instance}/{version}/"
        self.facts = facts
        self.used = used
        self.pending = pending
        self.left = left
        self.rows = 0
        self.out = Priced(
            awards=[], withheld=[], transfers=[], used={}, hot={}, caps={}, missing=[]
        )

    def price(self, reached: Sequence[Reached], held: int, released: int) -> Priced:
        """Price the milestones a command reached, and what its events promise and release."""
        try:
            if held or released:
                self._promise(held, released)
            for one in reached:
                self._milestone(one)
        except _Refuse as stop:
            self.out.refusal = stop.refusal
        return self.out

    def _promise(self, held: int, released: int) -> None:
        hold = f"hold/{self.instance}"
        if held:
            if not self._take(self.budget_key, held, self.budget):
                raise _Refuse(OutOfBudget(needed=Money(held, self.program.currency)))
            self._move(BUDGET, hold, self.program.currency, held)
        if released:
            self._release(hold, released)
        self.out.hold += held - released

    def _release(self, hold: str, amount: int) -> None:
        if self.budget is not None:
            hot = self.out.hot
            hot[self.budget_key] = hot.get(self.budget_key, 0) - amount
        self._move(hold, BUDGET, self.program.currency, amount)

    def _milestone(self, reached: Reached) -> None:
        program = self.program
        milestone = reached.milestone
        for cap in program.caps.get(milestone, ()):
            self._count_cap(cap, reached)
        carried = reached.amount
        if milestone not in program.drawn or carried is None:
            for line in program.lines.get(milestone, ()):
                self._line(line, reached, carried, drawn=False)
            return
        given = 0
        for line in program.lines.get(milestone, ()):
            given += self._line(line, reached, carried, drawn=True)
        self.out.hold -= carried.minor
        if given < carried.minor:
            self._release(f"hold/{self.instance}", carried.minor - given)

    def _count_cap(self, cap: Counter, reached: Reached) -> None:
        who = reached.cast.get(cap.of, "")
        key = cap.key(self.program, reached.cast, who, self.instance, self.at)
        if not self._count(cap, key):
            raise _Refuse(LimitReached(cap=cap.name, at_most=cap.at_most))

    def _count(self, counter: Counter, key: QuotaKey) -> bool:
        """Count one more, unless that would pass the bound."""
        if counter.subject == CAMPAIGN:
            return self._take(key, 1, counter.at_most)
        so_far = self.used.get(key)
        if so_far is None:
            self.out.missing.append(key)
            so_far = 0
        mine = self.out.used.get(key, 0)
        if so_far + mine >= counter.at_most:
            return False
        self.out.used[key] = mine + 1
        return True

    def _take(self, key: QuotaKey, amount: int, cap: int | None) -> bool:
        """Take from a hot quota; only one that a commit found short is known to be."""
        if cap is None:
            return True
        mine = self.out.hot.get(key, 0)
        left = self.left.get(key)
        if left is not None and mine + amount > left - self.pending.get(key, 0):
            return False
        self.out.hot[key] = mine + amount
        self.out.caps[key] = cap
        return True

    def _line(
        self, line: tuple[Option, ...], reached: Reached, carried: Money | None, *, drawn: bool
    ) -> int:
        """Make the award of one line, if it can be made; what it drew from the hold."""
        if len(line) == 1:
            return self._option(line[0], reached, carried, drawn=drawn)
        withheld = self.out.withheld
        before = len(withheld)
        ranked = sorted(line, key=lambda option: -self._worth(option, carried)[0])
        for option in ranked:
            awards = len(self.out.awards)
            drew = self._option(option, reached, carried, drawn=drawn)
            if len(self.out.awards) > awards:
                del withheld[before:]
                return drew
        return 0

    def _worth(self, option: Option, carried: Money | None) -> tuple[int, int]:
        """What an option pays and what it costs, in minor units (or its count, and its price)."""
        if option.share is not None:
            part, whole = option.share
            base = 0 if carried is None else carried.minor
            amount = base if part == whole else divide(base * part, whole, self.program.rounding)
            return amount, amount
        return option.units or option.price, option.price

    def _option(
        self, option: Option, reached: Reached, carried: Money | None, *, drawn: bool
    ) -> int:
        cast = reached.cast
        who = cast.get(option.to, "")
        if not who:
            return 0
        check = option.check
        if check is not None:
            unmet = check.test({r: self.facts.get(m, NO_FACTS) for r, m in cast.items()}, self.at)
            if unmet is not None:
                code = "fact_missing" if unmet.missing else "not_eligible"
                why = tuple(f"{role}.{fact}" for role, fact in unmet.missing) or unmet.leaves
                self._withhold(option, who, code, why)
                return 0
        amount, cost = self._worth(option, carried)
        if amount == 0:
            self._withhold(option, who, "rounds_to_nothing", ())
            return 0
        counted: list[QuotaKey] = []
        for limit in option.limits:
            key = limit.key(self.program, cast, who, self.instance, self.at)
            if not self._count(limit, key):
                self._uncount(counted)
                self._withhold(option, who, "limit_reached", (limit.name,))
                return 0
            counted.append(key)
        from_hold = drawn and option.share is not None
        short = self._short_of(option, 0 if from_hold else cost)
        if short:
            return self._settle_short(option, short, reached, carried, counted, amount, drawn)
        self._award(option, who, amount, cost, carried, from_hold)
        return cost if from_hold else 0

    def _short_of(self, option: Option, cost: int) -> str:
        """Take stock and budget for an option; the name of what does not cover it, or ""."""
        if option.stock is not None and not self._take(option.stock_key, 1, option.stock):
            return "stock"
        if cost and not self._take(self.budget_key, cost, self.budget):
            if option.stock is not None:
                self.out.hot[option.stock_key] -= 1
            return BUDGET
        return ""

    def _settle_short(
        self,
        option: Option,
        short: str,
        reached: Reached,
        carried: Money | None,
        counted: list[QuotaKey],
        amount: int,
        drawn: bool,
    ) -> int:
        who = reached.cast[option.to]
        policy = option.if_short
        if policy == REFUSE:
            raise _Refuse(
                OutOfStock(grant=option.name)
                if short == "stock"
                else OutOfBudget(needed=Money(amount, self.program.currency))
            )
        if policy == CLIP and short == BUDGET:
            key = self.budget_key
            left = self.left[key] - self.pending.get(key, 0) - self.out.hot.get(key, 0)
            if left > 0 and self._take(key, left, self.budget):
                self._award(option, who, left, left, carried, from_hold=False)
                return 0
        self._uncount(counted)
        if policy == SUBSTITUTE and option.instead is not None:
            return self._option(option.instead, reached, carried, drawn=drawn)
        self._withhold(option, who, f"out_of_{short}", ())
        return 0

    def _uncount(self, counted: list[QuotaKey]) -> None:
        for key in counted:
            changes = self.out.used if key in self.out.used else self.out.hot
            changes[key] -= 1

    def _withhold(self, option: Option, who: str, code: str, why: tuple[str, ...]) -> None:
        self.out.withheld.append(Withheld(grant=option.name, to=who, code=code, why=why))

    def _award(
        self,
        option: Option,
        who: str,
        amount: int,
        cost: int,
        carried: Money | None,
        from_hold: bool,
    ) -> None:
        program = self.program
        currency = program.currency
        award = Award(
            id=f"{self.prefix}{self.rows}",
            grant=option.name,
            to=who,
            role=option.to,
            reward=option.kind,
            asset=option.asset or currency,
            amount=amount,
            cost=Money(cost, currency) if cost else None,
            base=carried if option.share is not None else None,
            rate=option.rate,
            expires=self.at + option.lasts if option.lasts is not None else None,
            terms=option.terms,
        )
        self.out.awards.append(award)
        if not option.asset:
            source = f"hold/{self.instance}" if from_hold else BUDGET
        else:
            source = MINT if option.stock is None else f"stock/{option.name}"
        self._move(source, f"member/{who}", award.asset, amount, award)
        if option.asset and cost:
            self._move(BUDGET, COST, currency, cost)

    def _move(
        self, source: str, target: str, asset: str, amount: int, award: Award | None = None
    ) -> None:
        self.out.transfers.append(
            Transfer(
                id=f"{self.prefix}{self.rows}",
                source=source,
                target=target,
                asset=asset,
                amount=amount,
                award=award,
            )
        )
        self.rows += 1
