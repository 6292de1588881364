"""Doubles of the ports: a clock, chance, members and an issuer that do as the test says.

They are fakes, not mocks: each keeps the whole contract of its port, so what works with them works
with the real thing. What they were asked is kept, so that a test can look.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from viralcommerce.errors import InvalidValue, NaiveTime
from viralcommerce.messages import Award
from viralcommerce.runtime.ports import Asked
from viralcommerce.values import dice
from viralcommerce.values.money import Money

FIRST_MOMENT: Final = "2026-11-11T10:00+08:00"
"""When a scripted clock begins, unless it is told: ten in the morning of a Singles' Day."""


def moment(when: datetime | str) -> datetime:
    """A moment with a zone, from itself or as ISO 8601 writes it.

    Raises:
        NaiveTime: it has no zone.
        InvalidValue: a text that is no time.

    Example:
        >>> moment("2026-11-11T10:00+08:00").isoformat()
        '2026-11-11T10:00:00+08:00'
    """
    try:
        at = datetime.fromisoformat(when) if isinstance(when, str) else when
    except ValueError:
        raise InvalidValue(f"at: {when!r} is no time; write it like {FIRST_MOMENT!r}") from None
    if at.utcoffset() is None:
        raise NaiveTime(f"at: {at.isoformat()} has no zone; say which, as in {FIRST_MOMENT!r}")
    return at


class ScriptedClock:
    """A clock that stands still until it is told to move.

    Args:
        start: the moment it begins at; with a zone.

    Example:
        >>> clock = ScriptedClock("2026-11-11T10:00+08:00")
        >>> clock.forward(timedelta(hours=2)).isoformat()
        '2026-11-11T12:00:00+08:00'
        >>> clock.now().isoformat()
        '2026-11-11T04:00:00+00:00'
    """

    def __init__(self, start: datetime | str = FIRST_MOMENT) -> None:
        self._now = moment(start)

    def now(self) -> datetime:
        """The moment it stands at, in UTC."""
        return self._now.astimezone(UTC)

    @property
    def local(self) -> datetime:
        """The same moment in the zone it was told in, to print."""
        return self._now

    def at(self, when: datetime | str) -> datetime:
        """Set it, forward or back: real clocks are set back too."""
        self._now = moment(when)
        return self._now

    def forward(self, by: timedelta) -> datetime:
        """Let time pass; two hours are two hours, whatever the clocks of a zone do."""
        self._now = (self._now.astimezone(UTC) + by).astimezone(self._now.tzinfo)
        return self._now


class ScriptedEntropy:
    """Chance that repeats: keys and seeds are counted, unless they are scripted.

    The same row of commands gets the same dice in every run. Safe for threads; which thread gets
    which number is theirs to race for.

    Args:
        salt: two salts give two unrelated rows of seeds.

    Example:
        >>> entropy = ScriptedEntropy()
        >>> entropy.key(), entropy.seed("key-1") == ScriptedEntropy().seed("key-1")
        ('key-1', True)
        >>> entropy.script(741)
        >>> entropy.seed("key-2")
        '=741'
    """

    def __init__(self, salt: str = "story") -> None:
        self._salt = salt
        self._keys = 0
        self._seeds = 0
        self._scripts: deque[str] = deque()
        self._for_key: dict[str, str] = {}
        self._lock = threading.Lock()

    def script(self, *values: int | Money, key: str = "") -> None:
        """Script what the dice of one command fall as; money counts its minor units.

        Args:
            values: one for each draw of that command, in order; with none, it may not draw.
            key: of the command; without one, the next command that may draw.
        """
        minor = [value.minor if isinstance(value, Money) else value for value in values]
        text = dice.script(*minor) if minor else ""
        with self._lock:
            if key:
                self._for_key[key] = text
            else:
                self._scripts.append(text)

    def key(self) -> str:
        """``key-1``, ``key-2``, and so on."""
        with self._lock:
            self._keys += 1
            return f"key-{self._keys}"

    def seed(self, key: str) -> str:
        """What is scripted for that key, or next; else a seed made of the count."""
        with self._lock:
            if key in self._for_key:
                return self._for_key[key]
            if self._scripts:
                return self._scripts.popleft()
            self._seeds += 1
            return hashlib.sha256(f"{self._salt}/{self._seeds}".encode()).hexdigest()[:32]


class FakeMembers:
    """A members port that knows what the test says.

    Args:
        known: facts by member; of anybody else nothing is known.

    Attributes:
        asked: every question so far, in order.

    Example:
        >>> members = FakeMembers({"bob": {"paid_orders": 3}})
        >>> at = moment("2026-11-11T10:00+08:00")
        >>> members.facts([Asked("bob", frozenset({"paid_orders", "household"}), at)])
        [{'paid_orders': 3}]
    """

    def __init__(self, known: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self._known: dict[str, dict[str, object]] = {}
        self._failure: Exception | None = None
        self.asked: list[Asked] = []
        self.know(known or {})

    def know(self, known: Mapping[str, Mapping[str, object]]) -> None:
        """Learn more facts, or newer ones; a fact told as None is forgotten."""
        for member, facts in known.items():
            self._known.setdefault(member, {}).update(facts)

    def fail(self, error: Exception | None) -> None:
        """Raise this whenever asked, until told None."""
        self._failure = error

    def facts(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, object]]:
        """Answer each question with what is known of it."""
        self.asked += asked
        if self._failure is not None:
            raise self._failure
        return [self._answer(question) for question in asked]

    def _answer(self, question: Asked) -> dict[str, object]:
        known = self._known.get(question.member, {})
        return {
            fact: known[fact] for fact in sorted(question.facts) if known.get(fact) is not None
        }


class FakeIssuer:
    """An issuer that hands awards out into lists, each award once.

    Attributes:
        issued: the awards handed out, in order.
        attempts: the id of every call, those that failed and those that came twice too.

    Example:
        >>> issuer = FakeIssuer()
        >>> teapot = Award(id="1", grant="g", to="ann", role="collector", reward="product",
        ...     asset="product/teapot", amount=1)
        >>> issuer.issue(teapot); issuer.issue(teapot)
        >>> len(issuer.issued), len(issuer.attempts)
        (1, 2)
    """

    def __init__(self) -> None:
        self.issued: list[Award] = []
        self.attempts: list[str] = []
        self._ids: set[str] = set()
        self._failures: deque[Exception] = deque()
        self._lock = threading.Lock()

    def fail(self, *errors: Exception) -> None:
        """Let the next calls fail, one with each of these."""
        self._failures += errors

    def issue(self, award: Award) -> None:
        """Hand an award out, unless one of that id was handed out before."""
        with self._lock:
            self.attempts.append(award.id)
            if self._failures:
                raise self._failures.popleft()
            if award.id not in self._ids:
                self._ids.add(award.id)
                self.issued.append(award)

    def times(self, award: Award) -> int:
        """How often an award of that id was handed out."""
        return sum(one.id == award.id for one in self.issued)

    def given(self, member: str) -> list[Award]:
        """What a member was handed, in order."""
        return [award for award in self.issued if award.to == member]
