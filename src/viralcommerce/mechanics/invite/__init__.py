"""Invite (邀请有礼, 分佣): what friends who were brought buy earns those above them.

::

    code      Nothing ──Issue/Issued──▶ Code ──Join/CodeUsed──▶ Code
    member    Nothing ──Join/Joined──▶ Member ──Part/Parted──▶ Member ──Join/Joined──▶ Member
    order     Nothing ──Order/Ordered──▶ Pending ──Mature/Matured──▶ Settled
                │                         │  ▲ └──Refund/Refunded──┐    └──Refund/Refunded
                │                  Hold/KeptBack Release/LetGo     ▼
                │                         └──┴──Reject/Rejected──▶ Settled
                └──Refund/RefundKept──▶ Early ──Order/Ordered──▶ Pending
    payee     Nothing ──Withdraw, PayOut/Withdrawn──▶ Payee ──Arrive/Arrived──▶ Payee
                                                        └──Bounce/Bounced──▶ Payee

*Level* counts from the buyer, whose direct inviter is 1. Who stands above a buyer is written into
the order when it is placed: whoever is bound anew afterwards, the order keeps its upline.

Laws:
    One inviter: a member stands under one inviter at most, and never under themselves.
    Joined once: however often somebody joins, they are a new friend once.
    Used up: a code brings no more friends than it may.
    Late twice and mixed: orders and refunds in any order, and again, come to the same end.
    Net: an order earns of what is left of it, when its time is over, and once.
    Kept back: an order that is kept back earns nothing until it is let go; a rejected one never.
    Batch: a batch of joins and orders answers as they would one by one.
    Paid once: a batch pays a member once, and nobody more than they have.
    Balance: what a member has is earned, less taken back, paid, its fees and what is on its way.
    Guesses: beyond the bound of a day no code is looked up, and the answer is the same.
    First: a buyer has one first qualifying order, and it makes them one friend more.
"""

from viralcommerce.mechanics.invite.joining import AlreadyInvited as AlreadyInvited
from viralcommerce.mechanics.invite.joining import Befriended as Befriended
from viralcommerce.mechanics.invite.joining import Bought as Bought
from viralcommerce.mechanics.invite.joining import Code as Code
from viralcommerce.mechanics.invite.joining import CodeNotPlain as CodeNotPlain
from viralcommerce.mechanics.invite.joining import CodeScreened as CodeScreened
from viralcommerce.mechanics.invite.joining import CodeTaken as CodeTaken
from viralcommerce.mechanics.invite.joining import CodeTooLong as CodeTooLong
from viralcommerce.mechanics.invite.joining import CodeTooShort as CodeTooShort
from viralcommerce.mechanics.invite.joining import CodeUsed as CodeUsed
from viralcommerce.mechanics.invite.joining import Issue as Issue
from viralcommerce.mechanics.invite.joining import Issued as Issued
from viralcommerce.mechanics.invite.joining import Join as Join
from viralcommerce.mechanics.invite.joining import Joined as Joined
from viralcommerce.mechanics.invite.joining import Member as Member
from viralcommerce.mechanics.invite.joining import NoInvitation as NoInvitation
from viralcommerce.mechanics.invite.joining import Nothing as Nothing
from viralcommerce.mechanics.invite.joining import OwnInvitation as OwnInvitation
from viralcommerce.mechanics.invite.joining import Part as Part
from viralcommerce.mechanics.invite.joining import Parted as Parted
from viralcommerce.mechanics.invite.joins import typed as typed
from viralcommerce.mechanics.invite.messages import NOTHING as NOTHING
from viralcommerce.mechanics.invite.messages import Commands as Commands
from viralcommerce.mechanics.invite.messages import Events as Events
from viralcommerce.mechanics.invite.messages import Refusals as Refusals
from viralcommerce.mechanics.invite.messages import States as States
from viralcommerce.mechanics.invite.ordering import AlreadyDisputed as AlreadyDisputed
from viralcommerce.mechanics.invite.ordering import AlreadyKeptBack as AlreadyKeptBack
from viralcommerce.mechanics.invite.ordering import AlreadyOrdered as AlreadyOrdered
from viralcommerce.mechanics.invite.ordering import AlreadyRefunded as AlreadyRefunded
from viralcommerce.mechanics.invite.ordering import ChargeBack as ChargeBack
from viralcommerce.mechanics.invite.ordering import ChargedBack as ChargedBack
from viralcommerce.mechanics.invite.ordering import Early as Early
from viralcommerce.mechanics.invite.ordering import Hold as Hold
from viralcommerce.mechanics.invite.ordering import KeptBack as KeptBack
from viralcommerce.mechanics.invite.ordering import LetGo as LetGo
from viralcommerce.mechanics.invite.ordering import Mature as Mature
from viralcommerce.mechanics.invite.ordering import Matured as Matured
from viralcommerce.mechanics.invite.ordering import NoSuchDispute as NoSuchDispute
from viralcommerce.mechanics.invite.ordering import NoSuchOrder as NoSuchOrder
from viralcommerce.mechanics.invite.ordering import NotKeptBack as NotKeptBack
from viralcommerce.mechanics.invite.ordering import Order as Order
from viralcommerce.mechanics.invite.ordering import Ordered as Ordered
from viralcommerce.mechanics.invite.ordering import OrderSettled as OrderSettled
from viralcommerce.mechanics.invite.ordering import Pending as Pending
from viralcommerce.mechanics.invite.ordering import Receive as Receive
from viralcommerce.mechanics.invite.ordering import Received as Received
from viralcommerce.mechanics.invite.ordering import Refund as Refund
from viralcommerce.mechanics.invite.ordering import Refunded as Refunded
from viralcommerce.mechanics.invite.ordering import RefundKept as RefundKept
from viralcommerce.mechanics.invite.ordering import RefundTooLarge as RefundTooLarge
from viralcommerce.mechanics.invite.ordering import Reject as Reject
from viralcommerce.mechanics.invite.ordering import Rejected as Rejected
from viralcommerce.mechanics.invite.ordering import Release as Release
from viralcommerce.mechanics.invite.ordering import Settled as Settled
from viralcommerce.mechanics.invite.ordering import WinBack as WinBack
from viralcommerce.mechanics.invite.ordering import WonBack as WonBack
from viralcommerce.mechanics.invite.paying import AlreadyPaid as AlreadyPaid
from viralcommerce.mechanics.invite.paying import Arrive as Arrive
from viralcommerce.mechanics.invite.paying import Arrived as Arrived
from viralcommerce.mechanics.invite.paying import Blocked as Blocked
from viralcommerce.mechanics.invite.paying import Bounce as Bounce
from viralcommerce.mechanics.invite.paying import Bounced as Bounced
from viralcommerce.mechanics.invite.paying import Clear as Clear
from viralcommerce.mechanics.invite.paying import Cleared as Cleared
from viralcommerce.mechanics.invite.paying import NoSuchPayout as NoSuchPayout
from viralcommerce.mechanics.invite.paying import NotBlocked as NotBlocked
from viralcommerce.mechanics.invite.paying import NotCovered as NotCovered
from viralcommerce.mechanics.invite.paying import NothingToPay as NothingToPay
from viralcommerce.mechanics.invite.paying import Payee as Payee
from viralcommerce.mechanics.invite.paying import PayOut as PayOut
from viralcommerce.mechanics.invite.paying import PayoutsBlocked as PayoutsBlocked
from viralcommerce.mechanics.invite.paying import TooLittle as TooLittle
from viralcommerce.mechanics.invite.paying import Withdraw as Withdraw
from viralcommerce.mechanics.invite.paying import Withdrawn as Withdrawn
from viralcommerce.mechanics.invite.paying import WrittenOff as WrittenOff
from viralcommerce.mechanics.invite.payouts_rule import Payouts as Payouts
from viralcommerce.mechanics.invite.places import REVIEW as REVIEW
from viralcommerce.mechanics.invite.rule import Invite as Invite
from viralcommerce.mechanics.invite.words import CARRIED as CARRIED
from viralcommerce.mechanics.invite.words import FIRST_ORDER as FIRST_ORDER
from viralcommerce.mechanics.invite.words import INVITEE as INVITEE
from viralcommerce.mechanics.invite.words import INVITER as INVITER
from viralcommerce.mechanics.invite.words import JOINED as JOINED
from viralcommerce.mechanics.invite.words import MATTER as MATTER
from viralcommerce.mechanics.invite.words import MOST_LEVELS as MOST_LEVELS
from viralcommerce.mechanics.invite.words import OPERATOR as OPERATOR
from viralcommerce.mechanics.invite.words import ORDERED as ORDERED
from viralcommerce.mechanics.invite.words import PAYEE as PAYEE
from viralcommerce.mechanics.invite.words import TIERS as TIERS
from viralcommerce.mechanics.invite.words import UPLINE as UPLINE
from viralcommerce.mechanics.invite.words import WORDS as WORDS
from viralcommerce.mechanics.invite.words import tier as tier
from viralcommerce.mechanics.invite.words import upline as upline
