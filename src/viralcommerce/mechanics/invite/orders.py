"""Orders, decided: what is left of one, when it counts, and for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import assert_never

from msgspec import structs

from viralcommerce.decider import Adjusted, Reached
from viralcommerce.errors import CurrencyMismatch, InvalidRule
from viralcommerce.mechanics.invite.joining import (
    Befriended,
    Bought,
    Member,
    Nothing,
)
from viralcommerce.mechanics.invite.joins import stood
from viralcommerce.mechanics.invite.messages import Events, OrderEvents, OrderRefusals, States
from viralcommerce.mechanics.invite.ordering import (
    AlreadyDisputed,
    AlreadyKeptBack,
    AlreadyOrdered,
    AlreadyRefunded,
    ChargeBack,
    ChargedBack,
    Early,
    Hold,
    KeptBack,
    LetGo,
    Mature,
    Matured,
    NoSuchDispute,
    NoSuchOrder,
    NotKeptBack,
    Order,
    Ordered,
    OrderSettled,
    Pending,
    Receive,
    Received,
    Refund,
    Refunded,
    RefundKept,
    RefundTooLarge,
    Reject,
    Rejected,
    Release,
    Settled,
    WinBack,
    WonBack,
)
from viralcommerce.mechanics.invite.words import (
    FIRST_ORDER,
    INVITEE,
    INVITER,
    ORDERED,
    TIERS,
    UPLINE,
)
from viralcommerce.refusals import NothingToEnd
from viralcommerce.values.money import Money


def informed(command: Order, line: Sequence[tuple[str, States]], levels: int) -> Order:
    """The order with who stood above its buyer when it was placed.

    Told late, it earns nobody who came to stand there afterwards.
    """
    above: list[str] = []
    for _, state in line[:levels]:
        if not stood(state, command.at):
            break
        above.append(state.inviter)
    return structs.replace(command, upline=tuple(above))


def counted(command: Mature, states: Mapping[str, States]) -> Mature:
    """The command with how many orders, and how many friends, counted before."""
    buyer = states.get(f"member/{command.buyer}")
    inviter = states.get(f"member/{command.inviter}")
    return structs.replace(
        command,
        bought=buyer.bought if isinstance(buyer, Member) else 0,
        friends=inviter.friends if isinstance(inviter, Member) else 0,
    )


def earning(buyer: str, above: Sequence[str]) -> dict[str, str]:
    """The buyer and each level above, by role."""
    found: dict[str, str] = {INVITEE: buyer}
    found.update(zip(UPLINE, above, strict=False))
    return found


def roles(buyer: str, above: Sequence[str]) -> dict[str, str]:
    """All who take part in an order, by role; the direct inviter is both."""
    return earning(buyer, above) | ({INVITER: above[0]} if above else {})


def order(
    command: Order, state: States, matures: datetime | None
) -> tuple[Ordered] | AlreadyOrdered:
    """An order counts, less what was refunded before it arrived."""
    amount = command.amount
    early = taken = 0
    if isinstance(state, Early):
        early = sum(state.refunds.values())
        fitting = sum(one for one in state.refunds.values() if one <= amount.minor)
        taken = min(fitting, amount.minor)
        if state.currency != amount.currency:
            raise CurrencyMismatch(
                f"order {command.order}: paid in {amount.currency}, refunded in {state.currency}; "
                "send both in the currency of the campaign"
            )
    elif not isinstance(state, Nothing):
        return AlreadyOrdered(order=command.order)
    ordered = Ordered(
        at=command.at,
        order=command.order,
        buyer=command.by,
        upline=command.upline,
        amount=amount,
        net=Money(amount.minor - taken, amount.currency) if taken else amount,
        excess=_money(early - taken, amount.currency),
        matures=matures,
    )
    return (ordered,)


def refund(command: Refund, state: States) -> tuple[OrderEvents] | OrderRefusals:
    """An order is worth less; before the order, the refund waits for it.

    Refunds that come to more than the order leave nothing of it, in whatever order they are told.
    """
    if isinstance(state, Nothing | Early):
        if isinstance(state, Early) and command.refund in state.refunds:
            return AlreadyRefunded(refund=command.refund)
        kept = RefundKept(
            at=command.at, order=command.order, refund=command.refund, amount=command.amount
        )
        return (kept,)
    if not isinstance(state, Pending | Settled):
        return NoSuchOrder(order=command.order)
    if command.refund in state.refunds:
        return AlreadyRefunded(refund=command.refund)
    if command.amount > state.amount:
        return RefundTooLarge(amount=command.amount, paid=state.amount)
    left = state.left - min(command.amount, state.left)
    net = state.net if state.disputes else left
    refunded = Refunded(
        at=command.at,
        order=command.order,
        refund=command.refund,
        amount=command.amount,
        left=left,
        net=net,
        taken=state.net - net,
        is_settled=isinstance(state, Settled),
    )
    return (refunded,)


def charge_back(command: ChargeBack, state: States) -> tuple[ChargedBack] | OrderRefusals:
    """A dispute takes all that is left, as long as it is open."""
    if not isinstance(state, Pending | Settled):
        return NoSuchOrder(order=command.order)
    if command.case in state.disputes or command.case in state.won:
        return AlreadyDisputed(case=command.case)
    taken = ChargedBack(
        at=command.at,
        order=command.order,
        case=command.case,
        amount=state.net,
        net=_nothing(state.net.currency),
        is_settled=isinstance(state, Settled),
    )
    return (taken,)


def win_back(command: WinBack, state: States) -> tuple[WonBack] | OrderRefusals:
    """A dispute is over; when none is open, what is left counts again."""
    if not isinstance(state, Pending | Settled):
        return NoSuchOrder(order=command.order)
    if command.case not in state.disputes:
        return NoSuchDispute(case=command.case)
    is_last = len(state.disputes) == 1
    net = state.left if is_last else state.net
    matures = None
    if isinstance(state, Pending) and not state.is_kept_back and is_last:
        matures = None if state.due is None else max(state.due, command.at)
    won = WonBack(
        at=command.at,
        order=command.order,
        case=command.case,
        amount=net - state.net,
        net=net,
        matures=matures,
        is_settled=isinstance(state, Settled),
    )
    return (won,)


def receive(command: Receive, state: States, matures: datetime) -> tuple[Received] | OrderRefusals:
    """The time of an order runs."""
    if isinstance(state, Nothing | Early):
        return NoSuchOrder(order=command.order)
    if not isinstance(state, Pending) or state.matures is not None or state.due is not None:
        return OrderSettled(order=command.order)
    return (Received(at=command.at, order=command.order, matures=matures),)


def review(command: Hold | Release | Reject, state: States) -> tuple[OrderEvents] | OrderRefusals:
    """An operator keeps an order back, lets it go on, or ends it."""
    if isinstance(state, Nothing | Early):
        return NoSuchOrder(order=command.order)
    if not isinstance(state, Pending):
        return OrderSettled(order=command.order)
    at, name, why = command.at, command.order, command.why
    match command:
        case Hold():
            if state.is_kept_back:
                return AlreadyKeptBack(order=name)
            return (KeptBack(at=at, order=name, why=why),)
        case Release():
            if not state.is_kept_back:
                return NotKeptBack(order=name)
            matures = None
            if state.due is not None and not state.disputes:
                matures = max(state.due, at)
            return (LetGo(at=at, order=name, why=why, matures=matures),)
        case Reject():
            return (Rejected(at=at, order=name, why=why),)
        case _:
            assert_never(command)


def mature(
    command: Mature, state: States, least: Money | None
) -> tuple[Events, ...] | NothingToEnd:
    """An order counts; where nothing is left of it, nobody earns."""
    if not isinstance(state, Pending) or state.matures is None or command.at < state.matures:
        return NothingToEnd()
    qualifies = state.net.minor > 0 and (least is None or state.net >= least)
    first = qualifies and command.bought == 0
    at, inviter = command.at, command.inviter
    nth = command.friends + 1 if first and inviter else 0
    matured = Matured(
        at=at,
        order=command.order,
        buyer=state.buyer,
        upline=state.upline,
        net=state.net,
        first=first,
        nth=nth,
    )
    if not qualifies:
        return (matured,)
    bought = Bought(at=at, member=state.buyer)
    if not nth:
        return (matured, bought)
    return (matured, bought, Befriended(at=at, member=inviter, nth=nth))


def earned(event: Matured, tiers: Sequence[int]) -> tuple[Reached, ...]:
    """What a matured order has reached."""
    net, buyer = event.net, event.buyer
    if not net.minor:
        return ()
    order = Reached(ORDERED, earning(buyer, event.upline), net)
    if not event.first:
        return (order,)
    cast: dict[str, str] = {INVITEE: buyer}
    if event.upline:
        cast[INVITER] = event.upline[0]
    begun = sum(begins <= event.nth for begins in tiers)
    reached = (FIRST_ORDER, TIERS[begun - 1]) if begun else (FIRST_ORDER,)
    return (order, *(Reached(each, cast, net) for each in reached))


def adjusted(event: Events, least: Money | None) -> tuple[Adjusted, ...]:
    """What is left of what an order carried, where it had matured."""
    if not isinstance(event, Refunded | ChargedBack | WonBack) or not event.is_settled:
        return ()
    net = event.net if event.net.minor else None
    qualifies = net is not None and (least is None or net >= least)
    firsts = (Adjusted(each, net if qualifies else None) for each in (FIRST_ORDER, *TIERS))
    return (Adjusted(ORDERED, net), *firsts)


def maturing(name: str, state: Pending, at: datetime) -> Mature:
    """The clock's command on an order."""
    inviter = state.upline[0] if state.upline else ""
    return Mature(order=name, at=at, buyer=state.buyer, inviter=inviter)


def _money(minor: int, currency: str) -> Money:
    return Money(minor, currency) if minor else _nothing(currency)


@cache
def _nothing(currency: str) -> Money:
    return Money(0, currency)


def evolve(state: States, event: Events) -> States:
    """Copy what the event decided."""
    match event, state:
        case Ordered(), (Nothing() | Early()):
            return Pending(
                buyer=event.buyer,
                upline=event.upline,
                amount=event.amount,
                left=event.net,
                net=event.net,
                refunds=tuple(state.refunds) if isinstance(state, Early) else (),
                matures=event.matures,
            )
        case RefundKept(), (Nothing() | Early()):
            before = state.refunds if isinstance(state, Early) else {}
            waiting = {**before, event.refund: event.amount.minor}
            return Early(refunds=waiting, currency=event.amount.currency)
        case Refunded(), (Pending() | Settled()):
            refunds = (*state.refunds, event.refund)
            return structs.replace(state, left=event.left, net=event.net, refunds=refunds)
        case ChargedBack(), (Pending() | Settled()):
            disputes = (*state.disputes, event.case)
            taken = structs.replace(state, net=event.net, disputes=disputes)
            return _waiting(taken) if isinstance(taken, Pending) else taken
        case WonBack(), (Pending() | Settled()):
            disputes = tuple(case for case in state.disputes if case != event.case)
            over = (*state.won, event.case)
            won = structs.replace(state, net=event.net, disputes=disputes, won=over)
            return _going_on(won, event.matures) if isinstance(won, Pending) else won
        case Received(), Pending():
            if state.is_kept_back or state.disputes:
                return structs.replace(state, due=event.matures)
            return structs.replace(state, matures=event.matures)
        case KeptBack(), Pending():
            return _waiting(structs.replace(state, is_kept_back=True))
        case LetGo(), Pending():
            return _going_on(structs.replace(state, is_kept_back=False), event.matures)
        case Rejected(), Pending():
            return _settled(state, event.why)
        case Matured(), Pending():
            return _settled(state)
        case _:
            raise InvalidRule(f"invite: {event!r} cannot follow {state!r}")


def _waiting(state: Pending) -> Pending:
    return structs.replace(state, matures=None, due=state.matures or state.due)


def _going_on(state: Pending, matures: datetime | None) -> Pending:
    return structs.replace(state, matures=matures, due=None if matures else state.due)


def _settled(state: Pending, rejected: str = "") -> Settled:
    return Settled(
        buyer=state.buyer,
        upline=state.upline,
        amount=state.amount,
        left=state.left,
        net=state.net,
        refunds=state.refunds,
        rejected=rejected,
        disputes=state.disputes,
        won=state.won,
    )
