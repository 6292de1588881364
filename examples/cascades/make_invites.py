"""Makes invites.csv: two weeks of a made-up invite campaign, the same on every machine.

    python make_invites.py > invites.csv

Three hundred people find the campaign themselves. Most invite nobody and a few invite many (a
negative binomial with mean 0.7 and dispersion 0.3), after two days on average.
The campaign runs still when the file is written, so the newest members have had little time:
what that does to K is shown by ``measure --until``.
"""

from __future__ import annotations

import csv
import heapq
import random
import sys
from datetime import datetime, timedelta

BEGINS = datetime.fromisoformat("2025-11-01T00:00:00+08:00")
ENDS = BEGINS + timedelta(days=14)
SEEDS, MEAN, DISPERSION, DELAY = 300, 0.7, 0.3, timedelta(days=2)


def main() -> None:
    dice = random.Random("invites")
    waiting: list[tuple[datetime, int, str, str]] = []  # when, a tie-break, by whom, of which root
    for seed in range(SEEDS):
        came = BEGINS + (ENDS - BEGINS) * dice.random()
        heapq.heappush(waiting, (came, seed, "", ""))
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("id", "parent", "time", "root"))
    count, order = 0, SEEDS
    while waiting and waiting[0][0] < ENDS:
        came, _, parent, root = heapq.heappop(waiting)
        count += 1
        name = f"m{count:03}"
        root = root or name
        out.writerow((name, parent, came.isoformat(timespec="seconds"), root))
        eager = dice.gammavariate(DISPERSION, MEAN / DISPERSION)
        friends = 0
        pause = dice.expovariate(1.0)  # the arrivals of a Poisson process of that rate
        while pause < eager:
            friends += 1
            pause += dice.expovariate(1.0)
        for _ in range(friends):
            order += 1
            later = came + DELAY * dice.expovariate(1.0)
            heapq.heappush(waiting, (later, order, name, root))


if __name__ == "__main__":
    main()
