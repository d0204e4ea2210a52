"""What moves by the clock never runs backwards, and is the same for the same moment."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.demo.clock import ManualClock
from elysiadash.demo.flows import NOTHING, Flow, Latency

_moments = st.floats(1.6e9, 1.9e9)
_flows = st.builds(
    Flow,
    rate=st.floats(0.01, 500),
    swing=st.floats(0, 1),
    period=st.floats(10, 5_000),
    phase=st.floats(0, math.tau),
)


@given(_flows, _moments, st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_total_never_falls(flow: Flow, since: float, first: float, then: float) -> None:
    early, late = flow.total(since, since + first), flow.total(since, since + first + then)
    assert late >= early - 1e-6 * max(1.0, abs(early))


@given(_flows, _moments)
def test_a_total_over_whole_periods_is_the_mean_rate(flow: Flow, since: float) -> None:
    seconds = 40 * flow.period
    assert flow.total(since, since + seconds) == pytest.approx(flow.rate * seconds, rel=1e-3)


def test_nothing_flows_backwards_or_without_a_rate() -> None:
    assert NOTHING.total(0, 1e9) == 0
    assert Flow(5).total(10, 10) == 0
    assert Flow(5).total(20, 10) == 0


@given(st.floats(0.1, 500), st.floats(0.1, 1.5), st.integers(0, 10**7))
def test_buckets_rise_to_the_count(median: float, spread: float, count: int) -> None:
    counts = Latency(median, spread).buckets(count, [1, 10, 100, 1_000, math.inf])
    assert counts == sorted(counts)
    assert counts[-1] == count


def test_a_manual_clock_moves_only_forward() -> None:
    clock = ManualClock(100.0)
    clock.advance(2.5)
    assert clock() == 102.5
    with pytest.raises(ValueError, match="set back"):
        clock.advance(-1)
