"""The fault injector: at each effect of each flow, one thing goes wrong.

Then it is asked again::

    inject(race)  # our flow on the memory store
    inject(race, lambda: MyStore("mydb://"), waits=True)  # a host's own adapter

For every flow of a race and every effect of it, once for each fault:

- the worker dies before the effect, or after it with nobody told (`DIES_BEFORE`, `DIES_AFTER`);
- the connection is lost, so that the worker lives and knows nothing (`LOST_BEFORE`, `LOST_AFTER`);
- the database undoes the work in favor of others (`UNDONE`);
- the worker stalls until everybody else is done (`DELAYED`);
- an impatient client sends the same again, which overtakes (`REPEATED`).

Then the others run, the flow is run again with the same keys, and what is there must be what some
serial order leaves: nothing lost, nothing doubled, nothing half-written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from viralcommerce.errors import StoreConflict, StoreError, ViralCommerceError
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.interleavings import GRACE, play
from viralcommerce.testing.judging import KEYS, Judge, Played, each, is_decided
from viralcommerce.testing.laws import LawBroken
from viralcommerce.testing.orders import First
from viralcommerce.testing.races import Flow, Race, commands_of
from viralcommerce.testing.staging import PATIENCE, Crashed, Fault

DIES_BEFORE: Final = "dies_before"
DIES_AFTER: Final = "dies_after"
LOST_BEFORE: Final = "lost_before"
LOST_AFTER: Final = "lost_after"
UNDONE: Final = "undone"
DELAYED: Final = "delayed"
REPEATED: Final = "repeated"
FAULTS: Final = (DIES_BEFORE, DIES_AFTER, LOST_BEFORE, LOST_AFTER, UNDONE, DELAYED, REPEATED)
"""What can go wrong, by the names that `LawBroken.laws` has."""


@dataclass(frozen=True)
class Injected:
    """What an injection has tried.

    Args:
        faults: how many came to pass, each at one effect of one flow.
        effects: how many effects the flows have, all together.
    """

    faults: int
    effects: int


def inject(
    race: Race,
    make_store: Callable[[], Store] = lambda: MemoryStore(busy_after=0),
    *,
    faults: Collection[str] = FAULTS,
    waits: bool = False,
) -> Injected:
    """Let everything go wrong once, at every effect of every flow of a race.

    Args:
        race: one flow or more.
        make_store: a store; called once, each fault gets a campaign of its own in it.
        faults: which; all of them unless said.
        waits: whether the store lets who needs a lock wait, rather than refuse it at once with
            `StoreBusy` and let it be tried again.

    Raises:
        LawBroken: naming every fault that is not survived, with the first effect at which.
    """
    injection = _Injection(race, make_store(), GRACE if waits else PATIENCE)
    broken: dict[str, str] = {}
    effects = injection.count()
    for fault in (one for one in FAULTS if one in faults):
        for index, many in enumerate(effects):
            for at in range(1, many + 1):
                try:
                    injection.once(fault, index, at)
                except LawBroken as error:
                    broken.setdefault(fault, str(error))
    injection.store.close()
    if broken:
        raise LawBroken(list(broken.items()))
    return Injected(injection.done, sum(effects))


class _Injection:
    """Faults on one store.

    Args:
        race: the flows.
        store: where they meet.
        grace: as for `play`.
    """

    def __init__(self, race: Race, store: Store, grace: float) -> None:
        self.store = store
        self.done = 0
        self._race = race
        self._grace = grace
        self._campaigns = 0
        self._judge = Judge(race, passing=False)

    def _fresh(self) -> Race:
        self._campaigns += 1
        race = self._race.named(f"{self._race.campaign.name}-{self._campaigns}")
        race.begin(self.store)
        return race

    def count(self) -> list[int]:
        """How many effects each flow has, one running after the other."""
        race = self._fresh()
        played = play(race, self.store, First(range(len(race.flows))), grace=self._grace)
        return [actor.turns for actor in played.actors]

    def once(self, fault: str, index: int, at: int) -> None:
        """One fault at one effect of one flow, then everybody else, then the same again."""
        race = self._fresh()
        others = [i for i in range(len(race.flows)) if i != index]
        flows: Sequence[Flow] = race.flows
        if fault == REPEATED:
            flows = [*race.flows, race.flows[index]]
            picker = First([len(race.flows)], index, at - 1)
        elif fault == DELAYED:
            picker = First(others, index, at - 1)
        else:
            picker = First([index, *others])
        goes_wrong = _faults(fault, index, at)
        played = play(race, self.store, picker, flows=flows, faults=goes_wrong, grace=self._grace)
        if goes_wrong and not played.actors[index].has_failed:
            return  # the flow never came so far, or what it did there is no effect of the store
        self.done += 1
        self._settle(
            race, index, played, f"{fault} at effect {at} of {played.actors[index].name}: "
        )

    def _settle(self, race: Race, index: int, played: Played, what: str) -> None:
        """Run what is unknown again with the same keys; hold it all to the serial orders."""
        if played.waiting:
            self._judge.judge(race, self.store, played, what=what)
        answers: list[object] = []
        for flow, actor in zip(race.flows, played.actors, strict=False):
            answer = actor.answer
            if actor.has_failed and (actor.error is not None or _is_error(answer)):
                answer = race.run(flow, race.shop(self.store))
            answers.append(answer)
        for twin in played.actors[len(race.flows) :] if commands_of(race.flows[index]) else ():
            for one, other in zip(each(twin.answer), each(answers[index]), strict=True):
                if is_decided(one) and race.said(one) != race.said(other):
                    self._judge.broken(KEYS, f"sent twice, told {other}, and {one}", played, what)
        self._judge.hold(race, self.store, answers, played, what)


def _faults(fault: str, index: int, at: int) -> dict[int, Fault]:
    if fault in (DELAYED, REPEATED):
        return {}
    return {
        index: {
            DIES_BEFORE: Fault(at, "before", Crashed),
            DIES_AFTER: Fault(at, "after", Crashed),
            LOST_BEFORE: Fault(at, "before", _lost),
            LOST_AFTER: Fault(at, "after", _lost),
            UNDONE: Fault(at, "before", _undone),
        }[fault]
    }


def _is_error(answer: object) -> bool:
    return isinstance(answer, ViralCommerceError)


def _lost() -> StoreError:
    return StoreError("injected: the connection was lost, and nobody knows what was written")


def _undone() -> StoreConflict:
    return StoreConflict("injected: undone in favor of others; nothing was written; try again")
