"""What is said about payouts: commands, events, refusals, the situation of a payee."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from viralcommerce.messages import Command, Event, Refusal, State
from viralcommerce.values.ids import MemberField
from viralcommerce.values.money import Money

# ---------------------------------------------------------------------------- commands


class Withdraw(Command, frozen=True, kw_only=True):
    """A member asks for some of what they have to be paid out.

    Args:
        batch: the id of this payout; the same one is paid once.
        amount: the fee included.
        has: filled in by the shop: what the member has; nothing where no money is earned.
        owes: filled in by the shop: what the member owes, if that is more.
        borne: filled in by the shop: what it bears of what was taken back from the member.
    """

    stamps: ClassVar[frozenset[str]] = frozenset({"at", "entropy", "has", "owes", "borne"})

    batch: str
    amount: Money
    has: Money | None = None
    owes: Money | None = None
    borne: Money | None = None


class PayOut(Command, frozen=True, kw_only=True):
    """An operator's run pays out all that a member has.

    Args:
        member: whom.
        batch: the run's id; nobody is paid twice by one run.
        has, owes, borne: as for `Withdraw`.
    """

    stamps: ClassVar[frozenset[str]] = frozenset({"at", "entropy", "has", "owes", "borne"})

    member: MemberField
    batch: str
    has: Money | None = None
    owes: Money | None = None
    borne: Money | None = None


class Arrive(Command, frozen=True, kw_only=True):
    """The money of a payout has reached the member."""

    member: MemberField
    batch: str


class Bounce(Command, frozen=True, kw_only=True):
    """The money of a payout came back: the member has it again.

    Args:
        member: whose.
        batch: of the payout.
        why: what the bank said.
        borne: as for `Withdraw`.
    """

    stamps: ClassVar[frozenset[str]] = frozenset({"at", "entropy", "borne"})

    member: MemberField
    batch: str
    why: str
    borne: Money | None = None


class Clear(Command, frozen=True, kw_only=True):
    """An operator lets payouts to a member go on that were blocked."""

    member: MemberField
    why: str


# ---------------------------------------------------------------------------- events


class Withdrawn(Event, frozen=True, kw_only=True):
    """Money of a member is on its way, `fee` included: nobody can spend it twice.

    What the shop bore for them by then is `borne`.
    """

    en: ClassVar[str] = "{amount} is being paid out"
    zh: ClassVar[str] = "{amount}正在打款"

    payee: MemberField
    batch: str
    amount: Money
    fee: Money
    borne: Money


class Arrived(Event, frozen=True, kw_only=True):
    """A member was paid `amount` less `fee`."""

    en: ClassVar[str] = "{amount} was paid out, {fee} of it is the fee"
    zh: ClassVar[str] = "{amount}已打款，其中手续费{fee}"

    payee: MemberField
    batch: str
    amount: Money
    fee: Money


class Bounced(Event, frozen=True, kw_only=True):
    """A payout failed; all of it is the member's again, the fee too.

    What the shop bore since it left, for it was believed to be paid, it has back first: `repaid`.
    """

    en: ClassVar[str] = "{amount} could not be paid out and is back"
    zh: ClassVar[str] = "{amount}打款失败，已退回余额"

    payee: MemberField
    batch: str
    amount: Money
    repaid: Money
    why: str


class WrittenOff(Event, frozen=True, kw_only=True):
    """What a member owed is the shop's loss."""

    en: ClassVar[str] = "{amount} that was owed is written off"
    zh: ClassVar[str] = "所欠{amount}已核销"

    payee: MemberField
    amount: Money


class Blocked(Event, frozen=True, kw_only=True):
    """A member owes something: nothing is paid out until an operator has looked at it."""

    en: ClassVar[str] = "nothing is paid out until this was looked at"
    zh: ClassVar[str] = "打款已暂停，等待人工处理"

    payee: MemberField
    owes: Money


class Cleared(Event, frozen=True, kw_only=True):
    """Payouts to a member go on."""

    en: ClassVar[str] = "payouts go on"
    zh: ClassVar[str] = "打款已恢复"

    payee: MemberField
    why: str


# ---------------------------------------------------------------------------- refusals


class AlreadyPaid(Refusal, frozen=True, kw_only=True):
    """A payout of that id was made to the member already."""

    en: ClassVar[str] = "the payout {batch} was made already"
    zh: ClassVar[str] = "打款{batch}已处理"

    batch: str


class NoSuchPayout(Refusal, frozen=True, kw_only=True):
    """Nothing of that id is on its way (yet); the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "there is no payout {batch} on its way"
    zh: ClassVar[str] = "没有进行中的打款{batch}"

    batch: str


class TooLittle(Refusal, frozen=True, kw_only=True):
    """Less than a payout must come to; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "{amount} is less than the {least} that a payout must come to"
    zh: ClassVar[str] = "{amount}低于最低提现金额{least}"

    amount: Money
    least: Money


class NotCovered(Refusal, frozen=True, kw_only=True):
    """More than the member has; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "{amount} is more than the {has} that there is"
    zh: ClassVar[str] = "{amount}超过可提现余额{has}"

    amount: Money
    has: Money


class NothingToPay(Refusal, frozen=True, kw_only=True):
    """The member has nothing that is paid out; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "there is nothing to pay out"
    zh: ClassVar[str] = "没有可提现余额"


class PayoutsBlocked(Refusal, frozen=True, kw_only=True):
    """The member owed something, and nobody has cleared it; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "nothing is paid out until this was looked at"
    zh: ClassVar[str] = "打款已暂停，等待人工处理"


class NotBlocked(Refusal, frozen=True, kw_only=True):
    """There is nothing to clear; the key stays free."""

    terminal: ClassVar[bool] = False
    en: ClassVar[str] = "payouts are not blocked"
    zh: ClassVar[str] = "打款未被暂停"


# ---------------------------------------------------------------------------- state


class Payee(State, frozen=True, kw_only=True):
    """Whom money is paid to.

    Args:
        leaving: what is on its way, by batch, the fee included.
        fees: what of each is the fee.
        borne: what the shop bore for them when each left.
        done: batches that have arrived or bounced.
        is_blocked: whether nothing is paid out until an operator clears it.
    """

    leaving: dict[str, Money] = field(default_factory=dict)
    fees: dict[str, Money] = field(default_factory=dict)
    borne: dict[str, Money] = field(default_factory=dict)
    done: tuple[str, ...] = ()
    is_blocked: bool = False
