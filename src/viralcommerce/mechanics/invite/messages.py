"""All that is said about inviting, as unions: joining, ordering and paying."""

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

NOTHING: Final = Nothing()

Joins = Issue | Join | Part
Orders = Order | Refund | ChargeBack | WinBack | Receive | Hold | Release | Reject | Mature
Pays = Withdraw | PayOut | Arrive | Bounce | Clear
Commands = Joins | Orders | Pays
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
PayEvents = Withdrawn | Arrived | Bounced | WrittenOff | Blocked | Cleared
Events = JoinEvents | OrderEvents | PayEvents
CodeRefusals = CodeTaken | CodeNotPlain | CodeTooShort | CodeTooLong | CodeScreened
JoinRefusals = CodeRefusals | NoInvitation | OwnInvitation | AlreadyInvited
OrderRefusals = (
    AlreadyOrdered
    | NoSuchOrder
    | NoSuchDispute
    | AlreadyRefunded
    | AlreadyDisputed
    | RefundTooLarge
    | AlreadyKeptBack
    | NotKeptBack
    | OrderSettled
)
PayRefusals = (
    AlreadyPaid
    | NoSuchPayout
    | TooLittle
    | NotCovered
    | NothingToPay
    | PayoutsBlocked
    | NotBlocked
)
Refusals = JoinRefusals | OrderRefusals | PayRefusals
States = Nothing | Member | Code | Early | Pending | Settled | Payee
