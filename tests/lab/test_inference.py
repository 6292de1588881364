"""K and its error bars where data is thin, odd or wrong."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viralcommerce.errors import InvalidValue
from viralcommerce.lab.branching import dead_by, dies_out, growth_rate, size_variance
from viralcommerce.lab.forest import Forest
from viralcommerce.lab.inference import (
    Estimate,
    alike,
    corrected,
    coverage_if_alike,
    k_of_offspring,
    k_of_sizes,
    mean_offspring,
    members_needed,
    standard_error,
)
from viralcommerce.lab.likelihood import (
    POISSON,
    crossing,
    cut_off,
    log_counts,
    log_gamma,
    log_size,
    tally,
)
from viralcommerce.lab.running import Watched, ever_invited, mean_cumulative

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)


def test_letting_members_differ_makes_the_interval_longer() -> None:
    draw = np.random.default_rng(3)
    counts = draw.negative_binomial(0.2, 0.2 / 0.7, 400)
    alike = k_of_offspring(counts, dispersion=POISSON).k
    differ = k_of_offspring(counts)
    assert differ.k.value == alike.value
    assert differ.k.low < alike.low < alike.high < differ.k.high
    assert differ.dispersion.low < 0.2 < differ.dispersion.high


def test_members_who_look_alike_have_no_finite_dispersion() -> None:
    found = k_of_offspring([1] * 50)
    assert found.dispersion.value == found.dispersion.high == math.inf
    assert found.dispersion.low > 1


def test_nobody_brought_anybody() -> None:
    for found in (k_of_sizes([1, 1, 1], dispersion=POISSON), k_of_offspring([0] * 3)):
        assert (found.k.value, found.k.low) == (0, 0)
        assert found.k.high > 0
    assert k_of_sizes([1, 1, 1], dispersion=POISSON).k.high == pytest.approx(1.9207 / 3, rel=1e-4)


def test_several_seeds_a_cascade() -> None:
    found = k_of_sizes([6, 3, 3], seeds=3, dispersion=POISSON)
    assert found.k.value == 1 - 9 / 12
    assert found.members == 12


@pytest.mark.parametrize(("count", "members"), [(0, 1_000), (1, 2), (1, 500_000), (7, 30)])
def test_members_who_all_brought_as_many_have_an_interval_with_a_length(
    count: int, members: int
) -> None:
    """No variance was seen; that is not to know that there is none."""
    found = mean_offspring([count] * members)
    assert found == alike(count, members) == k_of_offspring([count] * members).k
    assert found.low <= count < found.high
    assert found.low < count or not count


@given(
    st.lists(st.integers(0, 6) | st.integers(0, 10**9), min_size=1, max_size=8),
    st.sampled_from([1, 3, 40_000]),
)
def test_intervals_are_the_right_way_up(counts: list[int], often: int) -> None:
    """Huge counts, and very many of equal ones, too."""
    found = k_of_offspring(np.repeat(np.array(counts), often))
    for estimate in (found.k, found.dispersion):
        assert estimate.low <= estimate.value <= estimate.high


def test_a_dispersion_far_beyond_k_is_that_of_members_alike() -> None:
    """The likelihood goes over into Poisson's without a step, however large the numbers."""
    counts = tally([3, 10**6, 10**9], least=0, what="counts")
    poisson = log_counts(counts, 1e8, POISSON)
    near = [log_counts(counts, 1e8, 10.0**power) for power in (8, 12, 16, 20, 24)]
    assert near == sorted(near, reverse=True)
    assert near[-1] == pytest.approx(poisson, rel=1e-9)


def test_nobody_who_was_watched_brought_anybody() -> None:
    watched = Watched.until(Forest([-1, -1]), [5, 6], 10)
    assert str(mean_cumulative(watched).at(1)) == "0 (0 to inf, 95%)"
    many = Watched.of([(10, [])] * 1_000 + [(3, [])])
    assert mean_cumulative(many).at(5) == alike(0, 1_000)
    assert str(ever_invited(many).at(5)) == "0 (0 to 0.00368, 95%)"


def test_everybody_who_was_watched_did_the_same() -> None:
    watched = Watched.of([(10, [1, 3, 4])] * 7)
    assert mean_cumulative(watched).at(9) == alike(3, 7)
    assert str(ever_invited(watched).at(9)) == "1 (0.59 to 1, 95%)"
    last = ever_invited(Watched.of([(10, [5]), (4, [3]), (2, [])])).at(6)
    assert last.value == last.high == 1
    assert 0 < last.low < 0.5, "one was left, of whom little is known"


def test_a_larger_sample_narrows_the_interval() -> None:
    sizes = [1, 1, 1, 2, 5, 1, 3, 1, 1, 4]
    few, many = k_of_sizes(sizes).k, k_of_sizes(sizes * 20).k
    assert few.low < many.low < 0.5 < many.high < few.high


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: k_of_sizes([]), "sizes: none given"),
        (lambda: k_of_sizes([0, 2]), "sizes: 0 is too small; the least is 1"),
        (lambda: k_of_sizes([2, 3], seeds=3), "2 is too small; the least is 3"),
        (lambda: k_of_sizes([2], seeds=0), "0 seeds"),
        (lambda: k_of_sizes([1.5]), "give a row of whole ones"),
        (lambda: k_of_sizes([2, 3], dispersion=0), "dispersion: 0"),
        (lambda: k_of_sizes([2, 3], dispersion=math.nan), "dispersion: nan"),
        (lambda: k_of_sizes([2, 3], level=95), "level: 95 is no part"),
        (lambda: k_of_offspring([-1]), "-1 is too small"),
        (lambda: mean_offspring([3]), "one member has no variance"),
        (lambda: members_needed(0, 1, 0.1), "must all be above 0"),
        (lambda: coverage_if_alike(0.5, -1), "coverage: K of 0.5 and a dispersion of -1; give a"),
        (lambda: coverage_if_alike(0.5, 0), "a dispersion of 0; give"),
        (lambda: coverage_if_alike(-1, 0.1), "coverage: K of -1"),
        (lambda: coverage_if_alike(math.nan, 0.1), "coverage: K of nan"),
        (lambda: coverage_if_alike(0.5, 0.1, level=2), "level: 2 is no part"),
        (lambda: standard_error(0.5, 0, 5), "standard error: K of 0.5 and a dispersion of 0"),
        (lambda: standard_error(0.5, 1, 0), "standard error: 0 members; give at least one"),
        (lambda: mean_cumulative(Watched.of([(3, [1])]), level=95), "level: 95 is no part"),
        (
            lambda: mean_cumulative(Watched.of([(3, [1])])).at(3.5),
            "curve: nobody was watched at the age 3.5; ask for 3 or less",
        ),
        (lambda: corrected(Estimate(1, 1, 1, 0.95), 0), "0 is no part"),
        (lambda: growth_rate(0, 1), "must all be above 0"),
        (lambda: dies_out(-1), "K: -1; give how many a member brings on average, 0 or more"),
        (lambda: dies_out(math.inf), "K: inf; give how many"),
        (lambda: dies_out(1.5, 0), "dispersion: 0; give a number above 0, or POISSON"),
        (lambda: dead_by(2, 1.5, -0.1), "dispersion: -0.1; give"),
        (lambda: size_variance(0.5, 0), "dispersion: 0; give"),
        (lambda: size_variance(math.nan), "K: nan; give how many"),
        (lambda: log_size(3, 0.5, 0), "dispersion: 0; give"),
        (lambda: Watched.of([]), "nobody; give at least one"),
        (lambda: Watched.of([(3, [4])]), "was watched for 3 and brought somebody at the age 4"),
        (lambda: Watched.of([(-1, [])]), "a span that is negative"),
        (lambda: Watched(np.ones(1), np.array([2]), np.ones(1)), "an invite of nobody"),
        (lambda: Watched(np.ones(1), np.array([0]), np.ones(2)), "1 invites and 2 ages"),
        (lambda: Watched.until(Forest([-1]), [1, 2], 3), "2 times for 1 members"),
        (lambda: Watched.until(Forest([-1]), [math.nan], 3), "a time that is no number"),
        (lambda: Watched.until(Forest([-1]), [NOON], 3), "of a datetime give the .timestamp()"),
        (lambda: Watched.until(Forest([-1]), [0], NOON), "watched: times as numbers, not"),
    ],
)
def test_what_cannot_be_estimated_from_is_said(call, says: str) -> None:
    with pytest.raises(InvalidValue) as error:
        call()
    assert says in error.value.message


def test_a_forest_with_times_is_watched_until_an_end() -> None:
    forest = Forest([-1, 0, 0, 1, 1])
    watched = Watched.until(forest, [0, 2, 9, 1, 5], end=6)
    assert watched.spans.tolist() == [6, 4, 5, 1]  # who came at 9 is not there yet
    assert watched.who.tolist() == [0, 1, 1]
    assert watched.ages.tolist() == [2, 0, 3]  # one came before who brought them: two clocks


def test_robust_errors_are_those_of_the_definition() -> None:
    """Lawless and Nadeau's sum, member by member, against the one sweep."""
    draw = np.random.default_rng(1)
    told = []
    for _ in range(40):
        span = int(draw.integers(1, 10))
        told.append((span, draw.integers(0, span + 1, draw.poisson(1.0)).tolist()))
    curve = mean_cumulative(Watched.of(told))
    for age, error in zip(curve.ages, curve.errors, strict=True):
        total = 0.0
        for span, ages in told:
            own = 0.0
            for at, risk, events in zip(curve.ages, curve.at_risk, curve.events, strict=True):
                if at <= age and span >= at:
                    own += (ages.count(at) - events / risk) / risk
            total += own * own
        assert error == pytest.approx(math.sqrt(total))


def test_log_gamma_is_that_of_the_standard_library() -> None:
    for x in (0.01, 0.5, 1, 1.5, 2, 10, 1e3, 1e7):
        assert log_gamma(np.array([float(x)]))[0] == pytest.approx(
            math.lgamma(x), rel=1e-13, abs=1e-13
        )


def test_crossings_are_found_from_both_sides_and_through_infinity() -> None:
    assert crossing(lambda x: 2 - x * x, 0.0, 10.0) == pytest.approx(math.sqrt(2), abs=1e-11)
    assert crossing(lambda x: 1.0, 0.0, 7.0) == 7.0

    def cliff(x: float) -> float:
        return math.log(x) + 3 if x > 0 else -math.inf

    assert crossing(cliff, 1.0, 0.0) == pytest.approx(math.exp(-3), abs=1e-11)
    assert cut_off(0.95) == pytest.approx(1.920729)
