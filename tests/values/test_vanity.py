"""Chosen codes: what a member may stand for in public."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from viralcommerce.errors import InvalidValue
from viralcommerce.values.codes import CodeFormat
from viralcommerce.values.vanity import OFFERS, VanityFormat

VANITY = VanityFormat(beside=(CodeFormat(8),), offers=OFFERS | {"UBER"})


@pytest.mark.parametrize(
    "text", ["ann-tea", "ANN TEA", "\uff21nn\u200btea", "CAROL1999", "coffee", "T33POT", "2026"]
)
def test_what_may_be_chosen(text: str) -> None:
    """EC-42, EC-43."""
    assert VANITY.why_not(text) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "too_short"), ("---", "too_short"), ("ann", "too_short"), ("a" * 21, "too_long"),
        ("-" * 10**6, "too_long"), ("ann's tea", "characters"), ("茶壶茶壶", "characters"),
        ("ann\ud800tea", "characters"),
        ("sh1t-tea", "screened"), ("F\u00fcck", "characters"), ("5B-tea", "screened"),
        ("uber$20FreeRide", "characters"), ("uber20ride", "offer"), ("FR33-ride", "offer"),
        ("get20off", "offer"), ("2O0FF", "offer"), ("pr0m0", "offer"), ("0fficial", "offer"),
        ("7F3K9QZ2", "drawn"), ("7f3k-9qz2", "drawn"),
    ],
)  # fmt: skip
def test_what_may_not(text: str, why: str) -> None:
    """EC-43, EC-45, EC-70: rude words, offers and brands, and what could be drawn."""
    assert VANITY.why_not(text) == why


def test_a_near_miss_of_a_drawn_code_may_be_chosen() -> None:
    assert VANITY.why_not("7F3K9QZ3") == "", "its check is wrong, so it is never drawn"


@pytest.mark.parametrize(
    "wrong",
    [
        {"shortest": 0},
        {"shortest": 9, "longest": 8},
        {"longest": 65},
        {"offers": frozenset({"x"})},
    ],
)
def test_a_format_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        VanityFormat(**wrong)


def test_how_many_guesses_a_quota_may_allow() -> None:
    """EC-45: brute force, throttled to a stated chance."""
    form = CodeFormat(8)
    guesses = form.guesses_within(10_000, Fraction(1, 1_000))
    assert guesses * form.guess_chance(10_000) <= Fraction(1, 1_000)
    assert (guesses + 1) * form.guess_chance(10_000) > Fraction(1, 1_000)
    for count, chance in ((0, Fraction(1, 2)), (1, Fraction(0))):
        with pytest.raises(InvalidValue, match="give both above 0"):
            form.guesses_within(count, chance)
