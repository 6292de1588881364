"""What ``import viralcommerce`` adds to ``from pydantic import BaseModel``, in fresh processes.

The two are started in turns, in one run; the median of each counts. The bound is milliseconds on
an idle machine like ours (2 cores); the ratio is what to compare elsewhere.

Run it alone: ``python benchmarks/imports.py``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

TURNS = 15
MOST_ADDED = 60.0
"""Milliseconds of CPU."""

ENVIRON = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""As installed: with the bytecode that pip has compiled."""

MEASURE = """
import time
began = time.process_time()
{line}
print((time.process_time() - began) * 1e3)
"""


def took(line: str) -> float:
    """Milliseconds of CPU that a line takes in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(line=line)],
        capture_output=True,
        text=True,
        check=True,
        env=ENVIRON,
    )
    return float(done.stdout)


def main() -> int:
    took("from pydantic import BaseModel; import viralcommerce")  # writes the bytecode
    base: list[float] = []
    both: list[float] = []
    for _ in range(TURNS):
        base.append(took("from pydantic import BaseModel"))
        both.append(took("from pydantic import BaseModel; import viralcommerce"))
    alone, together = statistics.median(base), statistics.median(both)
    added = together - alone
    print(f"from pydantic import BaseModel: {alone:.0f} ms")
    print(f"import viralcommerce adds:      {added:.0f} ms, {added / alone:.2f} × as much")
    print(f"at most {MOST_ADDED:.0f} ms: {'NO' if added > MOST_ADDED else 'yes'}")
    return int(added > MOST_ADDED)


if __name__ == "__main__":
    sys.exit(main())
