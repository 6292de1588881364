"""Payouts, decided: what a member may have paid out, and what becomes of what they owe.

What a member has is told to the command by the shop, which counts it under lock: earned, less
taken back, less paid, less fees, less what is on its way.
"""

from __future__ import annotations

from typing import assert_never

from msgspec import structs

from viralcommerce.decider import BUDGET, Balance, Move
from viralcommerce.errors import InvalidRule
from viralcommerce.mechanics.invite.joining import Nothing
from viralcommerce.mechanics.invite.messages import (
    Events,
    PayEvents,
    PayRefusals,
    Pays,
    States,
)
from viralcommerce.mechanics.invite.paying import (
    AlreadyPaid,
    Arrive,
    Arrived,
    Blocked,
    Bounce,
    Bounced,
    Clear,
    Cleared,
    NoSuchPayout,
    NotBlocked,
    NotCovered,
    NothingToPay,
    Payee,
    PayOut,
    PayoutsBlocked,
    TooLittle,
    Withdraw,
    Withdrawn,
    WrittenOff,
)
from viralcommerce.mechanics.invite.payouts_rule import Payouts
from viralcommerce.mechanics.invite.words import OPERATOR, PAYEE
from viralcommerce.values.money import Money


def informed(
    command: Withdraw | PayOut | Bounce, balance: Balance | None
) -> Withdraw | PayOut | Bounce:
    """The command with what its member has, or owes, and what the shop bears."""
    borne = None if balance is None else balance.borne
    if isinstance(command, Bounce):
        return structs.replace(command, borne=borne)
    if balance is None:
        return structs.replace(command, has=None, owes=None, borne=None)
    return structs.replace(command, has=balance.has, owes=balance.owes, borne=borne)


def pay(
    command: Withdraw | PayOut, state: States, rule: Payouts | None
) -> tuple[PayEvents] | PayRefusals:
    """Money leaves, unless the member owes some."""
    now = _payee(state)
    who = payee(command)
    has, owes, borne = command.has, command.owes, command.borne
    if command.batch in now.leaving or command.batch in now.done:
        return AlreadyPaid(batch=command.batch)
    if now.is_blocked:
        return PayoutsBlocked()
    if rule is None or has is None or owes is None or borne is None:
        return NothingToPay()
    if owes.minor and rule.owing == "block":
        return (Blocked(at=command.at, payee=who, owes=owes),)
    if owes.minor and rule.owing == "net" and isinstance(command, PayOut):
        return (WrittenOff(at=command.at, payee=who, amount=owes),)
    amount = command.amount if isinstance(command, Withdraw) else has
    if not has.minor:
        return NothingToPay()
    if amount > has:
        return NotCovered(amount=amount, has=has)
    fee = Money(0, has.currency) if rule.fee is None else rule.fee
    least = 0 if rule.at_least is None else rule.at_least.minor
    bound = Money(max(fee.minor + 1, least), has.currency)
    if amount < bound:
        return TooLittle(amount=amount, least=bound)
    at, batch = command.at, command.batch
    return (Withdrawn(at=at, payee=who, batch=batch, amount=amount, fee=fee, borne=borne),)


def decide(command: Pays, state: States, rule: Payouts | None) -> tuple[PayEvents] | PayRefusals:
    """What happens, or why not."""
    match command:
        case Withdraw() | PayOut():
            return pay(command, state, rule)
        case Arrive() | Bounce():
            return settle(command, state)
        case Clear():
            return clear(command, state)
        case _:
            assert_never(command)


def payee(command: Pays) -> str:
    """Whom it is about."""
    return command.by if isinstance(command, Withdraw) else command.member


def acting(command: Pays) -> dict[str, str]:
    """Who acts, and whom it is about."""
    if isinstance(command, Withdraw):
        return {PAYEE: command.by}
    return {OPERATOR: command.by, PAYEE: command.member}


def settle(command: Arrive | Bounce, state: States) -> tuple[PayEvents] | PayRefusals:
    """What was on its way has arrived, or is back."""
    now = _payee(state)
    batch = command.batch
    amount = now.leaving.get(batch)
    if amount is None:
        return AlreadyPaid(batch=batch) if batch in now.done else NoSuchPayout(batch=batch)
    at, who = command.at, command.member
    match command:
        case Arrive():
            fee = now.fees[batch]
            return (Arrived(at=at, payee=who, batch=batch, amount=amount, fee=fee),)
        case Bounce():
            repaid = _repaid(command, now.borne[batch], amount)
            why = command.why
            return (Bounced(at=at, payee=who, batch=batch, amount=amount, repaid=repaid, why=why),)
        case _:
            assert_never(command)


def _repaid(command: Bounce, before: Money, amount: Money) -> Money:
    """What the shop has borne since a payout left, as far as that covers it."""
    since = 0 if command.borne is None else command.borne.minor - before.minor
    return Money(max(0, min(since, amount.minor)), amount.currency)


def clear(command: Clear, state: States) -> tuple[PayEvents] | PayRefusals:
    """Payouts go on."""
    if not _payee(state).is_blocked:
        return NotBlocked()
    return (Cleared(at=command.at, payee=command.member, why=command.why),)


def moves(event: Events) -> tuple[Move, ...]:
    """What an event moves from account to account."""
    match event:
        case Withdrawn():
            way = f"paying/{event.batch}"
            return (Move(f"member/{event.payee}", way, event.amount),)
        case Arrived():
            way, paid = f"paying/{event.batch}", f"paid/{event.batch}"
            arrives = Move(way, paid, event.amount - event.fee)
            return (arrives, Move(way, "fees", event.fee)) if event.fee.minor else (arrives,)
        case Bounced():
            member = f"member/{event.payee}"
            back = Move(f"paying/{event.batch}", member, event.amount)
            return (back, Move(member, BUDGET, event.repaid)) if event.repaid.minor else (back,)
        case WrittenOff():
            return (Move(BUDGET, f"member/{event.payee}", event.amount),)
        case _:
            return ()


def evolve(state: States, event: PayEvents) -> States:
    """Copy what the event decided."""
    now = _payee(state)
    match event:
        case Withdrawn():
            return structs.replace(
                now,
                leaving={**now.leaving, event.batch: event.amount},
                fees={**now.fees, event.batch: event.fee},
                borne={**now.borne, event.batch: event.borne},
            )
        case Arrived() | Bounced():
            return structs.replace(
                now,
                leaving={batch: one for batch, one in now.leaving.items() if batch != event.batch},
                fees={batch: one for batch, one in now.fees.items() if batch != event.batch},
                borne={batch: one for batch, one in now.borne.items() if batch != event.batch},
                done=(*now.done, event.batch),
            )
        case WrittenOff():
            return now
        case Blocked():
            return structs.replace(now, is_blocked=True)
        case Cleared():
            return structs.replace(now, is_blocked=False)
        case _:
            assert_never(event)


def _payee(state: States) -> Payee:
    if isinstance(state, Payee):
        return state
    if isinstance(state, Nothing):
        return Payee()
    raise InvalidRule(f"invite: {state!r} is nobody's to be paid")
