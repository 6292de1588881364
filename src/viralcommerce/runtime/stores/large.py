"""A dictionary of a million entries that the garbage collector leaves alone."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Large(dict[K, V]):
    """A dictionary that may grow large.

    CPython stops tracking a plain dictionary whose entries cannot form cycles, and tracks it
    again, as if it were new, when something is put into it: from then on nearly every small
    collection walks all of it. With a million cells that more than doubled what a command costs.
    One of a class of its own stays tracked, grows old, and is walked by full collections only.
    """

    __slots__ = ()
