"""What must hold in whatever order flows meet, and how a broken order is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from viralcommerce.messages import Refused
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.ports import Store
from viralcommerce.testing.laws import LawBroken
from viralcommerce.testing.races import Flow, Race, commands_of
from viralcommerce.testing.staging import Actor

ANSWERS: Final = "answers_as_in_some_order"
BOOKS: Final = "books_as_in_some_order"
AUDIT: Final = "audit_is_clean"
WAITS: Final = "nobody_waits_for_ever"
KEYS: Final = "keys_answer_again"
INVARIANTS: Final = (ANSWERS, BOOKS, AUDIT, WAITS, KEYS)
"""What holds in whatever order, by the names that `LawBroken.laws` has."""
MOST_LINES: Final = 40
"""How many effects of a broken order are told, the last ones."""


@dataclass(frozen=True)
class Explored:
    """What an exploration has seen.

    Args:
        orders: how many orders of effects were run.
        turns: how many effects they had in all.
        outcomes: how many different ones they came to.
        serial: how many the serial orders have.
    """

    orders: int
    turns: int
    outcomes: int
    serial: int


@dataclass
class Played:
    """One order of effects, and what came of it.

    Args:
        actors: one for each flow.
        order: who performed an effect, one after the other.
        lines: the same for a reader.
        waiting: who waits for ever.
    """

    actors: Sequence[Actor]
    order: list[int]
    lines: list[str]
    waiting: Sequence[Actor] = ()


class Judge:
    """Holds orders to what must hold in each, and counts them.

    Args:
        race: whatever the campaign is called.
        passing: whether refusals that leave their key free are compared too.
    """

    def __init__(self, race: Race, *, passing: bool = True) -> None:
        self._serial = race.outcomes(passing=passing)
        self._answers = {told.partition("\n")[0] for told in self._serial}
        self._passing = passing
        self._seen: set[str] = set()
        self._clean: set[str] = set()
        self.orders = self._turns = 0

    def explored(self) -> Explored:
        """What was seen."""
        return Explored(self.orders, self._turns, len(self._seen), len(self._serial))

    def judge(self, race: Race, store: Store, played: Played, *, what: str = "") -> None:
        """Hold one order to what must hold.

        Raises:
            LawBroken: naming the first thing that does not.
        """
        if played.waiting:
            waiting = ", ".join(one.name for one in played.waiting)
            self.broken(WAITS, f"{waiting} wait for one another", played, what)
        for actor in played.actors:
            if actor.error is not None and not actor.has_failed:
                self.broken(ANSWERS, f"{actor.name} raised {actor.error!r}", played, what)
        answers = [actor.answer for actor in played.actors]
        self.hold(race, store, answers, played, what)

    def hold(
        self, race: Race, store: Store, answers: Sequence[object], played: Played, what: str = ""
    ) -> None:
        """Hold answers and books against the serial orders, then the audit and the keys."""
        self.orders += 1
        self._turns += len(played.order)
        books = race.books(store, passing=self._passing)
        told = race.outcome(answers, books, passing=self._passing)
        self._seen.add(told)
        if told not in self._serial:
            if told.partition("\n")[0] not in self._answers:
                seen = "; ".join(f"{i + 1} is told {a}" for i, a in enumerate(answers))
                self.broken(ANSWERS, f"{seen}: in no serial order", played, what)
            self.broken(BOOKS, f"not as any serial order leaves them: {books}", played, what)
        if books not in self._clean:
            problems = audit(store, campaigns=[race.campaign.name]).problems
            if problems:
                self.broken(AUDIT, "; ".join(map(str, problems[:3])), played, what)
        self._clean.add(books)
        for flow, answer in zip(race.flows, answers, strict=True):
            self._asked_again(race, store, flow, answer, played, what)
        if race.books(store, passing=self._passing) != books:
            self.broken(KEYS, "asking again has changed the books", played, what)

    def _asked_again(
        self,
        race: Race,
        store: Store,
        flow: Flow,
        answer: object,
        played: Played,
        what: str,
    ) -> None:
        for command, one in zip(commands_of(flow), each(answer), strict=False):
            if not is_decided(one):
                continue
            again = race.run(command, race.shop(store))
            if race.said(again) != race.said(one):
                self.broken(KEYS, f"{command.key} was told {one}, now {again}", played, what)

    def broken(self, law: str, seen: str, played: Played, what: str = "") -> None:
        """Say which law an order breaks, and the order.

        Raises:
            LawBroken: always.
        """
        left_out = ["..."] if len(played.lines) > MOST_LINES else []
        steps = "".join(f"\n  {line}" for line in left_out + played.lines[-MOST_LINES:])
        raise LawBroken([(law, f"{what}{seen:.1500}\n  order={tuple(played.order)}{steps}")])


def each(answer: object) -> Sequence[object]:
    """The answers of a batch, or the one there is."""
    return answer if isinstance(answer, list) else (answer,)


def is_decided(answer: object) -> bool:
    """Whether a key answers so for ever."""
    return not isinstance(answer, Refused) or answer.refusal.terminal
