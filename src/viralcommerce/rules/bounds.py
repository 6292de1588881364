"""Bounds, inclusive by name: ``at_least`` and ``at_most``, checked, asked and put into words."""

from __future__ import annotations

from decimal import Decimal

from viralcommerce.errors import InvalidRule

Bound = int | Decimal | None
"""None: no bound on that side."""


def check_bounds(at_least: Bound, at_most: Bound) -> None:
    """Refuse bounds that bound nothing, or leave nothing over.

    Raises:
        InvalidRule: neither is given, or they cross.
    """
    if at_least is None and at_most is None:
        raise InvalidRule("neither at_least nor at_most is given; give one or both")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise InvalidRule(
            f"at_least={at_least} is above at_most={at_most}, so nothing will do; swap them?"
        )


def bounded(fact: str, at_least: Bound, at_most: Bound) -> tuple[str, tuple[object, ...]]:
    """The Python expression of the bounds, with its constants.

    Example:
        >>> bounded("{a}", 1, 3), bounded("{a}", None, 3)
        (('{0} <= {a} <= {1}', (1, 3)), ('{a} <= {0}', (3,)))
    """
    if at_most is None:
        return f"{fact} >= {{0}}", (at_least,)
    if at_least is None:
        return f"{fact} <= {{0}}", (at_most,)
    return f"{{0}} <= {fact} <= {{1}}", (at_least, at_most)


def within_en(at_least: Bound, at_most: Bound) -> str:
    """``at least 1``, ``at most 3``, ``1 to 3``, ``exactly 3``."""
    if at_most is None:
        return f"at least {at_least}"
    if at_least is None:
        return f"at most {at_most}"
    return f"exactly {at_most}" if at_least == at_most else f"{at_least} to {at_most}"


def beyond_en(at_least: Bound, at_most: Bound, less: str = "less", more: str = "more") -> str:
    """The contrary of `within_en`: ``less than 1 or more than 3``."""
    below = () if at_least is None else (f"{less} than {at_least}",)
    above = () if at_most is None else (f"{more} than {at_most}",)
    return " or ".join((*below, *above))


def within_zh(at_least: Bound, at_most: Bound) -> str:
    """``不少于1``, ``不超过3``, ``在1至3之间``, ``恰为3``."""
    if at_most is None:
        return f"不少于{at_least}"
    if at_least is None:
        return f"不超过{at_most}"
    return f"恰为{at_most}" if at_least == at_most else f"在{at_least}至{at_most}之间"


def beyond_zh(at_least: Bound, at_most: Bound) -> str:
    """The contrary of `within_zh`: ``少于1或多于3``."""
    below = () if at_least is None else (f"少于{at_least}",)
    above = () if at_most is None else (f"多于{at_most}",)
    return "或".join((*below, *above))
