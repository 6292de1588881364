"""Time served: ten thousand packs and asks, the clock forward, three tickers, one killed.

python benchmarks/deadlines.py --many 10000
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]


def main() -> int:
    """On SQLite and on PostgreSQL; 1 where anything is wrong."""
    # Those of the tests, not the scripts beside this one.
    from deadlines import open_shop, serve  # pyright: ignore[reportAttributeAccessIssue]
    from postgres import fresh_schema, server_url  # pyright: ignore[reportAttributeAccessIssue]

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    said = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VIRALCOMMERCE_TEST_URL"] = server_url()
        for kind, where in (("sqlite", f"{folder}/shop.db"), ("postgres", fresh_schema())):
            served = serve(where, said.many, seed=said.seed)
            failed += bool(served.problems)
            with open_shop(where) as shop:
                shop.tick()
                began = time.perf_counter()
                for _ in range(200):
                    shop.tick()
                idle = (time.perf_counter() - began) / 200
            print(
                f"{kind}: {served.ended:,} deadlines acted on once in {served.seconds:.1f} s by "
                f"three tickers, {served.killed} killed; an idle tick {idle * 1e6:.0f} us; "
                f"{len(served.problems)} problems",
                flush=True,
            )
            for problem in served.problems[:20]:
                print(f"  {problem}", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
