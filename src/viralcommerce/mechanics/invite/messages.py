"""All that is said about inviting, as unions: joining and ordering."""

from __future__ import annotations

from typing import Final

from viralcommerce.mechanics.invite.joining import (
    AlreadyInvited,
    Befriended,
    Bought,
    Code,
    CodeNotPlain,
    CodeScreened,
    CodeTaken,
    CodeTooLong,
    CodeTooShort,
    CodeUsed,
    Issue,
    Issued,
    Join,
    Joined,
    Member,
    NoInvitation,
    Nothing,
    OwnInvitation,
    Part,
    Parted,
)
from viralcommerce.mechanics.invite.ordering import (
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

NOTHING: Final = Nothing()

Joins = Issue | Join | Part
Orders = Order | Refund | ChargeBack | WinBack | Receive | Hold | Release | Reject | Mature
Commands = Joins | Orders
JoinEvents = Issued | Joined | Parted | CodeUsed | Bought | Befriended
OrderEvents = (
    Ordered
    | Refunded
    | ChargedBack
    | WonBack
    | RefundKept
    | Received
    | KeptBack
    | LetGo
    | Rejected
    | Matured
)
Events = JoinEvents | OrderEvents
CodeRefusals = CodeTaken | CodeNotPlain | CodeTooShort | CodeTooLong | CodeScreened
JoinRefusals = CodeRefusals | NoInvitation | OwnInvitation | AlreadyInvited
OrderRefusals = (
    AlreadyOrdered
    | NoSuchOrder
    | NoSuchDispute
    | AlreadyRefunded
    | RefundTooLarge
    | AlreadyKeptBack
    | NotKeptBack
    | OrderSettled
)
Refusals = JoinRefusals | OrderRefusals
States = Nothing | Member | Code | Early | Pending | Settled
