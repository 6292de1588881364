"""Effects: what a flow asks a shell to perform."""

from __future__ import annotations

from msgspec import Struct

from viralcommerce.runtime.ports import Asked, Wanted, Writes


class Look(Wanted, frozen=True, kw_only=True, gc=False):
    """Read without locking."""


class Lock(Wanted, frozen=True, kw_only=True, gc=False):
    """Lock and read."""


class Ask(Struct, frozen=True, gc=False):
    """Ask the host about members."""

    asked: tuple[Asked, ...]


class Restart(Struct, frozen=True, gc=False):
    """Release every lock: the flow begins again."""


Effect = Look | Ask | Lock | Writes | Restart
"""What a flow yields; `Writes` are to be committed."""
