"""Effects: what a flow asks a shell to perform."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from viralcommerce.runtime.ports import Asked, Found, Wanted, Writes


class Look(Wanted, frozen=True, kw_only=True, gc=False):
    """Read without locking."""


class Lock(Wanted, frozen=True, kw_only=True, gc=False):
    """Lock and read."""


class Ask(Struct, frozen=True, gc=False):
    """Ask the host about members."""

    asked: tuple[Asked, ...]


class CommitIf(Struct, frozen=True, gc=False):
    """Lock, compare, and commit if what is there is what was supposed, in one step.

    Only sessions that have a verb for it, ``commit_if``, are asked.

    Args:
        lock: what to lock besides what is locked; no key of it was used before, and nobody in it
            was forgotten.
        supposed: the cells, all of them, and what was used of the quotas.
        writes: what to commit then.
    """

    lock: Lock
    supposed: Found
    writes: Writes


class Restart(Struct, frozen=True, gc=False):
    """Release every lock: the flow begins again."""


Effect = Look | Ask | Lock | Writes | CommitIf | Restart
"""What a flow yields; `Writes` are to be committed."""
Supposing: TypeAlias = Callable[[Wanted, Found, Writes], bool]
"""``commit_if`` of a session that has it: whether all was as supposed, and is committed; else
nothing was written and nothing stays locked, and the session can begin again."""
