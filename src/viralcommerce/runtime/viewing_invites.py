"""Viewing of invite campaigns: reviews, earnings, codes, and who brought whom.

At most two statements each, like every view (on SQLite `earnings` and `pending` take one short
one for each row they ask for by its key); one more for each version of the campaign that this
process has not met.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from viralcommerce.balances import BORNE_OF, EARNED, TAKEN
from viralcommerce.errors import InvalidRule
from viralcommerce.program import Program
from viralcommerce.runtime.effects import Look
from viralcommerce.runtime.ports import Cell, Found, Part, Place
from viralcommerce.runtime.programs import thaw_state
from viralcommerce.runtime.ticking import Pin
from viralcommerce.runtime.viewing import Read, Reading, Viewing
from viralcommerce.values.money import Money
from viralcommerce.values.rounding import divide

_MEMBER: Final = "member/"
_ORDER: Final = "order/"
MOST_PENDING: Final = 1_000
"""How many of a member's latest orders are looked at for what they may earn yet."""


class KeptBackOrder(Struct, frozen=True, kw_only=True):
    """An order that waits for an operator.

    Args:
        order: its id.
        buyer: whose.
        upline: who earns if it is let go, the inviter first.
        net: what is left of it.
        due: when it would have matured, where that is known.
    """

    order: str
    buyer: str
    upline: tuple[str, ...]
    net: Money
    due: datetime | None


class Earnings(Struct, frozen=True, kw_only=True):
    """What a member earned of what is paid out, and where it is.

    Args:
        earned: what matured orders gave, when they matured.
        taken_back: what of it refunds have taken back.
        borne: what of that the shop bears.
        has: what can be paid out.
        owes: what the member owes.
        on_its_way: what is being paid out, by batch, fees included.
        paid: what was paid out, fees included.
        is_blocked: whether payouts wait for an operator.
    """

    earned: Money
    taken_back: Money
    borne: Money
    has: Money
    owes: Money
    on_its_way: dict[str, Money]
    paid: Money
    is_blocked: bool


class PendingOrder(Struct, frozen=True, kw_only=True):
    """An order that may earn a member something yet.

    Args:
        order: its id.
        role: as whom: ``"upline(1)"`` for the inviter.
        earns: what its percentages come to now; conditions and limits may yet withhold it.
        matures: when; nothing while it is kept back, in dispute, or not received.
    """

    order: str
    role: str
    earns: Money
    matures: datetime | None


class CodeView(Struct, frozen=True, kw_only=True):
    """A code: whose it is, how many friends it has brought, and how many it may bring yet."""

    code: str
    owner: str
    used: int
    left: int | None


def kept_back(
    viewing: Viewing, campaign: str, *, after: str = "", limit: int = 100
) -> Reading[Sequence[KeptBackOrder]]:
    """The review queue: orders that are kept back, by id. One statement.

    Args:
        campaign: its name.
        after: the last order of the page before.
        limit: how many at most.
    """
    from viralcommerce.mechanics.invite import REVIEW, Pending

    name = _inviting(viewing, campaign).name
    last = f"{_ORDER}{after}" if after else ""
    found: Sequence[tuple[str, Cell]] = yield Read("below", (name, REVIEW, last, limit))
    states = yield from _states(name, found)
    return [
        KeptBackOrder(
            order=instance.removeprefix(_ORDER),
            buyer=state.buyer,
            upline=state.upline,
            net=state.net,
            due=state.due,
        )
        for instance, state in states
        if isinstance(state, Pending)
    ]


def earnings(viewing: Viewing, campaign: str, member: str) -> Reading[Earnings]:
    """What a member earned of what is paid out, and where it is. Two statements.

    Raises:
        InvalidRule: the campaign pays nothing out.
    """
    from viralcommerce.mechanics.invite import Payee

    program = _inviting(viewing, campaign)
    if not program.pays:
        raise InvalidRule(f"{program.name}: nothing is paid out; give its rule payouts=")
    balance_key = program.balance_key(member)
    keys = {what: program.balance_key(member, what) for what in (EARNED, TAKEN, BORNE_OF)}
    place: Place = (program.name, f"payee/{member}")
    wanted = tuple(sorted((balance_key, *keys.values())))
    found: Found = yield Look(quotas=wanted, cells=(place,))
    here = [(place[1], cell) for at, cell in found.cells.items() if at == place]
    states = yield from _states(program.name, here)
    payee = next((state for _, state in states if isinstance(state, Payee)), Payee())
    earned, taken, borne = (found.used.get(key, 0) for key in keys.values())
    left = found.used.get(balance_key, 0)
    away = sum(amount.minor for amount in payee.leaving.values())
    currency = program.currency
    return Earnings(
        earned=Money(earned, currency),
        taken_back=Money(taken, currency),
        borne=Money(borne, currency),
        has=Money(max(left, 0), currency),
        owes=Money(max(-left, 0), currency),
        on_its_way=dict(payee.leaving),
        paid=Money(earned - taken + borne - left - away, currency),
        is_blocked=payee.is_blocked,
    )


def pending(viewing: Viewing, campaign: str, member: str) -> Reading[Sequence[PendingOrder]]:
    """The orders that may earn a member something yet, the oldest first. Two statements.

    It looks at the latest `MOST_PENDING` orders of those below the member.
    """
    from viralcommerce.mechanics.invite import ORDERED, UPLINE, Pending

    name = _inviting(viewing, campaign).name
    parts: Sequence[Part] = yield Read("parts", (member,))
    roles = {
        part.instance: part.role for part in parts if part.campaign == name and part.role in UPLINE
    }
    latest = list(roles)[-MOST_PENDING:]
    if not latest:
        return []
    found: Found = yield Look(cells=tuple(sorted((name, instance) for instance in latest)))
    here = [(at, found.cells[name, at]) for at in latest if (name, at) in found.cells]
    orders: list[PendingOrder] = []
    for instance, cell in here:
        program: Program = yield Pin(name, cell.rules)
        state = thaw_state(program, cell.state)
        if isinstance(state, Pending):
            orders.append(
                PendingOrder(
                    order=instance.removeprefix(_ORDER),
                    role=roles[instance],
                    earns=_earns(program, ORDERED, roles[instance], state.net),
                    matures=state.matures,
                )
            )
    return orders


def code(viewing: Viewing, campaign: str, code: str) -> Reading[CodeView | None]:
    """A code, however it is spelled; nothing if it is nobody's. One statement."""
    from viralcommerce.mechanics.invite import Code, Invite, typed
    from viralcommerce.rules.limits import Unlimited

    newest = _inviting(viewing, campaign)
    rule = newest.mechanic
    if not isinstance(rule, Invite):
        return None
    spelled = typed(code, rule.codes)
    cell: Cell | None = yield Read("cell", (newest.name, f"code/{spelled}"))
    if not spelled or cell is None:
        return None
    states = yield from _states(newest.name, [(spelled, cell)])
    state = states[0][1]
    if not isinstance(state, Code):
        return None
    uses = rule.code_uses
    left = None if isinstance(uses, Unlimited) else max(uses - state.used, 0)
    return CodeView(code=spelled, owner=state.owner, used=state.used, left=left)


def brought(
    viewing: Viewing, campaign: str, member: str, *, after: str = "", limit: int = 100
) -> Reading[Sequence[str]]:
    """Whom a member brought, by id: a page of the tree. One statement.

    Args:
        campaign: its name.
        member: whose friends.
        after: the last member of the page before.
        limit: how many at most.
    """
    name = _inviting(viewing, campaign).name
    last = f"{_MEMBER}{after}" if after else ""
    found: Sequence[tuple[str, Cell]] = yield Read(
        "below", (name, f"{_MEMBER}{member}", last, limit)
    )
    return [instance.removeprefix(_MEMBER) for instance, _ in found]


def above(
    viewing: Viewing, campaign: str, member: str, *, levels: int = 20
) -> Reading[Sequence[str]]:
    """Who stands above a member, the inviter first. One statement, however high.

    Args:
        campaign: its name.
        member: below whom.
        levels: how many at most.
    """
    name = _inviting(viewing, campaign).name
    instance = f"{_MEMBER}{member}"
    found: Found = yield Look(chains=((name, instance, levels),))
    line: list[str] = []
    while len(line) < levels:
        cell = found.seen.get((name, instance))
        if cell is None or not cell.parent:
            break
        instance = cell.parent
        line.append(instance.removeprefix(_MEMBER))
    return line


def _inviting(viewing: Viewing, campaign: str) -> Program:
    from viralcommerce.mechanics.invite import Invite

    program = viewing.programs.named(campaign)
    if not isinstance(program.mechanic, Invite):
        raise InvalidRule(f"{program.name}: is no invite campaign; ask one that is")
    return program


def _states(name: str, cells: Iterable[tuple[str, Cell]]) -> Reading[list[tuple[str, Any]]]:
    """What is in cells, each read by the version it is pinned to."""
    found: list[tuple[str, Any]] = []
    for instance, cell in cells:
        program: Program = yield Pin(name, cell.rules)
        found.append((instance, thaw_state(program, cell.state)))
    return found


def _earns(program: Program, milestone: str, role: str, net: Money) -> Money:
    """What the percentages of a milestone give to a role, of what is left."""
    earns = 0
    for line in program.lines.get(milestone, ()):
        option = line[0]
        if option.to == role and option.share is not None and not option.asset:
            part, whole = option.share
            earns += divide(net.minor * part, whole, program.rounding)
    return Money(earns, net.currency)
