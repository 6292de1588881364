"""Saying: what the host gave, put into a message, whatever its own words do.

A value whose ``repr`` raises, or an exception whose ``str`` does, is named by its type.
"""

from __future__ import annotations

from typing import Final

SHOWN: Final = 60
"""The most characters of a value that a message shows."""


def shown(value: object) -> str:
    """A value as Python writes it, cut short.

    Example:
        >>> shown("ann" * 30)
        "'annannannannannannannannannannannannannannannannannannannan"
    """
    try:
        return repr(value)[:SHOWN]
    except Exception:  # noqa: BLE001 - whatever somebody's repr likes to raise
        return f"<{type(value).__name__}>"


def said(error: BaseException) -> str:
    """An exception in one line: its type, and what it says, if it says anything.

    Example:
        >>> said(KeyError("ann")), said(TimeoutError())
        ("KeyError: 'ann'", 'TimeoutError')
    """
    name = type(error).__name__
    try:
        return f"{name}: {error!s}".strip().removesuffix(":")
    except Exception:  # noqa: BLE001 - whatever somebody's str likes to raise
        return name
