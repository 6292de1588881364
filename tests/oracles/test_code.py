"""Codes against known answers: ``code/*``."""

from itertools import count

import pytest

from oracles import oracle
from viralcommerce.values.codes import CROCKFORD_32, CodeFormat


def test_collision() -> None:
    """EC-45, RQ-13: how dense a run is, is known before it is made."""
    known = oracle("code/collision")
    many, eight = known.given["n"], CodeFormat(8, check=False)
    assert eight.capacity == 2 ** known.given["bits"]
    chance = eight.collision_chance(many)
    assert chance == pytest.approx(known.expect["P_collision"], abs=known.tol)
    hit = float(eight.guess_chance(many))
    assert hit == pytest.approx(known.expect["guess_hit_rate"], abs=known.tol)
    enough = next(
        length
        for length in count(1)
        if CodeFormat(length, check=False).collision_chance(many) < 1e-6
    )
    assert enough == known.expect["len_for_P<1e-6"]


def test_luhn32() -> None:
    """RQ-13: a typing error is told from an unknown code."""
    known = oracle("code/luhn32")
    form = CodeFormat(8)
    body, code = known.given["body"], known.expect["code"]
    assert body + form.check_char(body) == code
    assert form.is_well_formed(code)

    singles = [
        code[:place] + letter + code[place + 1 :]
        for place in range(len(code))
        for letter in CROCKFORD_32
        if letter != code[place]
    ]
    caught = not any(map(form.is_well_formed, singles))
    assert caught == known.expect["all_single_errors_detected"]

    swapped = [
        place
        for place in range(len(code) - 1)
        if code[place] != code[place + 1]
        and form.is_well_formed(code[:place] + code[place + 1] + code[place] + code[place + 2 :])
    ]
    assert swapped == known.expect["undetected_adjacent_swaps_at"]
