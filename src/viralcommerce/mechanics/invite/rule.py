"""The rule of inviting: whose invitation counts, for how long, and when an order earns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, ClassVar, Final, Literal, assert_never, get_args

from pydantic import Field

from viralcommerce.decider import (
    NO_LOOKUP,
    Adjusted,
    Balance,
    Carries,
    Lookup,
    Mechanic,
    Move,
    Reached,
)
from viralcommerce.errors import InvalidRule
from viralcommerce.mechanics.invite import casting, joins, orders, payouts, places, wording
from viralcommerce.mechanics.invite.joining import (
    Befriended,
    Bought,
    CodeUsed,
    Issue,
    Issued,
    Join,
    Joined,
    Member,
    Part,
    Parted,
)
from viralcommerce.mechanics.invite.messages import (
    NOTHING,
    Commands,
    Events,
    Pays,
    Refusals,
    States,
)
from viralcommerce.mechanics.invite.ordering import (
    ChargeBack,
    Hold,
    Mature,
    Matured,
    Order,
    Ordered,
    Pending,
    Receive,
    Refund,
    Reject,
    Release,
    WinBack,
)
from viralcommerce.mechanics.invite.paying import (
    Arrive,
    Arrived,
    Blocked,
    Bounce,
    Bounced,
    Clear,
    Cleared,
    PayOut,
    Withdraw,
    Withdrawn,
    WrittenOff,
)
from viralcommerce.mechanics.invite.payouts_rule import Payouts
from viralcommerce.mechanics.invite.words import (
    CARRIED,
    INVITEE,
    INVITER,
    JOINED,
    MATTER,
    MOST_LEVELS,
    MOST_TIERS,
    TIERS,
    UPLINE,
    WORDS,
)
from viralcommerce.messages import Command
from viralcommerce.refusals import NothingToEnd
from viralcommerce.rules.base import OneOf, rule
from viralcommerce.rules.extent import Life
from viralcommerce.rules.fields import NEVER, Count, MoneyField, SpanField
from viralcommerce.rules.limits import UNLIMITED, CountOrUnlimited
from viralcommerce.rules.wording import Words
from viralcommerce.spread.levels import MORE_THAN_TWO
from viralcommerce.values.codes import CodeFormat
from viralcommerce.values.money import Money

Base = Literal["list", "paid", "paid_without_shipping", "paid_without_tax", "goods"]
"""What an order's amount is: list prices; what was paid; less shipping; less tax; less both."""
_SILENT: Final = 2


@rule("invite")
class Invite(Mechanic[Commands, States, Events]):
    """Codes and links bring friends; what friends buy earns those above them.

    Args:
        matures_after: how long an order may still be refunded; until then it earns nothing.
        counts_from: whether that time runs from the ``"order"`` or from its ``"receipt"``.
        base: what the amount of an order is, which commissions are taken of.
        least: what must be left of a friend's first order for it to qualify; nothing for any.
        levels: how far above the buyer anybody earns, 1 to 20.
        deeper: `MORE_THAN_TWO` where `levels` is more than 2: in many places that is unlawful.
        code_length: of a code, with its check character, 4 to 32.
        code_uses: how many friends one code brings.
        binds_for: how long a friend is a friend; `NEVER` ends.
        rebinds: whether a later invitation counts: ``"never"`` while one stands, ``"until_order"``
            of the friend has matured, ``"better"`` if it is of the kind that `prefers` names and
            the one that stands is not, or ``"always"``.
        prefers: what counts where a code was typed and a link was opened.
        tiers: with which friend who has bought each tier begins: (10, 50) makes the tenth to the
            49th `tier(1)`, and those after them `tier(2)`.
        guesses: how many codes that bring nothing a member may type in a day; from then on no code
            is looked up, and the answer is the same. `codes.guesses_within` says what is safe.
        payouts: how cash is paid out; nothing where the issuer hands it out.

    Raises:
        InvalidRule: more than two levels, and nobody says so.

    Example:
        >>> from viralcommerce.values.spans import days
        >>> Invite(matures_after=days(15), levels=2).levels
        2
    """

    scope: ClassVar[str] = MATTER
    milestones: ClassVar[Mapping[str, Carries]] = casting.MILESTONES
    casts: ClassVar[Mapping[type[Command], tuple[str, ...]]] = casting.CASTS
    settling: ClassVar[frozenset[type[Command]]] = frozenset(
        {Refund, ChargeBack, WinBack, Receive, Hold, Release, Reject, *get_args(Pays)}
    )
    adjusting: ClassVar[frozenset[type[Command]]] = frozenset({Refund, ChargeBack, WinBack})
    command_types: ClassVar[object] = Commands
    event_types: ClassVar[object] = Events
    refusal_types: ClassVar[object] = Refusals
    state_types: ClassVar[object] = States
    looks: ClassVar[bool] = True
    namesakes: ClassVar[frozenset[str]] = frozenset({"member/", "payee/"})
    filling: ClassVar[frozenset[type[Command]]] = frozenset({Issue})
    words: ClassVar[Mapping[str, Words]] = WORDS
    carried: ClassVar[Mapping[str, Words]] = CARRIED

    matures_after: SpanField = Field(kw_only=True)
    counts_from: Literal["order", "receipt"] = Field(default="order", kw_only=True)
    base: Base = Field(default="paid", kw_only=True)
    least: MoneyField | None = Field(default=None, kw_only=True)
    levels: Annotated[int, Field(strict=True, ge=1, le=MOST_LEVELS)] = Field(
        default=1, kw_only=True
    )
    deeper: Literal["", "more_than_two"] = Field(default="", kw_only=True)
    code_length: Annotated[int, Field(strict=True, ge=4, le=32)] = Field(default=8, kw_only=True)
    code_uses: CountOrUnlimited = Field(default=UNLIMITED, kw_only=True)
    binds_for: SpanField = Field(default=NEVER, kw_only=True)
    rebinds: Literal["never", "until_order", "better", "always"] = Field(
        default="never", kw_only=True
    )
    prefers: Literal["code", "link"] = Field(default="code", kw_only=True)
    tiers: Annotated[tuple[Count, ...], Field(max_length=MOST_TIERS)] = Field(
        default=(), kw_only=True
    )
    guesses: Annotated[int, Field(strict=True, ge=1, le=1_000)] = Field(default=20, kw_only=True)
    payouts: Annotated[Payouts, OneOf()] | None = Field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name, span in (("matures_after", self.matures_after), ("binds_for", self.binds_for)):
            if span < timedelta(0):
                raise InvalidRule(f"{name}: {span} is less than nothing; give a span")
        if any(now <= before for before, now in pairwise((1, *self.tiers))):
            raise InvalidRule(
                f"tiers: they begin at {', '.join(map(str, self.tiers))}; begin at 2 or "
                "later, and go up"
            )
        if (self.levels > _SILENT) != (self.deeper == MORE_THAN_TWO):
            said = "leave `deeper` out" if self.deeper else "say deeper=MORE_THAN_TWO if meant"
            raise InvalidRule(
                f"levels: {self.levels} levels earn on one order; where promoters are counted "
                f"too, two are one more than some platforms and laws allow: {said}"
            )

    @property
    def codes(self) -> CodeFormat:
        """How its codes look."""
        return joins.drawn(self.code_length)

    @property
    def pays(self) -> frozenset[str]:
        """Cash, where it is paid out."""
        return frozenset() if self.payouts is None else frozenset({"cash"})

    @property
    def most_owed(self) -> int | None:
        """What a member may owe, where more than that is written off."""
        return None if self.payouts is None else self.payouts.most_owed

    def amounts(self) -> Mapping[str, Money]:
        """What must be left of a first order; what payouts come to."""
        said = {} if self.payouts is None else self.payouts.amounts()
        return said if self.least is None else {**said, "least": self.least}

    def sentences(self) -> tuple[Words, ...]:
        """The rules of the game as members read them."""
        return (
            *wording.of_codes(self.codes, joins.vanity(self.codes), self.code_uses, self.prefers),
            wording.of_guesses(self.guesses),
            *wording.of_binding(self.binds_for, self.rebinds, self.prefers),
            *wording.of_orders(self.base, self.matures_after, self.counts_from, self.levels),
            wording.of_qualifying(self.least),
            *wording.of_tiers(self.tiers),
            *(() if self.payouts is None else self.payouts.sentences()),
        )

    def lives(self) -> tuple[Life, ...]:
        """A friend joins and buys once; or less than that."""
        return casting.LIVES

    def unreachable(self) -> Mapping[str, str]:
        """The tiers that do not begin."""
        why = f"tiers={self.tiers} says of none where it begins; say so, or leave the grant out"
        return dict.fromkeys(TIERS[len(self.tiers) :], why)

    def absent(self) -> Mapping[str, str]:
        """The levels that nobody is paid for."""
        why = f"levels={self.levels}; raise it, or leave the grant out"
        return dict.fromkeys(UPLINE[self.levels :], why)

    def initial(self) -> States:
        """Before anything is known."""
        return NOTHING

    def instance(self, command: Commands) -> str:
        """The code, the member, the order or the payee."""
        return places.instance(command)

    def filled(self, command: Commands, entropy: bytes) -> Commands:
        """A code for whoever asks for one: the wished one, or a random one."""
        if not isinstance(command, Issue):
            return command
        return joins.with_code(command, self.codes, entropy)

    def lookup(self, command: Commands) -> Lookup:
        """The code that was typed; who stands above a buyer; how far buyer and inviter are."""
        match command:
            case Join():
                code = self._typed(command)
                return Lookup((f"code/{code}",)) if code else NO_LOOKUP
            case Order():
                return Lookup(above=f"member/{command.by}", levels=self.levels - 1)
            case Withdraw() | PayOut() | Bounce():
                return Lookup(balance=payouts.payee(command))
            case Mature():
                return Lookup(
                    tuple(f"member/{who}" for who in (command.buyer, command.inviter) if who)
                )
            case _:
                return NO_LOOKUP

    def informed(
        self,
        command: Commands,
        states: Mapping[str, States],
        line: Sequence[tuple[str, States]],
        balance: Balance | None,
    ) -> Commands:
        """Whose invitation counts; who earns; which order and which friend it is; what is had."""
        match command:
            case Join():
                code = self._typed(command)
                return joins.informed(command, code, states, self.code_uses, self.prefers)
            case Order():
                return orders.informed(command, line, self.levels)
            case Withdraw() | PayOut() | Bounce():
                return payouts.informed(command, balance)
            case Mature():
                return orders.counted(command, states)
            case _:
                return command

    def _typed(self, command: Join) -> str:
        """The code as it is compared; most friends come by a link."""
        return joins.typed(command.code, self.codes) if command.code else ""

    def binds(self, command: Commands) -> str:
        """The inviter, of one who joins; the review, of an order that is kept back."""
        return places.binds(command)

    def parent(self, state: States) -> str:
        """The inviter, of a member; the review, of an order that is kept back."""
        return places.parent(state)

    def takes_part(self, event: Events) -> tuple[tuple[str, str], ...]:
        """Whoever stands above a buyer, who will earn when the order matures."""
        return casting.awaiting(event)

    def where(self, event: Events) -> str:
        """The code that was used, the member who bought, the inviter who has one more friend."""
        return places.where(event)

    def cast(self, command: Commands, state: States) -> dict[str, str]:
        """Who acts first; then the inviter, or whoever stands above the buyer."""
        return casting.acting(command, state)

    def decide(
        self, command: Commands, state: States
    ) -> tuple[Events, ...] | Refusals | NothingToEnd:
        """What happens, or why not."""
        match command:
            case Join():
                return joins.join(command, state, self.binds_for, self.rebinds, self.prefers)
            case Order():
                return orders.order(command, state, self._matures(command.at))
            case Issue():
                return joins.issue(command, state, self.codes)
            case Part():
                return joins.part(command, state)
            case Refund():
                return orders.refund(command, state)
            case ChargeBack():
                return orders.charge_back(command, state)
            case WinBack():
                return orders.win_back(command, state)
            case Receive():
                return orders.receive(command, state, command.at + self.matures_after)
            case Hold() | Release() | Reject():
                return orders.review(command, state)
            case Mature():
                return orders.mature(command, state, self.least)
            case Withdraw() | PayOut() | Arrive() | Bounce() | Clear():
                return payouts.decide(command, state, self.payouts)
            case _:
                assert_never(command)

    def _matures(self, at: datetime) -> datetime | None:
        return at + self.matures_after if self.counts_from == "order" else None

    def evolve(self, state: States, event: Events) -> States:
        """Copy what the event decided."""
        match event:
            case Ordered():  # the most frequent, with who joins
                return orders.evolve(state, event)
            case Joined() | Issued() | CodeUsed() | Parted() | Bought() | Befriended():
                return joins.evolve(state, event)
            case Withdrawn() | Arrived() | Bounced() | WrittenOff() | Blocked() | Cleared():
                return payouts.evolve(state, event)
            case _:
                return orders.evolve(state, event)

    def reached(self, event: Events) -> tuple[Reached, ...]:
        """Joined for the first time; an order that counts; the first that qualifies."""
        match event:
            case Joined():
                cast: dict[str, str] = {INVITEE: event.invitee, INVITER: event.inviter}
                return () if event.again else (Reached(JOINED, cast),)
            case Matured():
                return orders.earned(event, self.tiers)
            case _:
                return ()

    def moves(self, event: Events) -> tuple[Move, ...]:
        """What a payout moves."""
        return payouts.moves(event)

    def guesses_of(self, command: Commands) -> int:
        """Whoever types a code may guess."""
        return self.guesses if isinstance(command, Join) and command.code else 0

    def guessed_wrong(self, command: Commands) -> bool:
        """Whether a code was typed that brought nobody."""
        return isinstance(command, Join) and bool(command.code) and not command.used

    def adjusted(self, event: Events) -> tuple[Adjusted, ...]:
        """What a matured order is worth after a refund, a charge-back, or a dispute won."""
        return orders.adjusted(event, self.least)

    def deadline(self, state: States) -> datetime | None:
        """When an order matures, or an invitation ends."""
        match state:
            case Pending():
                return state.matures
            case Member():
                return state.until if state.inviter else None
            case _:
                return None

    def expire(self, instance: str, state: States) -> Mature | Part:
        """Let an order mature, or a member part from the inviter."""
        at = self.deadline(state)
        if at is not None and isinstance(state, Pending):
            return orders.maturing(instance.removeprefix("order/"), state, at)
        if at is not None and isinstance(state, Member):
            return Part(member=instance.removeprefix("member/"), at=at)
        raise InvalidRule(f"invite: {instance} has no deadline")
