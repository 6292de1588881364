"""Circles: whether anybody stands above themselves. Pure; linear in the number of instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def circles(parents: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """The circles among instances that hang under each other, each once.

    Args:
        parents: what each hangs under; "" for nothing.

    Example:
        >>> list(circles({"ann": "bob", "bob": "cat", "cat": "bob", "dee": ""}))
        [('bob', 'cat')]
    """
    done: set[str] = set()
    for start in parents:
        way: dict[str, None] = {}
        one = start
        while one and one not in done and one not in way:
            way[one] = None
            one = parents.get(one, "")
        if one in way:
            names = tuple(way)
            yield names[names.index(one) :]
        done.update(way)
