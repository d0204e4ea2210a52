"""Rates and quantiles between two readings: restarts, lost series, bounds that differ."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.weaviate.rates import QuantileEstimate, bucket_delta, counter_rate, quantile

INF = math.inf
BOUNDS = (10.0, 50.0, 100.0, 500.0, INF)


def cumulative(*counts: float) -> dict[float, float]:
    return dict(zip(BOUNDS, counts, strict=True))


def test_a_rate_is_the_difference_over_the_time() -> None:
    assert counter_rate(100, 160, 15, restarted=False) == 4.0
    assert counter_rate(100, 100, 15, restarted=False) == 0.0


def test_after_a_restart_all_that_the_counter_shows_is_new() -> None:
    assert counter_rate(100, 30, 15, restarted=True) == 2.0
    # Also where the new process already counted further than the old one.
    assert counter_rate(100, 300, 15, restarted=True) == 20.0


def test_a_counter_that_fell_without_a_restart_tells_nothing() -> None:
    assert counter_rate(100, 99, 15, restarted=False) is None


@pytest.mark.parametrize(("older", "newer", "seconds"), [(None, 1, 1), (1, None, 1), (1, 2, 0)])
def test_what_is_not_known_has_no_rate(
    older: float | None, newer: float | None, seconds: float
) -> None:
    assert counter_rate(older, newer, seconds, restarted=False) is None


def test_buckets_differ_bound_by_bound() -> None:
    older, newer = (
        tuple(cumulative(1, 2, 3, 4, 5).items()),
        tuple(cumulative(1, 3, 5, 7, 9).items()),
    )
    assert bucket_delta(older, newer, restarted=False) == cumulative(0, 1, 2, 3, 4)


def test_buckets_that_began_anew_count_in_full() -> None:
    older, newer = (
        tuple(cumulative(9, 9, 9, 9, 9).items()),
        tuple(cumulative(1, 3, 5, 7, 8).items()),
    )
    assert bucket_delta(older, newer, restarted=False) == dict(newer)
    assert bucket_delta(newer, older, restarted=True) == dict(older)
    assert bucket_delta((), newer, restarted=False) == dict(newer)
    assert bucket_delta(((5.0, 1.0), (INF, 2.0)), newer, restarted=False) == dict(newer)
    assert bucket_delta(newer, (), restarted=False) == {}


def test_a_quantile_lies_in_its_bucket() -> None:
    # 100 queries: 50 below 10 ms, 40 from 10 to 50, 10 from 50 to 100.
    delta = cumulative(50, 90, 100, 100, 100)
    assert quantile([delta], 0.7) == QuantileEstimate(30.0)
    assert quantile([delta], 0.95) == QuantileEstimate(75.0)
    assert quantile([delta], 1.0) == QuantileEstimate(100.0)


def test_below_the_lowest_bound_nothing_finer_is_known() -> None:
    assert quantile([cumulative(50, 90, 100, 100, 100)], 0.5) == QuantileEstimate(10.0, below=True)


def test_above_the_highest_bound_nothing_finer_is_known() -> None:
    assert quantile([cumulative(1, 1, 1, 1, 9)], 0.95) == QuantileEstimate(500.0, above=True)


def test_without_a_query_there_is_no_quantile() -> None:
    assert quantile([], 0.5) is None
    assert quantile([{}, cumulative(0, 0, 0, 0, 0)], 0.5) is None
    assert quantile([{10.0: 5.0}], 0.5) is None
    assert quantile([{INF: 5.0}], 0.5) is None


def test_nodes_add_up() -> None:
    slow, fast = cumulative(0, 0, 0, 10, 10), cumulative(90, 90, 90, 90, 90)
    assert quantile([slow, fast], 0.5) == QuantileEstimate(10.0, below=True)
    assert quantile([slow, fast], 0.95) == QuantileEstimate(300.0)


def test_only_bounds_that_all_nodes_have_are_used() -> None:
    coarse = {10.0: 0.0, 100.0: 10.0, INF: 10.0}
    fine = {10.0: 0.0, 25.0: 10.0, 100.0: 10.0, INF: 10.0}
    assert quantile([coarse, fine], 0.5) == QuantileEstimate(55.0)
    # A node without queries does not narrow them.
    assert quantile([fine, dict.fromkeys(coarse, 0.0)], 0.5) == QuantileEstimate(17.5)


def test_a_cumulative_count_that_falls_counts_as_level() -> None:
    assert quantile([cumulative(5, 4, 10, 10, 10)], 0.55) == QuantileEstimate(55.0)


COUNTS = st.lists(st.integers(0, 1000), min_size=len(BOUNDS), max_size=len(BOUNDS))


@given(st.lists(COUNTS, min_size=1, max_size=3), st.floats(0, 1), st.floats(0, 1))
def test_quantiles_never_fall_and_agree_with_the_counts(
    nodes: list[list[int]], one: float, two: float
) -> None:
    deltas = []
    for counts in nodes:
        sums = [float(sum(counts[: at + 1])) for at in range(len(counts))]
        deltas.append(cumulative(*sums))
    low, high = quantile(deltas, min(one, two)), quantile(deltas, max(one, two))
    total = sum(delta[INF] for delta in deltas)
    if not total:
        assert low is None
        assert high is None
        return
    assert low is not None
    assert high is not None
    assert low.ms <= high.ms
    at_bounds = [(bound, sum(delta[bound] for delta in deltas)) for bound in BOUNDS]
    rank = min(one, two) * total
    if low.below:
        assert at_bounds[0][1] >= rank
    elif low.above:
        assert at_bounds[-2][1] < rank
    else:
        assert any(
            before <= low.ms <= bound and counted < rank <= count
            for (before, counted), (bound, count) in pairwise(at_bounds)
        )
