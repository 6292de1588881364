"""Known answers, with their sources: ``oracle("alloc/webster").expect``.

Every ``*.json`` beside this file is a list of entries with an ``id``, what is ``given``, what to
``expect``, the tolerance ``tol``, and the ``source``. A number written as a fraction is read as
one, exactly.
"""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class Oracle(NamedTuple):
    """One known answer."""

    given: dict[str, Any]
    expect: dict[str, Any]
    tol: float


def oracle(name: str) -> Oracle:
    """The known answer of that id."""
    return _all()[name]


@cache
def _all() -> dict[str, Oracle]:
    entries = [
        entry
        for file in sorted(Path(__file__).parent.glob("*.json"))
        for entry in json.loads(file.read_text("utf-8"), object_hook=_exact)
    ]
    return {
        entry["id"]: Oracle(entry["given"], entry["expect"], entry["tol"]) for entry in entries
    }


def _exact(value: dict[str, Any]) -> Any:
    return Fraction(value["fraction"]) if value.keys() == {"fraction", "float"} else value
