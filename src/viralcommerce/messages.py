"""What the machine writes: commands, events, refusals, states and awards, as frozen structs.

Rules are what an operator writes; messages are made by the million, so they are msgspec structs:
keyword-only, compared by value, and plain JSON with a tag (``kind`` for commands and events,
``code`` for refusals, ``state`` for states). This JSON is the journal's contract.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import ClassVar, Generic, NoReturn, TypeVar

from msgspec import Struct, structs

from viralcommerce.errors import NoTruthValue
from viralcommerce.values.ids import MemberField
from viralcommerce.values.money import Money

UNSTAMPED = datetime.max.replace(tzinfo=UTC)
"""The time of a command that no shell has stamped yet."""
BY_CLOCK = "(clock)"
"""Who acts when a deadline does: an id that no member can have."""
GONE = "(gone)/"
"""What stands for somebody who was forgotten begins with it: an id that no member can have."""


def snake(name: str) -> str:
    """The JSON tag of a class: ``AlreadyGrabbed`` is ``already_grabbed``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Command(
    Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag=snake,
):
    """What somebody wants. A shop stamps `at`, `key` and `entropy` where the client did not.

    Args:
        by: the member who wants it.
        at: when; aware. An honest retry may carry a later one.
        key: the idempotency key, unique per campaign; the same key means the same wish.
        entropy: hexadecimal seed of every draw this command may cause.
    """

    stamps: ClassVar[frozenset[str]] = frozenset({"at", "entropy"})
    """The fields that a shop fills in whatever the client said."""

    by: MemberField
    at: datetime = UNSTAMPED
    key: str = ""
    entropy: str = ""

    def says_as(self, other: Command) -> bool:
        """Whether the client said the same thing; what a shop stamps does not count."""
        if type(self) is not type(other):
            return False
        return all(
            getattr(self, field) == getattr(other, field)
            for field in self.__struct_fields__
            if field not in self.stamps
        )


class Event(Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag=snake):
    """What happened, with every number already decided.

    `en` and `zh` are what the event adds to the sentence that a member reads.
    """

    en: ClassVar[str] = ""
    zh: ClassVar[str] = ""

    at: datetime


class Refusal(Struct, frozen=True, kw_only=True, gc=False, tag_field="code", tag=snake):
    """Why not: a value with a stable `code`, typed operands, and a sentence made from them.

    `terminal` refusals are recorded under the command's key: asking again with that key gets the
    same answer. Others (a quota of the day, not yet open, a fact missing) leave the key free.
    `discreet` refusals reveal that something exists; a stranger hears only "not available".
    """

    terminal: ClassVar[bool] = True
    discreet: ClassVar[bool] = False
    en: ClassVar[str]
    zh: ClassVar[str]

    @property
    def code(self) -> str:
        """The stable name of this refusal, as in JSON."""
        return snake(type(self).__name__)

    def __str__(self) -> str:
        return f"no: {sentence(self.en, self)}"


class State(Struct, frozen=True, kw_only=True, gc=False, tag_field="state", tag=snake):
    """One situation an instance can be in."""


def sentence(template: str, message: Struct) -> str:
    """Fill a sentence with a message's own operands; money and times are shown as people do."""
    return template.format(**{k: _shown(v) for k, v in structs.asdict(message).items()})


def _shown(value: object) -> object:
    if isinstance(value, Money):
        return value.shown()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, tuple):
        return ", ".join(str(_shown(item)) for item in value)
    return value


class Award(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A grant that happened: who got what, and what it was made from.

    Args:
        id: unique; the idempotency key towards an issuer.
        grant: the name of the grant, a line of the terms.
        to: the member who gets it.
        role: as whom.
        reward: the kind of reward (``"coupon"``).
        asset: what is owned: ``"CNY"``, ``"points"``, ``"product/teapot"``.
        amount: in the asset's smallest unit; at least 1.
        cost: what the budget pays; nothing where the reward costs the budget nothing.
        base: the amount a percentage was taken of.
        rate: that percentage, as written.
        expires: the first instant at which it can no longer be used.
        terms: what else the reward says, as plain words (threshold, sku, campaign).
    """

    id: str
    grant: str
    to: str
    role: str
    reward: str
    asset: str
    amount: int
    cost: Money | None = None
    base: Money | None = None
    rate: str = ""
    expires: datetime | None = None
    terms: dict[str, str] = {}


class ReverseAward(Command, frozen=True, kw_only=True):
    """Take an award back. No client sends it; the award is named by its place in its instance.

    Args:
        version: of the instance, by which the award was given.
        row: of the ledger, among those of that version.
        why: a stable code: that of the refusal, where an entry was refused.
    """

    stamps: ClassVar[frozenset[str]] = frozenset({"at", "entropy", "why"})

    version: int
    row: int
    why: str
    by: MemberField = BY_CLOCK


class AwardReversed(Event, frozen=True, kw_only=True):
    """An award is taken back, with all that it counted on and what it cost.

    Args:
        version: see `ReverseAward`.
        row: likewise.
        grant: the line of the terms.
        to: whom it was given.
        role: as whom.
        reward: what it was.
        asset: what is not owned any more.
        amount: how much of it.
        cost: what the budget gets back, if it paid anything.
        why: a stable code.
    """

    en: ClassVar[str] = "an award that was given here is taken back"
    zh: ClassVar[str] = "此处发放的一份奖励已收回"

    version: int
    row: int
    grant: str
    to: MemberField
    role: str
    reward: str
    asset: str
    amount: int
    cost: Money | None
    why: str


class Withheld(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An award that a grant would have made, and why it did not: the event stands."""

    grant: str
    to: str
    code: str
    why: tuple[str, ...] = ()


class Adjustment(Struct, frozen=True, kw_only=True, gc=False):
    """An award that stands at less than it did, or at more again.

    Args:
        award: its id.
        to: whose it is.
        asset: what it is of.
        amount: by how much, in the asset's smallest unit; at least 1.
        way: ``"back"`` for what is taken back, ``"again"`` for what is given again; ``"borne"``
            for what of it is the shop's loss, ``"repaid"`` for what is so no more.
    """

    award: str
    to: MemberField
    asset: str
    amount: int
    way: str


class Transfer(Struct, frozen=True, gc=False):
    """One row of the ledger: so much of an asset moved from one account to another.

    Accounts: ``budget``, ``hold/<instance>``, ``member/<id>``, ``stock/<grant>``, ``mint`` (where
    points, titles and entries come from) and ``cost`` (what a thing given away is worth); for
    what is paid out ``paying/<batch>`` (on its way), ``paid/<batch>`` and ``fees``.

    Args:
        id: unique; the award's own id where the row is an award.
        source: the account that has less afterwards.
        target: the account that has more.
        asset: what moved.
        amount: at least 1, in the asset's smallest unit.
        award: the award this row delivers, if it is one.
        reverses: the id of the row this one takes back, if any.
    """

    id: str
    source: str
    target: str
    asset: str
    amount: int
    award: Award | None = None
    reverses: str = ""


class _Decision(Struct, frozen=True, kw_only=True, gc=False):
    def __bool__(self) -> NoReturn:
        raise NoTruthValue(
            f"a decision has no truth value: {self!s}; match on Accepted and Refused instead"
        )


C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)
N = TypeVar("N", bound=Refusal)


class Accepted(
    _Decision,
    Generic[C, E],
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    tag_field="decision",
    tag="yes",
):
    """Yes: what happened and who is owed what. It is the journal entry of the command.

    Args:
        campaign: the campaign's name.
        rules: the content hash of the rules it was decided by.
        instance: the pack, ask or order it is about.
        version: of the instance, after it; the first is 1.
        command: as stamped.
        events: at least one.
        awards: what was granted, in the grants' order.
        withheld: what was not, with reasons.
        adjustments: what was taken back of earlier awards, or given again.
    """

    campaign: str
    rules: str
    instance: str
    version: int
    command: C
    events: tuple[E, ...]
    awards: tuple[Award, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()

    def __str__(self) -> str:
        said = [f"{award.to} gets {shown_award(award)}" for award in self.awards]
        said += [sentence(event.en, event) for event in self.events if event.en]
        return ", ".join(said) or "done"


class Refused(
    _Decision, Generic[C, N], frozen=True, kw_only=True, gc=False, tag_field="decision", tag="no"
):
    """No: nothing happened, and why.

    Args:
        campaign: the campaign's name.
        rules: the content hash of the rules it was decided by.
        instance: the pack, ask or order it is about.
        command: as stamped.
        refusal: the reason.
    """

    campaign: str
    rules: str
    instance: str
    command: C
    refusal: N

    def __str__(self) -> str:
        return str(self.refusal)


def shown_award(award: Award) -> str:
    """An award as a member reads it.

    Example:
        >>> shown_award(Award(id="1", grant="g", to="bob", role="grabber", reward="coupon",
        ...     asset="CNY", amount=741, cost=Money(741, "CNY")))
        'a ¥7.41 coupon'
    """
    if award.reward in ("coupon", "credit", "cash"):
        amount = Money(award.amount, award.asset).shown()
        return f"a {amount} coupon" if award.reward == "coupon" else f"{amount} {award.reward}"
    if award.reward == "points":
        return f"{award.amount} points"
    thing = award.asset.partition("/")[2]
    article = {
        "product": "a",
        "right": "the right to",
        "entry": "an entry into",
        "title": "the title",
    }
    return f"{article.get(award.reward, 'a')} {thing}"
