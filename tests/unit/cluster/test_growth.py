"""The slope between flushes: right while counts jump, zero when they stop, honest at first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.growth import GrowthTracker


def staircase(rate: float, flush_every: float, phase: float, at: float) -> int:
    """The flushed count at ``at`` of a shard that takes ``rate`` objects a second."""
    flushes = int((at + phase) // flush_every)
    return max(0, int(rate * (flushes * flush_every - phase)))


@given(
    rate=st.floats(1, 2000),
    phases=st.lists(st.floats(0, 59), min_size=1, max_size=6),
    poll=st.sampled_from([5.0, 15.0]),
)
def test_a_steady_rate_is_seen_within_a_tenth_although_counts_jump(
    rate: float, phases: list[float], poll: float
) -> None:
    tracker = GrowthTracker()
    at = 0.0
    while at <= 600:
        counts = {
            f"s{n}": staircase(rate, 60, phase, at) + 10_000 for n, phase in enumerate(phases)
        }
        tracker.observe(at, {"Doc": counts})
        at += poll
    growth = tracker.of("Doc")
    assert growth is not None
    assert growth.per_second == pytest.approx(rate * len(phases), rel=0.1, abs=1)


def test_nothing_is_said_before_two_flushes() -> None:
    tracker = GrowthTracker()
    tracker.observe(0, {"Doc": {"s": 100}})
    assert tracker.of("Doc") is None
    tracker.observe(15, {"Doc": {"s": 900}})
    assert tracker.of("Doc") is None


def test_a_still_collection_is_at_zero_once_watched_long_enough() -> None:
    tracker = GrowthTracker()
    for at in range(0, 165, 15):
        tracker.observe(at, {"Doc": {"s": 100}})
        if at < 150:
            assert tracker.of("Doc") is None
    growth = tracker.of("Doc")
    assert growth is not None
    assert growth.per_second == 0


def test_growth_fades_after_the_writes_end() -> None:
    tracker = GrowthTracker()
    for at in range(0, 300, 15):
        tracker.observe(at, {"Doc": {"s": staircase(100, 60, 0, at)}})
    busy = tracker.of("Doc")
    assert busy is not None
    last = staircase(100, 60, 0, 299)
    for at in range(300, 1200, 15):
        tracker.observe(at, {"Doc": {"s": last}})
        if at == 540:
            fading = tracker.of("Doc")
            assert fading is not None
            assert 0 < fading.per_second < busy.per_second
    quiet = tracker.of("Doc")
    assert quiet is not None
    assert quiet.per_second == 0


def test_deletes_are_a_negative_slope() -> None:
    tracker = GrowthTracker()
    for at in range(0, 400, 15):
        tracker.observe(at, {"Doc": {"s": 100_000 - staircase(50, 60, 0, at)}})
    growth = tracker.of("Doc")
    assert growth is not None
    assert growth.per_second == pytest.approx(-50, rel=0.1)


def test_deleted_collections_and_shards_are_forgotten() -> None:
    tracker = GrowthTracker()
    for at in range(0, 400, 15):
        tracker.observe(at, {"Doc": {"s": at * 10, "t": at * 10}, "Old": {"s": at}})
    tracker.observe(400, {"Doc": {"s": 4000}})
    assert tracker.of("Old") is None
    assert tracker.of("Doc") is not None


def test_the_long_slope_needs_half_an_hour_and_then_smooths_a_burst() -> None:
    tracker = GrowthTracker()
    for at in range(0, 3600, 15):
        growth = tracker.follow(at, {"Doc": {"s": 1000 if at < 900 else 8200}}).get("Doc")
        if at == 1785:
            assert growth is not None
            assert growth.long_per_second is None
    assert growth is not None
    assert growth.per_second == 0
    assert growth.long_per_second == pytest.approx(2, rel=0.01)


def test_a_moving_shard_whose_pace_is_not_known_yet_keeps_the_sum_back() -> None:
    tracker = GrowthTracker()
    for at in range(0, 121, 15):
        known = staircase(100, 60, 30, at)
        tracker.observe(at, {"Doc": {"known": known, "late": 500 if at < 105 else 900}})
    assert tracker.of("Doc") is None


def test_one_write_to_a_shard_long_still_is_told_when_it_is_over() -> None:
    tracker = GrowthTracker()
    for at in range(0, 601, 15):
        counts = {f"tenant{n}": 100 for n in range(50)}
        if at >= 285:
            counts["tenant7"] = 700
        tracker.observe(at, {"Doc": counts})
        if at == 300:
            assert tracker.of("Doc") is None
    growth = tracker.of("Doc")
    assert growth is not None
    assert growth.per_second == pytest.approx(1.0)


def test_a_node_that_leaves_and_returns_with_its_shards_is_no_delete_and_no_growth() -> None:
    tracker = GrowthTracker()
    for at in range(0, 4000, 15):
        shards = {"kept": 1000, **({} if 600 <= at < 1200 else {"dark": 50_000})}
        growth = tracker.follow(at, {"Doc": shards}).get("Doc")
    assert growth is not None
    assert growth.per_second == 0
    assert growth.long_per_second == 0


def test_an_older_answer_that_comes_late_changes_nothing() -> None:
    tracker = GrowthTracker()
    for turn in range(20):
        told = tracker.follow(15.0 * turn, {"Doc": {"s": 1000 * (turn // 4)}})
    assert told == tracker.follow(200.0, {"Doc": {"s": 0}, "Gone": {"s": 1}})
    assert tracker.of("Gone") is None
    assert tracker.follow(300.0, {"Doc": {"s": 5000}})["Doc"].per_second > 0
