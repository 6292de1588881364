"""An analyst's hour with a campaign that runs still, cell by cell; any notebook takes it as it is.

    python analysis.py            # over invites.csv beside it

The file was made with K = 0.7 and a dispersion of 0.3, so each answer can be checked.
"""

# %% Who brought whom, and when
import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from viralcommerce.lab.branching import dies_out, mean_size, size_variance
from viralcommerce.lab.forest import Forest
from viralcommerce.lab.inference import k_of_offspring, members_needed
from viralcommerce.lab.measures import measure, share_of_top
from viralcommerce.lab.running import Watched, ever_invited, mean_cumulative

DAY = timedelta(days=1).total_seconds()
with Path(__file__).with_name("invites.csv").open(newline="") as file:
    rows = list(csv.DictReader(file))
forest = Forest.from_links([row["id"] for row in rows], [row["parent"] or None for row in rows])
came = np.array([datetime.fromisoformat(row["time"]).timestamp() / DAY for row in rows])
today = datetime.fromisoformat("2025-11-15T00:00:00+08:00").timestamp() / DAY
print(forest)

# %% How far, how wide, how viral
found = measure(forest)
largest = int(found.size.argmax())
print("the largest cascade, by generation:", found.generations(largest).tolist())
print(f"its virality: {found.virality[largest]:.2f}")
print(f"cascades that never left their root: {np.mean(found.size == 1):.0%}")

# %% What a dashboard says, and what it should say
watched = Watched.until(forest, came, today)
curve = mean_cumulative(watched)
print(
    f"all invites over all members: {len(watched.ages) / len(watched.spans):.2f}, which is too low"
)
for age in (1, 2, 4, 8):
    print(f"K within {age} days: {curve.at(age)}")
print(f"members who ever bring anybody, within 8 days: {ever_invited(watched).at(8)}")

# %% Only those who have been there for eight days: no censoring left, fewer members
is_old = came <= today - 8
brought = np.bincount(watched.who[watched.ages <= 8], minlength=len(forest))[is_old]
late = k_of_offspring(brought)
print(f"K within 8 days, of {is_old.sum()} members: {late.k}; dispersion {late.dispersion}")
print(f"the tenth of the members who brought most brought {share_of_top(brought, 0.1):.0%}")

# %% What it means for the budget: 1,000 more seeds, a reward for each friend
k, dispersion = late.k.value, late.dispersion.value
mean, error = mean_size(k, seeds=1_000), size_variance(k, dispersion, seeds=1_000) ** 0.5
print(f"members in the end: {mean:,.0f}, give or take {2 * error:,.0f}")
print(f"chance that one seed's cascade dies out: {dies_out(k, dispersion):.0%}")
print("members to watch to know K to within 0.05:", members_needed(k, dispersion, 0.05))
