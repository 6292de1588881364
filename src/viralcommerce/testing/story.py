"""Given, when, then: a story about one campaign, played in a shop in memory, told when it fails.

::

    (Story(rain_pack)
        .at("2026-11-11T10:00+08:00")
        .given(pack.Share(pack="ride-1", by="ann"))
        .dice(CNY("7.41"))
        .when(pack.Grab(pack="ride-1", by="bob"))
        .then(award("bob", CNY("7.41")), award("ann", CNY(2))))

A story is a value: every verb gives another one, and a common beginning can be told on in many
ways. It is played from its beginning at every ``then``, and each time the books are audited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from viralcommerce.campaign import Campaign
from viralcommerce.errors import InvalidValue
from viralcommerce.kinds import KINDS
from viralcommerce.messages import Accepted, Command, Event, Refusal
from viralcommerce.rules.base import Kinds
from viralcommerce.runtime.life import Stage
from viralcommerce.testing.doubles import moment
from viralcommerce.testing.expectations import (
    Expected,
    ExpectedAward,
    ExpectedWithheld,
    Matching,
    award_problems,
    events_problems,
    is_refusal,
    matching,
    refusal_problems,
    said,
    withheld_problems,
)
from viralcommerce.testing.playing import (
    GIVEN,
    WHEN,
    Act,
    After,
    At,
    Dice,
    Due,
    Edited,
    Knowing,
    Played,
    Staged,
    Step,
    play,
)
from viralcommerce.testing.telling import told
from viralcommerce.values.money import Money


class Book:
    """Keeps the stories begun, to find those that were never told to their end."""

    def __init__(self) -> None:
        self._open: dict[int, str] = {}
        self._count = 0

    def begin(self, what: str) -> int:
        """Note a ``when`` that waits for its ``then``; its number."""
        self._count += 1
        self._open[self._count] = what
        return self._count

    def end(self, steps: tuple[Step, ...]) -> None:
        """Note that all of these have been told to their end."""
        for step in steps:
            if isinstance(step, Act | Due):
                self._open.pop(step.number, None)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Every ``when`` without a ``then``: it was never played, so it proves nothing."""
        return tuple(self._open.values())


@dataclass(frozen=True, slots=True)
class Story:
    """A story about a campaign; immutable, and nothing is played before a ``then``.

    Args:
        campaign: the value it is about.
        kinds: the rule kinds, where the campaign has some that do not ship with the library.
        book: where unfinished stories are noted.

    Example:
        >>> from viralcommerce import CNY, WHOLE, Campaign, Coupon, EqualSplit, Grant, days
        >>> from viralcommerce.mechanics import coupon_pack as pack
        >>> from viralcommerce.testing import award
        >>> tea = Campaign("tea", pack.CouponPack(EqualSplit(CNY(10), parts=2), open_for=days(1)),
        ...     grants=(Grant(Coupon(WHOLE), to=pack.GRABBER, on=pack.GRABBED),), budget=CNY(100))
        >>> shared = Story(tea).given(pack.Share(pack="p", by="ann"))
        >>> story = shared.when(pack.Grab(pack="p", by="bob")).then(award("bob", CNY(5)))
        >>> story = shared.when(pack.Grab(pack="p", by="ann")).then_refused(pack.OwnPack, by="ann")
    """

    campaign: Campaign
    kinds: Kinds = field(default_factory=lambda: KINDS, repr=False)
    book: Book = field(default_factory=Book, compare=False, repr=False)
    steps: tuple[Step, ...] = ()

    def knowing(self, known: Mapping[str, Mapping[str, object]]) -> Story:
        """From here on the members port knows these facts, by member."""
        facts = tuple((member, tuple(sorted(told.items()))) for member, told in known.items())
        return self._and(Knowing(facts))

    def dice(self, *values: int | Money) -> Story:
        """From here on draws fall as given, one value each; money counts its minor units.

        Without this, dice are drawn from seeds that repeat with every run.
        """
        return self._and(Dice(tuple(v.minor if isinstance(v, Money) else v for v in values)))

    def at(self, when: datetime | str) -> Story:
        """The time, with a zone: ``"2026-11-11T10:00+08:00"``."""
        return self._and(At(moment(when)))

    def after(self, span: timedelta) -> Story:
        """Some time later: ``.after(hours(2))``."""
        return self._and(After(span))

    def given(self, *commands: Command) -> Story:
        """What was accepted before; one that is refused fails the story."""
        return self._and(*(Act(GIVEN, command) for command in commands))

    def staged(self, stage: Stage) -> Story:
        """The operator moves the campaign on: ``.staged("paused")``."""
        return self._and(Staged(stage))

    def edited(self, campaign: Campaign) -> Story:
        """The shop is opened anew with another version of the campaign, on the same store."""
        if campaign.name != self.campaign.name:
            raise InvalidValue(
                f"story: {campaign.name!r} is another campaign than {self.campaign.name!r}; "
                "tell one story each"
            )
        return self._and(Edited(campaign))

    def when(self, command: Command) -> Story:
        """What somebody does now; ``then`` says what comes of it."""
        number = self.book.begin(f"{self.campaign.name}: {command!r}")
        return self._and(Act(WHEN, command, number))

    def when_due(self) -> Story:
        """The clock acts on every deadline that has come; ``then`` is about all of it."""
        return self._and(Due(self.book.begin(f"{self.campaign.name}: deadlines")))

    def then(self, *expected: Expected) -> Story:
        """What comes of the last ``when``: these awards and no others, or this refusal.

        Args:
            expected: `award(...)` for each award, in any order; `withheld(...)`, where one is
                named all must be; events, of which the others may be left out; or one refusal.
                Nothing at all says: accepted, and nobody gets anything.

        Raises:
            AssertionError: something else came of it, or the books do not add up.
        """
        refusals = [one for one in expected if is_refusal(one)]
        if refusals and len(expected) > 1:
            raise InvalidValue("then: a refusal comes alone; nothing else happens with it")
        lines = [said(one) for one in expected] or ["accepted, and nobody gets anything"]
        played = self._played(lines)
        if refusals:
            return self._end(played, lines, refusal_problems(refusals[0], played.last))
        problems, events = _accepted(played)
        if not problems:
            awards = [one for one in expected if isinstance(one, ExpectedAward)]
            kept = [one for one in expected if isinstance(one, ExpectedWithheld)]
            others = [
                one for one in expected if not isinstance(one, ExpectedAward | ExpectedWithheld)
            ]
            problems += award_problems(awards, [a for d in _yes(played) for a in d.awards])
            problems += withheld_problems(kept, [w for d in _yes(played) for w in d.withheld])
            problems += events_problems(others, events, every="some")
        return self._end(played, lines, problems)

    def then_refused(self, kind: type[Refusal], **operands: object) -> Story:
        """The last ``when`` is refused, for this reason.

        Raises:
            AssertionError: it was accepted, or refused for another reason or with other operands.
        """
        wanted = matching(kind, **operands)
        lines = [said(wanted)]
        played = self._played(lines)
        return self._end(played, lines, refusal_problems(wanted, played.last))

    def then_events(self, *expected: type[Event] | Event | Matching) -> Story:
        """Exactly these events come of the last ``when``, in this order.

        Raises:
            AssertionError: others did.
        """
        lines = [said(one) for one in expected] or ["no events"]
        played = self._played(lines)
        problems, events = _accepted(played)
        return self._end(played, lines, problems or events_problems(expected, events))

    def then_raises(self, kind: type[Exception]) -> Story:
        """The host is told that the last ``when`` cannot be, with this exception.

        Raises:
            AssertionError: another exception, or none.
        """
        lines = [f"{kind.__name__} is raised"]
        played = self._played(lines, fallible=True)
        error = played.error
        if not isinstance(error, kind):
            got = f"{type(error).__name__}: {error}" if error else "nothing was raised"
            return self._end(played, lines, [f"expected {kind.__name__}, got {got}"])
        *before, last = self.steps
        assert isinstance(last, Act)
        steps = (*before, replace(last, raises=True))
        return replace(self._end(played, lines, []), steps=steps)

    def then_spent(self, amount: Money) -> Story:
        """So much of the budget is spent or held by now.

        Raises:
            AssertionError: more or less is.
        """
        lines = [f"{amount} of the budget is spent or held"]
        played = self._played(lines)
        spent = played.audit.spent.get(self.campaign.name, Money(0, amount.currency))
        problems = [] if spent == amount else [f"expected {amount} to be spent, got {spent}"]
        return self._end(played, lines, problems)

    def told(self) -> str:
        """The whole story in words, played to its end."""
        return told(self.campaign, play(self.campaign, self.kinds, self.steps))

    def _and(self, *steps: Step) -> Story:
        return replace(self, steps=(*self.steps, *steps))

    def _played(self, lines: list[str], *, fallible: bool = False) -> Played:
        self.book.end(self.steps)
        if not any(isinstance(step, Due) or _is_when(step) for step in self.steps):
            raise InvalidValue("then: nothing happens in this story; say .when(command) first")
        played = play(self.campaign, self.kinds, self.steps)
        error = played.error
        if error is None or (fallible and played.ended and _is_when(self.steps[-1])):
            return played
        self._end(played, lines, [f"{type(error).__name__}: {error}"])
        return played

    def _end(self, played: Played, lines: list[str], problems: list[str]) -> Story:
        problems = problems + [f"the books: {problem}" for problem in played.audit.problems]
        if problems:
            text = told(self.campaign, played, lines, problems)
            raise AssertionError(text) from played.error
        return self


def _is_when(step: Step) -> bool:
    return isinstance(step, Act) and step.verb == WHEN


def _yes(played: Played) -> list[Accepted[Command, Event]]:
    return [one for one in played.last if isinstance(one, Accepted)]


def _accepted(played: Played) -> tuple[list[str], list[Event]]:
    problems = [
        f"expected a yes, got {type(one.refusal).__name__}: {one.refusal}"
        for one in played.last
        if not isinstance(one, Accepted)
    ]
    return problems, [event for one in _yes(played) for event in one.events]
