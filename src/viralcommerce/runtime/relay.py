"""The relay: how what waits in the outbox is delivered, written once, with no I/O.

A generator of errands that a shell performs::

    claim    the oldest entries that are due and can be delivered here, under a lease
    hand     one to the issuer; or, if it is an entry, to its campaign (`entering`)
    settle   delivered, to be tried again later, or set aside: all of it in one commit

again and again, until nothing is due or the limit is reached.

Laws:
    At least once: an entry leaves the outbox only after it was delivered.
    In order: of one member nothing is delivered before everything older was, or was set aside.
    Nothing lost: whenever a relay stops, what it did not deliver waits for the next one.
    Patience: each try waits longer than the one before, up to a bound; after so many tries an
        entry is set aside, and seen.
    Nobody gone: what would go to somebody who was forgotten is taken back instead.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from msgspec import Struct

from viralcommerce.errors import InvalidValue, NotLive
from viralcommerce.messages import Award
from viralcommerce.rules.rewards import ENTRY
from viralcommerce.runtime.entering import (
    Awaits,
    Decide,
    Ending,
    Failed,
    Find,
    Prepare,
    Recall,
    Reverse,
    Reversed,
    entering,
    reversing,
)
from viralcommerce.runtime.erasure import is_gone
from viralcommerce.runtime.outbox import Claim, Later, Pending, Poisoned, Reach, Settled
from viralcommerce.runtime.ports import Clock, Entropy
from viralcommerce.runtime.programs import Programs
from viralcommerce.runtime.stamping import aware
from viralcommerce.runtime.ticking import Pin
from viralcommerce.values.spans import hours, minutes, seconds

AT_ONCE: Final = 20
"""How many entries share one claim and one settlement: what may come twice when a relay dies."""
FORGOTTEN: Final = "forgotten"
"""Why an award is taken back that would go to somebody who was forgotten."""
MOST_ERRORS: Final = 10
"""How many different errors a round tells of."""


LONGEST: Final = timedelta(days=36_500)
"""The longest span of patience, a century: from now on it ends within the calendar."""


class Patience(Struct, frozen=True, kw_only=True):
    """How long a relay holds what it claimed, and how often and when it tries again.

    Args:
        lease: how long what was claimed is nobody else's; longer than handing out takes.
        first: how long to wait after the first try, about.
        most: how long to wait at most.
        tries: after so many an entry is set aside. Unless said, in half a day.

    Raises:
        InvalidValue: a span that is none, or longer than a century, or no tries.
    """

    lease: timedelta = minutes(5)
    first: timedelta = seconds(5)
    most: timedelta = hours(1)
    tries: int = 24

    def __post_init__(self) -> None:
        for name in ("lease", "first", "most"):
            span = getattr(self, name)
            if span <= timedelta(0):
                raise InvalidValue(f"patience: {name} is not longer than nothing; give a span")
            if span > LONGEST:
                raise InvalidValue(
                    f"patience: {name} is {span.days:,} days; give at most {LONGEST.days:,}"
                )
        if self.tries < 1:
            raise InvalidValue(f"patience: tries={self.tries}; give 1 or more")


PATIENCE: Final = Patience()


def back_off(patience: Patience, tries: int, seed: str) -> timedelta:
    """How long to wait after so many tries: twice as long each time, by half to the whole of it.

    Args:
        patience: the bounds.
        tries: so far, at least 1.
        seed: from which the jitter follows, so that what failed together does not come together.

    Example:
        >>> [back_off(PATIENCE, tries, "c0ffee").seconds for tries in (1, 2, 3, 24)]
        [3, 7, 14, 2621]
    """
    whole = patience.most
    if tries <= 32 and patience.first <= whole // (1 << (tries - 1)):  # else past the calendar
        whole = patience.first * (1 << (tries - 1))
    drawn = int.from_bytes(blake2b(seed.encode(), digest_size=4).digest(), "big")
    half = whole / 2
    return half + half * (drawn / (1 << 32))


class Hand(Struct, frozen=True, gc=False):
    """Hand an award to the issuer."""

    award: Award


Errand = Claim | Hand | Prepare | Decide | Recall | Find | Pin | Reverse | Settled
"""What a relay sends a shell on; the answer is what was asked for, `Failed`, or nothing."""


class Deliveries(Struct, frozen=True, kw_only=True):
    """What a round came to.

    Args:
        delivered: how many were handed out, or entered a campaign.
        reversed: how many entries were refused for good, and taken back.
        retried: how many were put back, to be tried again later.
        poisoned: how many were set aside.
        errors: what went wrong, each once.
    """

    delivered: int = 0
    reversed: int = 0
    retried: int = 0
    poisoned: int = 0
    errors: tuple[str, ...] = ()


def relay(
    programs: Programs,
    clock: Clock,
    entropy: Entropy,
    *,
    issues: bool,
    limit: int,
    patience: Patience,
) -> Generator[Errand, Any, Deliveries]:
    """Deliver what is due, at most so many.

    Args:
        programs: of the shop.
        clock: for leases and back-off; those of two relays need not agree.
        entropy: names the lease, and spreads what is tried again.
        issues: whether there is an issuer.
        limit: how many to claim in all.
        patience: with what fails.

    Raises:
        InvalidValue: a limit that is no count.
        NotLive: there is nothing that could be delivered here.
    """
    reach = Reach(
        issues=issues,
        campaigns=tuple(programs.newest),
        elsewhere=tuple(programs.elsewhere),
    )
    if not (issues or programs.entered):
        raise NotLive("deliver: this shop has no issuer; give issuer= when it is built")
    if limit < 1:
        raise InvalidValue(f"deliver: limit={limit}; give 1 or more")
    told = _Told()
    by = entropy.key()
    left = limit
    while left > 0:
        at = clock.now()
        until = at + patience.lease
        claim = Claim(by=by, at=at, until=until, limit=min(left, AT_ONCE), reach=reach)
        claimed: Sequence[Pending] = yield claim
        if not claimed:
            break
        left -= len(claimed)
        round_ = _Round(programs, clock, entropy, patience, claim, claimed)
        try:
            yield from round_.deliver()
        except GeneratorExit:
            raise
        except BaseException:  # stopped, by whatever it is: what was done must be known
            yield round_.settled()
            raise
        yield round_.settled()
        told.note(round_)
        if round_.is_late:
            break
    return told.all()


class _Round:
    """The entries of one claim, and what became of each."""

    def __init__(
        self,
        programs: Programs,
        clock: Clock,
        entropy: Entropy,
        patience: Patience,
        claim: Claim,
        claimed: Sequence[Pending],
    ) -> None:
        self._programs = programs
        self._clock = clock
        self._entropy = entropy
        self._patience = patience
        self._claim = claim
        self._waiting = list(reversed(claimed))
        self._behind: dict[str, datetime] = {}
        self.delivered: list[int] = []
        self.poisoned: list[Poisoned] = []
        self.reversed = 0
        self.retried = 0
        self.errors: list[str] = []
        self.is_late = False
        self._later: list[Later] = []

    def deliver(self) -> Generator[Errand, Any, None]:
        """Deliver one after the other, but nothing behind what failed, nor after the lease."""
        while self._waiting:
            one = self._waiting[-1]
            if self._clock.now() >= self._claim.until:
                self.is_late = True
                return
            if one.award.to in self._behind:
                self._later.append(self._back(one))
            elif one.tries > self._patience.tries:  # nobody lived to tell of the last try
                self._set_aside(one, one.error or "whoever tried to deliver it was stopped")
            else:
                self._note(one, (yield from self._hand(one)))
            self._waiting.pop()

    def _hand(self, one: Pending) -> Generator[Errand, Any, Ending]:
        now = aware(self._clock.now())
        if is_gone(one.award.to):
            return (yield from reversing(self._programs, one, now, FORGOTTEN))
        if one.award.reward == ENTRY:
            is_last = one.tries >= self._patience.tries
            return (yield from entering(self._programs, one, now, is_last=is_last))
        ending: Ending = yield Hand(one.award)
        return ending

    def _note(self, one: Pending, ending: Ending) -> None:
        if isinstance(ending, Failed):
            self._try_again(one, ending.error)
        elif isinstance(ending, Awaits):
            self._await(one, ending)
        else:
            self.delivered.append(one.position)
            self.reversed += isinstance(ending, Reversed)

    def settled(self) -> Settled:
        """What became of each; what was not come to is put back as it was."""
        rest = [self._back(one) for one in reversed(self._waiting)]
        return Settled(
            by=self._claim.by,
            delivered=tuple(self.delivered),
            later=(*self._later, *rest),
            poisoned=tuple(self.poisoned),
        )

    def _back(self, one: Pending) -> Later:
        due = self._behind.get(one.award.to, self._claim.at)
        return Later(one.position, due, one.tries - 1, one.error)

    def _try_again(self, one: Pending, error: str) -> None:
        if one.tries >= self._patience.tries:
            self._set_aside(one, error)
            return
        self._put_off(one, self._backed_off(one, one.tries), one.tries, error)

    def _await(self, one: Pending, ending: Awaits) -> None:
        """Come again when it may be done, or as late as one who is patient does."""
        due = self._backed_off(one, self._patience.tries)
        if ending.until is not None:
            due = max(ending.until, self._clock.now())
        self._put_off(one, due, one.tries - 1, ending.error)

    def _backed_off(self, one: Pending, tries: int) -> datetime:
        seed = self._entropy.seed(f"{one.award.id}/{one.tries}")
        return self._clock.now() + back_off(self._patience, tries, seed)

    def _put_off(self, one: Pending, due: datetime, tries: int, error: str) -> None:
        self._behind[one.award.to] = due
        self._later.append(Later(one.position, due, tries, error))
        self.retried += 1
        self.errors.append(error)

    def _set_aside(self, one: Pending, error: str) -> None:
        self.poisoned.append(Poisoned(one.position, one.tries, error))
        self.errors.append(error)


class _Told:
    """What rounds came to in all."""

    def __init__(self) -> None:
        self.delivered = self.reversed = self.retried = self.poisoned = 0
        self.errors: dict[str, None] = {}

    def note(self, round_: _Round) -> None:
        self.delivered += len(round_.delivered) - round_.reversed
        self.reversed += round_.reversed
        self.retried += round_.retried
        self.poisoned += len(round_.poisoned)
        self.errors |= dict.fromkeys(round_.errors)

    def all(self) -> Deliveries:
        return Deliveries(
            delivered=self.delivered,
            reversed=self.reversed,
            retried=self.retried,
            poisoned=self.poisoned,
            errors=tuple(self.errors)[:MOST_ERRORS],
        )
