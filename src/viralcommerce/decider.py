"""The decider protocol: what a mechanic is, and what it tells the campaign.

A mechanic is a frozen rule with six pure verbs::

    instance command → the id of the thing it is about
    cast     command, state → who takes part, by role; the actor first
    decide   command, state → events, or a refusal
    evolve   state, event → state            (copies decided facts; no arithmetic, no rule)
    reached  event → milestones with their cast and the amount they carry

and two about time and promises: ``deadline``/``expire``, ``promised``. It never sees a clock, a
store, a grant or a price.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeVar

from msgspec import Struct

from viralcommerce.messages import Command, Event, Refusal, State
from viralcommerce.rules.base import Rule
from viralcommerce.rules.extent import Life
from viralcommerce.rules.wording import Words, spelled_out
from viralcommerce.values.money import Money


class Milestone(str):
    """What can be reached: the name that reads after ``on=``."""

    __slots__ = ()


class Role(str):
    """Who takes part: the name that reads after ``to=``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Carries:
    """What reaching a milestone brings with it.

    Args:
        roles: who takes part in it, the one who acts first.
        amount: whether it carries an amount that a percent can be taken of.
        drawn: whether that amount comes out of a hold (what the instance promised).
        once: whether it can be reached at most once in an instance.
        clock: whether it is the clock that reaches it, and no member.
        boundless: whether nothing in the rule bounds that amount: what an order comes to.
    """

    roles: tuple[str, ...]
    amount: bool = False
    drawn: bool = False
    once: bool = False
    clock: bool = False
    boundless: bool = False


class Reached(Struct, frozen=True, gc=False):
    """A milestone that an event reached: who took part, and the amount it carries."""

    milestone: str
    cast: Mapping[str, str]
    amount: Money | None = None


class Adjusted(Struct, frozen=True, gc=False):
    """What is left of an amount that a milestone carried; nothing where it no longer holds."""

    milestone: str
    net: Money | None


class Promised(Struct, frozen=True, gc=False):
    """What an event promises (takes into the hold) or gives up (releases from it)."""

    held: Money | None = None
    released: Money | None = None


NOTHING_PROMISED = Promised()


BUDGET: Final = "budget"
"""The account that awards of money come from."""


class Move(Struct, frozen=True, gc=False):
    """Money that an event moves from one account of the ledger to another, beside all awards.

    ``member/<id>`` is a member's; from `BUDGET` comes what the shop loses, as far as it goes.
    """

    source: str
    target: str
    amount: Money


class Balance(Struct, frozen=True, gc=False):
    """What a member has of what is paid out, or owes: one of the two is nothing.

    Args:
        has: what can be paid out.
        owes: what was taken back and was paid out already.
        borne: what the shop bears of what was taken back.
    """

    has: Money
    owes: Money
    borne: Money


class Lookup(Struct, frozen=True, gc=False):
    """What a command must be told of other instances before it is decided.

    Args:
        cells: instances whose states it is told.
        above: the instance whose line it is told: itself, what it hangs under, and on.
        levels: how far above; 0 for itself alone.
        balance: the member whose balance it is told.
    """

    cells: tuple[str, ...] = ()
    above: str = ""
    levels: int = 0
    balance: str = ""


NO_LOOKUP = Lookup()


C = TypeVar("C", bound=Command)
S = TypeVar("S", bound=State)
E = TypeVar("E", bound=Event)


class Mechanic(Rule, Generic[C, S, E]):
    """One game's rules: a frozen value that decides purely. Subclasses are declared `@rule(kind)`.

    Class variables say, once and for the checkers, the codec and the docs, what the game speaks;
    the methods are the decider.
    """

    scope: ClassVar[str]
    """What one instance is called (``"pack"``), as a limit's ``per`` says it."""
    milestones: ClassVar[Mapping[str, Carries]]
    """What can be reached."""
    casts: ClassVar[Mapping[type[Command], tuple[str, ...]]]
    """For each command, the roles in its cast, the actor first; empty for the clock's commands."""
    command_types: ClassVar[object]
    """The tagged union of the commands."""
    event_types: ClassVar[object]
    """The tagged union of the events."""
    refusal_types: ClassVar[object]
    """The tagged union of the mechanic's own refusals."""
    state_types: ClassVar[object]
    """The tagged union of the states."""
    settling: ClassVar[frozenset[type[Command]]] = frozenset()
    """Commands that settle what was begun: no condition, pause or window keeps them out."""
    adjusting: ClassVar[frozenset[type[Command]]] = frozenset()
    """Commands that may change what a milestone of their instance has carried."""
    filling: ClassVar[frozenset[type[Command]]] = frozenset()
    """Commands of which chance fills in fields before it is known what they are about."""
    chance: ClassVar[bool] = False
    """Whether commands may need entropy, under these rules or others of the same game."""
    ends_by_chance: ClassVar[bool] = False
    """Whether what the clock does may need it too: a draw at the deadline."""
    owner: ClassVar[str] = ""
    """The role whose instance it is: one member from beginning to end; "" where there is none."""
    looks: ClassVar[bool] = False
    """Whether commands are told of other instances, change them, or hang one under another."""
    namesakes: ClassVar[frozenset[str]] = frozenset()
    """What the names of instances begin with that end in a member's id (``"member/"``)."""
    words: ClassVar[Mapping[str, Words]] = {}
    """What members read for a role or the scope (a noun), and for a milestone (when it is)."""
    carried: ClassVar[Mapping[str, Words]] = {}
    """What members read for the amount that a milestone carries."""

    def total(self) -> Money | None:
        """What one instance promises when it begins, or nothing."""
        return None

    def amounts(self) -> Mapping[str, Money]:
        """The other amounts that the rule names, by field: they are in the campaign's currency."""
        return {}

    @property
    def draws(self) -> bool:
        """Whether its commands need entropy."""
        return False

    def sentences(self) -> tuple[Words, ...]:
        """The rules of the game as members read them, sentence by sentence, with every number."""
        return (spelled_out(self),)

    def odds(self) -> tuple[Words, ...]:
        """What members are told of chance, as clauses; nothing where nothing is drawn."""
        return ()

    def lives(self) -> tuple[Life, ...]:
        """The ways one instance can go, the most complete first; none where that is not known."""
        return ()

    def unreachable(self) -> Mapping[str, str]:
        """The milestones that these rules can never reach, each with the reason."""
        return {}

    def absent(self) -> Mapping[str, str]:
        """The roles that nobody can have under these rules, each with the reason."""
        return {}

    def entered(self, member: str, entry: str, at: datetime) -> C | None:
        """The command with which a member begins, who is given an entry into this game.

        Args:
            member: who was given it.
            entry: the id of the award: a fitting name for what it begins.
            at: the moment.

        Returns:
            The command, by the member; nothing where these rules can be entered by nobody.
        """
        return None

    @abstractmethod
    def initial(self) -> S:
        """The situation before anything happened."""

    @abstractmethod
    def instance(self, command: C) -> str:
        """The id of the thing that the command is about."""

    @abstractmethod
    def cast(self, command: C, state: S) -> Mapping[str, str]:
        """Who takes part, by role, the actor first; empty where there is nobody to ask about."""

    @abstractmethod
    def decide(self, command: C, state: S) -> tuple[E, ...] | Refusal:
        """What happens, or why not."""

    @abstractmethod
    def evolve(self, state: S, event: E) -> S:
        """The situation after an event; copies what the event decided."""

    @abstractmethod
    def reached(self, event: E) -> tuple[Reached, ...]:
        """The milestones an event reached."""

    def promised(self, event: E) -> Promised:
        """What an event takes into the hold or releases from it."""
        return NOTHING_PROMISED

    def filled(self, command: C, entropy: bytes) -> C:
        """The command with what chance decides before anything is read; asked where `filling`."""
        return command

    def lookup(self, command: C) -> Lookup:
        """What the command must be told of other instances; asked where `looks`."""
        return NO_LOOKUP

    def informed(
        self,
        command: C,
        states: Mapping[str, S],
        line: Sequence[tuple[str, S]],
        balance: Balance | None,
    ) -> C:
        """The command with what it was told in fields of its own, so that a replay reads nothing.

        Args:
            command: with those fields as the client left them; what it says there does not count.
            states: of the `Lookup.cells` that have begun.
            line: of `Lookup.above`, nearest first, itself included, as far as it has begun.
            balance: of `Lookup.balance`; nothing where the campaign has no money.
        """
        return command

    def where(self, event: E) -> str:
        """The instance whose situation an event changes; "" is the command's own."""
        return ""

    def binds(self, command: C) -> str:
        """The instance under which an informed command may hang its own; "" where under none."""
        return ""

    def parent(self, state: S) -> str:
        """The instance under which one in this situation hangs; "" where under none."""
        return ""

    def takes_part(self, event: E) -> tuple[tuple[str, str], ...]:
        """Who takes part in an event that reaches nothing yet, each with a role; where `looks`."""
        return ()

    def adjusted(self, event: E) -> tuple[Adjusted, ...]:
        """What is left of the amounts that milestones of this instance have carried."""
        return ()

    @property
    def pays(self) -> frozenset[str]:
        """The kinds of reward that add up to a balance, which is paid out and not handed out."""
        return frozenset()

    def moves(self, event: E) -> tuple[Move, ...]:
        """The money that an event moves, beside all awards; asked where something `pays`."""
        return ()

    @property
    def most_owed(self) -> int | None:
        """The most, in minor units, that taking back makes a member owe; the shop bears more."""
        return None

    def guesses_of(self, command: C) -> int:
        """How many wrong guesses a day a command's member has; 0 where it is no guess.

        A command with no guess left is told of no other instance.
        """
        return 0

    def guessed_wrong(self, command: C) -> bool:
        """Whether an informed command was a guess that hit nothing."""
        return False

    @abstractmethod
    def deadline(self, state: S) -> datetime | None:
        """When the clock must act on this situation, if ever."""

    @abstractmethod
    def expire(self, instance: str, state: S) -> C:
        """The command with which the clock acts; its `at` is the deadline."""


AnyMechanic = Mechanic[Any, Any, Any]
"""A mechanic of any game, as a campaign holds it."""
