"""How many commands a second a shop's database takes, by simulation, and what stops it first.

The simulation has what a command costs and waits for on PostgreSQL, as `stores.postgres` does it:
work of the client and of the server, two round trips, the lock of its instance from its read to
its commit, a row of the budget from its write to its commit, and a flush of the log that commits
at the same time share. What they cost is measured (``python benchmarks/capacity_measured.py`` says
it of your machine and server), and given by the options below. Everything is drawn from a seed,
so the same options print the same tables.

Run it: ``python benchmarks/capacity.py``; ``--help`` lists what can be said.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
import sys
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass

Step = Generator["Wait", None, None]


@dataclass(frozen=True)
class Costs:
    """What a command costs, in milliseconds.

    Args:
        client: of a core of the shop's process.
        server: of a core of the database.
        trip: a message to the server and its answer.
        flush: until the log is on disk.
        batched: what a command of a batch of 100 costs, of what one alone costs.
    """

    client: float = 0.9
    server: float = 0.65
    trip: float = 0.5
    flush: float = 1.0
    batched: float = 0.07


@dataclass(frozen=True)
class Shape:
    """Where the load falls.

    Args:
        instances: how many packs are opened at a time; 1 is one hot pack.
        shards: rows that the budget is spread over; 0: nothing is taken from it.
        after: what the host does in its transaction after our call, in milliseconds.
        gathers: how many waiting commands about one instance share a commit at most.
    """

    instances: int = 100_000
    shards: int = 16
    after: float = 0.0
    gathers: int = 1


class Wait:
    """Something to wait for: so many at a time, first come, first served."""

    def __init__(self, places: int = 1) -> None:
        self.free = places
        self.queue: deque[Step] = deque()


class Simulation:
    """Workers, and what they wait for, in simulated milliseconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Step]] = []
        self._order = itertools.count()
        self._flushing: list[Step] = []
        self._waiting: list[Step] = []

    def begin(self, step: Step, after: float = 0.0) -> None:
        heapq.heappush(self._due, (self.now + after, next(self._order), step))

    def run(self, until: float) -> None:
        while self._due and self._due[0][0] <= until:
            self.now, _, step = heapq.heappop(self._due)
            self._go(step)

    def _go(self, step: Step) -> None:
        wait = next(step, None)
        if wait is None:
            return
        if isinstance(wait, Sleep):
            self.begin(step, wait.time)
        elif isinstance(wait, Flush):
            self._waiting.append(step)
            if not self._flushing:
                self._flush(wait.time)
        elif wait.free:
            wait.free -= 1
            self.begin(step)
        else:
            wait.queue.append(step)

    def release(self, wait: Wait) -> None:
        if wait.queue:
            self.begin(wait.queue.popleft())
        else:
            wait.free += 1

    def _flush(self, time: float) -> None:
        """Commits that wait go to disk together; who comes meanwhile waits for the next."""
        self._flushing, self._waiting = self._waiting, []

        def done() -> Step:
            yield Sleep(time)
            for step in self._flushing:
                self.begin(step)
            self._flushing = []
            if self._waiting:
                self._flush(time)

        self.begin(done())


class Sleep(Wait):
    """A stretch of time."""

    def __init__(self, time: float) -> None:
        super().__init__()
        self.time = time


class Flush(Sleep):
    """The next flush of the log."""


class Load:
    """Workers that send one command after another.

    Args:
        costs: of a command.
        shape: of the load.
        workers: connections, each with a command under way.
        cores: of the database; the clients have as many.
        seed: what is drawn from.
    """

    def __init__(
        self, costs: Costs, shape: Shape, workers: int, cores: int, seed: int = 7
    ) -> None:
        self.costs, self.shape = costs, shape
        self.simulation = Simulation()
        self.clients, self.server = Wait(cores), Wait(cores)
        self.packs: dict[int, Wait] = {}
        self.rows = [Wait() for _ in range(shape.shards)]
        self.random = random.Random(seed)
        self.done = 0
        self.waiting = 0
        for _ in range(workers):
            step = self._gather() if shape.gathers > 1 else self._work()
            self.simulation.begin(step, self.random.random())

    def rate(self, milliseconds: float) -> float:
        """Commands a second, once it has run for a while."""
        self.simulation.run(milliseconds / 4)
        before, since = self.done, self.simulation.now
        self.simulation.run(milliseconds)
        return (self.done - before) / max(self.simulation.now - since, 1e-9) * 1000

    def _work(self) -> Step:
        while True:
            yield from self._commit(self.random.randrange(self.shape.instances), 1)
            self.done += 1

    def _gather(self) -> Step:
        """Callers whose commands wait for the one commit that is under way about their pack."""
        self.waiting += 1
        pack = self.packs.setdefault(0, Wait())
        while True:
            yield pack
            taken = min(self.waiting, self.shape.gathers)
            if not taken:  # another commit took this caller's command along
                self.simulation.release(pack)
                yield Sleep(self.costs.trip)
                continue
            self.waiting -= taken
            yield from self._commit(-1, taken)
            self.done += taken
            self.waiting += taken  # each caller has its answer, and asks anew
            self.simulation.release(pack)

    def _commit(self, pack: int, commands: int) -> Step:
        """Lock and read, decide, write and commit."""
        costs, release = self.costs, self.simulation.release
        scale = 1.0 if commands == 1 else max(1.0, commands * costs.batched)
        yield from self._use(self.clients, costs.client * 0.3 * scale)
        yield Sleep(costs.trip)
        lock = self.packs.setdefault(pack, Wait())
        yield lock
        yield from self._use(self.server, costs.server * 0.4 * scale)
        yield from self._use(self.clients, costs.client * 0.7 * scale)
        yield Sleep(costs.trip)
        yield from self._use(self.server, costs.server * 0.6 * scale)
        row = self._row()
        if row is not None:
            yield row
        if self.shape.after:
            yield Sleep(self.shape.after)
        yield Flush(costs.flush)
        if row is not None:
            release(row)
        release(lock)
        if not lock.queue and lock.free and pack >= 0:
            del self.packs[pack]

    def _row(self) -> Wait | None:
        """A row of the budget that nobody is at; where there is none, any."""
        if not self.rows:
            return None
        free = [row for row in self.rows if row.free]
        return self.random.choice(free or self.rows)

    def _use(self, cores: Wait, time: float) -> Step:
        yield cores
        yield Sleep(time)
        self.simulation.release(cores)


def rates(
    costs: Costs, shape: Shape, workers: Sequence[int], cores: int, milliseconds: float
) -> list[float]:
    """Commands a second for each number of workers."""
    return [Load(costs, shape, many, cores).rate(milliseconds) for many in workers]


def stranded(databases: int, awards: int, seed: int = 7) -> float:
    """What part of a budget is left elsewhere when the first of its equal parts is used up."""
    chance = random.Random(seed)
    part = awards // databases
    used = [0] * databases
    for given in range(awards):
        one = chance.randrange(databases)
        if used[one] == part:
            return 1 - given / awards
        used[one] += 1
    return 0.0


def speedup(databases: int, greatest: float) -> float:
    """How much more as many databases take, where one campaign is so much of all commands."""
    return min(float(databases), 1 / greatest)


def main(given: Sequence[str] | None = None) -> int:
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    for name, what in (
        ("client", "milliseconds of the shop's process on a command"),
        ("server", "milliseconds of the database on a command"),
        ("trip", "milliseconds of a round trip"),
        ("flush", "milliseconds until the log is on disk"),
        ("batched", "cost in a batch of 100, of what one alone costs"),
    ):
        default = getattr(Costs(), name)
        asked.add_argument(f"--{name}", type=float, default=default, metavar="N", help=what)
    asked.add_argument("--cores", type=int, default=8, help="of the database")
    asked.add_argument("--seconds", type=float, default=4.0, help="simulated, for each figure")
    said = asked.parse_args(given)
    costs = Costs(said.client, said.server, said.trip, said.flush, said.batched)
    cores, length = said.cores, said.seconds * 1000
    print("one core:")
    print(f"  of the shop      {1000 / costs.client:8,.0f} commands/s one by one")
    print(f"                   {1000 / costs.client / costs.batched:8,.0f} in batches of 100")
    print(f"  of the database  {1000 / costs.server:8,.0f} commands/s one by one")
    print(f"                   {1000 / costs.server / costs.batched:8,.0f} in batches of 100")
    workers = (1, 4, 16, 64, 256)
    print(f"\ncommands/s, {cores} cores each, by connections:")
    print(f"{'':<34}" + "".join(f"{many:>8}" for many in workers))
    for name, shape in (
        ("spread over many packs", Shape()),
        ("one hot pack, one by one", Shape(instances=1)),
        ("one hot pack, gathered by 100", Shape(instances=1, gathers=100)),
        ("one budget in one row", Shape(shards=1)),
        ("one budget in 16 rows", Shape(shards=16)),
        ("  and 20 ms of the host's after it", Shape(shards=16, after=20.0)),
        ("  the same, in one row", Shape(shards=1, after=20.0)),
        ("  the same, without a budget", Shape(shards=0, after=20.0)),
    ):
        found = rates(costs, shape, workers, cores, length)
        print(f"{name:<34}" + "".join(f"{each:8,.0f}" for each in found))
    print("\nmore databases, by the share of the greatest campaign:")
    many = (2, 4, 8, 16)
    print(f"{'':<34}" + "".join(f"{each:>8}" for each in many))
    for greatest in (0.1, 0.25, 0.5):
        line = "".join(f"{speedup(each, greatest):7.1f}x" for each in many)
        print(f"{f'by campaign, greatest {greatest:.0%}':<34}{line}")
    print(f"{'by campaign and key':<34}" + "".join(f"{each:7.1f}x" for each in map(float, many)))
    for awards in (1_000, 100_000):
        line = "".join(f"{stranded(each, awards):8.1%}" for each in many)
        print(f"{f'  left of {awards:,} awards elsewhere':<34}{line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
