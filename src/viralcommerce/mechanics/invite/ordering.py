"""What is said about orders: commands, events, refusals, situations."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from viralcommerce.messages import BY_CLOCK, Command, Event, Refusal, State
from viralcommerce.values.ids import MemberField
from viralcommerce.values.money import Money

# ---------------------------------------------------------------------------- commands


class Order(Command, frozen=True, kw_only=True):
    """A member has paid for an order.

    Args:
        order: its id.
        amount: what commissions are taken of; the rule's `base` names it.
        upline: filled in by the shop: who stands above the buyer now, the inviter first.
    """

    stamps: ClassVar[frozenset[str]] = frozenset({"at", "entropy", "upline"})

    order: str
    amount: Money
    upline: tuple[MemberField, ...] = ()


class Refund(Command, frozen=True, kw_only=True):
    """Some or all of an order was given back to its buyer; it may arrive before the order.

    Args:
        order: which.
        refund: the id of this refund; the same one counts once.
        amount: of the same base as the order's.
    """

    order: str
    refund: str
    amount: Money


class ChargeBack(Command, frozen=True, kw_only=True):
    """The buyer's bank has taken the money back; nothing is left of the order.

    Args:
        order: which.
        case: the bank's id of the dispute.
    """

    order: str
    case: str


class WinBack(Command, frozen=True, kw_only=True):
    """A dispute was won: what it took is the order's again."""

    order: str
    case: str


class Receive(Command, frozen=True, kw_only=True):
    """The buyer has received an order; where the rule says so, its time runs from here."""

    order: str


class Hold(Command, frozen=True, kw_only=True):
    """An operator keeps an order back until somebody has looked at it."""

    order: str
    why: str


class Release(Command, frozen=True, kw_only=True):
    """An operator lets an order go on that was kept back."""

    order: str
    why: str


class Reject(Command, frozen=True, kw_only=True):
    """An operator decides that nobody earns anything from an order."""

    order: str
    why: str


class Mature(Command, frozen=True, kw_only=True):
    """The clock: an order can no longer be refunded.

    Args:
        order: which.
        buyer: filled in by the shop: whose.
        inviter: filled in by the shop: who is directly above, if anybody.
        bought: filled in by the shop: how many orders of the buyer counted before.
        friends: filled in by the shop: how many friends of the inviter counted before.
    """

    stamps: ClassVar[frozenset[str]] = frozenset(
        {"at", "entropy", "buyer", "inviter", "bought", "friends"}
    )

    order: str
    buyer: MemberField = ""
    inviter: MemberField = ""
    bought: int = 0
    friends: int = 0
    by: MemberField = BY_CLOCK


# ---------------------------------------------------------------------------- events


class Ordered(Event, frozen=True, kw_only=True):
    """An order counts, and will mature at `matures` unless it is refunded or kept back.

    Args:
        net: the amount less what was refunded before the order arrived.
        excess: how much of those refunds the order did not cover; of one that is larger than the
            order itself, all.
    """

    en: ClassVar[str] = "{net} of the order may count"
    zh: ClassVar[str] = "订单已登记，可计入金额{net}"

    order: str
    buyer: MemberField
    upline: tuple[MemberField, ...]
    amount: Money
    net: Money
    excess: Money
    matures: datetime | None


class Refunded(Event, frozen=True, kw_only=True):
    """An order is worth less; `is_settled` where it had earned something already.

    Args:
        order: which.
        refund: its id.
        amount: of the refund.
        left: what was not refunded, whatever disputes have taken.
        net: what counts now: nothing, while a dispute is open.
        taken: by how much less than before.
    """

    en: ClassVar[str] = "{left} of the order is left"
    zh: ClassVar[str] = "订单剩余净额{left}"

    order: str
    refund: str
    amount: Money
    left: Money
    net: Money
    taken: Money
    is_settled: bool


class ChargedBack(Event, frozen=True, kw_only=True):
    """A dispute has taken `amount`, all that counted of an order."""

    en: ClassVar[str] = "nothing of the order is left"
    zh: ClassVar[str] = "订单已被拒付"

    order: str
    case: str
    amount: Money
    net: Money
    is_settled: bool


class WonBack(Event, frozen=True, kw_only=True):
    """A dispute was won; with the last of them open, `amount` counts again, all that is left."""

    en: ClassVar[str] = "{net} of the order counts"
    zh: ClassVar[str] = "订单计入净额{net}"

    order: str
    case: str
    amount: Money
    net: Money
    matures: datetime | None
    is_settled: bool


class RefundKept(Event, frozen=True, kw_only=True):
    """A refund has arrived before its order, and waits for it."""

    en: ClassVar[str] = "the refund waits for its order"
    zh: ClassVar[str] = "退款已登记，等待订单"

    order: str
    refund: str
    amount: Money


class Received(Event, frozen=True, kw_only=True):
    """The time of an order runs."""

    en: ClassVar[str] = "the order counts from {matures} on"
    zh: ClassVar[str] = "订单将于{matures}计入"

    order: str
    matures: datetime


class KeptBack(Event, frozen=True, kw_only=True):
    """An order waits for somebody to look at it; `why` is for operators."""

    en: ClassVar[str] = "the order {order} is being looked at"
    zh: ClassVar[str] = "订单{order}进入审核"

    order: str
    why: str


class LetGo(Event, frozen=True, kw_only=True):
    """An order goes on; it matures when it would have, or at once; `why` is for operators."""

    en: ClassVar[str] = "the order {order} goes on"
    zh: ClassVar[str] = "订单{order}审核通过"

    order: str
    why: str
    matures: datetime | None


class Rejected(Event, frozen=True, kw_only=True):
    """Nobody earns anything from an order; `why` is for operators."""

    en: ClassVar[str] = "nobody earns anything from the order {order}"
    zh: ClassVar[str] = "订单{order}不计奖励"

    order: str
    why: str


class Matured(Event, frozen=True, kw_only=True):
    """An order can no longer be refunded; `first` if it is the buyer's first that qualifies.

    Args:
        nth: which friend of their inviter, among those who have bought, a first order makes its
            buyer, the first being 1; 0 where it makes them none.
    """

    en: ClassVar[str] = "the order {order} counts with {net}"
    zh: ClassVar[str] = "订单{order}计入{net}"

    order: str
    buyer: MemberField
    upline: tuple[MemberField, ...]
    net: Money
    first: bool
    nth: int = 0


# ---------------------------------------------------------------------------- refusals


class AlreadyOrdered(Refusal, frozen=True, kw_only=True):
    """An order of that id counts already."""

    en: ClassVar[str] = "the order {order} is counted already"
    zh: ClassVar[str] = "订单{order}已登记"

    order: str


class NoSuchOrder(Refusal, frozen=True, kw_only=True):
    """Nothing is known of that order (yet); the key stays free."""

    terminal: ClassVar[bool] = False
    discreet: ClassVar[bool] = True
    en: ClassVar[str] = "there is no order {order}"
    zh: ClassVar[str] = "订单不存在"

    order: str


class NoSuchDispute(Refusal, frozen=True, kw_only=True):
    """Nothing was charged back under that id (yet); the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "there is no dispute {case}"
    zh: ClassVar[str] = "拒付记录{case}不存在"

    case: str


class AlreadyDisputed(Refusal, frozen=True, kw_only=True):
    """A dispute of that id was opened already; it may be over."""

    en: ClassVar[str] = "the dispute {case} is counted already"
    zh: ClassVar[str] = "拒付{case}已登记"

    case: str


class AlreadyRefunded(Refusal, frozen=True, kw_only=True):
    """A refund of that id counts already."""

    en: ClassVar[str] = "the refund {refund} is counted already"
    zh: ClassVar[str] = "退款{refund}已登记"

    refund: str


class RefundTooLarge(Refusal, frozen=True, kw_only=True):
    """More than the whole order."""

    en: ClassVar[str] = "{amount} is more than the {paid} of the order"
    zh: ClassVar[str] = "退款{amount}超过订单金额{paid}"

    amount: Money
    paid: Money


class AlreadyKeptBack(Refusal, frozen=True, kw_only=True):
    """The order is kept back already."""

    en: ClassVar[str] = "the order {order} is kept back already"
    zh: ClassVar[str] = "订单{order}已在审核中"

    order: str


class NotKeptBack(Refusal, frozen=True, kw_only=True):
    """There is nothing to let go; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "the order {order} is not kept back"
    zh: ClassVar[str] = "订单{order}不在审核中"

    order: str


class OrderSettled(Refusal, frozen=True, kw_only=True):
    """The order has matured or was rejected; it cannot be kept back or let go any more."""

    en: ClassVar[str] = "the order {order} is settled"
    zh: ClassVar[str] = "订单{order}已结算"

    order: str


# ---------------------------------------------------------------------------- state


class Early(State, frozen=True, kw_only=True):
    """Refunds that wait for their order, by id, in minor units."""

    refunds: dict[str, int]
    currency: str


class Pending(State, frozen=True, kw_only=True):
    """An order that may be refunded yet.

    Args:
        amount: what was paid for it.
        left: the amount less what was refunded.
        net: what counts of it: that, or nothing while it is in dispute.
        refunds: their ids.
        matures: when it counts; nothing while that is not known, or while it is kept back.
        is_kept_back: whether an operator keeps it back.
        due: when it would count, while it is kept back or in dispute.
        disputes: the ids of those that are open.
        won: the ids of those that were won.
    """

    buyer: MemberField
    upline: tuple[MemberField, ...]
    amount: Money
    left: Money
    net: Money
    refunds: tuple[str, ...]
    matures: datetime | None
    is_kept_back: bool = False
    due: datetime | None = None
    disputes: tuple[str, ...] = ()
    won: tuple[str, ...] = ()


class Settled(State, frozen=True, kw_only=True):
    """An order that counts, or never will; refunds may still come. What it has, `Pending` says."""

    buyer: MemberField
    upline: tuple[MemberField, ...]
    amount: Money
    left: Money
    net: Money
    refunds: tuple[str, ...]
    rejected: str = ""
    disputes: tuple[str, ...] = ()
    won: tuple[str, ...] = ()
