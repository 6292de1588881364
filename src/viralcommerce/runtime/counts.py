"""Whole numbers that a host gives, within what every store can keep and compare."""

from __future__ import annotations

from typing import Final

from viralcommerce.errors import InvalidValue

MOST: Final = 2**63 - 1
"""The largest number that a database has room for."""


def whole(number: int, what: str, *, at_least: int = 0) -> int:
    """The number itself, if it is a whole one that a database knows.

    Args:
        number: a limit, or a position.
        what: its name, for the message: ``tick: limit``.
        at_least: inclusive.

    Raises:
        InvalidValue: it is none, too small or too large.

    Example:
        >>> whole(-1, "tick: limit")
        Traceback (most recent call last):
        ...
        viralcommerce.errors.InvalidValue: tick: limit=-1; give a whole number from 0 to 2**63 - 1
    """
    if type(number) is not int or not at_least <= number <= MOST:
        raise InvalidValue(
            f"{what}={number!r:.40}; give a whole number from {at_least} to 2**63 - 1"
        )
    return number
