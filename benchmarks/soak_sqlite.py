"""The crash test for as long as one likes: processes on one SQLite file, killed at random.

python benchmarks/soak_sqlite.py --minutes 30 --workers 8 --seed 7
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]


def main() -> int:
    """Round after round, each with a seed of its own; 1 where anything is wrong."""
    from crashing import Chaos

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    said = parser.parse_args()
    left, seed, failed = said.minutes * 60, said.seed, 0
    while left > 0:
        with tempfile.TemporaryDirectory() as folder:
            chaos = Chaos(Path(folder), workers=said.workers, seed=seed * 1_000_000)
            report = chaos.run(kills=sys.maxsize, seconds=min(left, 60.0))
        left -= report.seconds
        failed += bool(report.problems)
        print(
            f"seed {seed}: {report.seconds:.0f} s, {report.kills} kills, {report.waves} waves, "
            f"{report.commands} commands, {report.told} answers told, "
            f"{len(report.problems)} problems",
            flush=True,
        )
        for problem in report.problems[:20]:
            print(f"  {problem}", flush=True)
        seed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
