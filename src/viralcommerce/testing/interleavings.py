"""The interleaving explorer: flows through every order of their effects, or through some.

`every_order` is for stores that refuse at once what others hold (in memory, or SQLite with
``busy_after=0``): a flow that would wait is not the next to go, and where nobody can go, that is
a deadlock. `some_orders` is for any store: dice say who goes on, and who waits inside the store is
passed over until it comes out::

    race = Race(campaign, [pack.Grab(pack="p", by="bob", key="b"), ...], before=[...])
    every_order(race)  # our flow on the memory store
    some_orders(race, lambda: MyStore("mydb://"))  # a host's own adapter

Each order is held to this: the answers and the books are those of some serial order, the audit is
clean, nobody waits for ever, and every key answers again as it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

from viralcommerce.errors import InvalidValue, StoreBusy
from viralcommerce.runtime.ports import Store
from viralcommerce.runtime.stores.memory import MemoryStore
from viralcommerce.testing.judging import Explored, Judge, Played
from viralcommerce.testing.orders import Dice, Every, Picker, Seen, Told
from viralcommerce.testing.races import Flow, Race, name_of_flow
from viralcommerce.testing.staging import PATIENCE, Actor, Fault, acting, staged

MOST_TURNS: Final = 500
"""Turns in one order after which the flows are taken to run for ever."""
GRACE: Final = 0.05
"""Seconds that a flow gets to come out of the store before it is taken to wait there."""


def play(
    race: Race,
    store: Store,
    picker: Picker,
    *,
    flows: Sequence[Flow] = (),
    faults: dict[int, Fault] | None = None,
    grace: float = PATIENCE,
) -> Played:
    """Run the flows of a race, one effect at a time.

    Args:
        race: with what came before it done already.
        store: that they meet in.
        picker: says who goes next.
        flows: others than the race's.
        faults: by number of flow.
        grace: seconds that a flow gets to come out of the store; all there are where the store
            refuses at once what others hold.
    """
    front = staged(store)
    tries = grace >= PATIENCE

    def work(flow: Flow) -> Callable[[], object]:
        return lambda: _patiently(race, flow, front)

    actors = [
        Actor(name_of_flow(i, flow), work(flow), tries=tries, fault=(faults or {}).get(i))
        for i, flow in enumerate(flows or race.flows)
    ]
    played = Played(actors, [], [])
    while waiting := [actor for actor in actors if not actor.is_done]:
        for actor in waiting:
            actor.came(0)
        able = {
            i: one.doing
            for i, one in enumerate(actors)
            if not (one.is_done or one.is_blocked or one.is_away)
        }
        if len(played.order) > MOST_TURNS or not (able or _somebody_came(waiting, tries=tries)):
            played.waiting = waiting
            _end(actors)
            return played
        if not able:
            continue
        try:
            index = picker.pick(able)
            doing = able[index]
            played.order.append(index)
            if not actors[index].advance(grace) and tries:
                picker.blocked(index)
                continue
        except Seen:
            _end(actors)
            raise
        died = " †" if isinstance(actors[index].error, BaseException) else ""
        played.lines.append(f"{actors[index].name}: {doing}{died}")
        for i, actor in enumerate(actors):
            if i != index and not actor.is_away:
                actor.is_blocked = False
    return played


def _patiently(race: Race, flow: Flow, store: Store) -> object:
    """What a flow comes to; told that the store is busy, it lets others go first."""
    while True:
        answer = race.run(flow, race.shop(store))
        actor = acting()
        if type(answer) is not StoreBusy or actor is None:
            return answer
        actor.begin_again()


def _end(actors: Sequence[Actor]) -> None:
    for actor in actors:
        actor.kill()


def _somebody_came(waiting: Sequence[Actor], *, tries: bool) -> bool:
    """Wait for those inside the store; whether one came out, or may try again."""
    away = [actor for actor in waiting if actor.is_away]
    step = 0.01
    for _ in range(int(PATIENCE / step / len(away)) if away else 0):
        if any(actor.came(step) for actor in away):
            return True
    if tries or away:
        return False
    for actor in waiting:  # told that the store is busy, by somebody who is done since
        actor.is_blocked = False
    return True


def every_order(
    race: Race,
    make_store: Callable[[], Store] = lambda: MemoryStore(busy_after=0),
    *,
    most: int = 50_000,
) -> Explored:
    """Run a race in every order of the effects of its flows.

    Args:
        race: two to four flows.
        make_store: a new and empty store that refuses at once, with `StoreBusy`, what others
            hold, and may be asked again in the same session.
        most: how many orders at most.

    Raises:
        LawBroken: the first order in which something does not hold, with the order.
        InvalidValue: there are more orders than that; nothing was wrong in so many.
    """
    orders = Every()
    judge = Judge(race)
    while True:
        if judge.orders == most:
            raise InvalidValue(
                f"race: more than {most} orders, and nothing wrong in so many; race fewer flows, "
                "shorter ones, or give most= more"
            )
        store = make_store()
        race.begin(store)
        with suppress(Seen):
            judge.judge(race, store, play(race, store, orders))
        store.close()
        if not orders.another():
            return judge.explored()


def some_orders(
    race: Race,
    make_store: Callable[[], Store],
    *,
    seeds: Iterable[int] = range(50),
    grace: float = GRACE,
) -> Explored:
    """Run a race in orders that dice say, one for each seed, on any store.

    Args:
        race: two to four flows.
        make_store: a store, called once; each order gets a campaign of its own in it.
        seeds: of the dice.
        grace: seconds that a flow gets to come out of the store before it is taken to wait there.

    Raises:
        LawBroken: the first order in which something does not hold, with the order.
    """
    judge = Judge(race)
    store = make_store()
    race.outcomes()
    for seed in seeds:
        again = race.named(f"{race.campaign.name}-{seed}")
        again.begin(store)
        judge.judge(again, store, play(again, store, Dice(seed), grace=grace))
    store.close()
    return judge.explored()


def in_order(
    race: Race,
    order: Sequence[int],
    make_store: Callable[[], Store] = lambda: MemoryStore(busy_after=0),
) -> Explored:
    """Run a race in one order, as a failure told it.

    Args:
        race: the same.
        order: who performs an effect, one after the other; those left over go as they can.
        make_store: as for `every_order`.

    Raises:
        LawBroken: what does not hold in it.
    """
    judge = Judge(race)
    store = make_store()
    race.begin(store)
    judge.judge(race, store, play(race, store, Told(order)))
    store.close()
    return judge.explored()
