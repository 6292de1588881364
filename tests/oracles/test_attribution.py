"""Attribution against known answers: ``attr/*``; and what is due against ``cps/clawback``."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest

from oracles import oracle
from viralcommerce.lab.attribution import Path, removal, shapley, shapley_of_paths
from viralcommerce.spread.attribution import (
    FirstTouch,
    LastTouch,
    Linear,
    Policy,
    Position,
    TimeDecay,
    attribute,
)
from viralcommerce.spread.levels import FixedLevels
from viralcommerce.spread.touches import Touch, Trail
from viralcommerce.spread.upline import Seat
from viralcommerce.values.money import CNY
from viralcommerce.values.percent import percent
from viralcommerce.values.spans import days

START = datetime(2026, 11, 1, tzinfo=UTC)


def paths(rows: list[list[Any]]) -> list[Path]:
    return [
        Path(tuple(said.split(">")), conversions=int(count), others=0 if count else 1)
        for said, count in rows
    ]


def test_attr_markov_classic() -> None:
    given, known, _ = oracle("attr/markov_classic")
    found = removal(paths(given["paths"]))
    assert found.conversion == known["p_conv"]
    assert found.effects == known["removal_effect"]
    assert found.credits == known["attribution"]


def test_attr_shapley_equals_linear() -> None:
    given, known, tol = oracle("attr/shapley_equals_linear")
    seen = paths(given["paths"])
    found = shapley_of_paths(seen)
    assert {who: float(part) for who, part in found.items()} == pytest.approx(
        known["shapley"], abs=tol
    )

    def conversions(coalition: frozenset[str]) -> Fraction:
        return sum(
            (Fraction(path.conversions) for path in seen if set(path.channels) <= coalition),
            Fraction(0),
        )

    assert shapley(tuple(map(str, found)), conversions) == found


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("first", FirstTouch()),
        ("last", LastTouch()),
        ("linear_by_touch", Linear()),
        ("time_decay", TimeDecay(half_life=days(7))),
        ("position_40_20_40", Position(first=percent(40), last=percent(40))),
    ],
)
def test_attr_rules(name: str, policy: Policy) -> None:
    given, known, tol = oracle("attr/rules")
    trail = Trail.of("v-1")
    for sharer, day in given["touches"]:
        trail = trail.added(Touch(at=START + days(1) * day, campaign="c", sharer=sharer))
    found = attribute(policy, trail, at=START + days(1) * given["conversion_at"], buyer="bob")
    shares: Counter[str] = Counter()
    for credit in found.credited:
        shares[credit.to] += credit.share.share  # type: ignore[assignment]
    assert sum(shares.values()) == 1
    assert {who: float(part) for who, part in shares.items()} == pytest.approx(
        {who: float(part) for who, part in known[name].items()}, abs=tol
    )


def test_cps_clawback() -> None:
    """EC-32, EC-105: what is due is a function of the net, so the order of refunds is nothing."""
    given, known, _ = oracle("cps/clawback")
    scheme = FixedLevels(tuple(percent(Fraction(bp, 100)) for bp in given["bp"]))
    upline = [Seat("ann"), Seat("cat")]

    def due(minor: int) -> list[int]:
        return [each.amount.minor for each in scheme.due(CNY.minor(minor), upline)]

    for path, ledger in zip(given["refund_paths"], ("ledger1", "ledger2"), strict=True):
        net, rows = given["gross"], [due(given["gross"])]
        for refund in path:
            before, net = due(net), net - refund
            rows.append([now - was for now, was in zip(due(net), before, strict=True)])
        assert rows == known[ledger]
        assert [sum(column) for column in zip(*rows, strict=True)] == known["final"]
    for path in permutations((3333, 3333, 3333)):
        assert due(given["gross"] - sum(path)) == known["full_refund_final"]
